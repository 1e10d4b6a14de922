package store

import (
	"slices"
	"testing"
	"time"

	"crier/internal/domain"
)

// TestMarksAndReads: what staff and candidate do, one step after the other, and how the
// conversation looks to two members of staff after each.
func TestMarksAndReads(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 2)
		anna, bert := staffOf(t, s, org, "Anna", domain.RolePlanner), staffOf(t, s, org, "Bert", domain.RolePlanner)
		mark := func(m domain.ConversationMark, want int) func() {
			return func() {
				t.Helper()
				changed, e, err := s.MarkConversations(t.Context(), anna, m, time.Time{}, []domain.PersonNo{1})
				if err != nil || changed != want || (e != nil) != (want > 0) {
					t.Errorf("%s: changed %d, entry %v, %v; want %d", m, changed, e, err, want)
				}
			}
		}
		read := func(by domain.Actor, unread bool) func() {
			return func() {
				t.Helper()
				if _, err := s.MarkRead(t.Context(), org, by.No, []domain.PersonNo{1}, unread); err != nil {
					t.Error(err)
				}
			}
		}
		reply := func() { said(t, s, org, 1, exam, true, "theirs") }
		toAll := func() {
			e := sending(org, exam, 2, "to all", "")
			send(t, s, e)
			if err := s.Expand(t.Context(), org); err != nil {
				t.Error(err)
			}
		}
		answer := func() { said(t, s, org, 1, exam, false, "ours") }
		type look struct {
			anna, bert bool // unread
			processed  domain.Processed
			archived   bool
			waiting    bool
		}
		for i, c := range []struct {
			what string
			do   func()
			want look
		}{
			{"ours first", answer, look{false, false, "none", false, false}},
			{"nothing is there to be unarchived", mark(domain.MarkUnarchived, 0), look{false, false, "none", false, false}},
			{"a sending to many", toAll, look{false, false, "none", false, false}},
			{"a reply", reply, look{true, true, "open", false, true}},
			{"a sending to many is no answer", toAll, look{true, true, "open", false, true}},
			{"Anna reads", read(anna, false), look{false, true, "open", false, true}},
			{"a second reply", reply, look{true, true, "open", false, true}},
			{"Anna reads again", read(anna, false), look{false, true, "open", false, true}},
			{"an answer, which is read by nobody else", answer, look{false, true, "open", false, false}},
			{"a third reply", reply, look{true, true, "open", false, true}},
			{"Anna reads", read(anna, false), look{false, true, "open", false, true}},
			{"processed", mark(domain.MarkProcessed, 1), look{false, true, "processed", false, false}},
			{"processed twice", mark(domain.MarkProcessed, 0), look{false, true, "processed", false, false}},
			{"not processed", mark(domain.MarkNotProcessed, 1), look{false, true, "open", false, true}},
			{"not processed twice", mark(domain.MarkNotProcessed, 0), look{false, true, "open", false, true}},
			{"processed again", mark(domain.MarkProcessed, 1), look{false, true, "processed", false, false}},
			{"not processed after a sending to many", func() { toAll(); mark(domain.MarkNotProcessed, 1)() }, look{false, true, "open", false, true}},
			{"answered", answer, look{false, true, "open", false, false}},
			{"processed once answered", mark(domain.MarkProcessed, 1), look{false, true, "processed", false, false}},
			{"not processed, but answered: nobody waits", mark(domain.MarkNotProcessed, 1), look{false, true, "open", false, false}},
			{"processed for good", mark(domain.MarkProcessed, 1), look{false, true, "processed", false, false}},
			{"archived", mark(domain.MarkArchived, 1), look{false, true, "processed", true, false}},
			{"archived twice", mark(domain.MarkArchived, 0), look{false, true, "processed", true, false}},
			{"a sending to many brings nothing back", toAll, look{false, true, "processed", true, false}},
			{"an answer brings nothing back", answer, look{false, true, "processed", true, false}},
			{"Bert marks it as unread although it is", read(bert, true), look{false, true, "processed", true, false}},
			{"Anna marks it as unread", read(anna, true), look{true, true, "processed", true, false}},
			{"and once more", read(anna, true), look{true, true, "processed", true, false}},
			{"Bert reads", read(bert, false), look{true, false, "processed", true, false}},
			{"Anna reads", read(anna, false), look{false, false, "processed", true, false}},
			{"a reply brings it back", reply, look{true, true, "open", false, true}},
		} {
			c.do()
			a, b := rowOf(t, s, org, anna.No, 1, everything), rowOf(t, s, org, bert.No, 1, within(domain.Place{Group: exam}))
			if got := (look{a.Unread, b.Unread, a.Processed(), a.Archived, !a.WaitingSince.IsZero()}); got != c.want {
				t.Errorf("%d, %s: %+v, want %+v", i, c.what, got, c.want)
			}
			if a.WaitingSince.IsZero() != b.WaitingSince.IsZero() {
				t.Errorf("%d, %s: the conversation and its thread disagree about who waits", i, c.what)
			}
			if team, done := a.TeamState(), a.Processed() == domain.ProcessedDone; done != (team.ProcessedBy == anna.Name) || done == team.ProcessedAt.IsZero() {
				t.Errorf("%d, %s: processed by %q at %s", i, c.what, team.ProcessedBy, team.ProcessedAt)
			}
		}
	})
}

