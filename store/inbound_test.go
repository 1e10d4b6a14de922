package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/testkit"
)

var noon = time.Date(2026, 5, 5, 12, 0, 0, 0, time.UTC)

// came is a mail as it is kept at first.
func came(org domain.OrganisationID, id string) domain.Inbound {
	return domain.Inbound{Organisation: org, ID: id, Channel: domain.ChannelEmail, Dedupe: "key of " + id, Sender: "sara@example.org", Recipient: "reply+x@mail.example.org", Subject: "Re: Shift", Body: "Yes æ",
		Raw: "inbound-" + id, Files: []domain.InboundFile{{Name: "plan.pdf", Size: 7}}, State: domain.InboundUnmatched, Why: domain.WhyPending, ReceivedAt: noon}
}

func keep(t *testing.T, s *Store, in domain.Inbound) domain.Inbound {
	t.Helper()
	kept, fresh, err := s.AddInbound(t.Context(), in)
	if err != nil || !fresh {
		t.Fatalf("%s: fresh %v, %v", in.ID, fresh, err)
	}
	return kept
}

var planner = domain.ActorRef{Kind: domain.ActorPerson, ID: "staff-1", Name: "Ines", Role: domain.RolePlanner}

func byPlanner(org domain.OrganisationID) domain.Actor {
	return domain.Actor{Organisation: org, Kind: planner.Kind, ID: planner.ID, Name: planner.Name, Role: planner.Role}
}

// TestInboundOnce: what its sender names the same is kept once, whoever stores it at the same instant; by another channel, or of
// another organisation, it is something else.
func TestInboundOnce(t *testing.T) {
	run := func(t *testing.T, nodes ...*Store) {
		s := nodes[0]
		north, _ := hall(t, s, 1)
		south, _ := hall(t, s, 1)
		const at = 8
		kept, fresh, errs := make([]domain.Inbound, at), make([]bool, at), make([]error, at)
		start := make(chan struct{})
		var done sync.WaitGroup
		for i := range at {
			done.Go(func() {
				in := came(north, fmt.Sprint("try-", i))
				in.Dedupe = "the same"
				<-start
				kept[i], fresh[i], errs[i] = nodes[i%len(nodes)].AddInbound(context.WithoutCancel(t.Context()), in)
			})
		}
		close(start)
		done.Wait()
		first := 0
		for i := range at {
			if errs[i] != nil || kept[i].ID != kept[0].ID {
				t.Errorf("%d: kept %s, %v", i, kept[i].ID, errs[i])
			}
			if fresh[i] {
				first++
			}
		}
		if first != 1 {
			t.Errorf("%d were the first", first)
		}
		sms, elsewhere, trial := came(north, "an-sms"), came(south, "elsewhere"), came(north, "trial")
		sms.Channel, sms.Dedupe, elsewhere.Dedupe = domain.ChannelSMS, "the same", "the same"
		trial.Trial = &domain.PersonName{ID: "p", Name: "Ines \"x\""}
		for _, in := range []domain.Inbound{sms, elsewhere, trial} {
			_ = keep(t, s, in)
			got, err := s.Inbound(t.Context(), in.Organisation, domain.Seen{All: true}, in.ID)
			if err != nil || fmt.Sprintf("%+v", withoutPointers(got)) != fmt.Sprintf("%+v", withoutPointers(in)) {
				t.Errorf("%+v, %v; want %+v", got, err, in)
			}
		}
		if got, err := s.Inbound(t.Context(), north, domain.Seen{All: true}, "trial"); err != nil || got.Trial == nil || *got.Trial != *trial.Trial {
			t.Errorf("%+v, %v", got, err)
		}
		for _, id := range []string{"elsewhere", "none"} {
			if _, err := s.Inbound(t.Context(), north, domain.Seen{All: true}, id); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", id, err)
			}
		}
	}
	t.Run("sqlite", func(t *testing.T) { run(t, open(t, sqliteDSN(t))) })
	t.Run("postgres, two servers", func(t *testing.T) {
		dsn := testkit.Postgres(t)
		s := open(t, dsn)
		other, err := Open(t.Context(), Options{DSN: dsn, Log: zerolog.Nop()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := other.Close(); err != nil {
				t.Error(err)
			}
		})
		run(t, s, other)
	})
}

