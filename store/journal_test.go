package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/clock"
	"crier/internal/fault"
	"crier/internal/testkit"
)

// Eight writers append while readers poll from where they were: nobody may ever see
// a gap, or an offset out of order.
func TestDenseOffsets(t *testing.T) {
	const writers, each = 8, 40
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 3)
		ctx := t.Context()
		var writing, reading sync.WaitGroup
		for w := range writers {
			writing.Go(func() {
				for i := range each {
					if _, _, err := s.Append(ctx, sending(org, exam, 3, "x", fmt.Sprintf("writer-%d-%d", w, i))); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		for range 3 {
			reading.Go(func() {
				for next := int64(1); next <= writers*each && !t.Failed(); {
					page, err := s.Entries(ctx, org, next-1, 50)
					if err != nil {
						t.Error(err)
						return
					}
					for _, e := range page {
						if e.Offset != next {
							t.Errorf("saw %d where %d was to come", e.Offset, next)
							return
						}
						next++
					}
				}
			})
		}
		writing.Wait()
		reading.Wait()
		c, err := s.VerifyChain(ctx, org)
		if err != nil {
			t.Fatal(err)
		}
		if !c.OK || c.Entries != writers*each {
			t.Errorf("%+v", c)
		}
	})
}

func TestVerifyChainFindsTampering(t *testing.T) {
	for name, c := range map[string]struct {
		statement string
		bad       int64
	}{
		"untouched":         {`UPDATE entries SET kind = kind`, 0},
		"a text changed":    {`UPDATE entries SET payload = replace(payload, 'Five', 'Nine') WHERE "offset" = 3`, 3},
		"a recipient added": {`UPDATE entries SET audience = replace(audience, '[1,', '[1,9,') WHERE "offset" = 2`, 2},
		"a time changed":    {`UPDATE entries SET at = at + 1 WHERE "offset" = 4`, 4},
		"one removed":       {`DELETE FROM entries WHERE "offset" = 3`, 3},
		"the last removed":  {`DELETE FROM entries WHERE "offset" = 5`, 5},
		"the first changed": {`UPDATE entries SET actor_name = 'Nobody' WHERE "offset" = 1`, 1},
		"a salt changed":    {`UPDATE entries SET payload_salt = actor_salt WHERE "offset" = 3`, 3},
		"a role changed":    {`UPDATE entries SET actor_role = 'admin' WHERE "offset" = 2`, 2},
		"a hash replaced":   {`UPDATE entries SET hash = prev_hash WHERE "offset" = 5`, 5},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, s *Store) {
				org, exam := hall(t, s, 3)
				for range 5 {
					send(t, s, sending(org, exam, 3, "x", ""))
				}
				if _, err := s.w.ExecContext(t.Context(), c.statement); err != nil {
					t.Fatal(err)
				}
				got, err := s.VerifyChain(t.Context(), org)
				if err != nil {
					t.Fatal(err)
				}
				if got.OK != (c.bad == 0) || got.FirstBad != c.bad {
					t.Errorf("%+v, want the first bad to be %d", got, c.bad)
				}
			})
		})
	}
}

// Five submits of one request at once make one entry, and all hear of the same.
func TestSameKeyAtOnce(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 3)
		for round := range 10 {
			key := fmt.Sprintf("round-%04d", round)
			var mu sync.Mutex
			offsets, fresh := map[int64]int{}, 0
			var all sync.WaitGroup
			for range 5 {
				all.Go(func() {
					e, isFresh, err := s.Append(t.Context(), sending(org, exam, 3, "x", key))
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					defer mu.Unlock()
					offsets[e.Offset]++
					if isFresh {
						fresh++
					}
				})
			}
			all.Wait()
			if len(offsets) != 1 || fresh != 1 {
				t.Fatalf("offsets %v, %d of them fresh", offsets, fresh)
			}
		}
		if head, err := s.Head(t.Context(), org); err != nil || head != 10 {
			t.Errorf("head %d, %v; want 10", head, err)
		}
	})
}

func TestRequestKeys(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		org, exam := hall(t, s, 3)
		first := send(t, s, sending(org, exam, 3, "One", "the-key-1"))

		t.Run("another body", func(t *testing.T) {
			_, _, err := s.Append(ctx, sending(org, exam, 3, "Two", "the-key-1"))
			if f := fault.Public(err); !fault.Is(err, fault.Conflict) || f.Field != "key" {
				t.Errorf("got %v", err)
			}
		})
		t.Run("another sender", func(t *testing.T) {
			e := sending(org, exam, 3, "Two", "the-key-1")
			e.Actor.ID = "staff-2"
			send(t, s, e)
		})
		t.Run("another organisation", func(t *testing.T) {
			other, exam := hall(t, s, 3)
			if e := send(t, s, sending(other, exam, 3, "Two", "the-key-1")); e.Offset != 1 {
				t.Errorf("offset %d, want 1", e.Offset)
			}
		})
		t.Run("found by key", func(t *testing.T) {
			got, err := s.EntryByKey(ctx, org, sender.ID, "the-key-1", first.RequestHash)
			if err != nil || got == nil || got.Offset != first.Offset {
				t.Errorf("%+v, %v", got, err)
			}
			if got, err := s.EntryByKey(ctx, org, sender.ID, "unknown-key", nil); got != nil || err != nil {
				t.Errorf("%+v, %v for an unknown key", got, err)
			}
			if got, err := s.EntryByKey(ctx, org, sender.ID, "", nil); got != nil || err != nil {
				t.Errorf("%+v, %v for no key", got, err)
			}
		})
	})
}

