package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/testkit"
)

// TestPeopleWithoutStatistics: a people list of many groups is quick although PostgreSQL's statistics
// know nothing of the organisation yet.
func TestPeopleWithoutStatistics(t *testing.T) {
	s := open(t, testkit.Postgres(t))
	const people, groups = 3000, 201
	hall(t, s, 2000)
	for _, table := range []string{"people", "enrolments", "groups", "staff_scopes"} {
		if _, err := s.w.ExecContext(t.Context(), `ANALYZE `+table); err != nil {
			t.Fatal(err)
		}
	}
	org, _ := hall(t, s, 0)
	for _, table := range []string{"people", "enrolments", "groups", "staff_scopes"} {
		if _, err := s.w.ExecContext(t.Context(), `ALTER TABLE `+table+` SET (autovacuum_enabled = false)`); err != nil {
			t.Fatal(err)
		}
	}
	seen := domain.Seen{}
	err := s.write(t.Context(), org, func(tx *Tx) error {
		var rows, in, names [][]any
		for i := range people {
			rows = append(rows, []any{i + 1, fmt.Sprintf("person-%d", i), fmt.Sprintf("C%04d", i)})
			in = append(in, []any{i + 1, "group-0"})
			for k := range 2 {
				in = append(in, []any{i + 1, fmt.Sprintf("group-%d", 1+(i+k*7)%(groups-1))})
			}
		}
		for i := range groups {
			names = append(names, []any{fmt.Sprintf("group-%d", i)})
			seen.Places = append(seen.Places, domain.Place{Group: domain.GroupID(fmt.Sprintf("group-%d", i))})
		}
		for _, c := range []struct {
			q    string
			list [][]any
		}{
			{`INSERT INTO people (organisation_id, no, id, kind, role, external_id, given_name, family_name, folded, sort_name, created_at)
				SELECT $1, r.no, r.id, 'candidate', 'candidate', r.ext, 'Sara', r.ext, lower(r.ext), r.ext, 1 FROM ` + s.d.Rows("$2", "no", "id text", "ext text") + ` AS r`, rows},
			{`INSERT INTO groups (organisation_id, id, kind, name, created_at) SELECT $1, r.id, 'pool', r.id, 1 FROM ` + s.d.Rows("$2", "id text") + ` AS r`, names},
			{`INSERT INTO enrolments (organisation_id, group_id, person_no) SELECT $1, r.g, r.no FROM ` + s.d.Rows("$2", "no", "g text") + ` AS r`, in},
		} {
			if _, err := tx.Exec(t.Context(), c.q, org, jsonOf(c.list)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	group := []domain.GroupID{"group-7"}
	for name, f := range map[string]domain.PeopleFilter{
		"all": {}, "search": {Q: "c00"}, "group": {Group: group}, "activity": {Activity: group}, "states": {State: []string{"active", "member"}},
	} {
		began := time.Now()
		if _, err := s.People(t.Context(), org, domain.PeopleQuery{Filter: f, Seen: seen, Limit: 201, Sort: domain.SortPeopleLastName}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.CountPeople(t.Context(), org, f, seen); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("%s: the page and its count took %v", name, took)
		}
	}
}

// TestSlowStatement: a statement that runs too long is not a database that cannot be reached.
func TestSlowStatement(t *testing.T) {
	var log bytes.Buffer
	s, err := Open(t.Context(), Options{DSN: testkit.Postgres(t), Silence: time.Second, Log: zerolog.New(&log)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	var n int
	err = s.get(t.Context(), &n, `SELECT 1 FROM pg_sleep(30)`)
	if f := fault.Public(err); f.Code != fault.Unavailable || !strings.Contains(f.Message, "takes too long") || f.RetryAfter != fault.SlowRetry {
		t.Errorf("a slow statement: %+v (%v)", f, err)
	}
	if !strings.Contains(log.String(), "pg_sleep") {
		t.Errorf("the log does not name the statement: %s", log.String())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.get(ctx, &n, `SELECT 1 FROM pg_sleep(30)`); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a statement whose caller has gone: %v", err)
	}
}

// TestAnalyse: statistics are made after much is provisioned, not after each request.
func TestAnalyse(t *testing.T) {
	s := open(t, testkit.Postgres(t))
	estimate := func() (rows float64) {
		t.Helper()
		if err := s.get(t.Context(), &rows, `SELECT CAST(reltuples AS double precision) FROM pg_class WHERE oid = CAST('people' AS regclass)`); err != nil {
			t.Fatal(err)
		}
		return rows
	}
	if _, err := s.w.ExecContext(t.Context(), `ALTER TABLE people SET (autovacuum_enabled = false)`); err != nil {
		t.Fatal(err)
	}
	hall(t, s, 600)
	if s.analyse(t.Context(), analyseAfter-1); estimate() > 0 {
		t.Error("statistics were made too early")
	}
	if s.analyse(t.Context(), 1); estimate() != 600 {
		t.Errorf("the statistics hold %v people, not 600", estimate())
	}
}
