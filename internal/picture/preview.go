package picture

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

// previewSide is the longest side of a preview.
const previewSide = 640

// readStep is how many bytes a decoder gets at a time. Between two steps it can be stopped: a few
// bytes may stand for many pixels.
const readStep = 512

// Preview decodes a picture of the given shape and returns a small one, as JPEG or PNG, turned as
// it is meant to be looked at: pixels alone, nothing else of what the file held. It returns nil for
// a picture that cannot be decoded here (an animated WebP, a rare kind of JPEG). A decoder whose ctx
// has ended gets nothing more to read and ends.
//
// Errors: Invalid (field "file") for a picture that is damaged; those of r and ctx.
func Preview(ctx context.Context, r io.Reader, shape Shape) ([]byte, error) {
	in := &noted{r: &bounded{ctx, r}}
	var whole image.Image
	var err error
	switch shape.Kind {
	case JPEG:
		whole, err = jpeg.Decode(in)
	case PNG:
		whole, err = png.Decode(in)
	case GIF:
		whole, err = gif.Decode(in)
	case WebP:
		whole, err = webp.Decode(in)
	default:
		return nil, nil
	}
	if err != nil {
		return nil, unreadable(shape.Kind, in.failed, err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return encode(turned(shrink(whole), shape.Orientation))
}

// bounded hands out a few bytes at a time, and nothing once ctx has ended.
type bounded struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	return b.r.Read(p[:min(len(p), readStep)])
}

// unreadable tells a picture that is damaged from one of a kind that is not known here,
// which is nil: it is kept as a file. The decoder of WebP does not tell them apart.
func unreadable(kind string, reading, err error) error {
	if reading != nil {
		return reading
	}
	var jpegKind jpeg.UnsupportedError
	var pngKind png.UnsupportedError
	if kind == WebP || errors.As(err, &jpegKind) || errors.As(err, &pngKind) {
		return nil
	}
	return damaged(err.Error())
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
