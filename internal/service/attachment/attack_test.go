package attachment

import (
	"bytes"
	"context"
	"image"
	"io"
	"strings"
	"testing"

	"crier/internal/fault"
)

// TestRefused: attacks that are not taken at all, and leave nothing.
func TestRefused(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		picture, photo, moving := pngOf(painted(300, 300)), jpegOf(painted(300, 300)), gifOf(painted(300, 300))
		for name, in := range map[string]Incoming{
			"HTML as .png":                  file("a.png", []byte("<!doctype html><script>fetch('/api/v1/conversations')</script>")),
			"SVG with script":               file("a.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)),
			"SVG as .jpg":                   file("a.jpg", []byte(`<svg onload=alert(1)>`)),
			"JavaScript with a script mark": file("a.txt", []byte("<script src=//evil.example>")),
			"60,000 × 60,000 PNG":           file("a.png", claiming(60_000, 60_000)),
			"16,001 on one side":            file("a.png", claiming(16_001, 1)),
			"just over 40 million pixels":   file("a.png", claiming(10_000, 4_001)),
			"no height":                     file("a.png", claiming(100, 0)),
			"PNG that lies about its rows":  file("a.png", claiming(4_000, 4_000)),
			"PNG cut off":                   file("a.png", picture[:len(picture)/2]),
			"JPEG cut off":                  file("a.jpg", photo[:len(photo)/2]),
			"GIF cut off":                   file("a.gif", moving[:len(moving)/2]),
			"only a PNG's head":             file("a.png", picture[:40]),
			"0 bytes":                       file("a.png", nil),
		} {
			_, err := h.try("a", in)
			want(t, name, err, fault.Invalid, "file")
		}
		if n := h.blobs(); n != 0 {
			t.Errorf("%d files were left behind", n)
		}
		for range unsentMost { // nothing of it counts
			h.upload("a", text("a.txt"))
		}
	})
}

// TestManyScans checks that a small picture which would take a minute to decode is refused, and that
// its limit is named.
func TestManyScans(t *testing.T) {
	h := one(t)
	_, err := h.try("a", file("a.jpg", manyScans(5000)))
	if f := want(t, "5,000 scans", err, fault.Invalid, "file"); f.Limit != 100 || f.Actual != 101 {
		t.Errorf("%+v", f)
	}
	if n := h.blobs(); n != 0 {
		t.Errorf("%d files were left behind", n)
	}
}

// TestHarmless: attacks that are taken for what their content is, and are nothing else.
func TestHarmless(t *testing.T) {
	h := one(t)
	polyglot := append(gifOf(painted(4, 4)), "/*<script>alert(1)</script>*/=1;"...)
	script := append([]byte("GIF89a"), gifOf(painted(4, 4))[6:]...)
	script = append(script, "\n<html><script>alert(1)</script>"...)
	bomb := zipBomb()
	if len(bomb) > 200<<10 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	for name, c := range map[string]struct {
		in       Incoming
		as, kind string
	}{
		"GIF and JavaScript":   {file("a.js", polyglot), "a.gif", "image/gif"},
		"GIF and HTML":         {file("a.html", script), "a.gif", "image/gif"},
		"PDF and HTML":         {file("a.html", []byte(pdf+"<html><script>alert(1)</script>")), "a.pdf", "application/pdf"},
		"zip bomb":             {file("a.zip", bomb), "a.zip", "application/zip"},
		"path":                 {file("../../etc/passwd", []byte("root:x:0:0\n")), "passwd.txt", "text/plain"},
		"device":               {file("CON.txt", []byte("x")), "_CON.txt", "text/plain"},
		"header":               {file("a\r\nSet-Cookie: x", []byte("x")), "a  Set-Cookie_ x.txt", "text/plain"},
		"right-to-left":        {file("ann\u202etxt.exe", []byte("x")), "anntxt.txt", "text/plain"},
		"text called .html":    {file("a.html", []byte("Only words.")), "a.txt", "text/plain"},
		"formula":              {file("=cmd|calc!A1.csv", []byte("a,b\n=1+1,2\n")), "=cmd_calc!A1.csv", "text/csv"},
		"PNG and a zip behind": {file("a.zip", append(pngOf(painted(4, 4)), zipOf(entry{name: "a", text: "a"})...)), "a.png", "image/png"},
	} {
		whole, err := io.ReadAll(c.in.Body)
		h.must(err)
		c.in.Body = bytes.NewReader(whole)
		a, err := h.try("planner", c.in)
		if err != nil || a.Name != c.as || a.Type != c.kind {
			t.Errorf("%s: %+v, %v; want %s, %s", name, a, err, c.as, c.kind)
			continue
		}
		got, err := h.read("planner", a.ID)
		if a.Picture { // what follows a picture's end is left out
			if got = got + string(whole[len(got):]); len(whole) > 100 && strings.Contains(got[:a.Size], "script") {
				t.Errorf("%s: the script came back", name)
			}
		}
		if err != nil || got != string(whole) {
			t.Errorf("%s: other bytes came back, %v", name, err)
		}
		if a.Picture {
			f, err := h.Preview(t.Context(), h.as("planner"), a.ID)
			h.must(err)
			b, err := io.ReadAll(f.Content)
			h.must(err)
			if _, _, err := image.Decode(bytes.NewReader(b)); err != nil || bytes.Contains(b, []byte("script")) || bytes.Contains(b, []byte("PK")) {
				t.Errorf("%s: the preview is more than a picture: %q", name, b)
			}
		}
	}
}

// scannerFunc is a scanner made of a function.
type scannerFunc func(io.Reader) error

// Scan implements Scanner.
func (f scannerFunc) Scan(_ context.Context, r io.Reader) error { return f(r) }

// TestScanner: what the scanner finds, or cannot look at, is not taken.
func TestScanner(t *testing.T) {
	h := one(t)
	o := h.options()
	away := false
	o.Scanner = scannerFunc(func(r io.Reader) error {
		b, err := io.ReadAll(r)
		switch {
		case err != nil:
			return err
		case away:
			return fault.New(fault.Unavailable, "the scanner is away")
		case bytes.Contains(b, []byte("EVIL")):
			return fault.Field("file", "found Crier.Test")
		}
		return nil
	})
	h.Service = New(o)
	h.upload("planner", text("clean.txt"))
	_, err := h.try("planner", file("a.txt", []byte(strings.Repeat("a", 200_000)+"EVIL")))
	if f := want(t, "infected", err, fault.Invalid, "file"); !strings.Contains(f.Message, "Crier.Test") {
		t.Errorf("%v", f)
	}
	away = true
	_, err = h.try("planner", text("clean.txt"))
	want(t, "away", err, fault.Unavailable, "")
	if n := h.blobs(); n != 1 {
		t.Errorf("%d files are there, want the clean one", n)
	}
}
