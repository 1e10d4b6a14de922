package picture

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"

	"crier/internal/fault"
)

// boxOf is a box of an ISO base media file.
func boxOf(kind string, parts ...string) string {
	body := strings.Join(parts, "")
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(body)+8))) + kind + body
}

func u16(v int) string { return string(binary.BigEndian.AppendUint16(nil, uint16(v))) }
func u32(v int) string { return string(binary.BigEndian.AppendUint32(nil, uint32(v))) }

// heicItem is an item of a HEIC of these tests.
type heicItem struct {
	kind, more string // more: what follows the type, such as the media type of a mime item
	data       string
	inIdat     bool
	split      bool // its bytes are in two pieces
}

// irot is the property of a picture that is turned by 90°.
const irot = "\x00\x00\x00\x09irot\x01"

func photoItems() []heicItem {
	return []heicItem{
		{kind: "hvc1", more: "\x00", data: "PIXELS of the first tile", split: true},
		{kind: "Exif", more: "\x00", data: "\x00\x00\x00\x00" + string(exif(6))},
		{kind: "mime", more: "\x00application/rdf+xml\x00", data: "<x:xmpmeta>" + secret},
		{kind: "grid", more: "\x00", data: "GRID of the tiles", inIdat: true},
		{kind: "Exif", more: "GPS of Ann\x00", data: secret, inIdat: true},
	}
}

// heicOf makes a HEIC whose mdat holds, besides its items, bytes that belong to none.
func heicOf(items []heicItem, extra ...string) []byte {
	build := func(start int) string {
		infos, places, idat, mdat := "", "", "", "\xffstray "+secret
		for i, it := range items {
			infos += boxOf("infe", "\x02\x00\x00\x00", u16(i+1), u16(0), it.kind, it.more)
			way, at := 0, start+len(mdat)
			if it.inIdat {
				way, at = 1, len(idat)
			}
			lengths := []int{len(it.data)}
			if it.split {
				lengths = []int{5, len(it.data) - 5}
			}
			places += u16(i+1) + u16(way) + u16(0) + u32(at) + u16(len(lengths))
			from := 0
			for _, n := range lengths {
				places += u32(from) + u32(n)
				from += n
			}
			if it.inIdat {
				idat += it.data
			} else {
				mdat += it.data + "stray " + secret
			}
		}
		meta := boxOf("meta", "\x00\x00\x00\x00",
			boxOf("hdlr", "\x00\x00\x00\x00\x00\x00\x00\x00pict", strings.Repeat("\x00", 13)),
			boxOf("pitm", "\x00\x00\x00\x00", u16(1)),
			boxOf("iinf", "\x00\x00\x00\x00", u16(len(items)), infos),
			boxOf("iprp", boxOf("ipco", boxOf("ispe", "\x00\x00\x00\x00", u32(4032), u32(3024)), irot,
				boxOf("udes", "\x00\x00\x00\x00en\x00"+secret)), boxOf("ipma", "\x00\x00\x00\x00", u32(0))),
			boxOf("iloc", "\x01\x00\x00\x00\x44\x40", u16(len(items)), places),
			boxOf("idat", idat), boxOf("xml ", "\x00\x00\x00\x00", secret), boxOf("free", secret))
		return boxOf("ftyp", "heic\x00\x00\x00\x00mif1heic") + boxOf("free", secret) + meta +
			boxOf("uuid", strings.Repeat("u", 16), secret) + boxOf("mdat", mdat)
	}
	start := strings.Index(build(0), "\xffstray")
	return []byte(build(start) + strings.Join(extra, ""))
}

// TestHEICPlaceIsLeftOut checks that nothing is left of the place, wherever a HEIC holds it, that
// pixels and their turn are as they were, and that nothing has moved.
func TestHEICPlaceIsLeftOut(t *testing.T) {
	for _, mime := range []string{HEIC, HEIF} {
		in := heicOf(photoItems(), boxOf("mpvd", "a video "+secret), "SEFT"+secret)
		clean, shape := copied(t, "photo", mime, in, false)
		for _, hidden := range []string{"5.1214", "Ann", "xmpmeta", "stray"} {
			if bytes.Contains(clean, []byte(hidden)) {
				t.Errorf("the copy holds %q", hidden)
			}
		}
		for _, kept := range []string{"PIXELS of the first tile", "GRID of the tiles", irot, "ispe\x00\x00\x00\x00\x00\x00\x0f\xc0"} {
			if at := bytes.Index(in, []byte(kept)); at < 0 || at != bytes.Index(clean, []byte(kept)) {
				t.Errorf("%q is gone or has moved", kept)
			}
		}
		if n := bytes.Count(clean, []byte(emptyItem)); n != 2 {
			t.Errorf("%d items of empty Exif data", n)
		}
		again, second := copied(t, "again", mime, clean, false)
		if !bytes.Equal(again, clean) || second != shape {
			t.Error("a copy of the copy differs")
		}
		if whole, _ := copied(t, "kept", mime, in, true); !bytes.Equal(whole, in) {
			t.Error("kept is not the original")
		}
	}
	open := heicOf(photoItems()) // whose last box goes on to the end of the file
	at := bytes.LastIndex(open, []byte("mdat")) - 4
	copy(open[at:], "\x00\x00\x00\x00")
	clean, _ := copied(t, "open", HEIC, append(open, secret...), false)
	if bytes.Contains(clean, []byte("5.1214")) || !bytes.Contains(clean, []byte("PIXELS of the first tile")) {
		t.Error("a last box without a length")
	}
}

