package store

import (
	"encoding/json"
	"testing"

	"crier/internal/domain"
	"crier/internal/journal"
)

// TestUpgradeReminders: sendings that were stored before there was a table of reminders are listed in it,
// under the first of their chain.
func TestUpgradeReminders(t *testing.T) {
	atVersion(t, 15, func(t *testing.T, s *Store) {
		ctx := t.Context()
		org, exam := hall(t, s, 3)
		var offsets []int64
		for _, reminds := range []int{-1, 0, 1, -1} { // which of those before
			text := journal.BroadcastSent{Subject: `"reminds":7`, Body: "b", Recipients: 1}
			if reminds >= 0 {
				text.Reminds = offsets[reminds]
			}
			payload, err := json.Marshal(text)
			if err != nil {
				t.Fatal(err)
			}
			e, _, err := s.Append(ctx, &journal.Entry{Organisation: org, Kind: journal.KindBroadcastSent, Group: exam, Actor: domain.System(org).Ref(),
				Payload: payload, Audience: json.RawMessage(`[{"room":"A","people":[1]}]`)})
			if err != nil {
				t.Fatal(err)
			}
			offsets = append(offsets, e.Offset)
		}
		if err := s.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		for i, root := range []int64{offsets[0], offsets[0], offsets[0], offsets[3]} {
			got, err := s.Reminders(ctx, org, offsets[i])
			if err != nil || got.Root != root {
				t.Errorf("sending %d: %+v, %v", i, got, err)
			}
			if want := map[bool]int{true: 2}[root == offsets[0]]; len(got.Reminded[1]) != want {
				t.Errorf("sending %d: %+v, want %d reminders", i, got, want)
			}
		}
	})
}