func withoutPointers(in domain.Inbound) domain.Inbound {
	in.Trial = nil
	in.HandledAt, in.ReceivedAt = in.HandledAt.UTC(), in.ReceivedAt.UTC()
	return in
}

// TestInboundStates: what waits can get a reason once and an end once; what has ended changes no more. The journal holds what staff
// must know, and none of the words.
func TestInboundStates(t *testing.T) {
	unmatched := func(why domain.InboundWhy) domain.Settlement {
		return domain.Settlement{State: domain.InboundUnmatched, Why: why}
	}
	matched, discarded := domain.Settlement{State: domain.InboundMatched}, domain.Settlement{State: domain.InboundDiscarded, Why: domain.WhyAuto, Note: "spam"}
	for name, c := range map[string]struct {
		steps []domain.Settlement
		took  []bool
		state domain.InboundState
		why   domain.InboundWhy
		kinds string // of the entries
	}{
		"to wait":                     {[]domain.Settlement{unmatched(domain.WhyForged)}, []bool{true}, domain.InboundUnmatched, domain.WhyForged, "[inbound.received]"},
		"to wait, told twice":         {[]domain.Settlement{unmatched(domain.WhyForged), unmatched(domain.WhyForged)}, []bool{true, false}, domain.InboundUnmatched, domain.WhyForged, "[inbound.received]"},
		"another reason":              {[]domain.Settlement{unmatched(domain.WhyForged), unmatched(domain.WhyAuto)}, []bool{true, false}, domain.InboundUnmatched, domain.WhyForged, "[inbound.received]"},
		"pending again":               {[]domain.Settlement{unmatched(domain.WhyPending)}, []bool{false}, domain.InboundUnmatched, domain.WhyPending, "[]"},
		"matched":                     {[]domain.Settlement{matched, matched}, []bool{true, false}, domain.InboundMatched, "", "[]"},
		"matched, then to wait":       {[]domain.Settlement{matched, unmatched(domain.WhyAuto)}, []bool{true, false}, domain.InboundMatched, "", "[]"},
		"discarded":                   {[]domain.Settlement{unmatched(domain.WhyAuto), discarded, matched}, []bool{true, true, false}, domain.InboundDiscarded, domain.WhyAuto, "[inbound.received inbound.handled]"},
		"discarded twice":             {[]domain.Settlement{discarded, discarded}, []bool{true, false}, domain.InboundDiscarded, domain.WhyAuto, "[inbound.handled]"},
		"discarded, then to wait":     {[]domain.Settlement{discarded, unmatched(domain.WhyForged)}, []bool{true, false}, domain.InboundDiscarded, domain.WhyAuto, "[inbound.handled]"},
		"waits, then matched by hand": {[]domain.Settlement{unmatched(domain.WhyBounce), matched}, []bool{true, true}, domain.InboundMatched, "", "[inbound.received]"},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, s *Store) {
				org, _ := hall(t, s, 1)
				_ = keep(t, s, came(org, "m"))
				var kinds []journal.Kind
				for i, to := range c.steps {
					to.By = byPlanner(org)
					e, settled, err := s.SettleInbound(t.Context(), org, "m", to)
					if err != nil || settled != c.took[i] || e != nil && !settled {
						t.Errorf("step %d: %v %v, %v", i, e, settled, err)
					}
					if e != nil {
						kinds = append(kinds, e.Kind)
						if p := string(e.Payload); p == "" || containsAny(p, "sara@", "Yes", "Shift") {
							t.Errorf("the entry tells %s", p)
						}
					}
				}
				in, err := s.Inbound(t.Context(), org, domain.Seen{All: true}, "m")
				ended := in.State != domain.InboundUnmatched
				if err != nil || in.State != c.state || in.Why != c.why || ended == in.HandledAt.IsZero() || ended != (in.HandledBy == "Ines") {
					t.Errorf("%+v, %v", in, err)
				}
				if fmt.Sprint(kinds) != c.kinds {
					t.Errorf("%v, want %s", kinds, c.kinds)
				}
				if (in.Waits() != nil) != ended || ended && !fault.Is(in.Waits(), fault.Conflict) {
					t.Errorf("%v", in.Waits())
				}
			})
		})
	}
	both(t, func(t *testing.T, s *Store) {
		north, _ := hall(t, s, 1)
		south, _ := hall(t, s, 1)
		_ = keep(t, s, came(south, "theirs"))
		for _, id := range []string{"theirs", "none"} {
			if _, _, err := s.SettleInbound(t.Context(), north, id, matched); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", id, err)
			}
		}
	})
}

