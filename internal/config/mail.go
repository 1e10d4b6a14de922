package config

import (
	"cmp"
	"net"
	"net/mail"
	"regexp"
	"strconv"
	"strings"

	"crier/internal/fault"
)

// noDomain stands in addresses while no mail domain is set: a name that is reserved for never being reached (RFC 6761).
const noDomain = "crier.localhost"

// MailDomainName is the domain of mails' addresses.
func (c *Config) MailDomainName() string { return strings.ToLower(cmp.Or(c.MailDomain, noDomain)) }

// MailFromAddress is the address that mails come from.
func (c *Config) MailFromAddress() string { return cmp.Or(c.MailFrom, "crier@"+c.MailDomainName()) }

var (
	domainName = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])$`)
	selector   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`)
)

// checkMail finds what is wrong with the settings of mail.
func (c *Config) checkMail() []fault.Detail {
	var out []fault.Detail
	bad := func(field, message string) { out = append(out, fault.Detail{Field: field, Message: message}) }
	host := ""
	if c.SMTPAddr != "" {
		h, port, err := net.SplitHostPort(c.SMTPAddr)
		if n, e := strconv.Atoi(port); err != nil || e != nil || n < 1 || n > 65535 || h == "" {
			bad("smtp-addr", "must be host:port, as in smtp.example.org:587")
		}
		if host = h; c.MailDomain == "" {
			bad("mail-domain", "is needed with smtp-addr")
		}
	}
	if c.MailDomain != "" && (len(c.MailDomain) > 190 || !domainName.MatchString(c.MailDomain)) {
		bad("mail-domain", "must be a domain, as in mail.example.org")
	}
	if c.MailFrom != "" {
		if a, err := mail.ParseAddress(c.MailFrom); err != nil || a.Address != c.MailFrom {
			bad("mail-from", "must be an address alone, as in crier@mail.example.org")
		}
	}
	switch {
	case c.SMTPUser == "" && c.SMTPPassword != "":
		bad("smtp-user", "is needed with smtp-password")
	case c.SMTPUser != "" && c.SMTPPassword == "":
		bad("smtp-password", "is needed with smtp-user")
	case c.SMTPUser != "" && c.SMTPTLS == "none" && host != "localhost" && !net.ParseIP(host).IsLoopback():
		bad("smtp-tls", "a password is not sent to another machine without TLS")
	}
	if (c.DKIMKey == "") != (c.DKIMSelector == "") {
		bad("dkim-key", "give both dkim-key and dkim-selector, or neither")
	}
	if c.DKIMSelector != "" && !selector.MatchString(c.DKIMSelector) {
		bad("dkim-selector", "must be a part of a domain name, as in crier2026")
	}
	return out
}
