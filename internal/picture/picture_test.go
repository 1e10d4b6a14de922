package picture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/gif"
	"image/jpeg"
	"io"
	"strings"
	"testing"

	"crier/internal/fault"
)

// counted counts what is read of it.
type counted struct {
	r io.Reader
	n int
}

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

func copied(t *testing.T, what, mime string, in []byte, keep bool) ([]byte, Shape) {
	t.Helper()
	var out bytes.Buffer
	shape, err := Copy(&out, bytes.NewReader(in), mime, keep)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return out.Bytes(), shape
}

func refused(t *testing.T, what, mime string, in []byte) *fault.Error {
	t.Helper()
	for _, keep := range []bool{false, true} {
		_, err := Copy(io.Discard, bytes.NewReader(in), mime, keep)
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != fault.Invalid || f.Field != "file" {
			t.Errorf("%s, keep %v: %v", what, keep, err)
			return &fault.Error{}
		}
		if keep {
			return f
		}
	}
	return nil
}

// metadata are pictures of each kind with places in all parts where programs write them.
func metadata() map[string]struct {
	mime string
	body []byte
} {
	profile := "ICC_PROFILE\x00\x01\x01colours"
	photo := withSegments(jpegOf(painted(40, 30)),
		segmentOf(markerAPP0, "JFIF\x00\x01\x01\x00\x00\x48\x00\x48\x00\x00"),
		segmentOf(markerAPP0, "JFXX\x00\x10"+secret),
		segmentOf(markerAPP1, "Exif\x00\x00"+string(exif(6))),
		segmentOf(markerAPP1, "http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta>"+secret),
		segmentOf(markerAPP1, "http://ns.adobe.com/xmp/extension/\x00"+secret),
		segmentOf(markerAPP2, profile),
		segmentOf(markerAPP2, "MPF\x00"+secret),
		segmentOf(0xed, "Photoshop 3.0\x008BIM\x04\x04"+secret),
		segmentOf(0xeb, "JP"+secret),
		segmentOf(0xfe, secret))
	photo = append(photo, withSegments(jpegOf(painted(8, 8)), segmentOf(markerAPP1, "Exif\x00\x00"+secret))...)

	scan := bytes.Index(photo, []byte{0xff, markerSOS})
	late := append(bytes.Clone(photo[:scan]), segmentOf(markerAPP1, "Exif\x00\x00"+secret)...)
	late = append(append(late, secret...), photo[scan:]...)

	screenshot := withChunks(pngOf(painted(40, 30)),
		chunkOf("sRGB", []byte{0}),
		chunkOf("eXIf", exif(6)),
		chunkOf("tEXt", []byte("Comment\x00"+secret)),
		chunkOf("zTXt", append([]byte("Raw profile type exif\x00\x00"), packed([]byte(secret))...)),
		chunkOf("iTXt", []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00"+secret)),
		chunkOf("tIME", []byte("1234567")),
		chunkOf("prVt", []byte(secret)))
	screenshot = append(screenshot, secret...)

	moving := gifOf(3)
	at := bytes.Index(moving, []byte("!\xff\x0bNETSCAPE2.0"))
	xmp := "!\xff\x0bXMP DataXMP" + string(byte(len(secret))) + secret + "\x00!\xfe" + string(byte(len(secret))) + secret + "\x00"
	moving = []byte(string(moving[:at]) + xmp + string(moving[at:]) + secret)

	return map[string]struct {
		mime string
		body []byte
	}{
		"photo":      {JPEG, photo},
		"late EXIF":  {JPEG, late},
		"screenshot": {PNG, screenshot},
		"animation":  {GIF, moving},
		"WebP": {WebP, append(webpOf(vp8x(1, 1), webpChunkOf("ICCP", "colours"), webpChunkOf("VP8L", vp8l),
			webpChunkOf("EXIF", string(exif(6))), webpChunkOf("XMP ", "<x:xmpmeta>"+secret), webpChunkOf("priv", secret)), secret...)},
		"WebP whose EXIF begins as in a JPEG": {WebP, webpOf(vp8x(1, 1), webpChunkOf("VP8L", vp8l), webpChunkOf("EXIF", "Exif\x00\x00"+string(exif(6))))},
	}
}

// TestPlaceIsLeftOut checks that no place is handed out, that pixels and orientation are, and that a
// copy with all of it is the original.
func TestPlaceIsLeftOut(t *testing.T) {
	for name, c := range metadata() {
		clean, shape := copied(t, name, c.mime, c.body, false)
		packedSecret := packed([]byte(secret))
		if bytes.Contains(clean, []byte("5.1214")) || bytes.Contains(clean, packedSecret) {
			t.Errorf("%s: the copy says where it was taken", name)
		}
		before, kind, err := image.Decode(bytes.NewReader(c.body))
		check(err)
		after, _, err := image.Decode(bytes.NewReader(clean))
		if err != nil || !samePixels(before, after) {
			t.Errorf("%s: other pixels, %v", name, err)
		}
		if strings.Contains(string(c.body), "colours") != strings.Contains(string(clean), "colours") {
			t.Errorf("%s: the colour profile is gone", name)
		}
		again, second := copied(t, name, c.mime, clean, false)
		if !bytes.Equal(again, clean) || second != shape {
			t.Errorf("%s: a copy of the copy differs: %+v, %+v", name, shape, second)
		}
		if want := map[bool]int{true: 6, false: 1}[kind != "gif"]; shape.Orientation != want {
			t.Errorf("%s: orientation %d, want %d", name, shape.Orientation, want)
		}
		if c.mime == WebP && binary.LittleEndian.Uint32(clean[4:])+8 != uint32(len(clean)) {
			t.Errorf("%s: the length that it names is wrong", name)
		}
		whole, kept := copied(t, name, c.mime, c.body, true)
		if !bytes.Equal(whole, c.body) || kept != shape {
			t.Errorf("%s: kept is not the original: %+v, %+v", name, kept, shape)
		}
		small, err := Preview(t.Context(), bytes.NewReader(clean), shape)
		if err != nil || small == nil || bytes.Contains(small, []byte("5.1214")) {
			t.Errorf("%s: preview of %d bytes, %v", name, len(small), err)
		}
	}
}

func samePixels(a, b image.Image) bool {
	if a.Bounds() != b.Bounds() {
		return false
	}
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			if a.At(x, y) != b.At(x, y) {
				return false
			}
		}
	}
	return true
}

