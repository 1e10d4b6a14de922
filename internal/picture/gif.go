package picture

import (
	"encoding/binary"
	"errors"
	"io"
)

// Blocks of a GIF (GIF89a, appendix B).
const (
	gifExtension   = 0x21
	gifImage       = 0x2c
	gifTrailer     = 0x3b
	gifComment     = 0xfe
	gifApplication = 0xff
)

// keptApplications are the application extensions that are needed to show the pixels right.
var keptApplications = map[string]bool{"NETSCAPE2.0": true, "ANIMEXTS1.0": true, "ICCRGBG1012": true}

func (w *walker) gif() error {
	b, err := w.read(13)
	if err != nil {
		return err
	}
	if head := string(b[:6]); head != "GIF87a" && head != "GIF89a" {
		return damaged("a GIF begins otherwise")
	}
	width, height := int(binary.LittleEndian.Uint16(b[6:])), int(binary.LittleEndian.Uint16(b[8:]))
	if err := w.size(width, height); err != nil {
		return err
	}
	w.shape.Memory = 2 * int64(width) * int64(height)
	if err := errors.Join(w.work(int64(width)*int64(height)), w.write(b...), w.pass(colours(b[10]))); err != nil {
		return err
	}
	for {
		block, err := w.in.ReadByte()
		if errors.Is(err, io.EOF) && w.shape.Frames > 0 { // some programs leave out the trailer
			return w.write(gifTrailer)
		}
		if err != nil {
			return err
		}
		if err := w.part(); err != nil {
			return err
		}
		switch block {
		case gifTrailer:
			return w.write(block)
		case gifExtension:
			err = w.gifExtension()
		case gifImage:
			err = w.gifFrame()
		default:
			return damaged("an unknown block")
		}
		if err != nil {
			return err
		}
	}
}

// colours is the length of the colour table that flags announce.
func colours(flags byte) int64 {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

func (w *walker) gifExtension() error {
	label, err := w.in.ReadByte()
	if err != nil {
		return err
	}
	switch label {
	case gifComment:
		return w.subBlocks(false)
	case gifApplication:
		n, err := w.in.ReadByte()
		if err != nil {
			return err
		}
		name, err := w.take(int64(n), int64(n))
		if err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		kept := keptApplications[string(name)]
		if kept {
			err = errors.Join(w.write(gifExtension, label, n), w.write(name...))
		}
		return errors.Join(err, w.subBlocks(kept))
	}
	if err := w.write(gifExtension, label); err != nil {
		return err
	}
	return w.subBlocks(true)
}

func (w *walker) gifFrame() error {
	b, err := w.read(9)
	if err != nil {
		return err
	}
	width, height := int(binary.LittleEndian.Uint16(b[4:])), int(binary.LittleEndian.Uint16(b[6:]))
	if err := w.frame(width, height); err != nil {
		return err
	}
	// One more byte says how long the codes of the pixels are.
	if err := errors.Join(w.write(gifImage), w.write(b...), w.pass(colours(b[8])+1)); err != nil {
		return err
	}
	return w.subBlocks(true)
}

// subBlocks copies or leaves out a chain of blocks of up to 255 bytes.
func (w *walker) subBlocks(keep bool) error {
	for {
		n, err := w.in.ReadByte()
		if err != nil {
			return err
		}
		if keep {
			err = errors.Join(w.write(n), w.pass(int64(n)))
		} else {
			err = w.skip(int64(n))
		}
		if err != nil || n == 0 {
			return err
		}
	}
}