func containsAny(s string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(s, p) })
}

// answer is the message that something becomes.
func answer(org domain.OrganisationID, id string, person domain.PersonID, no domain.PersonNo, to domain.InboundState) domain.NewMessage {
	actor := domain.ActorRef{Kind: domain.ActorPerson, ID: string(person), Name: "Sara", Role: domain.RoleCandidate}
	return domain.NewMessage{Actor: actor, ActorNo: no, Person: person, Inbound: true, Via: domain.ChannelEmail, Key: "inbound-" + id, Hash: []byte(id), Body: "Yes", Placed: true,
		Settles: &domain.Settles{ID: id, State: to, Why: domain.WhyForged, By: byPlanner(org)}}
}

// TestInboundBecomesMessage: the message and what became of the mail stand or fall together, also within one batch.
func TestInboundBecomesMessage(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, _ := hall(t, s, 2)
		one, two := domain.PersonID(fmt.Sprintf("person-%d-0", org)), domain.PersonID(fmt.Sprintf("person-%d-1", org))
		a := came(org, "a")
		a.Cut = true
		_ = keep(t, s, a)
		_ = keep(t, s, came(org, "b"))
		before, err := s.Head(t.Context(), org)
		if err != nil {
			t.Fatal(err)
		}
		refused := answer(org, "b", one, 1, domain.InboundAssigned)
		refused.Body = "" // nothing in it
		unknown := answer(org, "none", one, 1, domain.InboundAssigned)
		sent, err := s.SendMessages(t.Context(), org, []domain.NewMessage{
			answer(org, "a", one, 1, domain.InboundAssigned), answer(org, "a", two, 2, domain.InboundAssigned), answer(org, "a", one, 1, domain.InboundAssigned), refused, unknown,
		})
		if err != nil {
			t.Fatal(err)
		}
		first := sent[0]
		if first.Err != nil || !first.Fresh || first.Handled == nil || first.Handled.Kind != journal.KindInboundHandled || first.Handled.Actor.Name != "Ines" || first.Handled.Offset != first.Entry.Offset+1 {
			t.Fatalf("%+v", first)
		}
		if err := sent[1].Err; !fault.Is(err, fault.Conflict) || fault.Public(err).Message != "Ines has assigned it already" {
			t.Errorf("to somebody else: %v", err)
		}
		if sent[2].Err != nil || sent[2].Fresh || sent[2].Entry.Offset != first.Entry.Offset {
			t.Errorf("again: %+v", sent[2])
		}
		if !fault.Is(sent[3].Err, fault.Invalid) || !fault.Is(sent[4].Err, fault.NotFound) {
			t.Errorf("%v, %v", sent[3].Err, sent[4].Err)
		}
		if head, err := s.Head(t.Context(), org); err != nil || head != before+2 {
			t.Errorf("%d entries, want the message and its mark; %v", head-before, err)
		}
		a, err = s.Inbound(t.Context(), org, domain.Seen{All: true}, "a")
		if err != nil || a.State != domain.InboundAssigned || a.Offset != first.Entry.Offset || a.Person != 1 || a.HandledBy != "Ines" {
			t.Errorf("%+v, %v", a, err)
		}
		if b, err := s.Inbound(t.Context(), org, domain.Seen{All: true}, "b"); err != nil || b.Waits() != nil || b.Offset != 0 {
			t.Errorf("%+v, %v", b, err)
		}
		// Matched by itself: no entry but the message's.
		sent, err = s.SendMessages(t.Context(), org, []domain.NewMessage{answer(org, "b", two, 2, domain.InboundMatched)})
		if err != nil || sent[0].Err != nil || sent[0].Handled != nil {
			t.Errorf("%+v, %v", sent, err)
		}
		if check, err := s.VerifyChain(t.Context(), org); err != nil || !check.OK {
			t.Errorf("%+v, %v", check, err)
		}
		// Its original is found by the message, for those who see it.
		offset := sent[0].Entry.Offset
		kept, err := s.Originals(t.Context(), org, []int64{first.Entry.Offset, offset, 1})
		if err != nil || len(kept) != 2 || kept[offset].Cut || !kept[first.Entry.Offset].Cut {
			t.Errorf("%v, %v", kept, err)
		}
		if in, err := s.MessageInbound(t.Context(), org, domain.Seen{All: true}, offset); err != nil || in.ID != "b" {
			t.Errorf("%+v, %v", in, err)
		}
		for name, c := range map[string]struct {
			org    domain.OrganisationID
			seen   domain.Seen
			offset int64
		}{"a stranger": {org, domain.Seen{Places: []domain.Place{{Group: "elsewhere"}}}, offset}, "next door": {org + 1, domain.Seen{All: true}, offset}, "nothing": {org, domain.Seen{All: true}, 0}} {
			if _, err := s.MessageInbound(t.Context(), c.org, c.seen, c.offset); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestUnmatchedPages: oldest first, no matter how many came at the same instant; what is being worked on is left out for a while.
func TestUnmatchedPages(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, _ := hall(t, s, 1)
		south, _ := hall(t, s, 1)
		want := ""
		for i := range 7 {
			in := came(org, fmt.Sprint("m", i))
			in.Why, in.ReceivedAt = domain.WhyUnknown, noon.Add(time.Duration(i/3)*time.Microsecond) // three at one instant
			_ = keep(t, s, in)
			want += in.ID + " "
		}
		ended, working, stuck, theirs := came(org, "ended"), came(org, "working"), came(org, "stuck"), came(south, "theirs")
		ended.Why, theirs.Why = domain.WhyUnknown, domain.WhyUnknown
		working.ReceivedAt, stuck.ReceivedAt = noon.Add(time.Minute), noon.Add(-time.Minute)
		for _, in := range []domain.Inbound{ended, working, stuck, theirs} {
			_ = keep(t, s, in)
		}
		if _, _, err := s.SettleInbound(t.Context(), org, "ended", domain.Settlement{State: domain.InboundDiscarded, By: byPlanner(org)}); err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{1, 2, 3, 100} {
			got, place := "", domain.InboundPlace{At: time.UnixMicro(0)}
			for {
				page, err := s.Unmatched(t.Context(), org, domain.Seen{All: true}, noon, place, size)
				if err != nil {
					t.Fatal(err)
				}
				for _, in := range page {
					got += in.ID + " "
					place = domain.InboundPlace{At: in.ReceivedAt, ID: in.ID}
				}
				if len(page) < size {
					break
				}
			}
			if got != "stuck "+want {
				t.Errorf("in pages of %d: %s", size, got)
			}
		}
	})
}

