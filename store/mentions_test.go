package store

import (
	"encoding/json"
	"testing"
	"time"

	"crier/internal/domain"
	"crier/internal/journal"
)

// TestMentions: a staff member's mentions are listed and counted as far as they see the notes, newest first; reading the
// conversation reads them; a mail about each goes once, after a while, to those who want it.
func TestMentions(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 31) // person 31 is in another room
		staffWith(t, s, org, 110, domain.RolePlanner, "ines@example.org", "")
		staffWith(t, s, org, 111, domain.RoleInvigilator, "room@example.org", "")
		staffWith(t, s, org, 112, domain.RolePlanner, "off@example.org", "")
		staffWith(t, s, org, 113, domain.RolePlanner, "", "")
		if err := s.SetPreferences(t.Context(), org, 112, map[string]string{domain.NotifyMentions: domain.NotifyMentionsOff}, 50); err != nil {
			t.Fatal(err)
		}
		exec(t, s, org, `INSERT INTO staff_scopes (organisation_id, person_no, group_id, room) VALUES ($1, 111, $2, 'R00')`, exam)
		from := time.Now().Add(-time.Minute)
		var offsets []int64
		for _, no := range []domain.PersonNo{1, 31, 1} {
			e := &journal.Entry{Organisation: org, Kind: journal.KindNoteAdded, Group: exam, Actor: sender, RequestKey: "key-" + time.Now().String(), RequestHash: []byte("h")}
			if _, _, err := s.AddNote(t.Context(), e, journal.NoteAdded{Person: no, Body: "Look", Mentions: []domain.PersonNo{110, 111, 112, 113}}); err != nil {
				t.Fatal(err)
			}
			offsets = append(offsets, e.Offset)
		}
		mailable, err := s.Mentionables(t.Context(), from, time.Now().Add(time.Minute))
		if err != nil || len(mailable) != 2 || mailable[0].No != 110 || mailable[1].No != 111 {
			t.Fatalf("whom to mail: %+v %v", mailable, err)
		}
		all := domain.Seen{All: true}
		room, err := mailable[1].Actor.Seen(domain.ActConversationView)
		if err != nil {
			t.Fatal(err)
		}
		look := func(no domain.PersonNo, seen domain.Seen, q domain.MentionQuery) (got []int64, unread int) {
			t.Helper()
			if q.Limit == 0 {
				q.Limit = 10
			}
			list, err := s.Mentions(t.Context(), org, no, seen, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range list {
				got = append(got, m.Offset)
				if m.Unread {
					unread++
				}
				if m.Body != "Look" || m.By.Name != sender.Name || m.Group.ID != exam || m.Person.Name == "" {
					t.Errorf("%+v", m)
				}
			}
			counts, err := s.DeskCounts(t.Context(), org, no, seen)
			if err != nil || q == (domain.MentionQuery{Limit: 10}) && counts.Mentions != unread {
				t.Errorf("%d unread, counted %d: %v", unread, counts.Mentions, err)
			}
			return got, unread
		}
		is := func(what string, got []int64, want ...int64) {
			t.Helper()
			if a, b := jsonOf(got), jsonOf(want); a != b {
				t.Errorf("%s: %s, want %s", what, a, b)
			}
		}
		got, unread := look(110, all, domain.MentionQuery{})
		is("all", got, offsets[2], offsets[1], offsets[0])
		if unread != 3 {
			t.Errorf("%d unread", unread)
		}
		got, _ = look(111, room, domain.MentionQuery{})
		is("of one room", got, offsets[2], offsets[0])
		got, _ = look(110, all, domain.MentionQuery{Before: offsets[2], Limit: 1})
		is("a page", got, offsets[1])
		window := domain.MentionQuery{Unmailed: true, From: from, To: time.Now().Add(time.Minute), Limit: 10}
		got, _ = look(111, room, window)
		is("to be mailed", got, offsets[2], offsets[0])
		late := window
		late.From = window.To
		if got, _ = look(111, room, late); len(got) != 0 {
			t.Errorf("of another time: %v", got)
		}

		// A mail tells of each once, whichever node asks for it.
		n := domain.Notifiable{Organisation: org, No: 111}
		for i, want := range []bool{true, false} {
			queued, err := s.QueueMentions(t.Context(), n, domain.MentionPayload{Count: 2}, []int64{offsets[2], offsets[0]}, time.Now().Add(time.Hour))
			if err != nil || queued != want {
				t.Errorf("time %d: %v %v", i, queued, err)
			}
		}
		claimed, err := s.ClaimDeliveries(t.Context(), domain.ChannelEmail, time.Now().Add(time.Second), time.Now().Add(time.Minute), 10)
		var p domain.MentionPayload
		if err != nil || len(claimed) != 1 || claimed[0].Kind != domain.DeliverMention || json.Unmarshal(claimed[0].Payload, &p) != nil || p.Count != 2 {
			t.Fatalf("%+v %v", claimed, err)
		}
		if got, _ = look(111, room, window); len(got) != 0 {
			t.Errorf("told of, but to be mailed: %v", got)
		}

		// Who reads the conversation has read its mentions.
		if _, err := s.MarkRead(t.Context(), org, 110, []domain.PersonNo{1}, false); err != nil {
			t.Fatal(err)
		}
		if _, unread = look(110, all, domain.MentionQuery{}); unread != 1 {
			t.Errorf("%d unread after one conversation was read", unread)
		}
		got, _ = look(110, all, window)
		is("still to be mailed", got, offsets[1])

		// The link of a mail ends them for who has never chosen.
		if err := s.StopNotify(t.Context(), org, 110, domain.NotifyMentions); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Mentionables(t.Context(), from, time.Now().Add(time.Minute)); err != nil || len(list) != 1 {
			t.Errorf("who has had enough: %+v %v", list, err)
		}
	})
}
