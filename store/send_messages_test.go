package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crier/internal/clock"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/testkit"
)

var (
	ines = domain.Actor{Kind: domain.ActorPerson, ID: "staff-1", No: 901, Name: "Ines Vogel", Role: domain.RoleCoordinator}
	omar = domain.Actor{Kind: domain.ActorPerson, ID: "staff-2", No: 902, Name: "Omar Haddad", Role: domain.RoleCoordinator}
)

func personID(org domain.OrganisationID, no domain.PersonNo) domain.PersonID {
	return domain.PersonID(fmt.Sprintf("person-%d-%d", org, no-1))
}

// toCandidate is a message of staff who see everybody.
func toCandidate(org domain.OrganisationID, by domain.Actor, no domain.PersonNo, key, body string) domain.NewMessage {
	return domain.NewMessage{Actor: by.Ref(), ActorNo: by.No, Seen: domain.Seen{All: true}, Person: personID(org, no), Key: key, Hash: []byte("hash of " + body), Body: body}
}

// ofCandidate is what a candidate writes themselves.
func ofCandidate(org domain.OrganisationID, no domain.PersonNo, key, body string) domain.NewMessage {
	by := domain.ActorRef{Kind: domain.ActorPerson, ID: string(personID(org, no)), Name: "Sara", Role: domain.RoleCandidate}
	return domain.NewMessage{Actor: by, ActorNo: no, Person: personID(org, no), Inbound: true, Key: key, Hash: []byte("hash of " + body), Body: body}
}

func write(t testing.TB, s *Store, org domain.OrganisationID, batch ...domain.NewMessage) []domain.Sent {
	t.Helper()
	sent, err := s.SendMessages(context.WithoutCancel(t.Context()), org, batch)
	if err != nil {
		t.Fatal(err)
	}
	return sent
}

// one writes a message that must be taken.
func one(t testing.TB, s *Store, org domain.OrganisationID, m domain.NewMessage) *domain.Entry {
	t.Helper()
	sent := write(t, s, org, m)[0]
	if sent.Err != nil || !sent.Fresh {
		t.Fatalf("%+v", sent)
	}
	return sent.Entry
}