// TestPlainPictures checks that a picture with nothing to leave out is not changed.
func TestPlainPictures(t *testing.T) {
	progressive := manyScans(64, 48, 10)
	for name, c := range map[string]struct {
		mime string
		body []byte
	}{
		"JPEG": {JPEG, jpegOf(painted(40, 30))}, "progressive JPEG": {JPEG, progressive}, "PNG": {PNG, pngOf(painted(40, 30))},
		"GIF": {GIF, gifOf(3)}, "WebP": {WebP, webpOf(webpChunkOf("VP8L", vp8l))},
	} {
		if got, _ := copied(t, name, c.mime, c.body, false); !bytes.Equal(got, c.body) {
			t.Errorf("%s: changed", name)
		}
	}
	if _, err := jpeg.Decode(bytes.NewReader(progressive)); err != nil {
		t.Errorf("the progressive JPEG of these tests is none: %v", err)
	}
}

// TestCutOff cuts each picture after every byte: what is taken can still be decoded.
func TestCutOff(t *testing.T) {
	for name, c := range metadata() {
		for n := range len(c.body) {
			var out bytes.Buffer
			shape, err := Copy(&out, bytes.NewReader(c.body[:n]), c.mime, false)
			if bytes.Contains(out.Bytes(), []byte("5.1214")) {
				t.Fatalf("%s, %d bytes: the place came through", name, n)
			}
			if err != nil {
				if !fault.Is(err, fault.Invalid) {
					t.Fatalf("%s, %d bytes: %v", name, n, err)
				}
				continue
			}
			if small, err := Preview(t.Context(), &out, shape); err != nil || small == nil {
				t.Fatalf("%s, %d bytes: taken, but %v", name, n, err)
			}
		}
	}
}

