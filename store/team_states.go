package store

import (
	"context"

	"crier/internal/domain"
)

// TeamStates says what of these candidates' conversations is the team's: names and
// state, nothing of what was written. Unknown people, and staff, are absent. One
// statement.
func (s *Store) TeamStates(ctx context.Context, org domain.OrganisationID, people []domain.PersonNo) (map[domain.PersonNo]domain.ConversationRow, error) {
	rows, err := s.conversationRows(ctx, org, 0, people)
	if err != nil {
		return nil, err
	}
	out := make(map[domain.PersonNo]domain.ConversationRow, len(rows))
	for no, r := range rows {
		out[no] = r.row(nil)
	}
	return out, nil
}