// exec changes what a service would change; $1 is the organisation.
func exec(t testing.TB, s *Store, org domain.OrganisationID, query string, args ...any) {
	t.Helper()
	err := s.write(t.Context(), org, func(tx *Tx) error {
		_, err := tx.Exec(t.Context(), query, append([]any{org}, args...)...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// pool makes a group of some kind, with one person in it.
func pool(t testing.TB, s *Store, org domain.OrganisationID, id, kind string, no domain.PersonNo, state string) domain.GroupID {
	t.Helper()
	exec(t, s, org, `INSERT INTO groups (organisation_id, id, kind, name, created_at) VALUES ($1, $2, $3, $4, 1)`, id, kind, "The "+id)
	exec(t, s, org, `INSERT INTO enrolments (organisation_id, group_id, person_no, state) VALUES ($1, $2, $3, $4)`, id, no, state)
	return domain.GroupID(id)
}

// list is the row that lists are sorted by.
type list struct {
	Last      int64 `db:"last_offset"`
	In        int64 `db:"in_offset"`
	Out       int64 `db:"out_offset"`
	Waiting   int64 `db:"waiting_offset"`
	Open      int
	Archived  int
	Assigned  int64 `db:"assigned_no"`
	ThreadIn  int64 `db:"thread_in"`
	ThreadOut int64 `db:"thread_out"`
	ThreadW   int64 `db:"thread_waiting"`
}

func lists(t testing.TB, s *Store, org domain.OrganisationID, no domain.PersonNo, group domain.GroupID) (l list) {
	t.Helper()
	err := s.get(t.Context(), &l, `SELECT c.last_offset, c.in_offset, c.out_offset, c.waiting_offset, c.open, c.archived, c.assigned_no,
			coalesce(t.in_offset, 0) AS thread_in, coalesce(t.out_offset, 0) AS thread_out, coalesce(t.waiting_offset, 0) AS thread_waiting
		FROM conversations c LEFT JOIN threads t ON t.organisation_id = c.organisation_id AND t.person_no = c.person_no AND t.group_id = $3
		WHERE c.organisation_id = $1 AND c.person_no = $2`, org, no, group)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func verified(t testing.TB, s *Store, org domain.OrganisationID, entries int64) {
	t.Helper()
	c, err := s.VerifyChain(t.Context(), org)
	if err != nil || !c.OK || c.Entries != entries {
		t.Errorf("chain %+v, %v; want %d entries", c, err, entries)
	}
}

// What staff and the candidate write moves the rows that lists are sorted by.
func TestMessagesMoveConversations(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 3)
		exec(t, s, org, `UPDATE organisations SET settings = '{"test_replies":true}' WHERE id = $1`)
		steps := []struct {
			name  string
			batch []domain.NewMessage
			want  list
		}{
			{"staff write", []domain.NewMessage{toCandidate(org, ines, 1, "key-000001", "Are you free?")}, list{Last: 1, Out: 1, ThreadOut: 1}},
			{"they answer", []domain.NewMessage{ofCandidate(org, 1, "key-000002", "Yes")}, list{Last: 2, In: 2, Out: 1, Waiting: 2, Open: 1, ThreadIn: 2, ThreadOut: 1, ThreadW: 2}},
			{"and once more", []domain.NewMessage{ofCandidate(org, 1, "key-000003", "When?")}, list{Last: 3, In: 3, Out: 1, Waiting: 2, Open: 1, ThreadIn: 3, ThreadOut: 1, ThreadW: 2}},
			{"staff answer", []domain.NewMessage{toCandidate(org, omar, 1, "key-000004", "At nine")}, list{Last: 4, In: 3, Out: 4, Open: 1, ThreadIn: 3, ThreadOut: 4}},
			{"all in one batch", []domain.NewMessage{ofCandidate(org, 1, "key-000005", "Where?"), toCandidate(org, omar, 1, "key-000006", "Here"), ofCandidate(org, 1, "key-000007", "Thanks")},
				list{Last: 7, In: 7, Out: 6, Waiting: 7, Open: 1, ThreadIn: 7, ThreadOut: 6, ThreadW: 7}},
		}
		for _, step := range steps {
			for i := range step.batch {
				if step.batch[i].Inbound {
					step.batch[i].Group = exam
				}
			}
			for _, sent := range write(t, s, org, step.batch...) {
				if sent.Err != nil {
					t.Fatalf("%s: %v", step.name, sent.Err)
				}
			}
			if got := lists(t, s, org, 1, exam); got != step.want {
				t.Errorf("%s: %+v, want %+v", step.name, got, step.want)
			}
		}
		exec(t, s, org, `UPDATE conversations SET archived = 1, open = 0 WHERE organisation_id = $1`)
		one(t, s, org, toCandidate(org, ines, 1, "key-000008", "Bye"))
		if got := lists(t, s, org, 1, exam); got.Archived != 1 || got.Open != 0 {
			t.Errorf("staff's own message brings it back: %+v", got)
		}
		m := ofCandidate(org, 1, "key-000009", "Bye")
		m.Group = exam
		one(t, s, org, m)
		if got := lists(t, s, org, 1, exam); got.Archived != 0 || got.Open != 1 || got.Waiting != 9 {
			t.Errorf("an answer leaves it in the archive: %+v", got)
		}
		// A sending to many is no answer.
		send(t, s, sending(org, exam, 3, "All", "key-000010"))
		if err := s.Expand(t.Context(), org); err != nil {
			t.Fatal(err)
		}
		if got, want := lists(t, s, org, 1, exam), (list{Last: 10, In: 9, Out: 10, Waiting: 9, Open: 1, ThreadIn: 9, ThreadOut: 10, ThreadW: 9}); got != want {
			t.Errorf("after a sending: %+v, want %+v", got, want)
		}
		if got, want := lists(t, s, org, 3, exam), (list{Last: 10, Out: 10, ThreadOut: 10}); got != want {
			t.Errorf("after a sending, another: %+v, want %+v", got, want)
		}
		verified(t, s, org, 10)
	})
}

// An expansion that comes late moves nothing back.
func TestLateExpansion(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 2)
		send(t, s, sending(org, exam, 2, "All", ""))
		one(t, s, org, toCandidate(org, ines, 1, "key-000001", "You alone"))
		if got := lists(t, s, org, 1, exam); got.Last != 2 || got.Out != 2 {
			t.Errorf("%+v", got)
		}
		if err := s.Expand(t.Context(), org); err != nil {
			t.Fatal(err)
		}
		if got := lists(t, s, org, 1, exam); got.Last != 2 || got.Out != 2 || got.ThreadOut != 2 {
			t.Errorf("moved back: %+v", got)
		}
		if got := lists(t, s, org, 2, exam); got.Last != 1 || got.ThreadOut != 1 {
			t.Errorf("%+v", got)
		}
		found, _, err := s.MessagesSince(t.Context(), org, 1, 0, 10)
		if err != nil || len(found) != 2 || found[0].Offset != 1 || found[1].Offset != 2 {
			t.Errorf("%+v, %v", found, err)
		}
	})
}

