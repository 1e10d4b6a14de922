package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
)

// secret stands in the place of everything that must not be handed out.
const secret = "GPS 52.0907 N, 5.1214 E of Ann"

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// painted is a picture whose corners have colours of their own.
func painted(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{A: 255, B: uint8(x * y)}
			if x < w/2 {
				c.R = 255
			}
			if y < h/2 {
				c.G = 255
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

func pngOf(m image.Image) []byte {
	var b bytes.Buffer
	check(png.Encode(&b, m))
	return b.Bytes()
}

func jpegOf(m image.Image) []byte {
	var b bytes.Buffer
	check(jpeg.Encode(&b, m, nil))
	return b.Bytes()
}

func gifOf(frames int) []byte {
	g := &gif.GIF{}
	for range frames {
		m := image.NewPaletted(image.Rect(0, 0, 20, 10), color.Palette{color.Black, color.White})
		m.SetColorIndex(3, 3, 1)
		g.Image, g.Delay = append(g.Image, m), append(g.Delay, 10)
	}
	var b bytes.Buffer
	check(gif.EncodeAll(&b, g))
	return b.Bytes()
}

// exif is EXIF data that say how the picture is turned, and where it was taken.
func exif(orientation uint16) []byte {
	tiff := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00")
	tiff = binary.LittleEndian.AppendUint16(tiff, orientation)
	tiff = append(tiff, 0, 0, 0, 0, 0, 0)
	return append(tiff, secret...)
}

func segmentOf(marker byte, body string) []byte {
	n := len(body) + 2
	return append([]byte{0xff, marker, byte(n >> 8), byte(n)}, body...)
}

// withSegments puts segments behind a JPEG's start.
func withSegments(picture []byte, segments ...[]byte) []byte {
	out := bytes.Clone(picture[:2])
	return append(append(out, bytes.Join(segments, nil)...), picture[2:]...)
}

func chunkOf(kind string, body []byte) []byte {
	out := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), kind...)
	out = append(out, body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// pngHeadLength is the length of a PNG's signature and IHDR.
const pngHeadLength = 8 + 12 + 13

func withChunks(picture []byte, chunks ...[]byte) []byte {
	out := bytes.Clone(picture[:pngHeadLength])
	return append(append(out, bytes.Join(chunks, nil)...), picture[pngHeadLength:]...)
}

func packed(b []byte) []byte {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	_, err := z.Write(b)
	check(err)
	check(z.Close())
	return out.Bytes()
}

// vp8l is the smallest lossless picture: 1 × 1.
const vp8l = "\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07"

func webpChunkOf(kind, body string) []byte {
	out := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body)))
	out = append(out, body...)
	if len(body)&1 == 1 {
		out = append(out, 0)
	}
	return out
}

func webpOf(chunks ...[]byte) []byte {
	body := bytes.Join(chunks, nil)
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)+4))
	return append(append(out, "WEBP"...), body...)
}

// vp8x announces EXIF and XMP data.
func vp8x(width, height int) []byte {
	w, h := width-1, height-1
	return webpChunkOf("VP8X", string([]byte{0x0c, 0, 0, 0, byte(w), byte(w >> 8), byte(w >> 16), byte(h), byte(h >> 8), byte(h >> 16)}))
}

// manyScans is a progressive JPEG of one plane, whose scans but the first hold nothing: each costs a
// decoder a visit of every block and the file a few bytes.
func manyScans(width, height, scans int) []byte {
	var b bytes.Buffer
	b.Write([]byte{0xff, markerSOI})
	b.Write(segmentOf(0xdb, "\x00"+string(bytes.Repeat([]byte{1}, 64))))
	sof := []byte{8, byte(height >> 8), byte(height), byte(width >> 8), byte(width), 1, 1, 0x11, 0}
	b.Write(segmentOf(0xc2, string(sof)))
	// One code of one bit for DC (0: no difference); for AC, 0xe0: the longest run of ended blocks.
	counts := "\x01" + string(make([]byte, 15))
	b.Write(segmentOf(markerDHT, "\x00"+counts+"\x00"))
	b.Write(segmentOf(markerDHT, "\x10"+counts+"\xe0"))
	blocks := (width + 7) / 8 * ((height + 7) / 8)
	for i := range scans {
		if i == 0 {
			b.Write(segmentOf(markerSOS, "\x01\x01\x00\x00\x00\x00"))
			b.Write(make([]byte, (blocks+7)/8))
			continue
		}
		b.Write(segmentOf(markerSOS, "\x01\x01\x00\x01\x3f\x00"))
		var bits, n uint64
		for left := blocks; left > 0; left -= 1<<14 + 1<<13 { // code 0, then 14 bits: 2^14 + them
			bits, n = bits<<15|1<<13, n+15
			for ; n >= 8; n -= 8 {
				b.WriteByte(byte(bits >> (n - 8)))
			}
		}
		if n > 0 {
			b.WriteByte(byte(bits << (8 - n)))
		}
	}
	b.Write([]byte{0xff, markerEOI})
	return b.Bytes()
}
