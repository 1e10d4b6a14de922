package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"crier/internal/domain"
	"crier/internal/journal"
)

// Tests make these small.
var (
	// searchWindow is how many of the newest texts are looked at one by one on PostgreSQL,
	// before its index of words is asked. A common word fills its page long before; a rare one
	// has few rows in the index.
	searchWindow = 20_000
	// searchFew is how many rows of the index of words are sorted; if there are more, the
	// texts are looked at window by window.
	searchFew = 5_000
	// searchWindows is how many windows one request looks at then; the next goes on from there.
	searchWindows = 8
)

// Search returns up to limit messages and notes that hold words beginning with each of
// the asked ones, newest first, and where to go on: the offset before which the next page begins, 0
// if there is nothing more. A page may be short, and even empty, before the end. It expands first.
// The filter must be valid. Whether f.Person is seen is the caller's to check.
func (s *Store) Search(ctx context.Context, org domain.OrganisationID, seen domain.Seen, f domain.SearchFilter, limit int) (hits []journal.SearchHit, next int64, err error) {
	if err := s.Expand(ctx, org); err != nil {
		return nil, 0, err
	}
	if f.Before <= 0 {
		f.Before = searchEnd
	}
	q := searchQuery{s: s, org: org, seen: seen, f: f, terms: domain.QueryTerms(f.Q), limit: limit + 1}
	var found []searchPlace
	var rest int64 // what is older than this was not looked at, 0 if all was
	switch {
	case s.d != postgres:
		found, err = q.indexSQLite(ctx)
	case f.Person != 0:
		found, err = q.person(ctx)
	default:
		found, rest, err = q.windows(ctx)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("search: %w", err)
	}
	if len(found) > limit {
		found = found[:limit]
		rest = found[limit-1].Offset
	}
	hits, err = s.searchHits(ctx, org, found)
	return hits, rest, err
}

// searchEnd is after every offset (they have 40 bits in SQLite's index).
const searchEnd = 1<<40 - 1

// searchPlace is a text that was found.
type searchPlace struct {
	Offset int64
	Person int64 `db:"person_no"`
}

// searchQuery makes the statements of one search.
type searchQuery struct {
	s     *Store
	org   domain.OrganisationID
	seen  domain.Seen
	f     domain.SearchFilter
	terms []domain.Term
	limit int
}

// visible is the condition that the text st is seen: of a sending to many, that someone
// who got it is seen, and what it belongs to.
func (q searchQuery) visible(args *[]any) string {
	if q.seen.All {
		return ""
	}
	return ` AND (st.person_no <> 0` + q.s.seesPerson("st.person_no", q.seen, args) + q.s.seesGroup("st.group_id", "st.person_no", q.seen, args) +
		` OR st.person_no = 0 AND EXISTS (SELECT 1 FROM messages sm WHERE sm.organisation_id = $1 AND sm."offset" = st."offset"` +
		q.s.seesPerson("sm.person_no", q.seen, args) + q.s.seesGroup("sm.group_id", "sm.person_no", q.seen, args) + `))`
}

// tsquery is PostgreSQL's question for words that begin so. They are letters, digits, marks and
// symbols alone.
func tsquery(terms []domain.Term) string {
	return matching(terms, " & ", " | ", "'", "':*")
}

// match is FTS5's.
func (q searchQuery) match() string { return matching(q.terms, " AND ", " OR ", `"`, `"*`) }

func matching(terms []domain.Term, and, or, before, after string) string {
	all := make([]string, len(terms))
	for i, t := range terms {
		ways := make([]string, len(t))
		for j, w := range t {
			ways[j] = before + w + after
		}
		all[i] = "(" + strings.Join(ways, or) + ")"
	}
	return strings.Join(all, and)
}