// Each message of a batch has an outcome of its own, and a refused one leaves nothing.
func TestBatchOfEveryKind(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 40)
		s.clock = clock.NewFixed(time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC))
		pool(t, s, org, "pool-1", "pool", 3, "invited")
		exec(t, s, org, `UPDATE people SET state = 'locked' WHERE organisation_id = $1 AND no = 4`)
		first := one(t, s, org, toCandidate(org, ines, 1, "key-000001", "First"))

		again := toCandidate(org, ines, 1, "key-000001", "First")
		other := toCandidate(org, ines, 1, "key-000001", "Something else")
		invited := toCandidate(org, ines, 3, "key-000002", "Hello")
		invited.Group = "pool-1"
		foreign := toCandidate(org, ines, 5, "key-000003", "Hello")
		foreign.Seen = domain.Seen{Places: []domain.Place{{Group: exam, Room: "R01"}}}
		mine := toCandidate(org, ines, 31, "key-000003", "Hello")
		mine.Seen = foreign.Seen
		nobody := toCandidate(org, ines, 1, "key-000004", "Hello")
		nobody.Person = "nobody"
		wrong := toCandidate(org, ines, 1, "key-000005", "Hello")
		wrong.Group = "pool-1"
		file := toCandidate(org, ines, 1, "key-000006", "Hello")
		file.Attachments = []domain.AttachmentID{"no-such-file"}

		sent := write(t, s, org,
			again, other, invited, foreign, mine, nobody, wrong, file,
			toCandidate(org, ines, 4, "key-000007", "Hello"),
			toCandidate(org, ines, 6, "key-000008", "Twice"), toCandidate(org, ines, 6, "key-000008", "Twice"), toCandidate(org, ines, 6, "key-000008", "Not the same"),
			toCandidate(org, omar, 6, "key-000008", "A key of one's own"))
		want := []struct {
			offset int64
			fresh  bool
			code   fault.Code
			field  string
		}{
			{offset: first.Offset}, {code: fault.Conflict, field: "key"}, {code: fault.Conflict, field: "person"}, {code: fault.NotFound}, {offset: 2, fresh: true}, {code: fault.NotFound},
			{code: fault.Invalid, field: "group"}, {code: fault.Invalid, field: "attachments[0]"}, {code: fault.Conflict, field: "person"},
			{offset: 3, fresh: true}, {offset: 3}, {code: fault.Conflict, field: "key"}, {offset: 4, fresh: true},
		}
		for i, w := range want {
			got := sent[i]
			if w.code != "" {
				if f, ok := errors.AsType[*fault.Error](got.Err); !ok || f.Code != w.code || f.Field != w.field || got.Entry != nil {
					t.Errorf("message %d: %+v, want %s of %s", i, got, w.code, w.field)
				}
				continue
			}
			if got.Err != nil || got.Entry == nil || got.Entry.Offset != w.offset || got.Fresh != w.fresh || got.Message.Body == "" {
				t.Errorf("message %d: %+v, want offset %d, fresh %v", i, got, w.offset, w.fresh)
			}
		}
		if e := sent[4]; e.Message.Room != "R01" || e.Message.GroupName != "Biology 1" || e.Message.GroupKind != domain.KindTest || e.Entry.Exam != exam ||
			!slices.Equal(e.Message.Reach, []domain.Place{{Group: exam, Room: "R01"}}) || e.Message.PersonName != "Sara C0030" {
			t.Errorf("%+v", e.Message)
		}
		for table, n := range map[string]int{"messages": 4, "search_texts": 4, "conversations": 3, "threads": 3, "facts": 0} {
			var got int
			if err := s.get(t.Context(), &got, `SELECT count(*) FROM `+table+` WHERE organisation_id = $1`, org); err != nil || got != n {
				t.Errorf("%d rows of %s, %v; want %d", got, table, err, n)
			}
		}
		verified(t, s, org, 4)
	})
}

