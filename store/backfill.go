package store

import (
	"context"
	"database/sql"
	"fmt"
)

// after is what a migration does beyond its statements, by version.
var after = map[int64]func(context.Context, *dialect, *sql.Tx) error{3: foldPeople}

// foldPage is how many people foldPeople writes at once.
const foldPage = 2000

// foldPeople gives people who were stored before version 3 the folded texts that lists
// are sorted by and searched in. Folding is done here because neither database can.
func foldPeople(ctx context.Context, d *dialect, tx *sql.Tx) error {
	org, no := int64(0), int64(0)
	for {
		page, err := namesAfter(ctx, tx, org, no)
		if err != nil {
			return fmt.Errorf("read people to be folded: %w", err)
		}
		if len(page) == 0 {
			break
		}
		values := make([][]any, len(page))
		for i, r := range page {
			p := r.person()
			values[i] = []any{r.Organisation, r.No, p.SortName(), p.SearchWords()}
		}
		_, err = tx.ExecContext(ctx, `UPDATE people SET sort_name = r.sort_name, folded = r.folded
			FROM `+d.Rows("$1", "organisation_id", "no", "sort_name text", "folded text")+` AS r
			WHERE people.organisation_id = r.organisation_id AND people.no = r.no`, jsonOf(values))
		if err != nil {
			return fmt.Errorf("fold people: %w", err)
		}
		last := page[len(page)-1]
		org, no = last.Organisation, last.No
	}
	_, err := tx.ExecContext(ctx, `UPDATE conversations SET sort_name = coalesce((SELECT p.sort_name FROM people p
		WHERE p.organisation_id = conversations.organisation_id AND p.no = conversations.person_no), '')`)
	return err
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