// TestCorrespondents: who has a number or an address, and what they last agreed to; staff and other organisations' people have none.
func TestCorrespondents(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, _ := hall(t, s, 4)
		south, _ := hall(t, s, 1)
		err := s.write(t.Context(), org, func(tx *Tx) error {
			for _, q := range []string{
				`UPDATE people SET phone_e164 = '+4740000001', email = 'both@example.org', sort_name = 'b' WHERE organisation_id = $1 AND no = 1`,
				`UPDATE people SET phone_e164 = '+4740000001', email = 'both@example.org', sort_name = 'a' WHERE organisation_id = $1 AND no = 2`,
				`UPDATE people SET phone_e164 = '+4740000001', email = 'both@example.org', kind = 'staff', role = 'planner' WHERE organisation_id = $1 AND no = 3`,
			} {
				if _, err := tx.Exec(t.Context(), q, org); err != nil {
					return err
				}
			}
			_, err := tx.Exec(t.Context(), `UPDATE people SET phone_e164 = '+4740000001', email = 'both@example.org' WHERE organisation_id = $1`, south)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		nos := func(list []domain.Correspondent, err error) string {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			out := []domain.PersonNo{}
			for _, c := range list {
				out = append(out, c.No)
			}
			return fmt.Sprint(out)
		}
		for number, want := range map[string]string{"+4740000001": "[2 1]", "+4740000002": "[]", "": "[]", "' OR 1=1 --": "[]"} {
			if got := nos(s.CandidatesByPhone(t.Context(), org, number)); got != want {
				t.Errorf("%q: %s, want %s", number, got, want)
			}
		}
		for address, want := range map[string]string{"both@example.org": "[2 1]", "Both@Example.ORG": "[2 1]", "other@example.org": "[]", "": "[]", "%@example.org": "[]"} {
			if got := nos(s.CandidatesByEmail(t.Context(), org, address)); got != want {
				t.Errorf("%q: %s, want %s", address, got, want)
			}
		}
		for i, state := range []domain.Consent{domain.ConsentIn, domain.ConsentOut, domain.ConsentIn, domain.ConsentOut} {
			if err := s.AddConsent(t.Context(), org, planner, 1, domain.ConsentRecord{Channel: domain.ChannelSMS, State: state, Source: domain.ConsentByStaff, Words: "w", At: noon.Add(time.Duration(i) * time.Second)}); err != nil {
				t.Fatal(err)
			}
		}
		one, err := s.Correspondent(t.Context(), org, 1)
		if err != nil || one.SMS != domain.ConsentOut || one.Email != "both@example.org" || one.Phone != "+4740000001" || one.Kind != domain.KindCandidate {
			t.Errorf("%+v, %v", one, err)
		}
		same, err := s.CorrespondentByID(t.Context(), org, one.ID)
		if err != nil || same != one {
			t.Errorf("%+v, %v", same, err)
		}
		theirs := domain.PersonID(fmt.Sprintf("person-%d-0", south))
		if _, err := s.CorrespondentByID(t.Context(), org, theirs); !fault.Is(err, fault.NotFound) {
			t.Errorf("next door: %v", err)
		}
		if _, err := s.Correspondent(t.Context(), org, 99); !fault.Is(err, fault.NotFound) {
			t.Errorf("nobody: %v", err)
		}
	})
}

