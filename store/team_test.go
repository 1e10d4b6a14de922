package store

import (
	"encoding/json"
	"testing"

	"crier/internal/domain"
	"crier/internal/journal"
)

// TestTeamThreads: a direct chat and a group's chat are listed for those in them, with what each
// has not read; somebody without groups has the direct chats alone.
func TestTeamThreads(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, group := hall(t, s, 3)
		threads := func(me domain.PersonNo, id domain.PersonID, groups []domain.GroupID) []journal.TeamSummary {
			t.Helper()
			list, err := s.TeamThreads(t.Context(), org, me, id, groups)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		if list := threads(1, "staff-1", []domain.GroupID{}); len(list) != 0 {
			t.Errorf("threads before anything is written: %+v", list)
		}
		say := func(thread domain.TeamThread, body string, members ...domain.PersonNo) {
			t.Helper()
			payload, err := json.Marshal(journal.TeamMessage{Body: body})
			if err != nil {
				t.Fatal(err)
			}
			e := &journal.Entry{Organisation: org, Kind: journal.KindTeamMessage, Actor: sender, Payload: payload}
			if _, _, err := s.TeamSend(t.Context(), e, thread, 1, members); err != nil {
				t.Fatal(err)
			}
		}
		say(domain.DirectThread(1, 2), "To you alone", 1, 2)
		say(domain.TeamThread{Group: group}, "To the group")
		for _, want := range []struct {
			me             domain.PersonNo
			id             domain.PersonID
			groups         []domain.GroupID
			direct, shared int
		}{
			{1, "staff-1", nil, 0, 0},
			{2, "staff-2", []domain.GroupID{group}, 1, 1},
			{2, "staff-2", []domain.GroupID{}, 1, -1},
			{3, "staff-3", nil, -1, 1},
		} {
			direct, shared := -1, -1
			for _, th := range threads(want.me, want.id, want.groups) {
				if th.Thread.Group != "" {
					shared = th.Unread
				} else {
					direct = th.Unread
				}
			}
			if direct != want.direct || shared != want.shared {
				t.Errorf("unread of person %d in %v: direct %d, group %d; want %d, %d (-1: not listed)", want.me, want.groups, direct, shared, want.direct, want.shared)
			}
		}
		marks, err := s.GroupMarks(t.Context(), org, nil)
		if err != nil || len(marks) != 0 {
			t.Errorf("names of no groups: %v, %v", marks, err)
		}
	})
}
