package people_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/clock"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/service/people"
	"crier/store"
)

type presence map[domain.PersonNo]domain.Presence

func (p presence) Presence(_ domain.OrganisationID, no domain.PersonNo) (domain.Presence, time.Time) {
	if now, ok := p[no]; ok {
		return now, time.Time{}
	}
	return domain.Offline, time.Time{}
}

// TestPresence: a list of who is connected has pages and a total like any other, and a
// page begins where the one before ended though its last has gone meanwhile.
func TestPresence(t *testing.T) {
	ctx := t.Context()
	st, err := store.Open(ctx, store.Options{DSN: "sqlite:" + filepath.Join(t.TempDir(), "crier.db"), Clock: clock.System{}, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := st.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	o, _, err := st.EnsureOrganisation(ctx, "org", "Organisation")
	if err != nil {
		t.Fatal(err)
	}
	var specs []domain.PersonSpec
	for i := range 10 {
		specs = append(specs, domain.PersonSpec{Where: func(f string) string { return f }, ExternalID: fmt.Sprint("c", i), Kind: domain.KindCandidate, Role: domain.RoleCandidate,
			GivenName: "Sara", FamilyName: fmt.Sprint("Amin ", i)})
	}
	if _, _, err := st.UpsertPeople(ctx, domain.System(o.ID), specs); err != nil {
		t.Fatal(err)
	}
	here := presence{2: domain.Online, 4: domain.Away, 5: domain.Online, 9: domain.Online}
	s := people.New(st, here, cursor.NewSealer(make([]byte, 32)))
	planner := domain.Actor{Organisation: o.ID, Kind: domain.ActorPerson, ID: "p", No: 99, Role: domain.RolePlanner}
	page := func(after string, states ...domain.Presence) (string, people.Page) {
		t.Helper()
		p, err := s.List(ctx, planner, domain.PeopleFilter{Presence: states}, "", 2, after)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, x := range p.People {
			out = append(out, x.ExternalID+" "+string(x.Presence))
		}
		return strings.Join(out, ", "), p
	}
	got, first := page("", domain.Online, domain.Away)
	if got != "c1 online, c3 away" || first.Total != 4 || first.Next == "" {
		t.Errorf("first page %s, %+v", got, first)
	}
	delete(here, 4)
	if got, last := page(first.Next, domain.Online, domain.Away); got != "c4 online, c8 online" || last.Total != 3 || last.Next != "" {
		t.Errorf("second page %s, total %d, next %q", got, last.Total, last.Next)
	}
	if got, none := page("", domain.Away); got != "" || none.Total != 0 {
		t.Errorf("nobody: %s", got)
	}
	_, err = s.List(ctx, planner, domain.PeopleFilter{Presence: []domain.Presence{domain.Online}}, "", 2, "nobody")
	if !fault.Is(err, fault.Invalid) || fault.Public(err).Field != "after" {
		t.Errorf("after nobody: %v", err)
	}
}

// TestForbidden: candidates have no business here.
func TestForbidden(t *testing.T) {
	s := people.New(nil, presence{}, cursor.NewSealer(make([]byte, 32)))
	candidate := domain.Actor{Organisation: 1, Kind: domain.ActorPerson, ID: "c", No: 1, Role: domain.RoleCandidate}
	for name, err := range map[string]error{
		"groups": func() error { _, err := s.Groups(t.Context(), candidate, nil); return err }(),
		"group":  func() error { _, err := s.Group(t.Context(), candidate, "g"); return err }(),
		"list":   func() error { _, err := s.List(t.Context(), candidate, domain.PeopleFilter{}, "", 0, ""); return err }(),
		"facets": func() error { _, err := s.Facets(t.Context(), candidate, ""); return err }(),
		"person": func() error { _, err := s.Profile(t.Context(), candidate, "p"); return err }(),
	} {
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