// TestOldOriginals: of all organisations, the oldest first; neither what waits nor what is gone already, and one more is no error.
func TestOldOriginals(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		north, _ := hall(t, s, 1)
		south, _ := hall(t, s, 1)
		add := func(org domain.OrganisationID, id string, hour int, state domain.InboundState) {
			t.Helper()
			in := came(org, id)
			in.ReceivedAt, in.State = noon.Add(time.Duration(hour)*time.Hour), state
			if id == "sms" {
				in.Channel, in.Raw = domain.ChannelSMS, ""
			}
			_ = keep(t, s, in)
		}
		add(north, "second", 2, domain.InboundMatched)
		add(south, "first", 1, domain.InboundDiscarded)
		add(north, "third", 3, domain.InboundAssigned)
		add(north, "waits", 0, domain.InboundUnmatched)
		add(north, "sms", 0, domain.InboundMatched)
		old := func(hour, limit int) string {
			t.Helper()
			list, err := s.OldOriginals(t.Context(), noon.Add(time.Duration(hour)*time.Hour), limit)
			if err != nil {
				t.Fatal(err)
			}
			out := ""
			for _, in := range list {
				out += in.ID + " "
			}
			return out
		}
		for _, c := range []struct {
			hour, limit int
			want        string
		}{{1, 10, ""}, {3, 10, "first second "}, {9, 10, "first second third "}, {9, 2, "first second "}} {
			if got := old(c.hour, c.limit); got != c.want {
				t.Errorf("before hour %d: %s, want %s", c.hour, got, c.want)
			}
		}
		for range 2 {
			if err := s.ForgetOriginal(t.Context(), south, "first"); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.ForgetOriginal(t.Context(), south, "second"); err != nil { // not theirs
			t.Fatal(err)
		}
		if got := old(9, 10); got != "second third " {
			t.Errorf("after one was removed: %s", got)
		}
	})
}
