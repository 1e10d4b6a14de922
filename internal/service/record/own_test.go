package record_test

import (
	"testing"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/service/record"
)

// TestOwnSendings: what belongs to no group is in its sender's log, with everyone it
// went to, and in nobody else's whose reach is limited.
func TestOwnSendings(t *testing.T) {
	b := newBook(t)
	b.fill()
	b.send("", "mine", "To all of my people", "Ines Vogel", ":CA", ":CC")
	ines := b.as(domain.RoleCoordinator, domain.Scope{Exam: b.exams["chem"]})
	ines.ID = "id-Ines Vogel"
	if got := b.list(ines, record.Filter{}); got != "mine other" {
		t.Errorf("the sender reads %q", got)
	}
	page, err := b.List(t.Context(), ines, record.Filter{Q: "mine"}, 0, "")
	b.must(err)
	d, err := b.Get(t.Context(), ines, page.Entries[0].ID)
	if err != nil || len(d.People) != 2 || d.Test != nil || d.Recipients != 2 {
		t.Errorf("%+v, %v", d, err)
	}
	other := b.as(domain.RoleCoordinator, domain.Scope{Exam: b.exams["bio"]})
	if got := b.list(other, record.Filter{}); got != "second first both" {
		t.Errorf("a colleague reads %q", got)
	}
	if _, err := b.Get(t.Context(), other, page.Entries[0].ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("a colleague opens it: %v", err)
	}
	if got := b.list(b.as(domain.RolePlanner), record.Filter{}); got != "mine other second first both" {
		t.Errorf("a planner reads %q", got)
	}
}