// Every state of a person and of their enrolment, written to and writing (product rows
// V18, C3).
func TestStandingUnderTheLock(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, _ := hall(t, s, 40)
		cases := []struct {
			name, kind, state, person, replies, starts, settings string
			spoken                                               bool
			send, reply                                          domain.BlockedCode
		}{
			{name: "a member", kind: "pool", state: "member", spoken: true},
			{name: "a member who begins", kind: "pool", state: "member", reply: domain.BlockedStaffOnly},
			{name: "a member who may begin here", kind: "pool", state: "member", starts: "open"},
			{name: "a member who may begin", kind: "pool", state: "member", settings: `{"candidates_start":true}`},
			{name: "not in this pool", kind: "pool", state: "member", settings: `{"candidates_start":true}`, starts: "closed", reply: domain.BlockedStaffOnly},
			{name: "answers are closed here", kind: "pool", state: "member", spoken: true, replies: "closed", reply: domain.BlockedClosed},
			{name: "answers are closed", kind: "pool", state: "member", spoken: true, settings: `{"replies_closed":true}`, reply: domain.BlockedClosed},
			{name: "but open here", kind: "pool", state: "member", spoken: true, settings: `{"replies_closed":true}`, replies: "open"},
			{name: "a test", kind: "test", spoken: true, reply: domain.BlockedClosed},
			{name: "a test with answers", kind: "test", spoken: true, settings: `{"test_replies":true}`},
			{name: "invited", kind: "pool", state: "invited", spoken: true, send: domain.BlockedInvited, reply: domain.BlockedInvited},
			{name: "left", kind: "pool", state: "left", spoken: true, send: domain.BlockedLeft, reply: domain.BlockedLeft},
			{name: "declined", kind: "job", state: "declined", spoken: true, reply: domain.BlockedDeclined},
			{name: "applied", kind: "job", state: "applied", spoken: true},
			{name: "waiting list", kind: "activity", state: "waiting_list", spoken: true},
			{name: "a locked account", kind: "pool", state: "member", person: "locked", spoken: true, send: domain.BlockedLocked, reply: domain.BlockedLocked},
			{name: "an invited person", kind: "pool", state: "member", person: "invited", spoken: true, send: domain.BlockedInvited, reply: domain.BlockedInvited},
		}
		for i, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				no := domain.PersonNo(i + 1)
				group := pool(t, s, org, fmt.Sprintf("group-%d", no), c.kind, no, c.state)
				exec(t, s, org, `UPDATE groups SET replies = $2, starts = $3 WHERE organisation_id = $1 AND id = $4`, c.replies, c.starts, group)
				if c.settings == "" {
					c.settings = "{}"
				}
				exec(t, s, org, `UPDATE organisations SET settings = $2 WHERE id = $1`, c.settings)
				if c.person != "" {
					exec(t, s, org, `UPDATE people SET state = $2 WHERE organisation_id = $1 AND no = $3`, c.person, no)
				}
				if c.spoken {
					exec(t, s, org, `INSERT INTO threads (organisation_id, person_no, group_id, out_offset) VALUES ($1, $2, $3, 1)`, no, group)
				}
				in := ofCandidate(org, no, fmt.Sprintf("in-%08d", no), "Hello")
				out := toCandidate(org, ines, no, fmt.Sprintf("out-%08d", no), "Hello")
				in.Group, out.Group = group, group
				sent := write(t, s, org, in, out)
				for name, got := range map[string]struct {
					err   error
					want  domain.BlockedCode
					field string
				}{"reply": {sent[0].Err, c.reply, "group"}, "send": {sent[1].Err, c.send, "person"}} {
					if got.want == "" {
						if got.err != nil {
							t.Errorf("%s: %v", name, got.err)
						}
						continue
					}
					f, ok := errors.AsType[*fault.Error](got.err)
					if !ok || f.Code != fault.Conflict || f.Field != got.field || !strings.Contains(f.Message, domain.Block(got.want).Text) {
						t.Errorf("%s: %v, want %s", name, got.err, got.want)
					}
				}
			})
		}
	})
}

