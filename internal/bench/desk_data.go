package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"crier/internal/domain"
)

// history is an organisation's past, made with SQL of its own: a node would take an hour to
// write it. Rows have the shape that a node gives them, but the entries' hashes are
// zeros and chained to nothing, so the journal of this organisation does not verify.
type history struct {
	db         *sql.DB
	org        domain.OrganisationID
	candidates int
	messages   int // rows of messages: one per message and candidate
	out        io.Writer
}

// Sizes of the made organisation.
const (
	historyStaff     = 30
	historyPools     = 10 // every candidate is in one
	historyTests     = 20 // half of the candidates sit one, in rooms of 30
	historyShifts    = 50 // a fifth of them have one
	historyBodies    = 100_000
	historyWords     = 30_000
	historyBroadcast = 2000 // every so manyth entry is a sending to many, of …
	historyMany      = 500  // so many
)

// step is one statement, told on out with the time it took.
func (h *history) step(ctx context.Context, what, query string, args ...any) error {
	began := time.Now()
	if _, err := h.db.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	_, _ = fmt.Fprintf(h.out, "%-28s %6.1f s\n", what, time.Since(began).Seconds())
	return nil
}

// entries is how many entries of messages there must be for so many rows.
func (h *history) entries() int {
	// Of historyBroadcast entries one has historyMany rows and the others one.
	return h.messages * historyBroadcast / (historyBroadcast - 1 + historyMany)
}

// make fills the organisation, which must be new.
func (h *history) make(ctx context.Context) error {
	rnd := rand.New(rand.NewPCG(42, 42))
	began := time.Now()
	if err := h.people(ctx, rnd); err != nil {
		return fmt.Errorf("people: %w", err)
	}
	if err := h.bodies(ctx, rnd); err != nil {
		return fmt.Errorf("texts: %w", err)
	}
	_, _ = fmt.Fprintf(h.out, "%-28s %6.1f s\n", "people, texts", time.Since(began).Seconds())
	for _, s := range []struct{ what, query string }{
		{"groups", `INSERT INTO groups (organisation_id, id, kind, external_id, name, starts_at, ends_at, created_at)
			SELECT $1, k.kind || '-' || i, k.kind, k.kind || '-' || i, initcap(k.kind) || ' ' || i, 0, 0, 1
			FROM (VALUES ('pool', $2::int), ('test', $3), ('activity', $4)) k (kind, n), generate_series(0, k.n - 1) i`},
		{"enrolments", `INSERT INTO enrolments (organisation_id, group_id, person_no, room, state)
			SELECT $1, 'pool-' || (no % $2::int), no, '', CASE WHEN no % 50 = 0 THEN 'left' ELSE 'member' END FROM people WHERE organisation_id = $1 AND kind = 'candidate'
			UNION ALL SELECT $1, 'test-' || (no / 2 % $3::int), no, 'R' || (no / 2 / $3 / 30), '' FROM people WHERE organisation_id = $1 AND kind = 'candidate' AND no % 2 = 0
			UNION ALL SELECT $1, 'activity-' || (no / 5 % $4::int), no, '', 'assigned' FROM people WHERE organisation_id = $1 AND kind = 'candidate' AND no % 5 = 0`},
	} {
		if err := h.step(ctx, s.what, s.query, h.org, historyPools, historyTests, historyShifts); err != nil {
			return err
		}
	}
	return h.past(ctx)
}

