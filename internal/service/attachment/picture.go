package attachment

import (
	"bytes"
	"context"
	"errors"
	"image"
	_ "image/gif" // what a preview can be made of
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // what a preview can be made of

	"crier/internal/fault"
)

// What a picture may measure before it is decoded, and its preview.
const (
	sideMost    = 16_000
	pixelsMost  = 40_000_000
	previewSide = 640
)

// preview is a small picture made of a large one: pixels alone, nothing else of what
// the file held (place, time and owner of a camera).
type preview struct {
	width, height int // of the whole picture, as it is meant to be looked at
	bytes         []byte
}

// makePreview reads a picture: its measures first, and only if they are acceptable its
// pixels. It returns nil for a picture that cannot be shown small (an animated WebP, a
// rare kind of JPEG). Errors: Invalid (field "file") for one that is too large or
// damaged; open's own.
func makePreview(ctx context.Context, open func() (io.ReadCloser, error)) (*preview, error) {
	cfg, turn, err := measure(open)
	if err != nil || cfg == nil {
		return nil, err
	}
	if err := acceptable(cfg.Width, cfg.Height); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r, err := open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	in := &noted{r: r}
	whole, kind, err := image.Decode(in)
	if err != nil {
		return nil, unreadable(kind, in.failed, err)
	}
	small := shrink(whole)
	small = turned(small, turn)
	out := &preview{width: whole.Bounds().Dx(), height: whole.Bounds().Dy()}
	if turn >= 5 {
		out.width, out.height = out.height, out.width
	}
	out.bytes, err = encode(small)
	return out, err
}

// measure reads a picture's measures and how it is turned (EXIF orientation, 1–8). The
// configuration is nil if this kind cannot be decoded.
func measure(open func() (io.ReadCloser, error)) (*image.Config, int, error) {
	r, err := open()
	if err != nil {
		return nil, 0, err
	}
	defer r.Close()
	in := &noted{r: r}
	var head bytes.Buffer
	cfg, kind, err := image.DecodeConfig(io.TeeReader(in, &limited{&head, headSize}))
	if err != nil {
		return nil, 0, unreadable(kind, in.failed, err)
	}
	turn := 1
	if kind == "jpeg" {
		turn = orientation(head.Bytes())
	}
	return &cfg, turn, nil
}

func acceptable(width, height int) error {
	switch {
	case width <= 0 || height <= 0:
		return fault.Field("file", "the picture is empty")
	case width > sideMost || height > sideMost:
		e := fault.Field("file", "the picture measures %d × %d; at most %d on each side are possible", width, height, sideMost)
		e.Limit, e.Actual = sideMost, int64(max(width, height))
		return e
	case int64(width)*int64(height) > pixelsMost:
		e := fault.Field("file", "the picture measures %d × %d; at most %d million pixels are possible", width, height, pixelsMost/1_000_000)
		e.Limit, e.Actual = pixelsMost, int64(width)*int64(height)
		return e
	}
	return nil
}

// unreadable tells a picture that is damaged from one of a kind that is not known here,
// which is nil: it is kept as a file. The decoder of WebP does not tell them apart.
func unreadable(kind string, reading, err error) error {
	if reading != nil {
		return reading
	}
	var jpegKind jpeg.UnsupportedError
	var pngKind png.UnsupportedError
	if kind == "webp" || errors.As(err, &jpegKind) || errors.As(err, &pngKind) || errors.Is(err, image.ErrFormat) {
		return nil
	}
	e := fault.Wrap(err, fault.Invalid, "the picture is damaged or cut off")
	e.Field = "file"
	return e
}

// shrink scales to at most previewSide on each side.
func shrink(src image.Image) draw.Image {
	b := src.Bounds()
	w, h := within(b.Dx(), b.Dy(), previewSide)
	// The fine scaler keeps a row of the target's width for every row of the source,
	// at 32 bytes a pixel: a coarse step first bounds that.
	if cw, ch := within(b.Dx(), b.Dy(), 3*previewSide); cw < b.Dx() {
		coarse := image.NewRGBA(image.Rect(0, 0, cw, ch))
		draw.ApproxBiLinear.Scale(coarse, coarse.Bounds(), src, b, draw.Src, nil)
		src, b = coarse, coarse.Bounds()
	}
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(out, out.Bounds(), src, b, draw.Src, nil)
	return out
}

// within fits w × h into a square, never larger than it is, never less than 1.
func within(w, h, side int) (int, int) {
	if w <= side && h <= side {
		return w, h
	}
	if w >= h {
		return side, max(1, h*side/w)
	}
	return max(1, w*side/h), side
}

// encode makes a JPEG, or a PNG if anything shines through.
func encode(m draw.Image) ([]byte, error) {
	var b bytes.Buffer
	if o, ok := m.(interface{ Opaque() bool }); ok && o.Opaque() {
		err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 82})
		return b.Bytes(), err
	}
	err := png.Encode(&b, m)
	return b.Bytes(), err
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

// limited takes no more than it may and pretends to have taken the rest.
type limited struct {
	b    *bytes.Buffer
	left int
}

// Write implements io.Writer.
func (l *limited) Write(p []byte) (int, error) {
	n := min(l.left, len(p))
	l.b.Write(p[:n])
	l.left -= n
	return len(p), nil
}
