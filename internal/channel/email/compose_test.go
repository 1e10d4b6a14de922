package email

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"reflect"
	"strings"
	"testing"

	"github.com/wneessen/go-mail/smtp"

	"crier/internal/channel"
	"crier/internal/clock"
)

type serverInfo = smtp.ServerInfo

// parts reads a mail's parts: text by its type, files by their name.
func parts(m *netmail.Message) map[string]string {
	out := map[string]string{}
	readPart(out, m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Header.Get("Content-Disposition"), m.Body)
	return out
}

func readPart(out map[string]string, kind, encoding, disposition string, r io.Reader) {
	kind, params, err := mime.ParseMediaType(kind)
	if err != nil {
		out["error"] = err.Error()
		return
	}
	if strings.HasPrefix(kind, "multipart/") {
		mr := multipart.NewReader(r, params["boundary"])
		for {
			p, err := mr.NextRawPart()
			if err != nil {
				return
			}
			for field := range p.Header {
				if field != "Content-Type" && field != "Content-Transfer-Encoding" && field != "Content-Disposition" {
					out["error"] = "a part has the header " + field
				}
			}
			readPart(out, p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p.Header.Get("Content-Disposition"), p)
		}
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		out["error"] = err.Error()
		return
	}
	if _, params, err := mime.ParseMediaType(disposition); err == nil && params["filename"] != "" {
		out["file "+params["filename"]] = string(b)
		return
	}
	out[kind] += string(b)
}

func composed(t *testing.T, o channel.Outgoing) (*netmail.Message, map[string]string, string) {
	t.Helper()
	c := &Composer{From: "crier@mail.example.org", Clock: clock.NewFixed(testTime)}
	m, err := c.Compose(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Raw()
	if err != nil {
		t.Fatal(err)
	}
	raw := string(b)
	msg, err := netmail.ReadMessage(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("%v in\n%s", err, raw)
	}
	return msg, parts(msg), raw
}

func file(name, kind string, b []byte) channel.File {
	return channel.File{Name: name, Type: kind, Size: int64(len(b)), Link: "https://crier.example.org/file/" + base64.RawURLEncoding.EncodeToString([]byte(name)), Open: func(context.Context) (channel.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(b)), nil
	}}
}

func whole() channel.Outgoing {
	return channel.Outgoing{ID: testDelivery, Address: "sara@example.org", Name: "Sara Amin", Locale: "nb-NO", Subject: "Rom B – ikke A", Text: "Kom til rom B.\n\nTa med <kort> & se https://example.org/kart?a=1&b=2.",
		From: "Nordlys VGS", About: "Matematikk R1", Sender: "Kari Nordmann", ReplyTo: ours.Reply(Reply{Organisation: 1, Person: 7}), ReturnTo: ours.Bounce(1, testDelivery), MessageID: testDelivery + "@mail.example.org",
		InReplyTo: "t.abc@mail.example.org", Link: "https://crier.example.org/c", Files: []channel.File{file("kart ø.pdf", "application/pdf", []byte("\x00\x01%PDF"))}}
}

