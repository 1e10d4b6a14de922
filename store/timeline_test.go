package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// staffOf adds a member of staff with scopes, and returns them as an actor.
func staffOf(t testing.TB, s *Store, org domain.OrganisationID, name string, role domain.Role, scopes ...domain.Scope) domain.Actor {
	t.Helper()
	a := domain.Actor{Organisation: org, Kind: domain.ActorPerson, ID: fmt.Sprintf("%s-%d", name, org), Name: name + " Lind", Role: role, Scopes: scopes}
	err := s.write(t.Context(), org, func(tx *Tx) error {
		var err error
		if a.No, err = tx.People(t.Context(), 1); err != nil {
			return err
		}
		if _, err := tx.Exec(t.Context(), `INSERT INTO people (organisation_id, no, id, kind, role, given_name, family_name, created_at) VALUES ($1, $2, $3, 'staff', $4, $5, 'Lind', 1)`, org, a.No, a.ID, role, name); err != nil {
			return err
		}
		for _, x := range scopes {
			if _, err := tx.Exec(t.Context(), `INSERT INTO staff_scopes (organisation_id, person_no, group_id, room) VALUES ($1, $2, $3, $4)`, org, a.No, x.Exam, x.Room); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func noted(t testing.TB, s *Store, by domain.Actor, no domain.PersonNo, body string, mentions ...domain.PersonNo) *journal.Entry {
	t.Helper()
	e, fresh, err := s.AddNote(t.Context(), &journal.Entry{Organisation: by.Organisation, Kind: journal.KindNoteAdded, Actor: by.Ref(), RequestKey: "note " + body, RequestHash: []byte(body)},
		journal.NoteAdded{Person: no, Body: body, Mentions: mentions})
	if err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	return e
}

func offsetsOf(t testing.TB, s *Store, org domain.OrganisationID, seen domain.Seen, no domain.PersonNo, p domain.TimelinePage) []int64 {
	t.Helper()
	rows, err := s.Timeline(t.Context(), org, seen, no, p)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]int64, len(rows))
	for i, r := range rows {
		out[i] = r.Entry.Offset
	}
	return out
}

func TestTimeline(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 3)
		pool := second(t, s, org, 1)
		anna := staffOf(t, s, org, "Anna", domain.RoleCoordinator)
		o := []int64{
			send(t, s, sending(org, exam, 3, "To all", "key-00001")).Offset, // 0: expanded by the reader
			said(t, s, org, 1, exam, true, "one").Offset,                    // 1
			said(t, s, org, 1, pool, false, "two").Offset,                   // 2
			noted(t, s, anna, 1, "three").Offset,                            // 3
			said(t, s, org, 2, exam, true, "another's").Offset,              // 4
			said(t, s, org, 1, "", true, "five").Offset,                     // 5
			noted(t, s, anna, 2, "another's too").Offset,                    // 6
		}
		newest := domain.TimelinePage{After: -1, Limit: 10}
		check := func(what string, seen domain.Seen, p domain.TimelinePage, want ...int64) {
			t.Helper()
			if got := offsetsOf(t, s, org, seen, 1, p); !slices.Equal(got, want) {
				t.Errorf("%s: %d, want %d", what, got, want)
			}
		}
		check("all", everything, newest, o[5], o[3], o[2], o[1], o[0])
		check("the test", within(domain.Place{Group: exam}), newest, o[5], o[3], o[1], o[0])
		check("the test's room", within(domain.Place{Group: exam, Room: "R00"}), newest, o[5], o[3], o[1], o[0])
		check("another room", within(domain.Place{Group: exam, Room: "R01"}), newest)
		check("the test alone", within(domain.Place{Group: exam, Kind: domain.KindTest}), newest, o[1], o[0])
		check("the pool, by an invigilator", domain.Seen{Places: []domain.Place{{Group: pool, Kind: domain.KindPool}}, ContextOnly: true}, newest, o[2])
		check("the pool", within(domain.Place{Group: pool}), newest, o[5], o[3], o[2])
		check("a page", everything, domain.TimelinePage{After: -1, Limit: 2}, o[5], o[3])
		check("the page before", everything, domain.TimelinePage{Before: o[3], After: -1, Limit: 2}, o[2], o[1])
		check("since", everything, domain.TimelinePage{After: o[1], Limit: 2}, o[2], o[3])
		check("since the beginning", everything, domain.TimelinePage{After: 0, Limit: 10}, o[0], o[1], o[2], o[3], o[5])
		check("since the end", everything, domain.TimelinePage{After: o[5], Limit: 2})
		if got := offsetsOf(t, s, org+1, everything, 1, newest); len(got) != 0 {
			t.Errorf("another organisation: %d", got)
		}
		rows, err := s.Timeline(t.Context(), org, everything, 1, newest)
		if err != nil {
			t.Fatal(err)
		}
		if rows[2].Kind != domain.KindPool || rows[3].Kind != domain.KindTest || rows[4].Entry.Audience != nil || rows[1].Entry.Kind != journal.KindNoteAdded {
			t.Errorf("rows %+v", rows)
		}
		// The candidate's own messages hold no note.
		mine, err := s.MessagesBefore(t.Context(), org, 1, "", 0, 100)
		if err != nil || len(mine) != 4 {
			t.Errorf("the candidate has %d messages, %v", len(mine), err)
		}
	})
}