// A claim, and an answer that came in between, are decided under the lock.
func TestClaimedAndSeen(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		org, exam := hall(t, s, 3)
		exec(t, s, org, `INSERT INTO people (organisation_id, no, id, kind, role, given_name, family_name, created_at) VALUES ($1, 902, 'staff-2', 'staff', 'coordinator', 'Omar', 'Haddad', 1), ($1, 901, 'staff-1', 'staff', 'coordinator', 'Ines', 'Vogel', 1)`)
		conflict := func(err error, field, names string) {
			t.Helper()
			if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != fault.Conflict || f.Field != field || !strings.Contains(f.Message, names) {
				t.Errorf("%v, want a conflict of %s that names %s", err, field, names)
			}
		}
		shown := one(t, s, org, toCandidate(org, ines, 1, "key-000001", "One")).Offset
		exec(t, s, org, `UPDATE conversations SET assigned_no = 902, assigned_at = 5 WHERE organisation_id = $1 AND person_no = 1`)
		m := toCandidate(org, ines, 1, "key-000002", "Two")
		conflict(write(t, s, org, m)[0].Err, "assigned", "Omar Haddad")
		one(t, s, org, toCandidate(org, omar, 1, "key-000003", "By who has it"))
		m.TakeOver = true
		taken := write(t, s, org, m)[0]
		if taken.Err != nil || taken.Assigned == nil || taken.Assigned.Offset != 3 || taken.Entry.Offset != 4 {
			t.Fatalf("%+v", taken)
		}
		var p domain.ConversationAssigned
		decode(t, taken.Assigned.Payload, &p)
		if p.To != ines.No || p.ToID != "staff-1" || !p.Claim || p.Person != 1 || len(p.Reach) != 1 {
			t.Errorf("%+v", p)
		}
		if got := lists(t, s, org, 1, exam); got.Assigned != int64(ines.No) {
			t.Errorf("%+v", got)
		}
		var facts int
		if err := s.get(ctx, &facts, `SELECT count(*) FROM facts WHERE organisation_id = $1 AND person_no = 1 AND "offset" = 3`, org); err != nil || facts != 1 {
			t.Errorf("%d facts, %v", facts, err)
		}
		if again := write(t, s, org, m)[0]; again.Err != nil || again.Fresh || again.Assigned != nil || again.Entry.Offset != 4 {
			t.Errorf("again: %+v", again)
		}
		conflict(write(t, s, org, toCandidate(org, omar, 1, "key-000004", "Too late"))[0].Err, "assigned", "Ines Vogel")

		// seen: one's own later message is no surprise, a colleague's is
		exec(t, s, org, `UPDATE conversations SET assigned_no = 0 WHERE organisation_id = $1`)
		late := toCandidate(org, omar, 1, "key-000005", "Late")
		late.SeenUpTo = shown
		conflict(write(t, s, org, late)[0].Err, "seen", "Ines Vogel")
		late.SeenUpTo = 4
		one(t, s, org, late)
		own := toCandidate(org, omar, 1, "key-000006", "Mine")
		own.SeenUpTo = 4
		one(t, s, org, own)
		send(t, s, sending(org, exam, 3, "All", ""))
		if err := s.Expand(ctx, org); err != nil {
			t.Fatal(err)
		}
		own = toCandidate(org, omar, 1, "key-000007", "A sending to many is no answer")
		own.SeenUpTo = 6
		one(t, s, org, own)

		// two at the same moment, in one batch and in two
		a, b := toCandidate(org, ines, 2, "key-000008", "A"), toCandidate(org, omar, 2, "key-000009", "B")
		a.SeenUpTo, b.SeenUpTo = 1, 1
		sent := write(t, s, org, a, b)
		if sent[0].Err != nil {
			t.Error(sent[0].Err)
		}
		conflict(sent[1].Err, "seen", "Ines Vogel")
		a, b = toCandidate(org, ines, 3, "key-000010", "A"), toCandidate(org, omar, 3, "key-000011", "B")
		a.SeenUpTo, b.SeenUpTo = 1, 1
		var all sync.WaitGroup
		results := make([]domain.Sent, 2)
		for i, m := range []domain.NewMessage{a, b} {
			all.Go(func() {
				got, err := s.SendMessages(ctx, org, []domain.NewMessage{m})
				if err != nil {
					t.Error(err)
					return
				}
				results[i] = got[0]
			})
		}
		all.Wait()
		if (results[0].Err == nil) == (results[1].Err == nil) {
			t.Errorf("both: %+v", results)
		}
		for _, r := range results {
			if r.Err != nil {
				conflict(r.Err, "seen", "has answered")
			}
		}
	})
}