func TestCompose(t *testing.T) {
	m, p, raw := composed(t, whole())
	dec := &mime.WordDecoder{}
	for field, want := range map[string]string{
		"Subject": "Rom B – ikke A", "From": `"Kari Nordmann, Nordlys VGS" <crier@mail.example.org>`, "To": `"Sara Amin" <sara@example.org>`, "Reply-To": `"Nordlys VGS" <` + ours.Reply(Reply{Organisation: 1, Person: 7}) + ">",
		"Message-Id": "<" + testDelivery + "@mail.example.org>", "In-Reply-To": "<t.abc@mail.example.org>", "References": "<t.abc@mail.example.org>", "Date": "Wed, 04 Mar 2026 05:06:07 +0000",
		"Content-Language": "nb", "Auto-Submitted": "", "List-Unsubscribe": "", "X-Mailer": "", "User-Agent": "",
	} {
		if got, err := dec.DecodeHeader(m.Header.Get(field)); err != nil || got != want {
			t.Errorf("%s: %q %v, want %q", field, got, err, want)
		}
	}
	text, page := p["text/plain"], p["text/html"]
	for _, want := range []string{"Fra: Kari Nordmann, Nordlys VGS", "Gjelder: Matematikk R1", "Kom til rom B.", "Ta med <kort> & se", "Åpne samtalen:", "https://crier.example.org/c", "Du kan svare", "\r\n-- \r\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
	for _, want := range []string{`<html lang="nb" dir="ltr">`, "&lt;kort&gt; &amp; se", `<a href="https://example.org/kart?a=1&amp;b=2">https://example.org/kart?a=1&amp;b=2</a>.`, "<h1", "<title>Rom B – ikke A</title>", `<a href="https://crier.example.org/c"`, "color-scheme:light dark"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	for _, never := range []string{"<img", "<link", "<script", "<style", "url(", "src=", "<table"} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %s", never)
		}
	}
	if got := p["file kart ø.pdf"]; got != "\x00\x01%PDF" {
		t.Errorf("the file is %q in %v", got, p)
	}
	for l := range strings.SplitSeq(raw, "\r\n") {
		if len(l) > 998 || strings.ContainsAny(l, "\r\n") || strings.ContainsFunc(l, func(r rune) bool { return r > 0x7e }) {
			t.Errorf("a line that no mail server takes: %q", l)
		}
	}
}

func TestMailsOfTheServer(t *testing.T) {
	o := whole()
	o.Automatic, o.ReplyTo, o.Stop, o.Sender = true, "", "https://crier.example.org/api/v1/stop/x", ""
	m, p, _ := composed(t, o)
	if m.Header.Get("Auto-Submitted") != "auto-generated" || m.Header.Get("List-Unsubscribe") != "<https://crier.example.org/api/v1/stop/x>" || m.Header.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" {
		t.Errorf("%v", m.Header)
	}
	if strings.Contains(p["text/plain"], "Du kan svare") || !strings.Contains(p["text/plain"], o.Stop) {
		t.Errorf("%s", p["text/plain"])
	}
	o.Stop = "http://127.0.0.1:8080/stop" // no TLS: no one-click
	if m, _, _ := composed(t, o); m.Header.Get("List-Unsubscribe-Post") != "" {
		t.Error("one click over http")
	}
}

func TestLanguages(t *testing.T) {
	fields := func(w *Words) map[string]string {
		out := map[string]string{}
		var add func(prefix string, v reflect.Value)
		add = func(prefix string, v reflect.Value) {
			for i := range v.NumField() {
				name := prefix + v.Type().Field(i).Name
				if f := v.Field(i); f.Kind() == reflect.Struct {
					add(name+".", f)
				} else {
					out[name] = f.String()
				}
			}
		}
		add("", reflect.ValueOf(*w))
		return out
	}
	english := fields(languages["en"])
	for lang, w := range languages {
		if w.Lang != lang || (w.Dir == "rtl") != (lang == "ar") {
			t.Errorf("%s is %s %s", lang, w.Lang, w.Dir)
		}
		for name, text := range fields(w) {
			if text == "" || strings.Count(text, "%s") != strings.Count(english[name], "%s") || strings.Count(text, "%n") != strings.Count(english[name], "%n") {
				t.Errorf("%s, %s: %q beside %q", lang, name, text, english[name])
			}
			if lang != "en" && name != "Dir" && text == english[name] {
				t.Errorf("%s, %s: %q is English", lang, name, text)
			}
		}
	}
	for _, lang := range []string{"en", "nb", "sv", "fr", "ar"} {
		if languages[lang] == nil {
			t.Errorf("no words in %s", lang)
		}
	}
	for locale, want := range map[string]string{"": "en", "nb": "nb", "nb-NO": "nb", "nn_NO": "nb", "no": "nb", "FR-ca": "fr", "ar-EG": "ar", "de": "en", "xx\r\n": "en"} {
		if got := WordsOf(locale).Lang; got != want {
			t.Errorf("%q: %s, want %s", locale, got, want)
		}
	}
	o := whole()
	o.Locale = "ar"
	if _, p, _ := composed(t, o); !strings.Contains(p["text/html"], `<html lang="ar" dir="rtl">`) {
		t.Error("Arabic is not written from the right")
	}
}

