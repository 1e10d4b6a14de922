package config

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"crier/internal/fault"
)

func TestMail(t *testing.T) {
	smtp := []string{"--smtp-addr=smtp.example.org:587", "--mail-domain=mail.example.org"}
	for name, c := range map[string]struct {
		args []string
		bad  []string // fields
	}{
		"a server":                   {smtp, nil},
		"a server without domain":    {smtp[:1], []string{"mail-domain"}},
		"a domain alone":             {smtp[1:], nil},
		"a server without port":      {[]string{"--smtp-addr=smtp.example.org", smtp[1]}, []string{"smtp-addr"}},
		"a named port":               {[]string{"--smtp-addr=smtp.example.org:smtp", smtp[1]}, []string{"smtp-addr"}},
		"no host":                    {[]string{"--smtp-addr=:25", smtp[1]}, []string{"smtp-addr"}},
		"a domain with a line":       {[]string{"--mail-domain=mail.example.org\nX: y"}, []string{"mail-domain"}},
		"a domain of one part":       {[]string{"--mail-domain=mail"}, []string{"mail-domain"}},
		"an address as a domain":     {[]string{"--mail-domain=crier@example.org"}, []string{"mail-domain"}},
		"from a name":                {append([]string{"--mail-from=Crier <crier@example.org>"}, smtp...), []string{"mail-from"}},
		"from an address":            {append([]string{"--mail-from=crier@example.org"}, smtp...), nil},
		"a user":                     {append([]string{"--smtp-user=u", "--smtp-password=hunter2"}, smtp...), nil},
		"a user without password":    {append([]string{"--smtp-user=u"}, smtp...), []string{"smtp-password"}},
		"a password without user":    {append([]string{"--smtp-password=hunter2"}, smtp...), []string{"smtp-user"}},
		"a password in the clear":    {append([]string{"--smtp-user=u", "--smtp-password=hunter2", "--smtp-tls=none"}, smtp...), []string{"smtp-tls"}},
		"a password to this machine": {[]string{"--smtp-user=u", "--smtp-password=hunter2", "--smtp-tls=none", "--smtp-addr=127.0.0.1:25", smtp[1]}, nil},
		"TLS as it likes":            {append([]string{"--smtp-tls=maybe"}, smtp...), []string{"smtp-tls"}},
		"DKIM":                       {append([]string{"--dkim-key=/etc/k.pem", "--dkim-selector=c2026"}, smtp...), nil},
		"DKIM without selector":      {append([]string{"--dkim-key=/etc/k.pem"}, smtp...), []string{"dkim-key"}},
		"DKIM without key":           {append([]string{"--dkim-selector=c2026"}, smtp...), []string{"dkim-key"}},
		"DKIM, two tags":             {append([]string{"--dkim-key=/etc/k.pem", "--dkim-selector=c; t=1"}, smtp...), []string{"dkim-selector"}},
	} {
		_, err := load(t, c.args, nil)
		var got []string
		if f, ok := errors.AsType[*fault.Error](err); ok {
			for _, d := range f.Details {
				got = append(got, d.Field)
			}
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(got, c.bad) {
			t.Errorf("%s: faults of %v, want %v", name, got, c.bad)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the report repeats a secret: %v", name, err)
		}
	}
	c := Default()
	if c.MailDomainName() != "crier.localhost" || c.MailFromAddress() != "crier@crier.localhost" {
		t.Errorf("%s, %s", c.MailDomainName(), c.MailFromAddress())
	}
	c.MailDomain = "Mail.Example.org"
	if c.MailFromAddress() != "crier@mail.example.org" {
		t.Error(c.MailFromAddress())
	}
}

// TestMailIn: what is wrong with the listeners for mails is named by its flag.
func TestMailIn(t *testing.T) {
	in := []string{"--smtp-in-addr=127.0.0.1:2525", "--mail-domain=mail.example.org"}
	tls := []string{"--mail-in-cert=/etc/crier/mail.crt", "--mail-in-key=/etc/crier/mail.key"}
	for name, c := range map[string]struct {
		args []string
		bad  []string
	}{
		"a listener":                 {in, nil},
		"with TLS":                   {append(tls, in...), nil},
		"a certificate without key":  {append(tls[:1:1], in...), []string{"mail-in-cert"}},
		"a key without certificate":  {append(tls[1:2:2], in...), []string{"mail-in-cert"}},
		"a certificate for nothing":  {tls, []string{"mail-in-cert"}},
		"no connections":             {append([]string{"--mail-in-connections=0"}, in...), []string{"mail-in-connections"}},
		"none of an address":         {append([]string{"--smtp-in-per-address=0"}, in...), []string{"smtp-in-per-address"}},
		"no mails a minute":          {append([]string{"--smtp-in-per-minute=-1"}, in...), []string{"smtp-in-per-minute"}},
		"originals for good":         {append([]string{"--mail-originals-days=0"}, in...), nil},
		"originals of the day after": {append([]string{"--mail-originals-days=-1"}, in...), []string{"mail-originals-days"}},
	} {
		_, err := load(t, c.args, nil)
		var got []string
		if f, ok := errors.AsType[*fault.Error](err); ok {
			for _, d := range f.Details {
				got = append(got, d.Field)
			}
		}
		if !reflect.DeepEqual(got, c.bad) {
			t.Errorf("%s: %v (%v), want %v", name, got, err, c.bad)
		}
	}
}