// indexSQLite reads the index of words from its newest row.
func (q searchQuery) indexSQLite(ctx context.Context) ([]searchPlace, error) {
	base := int64(q.org) << 40
	args := []any{q.org, q.match(), base, base + q.f.Before}
	where := q.visible(&args)
	if q.f.Person != 0 {
		args = append(args, q.f.Person)
		p := fmt.Sprintf("$%d", len(args))
		where += ` AND (st.person_no = ` + p + ` OR st.person_no = 0 AND EXISTS (SELECT 1 FROM messages pm
			WHERE pm.organisation_id = $1 AND pm."offset" = st."offset" AND pm.person_no = ` + p + `))`
	}
	var out []searchPlace
	err := q.s.list(ctx, &out, `SELECT st."offset", st.person_no FROM search_words w
		CROSS JOIN search_texts st ON st.organisation_id = $1 AND st."offset" = w.rowid - $3
		WHERE w.words MATCH $2 AND w.rowid > $3 AND w.rowid < $4`+where+fmt.Sprintf(` ORDER BY w.rowid DESC LIMIT %d`, q.limit), args...)
	return out, err
}

// person searches one conversation: its texts are few.
func (q searchQuery) person(ctx context.Context) ([]searchPlace, error) {
	args := []any{q.org, tsquery(q.terms), q.f.Person, q.f.Before}
	var out []searchPlace
	err := q.s.list(ctx, &out, `SELECT st."offset", st.person_no FROM (
			SELECT "offset" FROM messages WHERE organisation_id = $1 AND person_no = $3 AND "offset" < $4
			UNION ALL SELECT "offset" FROM facts WHERE organisation_id = $1 AND person_no = $3 AND kind = 'note.added' AND "offset" < $4) o
		JOIN search_texts st ON st.organisation_id = $1 AND st."offset" = o."offset" AND st.person_no IN (0, $3)
		WHERE st.vector @@ CAST(CAST($2 AS text) AS tsquery)`+q.visible(&args)+fmt.Sprintf(` ORDER BY st."offset" DESC LIMIT %d`, q.limit), args...)
	return out, err
}

// windows looks at the newest texts, then asks the index of words, and if that knows of
// very many goes on looking. rest: what is older than this was not looked at, 0 if all was.
func (q searchQuery) windows(ctx context.Context) (found []searchPlace, rest int64, err error) {
	before := q.f.Before
	for i := range searchWindows {
		page, floor, err := q.window(ctx, before)
		found = append(found, page...)
		if err != nil || len(found) >= q.limit || floor == 0 {
			return found[:min(len(found), q.limit)], 0, err
		}
		before = floor
		if i > 0 {
			continue
		}
		page, all, err := q.index(ctx, before)
		if err != nil {
			return nil, 0, err
		}
		if all {
			found = append(found, page...)
			return found[:min(len(found), q.limit)], 0, nil
		}
	}
	return found, before, nil
}

// window reads what is found among the searchWindow newest texts before an offset, and
// the oldest of these; 0 if there are no older ones.
func (q searchQuery) window(ctx context.Context, before int64) (found []searchPlace, floor int64, err error) {
	args := []any{q.org, tsquery(q.terms), before}
	err = q.s.list(ctx, &found, `SELECT st."offset", st.person_no FROM (
			SELECT "offset", person_no, group_id, vector FROM search_texts WHERE organisation_id = $1 AND "offset" < $3
			ORDER BY "offset" DESC`+fmt.Sprintf(` LIMIT %d`, searchWindow)+`) st
		WHERE st.vector @@ CAST(CAST($2 AS text) AS tsquery)`+q.visible(&args)+fmt.Sprintf(` ORDER BY st."offset" DESC LIMIT %d`, q.limit), args...)
	if err != nil || len(found) == q.limit {
		return found, 0, err
	}
	err = q.s.get(ctx, &floor, fmt.Sprintf(`SELECT coalesce((SELECT "offset" FROM search_texts WHERE organisation_id = $1 AND "offset" < $2
		ORDER BY "offset" DESC LIMIT 1 OFFSET %d), 0)`, searchWindow-1), q.org, before)
	return found, floor, err
}