// What fails after Append leaves nothing behind, not even a used offset.
func TestWriteUndone(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 3)
		boom := errors.New("boom")
		err := s.write(t.Context(), org, func(tx *Tx) error {
			for range 2 {
				if err := tx.Append(t.Context(), sending(org, exam, 3, "x", "")); err != nil {
					return err
				}
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		cancelled, cancel := context.WithCancel(t.Context())
		err = s.write(cancelled, org, func(tx *Tx) error {
			defer cancel()
			return tx.Append(cancelled, sending(org, exam, 3, "x", ""))
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if e := send(t, s, sending(org, exam, 3, "x", "")); e.Offset != 1 {
			t.Errorf("offset %d, want 1", e.Offset)
		}
	})
}

// Several entries of one transaction are chained like those of several.
func TestSeveralInOneTransaction(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 3)
		err := s.write(t.Context(), org, func(tx *Tx) error {
			if head, err := tx.Lock(t.Context()); err != nil || head != 0 {
				return fmt.Errorf("head %d, %w", head, err)
			}
			for i := range 4 {
				if err := tx.Append(t.Context(), sending(org, exam, 3, "x", fmt.Sprintf("in-one-%d", i))); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if c, err := s.VerifyChain(t.Context(), org); err != nil || !c.OK || c.Entries != 4 {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

func TestUnsafePostgres(t *testing.T) {
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		t.Run(setting, func(t *testing.T) {
			s, err := Open(t.Context(), Options{DSN: testkit.StartPostgres(t, setting+"=off").DSN(), Log: zerolog.Nop()})
			if err == nil {
				t.Fatal("opened", s.Close())
			}
			if !strings.Contains(err.Error(), setting+" is off") {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("encoding", func(t *testing.T) {
		dsn := testkit.Postgres(t)
		s := open(t, dsn)
		if _, err := s.w.ExecContext(t.Context(), `CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'`); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { // after the second store is closed
			if _, err := s.w.ExecContext(context.WithoutCancel(t.Context()), `DROP DATABASE latin WITH (FORCE)`); err != nil {
				t.Error(err)
			}
		})
		head, tail, _ := strings.Cut(dsn, "?")
		other, err := Open(t.Context(), Options{DSN: head[:strings.LastIndex(head, "/")] + "/latin?" + tail, Log: zerolog.Nop()})
		if err == nil {
			t.Fatal("opened", other.Close())
		}
		if !strings.Contains(err.Error(), "server_encoding is LATIN1") {
			t.Errorf("got %v", err)
		}
	})
}

func TestNewerSchemaRefused(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		if _, err := s.w.ExecContext(t.Context(), `INSERT INTO `+schemaTable+` (version_id, is_applied) VALUES (99999, true)`); err != nil {
			t.Fatal(err)
		}
		if err := s.checkVersion(t.Context()); err == nil || !strings.Contains(err.Error(), "newer crier") {
			t.Errorf("got %v", err)
		}
	})
}

// Three nodes start at once on an empty database: each finds it migrated, and all
// hold the same epoch and key.
func TestConcurrentMigration(t *testing.T) {
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": sqliteDSN, "postgres": func(t testing.TB) string { return testkit.EmptyPostgres(t) }} {
		t.Run(name, func(t *testing.T) {
			at := dsn(t)
			stores := make([]*Store, 3)
			var all sync.WaitGroup
			for i := range stores {
				all.Go(func() {
					s, err := Open(t.Context(), Options{DSN: at, Log: zerolog.Nop()})
					if err != nil {
						t.Error(err)
						return
					}
					stores[i] = s
					if err := s.Migrate(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			for _, s := range stores {
				if s == nil {
					continue
				}
				if s.Epoch() == "" || s.Epoch() != stores[0].Epoch() || string(s.SealKey()) != string(stores[0].SealKey()) || len(s.SealKey()) != 32 {
					t.Error("the nodes hold different epochs or keys")
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, dsn := range []string{"", "mysql://x", "sqlite:", "sqlite::memory:", "postgres://u:secret-word@127.0.0.1:1/x?sslmode=disable", "postgres://u:secret-word@%zz/x"} {
		s, err := Open(t.Context(), Options{DSN: dsn, Log: zerolog.Nop(), Silence: time.Second})
		if err == nil {
			t.Errorf("%q opened: %v", dsn, s.Close())
			continue
		}
		if strings.Contains(err.Error(), "secret-word") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}

// The journal keeps times as it was given them.
func TestEntryRoundTrip(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 3)
		at := time.Date(2026, 3, 1, 10, 0, 0, 123456000, time.UTC)
		s.clock = clock.NewFixed(at)
		want := sending(org, exam, 3, "Ünïcode \"quoted\" <&> 😀", "the-key-1")
		send(t, s, want)
		got, err := s.Entry(t.Context(), org, 1)
		if err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(want)
		b, _ := json.Marshal(got)
		if string(a) != string(b) || !got.At.Equal(at) {
			t.Errorf("wrote %s\nread  %s", a, b)
		}
		if _, err := s.Entry(t.Context(), org, 2); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v for an entry that is not there", err)
		}
		if _, err := s.Entry(t.Context(), org+1, 1); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v for another organisation's", err)
		}
		heads, err := s.Heads(t.Context(), org, org+77)
		if err != nil || len(heads) != 1 || heads[org] != 1 {
			t.Errorf("heads %v, %v", heads, err)
		}
	})
}