// The subject is asked for where the organisation wants one, and all that is missing is
// named at once.
func TestMissingTexts(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 1)
		exec(t, s, org, `UPDATE organisations SET settings = '{"chat_subject":true,"test_replies":true}' WHERE id = $1`)
		m := toCandidate(org, ines, 1, "key-000001", "")
		f, ok := errors.AsType[*fault.Error](write(t, s, org, m)[0].Err)
		if !ok || f.Code != fault.Invalid || len(f.Details) != 2 || f.Details[0].Field != "subject" || f.Details[1].Field != "body" {
			t.Errorf("%+v", f)
		}
		m.Body = "Hello"
		if f, ok = errors.AsType[*fault.Error](write(t, s, org, m)[0].Err); !ok || f.Code != fault.Invalid || f.Field != "subject" {
			t.Errorf("%+v", f)
		}
		m.Subject = "News"
		e := one(t, s, org, m)
		in := ofCandidate(org, 1, "key-000002", "")
		in.ReplyTo = e.Offset
		if f, ok = errors.AsType[*fault.Error](write(t, s, org, in)[0].Err); !ok || f.Field != "body" {
			t.Errorf("%+v", f)
		}
		in.Body = "An answer needs no subject"
		if got := one(t, s, org, in); got.Exam != exam {
			t.Errorf("the answer belongs to %q", got.Exam)
		}
		in.Key, in.ReplyTo = "key-000003", 77
		if f, ok = errors.AsType[*fault.Error](write(t, s, org, in)[0].Err); !ok || f.Field != "reply_to" {
			t.Errorf("%+v", f)
		}
	})
}

// Candidates get their own messages and staff's between the sendings, in one order, and
// nothing but those.
func TestCandidateReadsBothSides(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		org, exam := hall(t, s, 2)
		exec(t, s, org, `UPDATE organisations SET settings = '{"test_replies":true}' WHERE id = $1`)
		send(t, s, sending(org, exam, 2, "All", ""))
		in := ofCandidate(org, 1, "key-000001", "What now?")
		in.ReplyTo = 1
		one(t, s, org, in)
		out := toCandidate(org, ines, 1, "key-000002", "Wait")
		out.Subject = "To you"
		one(t, s, org, out)
		list, head, err := s.MessagesSince(ctx, org, 1, 0, 10)
		if err != nil || len(list) != 3 || head != 3 {
			t.Fatalf("%d messages, head %d, %v", len(list), head, err)
		}
		if m := list[0]; m.Inbound || m.Kind != domain.KindTest || m.Text.Level != domain.LevelPopup || m.State() != domain.Queued {
			t.Errorf("%+v", m)
		}
		if m := list[1]; !m.Inbound || m.ReplyTo != 1 || m.Exam != exam || m.Kind != domain.KindTest || m.Text.ExamName != "Biology 1" || m.Text.Body != "What now?" ||
			m.Room != "R00" || m.State() != domain.Acknowledged {
			t.Errorf("%+v", m)
		}
		if m := list[2]; m.Inbound || m.Text.Level != domain.LevelChat || m.Text.Subject != "To you" || m.Text.SenderName != "Ines Vogel" || m.State() != domain.Queued {
			t.Errorf("%+v", m)
		}
		if c, err := s.Conversation(ctx, org, 1); err != nil || c != (domain.Conversation{Unread: 2, FirstUndisplayed: 1, Last: 3}) {
			t.Errorf("%+v, %v", c, err)
		}
		record(t, s, org, domain.Mark{Offset: 1, Person: 1, Displayed: time.Now()}, domain.Mark{Offset: 2, Person: 1, Displayed: time.Now()})
		if c, err := s.Conversation(ctx, org, 1); err != nil || c != (domain.Conversation{Unread: 2, FirstUndisplayed: 3, Last: 3}) {
			t.Errorf("%+v, %v", c, err)
		}
		if from, err := s.Beginning(ctx, org, 1); err != nil || from != 2 {
			t.Errorf("begins after %d, %v", from, err)
		}
		if list, _, err = s.MessagesSince(ctx, org, 2, 0, 10); err != nil || len(list) != 1 {
			t.Errorf("another gets %d messages, %v", len(list), err)
		}
		if board, err := s.Broadcasts(ctx, org, exam, nil, 0, 10); err != nil || len(board) != 1 {
			t.Errorf("%d sendings on the board, %v", len(board), err)
		}
		if counts, err := s.BroadcastCounts(ctx, org, nil, 1); err != nil || counts[1].Recipients != 2 {
			t.Errorf("%+v, %v", counts, err)
		}
	})
}