// TestHEICRefused checks that a HEIC in which the place cannot be found for certain is refused, and
// why.
func TestHEICRefused(t *testing.T) {
	good := heicOf(photoItems())
	changed := func(what, with string) []byte {
		if !bytes.Contains(good, []byte(what)) {
			t.Fatalf("%q is not there", what)
		}
		return bytes.Replace(bytes.Clone(good), []byte(what), []byte(with), 1)
	}
	place := string(good[bytes.Index(good, []byte("iloc"))+12:][:10])
	for name, c := range map[string]struct {
		body []byte
		why  string
	}{
		"no type":             {good[24:], "begin with its type"},
		"pixels first":        {[]byte(boxOf("ftyp", "heic") + boxOf("mdat", "x")), "before their description"},
		"no primary item":     {changed("pitm", "pitn"), "which picture is shown"},
		"unknown pixels":      {changed("hvc1", "what"), "unknown kind"},
		"no items":            {changed("iinf", "iinx"), "not named"},
		"old names of items":  {changed("infe\x02", "infe\x01"), "unknown way"},
		"no places":           {changed("iloc", "ilox"), "unknown way"},
		"places of odd sizes": {changed("iloc\x01\x00\x00\x00\x44", "iloc\x01\x00\x00\x00\x34"), "unknown way"},
		"places of version 3": {changed("iloc\x01", "iloc\x03"), "unknown way"},
		"a second meta":       {changed("uuiduuuu", "metauuuu"), ""},
		"another file's data": {changed(place, place[:4]+"\x00\x01"+place[6:]), "not in the file"},
		"outside":             {changed(place, place[:6]+"\x00\x00\x00\x08"), "outside"},
		"two of one number":   {changed("infe\x02\x00\x00\x00\x00\x02", "infe\x02\x00\x00\x00\x00\x01"), "one number"},
	} {
		if c.why == "" { // it holds no place afterwards
			if clean, _ := copied(t, name, HEIC, c.body, false); bytes.Contains(clean, []byte("5.1214")) {
				t.Errorf("%s: the place came through", name)
			}
			continue
		}
		if f := refused(t, name, HEIC, c.body); !strings.Contains(f.Message, c.why) || !strings.Contains(f.Message, "JPEG") {
			t.Errorf("%s: %v", name, f)
		}
	}
	for n := range good { // cut off anywhere, and never with the place
		var out bytes.Buffer
		_, err := Copy(&out, bytes.NewReader(good[:n]), HEIC, false)
		if bytes.Contains(out.Bytes(), []byte("5.1214")) || err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
	// An item that shares its bytes with the pixels would show them.
	overlap := []extent{{from: 10, to: 20, keep: true}, {from: 19, to: 30}}
	if _, err := sorted(overlap, 0, 100); !fault.Is(err, fault.Invalid) {
		t.Errorf("shared data: %v", err)
	}
}

// FuzzHEIC looks for a HEIC that ends the program, moves bytes, or changes when it is copied again.
func FuzzHEIC(f *testing.F) {
	f.Add(heicOf(photoItems()))
	f.Add(heicOf(photoItems(), boxOf("mpvd", secret), secret))
	f.Fuzz(func(t *testing.T, in []byte) {
		var out, again bytes.Buffer
		if _, err := Copy(&out, bytes.NewReader(in), HEIC, false); err != nil {
			return
		}
		if out.Len() > len(in) {
			t.Fatalf("%d bytes became %d", len(in), out.Len())
		}
		if _, err := Copy(&again, bytes.NewReader(out.Bytes()), HEIC, false); err != nil || !bytes.Equal(again.Bytes(), out.Bytes()) {
			t.Fatalf("the copy of the copy differs: %v", err)
		}
		if _, err := Copy(io.Discard, bytes.NewReader(in), HEIC, true); err != nil {
			t.Fatalf("kept: %v", err)
		}
	})
}
