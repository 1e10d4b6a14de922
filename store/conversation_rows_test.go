package store

import (
	"strings"
	"testing"

	"crier/internal/domain"
	"crier/internal/journal"
)

// said sends a message of a conversation, in an organisation where everyone may write.
func said(t testing.TB, s *Store, org domain.OrganisationID, no domain.PersonNo, group domain.GroupID, inbound bool, body string) *journal.Entry {
	t.Helper()
	if _, err := s.w.ExecContext(t.Context(), `UPDATE organisations SET settings = '{"test_replies":true,"candidates_start":true}' WHERE id = $1`, org); err != nil {
		t.Fatal(err)
	}
	person, err := s.PersonByNo(t.Context(), org, no)
	if err != nil {
		t.Fatal(err)
	}
	m := domain.NewMessage{Actor: sender, Seen: everything, Person: person.ID, Inbound: inbound, Body: body, Group: group}
	if inbound {
		m.Actor, m.ActorNo = domain.ActorRef{Kind: domain.ActorPerson, ID: string(person.ID), Name: person.Name(), Role: domain.RoleCandidate}, no
	} else if group == "" {
		t.Fatal("the only group of a candidate would be taken for none")
	}
	sent, err := s.SendMessages(t.Context(), org, []domain.NewMessage{m})
	if err == nil {
		err = sent[0].Err
	}
	if err != nil {
		t.Fatal(err)
	}
	return sent[0].Entry
}

// second adds a test that the person sits as well, in room Z.
func second(t testing.TB, s *Store, org domain.OrganisationID, no domain.PersonNo) domain.ExamID {
	t.Helper()
	exam := domain.ExamID("second")
	err := s.write(t.Context(), org, func(tx *Tx) error {
		if _, err := tx.Exec(t.Context(), `INSERT INTO groups (organisation_id, id, kind, name, created_at) VALUES ($1, $2, 'pool', 'Pool', 1)`, org, exam); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `INSERT INTO enrolments (organisation_id, group_id, person_no, room, state) VALUES ($1, $2, $3, '', 'member')`, org, exam, no)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return exam
}

func rowOf(t testing.TB, s *Store, org domain.OrganisationID, staff, no domain.PersonNo, seen domain.Seen) domain.ConversationRow {
	t.Helper()
	rows, err := s.ConversationRows(t.Context(), org, staff, seen, []domain.PersonNo{no})
	if err != nil {
		t.Fatal(err)
	}
	return rows[no]
}

var everything = domain.Seen{All: true}

func within(places ...domain.Place) domain.Seen { return domain.Seen{Places: places} }

func TestConversationRows(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 3)
		pool := second(t, s, org, 1)
		said(t, s, org, 1, exam, false, "Welcome.")
		in := said(t, s, org, 1, exam, true, "  May I\n\nleave? "+strings.Repeat("ü", 200))
		other := said(t, s, org, 1, pool, false, "Are you free on Friday?")
		said(t, s, org, 2, "", true, "Hello")

		r := rowOf(t, s, org, 90, 1, everything)
		if r.Last == nil || r.Last.Line != "Are you free on Friday?" || r.Last.Offset != other.Offset || r.Last.Inbound || r.Last.From != sender.Name ||
			!r.LastReceived.Equal(in.At) || !r.LastSent.Equal(other.At) || !r.Unread || len(r.Groups) != 2 || r.Blocked.Is() || r.ID == "" {
			t.Errorf("with everything seen: %+v", r)
		}
		r = rowOf(t, s, org, 90, 1, within(domain.Place{Group: exam}))
		if r.Last == nil || r.Last.Offset != in.Offset || !r.Last.Inbound || len([]rune(r.Last.Line)) != 120 || !strings.HasPrefix(r.Last.Line, "May I leave? ü") ||
			!r.WaitingSince.Equal(in.At) || !r.Unread || len(r.Groups) != 1 || r.Groups[0].ID != exam {
			t.Errorf("with the test alone seen: %+v", r)
		}
		r = rowOf(t, s, org, 90, 1, within(domain.Place{Group: pool}))
		if r.Last == nil || r.Last.Offset != other.Offset || !r.LastReceived.IsZero() || !r.WaitingSince.IsZero() || r.Unread {
			t.Errorf("with the pool alone seen: %+v", r)
		}
		if r := rowOf(t, s, org, 90, 1, within(domain.Place{Group: exam, Room: "R77"})); r.Last != nil || len(r.Groups) != 0 {
			t.Errorf("in another room: %+v", r)
		}
		if r := rowOf(t, s, org, 90, 2, within(domain.Place{Group: exam})); r.Last == nil || r.Last.Line != "Hello" {
			t.Errorf("what belongs to no group: %+v", r)
		}
		if r := rowOf(t, s, org, 90, 3, everything); r.Last != nil || r.Unread || r.ID == "" || r.Processed() != domain.ProcessedNone {
			t.Errorf("never written to: %+v", r)
		}
		rows, err := s.ConversationRows(t.Context(), org+1, 90, everything, []domain.PersonNo{1, 2, 3})
		if err != nil || len(rows) != 0 {
			t.Errorf("another organisation: %+v, %v", rows, err)
		}
	})
}

// TestConversationRowsBlocked: lists say why nobody can write to somebody.
func TestConversationRowsBlocked(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 4)
		exec := func(q string, args ...any) {
			t.Helper()
			if _, err := s.w.ExecContext(t.Context(), q, args...); err != nil {
				t.Fatal(err)
			}
		}
		exec(`UPDATE people SET state = 'locked' WHERE organisation_id = $1 AND no = 1`, org)
		exec(`UPDATE people SET state = 'invited' WHERE organisation_id = $1 AND no = 2`, org)
		exec(`UPDATE enrolments SET state = 'left' WHERE organisation_id = $1 AND person_no = 3`, org)
		rows, err := s.ConversationRows(t.Context(), org, 90, within(domain.Place{Group: exam}), []domain.PersonNo{1, 2, 3, 4})
		if err != nil {
			t.Fatal(err)
		}
		for no, want := range map[domain.PersonNo]domain.BlockedCode{1: domain.BlockedLocked, 2: domain.BlockedInvited, 3: domain.BlockedLeft, 4: ""} {
			if got := rows[no].Blocked.Code; got != want {
				t.Errorf("person %d: blocked %q, want %q", no, got, want)
			}
		}
	})
}
