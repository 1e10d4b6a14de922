package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"crier/internal/clock"
	"crier/internal/domain"
	"crier/internal/journal"
)

// inFolder returns whose conversations a planner has in a folder.
func inFolder(t *testing.T, s *Store, org domain.OrganisationID, staff domain.PersonNo, folder domain.DeskFolder) []domain.PersonNo {
	t.Helper()
	out, err := s.DeskPeople(t.Context(), org, staff, everything, domain.DeskFilter{Folder: folder, Sort: domain.SortLastName}, 10)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// TestSnooze: what is snoozed is in its folder alone until its time, until the candidate writes, or
// until somebody ends it; then it is back, and unread for whoever snoozed it.
func TestSnooze(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 3)
		anna, bert := staffOf(t, s, org, "Anna", domain.RolePlanner), staffOf(t, s, org, "Bert", domain.RolePlanner)
		now := s.clock.Now()
		until := now.Add(time.Hour)
		for _, no := range []domain.PersonNo{1, 2, 3} {
			said(t, s, org, no, exam, true, "theirs")
			if _, err := s.MarkRead(t.Context(), org, anna.No, []domain.PersonNo{no}, false); err != nil {
				t.Fatal(err)
			}
		}
		mark := func(m domain.ConversationMark, until time.Time, want int, people ...domain.PersonNo) {
			t.Helper()
			if n, _, err := s.MarkConversations(t.Context(), anna, m, until, people); n != want || err != nil {
				t.Errorf("%s: changed %d, %v; want %d", m, n, err, want)
			}
		}
		folders := func(step string, inbox, snoozed, archived []domain.PersonNo) {
			t.Helper()
			for folder, want := range map[domain.DeskFolder][]domain.PersonNo{domain.FolderAll: inbox, domain.FolderSnoozed: snoozed, domain.FolderArchived: archived} {
				if got := inFolder(t, s, org, anna.No, folder); !slices.Equal(got, want) {
					t.Errorf("%s: %s has %v, want %v", step, folder, got, want)
				}
			}
		}
		mark(domain.MarkSnoozed, until, 2, 1, 2)
		mark(domain.MarkSnoozed, until, 0, 1, 2)
		mark(domain.MarkUnarchived, time.Time{}, 0, 1)
		folders("snoozed", []domain.PersonNo{3}, []domain.PersonNo{1, 2}, nil)
		if r := rowOf(t, s, org, bert.No, 1, everything); !r.Snoozed.Until.Equal(until) || r.Snoozed.By != anna.Name || r.Archived {
			t.Errorf("the row says %+v", r.Snoozed)
		}
		said(t, s, org, 1, exam, false, "ours")
		folders("an answer of ours brings nothing back", []domain.PersonNo{3}, []domain.PersonNo{1, 2}, nil)
		said(t, s, org, 1, exam, true, "theirs again")
		folders("a reply brings it back", []domain.PersonNo{1, 3}, []domain.PersonNo{2}, nil)
		mark(domain.MarkSnoozed, until, 1, 1)
		mark(domain.MarkArchived, time.Time{}, 1, 1)
		folders("the archive ends a snooze", []domain.PersonNo{3}, []domain.PersonNo{2}, []domain.PersonNo{1})
		mark(domain.MarkSnoozed, until, 1, 1)
		mark(domain.MarkUnsnoozed, time.Time{}, 1, 1)
		folders("ended by hand", []domain.PersonNo{1, 3}, []domain.PersonNo{2}, nil)
		mark(domain.MarkSnoozed, until.Add(time.Hour), 1, 3)

		if due, err := s.DueWakes(t.Context(), now); err != nil || len(due) != 0 {
			t.Errorf("due before the time: %v, %v", due, err)
		}
		if due, err := s.DueWakes(t.Context(), until); err != nil || !slices.Equal(due, []domain.OrganisationID{org}) {
			t.Errorf("due at the time: %v, %v", due, err)
		}
		if r := rowOf(t, s, org, anna.No, 2, everything); r.Unread {
			t.Error("unread before it is back")
		}
		// Two nodes find it due at once: one ends it.
		type woke struct {
			entry    *journal.Entry
			reminded []domain.Reminding
			err      error
		}
		answers := make(chan woke, 2)
		for range 2 {
			go func() {
				e, reminded, err := s.Wake(t.Context(), org, until)
				answers <- woke{e, reminded, err}
			}()
		}
		entries := 0
		for range 2 {
			w := <-answers
			if w.err != nil {
				t.Fatal(w.err)
			}
			if w.entry != nil {
				entries++
				if got := markedPeople(t, w.entry); !slices.Equal(got, []domain.PersonNo{2}) || w.entry.Actor.Kind != domain.ActorSystem {
					t.Errorf("the entry is of %v by %v", got, w.entry.Actor)
				}
				if len(w.reminded) != 1 || w.reminded[0].Staff != anna.No || w.reminded[0].Person != 2 {
					t.Errorf("reminded: %+v", w.reminded)
				}
			}
		}
		if entries != 1 {
			t.Errorf("%d entries end one snooze", entries)
		}
		folders("its time has come", []domain.PersonNo{1, 2}, []domain.PersonNo{3}, nil)
		if a, b := rowOf(t, s, org, anna.No, 2, everything), rowOf(t, s, org, bert.No, 2, everything); !a.Unread || !b.Unread || !a.Snoozed.Until.IsZero() {
			t.Errorf("back: unread for Anna %v, for Bert %v, snoozed %+v", a.Unread, b.Unread, a.Snoozed)
		}
		if got := offsetsOf(t, s, org, everything, 2, domain.TimelinePage{After: -1, Limit: 10}); len(got) != 3 {
			t.Errorf("the conversation has %d items, want a message, a snooze and its end", len(got))
		}
	})
}

