package mailin

import (
	"bufio"
	"bytes"
	"net/textproto"
	"regexp"
	"strings"

	"github.com/emersion/go-message"

	"crier/internal/shorten"
)

// Bounce is what a server says became of a mail of ours (RFC 3464).
type Bounce struct {
	Recipients []Bounced
	MessageID  string // of the mail that came back, "" if it is not said
}

// Bounced is one recipient of a bounce.
type Bounced struct {
	Address    string // the original recipient if it is said, else the final one
	Final      string // the final recipient, "" if it is not said
	Action     string // failed, delayed, delivered, relayed, expanded
	Status     string // RFC 3463, as in 5.1.1
	Diagnostic string // the far server's words, at most 500 characters
}

// Failed reports whether the mail has not arrived and will not.
func (b Bounced) Failed() bool { return b.Action == "failed" }

// Permanent reports whether the address is at fault for good: another mail would fare no better. A
// full mailbox, a mail that is too large, and what blames the sender, the content or a policy say
// nothing about the address.
func (b Bounced) Permanent() bool {
	return b.Failed() && addressFault[b.Status] && !blamesSender.MatchString(b.Diagnostic)
}

var (
	// The codes by which servers say that an address does not exist or takes no mail (RFC 3463,
	// RFC 7505). 5.1.7 and 5.1.8 blame the sender's address, 5.7.x a policy.
	addressFault = map[string]bool{
		"5.0.0": true, "5.1.0": true, "5.1.1": true, "5.1.2": true, "5.1.3": true, "5.1.4": true, "5.1.5": true,
		"5.1.6": true, "5.1.10": true, "5.2.0": true, "5.2.1": true, "5.4.1": true, "5.4.4": true,
	}
	blamesSender = regexp.MustCompile(`(?i)\b(spf|dkim|dmarc|rbl|dnsbl|spam\w*|black-?list\w*|block-?list\w*|denylist\w*|reputation|polic(y|ies)|virus|malware|content|phishing|outbound|rate|too (many|fast)|(bad|your|invalid) (\w+ )?(sender|ip)|sender (address )?(rejected|denied|blocked|verif\w+)|from (this|your) (ip|host|server|domain))\b`)
)

// Of returns what is said of one address; nothing if it is not named.
func (b *Bounce) Of(address string) *Bounce {
	out := &Bounce{MessageID: b.MessageID}
	for _, r := range b.Recipients {
		if strings.EqualFold(r.Address, address) || strings.EqualFold(r.Final, address) {
			out.Recipients = append(out.Recipients, r)
		}
	}
	return out
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

const maxRecipients = 100

// deliveryStatus reads the part that says it: one block of fields on the mail, one on each recipient.
func deliveryStatus(b []byte) *Bounce {
	out := &Bounce{}
	r := textproto.NewReader(bufio.NewReader(bytes.NewReader(b)))
	for range maxRecipients {
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
	if b.Final = typed(h.Get("Final-Recipient")); b.Address == "" {
		b.Address = b.Final
	}
	b.Diagnostic = shorten.Text(line(Clean(typed(h.Get("Diagnostic-Code")))), 500)
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

// looseBounce reads a bounce that is no report, as older servers write: with the recipients in a
// field of its own, or from a mailer daemon or postmaster who names a code, writes to the address
// that bounces go to, or has a subject that says so. Its recipients are all addresses that it names.
func looseBounce(m *Mail, h message.Header) *Bounce {
	local, _, _ := strings.Cut(strings.ToLower(m.From), "@")
	failed := h.Get("X-Failed-Recipients")
	code := status.FindString(m.Text)
	switch {
	case failed != "", local == "mailer-daemon":
	case local == "postmaster" && (failingCode(code) || undelivered.MatchString(m.Subject) || toBounces(m.To)):
	default:
		return nil
	}
	if code == "" {
		code = "4.0.0"
	}
	named := addressed.FindAllString(failed, maxRecipients)
	if named == nil {
		named = addressed.FindAllString(m.Text, maxRecipients)
	}
	if named == nil {
		named = []string{""}
	}
	out := &Bounce{}
	for _, a := range named {
		out.Recipients = append(out.Recipients, Bounced{Address: a, Action: "failed", Status: code, Diagnostic: shorten.Text(line(m.Text), 500)})
	}
	return out
}

func failingCode(code string) bool {
	return strings.HasPrefix(code, "4.") || strings.HasPrefix(code, "5.")
}

func toBounces(to []string) bool {
	for _, a := range to {
		if strings.HasPrefix(strings.ToLower(a), "bounce+") {
			return true
		}
	}
	return false
}

var undelivered = regexp.MustCompile(`(?i)(undeliver|delivery (status )?(notification|fail)|failure notice|returned mail|mail delivery|non (remis|distribu)|échec de (la )?(remise|distribution)|unzustellbar|nicht zustellbar|ikke (levert|leveres|leverbar)|kunne ikke leveres|kunde inte levereras|inte att leverera|olevererbar|no se puede entregar|recapito non riuscito|onbestelbaar|toimittaminen epäonnistui|nie dostarczono|не доставлено)`)
