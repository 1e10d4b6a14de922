package store

import (
	"bytes"
	"testing"

	"crier/internal/journal"
)

// What is appended is read again with its salts, whichever way it was appended, and no two entries
// share one.
func TestEntriesHaveSalts(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 3)
		send(t, s, sending(org, exam, 3, "x", "key-1"))
		if _, _, err := s.AppendParts(t.Context(), []*journal.Entry{sending(org, exam, 3, "x", "key-2"), sending(org, exam, 3, "x", "")}); err != nil {
			t.Fatal(err)
		}
		entries, err := s.Entries(t.Context(), org, 0, 10)
		if err != nil || len(entries) != 3 {
			t.Fatal(len(entries), err)
		}
		seen := map[string]bool{}
		for _, e := range entries {
			for _, salt := range [][]byte{e.ActorSalt, e.PayloadSalt, e.AudienceSalt} {
				if len(salt) != 32 || seen[string(salt)] {
					t.Errorf("entry %d: salt %x", e.Offset, salt)
				}
				seen[string(salt)] = true
			}
			if !bytes.Equal(journal.HashOf(e), e.Hash) {
				t.Errorf("entry %d does not verify", e.Offset)
			}
		}
	})
}

// A database that was made before there were salts takes new entries.
func TestSaltsAreAdded(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 3)
		send(t, s, sending(org, exam, 3, "before", "key-1"))
		for _, column := range []string{"actor_salt", "payload_salt", "audience_salt"} {
			if _, err := s.w.ExecContext(t.Context(), `ALTER TABLE entries DROP COLUMN `+column); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 { // the second time there is nothing to do
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		send(t, s, sending(org, exam, 3, "after", "key-2"))
		entries, err := s.Entries(t.Context(), org, 0, 10)
		if err != nil || len(entries) != 2 || len(entries[0].ActorSalt) != 0 || !bytes.Equal(journal.HashOf(entries[1]), entries[1].Hash) {
			t.Errorf("%d entries, %v", len(entries), err)
		}
	})
}