func TestAssignmentsNow(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 1)
		shift := second(t, s, org, 1)
		now := func() map[domain.GroupID]domain.AssignmentNow {
			t.Helper()
			out, err := s.AssignmentsNow(t.Context(), org, 1, []domain.GroupID{exam, shift, "no such"})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		change := func(kind journal.Kind, state string) int64 {
			t.Helper()
			e := &journal.Entry{Kind: kind, Actor: sender, Group: shift}
			err := s.write(t.Context(), org, func(tx *Tx) error {
				if err := tx.Append(t.Context(), e); err != nil {
					return err
				}
				if _, err := tx.Exec(t.Context(), `UPDATE enrolments SET state = $3 WHERE organisation_id = $1 AND group_id = $2`, org, shift, state); err != nil {
					return err
				}
				return tx.addFacts(t.Context(), e, shift, 1)
			})
			if err != nil {
				t.Fatal(err)
			}
			return e.Offset
		}
		if got := now(); len(got) != 2 || got[exam].State != domain.EnrolmentAssigned || got[shift] != (domain.AssignmentNow{State: domain.EnrolmentMember}) {
			t.Errorf("at first: %+v", got)
		}
		deleted := change(journal.KindAssignmentDeleted, "left")
		if got := now()[shift]; got != (domain.AssignmentNow{State: domain.EnrolmentLeft, Deletion: deleted}) {
			t.Errorf("deleted: %+v", got)
		}
		change(journal.KindAssignmentRestored, "assigned")
		if got := now()[shift]; got != (domain.AssignmentNow{State: domain.EnrolmentAssigned}) {
			t.Errorf("restored: %+v", got)
		}
		change(journal.KindAssignmentDeleted, "assigned") // deleted, and assigned anew since
		if got := now()[shift]; got != (domain.AssignmentNow{State: domain.EnrolmentAssigned}) {
			t.Errorf("assigned anew: %+v", got)
		}
	})
}

func TestNotes(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 2)
		anna, bert := staffOf(t, s, org, "Anna", domain.RoleCoordinator), staffOf(t, s, org, "Bert", domain.RolePlanner)
		e := noted(t, s, anna, 1, "Ça va?", bert.No)
		var p journal.NoteAdded
		decode(t, e.Payload, &p)
		if p.Body != "Ça va?" || p.Person != 1 || len(p.Reach) != 1 || p.Reach[0] != (domain.Place{Group: exam, Room: "R00"}) || !slices.Equal(p.Mentions, []domain.PersonNo{bert.No}) {
			t.Errorf("payload %+v", p)
		}
		again := &journal.Entry{Organisation: org, Kind: journal.KindNoteAdded, Actor: anna.Ref(), RequestKey: e.RequestKey, RequestHash: e.RequestHash}
		stored, fresh, err := s.AddNote(t.Context(), again, journal.NoteAdded{Person: 1, Body: "Ça va?"})
		if err != nil || fresh || stored.Offset != e.Offset {
			t.Errorf("a retry: %+v, fresh %v, %v", stored, fresh, err)
		}
		again.RequestHash = []byte("other")
		if _, _, err := s.AddNote(t.Context(), again, journal.NoteAdded{Person: 1, Body: "other"}); !fault.Is(err, fault.Conflict) || fault.Public(err).Field != "key" {
			t.Errorf("the key of another note: %v", err)
		}
		count := func(q string, args ...any) (n int) {
			t.Helper()
			if err := s.get(t.Context(), &n, q, append([]any{org}, args...)...); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := count(`SELECT count(*) FROM facts WHERE organisation_id = $1 AND person_no = 1 AND kind = 'note.added'`); n != 1 {
			t.Errorf("%d facts", n)
		}
		if n := count(`SELECT count(*) FROM mentions WHERE organisation_id = $1 AND staff_no = $2 AND person_no = 1`, bert.No); n != 1 {
			t.Errorf("%d mentions", n)
		}
		if n := count(`SELECT count(*) FROM search_texts WHERE organisation_id = $1 AND kind = 'note' AND person_no = 1 AND words = 'ca va'`); n != 1 {
			t.Errorf("%d texts to be searched", n)
		}
		if n := count(`SELECT count(*) FROM messages WHERE organisation_id = $1`); n != 0 {
			t.Errorf("%d messages", n)
		}
	})
}

