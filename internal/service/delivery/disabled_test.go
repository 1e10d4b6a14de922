package delivery_test

import (
	"testing"
	"time"

	"crier/internal/channel"
	"crier/internal/domain"
	"crier/internal/journal"
)

// TestDisabled: what waits for a channel that the server has not is ended after a while, with the reason; what waits for one that it has is not touched,
// and neither is what another node may still take.
func TestDisabled(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		const n = 300 // more than are ended at once
		h.add(n, nil)
		h.send(domain.ChannelEmail, domain.ChannelSMS)
		h.clock.Advance(10 * time.Minute)
		h.send(domain.ChannelEmail)
		s := h.service(h.store, map[domain.Channel]channel.Sender{domain.ChannelSMS: newSender(nil)}) // not started: it sends nothing
		for _, c := range []struct {
			after        time.Duration
			ended, waits int
		}{{0, 0, 2 * n}, {23*time.Hour + 51*time.Minute, n, n}, {time.Minute, 0, n}, {10 * time.Minute, n, 0}, {time.Hour, 0, 0}} {
			h.clock.Advance(c.after)
			ended, err := s.EndDisabled(t.Context())
			if err != nil || ended != c.ended {
				t.Fatalf("%d ended, %v; want %d", ended, err, c.ended)
			}
			mails, texts := h.of(domain.ChannelEmail), h.of(domain.ChannelSMS)
			if mails[domain.DeliveryWaiting] != c.waits || mails[domain.DeliverySuppressed] != 2*n-c.waits || texts[domain.DeliveryWaiting] != n {
				t.Fatalf("mails %v, texts %v", mails, texts)
			}
		}
		for _, r := range h.list(domain.DeliveryQuery{Channel: domain.ChannelEmail}) {
			if r.Reason != string(domain.ReasonDisabled) || len(r.Tried) != 0 {
				t.Fatalf("it says %+v", r)
			}
		}
		told := 0
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, e := range h.entries {
			if e.Kind == journal.KindDeliveriesRecorded {
				told++
			}
		}
		if told == 0 {
			t.Error("the journal tells of none")
		}
	})
}