// TestRemind: a reminder makes the conversation unread for one person, once, and leaves it where it is.
func TestRemind(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 2)
		anna, bert := staffOf(t, s, org, "Anna", domain.RolePlanner), staffOf(t, s, org, "Bert", domain.RolePlanner)
		said(t, s, org, 1, exam, true, "theirs")
		for _, a := range []domain.Actor{anna, bert} {
			if _, err := s.MarkRead(t.Context(), org, a.No, []domain.PersonNo{1}, false); err != nil {
				t.Fatal(err)
			}
		}
		at := s.clock.Now().Add(time.Hour)
		remind := func(at time.Time, people []domain.PersonNo, want ...domain.PersonNo) {
			t.Helper()
			if got, err := s.Remind(t.Context(), org, anna.No, people, at); err != nil || !slices.Equal(got, want) {
				t.Errorf("remind: %v, %v; want %v", got, err, want)
			}
		}
		remind(at, []domain.PersonNo{1, 2}, 1, 2) // of someone who was never written to as well
		remind(at, []domain.PersonNo{1, 2})
		remind(time.Time{}, []domain.PersonNo{2}, 2)
		if a, b := rowOf(t, s, org, anna.No, 1, everything), rowOf(t, s, org, bert.No, 1, everything); !a.RemindAt.Equal(at) || a.Unread || !b.RemindAt.IsZero() {
			t.Errorf("Anna's row says %v, unread %v; Bert's %v", a.RemindAt, a.Unread, b.RemindAt)
		}
		if e, reminded, err := s.Wake(t.Context(), org, at.Add(-time.Second)); e != nil || len(reminded) != 0 || err != nil {
			t.Errorf("before the time: %v, %v, %v", e, reminded, err)
		}
		for i, want := range []int{1, 0} {
			if e, reminded, err := s.Wake(t.Context(), org, at); e != nil || len(reminded) != want || err != nil {
				t.Errorf("call %d at the time: %v, %v, %v; want %d reminded", i, e, reminded, err, want)
			}
		}
		if a, b := rowOf(t, s, org, anna.No, 1, everything), rowOf(t, s, org, bert.No, 1, everything); !a.Unread || !a.RemindAt.IsZero() || b.Unread {
			t.Errorf("after it: unread for Anna %v, reminded at %v; for Bert %v", a.Unread, a.RemindAt, b.Unread)
		}
		if got := inFolder(t, s, org, anna.No, domain.FolderUnread); !slices.Equal(got, []domain.PersonNo{1}) {
			t.Errorf("unread: %v", got)
		}
	})
}

