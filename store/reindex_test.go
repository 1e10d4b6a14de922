package store

import (
	"encoding/json"
	"os"
	"testing"

	"crier/internal/domain"
	"crier/internal/journal"
)

// searchCases are those of the domain, which the page replays too.
func searchCases(t *testing.T) [][3]any {
	t.Helper()
	text, err := os.ReadFile("../internal/domain/testdata/search.json")
	var file struct{ Cases [][3]any }
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	if err != nil || len(file.Cases) < 50 {
		t.Fatalf("%d cases: %v", len(file.Cases), err)
	}
	return file.Cases
}

// TestSearchCases: texts and names are found by what people type, in messages, in notes and among people.
func TestSearchCases(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		by := office(t, s, "north")
		cases := searchCases(t)
		people := make([]domain.PersonSpec, len(cases))
		for i, c := range cases {
			people[i] = domain.PersonSpec{Where: itemAt(i), ExternalID: string(rune(0x10000 + i)), Kind: domain.KindCandidate, Role: domain.RoleCandidate, GivenName: c[0].(string)}
		}
		if _, _, err := s.UpsertPeople(ctx, by, people); err != nil {
			t.Fatal(err)
		}
		check := func(when string) {
			t.Helper()
			for i, c := range cases {
				q, want := c[1].(string), c[2].(bool)
				f := domain.SearchFilter{Q: q, Person: domain.PersonNo(i + 1)}
				if domain.Blank(q) || f.Validate() != nil {
					continue
				}
				hits, _, err := s.Search(ctx, by.Organisation, domain.Seen{All: true}, f, 5)
				if err != nil || (len(hits) == 1) != want {
					t.Errorf("%s: %q in the note %q: %d hits, %v", when, q, c[0], len(hits), err)
				}
				var nos []int64
				args := []any{by.Organisation, i + 1}
				where := s.matches(domain.PeopleFilter{Q: q}, domain.Seen{All: true}, &args)
				if err := s.list(ctx, &nos, `SELECT p.no FROM people p WHERE p.organisation_id = $1 AND p.no = $2`+where, args...); err != nil || (len(nos) == 1) != want {
					t.Errorf("%s: %q in the name %q: %v, %v", when, q, c[0], nos, err)
				}
			}
		}
		for i, c := range cases {
			e := &journal.Entry{Organisation: by.Organisation, Kind: journal.KindNoteAdded, Actor: by.Ref()}
			if _, _, err := s.AddNote(ctx, e, journal.NoteAdded{Person: domain.PersonNo(i + 1), Body: c[0].(string)}); err != nil {
				t.Fatal(err)
			}
		}
		check("new")
		// What an older version stored is found in the same way once it has been brought up to date.
		err := s.write(ctx, by.Organisation, func(tx *Tx) error {
			for _, q := range []string{
				`UPDATE search_texts SET words = 'stale' WHERE organisation_id = $1`,
				`UPDATE people SET folded = 'stale', email = 'ann@example.org' || '` + "\u200b" + `', external_id = '` + "\u200b" + `' || external_id WHERE organisation_id = $1`,
				`UPDATE people SET external_id = 'x' WHERE organisation_id = $1 AND no = 1`,
				`UPDATE people SET external_id = 'x` + "\u200b" + `' WHERE organisation_id = $1 AND no = 2`,
			} {
				if _, err := tx.Exec(ctx, q, by.Organisation); err != nil {
					return err
				}
			}
			return reindex(ctx, s.d, tx.tx.Tx)
		})
		if err != nil {
			t.Fatal(err)
		}
		check("old")
		var tidied int
		if err := s.get(ctx, &tidied, `SELECT count(*) FROM people WHERE organisation_id = $1 AND email = 'ann@example.org'`, by.Organisation); err != nil || tidied != len(cases) {
			t.Errorf("%d addresses were tidied, %v", tidied, err)
		}
		var ids []string
		if err := s.list(ctx, &ids, `SELECT external_id FROM people WHERE organisation_id = $1 AND no < 4 ORDER BY no`, by.Organisation); err != nil || ids[0] != "x" || ids[1] != "x\u200b" || ids[2] != people[2].ExternalID {
			t.Errorf("ids %q, %v", ids, err)
		}
	})
}
