package config

import (
	"net"

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
	return out
}
