package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crier/internal/channel"
	"crier/internal/domain"
	"crier/internal/journal"
	"crier/internal/service/delivery"
)

// TestManyCopies sends to 10,000 (1,000 with SQLite under the race detector) of whom every hundredth has an address that is refused, and one server that takes its time: the others all
// get theirs, once.
func TestManyCopies(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		n := 10000
		if raced && strings.HasSuffix(t.Name(), "sqlite") {
			n = 1000
			t.Logf("SQLite under the race detector takes minutes for more: %d copies", n)
		}
		h.add(n/2, nil)
		h.add(n/2, func(i int, p *domain.PersonSpec) {
			p.ExternalID = fmt.Sprintf("q%05d", i)
			mail := fmt.Sprintf("q%d@example.org", i)
			p.Email = &mail
		})
		slow := make(chan struct{})
		s := newSender(func(o channel.Outgoing) (channel.Accepted, error) {
			switch {
			case o.Address == "p1@example.org":
				<-slow
			case strings.HasSuffix(strings.TrimSuffix(o.Address, "@example.org"), "00"):
				return channel.Accepted{}, &channel.Error{Kind: channel.Permanent, Code: "550 5.1.1", Detail: "no such mailbox"}
			}
			return channel.Accepted{ProviderID: "x" + o.ID}, nil
		})
		h.send(domain.ChannelEmail)
		h.run(map[domain.Channel]channel.Sender{domain.ChannelEmail: s})
		bad := 2 * (n/2/100 - 1) // 100, 200 … of each half; 0 has one digit
		h.until("all but the slow one", func() bool {
			st := h.states()
			return st[domain.DeliverySent] == n-bad-1 && st[domain.DeliveryFailed] == bad
		})
		close(slow)
		h.until("the slow one", func() bool { return h.states()[domain.DeliverySent] == n-bad })
		if _, times := s.count(); times != n-bad {
			t.Errorf("%d were accepted, want %d, each once", times, n-bad)
		}
		for _, r := range h.list(domain.DeliveryQuery{State: domain.DeliveryFailed})[:3] {
			if r.Reason != "550 5.1.1" || r.Detail != "no such mailbox" || len(r.Tried) != 1 || r.Tried[0].Outcome != domain.OutcomePermanent {
				t.Errorf("failed as %+v", r)
			}
		}
	})
}

// mortal is the store of a worker that dies at a step: from then on nothing it does is heard.
type mortal struct {
	delivery.Store
	dead  atomic.Bool
	steps func(step string) bool // says to die
}

var errDead = errors.New("dead")

func (m *mortal) at(step string) error {
	if m.dead.Load() || m.steps(step) {
		m.dead.Store(true)
		return errDead
	}
	return nil
}

func (m *mortal) Letters(ctx context.Context, c []domain.Delivery) ([]domain.Letter, error) {
	if err := m.at("after claim"); err != nil {
		return nil, err
	}
	return m.Store.Letters(ctx, c)
}

func (m *mortal) RecordDeliveries(ctx context.Context, at time.Time, r []domain.DeliveryResult) ([]*journal.Entry, error) {
	if err := m.at("after send"); err != nil {
		return nil, err
	}
	e, err := m.Store.RecordDeliveries(ctx, at, r)
	if err == nil {
		err = m.at("after record")
	}
	return e, err
}

func (m *mortal) ClaimDeliveries(ctx context.Context, c domain.Channel, now, until time.Time, n int) ([]domain.Delivery, error) {
	if m.dead.Load() {
		return nil, errDead
	}
	return m.Store.ClaimDeliveries(ctx, c, now, until, n)
}

// TestDeadWorkers lets workers die at each step, again and again: every copy goes at least once, and no more often again than hands were
// full when a worker died between the provider's yes and our record.
func TestDeadWorkers(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		const n = 60
		h.add(n, nil)
		s := newSender(nil)
		h.kill(s, n, []string{"after claim", "after send", "after record", "after send", "after claim"})
	})
}

