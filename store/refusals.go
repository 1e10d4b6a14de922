package store

import (
	"context"
	"fmt"
	"time"

	"crier/internal/domain"
)

// refusalsKept is for how many days refusals are counted before they are forgotten.
const refusalsKept = 60

// dayOf names a day in inbound_refusals.
func dayOf(at time.Time) string { return at.UTC().Format(time.DateOnly) }

// AddRefusals adds to what was refused. Several nodes add to the same figures.
func (s *Store) AddRefusals(ctx context.Context, org domain.OrganisationID, list []domain.Refused) error {
	rows := make([][]any, len(list))
	for i, r := range list {
		rows[i] = []any{dayOf(r.LastAt), r.Source, r.Reason, r.Count, r.Detail, micros(r.LastAt)}
	}
	err := s.write(ctx, org, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO inbound_refusals (organisation_id, day, source, reason, count, detail, last_at)
			SELECT $1, r.day, r.source, r.reason, r.n, r.detail, r.last FROM `+tx.s.d.Rows("$2", "day text", "source text", "reason text", "n", "detail text", "last")+` AS r WHERE true
			ON CONFLICT (organisation_id, day, source, reason) DO UPDATE SET count = inbound_refusals.count + excluded.count, detail = excluded.detail, last_at = excluded.last_at`,
			org, jsonOf(rows))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM inbound_refusals WHERE organisation_id = $1 AND day < $2`, org, dayOf(s.clock.Now().AddDate(0, 0, -refusalsKept)))
		return err
	})
	if err != nil {
		return fmt.Errorf("count what was refused: %w", err)
	}
	return nil
}

// Refusals returns what was refused since a day, by source and reason, newest first.
func (s *Store) Refusals(ctx context.Context, org domain.OrganisationID, since time.Time) ([]domain.Refused, error) {
	var rows []struct {
		Source, Reason, Detail string
		Count                  int
		LastAt                 int64 `db:"last_at"`
	}
	err := s.list(ctx, &rows, `SELECT r.source, r.reason, sum(r.count) AS count, max(r.last_at) AS last_at,
			(SELECT d.detail FROM inbound_refusals d WHERE d.organisation_id = $1 AND d.source = r.source AND d.reason = r.reason ORDER BY d.day DESC LIMIT 1) AS detail
		FROM inbound_refusals r WHERE r.organisation_id = $1 AND r.day >= $2 GROUP BY r.source, r.reason ORDER BY max(r.last_at) DESC, r.source, r.reason`, org, dayOf(since))
	if err != nil {
		return nil, fmt.Errorf("read what was refused: %w", err)
	}
	out := make([]domain.Refused, len(rows))
	for i, r := range rows {
		out[i] = domain.Refused{Source: domain.InboundSource(r.Source), Reason: domain.RefusedWhy(r.Reason), Count: r.Count, Detail: r.Detail, LastAt: timeOf(r.LastAt)}
	}
	return out, nil
}