// past makes entries, messages and what follows from them.
func (h *history) past(ctx context.Context) error {
	var head int64
	if err := h.db.QueryRowContext(ctx, `SELECT head FROM journals WHERE organisation_id = $1`, h.org).Scan(&head); err != nil {
		return err
	}
	n := h.entries()
	// The index of words is made once all are there; it is the same index.
	for _, s := range []struct {
		what, query string
		args        []any
	}{
		{"what is written to whom", `CREATE TABLE bench_past AS SELECT $1::bigint + i AS "offset", i % $3::int = 0 AS many,
				1 + (hashint8(i) & 2147483647) % $4::int AS person_no, (hashint8(i + 77) & 2147483647) % $5::int AS body, hashint8(i + 99) & 1023 AS dice
			FROM generate_series(1, $2::bigint) i`, []any{head, n, historyBroadcast, h.candidates, historyBodies}},
		{"entries", `INSERT INTO entries (organisation_id, "offset", kind, at, actor_kind, actor_id, actor_name, actor_role, group_id, payload, audience, request_key, request_hash, prev_hash, hash, actor_salt, payload_salt, audience_salt)
			SELECT $1, m."offset", CASE WHEN m.many THEN 'broadcast.sent' ELSE 'message.sent' END, 1700000000000000 + m."offset" * 20000000, 'person', p.id, p.given_name, p.role,
				CASE WHEN m.dice % 4 = 0 THEN '' ELSE 'pool-' || (m.person_no % $2::int) END,
				CASE WHEN m.many THEN '{"test_name":"Pool ' || (m.person_no % $2) || '","group_kind":"pool","subject":"To all","level":"popup","sender_name":"' || p.given_name || '","sender_role":"planner","recipients":500,"body":"' || b.body || '"}'
				ELSE '{"person":' || m.person_no || ',"person_id":"candidate-' || m.person_no || '","person_name":"Somebody"' || CASE WHEN m.dice % 3 = 0 THEN ',"inbound":true' ELSE '' END ||
					',"group_name":"Pool","group_kind":"pool","sender_name":"' || p.given_name || '","sender_role":"' || p.role || '","body":"' || b.body || '","reach":[{"group":"pool-' || (m.person_no % $2) || '"}]}' END,
				'', 'bench-' || m."offset", ''::bytea, decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex'), ''::bytea, ''::bytea, ''::bytea
			FROM bench_past m JOIN bench_bodies b ON b.no = m.body
			JOIN people p ON p.organisation_id = $1 AND p.no = CASE WHEN m.dice % 3 = 0 AND NOT m.many THEN m.person_no ELSE $3::bigint + 1 + m.dice % $4::int END
			ORDER BY m."offset"`, []any{h.org, historyPools, h.candidates, historyStaff}},
		{"messages", `INSERT INTO messages (organisation_id, "offset", person_no, group_id, room, inbound, delivered_at)
			SELECT $1::bigint, m."offset", m.person_no, CASE WHEN m.dice % 4 = 0 THEN '' ELSE 'pool-' || (m.person_no % $2::int) END, '', CASE WHEN m.dice % 3 = 0 THEN 1 ELSE 0 END, 1 FROM bench_past m WHERE NOT m.many
			UNION ALL SELECT $1::bigint, m."offset", 1 + (m.person_no - 1 + i * $2) % $3::bigint, CASE WHEN m.dice % 4 = 0 THEN '' ELSE 'pool-' || (m.person_no % $2) END, '', 0, 1
			FROM bench_past m, generate_series(1, $4::int) i WHERE m.many`, []any{h.org, historyPools, h.candidates, historyMany}},
		{"no index of words yet", `DROP INDEX search_texts_vector`, nil},
		{"words", `INSERT INTO search_texts (organisation_id, "offset", person_no, group_id, kind, words)
			SELECT $1, m."offset", CASE WHEN m.many THEN 0 ELSE m.person_no END, CASE WHEN m.dice % 4 = 0 THEN '' ELSE 'pool-' || (m.person_no % $2::int) END, 'message', b.words
			FROM bench_past m JOIN bench_bodies b ON b.no = m.body ORDER BY m."offset"`, []any{h.org, historyPools}},
		{"index of words", `CREATE INDEX search_texts_vector ON search_texts USING gin (vector)`, nil},
		{"threads", `INSERT INTO threads (organisation_id, person_no, group_id, last_offset, in_offset, out_offset, waiting_offset)
			SELECT organisation_id, person_no, group_id, last, i, o, CASE WHEN i > o THEN i ELSE 0 END FROM (
				SELECT organisation_id, person_no, group_id, max("offset") AS last, coalesce(max("offset") FILTER (WHERE inbound = 1), 0) AS i, coalesce(max("offset") FILTER (WHERE inbound = 0), 0) AS o
				FROM messages WHERE organisation_id = $1 GROUP BY 1, 2, 3) x`, []any{h.org}},
		{"conversations", `INSERT INTO conversations (organisation_id, person_no, sort_name, last_offset, in_offset, out_offset, waiting_offset, shelf, open, processed_at, processed_by, assigned_no, assigned_at)
			SELECT $1, p.no, p.sort_name, t.l, t.i, t.o, t.w, CASE WHEN p.no % 10 = 3 THEN 1 ELSE 0 END, CASE WHEN t.w <> 0 THEN 1 ELSE 0 END, CASE WHEN t.w = 0 THEN 1 ELSE 0 END, '',
				CASE WHEN p.no % 20 = 0 THEN $2::bigint + 1 + p.no % $3::int ELSE 0 END, 1
			FROM (SELECT person_no, max(last_offset) AS l, max(in_offset) AS i, max(out_offset) AS o, coalesce(min(nullif(waiting_offset, 0)), 0) AS w FROM threads WHERE organisation_id = $1 GROUP BY person_no) t
			JOIN people p ON p.organisation_id = $1 AND p.no = t.person_no`, []any{h.org, h.candidates, historyStaff}},
		// The first two staff have read nearly everything, the third has read nothing.
		{"reads", `INSERT INTO reads (organisation_id, staff_no, person_no, read_offset)
			SELECT $1, $2::bigint + s, c.person_no, CASE WHEN c.person_no % 100 = 7 THEN c.last_offset / 2 ELSE c.last_offset END
			FROM conversations c, generate_series(1, 2) s WHERE c.organisation_id = $1`, []any{h.org, h.candidates}},
		{"heads", `UPDATE journals SET head = (SELECT max("offset") FROM entries WHERE organisation_id = $1), people_head = (SELECT max(no) FROM people WHERE organisation_id = $1) WHERE organisation_id = $1`, []any{h.org}},
		{"expanded", `UPDATE expansions SET (expanded, listed) = (SELECT head, head FROM journals WHERE organisation_id = $1) WHERE organisation_id = $1`, []any{h.org}},
		{"away with the tools", `DROP TABLE bench_past, bench_bodies`, nil},
		{"vacuum", `VACUUM ANALYZE`, nil},
	} {
		if err := h.step(ctx, s.what, s.query, s.args...); err != nil {
			return err
		}
	}
	return nil
}

