package mailin

import (
	"bufio"
	"bytes"
	"net/textproto"
	"regexp"
	"strings"

	"github.com/emersion/go-message"
)

// Bounce is what a server says became of a mail of ours (RFC 3464).
type Bounce struct {
	Recipients []Bounced
	MessageID  string // of the mail that came back, "" if it is not said
}

// Bounced is one recipient of a bounce.
type Bounced struct {
	Address    string // the original recipient if it is said, else the final one
	Action     string // failed, delayed, delivered, relayed, expanded
	Status     string // RFC 3463, as in 5.1.1
	Diagnostic string // the far server's words, at most 500 characters
}

// Failed reports whether the mail has not arrived and will not.
func (b Bounced) Failed() bool { return b.Action == "failed" }

// Permanent reports whether the address is at fault for good: another mail would fare no better. A full mailbox, a
// mail that is too large or refused for what it holds say nothing about the address.
func (b Bounced) Permanent() bool {
	if !b.Failed() || !strings.HasPrefix(b.Status, "5.") {
		return false
	}
	switch {
	case strings.HasPrefix(b.Status, "5.1."), b.Status == "5.2.1", b.Status == "5.0.0", b.Status == "5.4.1", b.Status == "5.4.4":
		return true
	}
	return false
}

// Worst is the recipient that says most; zero if there is none.
func (b *Bounce) Worst() Bounced {
	var out Bounced
	for _, r := range b.Recipients {
		if out.Action == "" || r.Permanent() && !out.Permanent() || r.Failed() && !out.Failed() {
			out = r
		}
	}
	return out
}

const recipientsMost = 100

// deliveryStatus reads the part that says it: one block of fields on the mail, one on each recipient.
func deliveryStatus(b []byte) *Bounce {
	out := &Bounce{}
	r := textproto.NewReader(bufio.NewReader(bytes.NewReader(b)))
	for range recipientsMost {
		h, err := r.ReadMIMEHeader()
		if b := bounced(h); b.Action != "" || b.Address != "" {
			out.Recipients = append(out.Recipients, b)
		}
		if err != nil {
			break
		}
	}
	return out
}

func bounced(h textproto.MIMEHeader) Bounced {
	b := Bounced{Action: strings.ToLower(first(h.Get("Action"))), Status: status.FindString(h.Get("Status")), Address: typed(h.Get("Original-Recipient"))}
	if b.Address == "" {
		b.Address = typed(h.Get("Final-Recipient"))
	}
	b.Diagnostic = clip(line(Clean(typed(h.Get("Diagnostic-Code")))), 500)
	if b.Status == "" {
		b.Status = status.FindString(b.Diagnostic)
	}
	return b
}

var status = regexp.MustCompile(`\b[245]\.\d{1,3}\.\d{1,3}\b`)

func first(s string) string {
	if f := strings.Fields(s); len(f) > 0 {
		return f[0]
	}
	return ""
}

// typed is the value of "rfc822; anna@example.org".
func typed(s string) string {
	if _, v, ok := strings.Cut(s, ";"); ok {
		s = v
	}
	return strings.Trim(strings.TrimSpace(Clean(s)), "<>")
}

// looseBounce reads a bounce that is no report, as older servers write: from a mailer daemon, or with the
// recipients in a field of its own. It says that the mail failed, not why.
func looseBounce(m *Mail, h message.Header) *Bounce {
	local, _, _ := strings.Cut(strings.ToLower(m.From), "@")
	failed := h.Get("X-Failed-Recipients")
	if failed == "" && (local != "mailer-daemon" && local != "postmaster" || !undelivered.MatchString(m.Subject)) {
		return nil
	}
	b := Bounced{Action: "failed", Address: line(Clean(failed)), Status: status.FindString(m.Text)}
	if b.Status == "" {
		b.Status = "4.0.0"
	}
	return &Bounce{Recipients: []Bounced{b}}
}

var undelivered = regexp.MustCompile(`(?i)(undeliver|delivery (status )?(notification|fail)|failure notice|returned mail|mail delivery|non remis|unzustellbar|ikke levert|kunne ikke leveres|kunde inte levereras)`)
