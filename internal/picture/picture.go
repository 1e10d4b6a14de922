// Package picture reads pictures that strangers send: it follows a file's structure without
// decoding a pixel, refuses what would take too much work, leaves out what a camera or program wrote
// about place and owner, and makes small pictures for the pages.
//
// A JPEG, PNG, GIF, WebP or HEIC passes through Copy once, as a stream. No pixel is encoded again.
package picture

import (
	"bufio"
	"errors"
	"io"

	"crier/internal/fault"
)

// Kinds of pictures, by media type.
const (
	JPEG = "image/jpeg"
	PNG  = "image/png"
	GIF  = "image/gif"
	WebP = "image/webp"
	HEIC = "image/heic"
	HEIF = "image/heif"
)

// What a picture may be made of. The limits are checked before a pixel is decoded.
const (
	MaxSide   = 16_000
	MaxPixels = 40_000_000

	maxScans       = 100            // of a JPEG; programs write at most about 14
	maxWork        = 12 * MaxPixels // samples that a decoder visits, over all scans
	maxFrames      = 5_000          // of an animation
	maxFramePixels = 1_000_000_000  // of all its frames together
	maxParts       = 50_000         // chunks of a PNG or WebP, segments of a JPEG, blocks of a GIF, boxes of a HEIC
	maxUnpacked    = 4 << 20        // bytes that a PNG's compressed texts and profile unpack to
	maxEXIF        = 64 << 10       // bytes of EXIF data that are looked at
)

// Shape is what the structure of a picture says about it.
type Shape struct {
	Kind          string
	Width, Height int   // as stored; a picture that is turned by 90° is shown with them exchanged
	Orientation   int   // how it is turned for showing, as EXIF counts: 1 to 8
	Scans         int   // of a JPEG
	Frames        int   // of an animation
	Work          int64 // samples that its decoder visits
	Memory        int64 // bytes that its decoder takes, roughly
}

// Shown returns the measures of the picture as it is meant to be looked at.
func (s Shape) Shown() (width, height int) {
	if s.Orientation >= 5 {
		return s.Height, s.Width
	}
	return s.Width, s.Height
}

// Known reports whether Copy can follow pictures of this media type.
func Known(mime string) bool {
	switch mime {
	case JPEG, PNG, GIF, WebP, HEIC, HEIF:
		return true
	}
	return false
}

// Copy copies a picture from src to dst and returns its shape. Unless keep is set, the copy leaves
// out EXIF, XMP and IPTC data, comments, embedded thumbnails and whatever follows the picture's
// end; orientation, colour profile and pixels stay as they are, byte by byte. With keep the copy is
// equal to the original. Nothing is known of the measures of a HEIC, which nobody decodes here.
//
// Errors: Invalid (field "file") for a picture that is damaged, cut off or over a limit; the errors
// of src and dst themselves. After an error dst holds an incomplete copy.
func Copy(dst io.Writer, src io.Reader, mime string, keep bool) (Shape, error) {
	in := &noted{r: src}
	w := &walker{keep: keep, shape: Shape{Kind: mime, Orientation: 1}}
	if keep {
		w.in, w.out = bufio.NewReader(io.TeeReader(in, dst)), bufio.NewWriter(io.Discard)
	} else {
		w.in, w.out = bufio.NewReader(in), bufio.NewWriter(dst)
	}
	err := w.walk()
	if in.failed != nil {
		return w.shape, in.failed
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = damaged("it is cut off")
	}
	if err == nil {
		err = w.out.Flush()
	}
	if err == nil { // what follows the picture's end
		_, err = io.Copy(io.Discard, w.in)
	}
	return w.shape, err
}

// walker follows the structure of one picture.
type walker struct {
	in    *bufio.Reader
	out   *bufio.Writer
	keep  bool
	shape Shape

	parts       int
	framePixels int64
	unpacked    int64
	at          int64 // place in a HEIC
	long        bool  // the box that was read last has a long head
	buf         [32]byte
}