var (
	historyGiven  = []string{"Anna", "Bruno", "Zoë", "Søren", "Maria", "Ali", "Li", "Józef", "Aïcha", "Olga", "Peter", "Ines", "Tomás", "Yuki", "Noor", "Eva"}
	historyFamily = []string{"Müller", "Łukasiewicz", "Ng", "Ångström", "Berg", "Costa", "Diaz", "Ferreira", "Haas", "Ivanov", "Jansen", "Kowalski", "Larsen", "Moreau", "Novak", "Okafor"}
	historySkills = []string{"welding", "driving", "care", "cooking", "first aid", "forklift"}
)

// people makes candidates 1 to n and staff after them, with COPY.
func (h *history) people(ctx context.Context, rnd *rand.Rand) error {
	keys := domain.NewCollation(domain.Settings{}.SortLanguage())
	return h.copy(ctx, "people", []string{"organisation_id", "no", "id", "kind", "role", "external_id", "given_name", "family_name", "folded", "sort_name", "sort_first", "sort_city", "tags", "skills", "city", "postcode", "state", "created_at"}, func(row func(...any) error) error {
		for no := 1; no <= h.candidates+historyStaff; no++ {
			p := domain.Person{No: domain.PersonNo(no), ID: domain.PersonID(fmt.Sprintf("candidate-%d", no)), Kind: domain.KindCandidate, Role: domain.RoleCandidate, ExternalID: fmt.Sprintf("C-%05d", no),
				GivenName: historyGiven[rnd.IntN(len(historyGiven))], FamilyName: fmt.Sprintf("%s%s", historyFamily[rnd.IntN(len(historyFamily))], syllables(rnd.IntN(5000))),
				City: fmt.Sprintf("City %02d", rnd.IntN(60)), Postcode: fmt.Sprintf("%05d", rnd.IntN(100_000)), Tags: []string{}, Skills: []string{historySkills[rnd.IntN(len(historySkills))]}}
			if no > h.candidates {
				p.ID, p.Kind, p.Role, p.ExternalID = domain.PersonID(fmt.Sprintf("staff-%d", no-h.candidates)), domain.KindStaff, domain.RolePlanner, fmt.Sprintf("S-%02d", no-h.candidates)
			}
			if rnd.IntN(20) == 0 {
				p.Tags = append(p.Tags, "nurse")
			}
			if rnd.IntN(1000) == 0 {
				p.Tags = append(p.Tags, "diver")
			}
			tags, skills := `["`+strings.Join(p.Tags, `","`)+`"]`, `["`+strings.Join(p.Skills, `","`)+`"]`
			if len(p.Tags) == 0 {
				tags = "[]"
			}
			if err := row(int64(h.org), no, string(p.ID), string(p.Kind), string(p.Role), p.ExternalID, p.GivenName, p.FamilyName, p.SearchWords(), keys.LastName(p), keys.FirstName(p), keys.Text(p.City), tags, skills, p.City, p.Postcode, "active", 1); err != nil {
				return err
			}
		}
		return nil
	})
}

