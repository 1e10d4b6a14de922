package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"crier/internal/fault"
)

// checkSMS finds what is wrong with the settings of SMS.
func (c *Config) checkSMS() []fault.Detail {
	var out []fault.Detail
	bad := func(field, message string) { out = append(out, fault.Detail{Field: field, Message: message}) }
	address := func(field, text string) {
		if u, err := url.Parse(text); err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.RawQuery != "" {
			bad(field, "must be a URL as in https://sms.example.org")
		}
	}
	if c.TwilioAccount+c.TwilioToken+c.TwilioFrom != "" {
		address("twilio-url", c.TwilioURL)
		if c.TwilioAccount == "" || c.TwilioToken == "" || c.TwilioFrom == "" {
			bad("twilio-account", "twilio-account, twilio-token and twilio-from are needed together")
		}
	}
	if c.KannelURL != "" {
		address("kannel-url", c.KannelURL)
		if c.KannelUser == "" || c.KannelPassword == "" || c.KannelFrom == "" || c.KannelToken == "" {
			bad("kannel-url", "kannel-user, kannel-password, kannel-from and kannel-token are needed with kannel-url")
		}
		if _, err := c.KannelFromAddresses(); err != nil {
			bad("kannel-allow", "must be addresses or networks, as in 127.0.0.1 or 192.0.2.0/24")
		}
		if c.TwilioAccount != "" {
			bad("kannel-url", "give either kannel or twilio")
		}
	} else if c.KannelUser+c.KannelPassword+c.KannelFrom+c.KannelToken+strings.Join(c.KannelAllow, "") != "" {
		bad("kannel-url", "is needed with the other settings of kannel")
	}
	return out
}

// KannelFromAddresses are the networks that the gateway calls from; none: any.
func (c *Config) KannelFromAddresses() ([]netip.Prefix, error) {
	out := make([]netip.Prefix, len(c.KannelAllow))
	for i, text := range c.KannelAllow {
		if a, err := netip.ParseAddr(text); err == nil {
			out[i] = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%q is no address or network: %w", text, err)
		}
		out[i] = p.Masked()
	}
	return out, nil
}

// Captures says whether mails and SMS are kept instead of sent: on the embedded database, where nothing could send any. Whoever
// sees the outbox can answer as the recipients, so it is no part of a deployment.
func (c *Config) Captures() bool {
	return c.Outbox != "off" && c.Database == "" && c.SMTPAddr == "" && c.TwilioAccount == "" && c.KannelURL == ""
}
