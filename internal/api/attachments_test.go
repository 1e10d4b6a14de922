package api_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"crier/internal/config"
)

// binary calls as who with a file as the body.
func (f *fixture) binary(t *testing.T, who, path string, body []byte) answer {
	t.Helper()
	return f.send(t, f.token(t, who), "POST", path, "application/octet-stream", body)
}

type stored struct {
	Attachment struct {
		ID, Name, Type string
		Size           int64
		Picture        bool
	}
}

// take uploads a file for a1's conversation.
func (f *fixture) take(t *testing.T, who, name string, body []byte) stored {
	t.Helper()
	a := f.binary(t, who, "/conversations/"+f.ids["north/a1"]+"/attachments?name="+url.QueryEscape(name), body)
	var out stored
	a.into(t, &out)
	if a.status != 201 || out.Attachment.Size != int64(len(body)) {
		t.Fatalf("%s: %d %s", name, a.status, a.body)
	}
	return out
}

// fetch gets with headers.
func (f *fixture) fetch(t *testing.T, who, path string, header map[string]string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.base+"/api/v1"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+f.token(t, who))
	for k, v := range header {
		r.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{resp.StatusCode, resp.Header, b}
	if err := f.conforms(t, r, a); err != nil {
		t.Errorf("GET %s: %v", path, err)
	}
	return a
}

// TestDownloadsRunNowhere: whatever a file holds, a browser is told to save it, to believe
// nothing but its type, to run nothing, and to keep nothing.
func TestDownloadsRunNowhere(t *testing.T) {
	f := start(t, nil)
	polyglot := append([]byte("%PDF-1.7\n"), "<html><script>alert(1)</script>"...)
	for name, c := range map[string]struct {
		body        []byte
		kind, plain string
		full        string
	}{
		"page.html":                {polyglot, "application/pdf", "page.pdf", "page.pdf"},
		"a\r\nSet-Cookie: x":       {[]byte("x"), "text/plain", "a  Set-Cookie_ x.txt", "a%20%20Set-Cookie_%20x.txt"},
		`q"uo\te.txt`:              {[]byte("x"), "text/plain", "te.txt", "te.txt"},
		"Zoë's 50% \u202egpj.exe":  {[]byte("x"), "text/plain", "Zo_'s 50_ gpj.txt", "Zo%C3%AB%27s%2050%25%20gpj.txt"},
		"../../etc/passwd":         {[]byte("x"), "text/plain", "passwd.txt", "passwd.txt"},
		"الشهادة.png":              {[]byte(picture(t)), "image/png", "_______.png", "%D8%A7%D9%84%D8%B4%D9%87%D8%A7%D8%AF%D8%A9.png"},
		"a; filename=evil.exe.txt": {[]byte("x"), "text/plain", "a; filename=evil.exe.txt", "a%3B%20filename%3Devil.exe.txt"},
	} {
		a := f.take(t, "north/planner", name, c.body)
		got := f.fetch(t, "north/planner", "/attachments/"+a.Attachment.ID, nil)
		if got.status != 200 || !bytes.Equal(got.body, c.body) {
			t.Errorf("%q: %d %q", name, got.status, got.body)
		}
		for header, want := range map[string]string{
			"Content-Type": c.kind, "Content-Disposition": fmt.Sprintf(`attachment; filename="%s"; filename*=UTF-8''%s`, c.plain, c.full),
			"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
			"Cache-Control": "private, no-store", "Cross-Origin-Resource-Policy": "same-origin", "Set-Cookie": "", "Content-Length": fmt.Sprint(len(c.body)), "Accept-Ranges": "bytes",
		} {
			if v := got.header.Get(header); v != want {
				t.Errorf("%q: %s: %q, want %q", name, header, v, want)
			}
		}
	}
}

func TestDownloadInParts(t *testing.T) {
	f := start(t, nil)
	a := f.take(t, "north/planner", "a.txt", []byte("0123456789"))
	path := "/attachments/" + a.Attachment.ID
	tag := f.fetch(t, "north/planner", path, nil).header.Get("ETag")
	for _, c := range []struct {
		name, value string
		status      int
		body        string
	}{
		{"Range", "bytes=2-4", 206, "234"}, {"Range", "bytes=-3", 206, "789"}, {"Range", "bytes=5-", 206, "56789"}, {"Range", "bytes=10-", 416, ""},
		{"If-None-Match", tag, 304, ""}, {"If-None-Match", `"another"`, 200, "0123456789"},
	} {
		got := f.fetch(t, "north/planner", path, map[string]string{c.name: c.value})
		if got.status != c.status || c.body != "" && string(got.body) != c.body {
			t.Errorf("%s: %s: %d %q", c.name, c.value, got.status, got.body)
		}
		if got := f.fetch(t, "north/anna", path, map[string]string{c.name: c.value}); got.status != 404 {
			t.Errorf("%s: %s for a colleague: %d", c.name, c.value, got.status)
		}
	}
}