// TestBudgets checks that pictures which cost far more than their size are refused by their
// structure. It counts the bytes that are read and the samples that a decoder would have visited.
func TestBudgets(t *testing.T) {
	bomb := manyScans(1000, 1000, 5000)
	in := &counted{r: bytes.NewReader(bomb)}
	shape, err := Copy(io.Discard, in, JPEG, false)
	f := &fault.Error{}
	if !errors.As(err, &f) || f.Limit != maxScans || f.Actual != maxScans+1 || !strings.Contains(f.Message, "scans") {
		t.Errorf("5,000 scans: %v", err)
	}
	if in.n > 20_000 || shape.Work > maxWork {
		t.Errorf("5,000 scans: %d of %d bytes were read, work %d", in.n, len(bomb), shape.Work)
	}
	t.Logf("5,000 scans: %d KB; refused after %d bytes", len(bomb)>>10, in.n)

	if f := refused(t, "100 scans of 40 million pixels", JPEG, manyScans(8000, 5000, 100)); f.Limit != maxWork || f.Actual > maxWork+MaxPixels*2 {
		t.Errorf("large and many scans: %+v", f)
	}
	if _, shape := copied(t, "12 scans of 12 million pixels", JPEG, manyScans(4000, 3000, 12), false); shape.Scans != 12 || shape.Work != 144_000_000 {
		t.Errorf("an ordinary progressive picture: %+v", shape)
	}

	zip := packed(make([]byte, 10<<20))
	for _, c := range []struct {
		name, mime string
		body       []byte
		limit      int64
	}{
		{"profile", PNG, withChunks(pngOf(painted(4, 4)), chunkOf("iCCP", append([]byte("p\x00\x00"), zip...))), maxUnpacked},
		{"text", PNG, withChunks(pngOf(painted(4, 4)), chunkOf("zTXt", append([]byte("p\x00\x00"), zip...))), maxUnpacked},
		{"international text", PNG, withChunks(pngOf(painted(4, 4)), chunkOf("iTXt", append([]byte("p\x00\x01\x00en\x00q\x00"), zip...))), maxUnpacked},
		{"texts together", PNG, withChunks(pngOf(painted(4, 4)), bytes.Repeat(chunkOf("zTXt", append([]byte("p\x00\x00"), packed(make([]byte, 1<<20))...)), 6)), maxUnpacked},
		{"chunks", PNG, withChunks(pngOf(painted(4, 4)), bytes.Repeat(chunkOf("teXt", nil), maxParts)), maxParts},
		{"frames of a PNG", PNG, withChunks(pngOf(painted(4, 4)), bytes.Repeat(chunkOf("fcTL", append(make([]byte, 4), "\x00\x00\x3e\x80\x00\x00\x3e\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)), 4)), maxFramePixels},
		{"frames", GIF, gifOf(maxFrames + 1), maxFrames},
		{"large frames", GIF, largeFrames(), maxFramePixels},
		{"frames of a WebP", WebP, webpOf(vp8x(1, 1), bytes.Repeat(webpChunkOf("ANMF", string(make([]byte, 16))), maxFrames+1)), maxFrames},
		{"canvas of a WebP", WebP, webpOf(vp8x(16_384, 16_384)), MaxSide},
		{"pixels behind a small canvas", WebP, webpOf(vp8x(1, 1), webpChunkOf("VP8L", "\x2f\xff\xff\xff\xff\x07")), MaxSide},
		{"lossy pixels behind a small canvas", WebP, webpOf(vp8x(1, 1), webpChunkOf("VP8 ", "\x10\x00\x00\x9d\x01\x2a\xff\x3f\xff\x3f")), MaxSide},
		{"a large JPEG", JPEG, manyScans(16_001, 1, 1), MaxSide},
		{"segments", JPEG, withSegments(jpegOf(painted(4, 4)), bytes.Repeat(segmentOf(0xfe, ""), maxParts)), maxParts},
	} {
		if f := refused(t, c.name, c.mime, c.body); f.Limit != c.limit || f.Actual <= f.Limit {
			t.Errorf("%s: limit %d, actual %d: %s", c.name, f.Limit, f.Actual, f.Message)
		}
	}
}

// largeFrames is a GIF of a few bytes per frame of 16,000 × 2,500 pixels.
func largeFrames() []byte {
	one := gifOf(1)
	at := bytes.IndexByte(one[13:], gifImage) + 13
	head, frame := bytes.Clone(one[:at]), bytes.Clone(one[at:len(one)-1])
	for _, measures := range [][]byte{head[6:10], frame[5:9]} {
		binary.LittleEndian.PutUint16(measures, 16_000)
		binary.LittleEndian.PutUint16(measures[2:], 2_500)
	}
	return append(append(head, bytes.Repeat(frame, 26)...), gifTrailer)
}

// TestMeasures checks what a picture may measure.
func TestMeasures(t *testing.T) {
	for _, c := range []struct {
		w, h int
		ok   bool
	}{{16_000, 2_500, true}, {16_001, 1, false}, {1, 16_001, false}, {8_000, 5_000, true}, {8_000, 5_001, false}, {0, 1, false}, {1, 1, true}} {
		if err := Acceptable(c.w, c.h); (err == nil) != c.ok {
			t.Errorf("%d × %d: %v", c.w, c.h, err)
		}
	}
}

// ending ends a context once some bytes have been read.
type ending struct {
	r     io.Reader
	left  int
	end   context.CancelFunc
	after int // bytes read after the end
}

// Read implements io.Reader.
func (e *ending) Read(p []byte) (int, error) {
	if e.left <= 0 {
		e.after += len(p)
	}
	n, err := e.r.Read(p)
	if e.left -= n; e.left <= 0 {
		e.end()
	}
	return n, err
}

// TestDecoderStops checks that a decoder whose time is over reads nothing more and ends, for each
// kind, wherever it is.
func TestDecoderStops(t *testing.T) {
	noise := image.NewRGBA(image.Rect(0, 0, 300, 300))
	for i, x := 0, uint32(1); i < len(noise.Pix); i, x = i+1, x*1664525+1013904223 {
		noise.Pix[i] = byte(x >> 24)
	}
	for kind, body := range map[string][]byte{
		JPEG: manyScans(800, 800, 90), PNG: pngOf(noise), GIF: gifOfImage(noise),
	} {
		_, shape := copied(t, kind, kind, body, false)
		for _, left := range []int{0, 600, len(body) / 2} {
			ctx, cancel := context.WithCancel(t.Context())
			e := &ending{r: bytes.NewReader(body), left: left, end: cancel}
			if left == 0 {
				cancel()
			}
			small, err := Preview(ctx, e, shape)
			if small != nil || !errors.Is(err, context.Canceled) || e.after > 0 {
				t.Errorf("%s after %d bytes: %d more were read, %v", kind, left, e.after, err)
			}
			cancel()
		}
	}
}

// TestForeignKinds checks that what cannot be decoded here is kept as a file, and cleaned.
func TestForeignKinds(t *testing.T) {
	arithmetic := jpegOf(painted(8, 8))
	arithmetic[bytes.Index(arithmetic, []byte{0xff, 0xc0})+1] = 0xc9
	animated := webpOf(vp8x(1, 1), webpChunkOf("ANIM", "\x00\x00\x00\x00\x00\x00"), webpChunkOf("ANMF", string(make([]byte, 16))+string(webpChunkOf("VP8L", vp8l))))
	for name, c := range map[string]struct {
		mime string
		body []byte
	}{"arithmetic JPEG": {JPEG, arithmetic}, "animated WebP": {WebP, animated}} {
		clean, shape := copied(t, name, c.mime, c.body, false)
		if small, err := Preview(t.Context(), bytes.NewReader(clean), shape); small != nil || err != nil {
			t.Errorf("%s: %d bytes, %v", name, len(small), err)
		}
	}
}

// FuzzCopy looks for pictures that end the program, keep a place, or pass although they are over a
// limit.
func FuzzCopy(f *testing.F) {
	kinds := []string{JPEG, PNG, GIF, WebP}
	for _, c := range metadata() {
		for i, k := range kinds {
			if k == c.mime {
				f.Add(byte(i), c.body)
			}
		}
	}
	f.Fuzz(func(t *testing.T, kind byte, in []byte) {
		mime := kinds[int(kind)%len(kinds)]
		var out bytes.Buffer
		shape, err := Copy(&out, bytes.NewReader(in), mime, false)
		if err != nil {
			return
		}
		if shape.Work > maxWork || shape.Scans > maxScans {
			t.Fatalf("%+v", shape)
		}
		var again bytes.Buffer
		if second, err := Copy(&again, bytes.NewReader(out.Bytes()), mime, false); err != nil || !bytes.Equal(again.Bytes(), out.Bytes()) {
			t.Fatalf("the copy of the copy differs: %+v, %+v, %v", shape, second, err)
		}
		if shape.Work < 1_000_000 {
			_, _ = Preview(t.Context(), &out, shape)
		}
	})
}

// BenchmarkDecode measures what the largest allowed work takes.
func BenchmarkDecode(b *testing.B) {
	body := manyScans(8000, 5000, 12)
	shape, err := Copy(io.Discard, bytes.NewReader(body), JPEG, false)
	check(err)
	for range b.N {
		_, err := Preview(b.Context(), bytes.NewReader(body), shape)
		check(err)
	}
	b.ReportMetric(float64(shape.Work)/1e6, "Msamples")
}

func gifOfImage(m image.Image) []byte {
	var b bytes.Buffer
	check(gif.Encode(&b, m, nil))
	return b.Bytes()
}