// A file is sent once, by who uploaded it, in the conversation it is for.
func TestFilesAreBound(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		org, exam := hall(t, s, 3)
		upload := func(id string, no domain.PersonNo, by string) {
			exec(t, s, org, `INSERT INTO attachments (organisation_id, id, person_no, uploader, name, folded, type, size, width, height, sha256, created_at)
				VALUES ($1, $2, $3, $4, $5, $5, 'image/png', 77, 8, 9, '', 1)`, id, no, by, id+".png")
		}
		upload("a", 1, "staff-1")
		upload("b", 1, "staff-1")
		upload("of-another", 2, "staff-1")
		upload("by-another", 1, "staff-2")
		upload("many", 0, "staff-1")
		with := func(key string, ids ...domain.AttachmentID) domain.NewMessage {
			m := toCandidate(org, ines, 1, key, "")
			m.Attachments = ids
			return m
		}
		sent := write(t, s, org, with("key-000001", "b", "a"), with("key-000002", "a"), with("key-000003", "of-another"), with("key-000004", "by-another"), with("key-000005", "many"))
		if sent[0].Err != nil {
			t.Fatal(sent[0].Err)
		}
		want := []domain.Attachment{{ID: "b", Name: "b.png", Type: "image/png", Size: 77, Width: 8, Height: 9}, {ID: "a", Name: "a.png", Type: "image/png", Size: 77, Width: 8, Height: 9}}
		if !slices.Equal(sent[0].Message.Attachments, want) {
			t.Errorf("%+v", sent[0].Message.Attachments)
		}
		for i, got := range sent[1:] {
			if f, ok := errors.AsType[*fault.Error](got.Err); !ok || f.Code != fault.Invalid || f.Field != "attachments[0]" {
				t.Errorf("%d: %+v", i+1, got)
			}
		}
		list, err := s.MessagesBefore(ctx, org, 1, "", 0, 10)
		if err != nil || len(list) != 1 || !slices.Equal(list[0].Attachments, want) {
			t.Errorf("%+v, %v", list, err)
		}
		var bound int
		if err := s.get(ctx, &bound, `SELECT count(*) FROM attachments WHERE organisation_id = $1 AND "offset" = 1 AND group_id = $2 AND id IN ('a', 'b')`, org, exam); err != nil || bound != 2 {
			t.Errorf("%d bound, %v", bound, err)
		}
		if again := write(t, s, org, with("key-000001", "b", "a"))[0]; again.Err != nil || again.Fresh {
			t.Errorf("%+v", again)
		}

		// to many
		e := sending(org, exam, 3, "All", "key-000006")
		text := func(files []domain.Attachment) (json.RawMessage, error) {
			return json.RawMessage(fmt.Sprintf(`{"subject":"All","body":"B","attachments":%s}`, jsonOf(files))), nil
		}
		stored, fresh, err := s.AppendWithFiles(ctx, e, []domain.AttachmentID{"many"}, text)
		if err != nil || !fresh || stored.Offset != 2 {
			t.Fatal(stored, fresh, err)
		}
		e = sending(org, exam, 3, "All", "key-000006")
		if stored, fresh, err = s.AppendWithFiles(ctx, e, []domain.AttachmentID{"many"}, text); err != nil || fresh || stored.Offset != 2 {
			t.Error(stored, fresh, err)
		}
		e = sending(org, exam, 3, "All", "key-000007")
		if _, _, err = s.AppendWithFiles(ctx, e, []domain.AttachmentID{"many"}, text); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
		if list, err = s.MessagesBefore(ctx, org, 3, "", 0, 10); err != nil || len(list) != 1 || len(list[0].Attachments) != 1 || list[0].Attachments[0].ID != "many" {
			t.Errorf("%+v, %v", list, err)
		}
		verified(t, s, org, 2)
	})
}

