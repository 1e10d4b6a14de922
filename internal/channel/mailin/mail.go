// Package mailin reads mails that come in: it listens for them by LMTP and SMTP, parses them however
// broken they are, cuts what was quoted and signed off a reply, and tells bounces and automatic
// answers from what a person wrote. It knows addresses, not whose they are.
package mailin

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"mime"
	"net/mail"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/textproto"
	"golang.org/x/text/encoding/charmap"

	"crier/internal/channel"
	"crier/internal/shorten"
)

// Bounds of a mail. What lies beyond is left out and named in Mail.Damage; the original holds it.
const (
	MostBytes   = 25 << 20 // of a whole mail
	headerMost  = 256 << 10
	depthMost   = 20      // parts within parts
	partsMost   = 500     // parts in all
	filesMost   = 100     // attachments
	textMost    = 1 << 20 // bytes of text that are read of a part
	nameMost    = 200     // characters of a file's name
	subjectMost = 500     // characters
)

// Mail is one mail that came in.
type Mail struct {
	From       string // the address of the author, "" if there is none or several
	FromName   string
	To         []string
	Subject    string
	Date       time.Time // as its sender says; zero if they do not
	MessageID  string    // without angle brackets
	InReplyTo  []string
	References []string
	Text       string // all of it, as plain text
	Reply      string // Text without what was quoted and signed; Text if nothing else is left
	Files      []File
	Auto       Auto
	NoAnswer   bool      // its sender asks for no automatic answer
	Bounce     *Bounce   // nil: it is none
	Results    []Results // what servers say of who sent it, from the top
	Received   int       // how many servers it has passed
	Loop       bool      // it is one of our own that came back
	Damage     []string  // what could not be read, in words
}

// File is an attachment.
type File struct {
	Name   string // as it was sent, without folders and control characters; "" if it has none
	Type   string // media type, as it was sent
	Bytes  []byte
	Inline bool   // shown within the text
	ID     string // Content-ID without angle brackets
}

// Parse is ParseFor without knowledge of our addresses.
func Parse(raw []byte) (*Mail, error) { return ParseFor(raw, nil) }

// ParseFor reads a mail. It reads what it can: an error means that there is no mail at all. known
// tells which addresses are ours, beside those that the mail is sent to: what quotes a mail between
// them and the author is cut, while a mail of somebody else that the author passes on stays.
func ParseFor(raw []byte, known func(address string) bool) (*Mail, error) {
	if len(raw) > MostBytes {
		return nil, errors.New("the mail is too large")
	}
	h, body, err := readHeader(raw)
	if err != nil {
		return nil, errors.Join(errors.New("the mail's header cannot be read"), err)
	}
	m := &Mail{}
	m.head(h)
	p := parser{mail: m}
	p.part(h, body, 0)
	marked := p.text()
	m.Text = strings.ReplaceAll(marked, literal, "")
	if m.Bounce = p.bounce; m.Bounce == nil {
		m.Bounce = looseBounce(m, h)
	} else {
		m.Bounce.MessageID = p.returned
	}
	m.Auto, m.NoAnswer = automatic(h, m.Subject)
	if m.Bounce != nil {
		m.Auto, m.NoAnswer = AutoBounce, true
	}
	own := map[string]bool{}
	for _, to := range m.To {
		own[strings.ToLower(to)] = true
	}
	delete(own, strings.ToLower(m.From))
	ours := func(address string) bool {
		return own[strings.ToLower(address)] || known != nil && known(address)
	}
	m.Reply = strings.ReplaceAll(cut(marked, ours), literal, "")
	return m, nil
}

// WasCut reports whether Reply lacks something of Text: more than the space between words.
func (m *Mail) WasCut() bool { return line(m.Text) != line(m.Reply) }

// readHeader reads the header of a mail, or of one within it; body is the rest.
func readHeader(raw []byte) (h message.Header, body io.Reader, err error) {
	r := bufio.NewReader(bytes.NewReader(mended(raw)))
	fields, err := textproto.ReadHeader(r)
	return message.Header{Header: fields}, r, err
}