// TestReplyDue: what waits in a group with an expected reply time has a due time, and is overdue after it,
// within what is seen and counts.
func TestReplyDue(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		moving := clock.NewFixed(s.clock.Now())
		s.clock = moving
		org, exam := hall(t, s, 3)
		pool := second(t, s, org, 1)
		anna := staffOf(t, s, org, "Anna", domain.RolePlanner)
		set := func(group domain.GroupID, minutes int, want bool) {
			t.Helper()
			if e, err := s.SetReplyMinutes(t.Context(), anna, everything, group, minutes); err != nil || (e != nil) != want {
				t.Errorf("set to %d: %v, %v", minutes, e, err)
			}
		}
		set(pool, 30, true)
		set(pool, 30, false)
		first := said(t, s, org, 1, pool, true, "in the pool")
		said(t, s, org, 2, exam, true, "in the test")
		said(t, s, org, 3, "", true, "of no group")
		overdue := func(step string, seen domain.Seen, f domain.DeskFilter, want ...domain.PersonNo) {
			t.Helper()
			f.Overdue = true
			got, err := s.DeskPeople(t.Context(), org, anna.No, seen, f, 10)
			slices.Sort(got)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: overdue are %v, %v; want %v", step, got, err, want)
			}
		}
		inPool, inTest := within(domain.Place{Group: pool}), within(domain.Place{Group: exam})
		overdue("at once", everything, domain.DeskFilter{})
		moving.Advance(31 * time.Minute)
		said(t, s, org, 1, pool, true, "still in the pool")
		overdue("after 31 minutes", everything, domain.DeskFilter{}, 1)
		overdue("the pool seen", inPool, domain.DeskFilter{}, 1)
		overdue("the test seen", inTest, domain.DeskFilter{})
		overdue("unread", everything, domain.DeskFilter{Folder: domain.FolderUnread}, 1)
		overdue("what was written in the test", everything, domain.DeskFilter{Written: true, People: domain.PeopleFilter{Group: []domain.GroupID{exam}}})
		overdue("what was written in the pool", everything, domain.DeskFilter{Written: true, People: domain.PeopleFilter{Group: []domain.GroupID{pool}}}, 1)
		for what, c := range map[string]struct {
			seen domain.Seen
			want time.Time
		}{"all": {everything, first.At.Add(30 * time.Minute)}, "the pool": {inPool, first.At.Add(30 * time.Minute)}, "the test": {inTest, time.Time{}}} {
			if r := rowOf(t, s, org, anna.No, 1, c.seen); !r.ReplyDue.Equal(c.want) {
				t.Errorf("with %s seen an answer is due at %v, want %v", what, r.ReplyDue, c.want)
			}
		}
		set(exam, 10, true)
		overdue("the test has a time too", everything, domain.DeskFilter{}, 1, 2)
		was := deskPicks
		defer func() { deskPicks = was }()
		deskPicks = 1
		overdue("more than are picked", everything, domain.DeskFilter{}, 1, 2)
		overdue("more than are picked, unread", everything, domain.DeskFilter{Folder: domain.FolderUnread}, 1, 2)
		deskPicks = was
		said(t, s, org, 1, pool, false, "an answer")
		set(exam, 0, true)
		overdue("answered, and none expected", everything, domain.DeskFilter{})
		if _, err := s.SetReplyMinutes(t.Context(), anna, inTest, pool, 5); err == nil {
			t.Error("the time of a group that is not seen was set")
		}
	})
}

// TestAddUnavailability: the same period is there once, a candidate has a bounded number, and whoever is
// not seen has none.
func TestAddUnavailability(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 2)
		anna := staffOf(t, s, org, "Anna", domain.RolePlanner)
		person := rowOf(t, s, org, anna.No, 1, everything).ID
		at := func(n int) domain.Unavailability {
			return domain.Unavailability{StartsAt: time.Date(2027, 1, 1, n, 0, 0, 0, time.UTC), EndsAt: time.Date(2027, 1, 1, n+1, 0, 0, 0, time.UTC)}
		}
		id, e, err := s.AddUnavailability(t.Context(), anna, everything, person, at(0))
		if err != nil || e == nil || id == "" {
			t.Fatal(id, e, err)
		}
		if again, e, err := s.AddUnavailability(t.Context(), anna, everything, person, at(0)); again != id || e != nil || err != nil {
			t.Errorf("the same again: %s, %v, %v", again, e, err)
		}
		if _, _, err := s.AddUnavailability(t.Context(), anna, within(domain.Place{Group: "other"}), person, at(1)); err == nil {
			t.Error("added for somebody who is not seen")
		}
		if got := offsetsOf(t, s, org, within(domain.Place{Group: exam}), 1, domain.TimelinePage{After: -1, Limit: 10}); len(got) != 1 {
			t.Errorf("%d items in the conversation", len(got))
		}
		err = s.write(t.Context(), org, func(tx *Tx) error {
			for n := 1; n < domain.UnavailabilitiesMax; n++ {
				_, err := tx.Exec(t.Context(), `INSERT INTO unavailabilities (organisation_id, id, person_no, starts_at, ends_at, group_id, "offset") VALUES ($1, $2, 1, $3, $4, '', 1)`,
					org, fmt.Sprint("u", n), n, n+1)
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.AddUnavailability(t.Context(), anna, everything, person, at(2)); err == nil {
			t.Errorf("more than %d were added", domain.UnavailabilitiesMax)
		}
	})
}
