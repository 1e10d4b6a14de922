package store

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

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
		var p journal.ConversationAssigned
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
		results := make([]journal.Sent, 2)
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
		if got := one(t, s, org, in); got.Group != exam {
			t.Errorf("the answer belongs to %q", got.Group)
		}
		in.Key, in.ReplyTo = "key-000003", 77
		if f, ok = errors.AsType[*fault.Error](write(t, s, org, in)[0].Err); !ok || f.Field != "reply_to" {
			t.Errorf("%+v", f)
		}
	})
}
