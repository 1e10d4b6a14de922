package app

import (
	"context"
	"encoding/json"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

// takingMails hears from a node's log where it takes mails: by LMTP, and by SMTP.
type takingMails struct{ lmtp, smtp chan string }

func (w takingMails) Write(line []byte) (int, error) {
	var l struct {
		Message, Addr string
		LMTP          bool
	}
	if json.Unmarshal(line, &l) == nil && l.Message == "taking mails" {
		to := w.smtp
		if l.LMTP {
			to = w.lmtp
		}
		to <- l.Addr
	}
	return len(line), nil
}

// TestMailListeners: a running node takes mails where it is told to, with the certificate and the bounds that it is
// told, and no longer once it has ended.
func TestMailListeners(t *testing.T) {
	cert, key, put := certificates(t)
	put(7)
	cfg := configured(t)
	cfg.MailDomain, cfg.LMTPAddr, cfg.SMTPInAddr = "mail.example.org", "127.0.0.1:0", "127.0.0.1:0"
	cfg.MailInCert, cfg.MailInKey, cfg.SMTPInPerAddress = cert, key, 1
	where := takingMails{make(chan string, 1), make(chan string, 1)}
	n, err := Open(t.Context(), cfg, zerolog.New(where), Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- n.Serve(ctx, nil) }()
	addr := map[string]string{}
	for _, l := range []struct {
		name string
		at   chan string
	}{{"lmtp", where.lmtp}, {"smtp", where.smtp}} {
		select {
		case addr[l.name] = <-l.at:
		case err := <-ended:
			t.Fatal(err)
		}
	}

	dial := func(name string) (*textproto.Conn, string) {
		t.Helper()
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr[name])
		if err != nil {
			t.Fatal(err)
		}
		text := textproto.NewConn(c)
		t.Cleanup(func() { text.Close() })
		_, greeting, err := text.ReadResponse(0)
		if err != nil {
			t.Fatal(err)
		}
		return text, greeting
	}
	say := func(c *textproto.Conn, line string) (int, string) {
		t.Helper()
		if err := c.PrintfLine("%s", line); err != nil {
			t.Fatal(err)
		}
		code, words, err := c.ReadResponse(0)
		if err != nil && code == 0 {
			t.Fatal(err)
		}
		return code, words
	}

	stranger, greeting := dial("smtp")
	if !strings.Contains(greeting, "mail.example.org") {
		t.Errorf("greeted with %q, want the mail domain", greeting)
	}
	if code, words := say(stranger, "EHLO there.example.org"); code != 250 || !strings.Contains(words, "STARTTLS") {
		t.Errorf("EHLO: %d %q, want STARTTLS", code, words)
	}
	say(stranger, "MAIL FROM:<a@there.example.org>")
	if code, words := say(stranger, "RCPT TO:<nobody@mail.example.org>"); code != 550 {
		t.Errorf("a recipient that is not ours: %d %q", code, words)
	}
	// One connection of an address at once by SMTP, as told; by LMTP there is no such bound.
	if _, err := smtp.Dial(addr["smtp"]); err == nil || !strings.Contains(err.Error(), "421") {
		t.Errorf("a second connection of the same address: %v, want 421", err)
	}
	for range 2 {
		c, _ := dial("lmtp")
		if code, words := say(c, "LHLO mx.example.org"); code != 250 || !strings.Contains(words, "STARTTLS") {
			t.Errorf("LHLO: %d %q", code, words)
		}
	}

	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for name, at := range addr {
		if c, err := new(net.Dialer).DialContext(t.Context(), "tcp", at); err == nil {
			c.Close()
			t.Errorf("%s: still taken after the end", name)
		}
	}
}
