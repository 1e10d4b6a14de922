package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"crier/internal/domain"
	"crier/internal/journal"
)

// reindex makes the words by which people, files and texts are found anew, and tidies what people
// are known by.
func reindex(ctx context.Context, d *dialect, tx *sql.Tx) error {
	for _, do := range []func(context.Context, *dialect, *sql.Tx) error{tidyPeople, foldPeople, foldFiles, foldTexts} {
		if err := do(ctx, d, tx); err != nil {
			return err
		}
	}
	return nil
}

// tidyPeople takes invisible characters out of what was stored before they were refused. An id or a
// login stays as it is where another person has the tidy one.
func tidyPeople(ctx context.Context, d *dialect, tx *sql.Tx) error {
	type place struct{ org, no int64 }
	columns := []string{"external_id", "login", "given_name", "family_name", "email", "phone", "address", "city", "postcode"}
	for at := (place{}); ; {
		changed, n, err := untidy(ctx, tx, columns, &at.org, &at.no)
		if err != nil {
			return fmt.Errorf("read people to be tidied: %w", err)
		}
		if n == 0 {
			return nil
		}
		for _, c := range changed {
			free := ""
			if c.column == "external_id" || c.column == "login" {
				free = ` AND NOT EXISTS (SELECT 1 FROM people o WHERE o.organisation_id = $1 AND o.` + c.column + ` = $3)`
			}
			if _, err := tx.ExecContext(ctx, `UPDATE people SET `+c.column+` = $3 WHERE organisation_id = $1 AND no = $2`+free, c.org, c.no, c.tidy); err != nil {
				return fmt.Errorf("tidy people: %w", err)
			}
		}
	}
}

// untidyText is one column of a person that is not as domain.Tidy has it.
type untidyText struct {
	org, no      int64
	column, tidy string
}

// untidy reads the texts of up to foldPage people after a place, which it moves on, and returns how many people it read.
func untidy(ctx context.Context, tx *sql.Tx, columns []string, org, no *int64) (out []untidyText, n int, err error) {
	list := ""
	for _, c := range columns {
		list += ", " + c
	}
	rows, err := tx.QueryContext(ctx, `SELECT organisation_id, no`+list+` FROM people
		WHERE organisation_id > $1 OR organisation_id = $1 AND no > $2 ORDER BY organisation_id, no LIMIT $3`, *org, *no, foldPage)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = rows.Close() }()
	texts := make([]string, len(columns))
	into := []any{org, no}
	for i := range texts {
		into = append(into, &texts[i])
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, 0, err
		}
		n++
		for i, s := range texts {
			if t := domain.Tidy(s); t != s {
				out = append(out, untidyText{*org, *no, columns[i], t})
			}
		}
	}
	return out, n, rows.Err()
}

// foldFiles makes the words by which files are found.
func foldFiles(ctx context.Context, d *dialect, tx *sql.Tx) error {
	org, id := int64(0), ""
	for {
		values, err := page(ctx, tx, func(scan func(...any) error) ([]any, error) {
			var name string
			if err := scan(&org, &id, &name); err != nil {
				return nil, err
			}
			return []any{org, id, foldedName(name)}, nil
		}, `SELECT organisation_id, id, name FROM attachments
			WHERE organisation_id > $1 OR organisation_id = $1 AND id > $2 ORDER BY organisation_id, id LIMIT $3`, org, id, foldPage)
		if err != nil {
			return fmt.Errorf("read files to be folded: %w", err)
		}
		if len(values) == 0 {
			return nil
		}
		_, err = tx.ExecContext(ctx, `UPDATE attachments SET folded = r.folded FROM `+d.Rows("$1", "org", "rid text", "folded text")+` AS r
			WHERE attachments.organisation_id = r.org AND attachments.id = r.rid`, jsonOf(values))
		if err != nil {
			return fmt.Errorf("fold files: %w", err)
		}
	}
}

// foldTexts makes the words by which messages and notes are found.
func foldTexts(ctx context.Context, d *dialect, tx *sql.Tx) error {
	org, offset, person := int64(0), int64(0), int64(0)
	for {
		values, err := page(ctx, tx, func(scan func(...any) error) ([]any, error) {
			var kind, payload string
			if err := scan(&org, &offset, &person, &kind, &payload); err != nil {
				return nil, err
			}
			words, err := wordsOf(kind, payload)
			if err != nil {
				return nil, fmt.Errorf("entry %d: %w", offset, err)
			}
			return []any{org, offset, person, words}, nil
		}, `SELECT st.organisation_id, st."offset", st.person_no, e.kind, e.payload FROM search_texts st
			JOIN entries e ON e.organisation_id = st.organisation_id AND e."offset" = st."offset"
			WHERE st.organisation_id > $1 OR st.organisation_id = $1 AND (st."offset" > $2 OR st."offset" = $2 AND st.person_no > $3)
			ORDER BY st.organisation_id, st."offset", st.person_no LIMIT $4`, org, offset, person, foldPage)
		if err != nil {
			return fmt.Errorf("read texts to be found: %w", err)
		}
		if len(values) == 0 {
			break
		}
		_, err = tx.ExecContext(ctx, `UPDATE search_texts SET words = r.words FROM `+d.Rows("$1", "org", "o", "p", "words text")+` AS r
			WHERE search_texts.organisation_id = r.org AND search_texts."offset" = r.o AND search_texts.person_no = r.p`, jsonOf(values))
		if err != nil {
			return fmt.Errorf("make texts findable: %w", err)
		}
	}
	if d != sqlite {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO search_words (rowid, words) SELECT (organisation_id << 40) + "offset", words FROM search_texts`)
	if err != nil {
		return fmt.Errorf("fill the index of words: %w", err)
	}
	return nil
}

// wordsOf are the words by which an entry is found.
func wordsOf(kind, payload string) (string, error) {
	switch journal.Kind(kind) {
	case journal.KindBroadcastSent:
		var text journal.BroadcastSent
		err := json.Unmarshal([]byte(payload), &text)
		return searchWords(text.Subject, text.Body, fileNames(text.Attachments)), err
	case journal.KindNoteAdded:
		var note journal.NoteAdded
		err := json.Unmarshal([]byte(payload), &note)
		return searchWords(note.Body), err
	}
	var text journal.MessageSent
	err := json.Unmarshal([]byte(payload), &text)
	return searchWords(text.Subject, text.Body, fileNames(text.Attachments)), err
}

// page reads the rows of a statement; row makes of each what is kept.
func page(ctx context.Context, tx *sql.Tx, row func(scan func(...any) error) ([]any, error), query string, args ...any) (out [][]any, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		values, err := row(rows.Scan)
		if err != nil {
			return nil, err
		}
		out = append(out, values)
	}
	return out, rows.Err()
}
