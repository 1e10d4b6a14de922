package broadcast_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/clock"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/limit"
	"crier/internal/service/broadcast"
	"crier/internal/testkit"
	"crier/store"
)

// hall is an organisation with two tests: "bio" with people in rooms of ten (A, B,
// C …), and "chem" with one candidate, in room A.
type hall struct {
	*broadcast.Service
	t         testing.TB
	store     *store.Store
	clock     *clock.Fixed
	org       domain.OrganisationID
	bio, chem domain.ExamID
	people    []domain.PersonID // of bio, by seat
	nos       []domain.PersonNo
	stranger  domain.PersonID // of chem
	presence  presence
	limits    *domain.Limits

	mu        sync.Mutex
	committed []*journal.Entry // guarded by mu
}

type presence map[domain.PersonNo]domain.Presence

func (p presence) Presence(_ domain.OrganisationID, no domain.PersonNo) (domain.Presence, time.Time) {
	if v, ok := p[no]; ok {
		return v, time.Time{}
	}
	return domain.Offline, time.Time{}
}

func newHall(t testing.TB, n int) *hall {
	t.Helper()
	return newHallOn(t, n, "sqlite:"+filepath.Join(t.TempDir(), "crier.db"))
}

func newHallOn(t testing.TB, n int, dsn string) *hall {
	t.Helper()
	ctx := t.Context()
	h := &hall{t: t, clock: clock.NewFixed(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)), presence: presence{}}
	var err error
	h.store, err = store.Open(ctx, store.Options{DSN: dsn, Clock: h.clock, Log: zerolog.Nop()})
	h.must(err)
	t.Cleanup(func() { h.must(h.store.Close()) })
	h.must(h.store.Migrate(ctx))
	o, _, err := h.store.EnsureOrganisation(ctx, "org", "Organisation")
	h.must(err)
	h.org = o.ID
	h.bio, h.chem = h.fill(n)
	limits := domain.DefaultLimits
	h.limits = &limits
	h.build(limit.Unlimited{})
	h.store.Bus().Listen(journal.Committed, journal.Expansion, func(e *journal.Entry) { // sendings
		// After COMMIT: another reader sees the entry by now.
		if _, err := h.store.Entry(context.Background(), e.Organisation, e.Offset); err != nil {
			h.t.Errorf("a listener heard too early: %v", err)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.committed = append(h.committed, e)
	})
	return h
}

func (h *hall) build(l broadcast.Limiter) {
	h.Service = broadcast.New(broadcast.Options{
		Store: h.store, Presence: h.presence, Sealer: cursor.NewSealer(h.store.SealKey()), Clock: h.clock, Limits: *h.limits, Limiter: l,
	})
}

func (h *hall) fill(n int) (bio, chem domain.ExamID) {
	ctx, by := h.t.Context(), domain.System(h.org)
	people := make([]domain.PersonSpec, n+1)
	seats := make([]domain.EnrolmentSpec, n+1)
	at := func(i int) domain.Where {
		return func(f string) string { return fmt.Sprintf("items[%d].%s", i, f) }
	}
	for i := range people {
		id, test, room, seat := fmt.Sprintf("C%04d", i), "bio", string(rune('A'+i/10%26)), fmt.Sprint(i%10+1)
		if i == n {
			test, room = "chem", "A"
		}
		people[i] = domain.PersonSpec{Where: at(i), ExternalID: id, Kind: domain.KindCandidate, Role: domain.RoleCandidate, GivenName: "Sara", FamilyName: fmt.Sprintf("Amin %d", i)}
		seats[i] = domain.EnrolmentSpec{Where: at(i), Exam: test, Person: id, Room: &room, Seat: &seat}
	}
	name := "Biology 1"
	_, _, err := h.store.Import(ctx, by, people, []domain.ExamSpec{{Where: at(0), ExternalID: "bio", Name: &name}, {Where: at(1), ExternalID: "chem"}}, seats)
	h.must(err)
	exams, err := h.store.Exams(ctx, h.org, nil)
	h.must(err)
	for _, e := range exams {
		if e.ExternalID == "bio" {
			bio = e.ID
		} else {
			chem = e.ID
		}
	}
	list, err := h.store.Enrolled(ctx, h.org, bio, nil)
	h.must(err)
	for _, c := range list {
		h.people, h.nos = append(h.people, c.ID), append(h.nos, c.Person)
	}
	others, err := h.store.Enrolled(ctx, h.org, chem, nil)
	h.must(err)
	h.stranger = others[0].ID
	return bio, chem
}

