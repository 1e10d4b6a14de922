package mailin

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/textproto"

	"crier/internal/shorten"
)

// parser walks the parts of a mail.
type parser struct {
	mail     *Mail
	parts    int
	plain    []string // texts to be shown one after the other
	bounce   *Bounce
	returned string // Message-ID of the mail that a bounce brings back
	calendar string // what an invitation or its answer says, in words
}

func (p *parser) damage(what string) {
	if len(p.mail.Damage) < 10 {
		p.mail.Damage = append(p.mail.Damage, what)
	}
}

// text is the whole text.
func (p *parser) text() string {
	t := strings.TrimSpace(strings.Join(p.plain, "\n\n"))
	if t == "" {
		t = p.calendar
	}
	if len(t) > 2*textMost {
		t = strings.ToValidUTF8(t[:2*textMost], "")
	}
	return t
}

// part reads one part and those within.
func (p *parser) part(h message.Header, body io.Reader, depth int) {
	if p.parts++; p.parts > partsMost || depth > depthMost {
		p.damage("it has too many parts")
		return
	}
	kind, params := parameters(h.Get("Content-Type"))
	if strings.HasPrefix(kind, "multipart/") && params["boundary"] != "" {
		p.multipart(h, body, kind, params["boundary"], depth)
		return
	}
	disposition, dparams := parameters(h.Get("Content-Disposition"))
	name := dparams["filename"]
	if name == "" {
		name = params["name"]
	}
	attached := disposition == "attachment"
	if !strings.Contains(kind, "/") { // none, or one that is no type
		if kind = "text/plain"; attached || name != "" {
			kind = "application/octet-stream"
		}
	}
	switch {
	case kind == "message/delivery-status" || kind == "message/global-delivery-status":
		// RFC 3464; RFC 6533 for addresses in UTF-8
		p.bounce = deliveryStatus(p.bytes(h, body, textMost))
	case depth > 0 && p.bounce != nil && returned[kind]:
		if inner, _, err := readHeader(p.bytes(h, body, headerMost)); err == nil {
			if ids := messageIDs(inner.Get("Message-Id")); len(ids) > 0 {
				p.returned = ids[0]
			}
		}
	case signatures[kind]: // says nothing to a reader
	case (kind == "text/plain" || strings.HasPrefix(kind, "multipart/")) && p.isText(attached, name):
		p.plain = append(p.plain, flowed(Clean(p.string(h, body, params["charset"], false)), params))
	case kind == "text/html" && p.isText(attached, name):
		p.plain = append(p.plain, Text(p.string(h, body, params["charset"], true)))
	default:
		p.file(h, body, kind, name, disposition)
	}
}

// isText reports whether a part with words is shown as such: the first one is, whatever its name,
// unless it is called an attachment; a later one if it has no name.
func (p *parser) isText(attached bool, name string) bool {
	return !attached && (name == "" || strings.TrimSpace(strings.Join(p.plain, "")) == "")
}

var (
	// The kinds of part that hold the mail that a bounce brings back, or its header.
	returned = map[string]bool{
		"message/rfc822": true, "text/rfc822-headers": true, "message/global": true, "message/global-headers": true,
	}
	// The kinds of part that are signatures by S/MIME and PGP.
	signatures = map[string]bool{
		"application/pkcs7-signature": true, "application/x-pkcs7-signature": true, "application/pgp-signature": true,
	}
)

// multipart reads the parts of one. Of alternatives one is shown: see better.
func (p *parser) multipart(h message.Header, body io.Reader, kind, boundary string, depth int) {
	if enc := h.Get("Content-Transfer-Encoding"); strings.EqualFold(strings.TrimSpace(enc), "base64") {
		// RFC 2045 section 6.4 forbids it, so most who claim it have not done it.
		raw, err := io.ReadAll(body)
		if err == nil && !bytes.Contains(raw, []byte("--"+boundary)) {
			raw, _ = untransferred(raw, enc)
		}
		body = bytes.NewReader(raw)
	}
	r := textproto.NewMultipartReader(body, boundary)
	best := alternative{}
	for first := true; ; first = false {
		e, err := r.NextPart()
		if e == nil {
			if !errors.Is(err, io.EOF) && first {
				p.damage("its parts cannot be told apart")
			}
			break
		}
		part := message.Header{Header: e.Header}
		if kind != "multipart/alternative" {
			p.part(part, e, depth+1)
		} else {
			// Each alternative is read by itself, and the best is kept.
			sub := parser{mail: p.mail, parts: p.parts, bounce: p.bounce, returned: p.returned}
			sub.part(part, e, depth+1)
			p.parts, p.bounce, p.returned = sub.parts, sub.bounce, sub.returned
			if p.calendar == "" {
				p.calendar = sub.calendar
			}
			k, _ := parameters(part.Get("Content-Type"))
			best = better(best, alternative{text: sub.plain, plain: k == "" || k == "text/plain"})
		}
		if p.parts > partsMost {
			break
		}
	}
	p.plain = append(p.plain, best.text...)
}