// bodies makes texts of some twenty words each, distributed as words are: a few are in
// nearly every text and most are rare.
func (h *history) bodies(ctx context.Context, rnd *rand.Rand) error {
	if err := h.step(ctx, "texts' table", `CREATE TABLE bench_bodies (no bigint PRIMARY KEY, body text NOT NULL, words text NOT NULL)`); err != nil {
		return err
	}
	words := rand.NewZipf(rnd, 1.1, 8, historyWords-1)
	return h.copy(ctx, "bench_bodies", []string{"no", "body", "words"}, func(row func(...any) error) error {
		for i := range historyBodies {
			var list []string
			for range 12 + rnd.IntN(16) {
				list = append(list, syllables(int(words.Uint64())))
			}
			if i == historyBodies/2 {
				list = append(list, "quetzalcoatl") // in one text
			}
			body := strings.Join(list, " ")
			if err := row(i, body, domain.SearchWords(body)); err != nil {
				return err
			}
		}
		return nil
	})
}

// syllables makes a word of a number; small numbers make short words.
func syllables(n int) string {
	const consonants, vowels = "bdfgklmnprstvz", "aeiou"
	var b strings.Builder
	for n += 70; n > 0; n /= 70 {
		b.WriteByte(consonants[n%70/5])
		b.WriteByte(vowels[n%5])
	}
	return b.String()
}

// copy fills a table with what rows gives to row.
func (h *history) copy(ctx context.Context, table string, columns []string, rows func(row func(...any) error) error) error {
	tx, err := h.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	stmt, err := tx.PrepareContext(ctx, `COPY "`+table+`" ("`+strings.Join(columns, `", "`)+`") FROM STDIN`) //nolint:sqlclosecheck // closed below, where its error counts
	if err != nil {
		return err
	}
	err = rows(func(values ...any) error {
		_, err := stmt.ExecContext(ctx, values...)
		return err
	})
	if err == nil {
		_, err = stmt.ExecContext(ctx) // the end of the rows
	}
	if err := errors.Join(err, stmt.Close()); err != nil {
		return err
	}
	return tx.Commit()
}
