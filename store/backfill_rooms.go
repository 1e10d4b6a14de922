package store

import (
	"context"
	"database/sql"
	"fmt"

	"crier/internal/domain"
)

// respelling is one room or seat of a test that is stored in another form than its normal one.
type respelling struct {
	org      int64
	group    string
	from, to string
}

// respellPlaces gives rooms and seats their normal form: one spelling for each room of a test, in
// enrolments, scopes and the rows of messages. Entries keep the rooms of their time.
func respellPlaces(ctx context.Context, _ *dialect, tx *sql.Tx) error {
	known := map[int64]rooms{}
	list, err := respellings(ctx, tx, `SELECT organisation_id, group_id, room FROM enrolments WHERE room <> ''
		UNION SELECT organisation_id, group_id, room FROM staff_scopes WHERE room <> ''
		UNION SELECT organisation_id, group_id, room FROM messages WHERE room <> '' ORDER BY 1, 2, 3`, func(r respelling) string {
		if known[r.org] == nil {
			known[r.org] = rooms{}
		}
		return known[r.org].spell(r.group, r.from)
	})
	if err != nil {
		return fmt.Errorf("read rooms: %w", err)
	}
	for _, r := range list {
		for _, q := range []string{
			`UPDATE enrolments SET room = $4 WHERE organisation_id = $1 AND group_id = $2 AND room = $3`,
			`UPDATE messages SET room = $4 WHERE organisation_id = $1 AND group_id = $2 AND room = $3`,
			`INSERT INTO staff_scopes (organisation_id, person_no, group_id, room) SELECT organisation_id, person_no, group_id, CAST($4 AS text)
				FROM staff_scopes WHERE organisation_id = $1 AND group_id = $2 AND room = $3 ON CONFLICT DO NOTHING`,
		} {
			if _, err := tx.ExecContext(ctx, q, r.org, r.group, r.from, r.to); err != nil {
				return fmt.Errorf("respell a room: %w", err)
			}
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM staff_scopes WHERE organisation_id = $1 AND group_id = $2 AND room = $3`, r.org, r.group, r.from); err != nil {
			return fmt.Errorf("respell a room: %w", err)
		}
	}
	list, err = respellings(ctx, tx, `SELECT DISTINCT organisation_id, group_id, seat FROM enrolments WHERE seat <> ''`,
		func(r respelling) string { return domain.CleanPlace(r.from) })
	if err != nil {
		return fmt.Errorf("read seats: %w", err)
	}
	for _, r := range list {
		if _, err := tx.ExecContext(ctx, `UPDATE enrolments SET seat = $4 WHERE organisation_id = $1 AND group_id = $2 AND seat = $3`, r.org, r.group, r.from, r.to); err != nil {
			return fmt.Errorf("respell a seat: %w", err)
		}
	}
	return nil
}

// respellings reads places and returns those that spell changes.
func respellings(ctx context.Context, tx *sql.Tx, query string, spell func(respelling) string) (out []respelling, err error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r respelling
		if err := rows.Scan(&r.org, &r.group, &r.from); err != nil {
			return nil, err
		}
		if r.to = spell(r); r.to != r.from {
			out = append(out, r)
		}
	}
	return out, rows.Err()
}