func TestNoHeaderInjection(t *testing.T) {
	attacks := []string{
		"x\r\nBcc: eve@evil.test", "x\nBcc: eve@evil.test", "x\rBcc: eve@evil.test", "x\r\n\r\n<html>", "x\u2028Bcc: eve@evil.test", "x\u0085Bcc: eve@evil.test", "x\x00\r\nBcc: e@evil.test",
		"=?utf-8?q?x=0D=0ABcc:_eve@evil.test?=", "\"\r\nBcc: eve@evil.test", "x\" <eve@evil.test>, \"y", "x>\r\nBcc: eve@evil.test", strings.Repeat("å", 3000) + "\r\nBcc: eve@evil.test",
		"\xff\xfe\r\nBcc: eve@evil.test", " \r\n Bcc: eve@evil.test", "x\x0b\x0cBcc: eve@evil.test", "\u202ex\r\nBcc: eve@evil.test", "a\r\n.\r\nMAIL FROM:<eve@evil.test>",
	}
	fields := map[string]func(o *channel.Outgoing, s string){
		"subject": func(o *channel.Outgoing, s string) { o.Subject = s }, "name": func(o *channel.Outgoing, s string) { o.Name = s }, "sender": func(o *channel.Outgoing, s string) { o.Sender = s },
		"organisation": func(o *channel.Outgoing, s string) { o.From = s }, "group": func(o *channel.Outgoing, s string) { o.About = s }, "locale": func(o *channel.Outgoing, s string) { o.Locale = s },
		"file name": func(o *channel.Outgoing, s string) { o.Files[0].Name = s }, "file type": func(o *channel.Outgoing, s string) { o.Files[0].Type = s }, "id": func(o *channel.Outgoing, s string) { o.MessageID = s + "@x" },
		"thread": func(o *channel.Outgoing, s string) { o.InReplyTo = s + "@x" }, "stop": func(o *channel.Outgoing, s string) { o.Stop = "https://" + s }, "link": func(o *channel.Outgoing, s string) { o.Link = "https://" + s },
		"reply": func(o *channel.Outgoing, s string) { o.ReplyTo = s }, "return": func(o *channel.Outgoing, s string) { o.ReturnTo = s }, "text": func(o *channel.Outgoing, s string) { o.Text = s },
		"file link": func(o *channel.Outgoing, s string) { o.Files[0].Open, o.Files[0].Link = nil, "https://"+s },
	}
	known := map[string]bool{}
	m, _, _ := composed(t, whole())
	for field := range m.Header {
		known[field] = true
	}
	for _, f := range []string{"List-Unsubscribe", "List-Unsubscribe-Post"} {
		known[f] = true
	}
	for field, put := range fields {
		for _, attack := range attacks {
			o := whole()
			put(&o, attack)
			m, p, _ := composed(t, o)
			for f, values := range m.Header {
				if !known[f] || len(values) != 1 {
					t.Fatalf("%s %q makes the header %s: %q", field, attack, f, values)
				}
			}
			if to, err := m.Header.AddressList("To"); err != nil || len(to) != 1 || to[0].Address != "sara@example.org" {
				t.Fatalf("%s %q: to %v %v", field, attack, to, err)
			}
			if from, err := m.Header.AddressList("From"); err != nil || len(from) != 1 || from[0].Address != "crier@mail.example.org" {
				t.Fatalf("%s %q: from %v %v", field, attack, from, err)
			}
			if p["error"] != "" || p["text/plain"] == "" || p["text/html"] == "" {
				t.Fatalf("%s %q: parts %v", field, attack, p)
			}
		}
	}
	for _, bad := range append(attacks, "", "sara", "a@b, c@d", "Sara <sara@example.org>", "sara@example.org\r\n", "<sara@example.org>", "sara @example.org") {
		o := whole()
		o.Address = bad
		if _, err := (&Composer{From: "crier@mail.example.org", Clock: clock.NewFixed(testTime)}).Compose(t.Context(), o); channel.KindOf(err) != channel.Permanent {
			t.Errorf("address %q: %v", bad, err)
		}
	}
}

