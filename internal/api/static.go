package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"crier/internal/fault"
)

// files is the built front end, read once: with the hash of each file as its
// ETag, and a gzipped form where that is smaller.
type files struct {
	byPath map[string]*file
}

type file struct {
	kind    string
	etag    string
	plain   []byte
	gzipped []byte // nil where it would not be smaller
}

// kinds are the types of files the front end has; the machine's own table is
// not asked, so that every machine serves alike.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".json": "application/json", ".woff2": "font/woff2",
	".webmanifest": "application/manifest+json", ".txt": "text/plain; charset=utf-8",
}

func readFiles(dist fs.FS) (*files, error) {
	f := &files{byPath: map[string]*file{}}
	err := fs.WalkDir(dist, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		kind, ok := kinds[path.Ext(name)]
		if !ok {
			return nil
		}
		b, err := fs.ReadFile(dist, name)
		if err != nil {
			return err
		}
		f.byPath["/"+name] = newFile(kind, b)
		return nil
	})
	return f, err
}

func newFile(kind string, b []byte) *file {
	sum := sha256.Sum256(b)
	out := &file{kind: kind, etag: hex.EncodeToString(sum[:12]), plain: b}
	var z bytes.Buffer
	w, _ := gzip.NewWriterLevel(&z, gzip.BestCompression)
	_, _ = w.Write(b)
	_ = w.Close()
	if z.Len() < len(b)*9/10 {
		out.gzipped = z.Bytes()
	}
	return out
}

// page serves the front end: its files by their names, and its pages at every
// address that their own routers know.
func (s *Server) page(x *exchange) error {
	if x.r.Method != http.MethodGet && x.r.Method != http.MethodHead {
		return fault.New(fault.NotFound, "there is nothing at this address with this method")
	}
	if s.web == nil {
		return fault.New(fault.NotFound, "this server has no pages")
	}
	p := x.r.URL.Path
	f, ok := s.web.byPath[p]
	if !ok {
		f, ok = s.web.byPath[pageAt(p)]
	}
	if !ok {
		return fault.New(fault.NotFound, "there is no such page")
	}
	return x.file(f)
}

// pageAt is the page that the front end shows at an address, "" for none.
func pageAt(p string) string {
	switch {
	case p == "/staff", strings.HasPrefix(p, "/staff/"):
		return "/staff/index.html"
	case p == "/", p == "/sign-in", p == "/schedule", p == "/settings", strings.HasPrefix(p, "/test/"), strings.HasPrefix(p, "/files/"):
		return "/index.html"
	}
	return ""
}

// file answers with a file, or 304 when the browser has it. Browsers ask each time
// (no-cache), since names do not change with content.
func (x *exchange) file(f *file) error {
	h := x.w.Header()
	body, etag := f.plain, `"`+f.etag+`"`
	if f.gzipped != nil {
		h.Add("Vary", "Accept-Encoding")
		if acceptsGzip(x.r.Header.Get("Accept-Encoding")) {
			body, etag = f.gzipped, `"`+f.etag+`-gz"`
			h.Set("Content-Encoding", "gzip")
		}
	}
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", etag)
	if strings.Contains(x.r.Header.Get("If-None-Match"), etag) {
		h.Del("Content-Encoding")
		x.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", f.kind)
	x.w.WriteHeader(http.StatusOK)
	if x.r.Method != http.MethodHead {
		_, _ = x.w.Write(body)
	}
	return nil
}

func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name == "gzip" {
			return !strings.Contains(strings.ReplaceAll(params, " ", ""), "q=0") || strings.Contains(params, "q=0.")
		}
	}
	return false
}
