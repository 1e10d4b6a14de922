package store

import (
	"context"
	"fmt"

	"crier/internal/domain"
)

// expandBatch is how many sendings one transaction of Expand covers at most.
const expandBatch = 16

// Expand makes the per-person message rows of every sending up to the journal's
// head. It is idempotent and belongs to nobody: whoever reads or writes messages
// calls it first, so no reader sees a table that lags. When nothing is to be done
// it costs one small query and takes no lock.
func (s *Store) Expand(ctx context.Context, org domain.OrganisationID) error {
	for {
		var behind bool
		err := s.get(ctx, &behind, `SELECT x.expanded < j.head FROM expansions x JOIN journals j ON j.organisation_id = x.organisation_id
			WHERE x.organisation_id = $1`, org)
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
	_, err = t.Exec(ctx, `INSERT INTO messages (organisation_id, "offset", person_no, group_id, room)
		SELECT e.organisation_id, e."offset", CAST(p.value AS `+d.bigint+`), e.group_id, `+d.Field("r.value", "room")+`
		FROM entries e CROSS JOIN `+d.Items("e.audience")+` AS r CROSS JOIN `+d.Items(d.Member("r.value", "people"))+` AS p
		WHERE e.organisation_id = $1 AND e.kind = 'broadcast.sent' AND e."offset" > $2 AND e."offset" <= $3
		ON CONFLICT DO NOTHING`, t.org, done, to)
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, `UPDATE expansions SET expanded = $2 WHERE organisation_id = $1`, t.org, to)
	return err
}