func (w *walker) walk() error {
	switch w.shape.Kind {
	case JPEG:
		return w.jpeg()
	case PNG:
		return w.png()
	case GIF:
		return w.gif()
	case WebP:
		return w.webp()
	case HEIC, HEIF:
		return w.heicBoxes()
	}
	return damaged("it is of an unknown kind")
}

// read reads exactly n bytes, at most len(w.buf); they are valid until the next read.
func (w *walker) read(n int) ([]byte, error) {
	_, err := io.ReadFull(w.in, w.buf[:n])
	return w.buf[:n], err
}

// write writes b to the copy.
func (w *walker) write(b ...byte) error {
	_, err := w.out.Write(b)
	return err
}

// pass copies the next n bytes.
func (w *walker) pass(n int64) error {
	_, err := io.CopyN(w.out, w.in, n)
	return err
}

// skip leaves out the next n bytes.
func (w *walker) skip(n int64) error {
	_, err := io.CopyN(io.Discard, w.in, n)
	return err
}

// take reads n bytes and returns the first most of them.
func (w *walker) take(n, most int64) ([]byte, error) {
	b := make([]byte, min(n, most))
	if _, err := io.ReadFull(w.in, b); err != nil {
		return nil, err
	}
	return b, w.skip(n - int64(len(b)))
}

// part counts a chunk, segment or block.
func (w *walker) part() error {
	if w.parts++; w.parts > maxParts {
		return over(maxParts, int64(w.parts), "the picture is made of more than %d parts", maxParts)
	}
	return nil
}

// size sets the measures of the picture.
func (w *walker) size(width, height int) error {
	if err := Acceptable(width, height); err != nil {
		return err
	}
	w.shape.Width, w.shape.Height = width, height
	return nil
}

// frame counts a frame of an animation.
func (w *walker) frame(width, height int) error {
	w.shape.Frames++
	w.framePixels += int64(width) * int64(height)
	if w.shape.Frames > maxFrames {
		return over(maxFrames, int64(w.shape.Frames), "the picture has more than %d frames", maxFrames)
	}
	if w.framePixels > maxFramePixels {
		return over(maxFramePixels, w.framePixels,
			"the frames of the picture have more than %d million pixels together", maxFramePixels/1_000_000)
	}
	return nil
}

// work adds samples that a decoder visits.
func (w *walker) work(samples int64) error {
	if w.shape.Work += samples; w.shape.Work > maxWork {
		return over(maxWork, w.shape.Work,
			"the picture takes too much work to show: %d scans over %d × %d pixels; save it again as an ordinary picture",
			w.shape.Scans, w.shape.Width, w.shape.Height)
	}
	return nil
}

// Acceptable checks the measures of a picture. Errors: Invalid (field "file").
func Acceptable(width, height int) error {
	switch {
	case width <= 0 || height <= 0:
		return fault.Field("file", "the picture is empty")
	case width > MaxSide || height > MaxSide:
		return over(MaxSide, int64(max(width, height)),
			"the picture measures %d × %d; at most %d on each side are possible", width, height, MaxSide)
	case int64(width)*int64(height) > MaxPixels:
		return over(MaxPixels, int64(width)*int64(height),
			"the picture measures %d × %d; at most %d million pixels are possible",
			width, height, MaxPixels/1_000_000)
	}
	return nil
}

func over(limit, actual int64, format string, args ...any) error {
	e := fault.Field("file", format, args...)
	e.Limit, e.Actual = limit, actual
	return e
}

func damaged(why string) error {
	e := fault.Wrap(errors.New(why), fault.Invalid, "the picture is damaged or cut off")
	e.Field = "file"
	return e
}

// noted keeps an error that is the reader's own.
type noted struct {
	r      io.Reader
	failed error
}

// Read implements io.Reader.
func (n *noted) Read(p []byte) (int, error) {
	c, err := n.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		n.failed = err
	}
	return c, err
}
