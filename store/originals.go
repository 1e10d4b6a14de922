package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

// MessageInbound returns what came in and became a message that is seen. Errors: NotFound, also for a message that was written in
// the pages or is not seen.
func (s *Store) MessageInbound(ctx context.Context, org domain.OrganisationID, seen domain.Seen, offset int64) (domain.Inbound, error) {
	args := []any{org, offset}
	var row inboundRow
	err := s.get(ctx, &row, `SELECT `+inboundColumns+` FROM inbound i
		JOIN messages m ON m.organisation_id = $1 AND m."offset" = i."offset" AND m.person_no = i.person_no
		WHERE i.organisation_id = $1 AND i."offset" = $2 AND i."offset" <> 0`+s.seesPerson("m.person_no", seen, &args)+s.seesGroup("m.group_id", "m.person_no", seen, &args), args...)
	if errors.Is(err, sql.ErrNoRows) {
		return domain.Inbound{}, fault.New(fault.NotFound, "no such message among yours came in by email")
	}
	if err != nil {
		return domain.Inbound{}, fmt.Errorf("read what became a message: %w", err)
	}
	return row.inbound()
}

// Originals says of which messages the mail is still kept as it came, and whether text was removed
// from it.
func (s *Store) Originals(
	ctx context.Context, org domain.OrganisationID, offsets []int64,
) (map[int64]domain.KeptOriginal, error) {
	if len(offsets) == 0 {
		return nil, nil
	}
	var rows []struct{ Offset, Cut int64 }
	err := s.list(ctx, &rows, `SELECT i."offset", i.cut FROM inbound i
		WHERE i.organisation_id = $1 AND i."offset" <> 0 AND i."offset" IN `+s.d.Ints("$2")+` AND i.raw <> ''`, org, jsonOf(offsets))
	if err != nil {
		return nil, fmt.Errorf("read which originals are kept: %w", err)
	}
	out := make(map[int64]domain.KeptOriginal, len(rows))
	for _, r := range rows {
		out[r.Offset] = domain.KeptOriginal{Cut: r.Cut != 0}
	}
	return out, nil
}

// OldOriginals returns up to limit of what came in before a time, in any organisation, and is still kept as it came, the oldest
// first. What waits for staff is left out: they need it.
func (s *Store) OldOriginals(ctx context.Context, before time.Time, limit int) ([]domain.Inbound, error) {
	var rows []inboundRow
	err := s.list(ctx, &rows, `SELECT `+inboundColumns+` FROM inbound i WHERE i.raw <> '' AND i.state <> 'unmatched' AND i.received_at < $1 ORDER BY i.received_at LIMIT $2`, micros(before), limit)
	if err != nil {
		return nil, fmt.Errorf("read old originals: %w", err)
	}
	out := make([]domain.Inbound, len(rows))
	for i, r := range rows {
		if out[i], err = r.inbound(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ForgetOriginal notes that a mail is kept no longer as it came.
func (s *Store) ForgetOriginal(ctx context.Context, org domain.OrganisationID, id string) error {
	err := s.write(ctx, org, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `UPDATE inbound SET raw = '' WHERE organisation_id = $1 AND id = $2`, org, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("forget an original: %w", err)
	}
	return nil
}
