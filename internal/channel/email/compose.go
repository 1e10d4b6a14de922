package email

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	netmail "net/mail"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wneessen/go-mail"

	"crier/internal/channel"
	"crier/internal/clock"
	"crier/internal/shorten"
)

// CarryMost is the most bytes of attachments that one mail carries together; what lies beyond is linked to.
const CarryMost = 7 << 20

// Limits of header texts, in characters.
const (
	subjectMost = 250
	nameMost    = 100
	fileMost    = 120
)

// Composer makes mails. From is the address that they come from, as in crier@mail.example.org; each has the
// organisation's name beside it.
type Composer struct {
	From  string
	Clock clock.Clock
}

// Mail is a composed mail.
type Mail struct {
	From    string // name and address, as the header has it
	Subject string
	Text    string
	HTML    string
	Linked  []channel.File // attachments that are linked to
	msg     *mail.Msg
}

// Compose makes the mail of a text. Errors are *channel.Error: Permanent for a recipient's address that is none, Temporary for a
// file that cannot be read.
func (c *Composer) Compose(ctx context.Context, o channel.Outgoing) (*Mail, error) {
	w := WordsOf(o.Locale)
	m := &Mail{Subject: line(o.Subject, subjectMost), msg: mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithEncoding(mail.EncodingQP))}
	if m.Subject == "" {
		m.Subject = line(Say(w.NoSubject, o.From), subjectMost)
	}
	carried, linked, err := carry(ctx, o.Files)
	if err != nil {
		return nil, err
	}
	m.Linked = linked
	m.Text, m.HTML = textOf(w, o, linked), htmlOf(w, o, m.Subject, linked)
	if err := c.head(m, o, w); err != nil {
		return nil, err
	}
	m.msg.SetBodyString(mail.TypeTextPlain, m.Text)
	m.msg.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	for _, f := range carried {
		if err := attach(m.msg, f); err != nil {
			return nil, &channel.Error{Kind: channel.Temporary, Code: "file", Detail: "an attached file could not be read", Err: err}
		}
	}
	return m, nil
}

// Raw is the mail as it goes out, without its DKIM signature.
func (m *Mail) Raw() ([]byte, error) {
	var b bytes.Buffer
	_, err := m.msg.WriteTo(&b)
	return b.Bytes(), err
}

