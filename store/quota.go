package store

import (
	"context"
	"fmt"
	"time"

	"crier/internal/domain"
)

// TakeQuota lets claimed deliveries through in their order as far as an organisation's quota goes: what was sent in its window and what has been let through on any
// node counts, and organisations decide one after the other, so that none passes its quota however many nodes work. A wish greater than the whole quota is
// let through alone. What is let through counts until its result is recorded, or its lease is over. oldest is when the first of what counts as sent
// went, zero if nothing did.
func (s *Store) TakeQuota(ctx context.Context, q domain.Quota, wishes []domain.QuotaWish) (through map[string]bool, oldest time.Time, err error) {
	err = s.write(ctx, q.Organisation, func(tx *Tx) error {
		through = map[string]bool{}
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		sum := "count(*)"
		if q.Channel == domain.ChannelSMS {
			sum = "coalesce(sum(parts), 0)"
		}
		var sent struct{ Used, Oldest int64 }
		err := tx.Get(ctx, &sent, `SELECT `+sum+` AS used, coalesce(min(sent_at), 0) AS oldest FROM deliveries
			WHERE organisation_id = $1 AND channel = $2 AND sent_at > $3 AND sent_at <> 0`, q.Organisation, q.Channel, micros(q.Since))
		if err != nil {
			return err
		}
		oldest = timeOf(sent.Oldest)
		// What is claimed and not judged yet has no parts, or those of an earlier attempt.
		mine := make(map[string]bool, len(wishes))
		for _, w := range wishes {
			mine[w.ID] = true
		}
		var others []struct {
			ID    string
			Parts int64
		}
		err = tx.Select(ctx, &others, `SELECT id, parts FROM deliveries WHERE organisation_id = $1 AND state = 'sending' AND channel = $2 AND parts > 0`, q.Organisation, q.Channel)
		if err != nil {
			return err
		}
		used := sent.Used
		for _, o := range others {
			if !mine[o.ID] {
				used += o.Parts
			}
		}
		rows := make([][]any, len(wishes))
		for i, w := range wishes {
			parts := int64(w.Parts)
			if used+parts > int64(q.Most) && used > 0 {
				parts = 0
			}
			if parts > 0 {
				used += parts
				through[w.ID] = true
			}
			rows[i] = []any{w.ID, w.Fence, parts}
		}
		_, err = tx.Exec(ctx, `UPDATE deliveries AS d SET parts = r.n FROM `+tx.s.d.Rows("$2", "rid text", "fence", "n")+` AS r
			WHERE d.organisation_id = $1 AND d.id = r.rid AND d.fence = r.fence AND d.state = 'sending'`, q.Organisation, jsonOf(rows))
		return err
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("take of a quota: %w", err)
	}
	return through, oldest, nil
}
