package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"crier/internal/domain"
	"crier/internal/journal"
)

// AppendReminder is Append for a reminder: root is the sending that its chain of reminders begins with.
// known is the newest reminder of that sending which the caller has taken into account, people whom it
// goes to. Errors, beside those of Append: domain.ErrStale if a newer reminder is stored, or if one of
// the people has been told in person.
func (s *Store) AppendReminder(
	ctx context.Context, e *journal.Entry, root, known int64, people []domain.PersonNo,
) (stored *journal.Entry, fresh bool, err error) {
	if err := e.Seal(); err != nil { // before the journal is locked
		return nil, false, err
	}
	err = s.write(ctx, e.Organisation, func(tx *Tx) error {
		if err := tx.Append(ctx, e); err != nil {
			return err
		}
		// The journal's row is held: no other reminder can be stored, and nobody told, meanwhile.
		var stale bool
		err := tx.Get(ctx, &stale, `SELECT EXISTS (SELECT 1 FROM reminders WHERE organisation_id = $1 AND of_offset = $2
			AND "offset" > $3) OR EXISTS (SELECT 1 FROM messages m WHERE m.organisation_id = $1 AND m.person_no IN `+
			s.d.Ints("$4")+` AND m.told_at <> 0 AND m."offset" IN (`+family+`))`, tx.org, root, known, jsonOf(people))
		if err != nil {
			return fmt.Errorf("read reminders: %w", err)
		}
		if stale {
			return domain.ErrStale
		}
		_, err = tx.Exec(ctx, `INSERT INTO reminders (organisation_id, of_offset, "offset") VALUES ($1, $2, $3)`, tx.org, root, e.Offset)
		return err
	})
	if d, ok := errors.AsType[*Duplicate](err); ok {
		return d.Entry, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return e, true, nil
}

// family selects the offsets of sending $2 and of everything that reminds of it.
const family = `SELECT CAST($2 AS bigint) UNION ALL SELECT r."offset" FROM reminders r WHERE r.organisation_id = $1 AND r.of_offset = $2`

// Reminders returns who was reminded of a sending, or of what it reminds of itself, and who was told in
// person of any of these.
func (s *Store) Reminders(ctx context.Context, org domain.OrganisationID, offset int64) (domain.Reminders, error) {
	out := domain.Reminders{Root: offset, Reminded: map[domain.PersonNo][]domain.Reminded{}, Told: map[domain.PersonNo]bool{}}
	if err := s.Expand(ctx, org); err != nil {
		return out, err
	}
	err := s.get(ctx, &out.Root, `SELECT of_offset FROM reminders WHERE organisation_id = $1 AND "offset" = $2`, org, offset)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return out, fmt.Errorf("read what a sending reminds of: %w", err)
	}
	var rows []struct {
		Offset int64
		At     int64
		By     string
		Person domain.PersonNo
	}
	err = s.list(ctx, &rows, `SELECT r."offset", e.at, e.actor_name AS "by", m.person_no AS person FROM reminders r
		JOIN entries e ON e.organisation_id = r.organisation_id AND e."offset" = r."offset"
		JOIN messages m ON m.organisation_id = r.organisation_id AND m."offset" = r."offset"
		WHERE r.organisation_id = $1 AND r.of_offset = $2 ORDER BY r."offset", m.person_no`, org, out.Root)
	if err != nil {
		return out, fmt.Errorf("read who was reminded: %w", err)
	}
	for _, r := range rows {
		out.Newest = r.Offset
		out.Reminded[r.Person] = append(out.Reminded[r.Person], domain.Reminded{Offset: r.Offset, At: timeOf(r.At), By: r.By})
	}
	var told []domain.PersonNo
	err = s.list(ctx, &told, `SELECT m.person_no FROM messages m WHERE m.organisation_id = $1 AND m.told_at <> 0 AND m."offset" IN (`+family+`)`, org, out.Root)
	if err != nil {
		return out, fmt.Errorf("read who was told in person: %w", err)
	}
	for _, no := range told {
		out.Told[no] = true
	}
	return out, nil
}

// Untold takes back that these recipients were told in person, of those who were told at or after since,
// and appends an entry that says so. If there are none, nothing is written and the entry is nil.
func (s *Store) Untold(
	ctx context.Context, org domain.OrganisationID, by domain.ActorRef, exam domain.ExamID, offset int64, people []domain.PersonNo, since time.Time,
) (*journal.Entry, error) {
	if err := s.Expand(ctx, org); err != nil {
		return nil, err
	}
	var entry *journal.Entry
	err := s.write(ctx, org, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		var nos []domain.PersonNo
		err := tx.Select(ctx, &nos, `UPDATE messages SET told_at = 0, told_by = '', told_note = ''
			WHERE organisation_id = $1 AND "offset" = $2 AND told_at >= $4 AND told_at <> 0 AND person_no IN `+s.d.Ints("$3")+` RETURNING person_no`,
			org, offset, jsonOf(people), micros(since))
		if err != nil || len(nos) == 0 {
			return err
		}
		payload, err := json.Marshal(journal.BroadcastUntold{Broadcast: offset, People: nos})
		if err != nil {
			return err
		}
		entry = &journal.Entry{Kind: journal.KindBroadcastUntold, Actor: by, Group: exam, Payload: payload}
		return tx.Append(ctx, entry)
	})
	if err != nil {
		return nil, fmt.Errorf("take back who was told: %w", err)
	}
	return entry, nil
}

// listReminders fills the table of reminders from the sendings that were stored before there was one.
func listReminders(ctx context.Context, _ *dialect, tx *sql.Tx) error {
	type reminder struct{ org, of, offset int64 }
	read := func() (out []reminder, err error) {
		rows, err := tx.QueryContext(ctx, `SELECT organisation_id, "offset", payload FROM entries
			WHERE kind = 'broadcast.sent' AND payload LIKE '%"reminds":%' ORDER BY organisation_id, "offset"`)
		if err != nil {
			return nil, err
		}
		defer func() { _ = rows.Close() }()
		roots := map[[2]int64]int64{}
		for rows.Next() {
			var r reminder
			var payload []byte
			if err := rows.Scan(&r.org, &r.offset, &payload); err != nil {
				return nil, err
			}
			var text journal.BroadcastSent
			if json.Unmarshal(payload, &text) != nil || text.Reminds == 0 {
				continue
			}
			r.of = text.Reminds
			if root, ok := roots[[2]int64{r.org, r.of}]; ok {
				r.of = root
			}
			roots[[2]int64{r.org, r.offset}] = r.of
			out = append(out, r)
		}
		return out, rows.Err()
	}
	list, err := read()
	if err != nil {
		return fmt.Errorf("read reminders: %w", err)
	}
	for _, r := range list {
		if _, err := tx.ExecContext(ctx, `INSERT INTO reminders (organisation_id, of_offset, "offset") VALUES ($1, $2, $3)`, r.org, r.of, r.offset); err != nil {
			return fmt.Errorf("list a reminder: %w", err)
		}
	}
	return nil
}