func TestStaffSeeing(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 31) // 1 sits in R00, 31 in R01
		other, _ := hall(t, s, 1)
		all := map[domain.PersonID]string{}
		var ids []domain.PersonID
		add := func(a domain.Actor) domain.Actor {
			all[domain.PersonID(a.ID)] = a.Name
			ids = append(ids, domain.PersonID(a.ID))
			return a
		}
		add(staffOf(t, s, org, "Paul", domain.RolePlanner))
		add(staffOf(t, s, org, "Chief", domain.RoleChiefInvigilator, domain.Scope{Exam: exam}))
		add(staffOf(t, s, org, "Anna", domain.RoleInvigilator, domain.Scope{Exam: exam, Room: "R00"}))
		add(staffOf(t, s, org, "Bert", domain.RoleInvigilator, domain.Scope{Exam: exam, Room: "R01"}))
		add(staffOf(t, s, org, "Wide", domain.RoleCoordinator, domain.Scope{Exam: exam, Room: "R07"})) // all rooms of their groups
		add(staffOf(t, s, org, "Nowhere", domain.RoleCoordinator))
		add(staffOf(t, s, other, "Foreign", domain.RoleAdmin))
		gone := add(staffOf(t, s, org, "Gone", domain.RoleAdmin))
		if _, err := s.w.ExecContext(t.Context(), `UPDATE people SET state = 'locked' WHERE organisation_id = $1 AND no = $2`, org, gone.No); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, domain.PersonID(fmt.Sprintf("person-%d-0", org)), "nobody")
		for no, want := range map[domain.PersonNo][]string{
			1:  {"Anna Lind", "Chief Lind", "Paul Lind", "Wide Lind"},
			31: {"Bert Lind", "Chief Lind", "Paul Lind", "Wide Lind"},
		} {
			found, err := s.StaffSeeing(t.Context(), org, domain.ActConversationWork, no, ids)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for id, ref := range found {
				if ref.ID != id || ref.No == 0 {
					t.Errorf("%s is %+v", id, ref)
				}
				got = append(got, ref.Name)
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("person %d is seen by %q, want %q", no, got, want)
			}
		}
	})
}

func TestSeenCandidates(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 31)
		staff := staffOf(t, s, org, "Anna", domain.RoleAdmin)
		id := func(i int) domain.PersonID { return domain.PersonID(fmt.Sprintf("person-%d-%d", org, i)) }
		ask := []domain.PersonID{id(0), id(30), domain.PersonID(staff.ID), "nobody"}
		for _, c := range []struct {
			name string
			org  domain.OrganisationID
			seen domain.Seen
			want int
		}{
			{"everything", org, everything, 2}, {"the test", org, within(domain.Place{Group: exam}), 2}, {"a room", org, within(domain.Place{Group: exam, Room: "R01"}), 1},
			{"another test", org, within(domain.Place{Group: "x"}), 0}, {"nothing", org, domain.Seen{}, 0}, {"another organisation", org + 1, everything, 0},
		} {
			found, err := s.SeenCandidates(t.Context(), c.org, c.seen, ask)
			if err != nil || len(found) != c.want {
				t.Errorf("%s: %+v, %v; want %d", c.name, found, err, c.want)
			}
		}
	})
}

