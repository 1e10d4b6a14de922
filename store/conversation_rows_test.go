package store

import (
	"encoding/json"
	"strings"
	"testing"

	"crier/internal/domain"
)

// said stores a message of a conversation with its rows, as any other moves them: the
// tests of what is read need no way to send.
func said(t testing.TB, s *Store, org domain.OrganisationID, no domain.PersonNo, group domain.GroupID, inbound bool, body string) *domain.Entry {
	t.Helper()
	var e *domain.Entry
	err := s.write(t.Context(), org, func(tx *Tx) error {
		payload, err := json.Marshal(domain.MessageSent{Person: no, Inbound: inbound, GroupName: "name of " + string(group), GroupKind: domain.KindTest, Body: body,
			SenderName: sender.Name, SenderRole: sender.Role})
		if err != nil {
			return err
		}
		e = &domain.Entry{Kind: domain.EntryMessageSent, Actor: sender, Exam: group, Payload: payload}
		if err := tx.Append(t.Context(), e); err != nil {
			return err
		}
		in, out, bit := int64(0), e.Offset, 0
		if inbound {
			in, out, bit = e.Offset, 0, 1
		}
		if _, err := tx.Exec(t.Context(), `INSERT INTO messages (organisation_id, "offset", person_no, group_id, room, inbound) VALUES ($1, $2, $3, $4, '', $5)`, org, e.Offset, no, group, bit); err != nil {
			return err
		}
		const move = `last_offset = excluded.last_offset, in_offset = CASE WHEN excluded.in_offset <> 0 THEN excluded.in_offset ELSE x.in_offset END,
			out_offset = CASE WHEN excluded.out_offset <> 0 THEN excluded.out_offset ELSE x.out_offset END, waiting_offset = excluded.waiting_offset`
		if _, err := tx.Exec(t.Context(), `INSERT INTO conversations AS x (organisation_id, person_no, last_offset, in_offset, out_offset, waiting_offset, open)
			VALUES ($1, $2, $3, $4, $5, $4, $6) ON CONFLICT (organisation_id, person_no) DO UPDATE SET open = excluded.open, archived = 0, `+move, org, no, e.Offset, in, out, bit); err != nil {
			return err
		}
		_, err = tx.Exec(t.Context(), `INSERT INTO threads AS x (organisation_id, person_no, group_id, last_offset, in_offset, out_offset, waiting_offset)
			VALUES ($1, $2, $3, $4, $5, $6, $5) ON CONFLICT (organisation_id, person_no, group_id) DO UPDATE SET `+move, org, no, group, e.Offset, in, out)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
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
