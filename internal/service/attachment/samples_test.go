package attachment

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"unicode/utf16"
)

// Files made in the tests, byte by byte where no library makes such ones.

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
			c := color.RGBA{A: 255}
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

func gifOf(m image.Image) []byte {
	var b bytes.Buffer
	check(gif.Encode(&b, m, nil))
	return b.Bytes()
}

// webpOf is the smallest lossless WebP: 1 × 1.
func webpOf() []byte {
	return []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00")
}

// claiming is a PNG whose header claims measures; its pixels are one row at most.
func claiming(w, h uint32) []byte {
	var b bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, data []byte) {
		check(binary.Write(&b, binary.BigEndian, uint32(len(data))))
		body := append([]byte(kind), data...)
		b.Write(body)
		check(binary.Write(&b, binary.BigEndian, crc32.ChecksumIEEE(body)))
	}
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	chunk("IHDR", append(header, 8, 2, 0, 0, 0))
	var pixels bytes.Buffer
	z := zlib.NewWriter(&pixels)
	_, err := z.Write(make([]byte, 1000))
	check(err)
	check(z.Close())
	chunk("IDAT", pixels.Bytes())
	chunk("IEND", nil)
	return b.Bytes()
}

// turnedJPEG is a JPEG with an EXIF part that says how it is turned, and where it was
// taken.
func turnedJPEG(m image.Image, orientation uint16) []byte {
	tiff := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00")
	tiff = binary.LittleEndian.AppendUint16(tiff, orientation)
	tiff = append(tiff, 0, 0, 0, 0, 0, 0)
	body := append([]byte("Exif\x00\x00"), tiff...)
	body = append(body, "GPS: 52.0907 N, 5.1214 E"...)
	plain := jpegOf(m)
	out := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(body)+2))...)
	return append(append(out, body...), plain[2:]...)
}

// manyScans is a progressive JPEG of 8 × 8 pixels whose scans hold nothing.
func manyScans(scans int) []byte {
	table := append([]byte{0, 1}, make([]byte, 16)...)
	b := append([]byte{0xff, 0xd8, 0xff, 0xdb, 0, 67, 0}, bytes.Repeat([]byte{1}, 64)...)
	b = append(b, 0xff, 0xc2, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0, 0xff, 0xc4, 0, 20)
	b = append(b, table...)
	for range scans {
		b = append(b, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0, 0)
	}
	return append(b, 0xff, 0xd9)
}

type entry struct {
	name, text string
	store      bool
}

func zipOf(entries ...entry) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		method := zip.Deflate
		if e.store {
			method = zip.Store
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: e.name, Method: method})
		check(err)
		_, err = w.Write([]byte(e.text))
		check(err)
	}
	check(z.Close())
	return b.Bytes()
}

func office2007(part string) []byte {
	return zipOf(entry{name: "[Content_Types].xml", text: "<Types/>"}, entry{name: "_rels/.rels", text: "<Relationships/>"}, entry{name: part, text: "<x/>"})
}

func openDocument(kind string) []byte {
	return zipOf(entry{"mimetype", "application/vnd.oasis.opendocument." + kind, true}, entry{name: "content.xml", text: "<x/>"})
}

// zipBomb is a small file that unpacks to 30 MB.
func zipBomb() []byte {
	return zipOf(entry{name: "zeros", text: strings.Repeat("\x00", 30<<20)})
}

func utf16Of(s string) []byte {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

const pdf = "%PDF-1.7\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"

// heicOf is a HEIC of one item of pixels and one of Exif data.
func heicOf() []byte {
	box := func(kind string, parts ...string) string {
		body := strings.Join(parts, "")
		return string(binary.BigEndian.AppendUint32(nil, uint32(len(body)+8))) + kind + body
	}
	pixels, exif := "PIXELS", "\x00\x00\x00\x00MM\x00*GPS 52.0907 N"
	whole := func(start uint32) string {
		place := func(at uint32, data string) string {
			return string(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, at), uint32(len(data))))
		}
		return box("ftyp", "heic\x00\x00\x00\x00mif1heic") + box("meta", "\x00\x00\x00\x00",
			box("pitm", "\x00\x00\x00\x00\x00\x01"),
			box("iinf", "\x00\x00\x00\x00\x00\x02", box("infe", "\x02\x00\x00\x00\x00\x01\x00\x00hvc1\x00"),
				box("infe", "\x02\x00\x00\x00\x00\x02\x00\x00Exif\x00")),
			box("iloc", "\x00\x00\x00\x00\x44\x00\x00\x02", "\x00\x01\x00\x00\x00\x01"+place(start, pixels),
				"\x00\x02\x00\x00\x00\x01"+place(start+uint32(len(pixels)), exif)),
		) + box("mdat", pixels, exif)
	}
	return []byte(whole(uint32(strings.Index(whole(0), pixels))))
}