// index asks the index of words for what is older than an offset. all is false if there
// are too many to sort.
func (q searchQuery) index(ctx context.Context, before int64) (found []searchPlace, all bool, err error) {
	places, err := q.indexed(ctx, before)
	if err != nil || len(places) > searchFew {
		return nil, false, err
	}
	if len(places) == 0 {
		return nil, true, nil
	}
	args := []any{q.org, jsonOf(places)}
	err = q.s.list(ctx, &found, `SELECT st."offset", st.person_no FROM `+q.s.d.Rows("$2", "\"offset\"", "person_no", "group_id text")+` AS st WHERE CAST($1 AS bigint) > 0`+
		q.visible(&args)+fmt.Sprintf(` ORDER BY st."offset" DESC LIMIT %d`, q.limit), args...)
	return found, true, err
}

// indexed reads up to searchFew+1 rows of the index of words: offset, person and group.
// Its connection is free again when it returns.
func (q searchQuery) indexed(ctx context.Context, before int64) ([][]any, error) {
	tx, err := q.s.r.BeginTxx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, translate(ctx, err)
	}
	defer func() { _ = tx.Rollback() }()
	// A word that the planner believes to be common it would look for in the whole table.
	if _, err := tx.ExecContext(ctx, `SELECT set_config('enable_seqscan', 'off', true), set_config('enable_indexscan', 'off', true)`); err != nil {
		return nil, translate(ctx, err)
	}
	var rows []struct {
		searchPlace
		Group string `db:"group_id"`
	}
	err = tx.SelectContext(ctx, &rows, `SELECT "offset", person_no, group_id FROM search_texts
		WHERE vector @@ CAST(CAST($2 AS text) AS tsquery) AND organisation_id = $1 AND "offset" < $3`+fmt.Sprintf(` LIMIT %d`, searchFew+1), q.org, tsquery(q.terms), before)
	places := make([][]any, len(rows))
	for i, r := range rows {
		places[i] = []any{r.Offset, r.Person, r.Group}
	}
	return places, translate(ctx, err)
}

// searchHits reads the entries of what was found, in its order.
func (s *Store) searchHits(ctx context.Context, org domain.OrganisationID, found []searchPlace) ([]journal.SearchHit, error) {
	if len(found) == 0 {
		return nil, nil
	}
	offsets := make([]int64, len(found))
	for i, f := range found {
		offsets[i] = f.Offset
	}
	var rows []entryRow
	err := s.list(ctx, &rows, `SELECT `+withoutAudience+` FROM entries e WHERE e.organisation_id = $1 AND e."offset" IN `+s.d.Ints("$2"), org, jsonOf(offsets))
	if err != nil {
		return nil, fmt.Errorf("read what was found: %w", err)
	}
	byOffset := make(map[int64]*journal.Entry, len(rows))
	for _, r := range rows {
		byOffset[r.Offset] = r.entry()
	}
	out := make([]journal.SearchHit, 0, len(found))
	for _, f := range found {
		if e := byOffset[f.Offset]; e != nil {
			out = append(out, journal.SearchHit{Person: domain.PersonNo(f.Person), Entry: e})
		}
	}
	return out, nil
}

// PeopleNamed returns up to limit candidates who are seen and whose name or candidate id
// has words beginning with each of the asked ones, by name.
func (s *Store) PeopleNamed(ctx context.Context, org domain.OrganisationID, seen domain.Seen, q string, limit int) ([]domain.PersonRef, error) {
	args := []any{org}
	var rows []refRow
	err := s.list(ctx, &rows, `SELECT p.no, p.id, p.external_id, p.given_name, p.family_name FROM people p
		WHERE p.organisation_id = $1 AND p.kind = 'candidate'`+s.matches(domain.PeopleFilter{Q: q}, seen, &args)+s.seesPeople(seen, &args)+
		fmt.Sprintf(` ORDER BY p.sort_name, p.no LIMIT %d`, limit), args...)
	if err != nil {
		return nil, fmt.Errorf("search names: %w", err)
	}
	out := make([]domain.PersonRef, len(rows))
	for i, r := range rows {
		out[i] = r.ref()
	}
	return out, nil
}
