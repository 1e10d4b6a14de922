package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"crier/internal/domain"
	"crier/internal/journal"
	"crier/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.Template(prepare)
	testkit.Main(m, func() error { return goleak.Find() })
}

// prepare gives the database that the tests' ones are copies of this version's schema, and no
// epoch or key: those are of each database alone.
func prepare(dsn string) error {
	ctx := context.Background()
	s, err := Open(ctx, Options{DSN: dsn, Log: zerolog.Nop()})
	if err != nil {
		return err
	}
	return errors.Join(s.up(ctx, s.w), s.Close())
}

// both runs fn on each database, empty and migrated.
func both(t *testing.T, fn func(t *testing.T, s *Store)) {
	t.Run("sqlite", func(t *testing.T) { fn(t, open(t, sqliteDSN(t))) })
	t.Run("postgres", func(t *testing.T) { fn(t, open(t, testkit.Postgres(t))) })
}

func sqliteDSN(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "crier test.db")
}

func open(t testing.TB, dsn string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{DSN: dsn, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// hall makes an organisation, one test and n candidates in it, 30 to a room
// ("R00", "R01", …), and returns them.
func hall(t testing.TB, s *Store, n int) (domain.OrganisationID, domain.ExamID) {
	t.Helper()
	ctx := t.Context()
	var org domain.OrganisationID
	now := micros(time.Now())
	err := s.w.GetContext(ctx, &org, `INSERT INTO organisations (slug, name, created_at) VALUES ($1, $2, $3) RETURNING id`,
		fmt.Sprintf("org-%d", time.Now().UnixNano()), "Organisation", now)
	if err != nil {
		t.Fatal(err)
	}
	exam := domain.ExamID(fmt.Sprintf("exam-%d", org))
	err = s.write(ctx, org, func(tx *Tx) error {
		for _, q := range []string{
			`INSERT INTO journals (organisation_id) VALUES ($1)`,
			`INSERT INTO expansions (organisation_id) VALUES ($1)`,
		} {
			if _, err := tx.Exec(ctx, q, org); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `INSERT INTO groups (organisation_id, id, kind, name, created_at) VALUES ($1, $2, 'test', 'Biology 1', $3)`, org, exam, now); err != nil {
			return err
		}
		first, err := tx.People(ctx, n)
		if err != nil {
			return err
		}
		people := make([][]any, n)
		for i := range people {
			people[i] = []any{int64(first) + int64(i), fmt.Sprintf("person-%d-%d", org, i), fmt.Sprintf("C%04d", i), fmt.Sprintf("R%02d", i/30), fmt.Sprint(i%30 + 1)}
		}
		rows := s.d.Rows("$2", "no", "id text", "ext text", "room text", "seat text")
		if _, err := tx.Exec(ctx, `INSERT INTO people (organisation_id, no, id, kind, role, external_id, given_name, family_name, created_at)
			SELECT $1, r.no, r.id, 'candidate', 'candidate', r.ext, 'Sara', r.ext, 1 FROM `+rows+` AS r WHERE true`, org, jsonOf(people)); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO enrolments (organisation_id, group_id, person_no, room, seat)
			SELECT $1, $3, r.no, r.room, r.seat FROM `+rows+` AS r WHERE true`, org, jsonOf(people), exam)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return org, exam
}

var sender = domain.ActorRef{Kind: domain.ActorPerson, ID: "staff-1", Name: "Ines Vogel", Role: domain.RolePlanner}

// sending is a broadcast entry to the people numbered from 1 to n.
func sending(org domain.OrganisationID, exam domain.ExamID, n int, subject, key string) *journal.Entry {
	var audience []journal.AudienceRoom
	for i := range n {
		if i%30 == 0 {
			audience = append(audience, journal.AudienceRoom{Room: fmt.Sprintf("R%02d", i/30)})
		}
		r := &audience[len(audience)-1]
		r.People = append(r.People, domain.PersonNo(i+1))
	}
	payload, err := json.Marshal(journal.BroadcastSent{ExamName: "Biology 1", Subject: subject, Body: "Five minutes left.", Level: domain.LevelPopup,
		SenderName: sender.Name, SenderRole: sender.Role, Recipients: n})
	if err != nil {
		panic(err)
	}
	list, err := json.Marshal(audience)
	if err != nil {
		panic(err)
	}
	e := &journal.Entry{Organisation: org, Kind: journal.KindBroadcastSent, Actor: sender, Group: exam, Payload: payload, Audience: list}
	if key != "" {
		e.RequestKey, e.RequestHash = key, []byte("hash of "+subject)
	}
	return e
}

func send(t testing.TB, s *Store, e *journal.Entry) *journal.Entry {
	t.Helper()
	stored, fresh, err := s.Append(context.WithoutCancel(t.Context()), e)
	if err != nil {
		t.Fatal(err)
	}
	if !fresh {
		t.Fatal("the entry was there before")
	}
	return stored
}

func TestAppendAndExpand(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 77)
		e := send(t, s, sending(org, exam, 77, "One", "key-00001"))
		if e.Offset != 1 {
			t.Errorf("offset %d, want 1", e.Offset)
		}
		got, err := s.Entry(t.Context(), org, 1)
		if err != nil {
			t.Fatal(err)
		}
		if string(journal.HashOf(got)) != string(e.Hash) {
			t.Error("what is read back has another hash")
		}
		for range 2 {
			if err := s.Expand(t.Context(), org); err != nil {
				t.Fatal(err)
			}
		}
		var n int
		if err := s.get(t.Context(), &n, `SELECT count(*) FROM messages m JOIN enrolments e ON e.organisation_id = m.organisation_id AND e.person_no = m.person_no AND e.room = m.room WHERE m.organisation_id = $1`, org); err != nil {
			t.Fatal(err)
		}
		if n != 77 {
			t.Errorf("%d messages, want 77", n)
		}
	})
}

func benchBoth(b *testing.B, fn func(b *testing.B, s *Store)) {
	b.Run("sqlite", func(b *testing.B) { fn(b, open(b, sqliteDSN(b))) })
	b.Run("postgres", func(b *testing.B) { fn(b, open(b, testkit.Postgres(b))) })
}

func BenchmarkAppend1500(b *testing.B) {
	benchBoth(b, func(b *testing.B, s *Store) {
		org, exam := hall(b, s, 1500)
		i := 0
		for b.Loop() {
			i++
			send(b, s, sending(org, exam, 1500, "One", fmt.Sprintf("key-%08d", i)))
		}
	})
}

func BenchmarkExpand1500(b *testing.B) {
	benchBoth(b, func(b *testing.B, s *Store) {
		org, exam := hall(b, s, 1500)
		for b.Loop() {
			b.StopTimer()
			send(b, s, sending(org, exam, 1500, "One", ""))
			b.StartTimer()
			if err := s.Expand(b.Context(), org); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func decode(t interface{ Fatal(...any) }, b []byte, into any) {
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

func receiptsOf(t interface{ Fatal(...any) }, e *journal.Entry) []journal.ReceiptItem {
	var p journal.ReceiptsRecorded
	decode(t, e.Payload, &p)
	return p.Items
}