// head writes the header. Names and subject have no control characters left, addresses are parsed: nothing of them can
// begin a line of its own.
func (c *Composer) head(m *Mail, o channel.Outgoing, w *Words) error {
	msg := m.msg
	from := line(o.From, nameMost)
	if s := line(o.Sender, nameMost); s != "" && from != "" {
		from = s + ", " + from
	}
	ours, err := address(c.From)
	if err != nil {
		return &channel.Error{Kind: channel.Provider, Code: "sender", Detail: "the address that mails come from is not valid", Err: err}
	}
	msg.FromMailAddress(&netmail.Address{Name: from, Address: ours})
	if m.From = ours; from != "" {
		m.From = from + " <" + ours + ">"
	}
	to, err := address(o.Address)
	if err != nil {
		return &channel.Error{Kind: channel.Permanent, Code: "5.1.3", Detail: "the address is not valid", Err: err}
	}
	msg.ToMailAddress(&netmail.Address{Name: line(o.Name, nameMost), Address: to})
	if o.ReturnTo != "" {
		if back, err := address(o.ReturnTo); err == nil {
			msg.EnvelopeFromMailAddress(&netmail.Address{Address: back})
		}
	}
	if o.ReplyTo != "" {
		if back, err := address(o.ReplyTo); err == nil {
			msg.ReplyToMailAddress(&netmail.Address{Name: line(o.From, nameMost), Address: back})
		}
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(c.Clock.Now())
	if id := messageID(o.MessageID); id != "" {
		msg.SetMessageIDWithValue(id)
	}
	if id := messageID(o.InReplyTo); id != "" {
		msg.SetGenHeader(mail.HeaderInReplyTo, "<"+id+">")
		msg.SetGenHeader(mail.HeaderReferences, "<"+id+">")
	}
	if stop := link(o.Stop); stop != "" {
		msg.SetGenHeader(mail.HeaderListUnsubscribe, "<"+stop+">")
		if strings.HasPrefix(stop, "https://") { // RFC 8058, section 3.1
			msg.SetGenHeader(mail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
		}
	}
	if o.Automatic {
		msg.SetGenHeader("Auto-Submitted", "auto-generated")
	}
	msg.SetGenHeader(mail.HeaderContentLang, w.Lang)
	msg.SetGenHeader(channel.OwnHeader, "1")
	return nil
}

// address returns the bare address, if it is one and only that.
func address(s string) (string, error) {
	a, err := netmail.ParseAddress(s)
	if err != nil {
		return "", err
	}
	if a.Address != strings.TrimSpace(s) || a.Name != "" || strings.ContainsFunc(a.Address, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
		return "", fmt.Errorf("not a bare address")
	}
	return a.Address, nil
}

// messageID returns an id that fits between angle brackets, else "".
func messageID(id string) string {
	if strings.Count(id, "@") != 1 || len(id) > 200 || strings.ContainsFunc(id, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`<>()[]",:;\`, r)
	}) {
		return ""
	}
	return id
}

// link returns a web address that fits between angle brackets and into an attribute, else "".
func link(s string) string {
	if !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") || len(s) > 900 ||
		strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`<>"'\`, r) }) {
		return ""
	}
	return s
}

// loaded is a file that a mail carries.
type loaded struct {
	channel.File
	bytes []byte
}

// carry reads the files that fit, in their order, and returns the others.
func carry(ctx context.Context, files []channel.File) (carried []loaded, linked []channel.File, err error) {
	total := int64(0)
	for _, f := range files {
		if f.Open == nil || f.Size < 0 || total+f.Size > CarryMost {
			linked = append(linked, f)
			continue
		}
		b, err := read(ctx, f)
		if err != nil {
			return nil, nil, &channel.Error{Kind: channel.Temporary, Code: "file", Detail: "an attached file could not be read", Err: err}
		}
		total += f.Size
		carried = append(carried, loaded{f, b})
	}
	return carried, linked, nil
}

func read(ctx context.Context, f channel.File) ([]byte, error) {
	r, err := f.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // it was only read
	b, err := io.ReadAll(io.LimitReader(r, f.Size+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) != f.Size {
		return nil, fmt.Errorf("%d bytes of %d", len(b), f.Size)
	}
	return b, nil
}

// attach adds a file. Its name is cleaned, and written as RFC 2231 says.
func attach(msg *mail.Msg, f loaded) error {
	name := fileName(f.Name)
	kind := f.Type
	if _, _, err := mime.ParseMediaType(kind); err != nil || strings.HasPrefix(strings.ToLower(kind), "multipart/") || strings.HasPrefix(strings.ToLower(kind), "message/") {
		kind = "application/octet-stream"
	}
	kind, _, _ = mime.ParseMediaType(kind) // its parameters are the sender's: they are not ours to repeat
	return msg.AttachReader(name, strings.NewReader(string(f.bytes)), mail.WithFileEncoding(mail.EncodingB64), func(file *mail.File) {
		file.Header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		file.Header.Set("Content-Type", mime.FormatMediaType(kind, map[string]string{"name": name}))
	})
}

// fileName is a name without ways, control characters and quotes.
func fileName(name string) string {
	name = path.Base(strings.ReplaceAll(line(name, 1000), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`"/:<>?|*`, r) {
			return '_'
		}
		return r
	}, name)
	if name == "" || strings.Trim(name, "._ ") == "" {
		name = "file"
	}
	if end := path.Ext(name); utf8.RuneCountInString(name) > fileMost {
		if utf8.RuneCountInString(end) > 10 {
			end = ""
		}
		name = shorten.With(name, fileMost, end)
	}
	return name
}
