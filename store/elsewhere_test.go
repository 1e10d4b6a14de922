package store

import (
	"encoding/json"
	"strings"
	"testing"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// elsewhere makes a hall with a pool in an organisation whose candidates meet messages by their copies alone.
func elsewhere(t *testing.T, s *Store) (org domain.OrganisationID, exam, yard domain.GroupID) {
	t.Helper()
	org, exam = hall(t, s, 2)
	yard = pool(t, s, org, "yard", "pool", 1, "member")
	if _, err := s.ChangeSettings(t.Context(), domain.System(org), func(set *domain.Settings) { set.StaffChatOnly, set.TestReplies = true, true }); err != nil {
		t.Fatal(err)
	}
	return org, exam, yard
}

// TestElsewhere: where candidates meet messages by their copies alone their pages have only what belongs to a test, and
// staff have all of it. What was sent before the organisation chose so stays where it was.
func TestElsewhere(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 2)
		yard := pool(t, s, org, "yard", "pool", 1, "member")
		before := toCandidate(org, ines, 1, "key-e-0", "Before")
		before.Group = yard
		one(t, s, org, before)
		if _, err := s.ChangeSettings(t.Context(), domain.System(org), func(set *domain.Settings) { set.StaffChatOnly = true }); err != nil {
			t.Fatal(err)
		}
		hidden := toCandidate(org, ines, 1, "key-e-1", "By mail alone")
		hidden.Group, hidden.Channels = yard, []domain.Channel{domain.ChannelEmail}
		if e := one(t, s, org, hidden); !strings.Contains(string(e.Payload), `,"elsewhere":true`) {
			t.Errorf("the entry does not say so: %s", e.Payload)
		}
		shown := toCandidate(org, ines, 1, "key-e-2", `In the test: ,"elsewhere":true`)
		shown.Group = exam
		one(t, s, org, shown)
		// Sendings: one of the pool, one of the test, whose words look like the field.
		for i, elsewhere := range []bool{true, false} {
			e := sending(org, []domain.GroupID{yard, exam}[i], 1, "Sending", []string{"key-e-3", "key-e-4"}[i])
			var text journal.BroadcastSent
			if err := json.Unmarshal(e.Payload, &text); err != nil {
				t.Fatal(err)
			}
			text.Elsewhere, text.Body = elsewhere, `x ,"elsewhere":true`
			if elsewhere {
				text.GroupKind = domain.KindPool
			}
			e.Payload = payload(text)
			if _, _, err := s.Append(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		list, _, err := s.MessagesSince(t.Context(), org, 1, 0, 50)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range list {
			got = append(got, m.Text.Body)
			if m.Elsewhere {
				t.Errorf("%q is elsewhere", m.Text.Body)
			}
		}
		if want := "Before|In the test: ,\"elsewhere\":true|x ,\"elsewhere\":true"; strings.Join(got, "|") != want {
			t.Errorf("the candidate has %q, want %q", got, want)
		}
		if c, err := s.Conversation(t.Context(), org, 1); err != nil || c.Unread != 3 {
			t.Errorf("%+v, %v: want 3 unread", c, err)
		}
		rows, err := s.Timeline(t.Context(), org, domain.Seen{All: true}, 1, domain.TimelinePage{Limit: 50})
		if err != nil || len(rows) != 5 {
			t.Errorf("staff see %d messages, %v: want 5", len(rows), err)
		}
	})
}

// TestElsewhereNeedsAChannel: a message that would reach nobody is refused, on a page nobody answers what is not there, and
// an answer by mail is taken.
func TestElsewhereNeedsAChannel(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam, yard := elsewhere(t, s)
		to := func(group domain.GroupID, key string, channels ...domain.Channel) error {
			m := toCandidate(org, ines, 1, key, "Hello")
			m.Group, m.Channels = group, channels
			return write(t, s, org, m)[0].Err
		}
		if err := to(yard, "key-n-1"); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "choose at least one") {
			t.Errorf("without a channel: %v", err)
		}
		if err := to(exam, "key-n-2"); err != nil {
			t.Errorf("in a test: %v", err)
		}
		if err := to(yard, "key-n-3", domain.ChannelSMS); err != nil {
			t.Errorf("with a channel: %v", err)
		}
		from := func(group domain.GroupID, key string, via domain.Channel) error {
			m := ofCandidate(org, 1, key, "Yes")
			m.Group, m.Via = group, via
			return write(t, s, org, m)[0].Err
		}
		if err := from(yard, "key-n-4", ""); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "answer by email or SMS") {
			t.Errorf("from a page: %v", err)
		}
		if err := from(yard, "key-n-5", domain.ChannelEmail); err != nil {
			t.Errorf("by mail: %v", err)
		}
		if err := from(exam, "key-n-6", ""); err != nil {
			t.Errorf("from the test's page: %v", err)
		}
	})
}