// mended makes a header readable that some programs would not: lines that are none are dropped, and one that begins with
// "From " too. The body stays as it is.
func mended(raw []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(raw))
	rest, kept := raw, false
	for len(rest) > 0 {
		line := rest
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			line = rest[:i+1]
		}
		rest = rest[len(line):]
		bare := bytes.TrimRight(line, "\r\n")
		if len(bare) == 0 {
			break
		}
		if out.Len()+len(bare) > headerMost {
			kept = false // the rest of the header is more than anybody needs
			continue
		}
		switch {
		case bare[0] == ' ' || bare[0] == '\t':
			if !kept {
				continue
			}
		case !fieldLine(bare):
			kept = false
			continue
		default:
			if kept = len(bare) <= 64<<10; !kept {
				continue
			}
		}
		out.Write(bytes.ReplaceAll(bare, []byte{0}, nil))
		out.WriteString("\r\n")
	}
	out.WriteString("\r\n")
	out.Write(rest)
	return out.Bytes()
}

// fieldLine reports whether a line begins a header field (RFC 5322 section 2.2).
func fieldLine(line []byte) bool {
	i := bytes.IndexByte(line, ':')
	if i < 1 {
		return false
	}
	for _, c := range bytes.TrimRight(line[:i], " \t") {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

func (m *Mail) head(h message.Header) {
	m.Subject = shorten.Text(line(Clean(decodeWords(h.Get("Subject")))), subjectMost)
	if from := addresses(h.Get("From")); len(from) == 1 {
		m.From, m.FromName = from[0].Address, shorten.Text(line(Clean(from[0].Name)), nameMost)
	}
	for _, a := range addresses(h.Get("To")) {
		m.To = append(m.To, a.Address)
	}
	m.Date, _ = mail.ParseDate(h.Get("Date")) // a date that is none is not said
	if ids := messageIDs(h.Get("Message-Id")); len(ids) > 0 {
		m.MessageID = ids[0]
	}
	m.InReplyTo, m.References = messageIDs(h.Get("In-Reply-To")), messageIDs(h.Get("References"))
	for f := h.FieldsByKey("Received"); f.Next(); {
		m.Received++
	}
	m.Results = results(h)
	m.Loop = h.Has(OwnHeader)
}

// OwnHeader marks the mails that we send: one that comes back is going round.
const OwnHeader = channel.OwnHeader

// addresses reads a list of them, leniently; what cannot be read is none.
func addresses(field string) []*mail.Address {
	p := mail.AddressParser{WordDecoder: &mime.WordDecoder{CharsetReader: charsetReader}}
	list, err := p.ParseList(field)
	if err != nil {
		if i, j := strings.LastIndexByte(field, '<'), strings.LastIndexByte(field, '>'); i >= 0 && j > i && strings.Count(field, "<") == 1 {
			if a, err := mail.ParseAddress(field[i : j+1]); err == nil {
				return []*mail.Address{a}
			}
		}
		return nil
	}
	return list
}

// messageIDs are the ids of a field, at most 50, without angle brackets.
func messageIDs(field string) []string {
	var out []string
	for len(out) < 50 {
		i := strings.IndexByte(field, '<')
		if i < 0 {
			break
		}
		j := strings.IndexByte(field[i:], '>')
		if j < 0 {
			break
		}
		if id := strings.TrimSpace(field[i+1 : i+j]); id != "" && len(id) <= 500 && utf8.ValidString(id) {
			out = append(out, id)
		}
		field = field[i+j+1:]
	}
	return out
}

// Clean makes a text that a database takes: valid UTF-8, without NUL and other controls but line
// breaks and tabs. Controls of the second set (U+0080 to U+009F) are what is left of windows-1252.
func Clean(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(mendUTF8([]byte(s)))
	return strings.Map(func(r rune) rune {
		if 0x80 <= r && r <= 0x9f {
			r = charmap.Windows1252.DecodeByte(byte(r))
		}
		if r == '\n' || r == '\t' {
			return r
		}
		if unicode.IsControl(r) || r == '\ufeff' || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
}

// line is a text as one line.
func line(s string) string { return strings.Join(strings.Fields(s), " ") }

// fileName is a name without folders and what no name should hold.
func fileName(name string) string {
	if name = line(Clean(name)); name == "" {
		return ""
	}
	return shorten.Text(strings.Trim(path.Base(strings.ReplaceAll(name, `\`, "/")), "/ "), nameMost)
}
