package inbound_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"crier/internal/channel/sms"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/service/inbound"
	"crier/internal/testkit"
	"crier/store"
)

// node is another server over the same database: its own store, and a service that writes through it.
func (h *house) node(dsn string) *inbound.Service {
	h.t.Helper()
	st, err := store.Open(h.t.Context(), store.Options{DSN: dsn, Clock: h.clock, Log: zerolog.Nop(), Number: sms.Number})
	h.must(err)
	h.t.Cleanup(func() { h.must(st.Close()) })
	other := &house{t: h.t, store: st, clock: h.clock, blobs: h.blobs}
	return inbound.New(inbound.Options{Store: st, Writer: other, Intake: other, Blobs: h.blobs, Sealer: cursor.NewSealer(st.SealKey()), Clock: h.clock, Log: zerolog.Nop(),
		Limits: domain.Limits{Subject: 200, Body: 4000}})
}

// TestAssignRace: of those who deal with the same thing at the same instant, on one server or on two, one does; everybody else is
// told who. It becomes one message at most, and the journal says so once.
func TestAssignRace(t *testing.T) {
	const rounds = 12
	race := func(t *testing.T, h *house, nodes ...*inbound.Service) {
		berit := h.staff
		berit.ID, berit.No, berit.Name = "berit", 97, "Berit"
		staff := []domain.Actor{h.staff, berit}
		for round := range rounds {
			if round%3 == 2 {
				h.must(h.mail(h.reply("vera"), mailFrom("evil@example.org", fmt.Sprint(round, "@x"), "", fmt.Sprint("round ", round))))
			} else {
				h.must(h.ReceiveSMS(t.Context(), h.org, "kannel", sms.Received{ID: fmt.Sprint(round), From: "+4740009999", To: "1234", Text: fmt.Sprint("round ", round)}))
			}
			page, err := h.List(t.Context(), h.staff, 1, "")
			h.must(err)
			id := page.Inbound[0].ID
			// To two people, to the same one, or one of them throws it away.
			deeds := []func(i int) error{
				func(i int) error {
					_, err := nodes[i].Assign(t.Context(), staff[i], id, h.people[[]string{"sara", "vera"}[i]].ID)
					return err
				},
				func(i int) error {
					_, err := nodes[i].Assign(t.Context(), staff[i], id, h.people["sara"].ID)
					return err
				},
				func(i int) error {
					if i == 0 {
						return nodes[i].Discard(t.Context(), staff[i], id, "not ours")
					}
					_, err := nodes[i].Assign(t.Context(), staff[i], id, h.people["sara"].ID)
					return err
				},
			}
			errs, start := make([]error, 2), make(chan struct{})
			var both sync.WaitGroup
			for i := range errs {
				both.Go(func() {
					<-start
					errs[i] = deeds[round%len(deeds)](i)
				})
			}
			close(start)
			both.Wait()
			won := 0
			if errs[0] != nil {
				won = 1
			}
			lost := errs[1-won]
			if errs[won] != nil || !fault.Is(lost, fault.Conflict) || !strings.Contains(fault.Public(lost).Message, staff[won].Name+" has ") || fault.Public(lost).Field != "inbound" {
				t.Errorf("round %d: %v and %v", round, errs[won], lost)
			}
			// Whoever comes later is told the same.
			if _, err := h.Assign(t.Context(), h.staff, id, h.people["sara"].ID); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Public(err).Message, staff[won].Name) {
				t.Errorf("round %d, later: %v", round, err)
			}
			in, err := h.store.Inbound(t.Context(), h.org.ID, domain.Seen{All: true}, id)
			h.must(err)
			messages := 0
			for _, who := range []string{"sara", "vera"} {
				for _, said := range h.said(who) {
					if strings.Contains(said, fmt.Sprintf("|round %d|", round)) {
						messages++
					}
				}
			}
			want := 1
			if in.State == domain.InboundDiscarded {
				want = 0
			}
			if messages != want || in.HandledBy != staff[won].Name || (in.Offset != 0) != (want == 1) {
				t.Errorf("round %d: %d messages, %+v", round, messages, in)
			}
		}
		head, err := h.store.Head(t.Context(), h.org.ID)
		h.must(err)
		entries, err := h.store.Entries(t.Context(), h.org.ID, 0, int(head))
		h.must(err)
		handled := 0
		for _, e := range entries {
			if e.Kind == journal.KindInboundHandled {
				handled++
			}
		}
		if handled != rounds {
			t.Errorf("%d entries of what was handled, want %d", handled, rounds)
		}
		same(t, "waiting", h.waiting())
	}
	t.Run("sqlite", func(t *testing.T) {
		h := newHouse(t, "sqlite:"+filepath.Join(t.TempDir(), "crier.db"))
		race(t, h, h.Service, h.Service)
	})
	t.Run("postgres, two servers", func(t *testing.T) {
		dsn := testkit.Postgres(t)
		h := newHouse(t, dsn)
		race(t, h, h.Service, h.node(dsn))
	})
}
