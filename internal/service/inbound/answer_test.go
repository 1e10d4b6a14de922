package inbound_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/channel"
	"crier/internal/channel/sms"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/service/delivery"
	"crier/internal/testkit"
)

// texts is a provider that takes an SMS at the second try.
type texts struct {
	tried int
	took  []channel.Outgoing
}

// Name implements channel.Sender.
func (s *texts) Name() string { return "texts" }

// Send implements channel.Sender.
func (s *texts) Send(_ context.Context, o channel.Outgoing) (channel.Accepted, error) {
	if s.tried++; s.tried == 1 {
		return channel.Accepted{}, &channel.Error{Kind: channel.Temporary, Code: "busy"}
	}
	s.took = append(s.took, o)
	return channel.Accepted{ProviderID: "1"}, nil
}

// TestAnswersAreKept: a STOP whose receiver dies before it is done with it is answered all the same, once, although it comes again; the answer goes to
// somebody who has just said stop, is tried again, and stands among the deliveries.
func TestAnswersAreKept(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.say("sara", domain.ChannelSMS)
		stop := func() error {
			return h.ReceiveSMS(t.Context(), h.org, "kannel", sms.Received{ID: "1", From: "+4740000001", To: "1234", Text: "STOP"})
		}
		h.fail = fault.Wrap(errors.New("away"), fault.Unavailable, "away")
		if err := stop(); !fault.Is(err, fault.Unavailable) {
			t.Fatalf("%v", err)
		}
		h.fail = nil
		h.must(stop())
		h.must(stop())
		if a := h.answers(1); len(a) == 1 && a[0].Address != "+4740000001" {
			t.Errorf("it goes to %s", a[0].Address)
		}
		if h.consent("sara") != domain.ConsentOut {
			t.Error("the STOP does not count")
		}
		far := &texts{}
		d := delivery.New(delivery.Options{Store: h.store, Clock: h.clock, Log: zerolog.Nop(), Ways: map[domain.Channel]delivery.Way{domain.ChannelSMS: {Sender: far, Parallel: 1}}})
		d.Start(context.WithoutCancel(t.Context()))
		testkit.Eventually(t, 20*time.Second, "the answer goes", func() error {
			rows, err := h.store.Deliveries(t.Context(), h.org.ID, domain.Seen{All: true}, domain.DeliveryQuery{Person: h.people["sara"].ID, Channel: domain.ChannelSMS, State: domain.DeliverySent, Limit: 10})
			if err != nil {
				return err
			}
			for _, r := range rows {
				if r.Kind == domain.DeliverAnswer && len(r.Tried) == 2 {
					return nil
				}
			}
			h.clock.Advance(10 * time.Second)
			d.Wake()
			return fmt.Errorf("%+v", rows)
		})
		h.must(d.Stop(context.Background()))
		if len(far.took) != 1 || far.took[0].Text != "North: You will get no more SMS from us. Answer START to get them again." {
			t.Errorf("%+v", far.took)
		}
	})
}
