package store

import (
	"context"
	"fmt"

	"crier/internal/domain"
)

// MarkRead notes that a staff member has read these people's conversations as far as
// they go now, with the notes that mention them; or, with unread, that they want them to look
// unread. It is one's own business and stands in no journal. It returns those for whom
// that changed anything. Whether the people are seen is the caller's to check.
func (s *Store) MarkRead(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, people []domain.PersonNo, unread bool) (changed []domain.PersonNo, err error) {
	if err := s.Expand(ctx, org); err != nil {
		return nil, err
	}
	statement := s.readStatement()
	if unread {
		statement = s.unreadStatement()
	}
	err = s.write(ctx, org, func(tx *Tx) error {
		changed = nil
		return tx.Select(ctx, &changed, statement, org, staff, jsonOf(people))
	})
	if err != nil {
		return nil, fmt.Errorf("mark as read: %w", err)
	}
	return changed, nil
}

// readStatement moves what is unread, or mentions its reader, to the journal's head: all up to there can be seen.
func (s *Store) readStatement() string {
	return `INSERT INTO reads AS r (organisation_id, staff_no, person_no, read_offset, marked)
		SELECT DISTINCT CAST($1 AS bigint), CAST($2 AS bigint), p.value, j.head, 0
		FROM ` + s.d.Ints("$3") + ` AS p JOIN journals j ON j.organisation_id = $1
		LEFT JOIN conversations c ON c.organisation_id = $1 AND c.person_no = p.value
		LEFT JOIN reads o ON o.organisation_id = $1 AND o.staff_no = $2 AND o.person_no = p.value
		WHERE coalesce(c.in_offset, 0) > coalesce(o.read_offset, 0) OR coalesce(o.marked, 0) <> 0 OR EXISTS (SELECT 1 FROM mentions m
			WHERE m.organisation_id = $1 AND m.staff_no = $2 AND m.person_no = p.value AND m."offset" > coalesce(o.read_offset, 0))
		ORDER BY 3
		ON CONFLICT (organisation_id, staff_no, person_no) DO UPDATE SET marked = 0,
			read_offset = ` + s.d.greatest + `(r.read_offset, excluded.read_offset) RETURNING person_no`
}

// unreadStatement marks conversations that are there and not marked yet.
func (s *Store) unreadStatement() string {
	return `INSERT INTO reads AS r (organisation_id, staff_no, person_no, read_offset, marked)
		SELECT c.organisation_id, CAST($2 AS bigint), c.person_no, 0, 1 FROM conversations c
		WHERE c.organisation_id = $1 AND c.person_no IN ` + s.d.Ints("$3") + ` ORDER BY c.person_no
		ON CONFLICT (organisation_id, staff_no, person_no) DO UPDATE SET marked = 1 WHERE r.marked = 0 RETURNING person_no`
}
