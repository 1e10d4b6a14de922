package delivery_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/channel"
	"crier/internal/channel/sms"
	"crier/internal/clock"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/journal"
	"crier/internal/service/delivery"
	"crier/internal/testkit"
	"crier/store"
)

// both runs fn on each database.
func both(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Run("sqlite", func(t *testing.T) { fn(t, newHouse(t, "sqlite:"+filepath.Join(t.TempDir(), "crier.db"))) })
	t.Run("postgres", func(t *testing.T) { fn(t, newHouse(t, testkit.Postgres(t))) })
}

// house is an organisation with a pool of candidates, on a clock that stands at noon.
type house struct {
	t      *testing.T
	store  *store.Store
	clock  *clock.Fixed
	org    domain.OrganisationID
	admin  domain.Actor
	people []domain.PersonID
	body   string // of messages; "": a line

	mu      sync.Mutex
	entries []*journal.Entry
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func newHouse(t *testing.T, dsn string) *house {
	t.Helper()
	h := &house{t: t, clock: clock.NewFixed(noon)}
	var err error
	h.store, err = store.Open(t.Context(), store.Options{DSN: dsn, Clock: h.clock, Log: zerolog.Nop(), Number: sms.Number})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.store.Close() })
	if err := h.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.store.Bus().Listen(journal.Committed, journal.Hub, func(e *journal.Entry) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.entries = append(h.entries, e)
	})
	h.open("north")
	return h
}

// open begins to work for an organisation.
func (h *house) open(slug string) {
	h.t.Helper()
	org, _, err := h.store.EnsureOrganisation(h.t.Context(), slug, "Org "+slug)
	if err != nil {
		h.t.Fatal(err)
	}
	h.org, h.people = org.ID, nil
	h.admin = domain.Actor{Organisation: org.ID, Kind: domain.ActorPerson, ID: "admin-" + slug, No: 1, Name: "Ada", Role: domain.RolePlanner}
	name := "Pool"
	if _, _, err := h.store.UpsertGroups(h.t.Context(), domain.System(org.ID), []domain.GroupSpec{{Where: anywhere, Kind: domain.KindPool, ExternalID: "P", Name: &name}}); err != nil {
		h.t.Fatal(err)
	}
}

func anywhere(field string) string { return field }

// add makes n candidates who can be reached by email and SMS.
func (h *house) add(n int, change func(i int, p *domain.PersonSpec)) {
	h.t.Helper()
	specs, in := make([]domain.PersonSpec, n), make([]domain.EnrolmentSpec, n)
	state := domain.EnrolmentMember
	for i := range specs {
		mail, phone := fmt.Sprintf("p%d@example.org", i), fmt.Sprintf("+4740%06d", i)
		specs[i] = domain.PersonSpec{Where: anywhere, ExternalID: fmt.Sprintf("p%05d", i), Kind: domain.KindCandidate, Role: domain.RoleCandidate, GivenName: "Person", FamilyName: fmt.Sprint(i),
			Email: &mail, Phone: &phone, SMSConsent: &domain.ConsentSpec{State: domain.ConsentIn, Words: domain.ConsentWords}}
		if change != nil {
			change(i, &specs[i])
		}
		in[i] = domain.EnrolmentSpec{Where: anywhere, Kind: domain.KindPool, Exam: "P", Person: specs[i].ExternalID, State: &state}
	}
	if _, _, err := h.store.UpsertPeople(h.t.Context(), domain.System(h.org), specs); err != nil {
		h.t.Fatal(err)
	}
	if _, _, err := h.store.UpsertEnrolments(h.t.Context(), domain.System(h.org), in); err != nil {
		h.t.Fatal(err)
	}
	ids := make([]string, n)
	for i, s := range specs {
		ids[i] = s.ExternalID
	}
	found, err := h.store.PeopleByExternalID(h.t.Context(), h.org, ids)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, id := range ids {
		h.people = append(h.people, found[id].ID)
	}
}

