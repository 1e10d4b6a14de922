package inbound_test

import (
	"context"
	"fmt"
	"net"
	"net/smtp"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/channel/mailin"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/testkit"
)

// lmtp serves the house's mails on a port until the test ends.
func (h *house) lmtp(port int) {
	h.t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	h.must(err)
	s := mailin.NewServer(mailin.Options{LMTP: true, Domain: h.addresses.Domain, Receiver: h, Log: zerolog.Nop()})
	s.Start(l)
	h.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		h.must(s.Close(ctx))
	})
}

// TestPostfix brings answers and bounces by a real mail server: while nobody listens it keeps them, while the store is away as
// well; each arrives once. An address that is not ours is bounced.
func TestPostfix(t *testing.T) {
	h := newHouse(t, "sqlite:"+filepath.Join(t.TempDir(), "crier.db"))
	port := testkit.Port(t)
	mx := testkit.StartPostfix(t, "relay_domains=mail.example.org,example.org", fmt.Sprintf("transport_maps=inline:{{mail.example.org=lmtp:inet:127.0.0.1:%[1]d},{example.org=lmtp:inet:127.0.0.1:%[1]d}}", port))
	delivery := h.say("sara", domain.ChannelEmail)
	back := h.addresses.Bounce(int64(h.org.ID), delivery)
	post := func(from, to, text string) {
		t.Helper()
		h.must(smtp.SendMail(mx.Addr(), nil, from, []string{to}, []byte(text)))
	}
	eventually := func(what string, ok func() error) {
		t.Helper()
		flushed := time.Now()
		testkit.Eventually(t, 40*time.Second, what, func() error {
			if err := ok(); err != nil {
				// Postfix leaves a mail that it meets in a delivery's hands alone for minutes.
				if time.Since(flushed) > 2*time.Second {
					mx.FlushQueue()
					flushed = time.Now()
				}
				return fmt.Errorf("%w; the log says\n%s", err, mx.MailLog())
			}
			return nil
		})
	}
	said := func(n int) func() error {
		return func() error {
			if got := h.said("sara"); len(got) != n {
				return fmt.Errorf("%q", got)
			}
			return nil
		}
	}
	logged := func(n int, words string) func() error {
		return func() error {
			if got := strings.Count(mx.MailLog(), words); got < n {
				return fmt.Errorf("%q stands there %d times", words, got)
			}
			return nil
		}
	}

	post("sara@inbox.test", h.reply("sara"), mailFrom("Sara <sara@example.org>", "1@x", "", "While nobody listens.\r\n"))
	eventually("Postfix keeps it", logged(1, "status=deferred"))
	h.lmtp(port)
	eventually("it arrives", said(1))

	h.mu.Lock()
	h.fail = fault.New(fault.Unavailable, "away")
	h.mu.Unlock()
	second := mailFrom("Sara <sara@example.org>", "2@x", "Content-Type: text/html; charset=utf-8\r\n", "<p>While the store is away: blåbær.</p><blockquote>old</blockquote>\r\n")
	post("sara@inbox.test", h.reply("sara"), second)
	eventually("Postfix hears 451", logged(1, "451 4.3.0"))
	h.mu.Lock()
	h.fail = nil
	h.mu.Unlock()
	eventually("it arrives", said(2))
	post("sara@inbox.test", h.reply("sara"), second) // a replay

	post("sara@inbox.test", "reply+guess@mail.example.org", mailFrom("sara@example.org", "3@x", "", "to nobody\r\n"))
	eventually("what is not ours is bounced", func() error {
		if n := len(mx.Mails()); n != 1 {
			return fmt.Errorf("%d mails", n)
		}
		return nil
	})

	post(back, "sara@example.org", "From: crier@mail.example.org\r\nSubject: Shift\r\nMessage-ID: <"+delivery+"@mail.example.org>\r\n\r\nCan you?\r\n")
	eventually("the bounce marks the address", func() error {
		p, err := h.store.Correspondent(t.Context(), h.org.ID, h.people["sara"].No)
		if err == nil && p.EmailState != "bounced" {
			err = fmt.Errorf("it is %q", p.EmailState)
		}
		return err
	})
	rows, err := h.store.Deliveries(t.Context(), h.org.ID, domain.Seen{All: true}, domain.DeliveryQuery{Person: h.people["sara"].ID, Limit: 5})
	h.must(err)
	if rows[0].State != domain.DeliveryFailed || rows[0].Detail == "" {
		t.Errorf("%+v", rows[0])
	}
	same(t, "sara said", h.said("sara"), "Pool|Re: Shift|While nobody listens.|", "Pool|Re: Shift|While the store is away: blåbær.|")
	same(t, "waiting", h.waiting())
}
