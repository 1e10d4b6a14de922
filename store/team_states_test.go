package store

import (
	"testing"
	"time"

	"crier/internal/domain"
)

// TestTeamStates: names and the team's state, of candidates alone and of one organisation.
func TestTeamStates(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 3)
		other, _ := hall(t, s, 3)
		anna := staffOf(t, s, org, "Anna", domain.RolePlanner)
		said(t, s, org, 1, exam, true, "theirs")
		said(t, s, other, 2, "", true, "of another organisation")
		if _, _, err := s.MarkConversations(t.Context(), anna, domain.MarkArchived, time.Time{}, []domain.PersonNo{1}); err != nil {
			t.Fatal(err)
		}
		rows, err := s.TeamStates(t.Context(), org, []domain.PersonNo{1, 2, anna.No, 999})
		if err != nil || len(rows) != 2 {
			t.Fatalf("%+v, %v", rows, err)
		}
		whole := rowOf(t, s, org, anna.No, 1, everything)
		if got := rows[1]; got.TeamState() != whole.TeamState() || got.Name() != whole.Name() || got.ID != whole.ID || got.Last != nil || !got.Archived || !got.Open {
			t.Errorf("%+v, but the list has %+v", got, whole)
		}
		if got := rows[2].TeamState(); got != (domain.ConversationState{Processed: domain.ProcessedNone}) {
			t.Errorf("of one who never wrote: %+v", got)
		}
	})
}