func TestPreviewOverREST(t *testing.T) {
	f := start(t, nil)
	a := f.take(t, "north/planner", "a.png", []byte(picture(t)))
	path := "/attachments/" + a.Attachment.ID + "/preview"
	got := f.fetch(t, "north/planner", path, nil)
	if got.status != 200 || got.header.Get("Content-Type") != "image/jpeg" || got.header.Get("Content-Disposition") != "inline" || got.header.Get("Cache-Control") != "private, no-cache" ||
		!strings.HasPrefix(got.header.Get("Content-Security-Policy"), "sandbox; default-src 'none'") {
		t.Errorf("%d %v", got.status, got.header)
	}
	if again := f.fetch(t, "north/planner", path, map[string]string{"If-None-Match": got.header.Get("ETag")}); again.status != 304 {
		t.Errorf("asked again: %d", again.status)
	}
	if again := f.fetch(t, "north/a2", path, map[string]string{"If-None-Match": got.header.Get("ETag")}); again.status != 404 {
		t.Errorf("asked again by someone else: %d", again.status)
	}
	b := f.take(t, "north/planner", "b.txt", []byte("x"))
	if got := f.call(t, "north/planner", "GET", "/attachments/"+b.Attachment.ID+"/preview", nil); got.status != 404 {
		t.Errorf("preview of a text: %d", got.status)
	}
}