func TestHTMLIsEscaped(t *testing.T) {
	for _, attack := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `javascript:alert(1)`, `https://x" onmouseover="alert(1)`, `https://x'><b>`, `</main><form action=//evil>`} {
		o := whole()
		o.Subject, o.Text, o.Sender, o.From, o.About, o.Link, o.Stop = attack, attack, attack, attack, attack, attack, attack
		o.Files[0].Name, o.Files[0].Link, o.Files[0].Open = attack, attack, nil
		_, p, _ := composed(t, o)
		for _, never := range []string{"<script", "<img", "<b>", "<form", `" onmouseover`, `href="javascript`, `href=""`} {
			if strings.Contains(p["text/html"], never) {
				t.Errorf("%q stands in the page as %s:\n%s", attack, never, p["text/html"])
			}
		}
	}
}

func TestFilesCarriedAndLinked(t *testing.T) {
	big := bytes.Repeat([]byte("x"), 4<<20)
	o := whole()
	o.Files = []channel.File{file("one.bin", "", big), file("two.bin", "", big), file("three.bin", "", big[:3<<20]), file("four.bin", "", []byte("y")), {Name: "gone.bin", Size: 5, Link: "https://crier.example.org/g"}}
	_, p, _ := composed(t, o)
	for name, want := range map[string]bool{"one.bin": true, "two.bin": false, "three.bin": true, "four.bin": false, "gone.bin": false} {
		if _, ok := p["file "+name]; ok != want {
			t.Errorf("%s: carried %v", name, ok)
		}
		if linked := strings.Contains(p["text/plain"], "- "+name); linked == want {
			t.Errorf("%s: linked %v", name, linked)
		}
	}
	if !strings.Contains(p["text/html"], `">two.bin (4.0 MB)</a>`) || !strings.Contains(p["text/plain"], "https://crier.example.org/g") {
		t.Errorf("%s", p["text/plain"])
	}
	c := &Composer{From: "crier@mail.example.org", Clock: clock.NewFixed(testTime)}
	for name, f := range map[string]channel.File{
		"away":    {Name: "a", Size: 1, Open: func(context.Context) (channel.ReadCloser, error) { return nil, errors.New("away") }},
		"shorter": {Name: "a", Size: 9, Open: file("a", "", []byte("xx")).Open}, "longer": {Name: "a", Size: 1, Open: file("a", "", []byte("xx")).Open},
	} {
		o.Files = []channel.File{f}
		if _, err := c.Compose(t.Context(), o); channel.KindOf(err) != channel.Temporary || err == nil {
			t.Errorf("a file that is %s: %v", name, err)
		}
	}
	for in, want := range map[string]string{"../../etc/passwd": "passwd", `C:\x\y.pdf`: "y.pdf", "": "file", "..": "file", "a\"b.txt": "a_b.txt", strings.Repeat("å", 300) + ".pdf": strings.Repeat("å", 116) + ".pdf", "عرض.pdf": "عرض.pdf"} {
		if got := fileName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestAnswerWithoutPages: a mail to somebody who has no pages to write in does not name them, in any language.
func TestAnswerWithoutPages(t *testing.T) {
	for _, lang := range []string{"en", "nb", "sv", "fr", "ar"} {
		w := WordsOf(lang)
		o := channel.Outgoing{ReplyTo: "reply+x@mail.example.org"}
		if got := answer(w, o); got != w.AnswerMail || got == w.Answer || got == "" {
			t.Errorf("%s without pages: %q", lang, got)
		}
		o.Link = "https://crier.example.org/"
		if got := answer(w, o); got != w.Answer {
			t.Errorf("%s with pages: %q", lang, got)
		}
	}
}