// TestClaimRace: fifty claim at the same moment; one gets it and the others are told who.
func TestClaimRace(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, _ := hall(t, s, 1)
		const n = 50
		staff := make([]domain.Actor, n)
		for i := range staff {
			staff[i] = staffOf(t, s, org, fmt.Sprintf("S%02d", i), domain.RolePlanner)
		}
		entries, errs := make([]*journal.Entry, n), make([]error, n)
		start := make(chan struct{})
		var all sync.WaitGroup
		for i := range staff {
			all.Go(func() {
				<-start
				entries[i], errs[i] = s.AssignConversation(context.WithoutCancel(t.Context()), domain.Assigning{Step: domain.StepClaim, By: staff[i]}, 1)
			})
		}
		close(start)
		all.Wait()
		winner := -1
		for i := range staff {
			if entries[i] != nil {
				if winner >= 0 {
					t.Fatalf("%s and %s both have it", staff[winner].Name, staff[i].Name)
				}
				winner = i
			}
		}
		if winner < 0 {
			t.Fatal("nobody has it", errs)
		}
		for i, err := range errs {
			if i == winner {
				continue
			}
			if p := fault.Public(err); p == nil || p.Code != fault.Conflict || p.Field != "assigned" || p.Message != staff[winner].Name+" has claimed this conversation" {
				t.Errorf("%s is told %v", staff[i].Name, err)
			}
		}
		r := rowOf(t, s, org, staff[0].No, 1, everything)
		if r.Assigned.No != staff[winner].No || r.Assigned.Name != staff[winner].Name || string(r.Assigned.ID) != staff[winner].ID || !r.Assigned.At.Equal(entries[winner].At) {
			t.Errorf("the row says %+v", r.Assigned)
		}
		if got := offsetsOf(t, s, org, everything, 1, domain.TimelinePage{After: -1, Limit: 10}); len(got) != 1 || got[0] != entries[winner].Offset {
			t.Errorf("the timeline holds %d", got)
		}
	})
}

func TestAssignAndRelease(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 1)
		anna, bert := staffOf(t, s, org, "Anna", domain.RoleCoordinator), staffOf(t, s, org, "Bert", domain.RoleCoordinator)
		step := func(by domain.Actor, step domain.AssignStep, to domain.Actor) (*journal.Entry, error) {
			return s.AssignConversation(t.Context(), domain.Assigning{Step: step, By: by, To: domain.PersonRef{No: to.No, ID: domain.PersonID(to.ID), Name: to.Name}}, 1)
		}
		e, err := step(anna, domain.StepAssign, bert)
		if err != nil {
			t.Fatal(err)
		}
		var p journal.ConversationAssigned
		decode(t, e.Payload, &p)
		if p.To != bert.No || p.Claim || p.ToName != bert.Name || p.Person != 1 || len(p.Reach) != 1 || p.Reach[0].Group != exam {
			t.Errorf("assigned: %+v", p)
		}
		if e, err := step(anna, domain.StepAssign, bert); e != nil || err != nil {
			t.Errorf("again: %+v, %v", e, err)
		}
		if _, err := step(anna, domain.StepRelease, anna); !fault.Is(err, fault.Forbidden) {
			t.Errorf("released by another: %v", err)
		}
		if e, err = step(bert, domain.StepRelease, bert); err != nil {
			t.Fatal(err)
		}
		p = journal.ConversationAssigned{}
		if decode(t, e.Payload, &p); p.To != 0 || p.Claim || p.ToName != "" {
			t.Errorf("released: %+v", p)
		}
		if r := rowOf(t, s, org, anna.No, 1, everything); r.Assigned != (domain.Assigned{}) {
			t.Errorf("the row says %+v", r.Assigned)
		}
		if e, err = step(anna, domain.StepClaim, anna); err != nil {
			t.Fatal(err)
		}
		if decode(t, e.Payload, &p); !p.Claim || p.To != anna.No {
			t.Errorf("claimed: %+v", p)
		}
	})
}

func markedPeople(t testing.TB, e *journal.Entry) []domain.PersonNo {
	t.Helper()
	if e == nil {
		return nil
	}
	var p journal.ConversationMarked
	if err := json.Unmarshal(e.Payload, &p); err != nil {
		t.Fatal(err)
	}
	var out []domain.PersonNo
	for _, r := range p.People {
		out = append(out, r.Person)
	}
	return out
}