func (h *house) kill(s *sender, n int, steps []string) {
	h.t.Helper()
	inHand := 0 // accepted and not recorded when a worker died
	for _, step := range steps {
		h.send(domain.ChannelEmail)
		m := &mortal{Store: h.store, steps: func(at string) bool { return at == step }}
		w := h.service(m, map[domain.Channel]channel.Sender{domain.ChannelEmail: s})
		w.Start(context.WithoutCancel(h.t.Context()))
		h.until("it dies "+step, m.dead.Load)
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_ = w.Stop(ended) // cut off: nothing more of it is heard
		_, times := s.count()
		inHand = times - h.states()[domain.DeliverySent]
		h.clock.Advance(6 * time.Minute)
	}
	n *= len(steps)
	h.run(map[domain.Channel]channel.Sender{domain.ChannelEmail: s})
	h.until("all have gone", func() bool { return h.states()[domain.DeliverySent] == n })
	got, times := s.count()
	if got != n || times > n+inHand {
		h.t.Errorf("%d copies went, %d times; want %d, at most %d of them twice", got, times, n, inHand)
	}
	lost := 0
	for _, r := range h.list(domain.DeliveryQuery{}) {
		for _, a := range r.Tried {
			if a.Outcome == domain.OutcomeLost {
				lost++
			}
		}
	}
	if lost == 0 {
		h.t.Error("no attempt tells of a dead worker")
	}
}

// TestOldFence has a worker report after its lease was over and another had taken its delivery: it is not heard.
func TestOldFence(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.add(1, nil)
		h.send(domain.ChannelEmail)
		claim := func() domain.Delivery {
			t.Helper()
			now := h.clock.Now()
			list, err := h.store.ClaimDeliveries(t.Context(), domain.ChannelEmail, now, now.Add(time.Minute), 10)
			if err != nil || len(list) != 1 {
				t.Fatalf("%d claimed: %v", len(list), err)
			}
			return list[0]
		}
		record := func(d domain.Delivery, state domain.DeliveryState) int {
			t.Helper()
			e, err := h.store.RecordDeliveries(t.Context(), h.clock.Now(), []domain.DeliveryResult{{Delivery: d, State: state, Attempt: &domain.Attempt{At: h.clock.Now(), Outcome: domain.OutcomeAccepted}}})
			if err != nil {
				t.Fatal(err)
			}
			return len(e)
		}
		first := claim()
		h.clock.Advance(2 * time.Minute)
		if n, err := h.store.SweepDeliveries(t.Context(), h.clock.Now(), 10); err != nil || n != 1 {
			t.Fatalf("%d swept: %v", n, err)
		}
		if record(first, domain.DeliverySent) != 0 {
			t.Error("a report was heard after the lease")
		}
		second := claim()
		if record(first, domain.DeliveryFailed) != 0 {
			t.Error("a report under an old fence was heard")
		}
		if record(second, domain.DeliverySent) != 1 || record(second, domain.DeliverySent) != 0 {
			t.Error("the owner's report must be heard, once")
		}
		rows := h.list(domain.DeliveryQuery{})
		if len(rows) != 1 || rows[0].State != domain.DeliverySent || len(rows[0].Tried) != 2 || rows[0].Tried[0].Outcome != domain.OutcomeLost {
			t.Errorf("%+v", rows)
		}
	})
}

// TestProviderAway has the provider of one channel fail: nobody is blamed, the other channel goes on, and all goes once it is back.
func TestProviderAway(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		const n = 40
		h.add(n, nil)
		away := func(channel.Outgoing) (channel.Accepted, error) {
			return channel.Accepted{}, &channel.Error{Kind: channel.Provider, Code: "500", Detail: "oops", RetryAfter: 7 * time.Second}
		}
		mails, texts := newSender(away), newSender(nil)
		h.send(domain.ChannelEmail, domain.ChannelSMS)
		s := h.run(map[domain.Channel]channel.Sender{domain.ChannelEmail: mails, domain.ChannelSMS: texts})
		h.until("SMS go, mails wait", func() bool {
			st := h.states()
			return st[domain.DeliverySent] == n && st[domain.DeliveryWaiting] == n
		})
		for range 3 { // it asks again, with one
			h.clock.Advance(20 * time.Second)
			s.Wake()
		}
		mails.behave(nil)
		h.until("all go", func() bool {
			h.clock.Advance(10 * time.Second)
			s.Wake()
			return h.states()[domain.DeliverySent] == 2*n
		})
		for _, r := range h.list(domain.DeliveryQuery{Channel: domain.ChannelEmail}) {
			if r.Attempts != 1 {
				t.Errorf("%d attempts count against %s", r.Attempts, r.Address)
			}
		}
	})
}

