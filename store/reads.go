package store

import (
	"context"
	"fmt"

	"crier/internal/domain"
)

// MarkRead notes that a staff member has read these people's conversations as far as
// they go now, or, with unread, that they want them to look unread. It is one's own
// business and stands in no journal. It returns for how many that changed anything.
// Whether the people are seen is the caller's to check.
func (s *Store) MarkRead(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, people []domain.PersonNo, unread bool) (changed []domain.PersonNo, err error) {
	if err := s.Expand(ctx, org); err != nil {
		return nil, err
	}
	source := `SELECT c.organisation_id, CAST($2 AS bigint), c.person_no, c.last_offset, 0 FROM conversations c`
	update := `read_offset = excluded.read_offset, marked = 0 WHERE r.read_offset < excluded.read_offset OR r.marked <> 0`
	if unread {
		source = `SELECT c.organisation_id, CAST($2 AS bigint), c.person_no, 0, 1 FROM conversations c`
		update = `marked = 1 WHERE r.marked = 0`
	}
	err = s.write(ctx, org, func(tx *Tx) error {
		changed = nil
		return tx.Select(ctx, &changed, `INSERT INTO reads AS r (organisation_id, staff_no, person_no, read_offset, marked) `+source+`
			WHERE c.organisation_id = $1 AND c.person_no IN `+s.d.Ints("$3")+` ORDER BY c.person_no
			ON CONFLICT (organisation_id, staff_no, person_no) DO UPDATE SET `+update+` RETURNING person_no`, org, staff, jsonOf(people))
	})
	if err != nil {
		return nil, fmt.Errorf("mark as read: %w", err)
	}
	return changed, nil
}
