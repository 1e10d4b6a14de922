package picture

import (
	"image"
	"image/color"
	"testing"
)

// TestTurned: each way of holding a camera brings the corners back to where they belong.
func TestTurned(t *testing.T) {
	type corners [4]color.Color // top left, top right, bottom left, bottom right
	at := func(m image.Image) corners {
		b := m.Bounds()
		return corners{m.At(0, 0), m.At(b.Dx()-1, 0), m.At(0, b.Dy()-1), m.At(b.Dx()-1, b.Dy()-1)}
	}
	src := image.NewNRGBA(image.Rect(0, 0, 4, 2))
	c := [4]color.Color{color.NRGBA{1, 0, 0, 255}, color.NRGBA{2, 0, 0, 255}, color.NRGBA{3, 0, 0, 255}, color.NRGBA{4, 0, 0, 255}}
	src.Set(0, 0, c[0])
	src.Set(3, 0, c[1])
	src.Set(0, 1, c[2])
	src.Set(3, 1, c[3])
	// EXIF 2.3, table 6: where row 0 and column 0 are to be seen.
	for orientation, want := range map[int]corners{
		1: {c[0], c[1], c[2], c[3]}, 2: {c[1], c[0], c[3], c[2]}, 3: {c[3], c[2], c[1], c[0]}, 4: {c[2], c[3], c[0], c[1]},
		5: {c[0], c[2], c[1], c[3]}, 6: {c[2], c[0], c[3], c[1]}, 7: {c[3], c[1], c[2], c[0]}, 8: {c[1], c[3], c[0], c[2]},
	} {
		if got := at(turned(src, orientation)); got != want {
			t.Errorf("%d: %v, want %v", orientation, got, want)
		}
	}
}