// A connection lost during COMMIT leaves a whole batch unknown; the retry finds out
// for each of them.
func TestBatchLostDuringCommit(t *testing.T) {
	for name, committed := range map[string]bool{"after the server committed": true, "before it reached the server": false} {
		t.Run(name, func(t *testing.T) {
			f, s, org, _ := lossy(t)
			f.on("COMMIT", func(client, server net.Conn, said []byte) bool {
				if committed {
					_ = client.(*net.TCPConn).CloseWrite() // nothing comes back
					_, _ = server.Write(said)
					return false
				}
				_ = client.Close()
				return false
			})
			batch := []domain.NewMessage{toCandidate(org, ines, 1, "key-000001", "One"), toCandidate(org, ines, 2, "key-000002", "Two")}
			_, err := s.SendMessages(t.Context(), org, batch)
			if got, ok := errors.AsType[*fault.Error](err); !ok || got.Code != fault.Unavailable || !got.Unknown || got.RetryAfter <= 0 {
				t.Fatalf("got %v", err)
			}
			f.cut()
			testkit.Eventually(t, 20*time.Second, "the retry is answered", func() error {
				sent, err := s.SendMessages(t.Context(), org, batch)
				if err != nil {
					return err
				}
				for i, got := range sent {
					if got.Err != nil || got.Fresh == committed || got.Entry.Offset != int64(i+1) {
						t.Errorf("message %d: %+v", i, got)
					}
				}
				return nil
			})
			verified(t, s, org, 2)
		})
	}
}

// Many batches at once, with expansions between them: nobody waits in a ring, and the
// chain holds.
func TestSendMessagesConcurrently(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		const people, writers, rounds = 40, 4, 12
		org, exam := hall(t, s, people)
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for r := range rounds {
					var batch []domain.NewMessage
					for i := range 20 {
						no := domain.PersonNo((i*7+w*11+r)%people + 1) // another order for each
						batch = append(batch, toCandidate(org, ines, no, fmt.Sprintf("key-%d-%d-%d", w, r, i), "Hello"))
					}
					sent, err := s.SendMessages(t.Context(), org, batch)
					if err != nil {
						t.Error(err)
						return
					}
					for _, got := range sent {
						if got.Err != nil {
							t.Error(got.Err)
						}
					}
				}
			})
		}
		all.Go(func() {
			for i := range rounds {
				if _, _, err := s.Append(t.Context(), sending(org, exam, people, "All", fmt.Sprintf("key-all-%d", i))); err != nil {
					t.Error(err)
				}
				if err := s.Expand(t.Context(), org); err != nil {
					t.Error(err)
				}
			}
		})
		all.Wait()
		verified(t, s, org, writers*rounds*20+rounds)
		var n int
		if err := s.get(t.Context(), &n, `SELECT count(*) FROM messages WHERE organisation_id = $1`, org); err != nil || n != writers*rounds*20+rounds*people {
			t.Errorf("%d messages, %v", n, err)
		}
	})
}

func BenchmarkSendMessages(b *testing.B) {
	for _, size := range []int{1, 16, 128} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			benchBoth(b, func(b *testing.B, s *Store) {
				org, _ := hall(b, s, 1000)
				i := 0
				for b.Loop() {
					batch := make([]domain.NewMessage, size)
					for j := range batch {
						i++
						batch[j] = toCandidate(org, ines, domain.PersonNo(i%1000+1), fmt.Sprintf("key-%08d", i), strings.Repeat("Are you free on Saturday? ", 8))
					}
					if _, err := s.SendMessages(b.Context(), org, batch); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "messages/s")
			})
		})
	}
}

// People are renamed while sendings to them are expanded: nobody waits in a ring.
func TestRenameWhileExpanding(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		const people, rounds = 200, 8
		ctx := t.Context()
		org, exam := hall(t, s, people)
		send(t, s, sending(org, exam, people, "All", ""))
		if err := s.Expand(ctx, org); err != nil {
			t.Fatal(err)
		}
		var backwards []int64
		for no := int64(people); no > 0; no-- {
			backwards = append(backwards, no)
		}
		var all sync.WaitGroup
		all.Go(func() {
			for range rounds {
				if _, _, err := s.Append(ctx, sending(org, exam, people, "All", "")); err != nil {
					t.Error(err)
				}
				if err := s.Expand(ctx, org); err != nil {
					t.Error(err)
				}
			}
		})
		all.Go(func() {
			for range rounds {
				err := s.write(ctx, org, func(tx *Tx) error {
					if _, err := tx.Lock(ctx); err != nil {
						return err
					}
					return tx.renameConversations(ctx, backwards)
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
		all.Wait()
	})
}
