package delivery_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"crier/internal/channel"
	"crier/internal/domain"
	"crier/internal/service/delivery"
)

// TestCapsOfManyNodes has four nodes at once send long SMS and mails of an organisation with caps: all of the caps is used, and not a part more.
func TestCapsOfManyNodes(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		const people, parts, texts, mails = 60, 3, 22, 17
		h.add(people, nil)
		if _, err := h.store.ChangeSettings(t.Context(), h.admin, func(s *domain.Settings) { s.EmailsPerHour, s.SMSPerDay = mails, texts }); err != nil {
			t.Fatal(err)
		}
		h.body = strings.Repeat("The shift begins at nine. ", 14) // 364 characters: three parts
		h.send(domain.ChannelEmail, domain.ChannelSMS)
		open := make(chan struct{})
		release := sync.OnceFunc(func() { close(open) })
		defer release()
		far := newSender(func(channel.Outgoing) (channel.Accepted, error) { <-open; return channel.Accepted{}, nil })
		var nodes []*delivery.Service
		for range 4 { // each takes 16 at once, so that all have some while none has gone
			n := delivery.New(delivery.Options{Store: h.store, Clock: h.clock, Ways: map[domain.Channel]delivery.Way{
				domain.ChannelEmail: {Sender: far, Parallel: 1, Timeout: time.Minute}, domain.ChannelSMS: {Sender: far, Parallel: 1, Timeout: time.Minute}}})
			n.Start(context.WithoutCancel(t.Context()))
			t.Cleanup(func() { _ = n.Stop(context.Background()) })
			nodes = append(nodes, n)
		}
		h.until("each copy is let through or waits", func() bool {
			for _, r := range h.list(domain.DeliveryQuery{}) {
				if !(r.State == domain.DeliverySending && r.Parts > 0 || r.State == domain.DeliveryWaiting && r.Reason == string(domain.ReasonCap)) {
					return false
				}
			}
			return true
		})
		release()
		sent := func(c domain.Channel) int { return h.of(c)[domain.DeliverySent] }
		look := func() {
			h.clock.Advance(time.Second)
			for _, n := range nodes {
				n.Wake()
			}
		}
		h.until("what the caps allow has gone", func() bool {
			look() // who waits for a share that another node had comes again after a minute
			return sent(domain.ChannelEmail) >= mails && sent(domain.ChannelSMS) >= texts/parts
		})
		for range 70 { // no more goes, however often they look
			look()
		}
		h.until("nothing is in hand", func() bool { return h.states()[domain.DeliverySending] == 0 })
		if s, m := sent(domain.ChannelSMS), sent(domain.ChannelEmail); s != texts/parts || m != mails {
			t.Errorf("%d SMS of %d parts and %d mails; want %d and %d", s, parts, m, texts/parts, mails)
		}
		for _, r := range h.list(domain.DeliveryQuery{Channel: domain.ChannelSMS, State: domain.DeliverySent}) {
			if r.Parts != parts {
				t.Errorf("sent in %d parts, want %d", r.Parts, parts)
			}
		}
	})
}