func (h *hall) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// as is an actor of the hall's organisation with a role and the scopes bio and,
// for rooms, only these rooms of it.
func (h *hall) as(role domain.Role, rooms ...string) domain.Actor {
	a := domain.Actor{Organisation: h.org, Kind: domain.ActorPerson, ID: "staff-" + string(role), No: 7777, Name: "Ines Vogel", Role: role, Rights: domain.Rights}
	for _, r := range rooms {
		a.Scopes = append(a.Scopes, domain.Scope{Exam: h.bio, Room: r})
	}
	if len(rooms) == 0 {
		a.Scopes = []domain.Scope{{Exam: h.bio}}
	}
	return a
}

// BenchmarkSendToAll is everything between the request and the telling for 1500
// recipients.
func BenchmarkSendToAll(b *testing.B) {
	for name, dsn := range map[string]func() string{
		"sqlite":   func() string { return "sqlite:" + filepath.Join(b.TempDir(), "crier.db") },
		"postgres": func() string { return testkit.Postgres(b) },
	} {
		b.Run(name, func(b *testing.B) {
			h := newHallOn(b, 1500, dsn())
			planner := h.as(domain.RolePlanner)
			s := broadcast.New(broadcast.Options{Store: h.store, Presence: h.presence, Sealer: cursor.NewSealer(h.store.SealKey()), Clock: h.clock,
				Limits: *h.limits, Limiter: limit.Unlimited{}})
			for b.Loop() {
				if _, _, err := s.Send(b.Context(), planner, h.bio, request()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

var keys int

// request is a valid one to all that a sender may reach, under a new key.
func request() broadcast.Request {
	keys++
	return broadcast.Request{Key: fmt.Sprintf("key-%08d", keys), Subject: "Time", Body: "Five minutes left.",
		Recipients: broadcast.Recipients{Filter: &domain.CandidateFilter{}}}
}

func to(people ...domain.PersonID) broadcast.Request {
	r := request()
	r.Recipients = broadcast.Recipients{People: people}
	return r
}

func (h *hall) send(actor domain.Actor, r broadcast.Request) broadcast.Broadcast {
	h.t.Helper()
	b, fresh, err := h.Send(h.t.Context(), actor, h.bio, r)
	h.must(err)
	if !fresh {
		h.t.Fatal("the key was used before")
	}
	return b
}

func (h *hall) head() int64 {
	h.t.Helper()
	head, err := h.store.Head(h.t.Context(), h.org)
	h.must(err)
	return head
}

// receipt records that people reached a state for the sending.
func (h *hall) receipt(b broadcast.Broadcast, state domain.ReceiptState, people ...int) {
	h.t.Helper()
	offset, err := cursor.NewSealer(h.store.SealKey()).Open(int64(h.org), 0, string(b.ID))
	h.must(err)
	var marks []domain.Mark
	for _, i := range people {
		m := domain.Mark{Offset: offset, Person: h.nos[i]}
		m.Raise(state, h.clock.Now())
		marks = append(marks, m)
	}
	_, err = h.store.RecordReceipts(h.t.Context(), h.org, domain.System(h.org).Ref(), marks)
	h.must(err)
}

// want checks a fault's code and field.
func want(t testing.TB, err error, code fault.Code, field string) *fault.Error {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Code != code || f.Field != field {
		t.Errorf("got %v, want %s of %q", err, code, field)
		return &fault.Error{}
	}
	return f
}