// TestMarkSeveral: one entry names those for whom it changed anything, and stands in
// their conversations alone.
func TestMarkSeveral(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 4)
		other, _ := hall(t, s, 4)
		anna := staffOf(t, s, org, "Anna", domain.RolePlanner)
		for _, no := range []domain.PersonNo{1, 2, 3} {
			said(t, s, org, no, exam, true, "theirs")
			said(t, s, other, no, "", true, "of another organisation")
		}
		people := []domain.PersonNo{3, 2, 1, 4}
		if n, _, err := s.MarkConversations(t.Context(), anna, domain.MarkArchived, time.Time{}, []domain.PersonNo{2}); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		head, err := s.Head(t.Context(), org)
		if err != nil {
			t.Fatal(err)
		}
		n, e, err := s.MarkConversations(t.Context(), anna, domain.MarkArchived, time.Time{}, people) // 4 was never written to
		if err != nil || n != 2 || !slices.Equal(markedPeople(t, e), []domain.PersonNo{1, 3}) || e.Offset != head+1 {
			t.Errorf("archived %d: %+v, %v", n, e, err)
		}
		if n, e, err := s.MarkConversations(t.Context(), anna, domain.MarkArchived, time.Time{}, people); n != 0 || e != nil || err != nil {
			t.Errorf("again %d: %+v, %v", n, e, err)
		}
		for no, want := range map[domain.PersonNo]int{1: 2, 2: 2, 3: 2, 4: 0} {
			if got := offsetsOf(t, s, org, everything, no, domain.TimelinePage{After: -1, Limit: 10}); len(got) != want {
				t.Errorf("person %d has %d items, want %d", no, len(got), want)
			}
		}
		if r := rowOf(t, s, other, 1, 1, everything); r.Archived {
			t.Error("the other organisation's conversation is archived")
		}
		if _, _, err := s.MarkConversations(t.Context(), anna, "no such", time.Time{}, people); err == nil {
			t.Error("an unknown mark is taken")
		}
	})
}

// TestUnprocessWaits: what waits after it was marked as not processed is their last
// message, in its own group.
func TestUnprocessWaits(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 1)
		pool := second(t, s, org, 1)
		anna := staffOf(t, s, org, "Anna", domain.RolePlanner)
		said(t, s, org, 1, exam, true, "first")
		last := said(t, s, org, 1, pool, true, "last")
		for _, m := range []domain.ConversationMark{domain.MarkProcessed, domain.MarkNotProcessed} {
			if n, _, err := s.MarkConversations(t.Context(), anna, m, time.Time{}, []domain.PersonNo{1}); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		}
		for what, c := range map[string]struct {
			seen    domain.Seen
			waiting bool
		}{"all": {everything, true}, "the pool": {within(domain.Place{Group: pool}), true}, "the test": {within(domain.Place{Group: exam}), false}} {
			r := rowOf(t, s, org, anna.No, 1, c.seen)
			if r.WaitingSince.Equal(last.At) != c.waiting {
				t.Errorf("with %s seen: waiting since %v, the last is of %v", what, r.WaitingSince, last.At)
			}
		}
	})
}

// TestReadMentions: a note that mentions somebody is read with its conversation, also
// where there is no message.
func TestReadMentions(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 2)
		anna, bert := staffOf(t, s, org, "Anna", domain.RolePlanner), staffOf(t, s, org, "Bert", domain.RolePlanner)
		said(t, s, org, 1, exam, true, "theirs")
		read := func(by domain.Actor, want ...domain.PersonNo) {
			t.Helper()
			if got, err := s.MarkRead(t.Context(), org, by.No, []domain.PersonNo{2, 1, 2, 1}, false); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s has read %d, %v; want %d", by.Name, got, err, want)
			}
		}
		mentions := func(by domain.Actor, want int) {
			t.Helper()
			if counts, err := s.DeskCounts(t.Context(), org, by.No, everything); err != nil || counts.Mentions != want {
				t.Errorf("%s is mentioned %d times, %v; want %d", by.Name, counts.Mentions, err, want)
			}
		}
		read(bert, 1)
		read(bert)
		noted(t, s, anna, 1, "about one", bert.No)
		noted(t, s, anna, 2, "about two", bert.No)
		mentions(anna, 0)
		mentions(bert, 2)
		read(bert, 1, 2)
		mentions(bert, 0)
		read(bert)
		noted(t, s, anna, 2, "again", bert.No)
		mentions(bert, 1)
		read(anna, 1)
	})
}

