package picture

import (
	"bytes"
	"encoding/binary"
)

// Markers of a JPEG (ITU T.81, table B.1).
const (
	markerSOF0  = 0xc0
	markerDHT   = 0xc4
	markerJPG   = 0xc8
	markerDAC   = 0xcc
	markerSOF15 = 0xcf
	markerRST0  = 0xd0
	markerRST7  = 0xd7
	markerSOI   = 0xd8
	markerEOI   = 0xd9
	markerSOS   = 0xda
	markerAPP0  = 0xe0
	markerAPP1  = 0xe1
	markerAPP2  = 0xe2
	markerAPP14 = 0xee
	markerAPP15 = 0xef
	markerJPG0  = 0xf0
)

// component is one colour plane of a JPEG, with its blocks of 8 × 8 samples.
type component struct {
	id     byte
	blocks int64
}

// jpegFrame is the header of a JPEG's pixels.
type jpegFrame struct {
	progressive bool
	components  []component
}

func (w *walker) jpeg() error {
	b, err := w.read(2)
	if err != nil {
		return err
	}
	if b[0] != 0xff || b[1] != markerSOI {
		return damaged("a JPEG begins otherwise")
	}
	if err := w.write(0xff, markerSOI); err != nil {
		return err
	}
	var frame *jpegFrame
	oriented, inScan := false, false
	for {
		marker, err := w.marker(inScan)
		if err != nil {
			return err
		}
		if err := w.part(); err != nil {
			return err
		}
		switch {
		case marker == markerEOI:
			return w.write(0xff, markerEOI)
		case marker >= markerRST0 && marker <= markerRST7: // decoders ignore one that is left over
			continue
		case marker < markerSOF0 || marker == markerSOI:
			return damaged("an unknown marker")
		}
		inScan = marker == markerSOS
		body, err := w.segment()
		if err != nil {
			return err
		}
		switch {
		case marker == markerAPP1:
			if rest, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00")); ok && !oriented {
				oriented = true
				w.shape.Orientation = orientation(rest)
				err = w.exifSegment()
			}
		case marker >= markerAPP0 && marker <= markerAPP15:
			if keptSegment(marker, body) {
				err = w.writeSegment(marker, body)
			}
		case marker >= markerJPG0: // extensions and comments
		case isSOF(marker):
			if frame != nil {
				return damaged("a second frame")
			}
			if frame, err = w.sof(marker, body); err == nil {
				err = w.writeSegment(marker, body)
			}
		case marker == markerSOS:
			if err := w.scan(frame, body); err != nil {
				return err
			}
			err = w.writeSegment(marker, body)
		default:
			err = w.writeSegment(marker, body)
		}
		if err != nil {
			return err
		}
	}
}

// marker finds the next marker. Bytes before it are the pixels of a scan; elsewhere they belong to
// nothing and are left out.
func (w *walker) marker(inScan bool) (byte, error) {
	for {
		b, err := w.in.ReadByte()
		if err != nil {
			return 0, err
		}
		if b != 0xff {
			if inScan {
				if err := w.out.WriteByte(b); err != nil {
					return 0, err
				}
			}
			continue
		}
		for b == 0xff { // fill bytes
			if b, err = w.in.ReadByte(); err != nil {
				return 0, err
			}
		}
		switch {
		case inScan && (b == 0 || b >= markerRST0 && b <= markerRST7):
			if err := w.write(0xff, b); err != nil {
				return 0, err
			}
		case b != 0:
			return b, nil
		}
	}
}

// segment reads the body of a segment.
func (w *walker) segment() ([]byte, error) {
	b, err := w.read(2)
	if err != nil {
		return nil, err
	}
	n := int64(binary.BigEndian.Uint16(b)) - 2
	if n < 0 {
		return nil, damaged("a segment without a length")
	}
	return w.take(n, n)
}

func (w *walker) writeSegment(marker byte, body []byte) error {
	n := len(body) + 2
	if err := w.write(0xff, marker, byte(n>>8), byte(n)); err != nil {
		return err
	}
	return w.write(body...)
}

// exifSegment writes EXIF data that hold the orientation alone, if there is one to keep.
func (w *walker) exifSegment() error {
	if w.shape.Orientation == 1 {
		return nil
	}
	return w.writeSegment(markerAPP1, append([]byte("Exif\x00\x00"), minimalEXIF(w.shape.Orientation)...))
}

// keptSegment reports whether an application's segment is needed to show the pixels right.
func keptSegment(marker byte, body []byte) bool {
	switch marker {
	case markerAPP0:
		return bytes.HasPrefix(body, []byte("JFIF\x00"))
	case markerAPP2:
		return bytes.HasPrefix(body, []byte("ICC_PROFILE\x00"))
	case markerAPP14:
		return bytes.HasPrefix(body, []byte("Adobe"))
	}
	return false
}

func isSOF(marker byte) bool {
	return marker >= markerSOF0 && marker <= markerSOF15 &&
		marker != markerDHT && marker != markerJPG && marker != markerDAC
}

// sof reads the header of the pixels.
func (w *walker) sof(marker byte, body []byte) (*jpegFrame, error) {
	if len(body) < 6 || len(body) != 6+3*int(body[5]) || body[5] == 0 || body[5] > 4 {
		return nil, damaged("a frame of another length")
	}
	height, width := int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	if err := w.size(width, height); err != nil {
		return nil, err
	}
	f := &jpegFrame{progressive: marker&3 == 2}
	var hs, vs []int
	for c := body[6:]; len(c) > 0; c = c[3:] {
		h, v := int(c[1]>>4), int(c[1]&15)
		if h < 1 || h > 4 || v < 1 || v > 4 {
			return nil, damaged("a sampling factor")
		}
		hs, vs = append(hs, h), append(vs, v)
	}
	mostH, mostV := 1, 1
	if len(hs) > 1 { // a lone plane is never made of groups
		for i := range hs {
			mostH, mostV = max(mostH, hs[i]), max(mostV, vs[i])
		}
	}
	columns, rows := (width+8*mostH-1)/(8*mostH), (height+8*mostV-1)/(8*mostV)
	for i := range hs {
		blocks := int64(columns) * int64(rows)
		if len(hs) > 1 {
			blocks *= int64(hs[i] * vs[i])
		}
		f.components = append(f.components, component{body[6+3*i], blocks})
		per := int64(64)
		if f.progressive {
			per += 4 * 64 // coefficients are kept until the last scan
		}
		w.shape.Memory += blocks * per
	}
	if len(hs) == 4 || len(hs) == 3 {
		w.shape.Memory += 4 * int64(width) * int64(height) // colours that are not YCbCr are converted
	}
	return f, nil
}

// scan counts the work of a scan: a decoder visits every block of its planes, however few bytes
// the scan has.
func (w *walker) scan(f *jpegFrame, body []byte) error {
	if f == nil {
		return damaged("a scan without a frame")
	}
	if w.shape.Scans++; w.shape.Scans > maxScans {
		return over(maxScans, int64(w.shape.Scans), "the picture is built of more than %d scans", maxScans)
	}
	if len(body) < 1 || len(body) < 1+2*int(body[0]) {
		return damaged("a scan of another length")
	}
	samples := int64(0)
	for i := range int(body[0]) {
		for _, c := range f.components {
			if c.id == body[1+2*i] {
				samples += 64 * c.blocks
			}
		}
	}
	return w.work(samples)
}
