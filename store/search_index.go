package store

import (
	"context"
	"fmt"
	"strings"

	"crier/internal/domain"
)

// Kinds of what is searched.
const (
	searchMessage = "message"
	searchNote    = "note"
)

// searchRow is one thing to be found. person 0: a sending to many, whose people are in
// messages. words are made by searchWords.
type searchRow struct {
	offset int64
	person domain.PersonNo
	group  domain.GroupID
	kind   string
	words  string
}

// searchWords makes of texts what the index holds: see domain.SearchWords. Neither database
// has anything left to take apart in its own way.
func searchWords(texts ...string) string {
	return domain.SearchWords(texts...)
}

// index makes things findable. What is indexed already stays as it is.
func (t *Tx) index(ctx context.Context, rows []searchRow) error {
	if len(rows) == 0 {
		return nil
	}
	values := make([][]any, len(rows))
	for i, r := range rows {
		values[i] = []any{r.offset, r.person, r.group, r.kind, r.words}
	}
	_, err := t.Exec(ctx, `INSERT INTO search_texts (organisation_id, "offset", person_no, group_id, kind, words)
		SELECT $1, r.o, r.p, r.g, r.kind, r.words FROM `+t.s.d.Rows("$2", "o", "p", "g text", "kind text", "words text")+` AS r WHERE true
		ON CONFLICT DO NOTHING`, t.org, jsonOf(values))
	if err != nil {
		return fmt.Errorf("index for search: %w", err)
	}
	return nil
}

// fileNames are the names of files, for searchWords.
func fileNames(files []domain.Attachment) string {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.Name
	}
	return strings.Join(names, " ")
}
