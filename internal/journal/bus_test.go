package journal_test

import (
	"slices"
	"testing"

	"crier/internal/journal"
)

// A listener hears of the kinds that the table gives it, at its moment; listeners hear in the order
// in which they were added, entries come in the order of the journal.
func TestTheBusTellsWhomTheTableNames(t *testing.T) {
	var b journal.Bus
	var heard []string
	add := func(when journal.Moment, name journal.Listener) {
		b.Listen(when, name, func(e *journal.Entry) { heard = append(heard, string(name)+" "+string(e.Kind)) })
	}
	add(journal.Committed, journal.Team)
	add(journal.Committed, journal.Hub)
	add(journal.Committed, journal.Delivery)
	add(journal.Followed, journal.Conversations)
	b.Tell(journal.Committed, &journal.Entry{Kind: journal.KindMessageSent}, &journal.Entry{Kind: journal.KindTeamMessage}, &journal.Entry{Kind: "unknown"})
	want := []string{"hub message.sent", "delivery message.sent", "team team.message", "hub team.message", "hub unknown"}
	if !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
	heard = nil
	b.Tell(journal.Followed, &journal.Entry{Kind: journal.KindMessageSent})
	if !slices.Equal(heard, []string{"conversations message.sent"}) {
		t.Errorf("heard %q", heard)
	}
	if silent := b.Silent(); slices.Contains(silent, journal.Hub) || !slices.Contains(silent, journal.Access) || slices.Contains(silent, journal.Candidates) {
		t.Errorf("silent: %q", silent)
	}
}
