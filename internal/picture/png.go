package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

const pngHead = "\x89PNG\r\n\x1a\n"

// keptChunks are the ancillary chunks that are needed to show the pixels right: transparency,
// colour, background, measures of a pixel, animation.
var keptChunks = map[string]bool{
	"tRNS": true, "cHRM": true, "gAMA": true, "iCCP": true, "sBIT": true, "sRGB": true, "cICP": true,
	"mDCV": true, "cLLI": true, "bKGD": true, "hIST": true, "pHYs": true, "sPLT": true,
	"acTL": true, "fcTL": true, "fdAT": true,
}

// packedChunks hold compressed data besides the pixels.
var packedChunks = map[string]bool{"iCCP": true, "zTXt": true, "iTXt": true}

func (w *walker) png() error {
	b, err := w.read(len(pngHead))
	if err != nil {
		return err
	}
	if string(b) != pngHead {
		return damaged("a PNG begins otherwise")
	}
	if err := w.write(b...); err != nil {
		return err
	}
	for first := true; ; first = false {
		b, err := w.read(8)
		if err != nil {
			return err
		}
		n, kind := int64(binary.BigEndian.Uint32(b)), string(b[4:8])
		if n > 1<<31-1 {
			return damaged("a chunk of more than 2 GB")
		}
		if first != (kind == "IHDR") {
			return damaged("IHDR is not the first chunk")
		}
		if err := w.part(); err != nil {
			return err
		}
		if err := w.chunk(kind, n); err != nil {
			return err
		}
		if kind == "IEND" {
			return nil
		}
	}
}

// chunk handles the body of a chunk and its check sum.
func (w *walker) chunk(kind string, n int64) error {
	switch {
	case kind == "IHDR":
		return w.ihdr(n)
	case kind == "fcTL" && n == 26:
		return w.fctl(n)
	case kind == "eXIf":
		b, err := w.take(n, maxEXIF)
		if err != nil {
			return err
		}
		if w.shape.Orientation = orientation(b); w.shape.Orientation != 1 {
			err = w.writeChunk(kind, minimalEXIF(w.shape.Orientation))
		}
		return errors.Join(err, w.skip(4))
	case packedChunks[kind]:
		b, err := w.take(n, maxUnpacked)
		if err != nil {
			return err
		}
		if err := w.unpack(kind, b, n); err != nil {
			return err
		}
		if !keptChunks[kind] {
			return w.skip(4)
		}
		return errors.Join(w.writeChunk(kind, b), w.skip(4))
	case kind[0]&0x20 != 0 && !keptChunks[kind]: // ancillary
		return w.skip(n + 4)
	}
	if err := w.head(kind, n); err != nil {
		return err
	}
	return w.pass(n + 4)
}

// ihdr reads the measures of a PNG and what its decoder needs for them.
func (w *walker) ihdr(n int64) error {
	if n != 13 {
		return damaged("IHDR of another length")
	}
	b, err := w.read(13)
	if err != nil {
		return err
	}
	width, height := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if err := w.size(int(min(width, 1<<31-1)), int(min(height, 1<<31-1))); err != nil {
		return err
	}
	pixels := int64(width) * int64(height)
	w.shape.Memory = 4 * pixels
	if b[8] == 16 {
		w.shape.Memory *= 2
	}
	work := pixels
	if b[12] != 0 { // interlaced: each of seven passes is a picture first
		w.shape.Memory += w.shape.Memory / 2
		work *= 2
	}
	if err := errors.Join(w.head("IHDR", n), w.write(b...), w.work(work)); err != nil {
		return err
	}
	return w.pass(4)
}

// fctl counts a frame of an animated PNG.
func (w *walker) fctl(n int64) error {
	b, err := w.read(26)
	if err != nil {
		return err
	}
	width, height := binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	if width > MaxSide || height > MaxSide {
		return damaged("a frame larger than the picture")
	}
	if err := errors.Join(w.head("fcTL", n), w.write(b...), w.frame(int(width), int(height))); err != nil {
		return err
	}
	return w.pass(4)
}

func (w *walker) head(kind string, n int64) error {
	return w.write(append(binary.BigEndian.AppendUint32(nil, uint32(n)), kind...)...)
}

func (w *walker) writeChunk(kind string, body []byte) error {
	sum := crc32.Update(crc32.ChecksumIEEE([]byte(kind)), crc32.IEEETable, body)
	return errors.Join(w.head(kind, int64(len(body))), w.write(body...),
		w.write(binary.BigEndian.AppendUint32(nil, sum)...))
}

// unpack counts what a compressed chunk unpacks to, without keeping it. A chunk that cannot be
// unpacked counts as what it holds: viewers ignore it.
func (w *walker) unpack(kind string, body []byte, size int64) error {
	_, packed, _ := bytes.Cut(body, []byte{0}) // after the keyword
	switch {
	case kind != "iTXt" && len(packed) > 0:
		packed = packed[1:] // the method
	case kind == "iTXt" && len(packed) > 2 && packed[0] == 1:
		_, packed, _ = bytes.Cut(packed[2:], []byte{0}) // after the language
		_, packed, _ = bytes.Cut(packed, []byte{0})     // after the translated keyword
	default:
		packed = nil
	}
	n := size
	if z, err := zlib.NewReader(bytes.NewReader(packed)); err == nil {
		more, _ := io.CopyN(io.Discard, z, maxUnpacked-min(w.unpacked, maxUnpacked)+1)
		n = max(n, more)
	}
	if w.unpacked += n; w.unpacked > maxUnpacked {
		return over(maxUnpacked, w.unpacked,
			"the texts and colour profile in the picture unpack to more than %d MB", maxUnpacked>>20)
	}
	return nil
}
