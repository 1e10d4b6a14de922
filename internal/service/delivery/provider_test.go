package delivery_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"crier/internal/channel/sms"
	"crier/internal/domain"
	"crier/internal/service/delivery"
)

// provider is the HTTP side of one, as Twilio's: answer decides by number, nil takes all.
type provider struct {
	*httptest.Server
	mu     sync.Mutex
	answer func(to string, w http.ResponseWriter, r *http.Request) (taken bool)
	asked  int
	got    map[string]int
}

func newProvider(t *testing.T) *provider {
	p := &provider{got: map[string]int{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := r.FormValue("To")
		p.mu.Lock()
		p.asked++
		answer := p.answer
		p.mu.Unlock()
		if answer != nil && !answer(to, w, r) {
			return
		}
		p.mu.Lock()
		p.got[to]++
		p.mu.Unlock()
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"sid":"SM` + strings.TrimPrefix(to, "+") + `","num_segments":"1"}`))
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) behave(answer func(to string, w http.ResponseWriter, r *http.Request) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

func (p *provider) times() (asked, taken int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.got {
		taken += n
	}
	return p.asked, taken
}

// texting runs a service whose SMS go to a provider, and whose mails go at once.
func (h *house) texting(p *provider) *delivery.Service {
	h.t.Helper()
	s := delivery.New(delivery.Options{Store: h.store, Clock: h.clock, Ways: map[domain.Channel]delivery.Way{
		domain.ChannelSMS:   {Sender: &sms.Twilio{Base: p.URL, Account: "AC1", Token: "t", From: "+4790000000", Client: p.Client()}, Timeout: 500 * time.Millisecond},
		domain.ChannelEmail: {Sender: newSender(nil)},
	}})
	s.Start(context.WithoutCancel(h.t.Context()))
	h.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			h.t.Errorf("stop: %v", err)
		}
	})
	return s
}

// of counts the copies of a channel by state.
func (h *house) of(c domain.Channel) map[domain.DeliveryState]int {
	h.t.Helper()
	n, err := h.store.CountDeliveries(h.t.Context(), h.org, domain.Seen{All: true}, domain.DeliveryQuery{Channel: c})
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

const one = "+4740000000" // the first person's number

// TestTooMany has the provider say 429: nobody asks again before the time it named, mails go all the while, and then everything goes, blamed on nobody.
func TestTooMany(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		const n = 20
		h.add(n, nil)
		p := newProvider(t)
		p.behave(func(_ string, w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Retry-After", "40")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte(`{"code":20429,"message":"Too Many Requests"}`))
			return false
		})
		h.send(domain.ChannelSMS, domain.ChannelEmail)
		s := h.texting(p)
		h.until("the mails go, the SMS wait", func() bool {
			return h.of(domain.ChannelEmail)[domain.DeliverySent] == n && h.of(domain.ChannelSMS)[domain.DeliveryWaiting] == n
		})
		before, _ := p.times()
		h.clock.Advance(39 * time.Second)
		h.send(domain.ChannelEmail) // its going shows that the worker of SMS had time to look, too
		s.Wake()
		h.until("mails go on", func() bool { return h.of(domain.ChannelEmail)[domain.DeliverySent] == 2*n })
		if asked, _ := p.times(); asked != before {
			t.Errorf("it was asked %d times before the time it had named", asked-before)
		}
		p.behave(nil)
		h.until("all go", func() bool {
			h.clock.Advance(5 * time.Second)
			s.Wake()
			return h.of(domain.ChannelSMS)[domain.DeliverySent] == n
		})
		if _, taken := p.times(); taken != n {
			t.Errorf("%d were taken, want %d", taken, n)
		}
		told := 0
		for _, r := range h.list(domain.DeliveryQuery{Channel: domain.ChannelSMS}) {
			if r.Attempts != 1 {
				t.Errorf("%d attempts count against %s", r.Attempts, r.Address)
			}
			for _, a := range r.Tried {
				if a.Outcome == domain.OutcomeProvider && a.Code == "429 20429" && a.Detail == "Too Many Requests" {
					told++
				}
			}
		}
		if told != before {
			t.Errorf("%d attempts tell of the 429, want %d", told, before)
		}
	})
}

// TestOneText has the provider break on one copy alone, or never answer it: the others go within the shortest rest, and its attempts say why it does not. It
// counts against the copy, so that it is given up in the end.
func TestOneText(t *testing.T) {
	for _, c := range []struct {
		name, code string
		outcome    domain.Outcome // of its first attempt
		tries      int            // until it is given up; 0: not waited for
		answer     func(w http.ResponseWriter, r *http.Request)
	}{
		{"500", "500", domain.OutcomeProvider, 5 + 12, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }},
		{"dropped", "answer", domain.OutcomeTemporary, 12, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{"no answer", "timeout", domain.OutcomeTemporary, 0, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			both(t, func(t *testing.T, h *house) {
				const n = 20
				h.add(n, nil)
				p := newProvider(t)
				p.behave(func(to string, w http.ResponseWriter, r *http.Request) bool {
					if to == one {
						c.answer(w, r)
					}
					return to != one
				})
				h.send(domain.ChannelSMS)
				s := h.texting(p)
				h.until("the others go", func() bool {
					if c.outcome == domain.OutcomeProvider { // one failure may stand for all: a short rest
						h.clock.Advance(time.Second)
						s.Wake()
					}
					return h.of(domain.ChannelSMS)[domain.DeliverySent] == n-1
				})
				if waited := h.clock.Now().Sub(noon); waited > time.Minute {
					t.Errorf("the others waited %v", waited)
				}
				broken := func() domain.DeliveryRow {
					t.Helper()
					for _, r := range h.list(domain.DeliveryQuery{Channel: domain.ChannelSMS}) {
						if r.Address == one {
							return r
						}
					}
					return domain.DeliveryRow{}
				}
				h.until("its attempt is recorded", func() bool { return len(broken().Tried) > 0 })
				if a := broken().Tried[0]; a.Outcome != c.outcome || a.Code != c.code {
					t.Errorf("its attempt says %+v", a)
				}
				for sent := n - 1; c.tries > 0 && broken().State != domain.DeliveryFailed; {
					tried := len(broken().Tried)
					h.sendTo([]domain.PersonNo{2}, domain.ChannelSMS)
					h.until("another goes", func() bool {
						if h.of(domain.ChannelSMS)[domain.DeliverySent] > sent {
							return true
						}
						h.clock.Advance(time.Second)
						s.Wake()
						return false
					})
					sent++
					h.clock.Advance(max(broken().DueAt.Sub(h.clock.Now()), 0))
					h.until("it is tried again", func() bool {
						if r := broken(); len(r.Tried) > tried && r.State != domain.DeliverySending {
							return true
						}
						h.clock.Advance(time.Second)
						s.Wake()
						return false
					})
				}
				if r := broken(); c.tries > 0 && (len(r.Tried) < 12 || len(r.Tried) > c.tries || r.Attempts != 12) {
					t.Errorf("given up after %d tries, of which %d count; at most %d", len(r.Tried), r.Attempts, c.tries)
				}
			})
		})
	}
}