func TestUploadsRefusedOverREST(t *testing.T) {
	f := start(t, func(c *config.Config) { c.MaxFile = 1000 })
	path := "/conversations/" + f.ids["north/a1"] + "/attachments"
	for name, c := range map[string]struct {
		path, kind  string
		body        []byte
		status      int
		code, field string
		limit       int64
	}{
		"HTML as a picture": {path + "?name=a.png", "application/octet-stream", []byte("<html><script>alert(1)</script>"), 422, "invalid", "file", 0},
		"empty":             {path + "?name=a.png", "application/octet-stream", nil, 422, "invalid", "file", 0},
		"one byte over":     {path + "?name=a.txt", "application/octet-stream", bytes.Repeat([]byte("a"), 1001), 413, "too_large", "file", 1000},
		"far over":          {path + "?name=a.txt", "application/octet-stream", bytes.Repeat([]byte("a"), 3<<20), 413, "too_large", "file", 1000},
		"a form":            {path + "?name=a.txt", "multipart/form-data; boundary=x", []byte("--x--"), 400, "malformed", "Content-Type", 0},
		"as HTML":           {path + "?name=a.txt", "text/html", []byte("x"), 400, "malformed", "Content-Type", 0},
		"unknown parameter": {path + "?name=a.txt&type=text/html", "application/octet-stream", []byte("x"), 422, "invalid", "type", 0},
		"two names":         {path + "?name=a.txt&name=b.txt", "application/octet-stream", []byte("x"), 422, "invalid", "name", 0},
		"name in Latin-1":   {path + "?name=%E4.txt", "application/octet-stream", []byte("x"), 422, "invalid", "name", 0},
		"someone unknown":   {"/conversations/nobody/attachments", "application/octet-stream", []byte("x"), 404, "not_found", "", 0},
	} {
		a := f.send(t, f.token(t, "north/planner"), "POST", c.path, c.kind, c.body)
		if e := a.refused(t).Error; a.status != c.status || e.Code != c.code || e.Field != c.field || e.Limit != c.limit {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	f.take(t, "north/planner", "a.txt", bytes.Repeat([]byte("a"), 1000))
	if a := f.send(t, "", "POST", path, "application/octet-stream", []byte("x")); a.status != 401 {
		t.Errorf("without signing in: %d", a.status)
	}
}

// TestFilesAreSeparate: neither another candidate, nor a colleague out of reach, nor another
// organisation learns that a file is there, before it is sent and after.
func TestFilesAreSeparate(t *testing.T) {
	f := start(t, nil)
	a := f.take(t, "north/planner", "NORTH-canary.png", []byte(picture(t)))
	own := f.upload(t, "north/a1", "/inbox")
	ask := func(when string, id string, allowed ...string) {
		t.Helper()
		for _, who := range []string{"north/admin", "north/planner", "north/chief", "north/anna", "north/bert", "north/a1", "north/a2", "north/b1", "north/z1", "south/planner", "south/key"} {
			want := 404
			for _, w := range allowed {
				if w == who {
					want = 200
				}
			}
			for _, path := range []string{"", "/preview"} {
				if got := f.call(t, who, "GET", "/attachments/"+id+path, nil); got.status != want {
					t.Errorf("%s: %s%s: %d, want %d", when, who, path, got.status, want)
				}
			}
		}
	}
	ask("not sent", a.Attachment.ID, "north/planner")
	ask("not sent by the candidate", own, "north/a1")
	f.write(t, "north/planner", "a1", "Here it is.", item{"group": f.ids["north/T1"], "attachments": []string{a.Attachment.ID}})
	ask("sent", a.Attachment.ID, "north/admin", "north/planner", "north/chief", "north/anna", "north/a1")
	for _, id := range []string{"", "x", "../../etc/passwd", "%2e%2e%2f", strings.Repeat("a", 500)} {
		if got := f.call(t, "north/planner", "DELETE", "/attachments/"+url.PathEscape(id), nil); got.status != 404 {
			t.Errorf("%q: %d", id, got.status)
		}
	}
	for _, path := range []string{"/documents", "/transcript?format=text"} {
		if got := f.call(t, "south/planner", "GET", "/conversations/"+f.ids["north/a1"]+path, nil); got.status != 404 || bytes.Contains(got.body, []byte("NORTH")) {
			t.Errorf("%s for the south: %d %s", path, got.status, got.body)
		}
	}
}

func TestTranscriptOverREST(t *testing.T) {
	f := start(t, nil)
	f.write(t, "north/planner", "a1", "<script>alert(1)</script>", nil)
	f.must(t, "north/planner", "POST", "/conversations/"+f.ids["north/a1"]+"/notes", item{"key": "transcript-note", "body": "SECRET-NOTE"})
	for format, kind := range map[string]string{"text": "text/plain; charset=utf-8", "html": "text/html; charset=utf-8"} {
		got := f.fetch(t, "north/planner", "/conversations/"+f.ids["north/a1"]+"/transcript?format="+format, nil)
		if got.status != 200 || got.header.Get("Content-Type") != kind || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment; ") ||
			!strings.Contains(got.header.Get("Content-Security-Policy"), "sandbox") || bytes.Contains(got.body, []byte("SECRET-NOTE")) || !bytes.Contains(got.body, []byte("alert(1)")) {
			t.Errorf("%s: %d %v %s", format, got.status, got.header, got.body)
		}
		if format == "html" && bytes.Contains(got.body, []byte("<script")) {
			t.Errorf("%s", got.body)
		}
	}
	if got := f.call(t, "north/planner", "GET", "/conversations/"+f.ids["north/a1"]+"/transcript?format=pdf", nil); got.status != 422 || got.refused(t).Error.Field != "format" {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestExportOverREST(t *testing.T) {
	f := start(t, nil)
	id := f.upload(t, "north/planner", "/conversations/"+f.ids["north/a1"])
	f.write(t, "north/planner", "a1", "Here it is.", item{"group": f.ids["north/T1"], "attachments": []string{id}})
	var out struct{ Export struct{ ID, State string } }
	a := f.must(t, "north/planner", "POST", "/exports", item{"filter": item{"folder": "all", "group": []string{f.ids["north/T1"]}, "q": "a1"}, "transcript": true})
	if a.into(t, &out); a.status != 202 || out.Export.State != "waiting" {
		t.Errorf("%d %s", a.status, a.body)
	}
	path := f.exported(t, "north/planner", "/exports/"+out.Export.ID)
	got := f.fetch(t, "north/planner", path+"/file", nil)
	if got.status != 200 || got.header.Get("Content-Type") != "application/zip" || !strings.HasPrefix(got.header.Get("Content-Disposition"), `attachment; filename="Conversations `) {
		t.Fatalf("%d %v", got.status, got.header)
	}
	z, err := zip.NewReader(bytes.NewReader(got.body), int64(len(got.body)))
	if err != nil {
		t.Fatal(err)
	}
	pictures := 0
	for _, e := range z.File {
		if strings.HasSuffix(e.Name, "/a.png") {
			r, err := e.Open()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := png.Decode(r); err != nil {
				t.Error(err)
			}
			pictures++
		}
	}
	if pictures != 1 || len(z.File) != 4 {
		t.Errorf("%d pictures, %d files", pictures, len(z.File))
	}
	for name, c := range map[string]struct {
		body   item
		status int
		field  string
	}{
		"nobody":                 {item{}, 422, "people"},
		"someone of the south":   {item{"people": []string{f.ids["south/a1"]}}, 422, "people"},
		"an unknown parameter":   {item{"filter": item{"colour": "red"}}, 422, "colour"},
		"a number":               {item{"filter": item{"folder": 7}}, 400, "filter.folder"},
		"an unknown folder":      {item{"filter": item{"folder": "bin"}}, 422, "folder"},
		"both":                   {item{"people": []string{f.ids["north/a1"]}, "filter": item{}}, 422, "filter"},
		"an unknown field":       {item{"colour": "red"}, 400, "colour"},
		"a transcript in words?": {item{"people": []string{f.ids["north/a1"]}, "transcript": "yes"}, 400, "transcript"},
	} {
		if a := f.call(t, "north/planner", "POST", "/exports", c.body); a.status != c.status || a.refused(t).Error.Field != c.field {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	for _, who := range []string{"north/admin", "south/planner"} {
		for _, p := range []string{path, path + "/file"} {
			if a := f.call(t, who, "GET", p, nil); a.status != 404 {
				t.Errorf("%s %s: %d", who, p, a.status)
			}
		}
	}
	f.must(t, "north/planner", "DELETE", path, nil)
	if a := f.call(t, "north/planner", "GET", path+"/file", nil); a.status != 410 {
		t.Errorf("removed: %d", a.status)
	}
}
