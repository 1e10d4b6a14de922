package mailin

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"strings"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/charset"
)

// parser walks the parts of a mail.
type parser struct {
	mail     *Mail
	parts    int
	plain    []string // texts to be shown one after the other
	bounce   *Bounce
	returned string // Message-ID of the mail that a bounce brings back
}

func (p *parser) damage(what string) {
	if len(p.mail.Damage) < 10 {
		p.mail.Damage = append(p.mail.Damage, what)
	}
}

// text is the whole text.
func (p *parser) text() string {
	t := strings.TrimSpace(strings.Join(p.plain, "\n\n"))
	if len(t) > 2*textMost {
		t = strings.ToValidUTF8(t[:2*textMost], "")
	}
	return t
}

// part reads one part and those within. err is what was unknown about its encoding.
func (p *parser) part(e *message.Entity, depth int, err error) {
	if p.parts++; p.parts > partsMost || depth > depthMost {
		p.damage("it has too many parts")
		return
	}
	kind, params, _ := e.Header.ContentType() // "" is read as text/plain
	kind = strings.ToLower(kind)
	if r := e.MultipartReader(); r != nil && params["boundary"] != "" {
		p.multipart(r, kind, depth)
		return
	}
	if err != nil && kind != "" && !message.IsUnknownCharset(err) {
		p.damage("a part has an unknown encoding")
	}
	disposition, dparams, _ := e.Header.ContentDisposition()
	name := partName(params, dparams)
	attached := strings.EqualFold(disposition, "attachment")
	switch {
	case kind == "message/delivery-status" || kind == "message/global-delivery-status": // RFC 3464; RFC 6533 for addresses in UTF-8
		p.bounce = deliveryStatus(p.bytes(e, textMost))
	case depth > 0 && p.bounce != nil && (kind == "message/rfc822" || kind == "text/rfc822-headers" || kind == "message/global" || kind == "message/global-headers"):
		if h, err := message.ReadWithOptions(bytes.NewReader(mended(p.bytes(e, headerMost))), &message.ReadOptions{MaxHeaderBytes: 2 * headerMost}); h != nil || err == nil {
			if ids := messageIDs(h.Header.Get("Message-Id")); len(ids) > 0 {
				p.returned = ids[0]
			}
		}
	case !attached && name == "" && (kind == "" || kind == "text/plain" || strings.HasPrefix(kind, "multipart/")):
		p.plain = append(p.plain, flowed(p.string(e), params))
	case !attached && name == "" && kind == "text/html":
		p.plain = append(p.plain, Text(p.string(e)))
	default:
		p.file(e, kind, name, disposition)
	}
}

// multipart reads the parts of one. Of alternatives the plain text counts, if it says anything; else the HTML.
func (p *parser) multipart(r message.MultipartReader, kind string, depth int) {
	defer func() { _ = r.Close() }()
	if kind != "multipart/alternative" {
		p.each(r, depth, p)
		return
	}
	// Each alternative is read by itself, and the best is kept.
	var best []string
	rank := -1
	for first := true; ; first = false {
		e, err := r.NextPart()
		if e == nil {
			if !errors.Is(err, io.EOF) && first {
				p.damage("its parts cannot be told apart")
			}
			break
		}
		sub := parser{mail: p.mail, parts: p.parts, bounce: p.bounce, returned: p.returned}
		sub.part(e, depth+1, err)
		p.parts, p.bounce, p.returned = sub.parts, sub.bounce, sub.returned
		if p.parts > partsMost {
			break
		}
		if strings.TrimSpace(strings.Join(sub.plain, "")) == "" {
			continue
		}
		k, _, _ := e.Header.ContentType()
		r := 1
		if k == "" || strings.EqualFold(k, "text/plain") {
			r = 2
		}
		if r > rank {
			best, rank = sub.plain, r
		}
	}
	p.plain = append(p.plain, best...)
}

func (p *parser) each(r message.MultipartReader, depth int, into *parser) {
	for first := true; ; first = false {
		e, err := r.NextPart()
		if e == nil {
			if !errors.Is(err, io.EOF) && first {
				p.damage("its parts cannot be told apart")
			}
			return
		}
		into.part(e, depth+1, err)
		if into.parts > partsMost {
			return
		}
	}
}

// file keeps an attachment, and every part that is no text.
func (p *parser) file(e *message.Entity, kind, name, disposition string) {
	if len(p.mail.Files) >= filesMost {
		p.damage("it has too many attachments")
		return
	}
	f := File{Name: fileName(name), Type: kind, Bytes: p.bytes(e, MostBytes), Inline: strings.EqualFold(disposition, "inline")}
	if ids := messageIDs(e.Header.Get("Content-Id")); len(ids) > 0 {
		f.ID, f.Inline = ids[0], f.Inline || disposition == ""
	}
	if f.Name == "" && kind == "message/rfc822" {
		f.Name = "mail.txt"
	}
	p.mail.Files = append(p.mail.Files, f)
}

// bytes reads a part's body, decoded, as far as it can be.
func (p *parser) bytes(e *message.Entity, most int64) []byte {
	b, err := io.ReadAll(io.LimitReader(e.Body, most+1))
	if int64(len(b)) > most {
		b = b[:most]
		p.damage("a part is too long")
	}
	if err != nil {
		p.damage("a part is broken")
	}
	return b
}

func (p *parser) string(e *message.Entity) string { return Clean(string(p.bytes(e, textMost))) }

var words = &mime.WordDecoder{CharsetReader: charset.Reader}

// partName is the name that a part has: filename, name, either of them encoded by RFC 2231 or, as many programs do, by
// RFC 2047.
func partName(params, dparams map[string]string) string {
	name := dparams["filename"]
	if name == "" {
		name = params["name"]
	}
	if d, err := words.DecodeHeader(name); err == nil {
		name = d
	}
	return name
}

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
				body = strings.TrimPrefix(body, " ")
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
