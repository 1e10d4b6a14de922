package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"crier/internal/domain"
	"crier/internal/journal"
)

// after is what a migration does beyond its statements, by version.
var after = map[int64]func(context.Context, *dialect, *sql.Tx) error{3: backfill, 15: respellPlaces, 16: listReminders, 21: reindex}

// backfill gives what was stored before version 2 the rows that are written at once since.
func backfill(ctx context.Context, d *dialect, tx *sql.Tx) error {
	for _, do := range []func(context.Context, *dialect, *sql.Tx) error{listSendings, indexSendings, foldPeople} {
		if err := do(ctx, d, tx); err != nil {
			return err
		}
	}
	return nil
}

// listSendings makes the conversations and threads of sendings that were expanded when
// there were none yet.
func listSendings(ctx context.Context, _ *dialect, tx *sql.Tx) error {
	for _, q := range []string{
		`INSERT INTO conversations (organisation_id, person_no, last_offset, out_offset)
			SELECT organisation_id, person_no, max("offset"), max("offset") FROM messages WHERE inbound = 0
			GROUP BY organisation_id, person_no ON CONFLICT DO NOTHING`,
		`INSERT INTO threads (organisation_id, person_no, group_id, last_offset, out_offset)
			SELECT organisation_id, person_no, group_id, max("offset"), max("offset") FROM messages WHERE inbound = 0
			GROUP BY organisation_id, person_no, group_id ON CONFLICT DO NOTHING`,
	} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("list sendings: %w", err)
		}
	}
	return nil
}

// indexPage is how many sendings indexSendings makes findable at once.
const indexPage = 500

// indexSendings makes sendings findable, as an expansion does.
func indexSendings(ctx context.Context, d *dialect, tx *sql.Tx) error {
	org, offset := int64(0), int64(0)
	for {
		values, err := sendingsAfter(ctx, tx, org, offset)
		if err != nil {
			return fmt.Errorf("read sendings to be found: %w", err)
		}
		if len(values) == 0 {
			return nil
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO search_texts (organisation_id, "offset", person_no, group_id, kind, words)
			SELECT r.org, r.o, 0, r.g, 'message', r.words FROM `+d.Rows("$1", "org", "o", "g text", "words text")+` AS r WHERE true
			ON CONFLICT DO NOTHING`, jsonOf(values))
		if err != nil {
			return fmt.Errorf("make sendings findable: %w", err)
		}
		last := values[len(values)-1]
		org, offset = last[0].(int64), last[1].(int64)
	}
}

// sendingsAfter reads a page of sendings: organisation, offset, group and words.
func sendingsAfter(ctx context.Context, tx *sql.Tx, org, offset int64) (values [][]any, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT organisation_id, "offset", group_id, payload FROM entries WHERE kind = 'broadcast.sent'
		AND (organisation_id > $1 OR organisation_id = $1 AND "offset" > $2) ORDER BY organisation_id, "offset" LIMIT $3`, org, offset, indexPage)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var group, payload string
		if err := rows.Scan(&org, &offset, &group, &payload); err != nil {
			return nil, err
		}
		var text journal.BroadcastSent
		if err := json.Unmarshal([]byte(payload), &text); err != nil {
			return nil, fmt.Errorf("entry %d: %w", offset, err)
		}
		values = append(values, []any{org, offset, group, searchWords(text.Subject, text.Body, fileNames(text.Attachments))})
	}
	return values, rows.Err()
}

// foldPage is how many people foldPeople writes at once.
const foldPage = 2000

// foldPeople gives people who were stored before version 3 the folded texts that lists
// are searched in. Folding is done here because neither database can.
func foldPeople(ctx context.Context, d *dialect, tx *sql.Tx) error {
	org, no := int64(0), int64(0)
	for {
		page, err := namesAfter(ctx, tx, org, no)
		if err != nil {
			return fmt.Errorf("read people to be folded: %w", err)
		}
		if len(page) == 0 {
			return nil
		}
		values := make([][]any, len(page))
		for i, r := range page {
			p := r.person()
			values[i] = []any{r.Organisation, r.No, p.SearchWords()}
		}
		_, err = tx.ExecContext(ctx, `UPDATE people SET folded = r.folded
			FROM `+d.Rows("$1", "organisation_id", "no", "folded text")+` AS r
			WHERE people.organisation_id = r.organisation_id AND people.no = r.no`, jsonOf(values))
		if err != nil {
			return fmt.Errorf("fold people: %w", err)
		}
		last := page[len(page)-1]
		org, no = last.Organisation, last.No
	}
}

// namesAfter reads what the folded texts are made of, a page at a time.
func namesAfter(ctx context.Context, tx *sql.Tx, org, no int64) (page []personRow, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT organisation_id, no, given_name, family_name, external_id, phone, tags FROM people
		WHERE organisation_id > $1 OR organisation_id = $1 AND no > $2 ORDER BY organisation_id, no LIMIT $3`, org, no, foldPage)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r personRow
		if err := rows.Scan(&r.Organisation, &r.No, &r.GivenName, &r.FamilyName, &r.ExternalID, &r.Phone, &r.Tags); err != nil {
			return nil, err
		}
		page = append(page, r)
	}
	return page, rows.Err()
}

// oncePerOrganisation does what a new version makes of each organisation's rows, under the organisation's lock,
// unless meta says under this key that this version of it is done.
func (s *Store) oncePerOrganisation(ctx context.Context, key, version string, do func(*Tx) error) error {
	var done []string
	err := s.list(ctx, &done, `SELECT value FROM meta WHERE key = $1`, key)
	if err != nil || len(done) > 0 && done[0] == version {
		return err
	}
	var orgs []domain.OrganisationID
	if err := s.list(ctx, &orgs, `SELECT id FROM organisations ORDER BY id`); err != nil {
		return fmt.Errorf("read organisations: %w", err)
	}
	for _, org := range orgs {
		err := s.write(ctx, org, func(tx *Tx) error {
			if _, err := tx.Lock(ctx); err != nil {
				return err
			}
			return do(tx)
		})
		if err != nil {
			return err
		}
	}
	return s.write(ctx, 0, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, version)
		return err
	})
}
