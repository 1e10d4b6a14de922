package store

import (
	"context"
	"encoding/json"
	"fmt"

	"crier/internal/domain"
	"crier/internal/journal"
)

// expandBatch is how many sendings one transaction of Expand covers at most.
const expandBatch = 16

// toExpand says whether there is a sending that is not expanded yet.
const toExpand = `SELECT EXISTS (SELECT 1 FROM entries e WHERE e.organisation_id = $1 AND e.kind = 'broadcast.sent'
	AND e."offset" > (SELECT expanded FROM expansions WHERE organisation_id = $1))`

// Expand makes the per-person message rows of every sending up to the journal's
// head, stopped for those who are blocked (stop.go), moves their conversations, and makes the sendings findable. It is idempotent and belongs to nobody: whoever reads or writes messages
// calls it first, so no reader sees a table that lags. When nothing is to be done
// it costs one small query and takes no lock.
func (s *Store) Expand(ctx context.Context, org domain.OrganisationID) error {
	for {
		var behind bool
		err := s.get(ctx, &behind, toExpand, org)
		if err != nil {
			return fmt.Errorf("compare expansion: %w", err)
		}
		if !behind {
			return nil
		}
		if err := s.write(ctx, org, func(tx *Tx) error { return tx.expand(ctx) }); err != nil {
			return fmt.Errorf("expand: %w", err)
		}
	}
}

// expand does one batch. The lock order is journals, then expansions; this reads
// journals without a lock and so can hold expansions alone.
func (t *Tx) expand(ctx context.Context) error {
	var done int64
	err := t.Get(ctx, &done, `SELECT expanded FROM expansions WHERE organisation_id = $1`+t.s.d.forUpdate, t.org)
	if err != nil {
		return err
	}
	// Everything up to a head that can be seen can be seen: commit order is offset order.
	var to int64
	err = t.Get(ctx, &to, `SELECT coalesce(
			(SELECT "offset" - 1 FROM entries WHERE organisation_id = $1 AND kind = 'broadcast.sent' AND "offset" > $2 ORDER BY "offset" LIMIT 1 OFFSET $3),
			head) FROM journals WHERE organisation_id = $1`, t.org, done, expandBatch)
	if err != nil || to <= done {
		return err
	}
	d := t.s.d
	// In a JSON text a quoted word that is followed by a colon is a field: what somebody writes has its quotes escaped.
	const elsewhere = `CASE WHEN e.payload LIKE '%,"elsewhere":true%' THEN 1 ELSE 0 END`
	// Who was resolved may have been locked, or have left, since.
	no := `CAST(p.value AS ` + d.bigint + `)`
	_, err = t.Exec(ctx, `INSERT INTO messages (organisation_id, "offset", person_no, group_id, room, elsewhere, stopped, seat)
		SELECT e.organisation_id, e."offset", `+no+`, e.group_id, `+d.Field("r.value", "room")+`,
			`+elsewhere+`, CASE WHEN `+elsewhere+` = 1 THEN '' ELSE coalesce(
			(SELECT 'locked' FROM people b WHERE b.organisation_id = e.organisation_id AND b.no = `+no+` AND b.state = 'locked'),
			(SELECT 'left' FROM enrolments b WHERE b.organisation_id = e.organisation_id AND b.group_id = e.group_id AND b.person_no = `+no+` AND b.state = 'left'), '') END,
			(SELECT b.seat FROM enrolments b WHERE b.organisation_id = e.organisation_id AND b.group_id = e.group_id AND b.person_no = `+no+`)
		FROM entries e CROSS JOIN `+d.Items("e.audience")+` AS r CROSS JOIN `+d.Items(d.Member("r.value", "people"))+` AS p
		WHERE e.organisation_id = $1 AND e.kind = 'broadcast.sent' AND e."offset" > $2 AND e."offset" <= $3
		ON CONFLICT DO NOTHING`, t.org, done, to)
	if err != nil {
		return err
	}
	if err := t.expandLists(ctx, done, to); err != nil {
		return err
	}
	if err := t.expandSearch(ctx, done, to); err != nil {
		return err
	}
	if err := t.expandCopies(ctx, done, to); err != nil {
		return err
	}
	if err := t.expandPushes(ctx, done, to); err != nil {
		return err
	}
	_, err = t.Exec(ctx, `UPDATE expansions SET expanded = $2 WHERE organisation_id = $1`, t.org, to)
	return err
}

// expandLists moves the conversations and threads of who got a sending. That nobody has
// answered them stays as it is: a sending to many is no answer. Rows are taken in the
// order that touches.write takes them in.
func (t *Tx) expandLists(ctx context.Context, after, to int64) error {
	d := t.s.d
	const of = ` FROM entries e JOIN messages m ON m.organisation_id = e.organisation_id AND m."offset" = e."offset"`
	const sent = ` WHERE e.organisation_id = $1 AND e.kind = 'broadcast.sent' AND e."offset" > $2 AND e."offset" <= $3`
	forward := ` DO UPDATE SET last_offset = ` + d.greatest + `(c.last_offset, excluded.last_offset), out_offset = ` + d.greatest + `(c.out_offset, excluded.out_offset)`
	_, err := t.Exec(ctx, `INSERT INTO conversations AS c (organisation_id, person_no, sort_name, last_offset, out_offset, channels)
		SELECT CAST($1 AS `+d.bigint+`), m.person_no,
			coalesce((SELECT p.sort_name FROM people p WHERE p.organisation_id = $1 AND p.no = m.person_no), ''),
			max(m."offset"), max(m."offset"), ''`+of+sent+` GROUP BY m.person_no ORDER BY m.person_no
		ON CONFLICT (organisation_id, person_no)`+forward, t.org, after, to)
	if err != nil {
		return fmt.Errorf("move conversations: %w", err)
	}
	_, err = t.Exec(ctx, `INSERT INTO threads AS c (organisation_id, person_no, group_id, last_offset, out_offset)
		SELECT CAST($1 AS `+d.bigint+`), m.person_no, m.group_id, max(m."offset"), max(m."offset")`+of+sent+`
		GROUP BY m.person_no, m.group_id ORDER BY m.person_no, m.group_id
		ON CONFLICT (organisation_id, person_no, group_id)`+forward, t.org, after, to)
	if err != nil {
		return fmt.Errorf("move threads: %w", err)
	}
	return nil
}

// expandSearch makes sendings findable, each once for all its people.
func (t *Tx) expandSearch(ctx context.Context, after, to int64) error {
	var rows []struct {
		Offset  int64
		GroupID string `db:"group_id"`
		Payload string
	}
	err := t.Select(ctx, &rows, `SELECT "offset", group_id, payload FROM entries
		WHERE organisation_id = $1 AND kind = 'broadcast.sent' AND "offset" > $2 AND "offset" <= $3`, t.org, after, to)
	if err != nil {
		return fmt.Errorf("read sendings: %w", err)
	}
	found := make([]searchRow, len(rows))
	for i, r := range rows {
		var text journal.BroadcastSent
		if err := json.Unmarshal([]byte(r.Payload), &text); err != nil {
			return fmt.Errorf("entry %d: %w", r.Offset, err)
		}
		found[i] = searchRow{offset: r.Offset, group: domain.GroupID(r.GroupID), kind: searchMessage,
			words: searchWords(text.Subject, text.Body, fileNames(text.Attachments))}
	}
	return t.index(ctx, found)
}