// alternative is what one alternative of a part says.
type alternative struct {
	text  []string
	plain bool // it is plain text, and not markup made plain
}

func (a alternative) empty() bool { return strings.TrimSpace(strings.Join(a.text, "")) == "" }

// better returns which of two alternatives is shown: one that says something, plain text rather
// than markup, the later of two alike (RFC 2046 section 5.1.4). A plain text that only says that
// one needs a program for HTML counts for nothing beside the HTML.
func better(a, b alternative) alternative {
	switch {
	case b.empty():
		return a
	case a.empty():
		return b
	case a.plain && !b.plain:
		if needsHTML(a, b) {
			return b
		}
		return a
	case b.plain && !a.plain && needsHTML(b, a):
		return a
	}
	return b
}

func needsHTML(plain, markup alternative) bool {
	says := strings.Join(plain.text, " ")
	return len(says) < 400 && mentionsHTML(says) && !mentionsHTML(strings.Join(markup.text, " "))
}

func mentionsHTML(s string) bool { return strings.Contains(strings.ToLower(s), "html") }

// file keeps an attachment, and every part that is no text.
func (p *parser) file(h message.Header, body io.Reader, kind, name, disposition string) {
	if len(p.mail.Files) >= filesMost {
		p.damage("it has too many attachments")
		return
	}
	f := File{Name: fileName(name), Type: kind, Bytes: p.bytes(h, body, MostBytes), Inline: disposition == "inline"}
	if ids := messageIDs(h.Get("Content-Id")); len(ids) > 0 {
		f.ID, f.Inline = ids[0], f.Inline || disposition == ""
	}
	switch {
	case kind != "message/rfc822" && kind != "message/global":
	case f.Name == "":
		f.Name = mailName(f.Bytes)
	case !strings.HasSuffix(strings.ToLower(f.Name), ".eml"):
		f.Name += ".eml"
	}
	if kind == "text/calendar" && p.calendar == "" {
		p.calendar = calendarWords(string(f.Bytes), p.mail.Date.Year())
	}
	p.mail.Files = append(p.mail.Files, f)
}

// mailName is what an attached mail is called: by its subject.
func mailName(raw []byte) string {
	name := ""
	if h, _, err := readHeader(raw); err == nil {
		name = fileName(strings.ReplaceAll(shorten.Text(line(Clean(decodeWords(h.Get("Subject")))), 80), "/", "-"))
	}
	if name == "" {
		name = "mail"
	}
	return name + ".eml"
}

// bytes reads a part's body, decoded, as far as it can be.
func (p *parser) bytes(h message.Header, body io.Reader, most int) []byte {
	raw, err := io.ReadAll(body)
	if err != nil {
		p.damage("a part is broken")
	}
	b, known := untransferred(raw, h.Get("Content-Transfer-Encoding"))
	if !known {
		p.damage("a part has an unknown encoding")
	}
	if len(b) > most {
		b = b[:most]
		p.damage("a part is too long")
	}
	return b
}

func (p *parser) string(h message.Header, body io.Reader, charset string, markup bool) string {
	return decode(p.bytes(h, body, textMost), charset, markup)
}

// literal leads a line that begins with ">" and is no quotation, until Cut has done its work.
const literal = "\x01"

// flowed joins the lines of a format=flowed text (RFC 3676).
func flowed(s string, params map[string]string) string {
	if !strings.EqualFold(params["format"], "flowed") {
		return s
	}
	var out strings.Builder
	delsp := strings.EqualFold(params["delsp"], "yes")
	lines := strings.Split(s, "\n")
	depth := -1 // of the line that goes on, -1: none does
	for i, l := range lines {
		quoted := len(l) - len(strings.TrimLeft(l, ">"))
		body := l[quoted:]
		if depth == quoted {
			out.WriteString(strings.TrimPrefix(body, " "))
		} else {
			if i > 0 {
				if depth >= 0 {
					out.WriteByte('\n')
				}
			}
			out.WriteString(l[:quoted])
			if quoted == 0 {
				if body = strings.TrimPrefix(body, " "); strings.HasPrefix(body, ">") {
					out.WriteString(literal)
				}
			}
			out.WriteString(body)
		}
		if strings.HasSuffix(body, " ") && body != "-- " && i+1 < len(lines) {
			depth = quoted
			if delsp {
				s := strings.TrimSuffix(out.String(), " ")
				out.Reset()
				out.WriteString(s)
			}
			continue
		}
		depth = -1
		if i+1 < len(lines) {
			out.WriteByte('\n')
		}
	}
	return out.String()
}
