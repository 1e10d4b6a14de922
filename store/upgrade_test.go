package store

import (
	"testing"

	"github.com/rs/zerolog"

	"crier/internal/domain"
	"crier/internal/testkit"
)

// atVersion runs fn on each database with the schema of an earlier version.
func atVersion(t *testing.T, version int64, fn func(t *testing.T, s *Store)) {
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": sqliteDSN, "postgres": testkit.EmptyPostgres} {
		t.Run(name, func(t *testing.T) {
			s, err := Open(t.Context(), Options{DSN: dsn(t), Log: zerolog.Nop()})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			p, err := s.provider(s.w)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.UpTo(t.Context(), version); err != nil {
				t.Fatal(err)
			}
			fn(t, s)
		})
	}
}

// TestUpgrade brings a database of the first schema, with people and sendings in it, up to
// this one: what was sent then stands in conversations, is listed and is found.
func TestUpgrade(t *testing.T) {
	atVersion(t, 1, func(t *testing.T, s *Store) {
		ctx := t.Context()
		org, exam := hall(t, s, 40)
		first := send(t, s, sending(org, exam, 40, "Łódź", "key-00001"))
		second := send(t, s, sending(org, exam, 10, "Straße", "key-00002"))
		// As the first version expanded it.
		expanded := func(tx *Tx) error {
			for _, q := range []string{
				`INSERT INTO messages (organisation_id, "offset", person_no, group_id, room) SELECT $1, 1, e.person_no, e.group_id, e.room FROM enrolments e WHERE e.organisation_id = $1`,
				`INSERT INTO messages (organisation_id, "offset", person_no, group_id, room) SELECT $1, 2, e.person_no, e.group_id, e.room FROM enrolments e WHERE e.organisation_id = $1 AND e.person_no <= 10`,
				`UPDATE messages SET delivered_at = 5 WHERE organisation_id = $1 AND person_no = 1`,
				`UPDATE expansions SET expanded = 2 WHERE organisation_id = $1`,
			} {
				if _, err := tx.Exec(ctx, q, org); err != nil {
					return err
				}
			}
			return nil
		}
		if err := s.write(ctx, org, expanded); err != nil {
			t.Fatal(err)
		}
		third := send(t, s, sending(org, exam, 1, "Not expanded yet", "key-00003"))
		for range 2 { // the second time there is nothing to do
			if err := s.Migrate(ctx); err != nil {
				t.Fatal(err)
			}
		}
		list, err := s.Desk(ctx, org, 999, domain.Seen{All: true}, domain.DeskFilter{}, nil, 100)
		if err != nil || len(list) != 40 {
			t.Errorf("%d conversations, %v; want 40", len(list), err)
		}
		rows, err := s.ConversationRows(ctx, org, 999, domain.Seen{Places: []domain.Place{{Group: exam}}}, []domain.PersonNo{1, 10, 40})
		if err != nil {
			t.Fatal(err)
		}
		for no, want := range map[domain.PersonNo]int64{1: third.Offset, 10: second.Offset, 40: first.Offset} {
			if r, ok := rows[no]; !ok || r.Last == nil || r.Last.Offset != want {
				t.Errorf("%d: %+v, want the last to be %d", no, r, want)
			}
		}
		for q, want := range map[string]int64{"lodz": first.Offset, "strasse": second.Offset, "expanded": third.Offset} {
			hits, _, err := s.Search(ctx, org, domain.Seen{All: true}, domain.SearchFilter{Q: q}, 10)
			if err != nil || len(hits) != 1 || hits[0].Entry.Offset != want {
				t.Errorf("search for %s: %v, %v", q, hits, err)
			}
		}
		refs, err := s.PeopleNamed(ctx, org, domain.Seen{All: true}, "c0007", 5)
		if err != nil || len(refs) != 1 || refs[0].No != 8 {
			t.Errorf("people: %v, %v", refs, err)
		}
		var read []int64
		if err := s.list(ctx, &read, `SELECT person_no FROM messages WHERE organisation_id = $1 AND delivered_at = 5 AND stopped = '' ORDER BY person_no`, org); err != nil || len(read) != 2 {
			t.Errorf("delivered to %v, %v", read, err)
		}
		if chain, err := s.VerifyChain(ctx, org); err != nil || !chain.OK || chain.Entries != 3 {
			t.Errorf("chain %+v, %v", chain, err)
		}
	})
}
