package gateway

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"crier/hub"
	"crier/internal/clock"
	"crier/internal/domain"
	"crier/internal/journal"
	"crier/internal/protocol"
)

// happens has every node hear an entry.
func (o *office) happens(kind journal.Kind, payload any) {
	o.t.Helper()
	b, err := json.Marshal(payload)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, g := range o.nodes {
		g.Entry(&journal.Entry{Organisation: 1, Kind: kind, Group: "T", Payload: b})
	}
	synctest.Wait()
}

// A window of a candidate who has moved out of reach is shut on every node: it hears neither typing
// nor presence any more, the candidate hears no typing from it, and others keep theirs.
func TestWindowsOfWhoMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 2)
		defer o.stop()
		anna, bea, kim := o.page(0, staffed(101, domain.RoleInvigilator)), o.page(1, staffed(102, domain.RoleInvigilator)), o.page(1, staffed(103, domain.RolePlanner))
		sara, omar := o.page(1, candidate(1)), o.page(0, candidate(2))
		for _, p := range []*page{anna, bea} {
			if got := p.say(protocol.Command{Type: protocol.Open, Conversation: "p1"}); got != "" {
				t.Fatal(got)
			}
		}
		for _, p := range []*page{anna, kim} {
			if got := p.say(protocol.Command{Type: protocol.Open, Conversation: "p2"}); got != "" {
				t.Fatal(got)
			}
		}
		pass(1500 * time.Millisecond)
		for _, p := range []*page{anna, bea, kim, sara, omar} {
			p.heard("")
		}

		o.gone.Store(1)
		o.happens(journal.KindEnrolmentsUpserted, journal.EnrolmentsUpserted{People: []domain.PersonNo{1, 2}})
		for name, p := range map[string]*page{"anna": anna, "bea": bea} {
			if got := p.heard("conversations"); len(got) != 1 {
				t.Errorf("%s is asked to read again: %q", name, got)
			}
		}
		if got := kim.heard("conversations"); len(got) != 0 {
			t.Errorf("kim, who lost nothing: %q", got)
		}
		for _, c := range []*page{sara, omar} {
			if got := c.say(protocol.Command{Type: protocol.Typing, State: "typing"}); got != "" {
				t.Fatal(got)
			}
		}
		if got := bea.heard("typing"); len(got) != 0 {
			t.Errorf("bea hears %q", got)
		}
		for name, p := range map[string]*page{"anna": anna, "kim": kim} {
			if got := p.heard("typing"); len(got) != 1 {
				t.Errorf("%s hears %q, not one of two", name, got)
			}
		}
		if got := anna.say(protocol.Command{Type: protocol.Typing, Conversation: "p1", State: "typing"}); got != "invalid conversation" {
			t.Errorf("anna types: %s", got)
		}
		if got := sara.heard("typing"); len(got) != 0 {
			t.Errorf("sara hears %q", got)
		}
		if o.ended.Load() != 2 {
			t.Errorf("%d windows ended", o.ended.Load())
		}
	})
}

// A connection is closed when the reach through a scope ends, and when a test's end, the
// organisation's settings or one's role change; nobody else's is.
func TestConnectionsEndWithTheReach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 2)
		defer o.stop()
		scoped := func(no domain.PersonNo, s domain.Scope) domain.Actor {
			a := staffed(no, domain.RoleInvigilator)
			a.Scopes = []domain.Scope{s}
			return a
		}
		until := clock.System{}.Now().Add(10 * time.Second)
		ends, lasts := o.page(0, scoped(101, domain.Scope{Exam: "T", Kind: domain.KindTest, Until: until})), o.page(1, scoped(102, domain.Scope{Exam: "T", Kind: domain.KindTest}))
		other, pool := o.page(1, scoped(103, domain.Scope{Exam: "U", Kind: domain.KindTest})), o.page(0, scoped(104, domain.Scope{Exam: "P", Kind: domain.KindPool}))
		closed := func(what string, want ...*page) {
			t.Helper()
			synctest.Wait()
			for i, p := range []*page{ends, lasts, other, pool} {
				is := false
				for _, w := range want {
					is = is || w == p
				}
				p.mu.Lock()
				if (p.closed == hub.CloseRestart) != is {
					t.Errorf("%s: connection %d is closed with %d", what, i, p.closed)
				}
				p.mu.Unlock()
			}
		}
		pass(9 * time.Second)
		closed("before")
		pass(2 * time.Second)
		closed("the end", ends)
		o.happens(journal.KindExamsUpserted, journal.ExamsUpserted{Exams: []journal.ExamRecord{{ID: "T"}}})
		closed("another name", ends)
		o.happens(journal.KindExamsUpserted, journal.ExamsUpserted{Exams: []journal.ExamRecord{{ID: "T", EndMoved: true}}})
		closed("another end", ends, lasts)
		o.happens(journal.KindPeopleUpserted, journal.PeopleUpserted{People: []journal.PersonRecord{{No: 103, Role: domain.RoleInvigilator}, {No: 104, Role: domain.RoleCoordinator}}})
		closed("another role", ends, lasts, pool)
		o.happens(journal.KindSettingsChanged, journal.SettingsChanged{})
		closed("settings", ends, lasts, other, pool)
	})
}