// send sends a message to everyone, with copies; it returns its offset.
func (h *house) send(channels ...domain.Channel) int64 {
	h.t.Helper()
	var all []domain.PersonNo
	for i := range h.people {
		all = append(all, domain.PersonNo(i+1))
	}
	return h.sendTo(all, channels...)
}

// sendTo sends a message to some.
func (h *house) sendTo(people []domain.PersonNo, channels ...domain.Channel) int64 {
	h.t.Helper()
	audience := []journal.AudienceRoom{{People: people}}
	a, _ := json.Marshal(audience)
	p, _ := json.Marshal(journal.BroadcastSent{ExamName: "Pool", GroupKind: domain.KindPool, Subject: "Shift", Body: cmp.Or(h.body, "The shift begins at nine."), Level: domain.LevelChat, SenderName: "Ada", Channels: channels})
	e, _, err := h.store.Append(h.t.Context(), &journal.Entry{Organisation: h.org, Kind: journal.KindBroadcastSent, Actor: h.admin.Ref(), Payload: p, Audience: a})
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.store.Expand(h.t.Context(), h.org); err != nil {
		h.t.Fatal(err)
	}
	return e.Offset
}

// sender is a provider that does as it is told.
type sender struct {
	mu    sync.Mutex
	do    func(o channel.Outgoing) (channel.Accepted, error)
	taken map[string]int // by delivery: how often it was accepted
	to    map[string]int // by address
	texts []channel.Outgoing
}

func newSender(do func(o channel.Outgoing) (channel.Accepted, error)) *sender {
	return &sender{do: do, taken: map[string]int{}, to: map[string]int{}}
}

// Name implements channel.Sender.
func (s *sender) Name() string { return "fake" }

// Send implements channel.Sender.
func (s *sender) Send(ctx context.Context, o channel.Outgoing) (channel.Accepted, error) {
	if err := ctx.Err(); err != nil {
		return channel.Accepted{}, err
	}
	s.mu.Lock()
	do := s.do
	s.mu.Unlock()
	a := channel.Accepted{ProviderID: "id-" + o.ID}
	if do != nil {
		var err error
		if a, err = do(o); err != nil {
			return a, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken[o.ID]++
	s.to[o.Address]++
	s.texts = append(s.texts, o)
	return a, nil
}

func (s *sender) behave(do func(o channel.Outgoing) (channel.Accepted, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.do = do
}

func (s *sender) count() (deliveries, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.taken {
		deliveries, times = deliveries+1, times+n
	}
	return deliveries, times
}

// service makes one over a store, with a sender for each channel that has one.
func (h *house) service(st delivery.Store, ways map[domain.Channel]channel.Sender) *delivery.Service {
	o := delivery.Options{Store: st, Ways: map[domain.Channel]delivery.Way{}, Sealer: cursor.NewSealer(make([]byte, 32)), Clock: h.clock, Log: zerolog.Nop(), Link: "https://crier.example.org"}
	for c, s := range ways {
		o.Ways[c] = delivery.Way{Sender: s}
	}
	return delivery.New(o)
}

// run starts a service and stops it with the test.
func (h *house) run(ways map[domain.Channel]channel.Sender) *delivery.Service {
	h.t.Helper()
	s := h.service(h.store, ways)
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

// states counts the organisation's deliveries by state.
func (h *house) states() map[domain.DeliveryState]int {
	h.t.Helper()
	n, err := h.store.CountDeliveries(h.t.Context(), h.org, domain.Seen{All: true}, domain.DeliveryQuery{})
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

func (h *house) list(q domain.DeliveryQuery) []domain.DeliveryRow {
	h.t.Helper()
	q.Limit = 1000
	rows, err := h.store.Deliveries(h.t.Context(), h.org, domain.Seen{All: true}, q)
	if err != nil {
		h.t.Fatal(err)
	}
	return rows
}

// until waits for what workers do.
func (h *house) until(what string, ok func() bool) {
	h.t.Helper()
	testkit.Eventually(h.t, 60*time.Second, what, func() error {
		if !ok() {
			return fmt.Errorf("%v", h.states())
		}
		return nil
	})
}