// TestAgain follows one address that is refused for the moment: again after a minute, then two; given up in a day, and tried again when staff ask.
func TestAgain(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.add(2, nil)
		busy := func(o channel.Outgoing) (channel.Accepted, error) {
			if o.Address == "p0@example.org" {
				return channel.Accepted{}, &channel.Error{Kind: channel.Temporary, Code: "451", Detail: "greylisted"}
			}
			return channel.Accepted{}, nil
		}
		mails := newSender(busy)
		h.send(domain.ChannelEmail)
		s := h.run(map[domain.Channel]channel.Sender{domain.ChannelEmail: mails})
		h.until("the other goes", func() bool { return h.states()[domain.DeliverySent] == 1 && h.states()[domain.DeliveryWaiting] == 1 })
		row := func() domain.DeliveryRow {
			for _, r := range h.list(domain.DeliveryQuery{}) {
				if r.Address == "p0@example.org" {
					return r
				}
			}
			t.Fatal("it is gone")
			return domain.DeliveryRow{}
		}
		want := time.Minute
		for tries := 1; tries < 12; tries++ {
			r := row()
			wait := r.DueAt.Sub(r.ChangedAt)
			if r.Attempts != tries || r.State != domain.DeliveryWaiting || wait < want*4/5 || wait > want*6/5 {
				t.Fatalf("after %d tries: %s, waits %v, want about %v; %d count", tries, r.State, wait, want, r.Attempts)
			}
			want = min(2*want, 6*time.Hour)
			h.clock.Advance(wait)
			s.Wake()
			h.until("another try", func() bool { return row().Attempts > tries && row().State != domain.DeliverySending })
		}
		r := row()
		if r.State != domain.DeliveryFailed || r.Reason != "451" || len(r.Tried) != 12 || h.clock.Now().Sub(noon) > 26*time.Hour {
			t.Errorf("given up as %s %q after %d tries and %v", r.State, r.Reason, len(r.Tried), h.clock.Now().Sub(noon))
		}
		mails.behave(nil)
		if n, err := s.Retry(t.Context(), h.admin, []string{r.ID, "none"}); err != nil || n != 1 {
			t.Fatalf("%d go again: %v", n, err)
		}
		h.until("it goes", func() bool { return h.states()[domain.DeliverySent] == 2 })
		if n, err := s.Retry(t.Context(), h.admin, []string{r.ID}); err != nil || n != 0 {
			t.Errorf("%d that have gone go again: %v", n, err)
		}
	})
}

// TestHangs has one address whose server never answers: it is cut off, and holds up nobody.
func TestHangs(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.add(100, nil)
		var once sync.Once
		hangs := hanging{sender: newSender(nil), cut: make(chan struct{}), once: &once}
		h.send(domain.ChannelEmail)
		s := delivery.New(delivery.Options{Store: h.store, Clock: h.clock, Ways: map[domain.Channel]delivery.Way{domain.ChannelEmail: {Sender: hangs, Timeout: 300 * time.Millisecond, Parallel: 2}}})
		s.Start(context.WithoutCancel(t.Context()))
		defer func() { _ = s.Stop(context.Background()) }()
		h.until("99 go, one waits", func() bool {
			st := h.states()
			return st[domain.DeliverySent] == 99 && st[domain.DeliveryWaiting] == 1
		})
		<-hangs.cut
	})
}

type hanging struct {
	*sender
	cut  chan struct{}
	once *sync.Once
}

func (s hanging) Send(ctx context.Context, o channel.Outgoing) (channel.Accepted, error) {
	if o.Address == "p0@example.org" {
		<-ctx.Done()
		s.once.Do(func() { close(s.cut) })
		return channel.Accepted{}, ctx.Err()
	}
	return s.sender.Send(ctx, o)
}