// TestReadNeverGoesBack: a page that reads late does not make a colleague's page, or
// one's own other page, unread again.
func TestReadNeverGoesBack(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 1)
		anna := staffOf(t, s, org, "Anna", domain.RolePlanner)
		said(t, s, org, 1, exam, true, "one")
		last := said(t, s, org, 1, exam, true, "two")
		mark := func(unread bool, want int) {
			t.Helper()
			if changed, err := s.MarkRead(t.Context(), org, anna.No, []domain.PersonNo{1, 77}, unread); err != nil || len(changed) != want {
				t.Errorf("unread %v: changed %d, %v; want %d", unread, changed, err, want)
			}
		}
		mark(false, 1)
		mark(false, 0)
		mark(true, 1)
		mark(true, 0)
		var offset int64
		if err := s.get(t.Context(), &offset, `SELECT read_offset FROM reads WHERE organisation_id = $1 AND staff_no = $2 AND person_no = 1`, org, anna.No); err != nil || offset != last.Offset {
			t.Errorf("read up to %d, %v; want %d", offset, err, last.Offset)
		}
		mark(false, 1)
		head, err := s.Head(t.Context(), org)
		if err != nil || head != last.Offset {
			t.Errorf("reading stands in the journal: head %d, %v", head, err)
		}
	})
}

// TestReadUpTo: what came in after the last item on a reader's screen stays unread, reading never goes back, and whoever
// answers has read as far as they saw.
func TestReadUpTo(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, _ := hall(t, s, 2)
		exec(t, s, org, `UPDATE organisations SET settings = '{"candidates_start":true}' WHERE id = $1`)
		anna := staffOf(t, s, org, "Anna", domain.RolePlanner)
		in := func(no domain.PersonNo, key string) int64 {
			return one(t, s, org, ofCandidate(org, no, key, "Hello "+key)).Offset
		}
		unread := func(want ...domain.PersonNo) {
			t.Helper()
			rows, err := s.ConversationRows(t.Context(), org, anna.No, domain.Seen{All: true}, []domain.PersonNo{1, 2})
			if err != nil {
				t.Fatal(err)
			}
			var got []domain.PersonNo
			for _, no := range []domain.PersonNo{1, 2} {
				if rows[no].Unread {
					got = append(got, no)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("unread are %v, want %v", got, want)
			}
		}
		to := func(offset int64, people []domain.PersonNo, want ...domain.PersonNo) {
			t.Helper()
			if got, err := s.MarkReadTo(t.Context(), org, anna.No, people, offset); err != nil || !slices.Equal(got, want) {
				t.Errorf("read to %d: %v, %v; want %v", offset, got, err, want)
			}
		}
		first, other, second := in(1, "key-000001"), in(2, "key-000002"), in(1, "key-000003")
		to(first, []domain.PersonNo{1, 2})
		unread(1, 2)
		to(other, []domain.PersonNo{2, 1}, 2)
		unread(1)
		to(second, []domain.PersonNo{1}, 1)
		to(first, []domain.PersonNo{1})
		unread()
		third := in(1, "key-000004")
		to(third+100, []domain.PersonNo{1}, 1) // beyond the head: the head
		unread()

		send := func(key string, seen int64, read bool) {
			t.Helper()
			m := toCandidate(org, anna, 1, key, "Answer")
			m.SeenUpTo = seen
			if sent := write(t, s, org, m)[0]; sent.Err != nil || sent.Read != read {
				t.Errorf("%s: %+v", key, sent)
			}
		}
		fourth := in(1, "key-000005")
		fifth := in(1, "key-000006")
		send("out-000001", fourth, false)
		unread(1)
		send("out-000002", fifth, true)
		unread()
		in(1, "key-000007")
		send("out-000003", 0, true) // it does not say what it has seen
		unread()
		send("out-000004", 0, false)
		if _, err := s.MarkRead(t.Context(), org, anna.No, []domain.PersonNo{1}, true); err != nil {
			t.Fatal(err)
		}
		send("out-000005", 0, true)
		unread()
	})
}
