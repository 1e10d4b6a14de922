package store

import (
	"testing"
	"time"

	"crier/internal/domain"
)

// TestStoppedTooLate: a message that stood on the candidate's screen when they left the
// test, its receipt being on its way, was delivered. What did not is not delivered any more.
func TestStoppedTooLate(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 3)
		seen := send(t, s, sending(org, exam, 3, "Seen", "key-00001"))
		send(t, s, sending(org, exam, 3, "Queued", "key-00002"))
		err := s.write(t.Context(), org, func(tx *Tx) error {
			if _, err := tx.Lock(t.Context()); err != nil {
				return err
			}
			return tx.stopQueued(t.Context(), exam, []int64{1}, domain.BlockedLeft)
		})
		if err != nil {
			t.Fatal(err)
		}
		if list, err := s.MessagesBefore(t.Context(), org, 1, "", 0, 10); err != nil || len(list) != 0 {
			t.Errorf("stopped: %v, %v", list, err)
		}
		now := time.Now()
		if _, err := s.RecordReceipts(t.Context(), org, sender, []domain.Mark{{Offset: seen.Offset, Person: 1, Displayed: now}}); err != nil {
			t.Fatal(err)
		}
		list, err := s.MessagesBefore(t.Context(), org, 1, "", 0, 10)
		if err != nil || len(list) != 1 || list[0].Offset != seen.Offset || list[0].State() != domain.Displayed {
			t.Errorf("after the receipt: %+v, %v", list, err)
		}
	})
}

// TestSentToWhoIsBlocked: a sending to a test that names someone who was locked, or had left
// by the time it was stored, is never delivered to them, and its board says why.
func TestSentToWhoIsBlocked(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 3)
		set := func(statement string) {
			t.Helper()
			if _, err := s.w.ExecContext(t.Context(), statement, org); err != nil {
				t.Fatal(err)
			}
		}
		set(`UPDATE people SET state = 'locked' WHERE organisation_id = $1 AND no = 2`)
		set(`UPDATE enrolments SET state = 'left' WHERE organisation_id = $1 AND person_no = 3`)
		e := send(t, s, sending(org, exam, 3, "One", "key-00001"))
		board, err := s.Recipients(t.Context(), org, exam, e.Offset, nil)
		if err != nil || len(board) != 3 || board[0].Stopped != "" || board[1].Stopped != domain.BlockedLocked || board[2].Stopped != domain.BlockedLeft {
			t.Errorf("%+v, %v", board, err)
		}
		for no, want := range map[domain.PersonNo]domain.BlockedCode{1: "", 2: domain.BlockedLocked, 3: domain.BlockedLeft} {
			rows, err := s.Timeline(t.Context(), org, domain.Seen{All: true}, no, domain.TimelinePage{After: -1, Limit: 10})
			if err != nil || len(rows) != 1 || rows[0].Stopped != want {
				t.Errorf("%d's conversation: %+v, %v; want %q", no, rows, err, want)
			}
		}
		set(`UPDATE people SET state = 'active' WHERE organisation_id = $1`)
		for no, want := range map[domain.PersonNo]int{1: 1, 2: 0, 3: 0} {
			if list, err := s.MessagesBefore(t.Context(), org, no, "", 0, 10); err != nil || len(list) != want {
				t.Errorf("%d has %d messages, want %d, %v", no, len(list), want, err)
			}
		}
	})
}
