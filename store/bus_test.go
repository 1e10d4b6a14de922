package store

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"crier/internal/domain"
	"crier/internal/journal"
)

// ear notes what the bus tells.
type ear struct {
	mu   sync.Mutex
	told []*journal.Entry // guarded by mu
}

func listen(s *Store) *ear {
	e := &ear{}
	s.Bus().Listen(journal.Committed, journal.Hub, func(entry *journal.Entry) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.told = append(e.told, entry)
	})
	return e
}

// take returns what was told since the last time.
func (e *ear) take() []*journal.Entry {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := e.told
	e.told = nil
	return out
}

// Whatever is appended is told once, after COMMIT and in the order of the journal, whichever method
// appended it; what was undone, and what was stored before, is told to nobody.
func TestTheBusHearsWhatIsCommitted(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ear := listen(s)
		s.Bus().Listen(journal.Committed, journal.Hub, func(e *journal.Entry) {
			if stored, err := s.Entry(context.WithoutCancel(t.Context()), e.Organisation, e.Offset); err != nil || !slices.Equal(stored.Hash, e.Hash) {
				t.Errorf("entry %d was told before COMMIT, or is another one: %v", e.Offset, err)
			}
		})
		org, exam := hall(t, s, 3)
		from := int64(0)
		check := func(what string) {
			t.Helper()
			told := ear.take()
			for _, e := range told {
				if from++; e.Offset != from {
					t.Fatalf("%s: entry %d was told where %d was to come", what, e.Offset, from)
				}
			}
			if head, err := s.Head(t.Context(), org); err != nil || head != from {
				t.Fatalf("%s: told up to %d, the head is %d (%v)", what, from, head, err)
			}
		}
		ear.take() // hall empties the journal that it made
		check("nothing")
		send(t, s, sending(org, exam, 3, "x", "key-1"))
		check("one")
		if from != 1 {
			t.Fatalf("told up to %d", from)
		}
		if _, fresh, err := s.Append(t.Context(), sending(org, exam, 3, "x", "key-1")); err != nil || fresh {
			t.Fatal(fresh, err)
		}
		check("a key that was used before")
		parts := []*journal.Entry{sending(org, exam, 3, "a", "key-2"), sending(org, exam, 3, "b", "")}
		if _, _, err := s.AppendParts(t.Context(), parts); err != nil {
			t.Fatal(err)
		}
		check("two in one transaction")
		undone := errors.New("undone")
		err := s.write(t.Context(), org, func(tx *Tx) error {
			if err := tx.Append(t.Context(), sending(org, exam, 3, "y", "key-3")); err != nil {
				return err
			}
			return undone
		})
		if !errors.Is(err, undone) {
			t.Fatal(err)
		}
		check("a transaction that was undone")
		if _, err := s.RecordReceipts(t.Context(), org, domain.System(org).Ref(), []domain.Mark{{Offset: 1, Person: 1, Delivered: s.clock.Now()}}); err != nil {
			t.Fatal(err)
		}
		check("receipts")
		if from != 4 {
			t.Errorf("told up to %d, want 4", from)
		}
	})
}
