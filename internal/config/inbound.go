package config

import (
	"net"
	"strings"

	"crier/internal/fault"
)

// checkInbound finds what is wrong with the settings of what comes in.
func (c *Config) checkInbound() []fault.Detail {
	var out []fault.Detail
	bad := func(field, message string) { out = append(out, fault.Detail{Field: field, Message: message}) }
	for _, l := range []struct{ field, addr string }{{"lmtp-addr", c.LMTPAddr}, {"smtp-in-addr", c.SMTPInAddr}} {
		if l.addr == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(l.addr); err != nil {
			bad(l.field, "must be host:port, as in 127.0.0.1:2003")
		}
		if c.MailDomain == "" {
			bad("mail-domain", "is needed with "+l.field)
		}
	}
	if (c.MailInCert == "") != (c.MailInKey == "") {
		bad("mail-in-cert", "a certificate and its key go together")
	} else if c.MailInCert != "" && c.LMTPAddr == "" && c.SMTPInAddr == "" {
		bad("mail-in-cert", "is of no use without lmtp-addr or smtp-in-addr")
	}
	for field, n := range map[string]int{"mail-in-connections": c.MailInConnections, "smtp-in-per-address": c.SMTPInPerAddress, "smtp-in-per-minute": c.SMTPInPerMinute} {
		if n < 1 || n > 100000 {
			bad(field, "must be from 1 to 100000")
		}
	}
	if c.MailReplyDays < 0 || c.MailReplyDays > 36500 {
		bad("mail-reply-days", "must be from 0 to 36500")
	}
	if strings.ContainsAny(c.MailAuthResultsFrom, " ;\t") {
		bad("mail-auth-results-from", "must be one name, as in mx.example.org")
	}
	if c.MailOriginalsDays < 0 || c.MailOriginalsDays > 36500 {
		bad("mail-originals-days", "must be from 0 to 36500")
	}
	return out
}
