package testkit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func run(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func ask(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	var answer string
	if err := db.QueryRowContext(t.Context(), query).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer
}

func TestPostgresIsDurable(t *testing.T) {
	db := open(t, Postgres(t))
	for _, c := range []struct{ setting, want string }{
		{"fsync", "on"}, {"synchronous_commit", "on"}, {"full_page_writes", "on"}, {"max_connections", "200"},
		{"listen_addresses", "127.0.0.1"}, {"server_encoding", "UTF8"},
	} {
		if got := ask(t, db, "SHOW "+c.setting); got != c.want {
			t.Errorf("%s is %s, want %s", c.setting, got, c.want)
		}
	}
}

func TestEachPostgresDatabaseIsItsOwn(t *testing.T) {
	first := Postgres(t)
	run(t, open(t, first), "CREATE TABLE seen (n int)")
	second := Postgres(t)
	if first == second {
		t.Fatalf("both are %s", first)
	}
	if got := ask(t, open(t, second), "SELECT count(*) FROM pg_tables WHERE tablename = 'seen'"); got != "0" {
		t.Errorf("the second database has %s tables of the first", got)
	}
}

func TestPostgresDropsTheDatabaseThoughItIsInUse(t *testing.T) {
	var dsn, name string
	t.Run("user", func(t *testing.T) {
		dsn = Postgres(t)
		db, err := sql.Open("postgres", dsn) // closed only after the database is gone
		if err != nil {
			t.Fatal(err)
		}
		name = ask(t, db, "SELECT current_database()")
		t.Cleanup(func() { _ = db.Close() })
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn // held open on purpose
	})
	other := open(t, Postgres(t))
	if got := ask(t, other, "SELECT count(*) FROM pg_database WHERE datname = '"+name+"'"); got != "0" {
		t.Errorf("%s is still there", name)
	}
}

func TestStartPostgresTakesSettings(t *testing.T) {
	s := StartPostgres(t, "fsync=off", "max_connections=17")
	db := open(t, s.DSN())
	if got := ask(t, db, "SHOW fsync") + " " + ask(t, db, "SHOW max_connections"); got != "off 17" {
		t.Errorf("got %q", got)
	}
}

func TestPostgresKeepsItsDataAcrossLives(t *testing.T) {
	s := StartPostgres(t)
	db := open(t, s.DSN())
	run(t, db, "CREATE TABLE facts (n int)")
	for i, c := range []struct {
		name string
		end  func()
	}{{"stop", s.Stop}, {"kill", s.Kill}, {"kill while paused", func() { s.Pause(); s.Kill() }}} {
		run(t, db, fmt.Sprintf("INSERT INTO facts VALUES (%d)", i))
		before := s.PID()
		family, err := children([]int{before})
		if err != nil {
			t.Fatal(err)
		}
		c.end()
		if s.PID() != 0 {
			t.Errorf("%s: PID is %d, want 0", c.name, s.PID())
		}
		if len(family) < 3 {
			t.Errorf("%s: only %d background processes seen", c.name, len(family))
		}
		for _, pid := range append(family, before) {
			if !gone(pid) {
				t.Errorf("%s: process %d is still there", c.name, pid)
			}
		}
		if err := db.PingContext(t.Context()); err == nil {
			t.Errorf("%s: a ping still succeeds", c.name)
		}
		s.Start()
		if got := ask(t, db, "SELECT count(*) FROM facts"); got != fmt.Sprint(i+1) {
			t.Errorf("after %s: %s rows, want %d", c.name, got, i+1)
		}
	}
}

func TestPausedPostgresAnswersNobody(t *testing.T) {
	s := StartPostgres(t)
	db := open(t, s.DSN())
	conn, err := db.Conn(t.Context()) // a backend that exists already must stand still too
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	s.Pause()
	s.Pause() // again, without effect
	fresh := open(t, s.DSN()+"&connect_timeout=1")
	if err := fresh.PingContext(t.Context()); !isTimeout(err) {
		t.Errorf("a new connection: %v, want a timeout", err)
	}
	answered := make(chan error, 1)
	go func() { answered <- conn.PingContext(context.Background()) }()
	select {
	case err := <-answered:
		t.Errorf("an open connection was answered while paused: %v", err)
		answered <- err
	case <-time.After(300 * time.Millisecond):
	}
	s.Resume()
	if err := <-answered; err != nil {
		t.Errorf("an open connection, after: %v", err)
	}
	if err := db.PingContext(t.Context()); err != nil {
		t.Errorf("after: %v", err)
	}
}

func TestPostgresThatCannotStartSaysWhy(t *testing.T) {
	s, err := newPostgres(t, []string{"max_connections=none"})
	check(t, err)
	err = s.start()
	if err == nil {
		t.Fatal("it started")
	}
	if want := "max_connections"; !contains(err, want) {
		t.Errorf("%v: does not mention %s", err, want)
	}
}

func TestBuriedPostgresLeavesNoSharedMemory(t *testing.T) {
	var segment, folder string
	t.Run("user", func(t *testing.T) {
		s := StartPostgres(t)
		folder = s.spec.folder
		text, err := os.ReadFile(filepath.Join(folder, "data", "postmaster.pid"))
		if err != nil {
			t.Fatal(err)
		}
		segment = segmentOf(string(text))
		if !slices.Contains(segments(t), segment) {
			t.Fatalf("segment %q is not among %v", segment, segments(t))
		}
		s.Kill()
	})
	if slices.Contains(segments(t), segment) {
		t.Errorf("segment %s is still there", segment)
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}