// TestElsewhereIsNotStopped: what a candidate met by its copies is not said to have never been delivered when they leave, its
// copies that wait are ended, and nothing escalates, since nobody reads it on a page.
func TestElsewhereIsNotStopped(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, _, yard := elsewhere(t, s)
		if _, err := s.ChangeSettings(t.Context(), domain.System(org), func(set *domain.Settings) { set.EscalateAfter, set.EscalateTo = 5, "sms" }); err != nil {
			t.Fatal(err)
		}
		m := toCandidate(org, ines, 1, "key-s-1", "By mail")
		m.Group, m.Channels = yard, []domain.Channel{domain.ChannelEmail}
		one(t, s, org, m)
		e := sending(org, yard, 1, "By mail, to many", "key-s-2")
		e.Payload = payload(journal.BroadcastSent{Subject: "S", Body: "B", Level: domain.LevelChat, GroupKind: domain.KindPool, Channels: m.Channels, Elsewhere: true})
		if _, _, err := s.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		leave := func() {
			t.Helper()
			if err := s.write(t.Context(), org, func(tx *Tx) error { return tx.stopQueued(t.Context(), yard, []int64{1}, domain.BlockedLeft) }); err != nil {
				t.Fatal(err)
			}
		}
		leave()
		exec(t, s, org, `UPDATE enrolments SET state = 'left' WHERE organisation_id = $1 AND group_id = $2`, yard)
		late := sending(org, yard, 1, "After that", "key-s-3")
		late.Payload = e.Payload
		if _, _, err := s.Append(t.Context(), late); err != nil {
			t.Fatal(err)
		}
		rows, err := s.Timeline(t.Context(), org, domain.Seen{All: true}, 1, domain.TimelinePage{Limit: 50})
		if err != nil || len(rows) != 3 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		for _, r := range rows {
			if r.Stopped != "" {
				t.Errorf("%s is said to be stopped: %s", r.Entry.Payload, r.Stopped)
			}
		}
		if err := s.Expand(t.Context(), org); err != nil {
			t.Fatal(err)
		}
		var states []string
		if err := s.list(t.Context(), &states, `SELECT channel || ' ' || state FROM deliveries WHERE organisation_id = $1 ORDER BY "offset"`, org); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(states, ", "); got != "email suppressed, email suppressed, email waiting" {
			t.Errorf("copies: %s", got)
		}
	})
}

// TestChosenChannels: the copies that staff chose in a conversation stay chosen there; a sending to many is no
// choice, and whoever chooses the organisation's default follows it when it changes.
func TestChosenChannels(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 2)
		chosen := func(want string) {
			t.Helper()
			rows, err := s.ConversationRows(t.Context(), org, 0, domain.Seen{All: true}, []domain.PersonNo{1})
			if err != nil {
				t.Fatal(err)
			}
			got := jsonOf(rows[1].Channels)
			if rows[1].Channels == nil {
				got = "null"
			}
			if got != want {
				t.Errorf("chosen are %s, want %s", got, want)
			}
		}
		chosen(`null`)
		e := sending(org, exam, 1, "By SMS", "key-c-1")
		var text journal.BroadcastSent
		if err := json.Unmarshal(e.Payload, &text); err != nil {
			t.Fatal(err)
		}
		text.Channels = []domain.Channel{domain.ChannelSMS}
		e.Payload = payload(text)
		if _, _, err := s.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if err := s.Expand(t.Context(), org); err != nil {
			t.Fatal(err)
		}
		chosen(`null`)
		byEmail := func(set *domain.Settings) { set.DefaultChannels = []domain.Channel{domain.ChannelEmail} }
		if _, err := s.ChangeSettings(t.Context(), domain.System(org), byEmail); err != nil {
			t.Fatal(err)
		}
		for i, step := range []struct {
			channels []domain.Channel
			want     string
		}{
			{[]domain.Channel{domain.ChannelSMS}, `["sms"]`}, {nil, `["sms"]`}, {[]domain.Channel{}, `[]`},
			{[]domain.Channel{domain.ChannelEmail}, `null`},
		} {
			m := toCandidate(org, ines, 1, "key-c-step-"+string(rune('a'+i)), "Hello")
			m.Group, m.Channels = exam, step.channels
			one(t, s, org, m)
			chosen(step.want)
		}
	})
}
