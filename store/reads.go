package store

import (
	"context"
	"fmt"
	"strings"

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
	err = s.write(ctx, org, func(tx *Tx) (err error) {
		if unread {
			changed = nil
			return tx.Select(ctx, &changed, s.unreadStatement(), org, staff, jsonOf(people))
		}
		changed, err = tx.read(ctx, staff, people, 0)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("mark as read: %w", err)
	}
	return changed, nil
}

// MarkReadTo is MarkRead up to an offset: what has come in since stays unread. It never goes back. It returns those who
// were unread and are not any more.
func (s *Store) MarkReadTo(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, people []domain.PersonNo, upTo int64) (read []domain.PersonNo, err error) {
	if err := s.Expand(ctx, org); err != nil {
		return nil, err
	}
	err = s.write(ctx, org, func(tx *Tx) (err error) {
		read, err = tx.read(ctx, staff, people, upTo)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("mark as read: %w", err)
	}
	return read, nil
}

// read moves what a staff member has read of these conversations, to an offset or with 0 to the journal's head. It returns
// those who were unread and are not any more.
func (t *Tx) read(ctx context.Context, staff domain.PersonNo, people []domain.PersonNo, upTo int64) ([]domain.PersonNo, error) {
	var moved []domain.PersonNo
	err := t.Select(ctx, &moved, t.s.readStatement(), t.org, staff, jsonOf(people), upTo)
	if err != nil || upTo == 0 || len(moved) == 0 {
		return moved, err
	}
	var read []domain.PersonNo
	err = t.Select(ctx, &read, `SELECT r.person_no FROM reads r LEFT JOIN conversations c ON c.organisation_id = r.organisation_id AND c.person_no = r.person_no
		WHERE r.organisation_id = $1 AND r.staff_no = $2 AND r.person_no IN `+inline(moved)+` AND coalesce(c.in_offset, 0) <= r.read_offset ORDER BY r.person_no`, t.org, staff)
	return read, err
}

// readStatement moves what is unread, or mentions its reader, to an offset ($4), or to the journal's head if that is 0 or beyond:
// all up to there can be seen.
func (s *Store) readStatement() string {
	return `INSERT INTO reads AS r (organisation_id, staff_no, person_no, read_offset, marked)
		SELECT DISTINCT CAST($1 AS bigint), CAST($2 AS bigint), p.value, CASE WHEN CAST($4 AS bigint) BETWEEN 1 AND j.head THEN CAST($4 AS bigint) ELSE j.head END, 0
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

// writersRead notes that whoever answers has read: up to what they say they have seen, or to their own message. Most have it read
// already, which one statement finds for the whole batch.
func (w *messageWriter) writersRead(ctx context.Context) error {
	type pair struct{ staff, person domain.PersonNo }
	upTo := map[pair]int64{}
	for _, i := range w.answered {
		m := &w.batch[i]
		k := pair{m.ActorNo, w.people[m.Person].No}
		to := m.SeenUpTo
		if to == 0 {
			to = w.sent[i].Entry.Offset
		}
		upTo[k] = max(upTo[k], to)
	}
	if len(upTo) == 0 {
		return nil
	}
	rows := make([]string, 0, len(upTo)) // inside the statement, as inline's are
	for k, to := range upTo {
		rows = append(rows, fmt.Sprintf("(%d,%d,%d)", k.staff, k.person, to))
	}
	var found []struct {
		Staff  int64
		Person int64
		UpTo   int64 `db:"up_to"`
	}
	err := w.tx.Select(ctx, &found, `WITH k(s, p, o) AS (VALUES `+strings.Join(rows, ",")+`) SELECT k.s AS staff, k.p AS person, k.o AS up_to FROM k
		JOIN conversations c ON c.organisation_id = $1 AND c.person_no = k.p
		LEFT JOIN reads r ON r.organisation_id = $1 AND r.staff_no = k.s AND r.person_no = k.p
		WHERE c.in_offset > coalesce(r.read_offset, 0) OR coalesce(r.marked, 0) <> 0 ORDER BY 1, 2`, w.tx.org)
	if err != nil {
		return fmt.Errorf("read whose writers have it unread: %w", err)
	}
	for _, f := range found {
		read, err := w.tx.read(ctx, domain.PersonNo(f.Staff), []domain.PersonNo{domain.PersonNo(f.Person)}, f.UpTo)
		if err != nil {
			return fmt.Errorf("mark as read by its writer: %w", err)
		}
		for _, i := range w.answered {
			if m := &w.batch[i]; len(read) > 0 && int64(m.ActorNo) == f.Staff && int64(w.people[m.Person].No) == f.Person {
				w.sent[i].Read = true
			}
		}
	}
	return nil
}
