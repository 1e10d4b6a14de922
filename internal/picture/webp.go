package picture

import (
	"encoding/binary"
	"errors"
	"io"
)

// keptParts are the chunks of a WebP that are needed to show the pixels right.
var keptParts = map[string]bool{
	"VP8 ": true, "VP8L": true, "VP8X": true, "ANIM": true, "ANMF": true, "ALPH": true, "ICCP": true,
}

// hasXMP is the flag of VP8X that announces an XMP chunk.
const hasXMP = 0x04

// webp follows the chunks of a WebP. A WebP begins with its own length: what is left out is
// overwritten with zeros, so that the length stays.
func (w *walker) webp() error {
	b, err := w.read(12)
	if err != nil {
		return err
	}
	if string(b[:4]) != "RIFF" || string(b[8:12]) != "WEBP" {
		return damaged("a WebP begins otherwise")
	}
	left := int64(binary.LittleEndian.Uint32(b[4:])) - 4
	if err := w.write(b...); err != nil {
		return err
	}
	for left >= 8 {
		b, err := w.read(8)
		if err != nil {
			return err
		}
		kind, n := string(b[:4]), int64(binary.LittleEndian.Uint32(b[4:]))
		left -= 8 + n + n&1
		if left < 0 {
			return damaged("a chunk longer than the picture")
		}
		if err := w.part(); err != nil {
			return err
		}
		if err := w.webpChunk(kind, n); err != nil {
			return err
		}
		if n&1 == 1 {
			// Some programs leave out the padding of the last chunk.
			if _, err := w.in.ReadByte(); err != nil && (left > 0 || !errors.Is(err, io.EOF)) {
				return err
			}
			if err := w.write(0); err != nil {
				return err
			}
		}
	}
	if w.shape.Width == 0 {
		return damaged("a WebP without pixels")
	}
	return w.write(make([]byte, max(left, 0))...) // less than a chunk's head
}

func (w *walker) webpChunk(kind string, n int64) error {
	if !keptParts[kind] {
		return w.webpMetadata(kind, n)
	}
	head, err := w.take(min(n, 16), 16)
	if err != nil {
		return err
	}
	if err := w.webpHead(kind, head); err != nil {
		return err
	}
	err = errors.Join(w.write([]byte(kind)...), w.write(binary.LittleEndian.AppendUint32(nil, uint32(n))...), w.write(head...))
	if err != nil {
		return err
	}
	return w.pass(n - int64(len(head)))
}

// webpHead reads the measures that a chunk begins with.
func (w *walker) webpHead(kind string, b []byte) error {
	u24 := func(i int) int { return int(b[i]) | int(b[i+1])<<8 | int(b[i+2])<<16 }
	switch {
	case kind == "VP8X" && len(b) >= 10:
		b[0] &^= hasXMP
		return w.canvas(u24(4)+1, u24(7)+1)
	case kind == "ANMF" && len(b) >= 12:
		return w.frame(u24(6)+1, u24(9)+1)
	case kind == "VP8 " && len(b) >= 10:
		width, height := binary.LittleEndian.Uint16(b[6:]), binary.LittleEndian.Uint16(b[8:])
		return w.canvas(int(width&0x3fff), int(height&0x3fff))
	case kind == "VP8L" && len(b) >= 5:
		bits := binary.LittleEndian.Uint32(b[1:])
		return w.canvas(int(bits&0x3fff)+1, int(bits>>14&0x3fff)+1)
	}
	return nil
}

// canvas sets the measures; VP8X and the pixels each name them.
func (w *walker) canvas(width, height int) error {
	if err := Acceptable(width, height); err != nil {
		return err
	}
	w.shape.Width, w.shape.Height = max(w.shape.Width, width), max(w.shape.Height, height)
	pixels := int64(width) * int64(height)
	w.shape.Memory += 8 * pixels
	return w.work(2 * pixels)
}

// webpMetadata leaves out EXIF, XMP and unknown chunks: EXIF keeps the orientation.
func (w *walker) webpMetadata(kind string, n int64) error {
	b, err := w.take(n, maxEXIF)
	if err != nil {
		return err
	}
	var kept []byte
	if kind == "EXIF" {
		if len(b) > 6 && string(b[:6]) == "Exif\x00\x00" { // as in a JPEG: some programs write it so
			b = b[6:]
		}
		w.shape.Orientation = orientation(b)
		if kept = minimalEXIF(w.shape.Orientation); int64(len(kept)) > n {
			kept = nil
		}
	} else {
		kind = "JUNK" // readers pass over a chunk that they do not know
	}
	err = errors.Join(w.write([]byte(kind)...), w.write(binary.LittleEndian.AppendUint32(nil, uint32(n))...), w.write(kept...))
	if err != nil {
		return err
	}
	_, err = io.CopyN(w.out, zeros{}, n-int64(len(kept)))
	return err
}

// zeros reads as zeros without end.
type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
