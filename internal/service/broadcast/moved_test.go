package broadcast_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/service/broadcast"
	"crier/internal/testkit"
)

// bothHalls runs fn in a hall on each database.
func bothHalls(t *testing.T, n int, fn func(t *testing.T, h *hall)) {
	t.Helper()
	for name, dsn := range map[string]func(testing.TB) string{
		"sqlite":   func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "crier.db") },
		"postgres": func(t testing.TB) string { return testkit.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) { fn(t, newHallOn(t, n, dsn(t))) })
	}
}

// seat gives a candidate of bio, by number from 0, another room and seat, or has them leave the test.
func (h *hall) seat(i int, room, seat string, state *domain.EnrolmentState) {
	h.t.Helper()
	_, _, err := h.store.UpsertEnrolments(h.t.Context(), domain.System(h.org), []domain.EnrolmentSpec{{
		Where: func(f string) string { return f }, Exam: "bio", Person: fmt.Sprintf("C%04d", i), Room: &room, Seat: &seat, State: state,
	}})
	h.must(err)
}

func names(list []broadcast.Blocked) string {
	var out []string
	for _, one := range list {
		out = append(out, fmt.Sprintf("%s: %s", one.Name, one.Reason.Code))
	}
	return strings.Join(out, ", ")
}

// TestMoved: responsibility follows a candidate who moves to another room.
func TestMoved(t *testing.T) {
	bothHalls(t, 21, func(t *testing.T, h *hall) {
		ctx := t.Context()
		chief, a, b, c := h.as(domain.RoleChiefInvigilator), h.as(domain.RoleInvigilator, "A"), h.as(domain.RoleInvigilator, "B"), h.as(domain.RoleInvigilator, "C")
		r := to(h.people[0], h.people[1], h.people[2], h.people[3])
		sent := h.send(a, r) // not expanded yet: it keeps the seats of this moment all the same
		if _, err := h.Get(ctx, c, sent.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("room C's invigilator, nobody moved: %v", err)
		}
		h.seat(0, "C", "9", nil)
		h.seat(1, "A", "17", nil)
		left := domain.EnrolmentLeft
		h.seat(2, "A", "3", &left)
		for _, one := range []struct {
			who  domain.Actor
			want string
		}{
			{chief, "A3 - left, A4 - , A17 A2 , C9 A1 "},
			{a, "A3 - left, A4 - , A17 A2 , C9 A1 room"},
			{c, "C9 A1 "},
		} {
			board, err := h.Recipients(ctx, one.who, sent.ID, "", 0, "")
			if err != nil {
				t.Fatal(err)
			}
			var rows []string
			for _, row := range board.Recipients {
				was, blocked := "-", ""
				if row.Was != nil {
					was = row.Was.Room + row.Was.Seat
				}
				if row.Blocked != nil {
					blocked = string(row.Blocked.Code)
				}
				rows = append(rows, row.Room+row.Seat+" "+was+" "+blocked)
			}
			if got := strings.Join(rows, ", "); got != one.want {
				t.Errorf("%v sees %q, want %q", one.who.Scopes, got, one.want)
			}
			got, err := h.Get(ctx, one.who, sent.ID)
			if err != nil || got.Counts.Recipients != len(rows) {
				t.Errorf("%v: %d recipients, %v", one.who.Scopes, got.Counts.Recipients, err)
			}
			list, err := h.List(ctx, one.who, h.bio, 0, "")
			if err != nil || len(list.Broadcasts) != 1 {
				t.Errorf("%v: %d sendings, %v", one.who.Scopes, len(list.Broadcasts), err)
			}
		}
		if _, err := h.Get(ctx, b, sent.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("room B's invigilator: %v", err)
		}
		// The former room's invigilator no longer notes that they were told; the present one does.
		_, err := h.Told(ctx, a, sent.ID, []domain.PersonID{h.people[0]}, "")
		if f := want(t, err, fault.Invalid, "people"); len(f.Details) != 1 || f.Details[0].Message != "Sara Amin 0: sits in a room that is not yours" {
			t.Errorf("%+v", f)
		}
		// A reminder names whom it leaves out.
		got, _, err := h.Remind(ctx, a, sent.ID, "remind-moved-a", "displayed")
		if err != nil || got.Counts.Recipients != 2 || names(got.LeftOut) != "Sara Amin 0: room, Sara Amin 2: left" {
			t.Errorf("reminded %d, left out %q, %v", got.Counts.Recipients, names(got.LeftOut), err)
		}
		if _, err := h.Told(ctx, c, sent.ID, []domain.PersonID{h.people[0]}, "at the door"); err != nil {
			t.Error(err)
		}
		_, _, err = h.Remind(ctx, c, sent.ID, "remind-moved-c", "displayed")
		want(t, err, fault.Invalid, "missing") // told in person
		h.must(h.untell(c, sent.ID, 0))
		if got, _, err := h.Remind(ctx, c, sent.ID, "remind-moved-d", "displayed"); err != nil || got.Counts.Recipients != 1 {
			t.Errorf("%d, %v", got.Counts.Recipients, err)
		}
	})
}

func (h *hall) untell(by domain.Actor, id domain.BroadcastID, people ...int) error {
	var ids []domain.PersonID
	for _, i := range people {
		ids = append(ids, h.people[i])
	}
	_, err := h.Untold(h.t.Context(), by, id, ids)
	return err
}

// TestLeaveOut: who of the people named cannot be reached is said by name, and left out if one wishes.
func TestLeaveOut(t *testing.T) {
	bothHalls(t, 21, func(t *testing.T, h *hall) {
		a := h.as(domain.RoleInvigilator, "A")
		left := domain.EnrolmentLeft
		h.seat(0, "C", "9", nil)
		h.seat(2, "A", "3", &left)
		r := to(h.people[0], h.people[1], h.people[2], h.people[3], h.stranger)
		_, _, err := h.Send(t.Context(), a, h.bio, r)
		f := want(t, err, fault.Invalid, "recipients")
		var said []string
		for _, d := range f.Details {
			said = append(said, d.Field+" "+d.Message)
			for _, id := range r.Recipients.People {
				if strings.Contains(d.Message, string(id)) {
					t.Errorf("an id is shown: %s", d.Message)
				}
			}
		}
		if got, want := strings.Join(said, "; "), "recipients.people[0] Sara Amin 0: sits in a room that is not yours; "+
			"recipients.people[2] Sara Amin 2: has left the group; recipients.people[4] not a candidate of this test in your rooms"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		p, err := h.Preview(t.Context(), a, h.bio, r.Recipients)
		if err != nil || p.Counts.Total != 2 || len(p.LeftOut) != 3 || p.LeftOut[0].Name != "Sara Amin 0" || p.LeftOut[0].Code != domain.BlockedRoom || p.LeftOut[2].Name != "" {
			t.Errorf("%+v, %v", p, err)
		}
		r.LeaveOut = true // under the same key: nothing was sent
		b := h.send(a, r)
		if b.Counts.Recipients != 2 || names(b.LeftOut) != "Sara Amin 0: room, Sara Amin 2: left, : unknown" {
			t.Errorf("%d, left out %q", b.Counts.Recipients, names(b.LeftOut))
		}
		only := to(h.people[0])
		only.LeaveOut = true
		_, _, err = h.Send(t.Context(), a, h.bio, only)
		want(t, err, fault.Conflict, "recipients")
	})
}

// TestRemindersMerge: of several who remind at the same moment one does it; nobody is reminded twice within a minute.
func TestRemindersMerge(t *testing.T) {
	bothHalls(t, 21, func(t *testing.T, h *hall) {
		ctx := t.Context()
		chief, a := h.as(domain.RoleChiefInvigilator), h.as(domain.RoleInvigilator, "A")
		b := h.send(chief, request())
		h.receipt(b, domain.Displayed, 20)
		const at = 3
		answers := make([]broadcast.Broadcast, at)
		fresh := make([]bool, at)
		var all sync.WaitGroup
		for i := range at {
			all.Go(func() {
				var err error
				if answers[i], fresh[i], err = h.Remind(ctx, chief, b.ID, fmt.Sprintf("remind-merge-%d", i), "displayed"); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		made := 0
		for i := range at {
			if answers[i].ID != answers[0].ID || answers[i].Counts.Recipients != 20 || answers[i].Merged == fresh[i] {
				t.Errorf("%+v, fresh %v", answers[i], fresh[i])
			}
			if fresh[i] {
				made++
			}
		}
		if made != 1 {
			t.Errorf("%d reminders were sent", made)
		}
		// Nor are they reminded of the reminder.
		if got, ok, err := h.Remind(ctx, a, answers[0].ID, "remind-merge-own", "displayed"); err != nil || ok || !got.Merged || got.Counts.Recipients != 10 {
			t.Errorf("of the reminder itself: %+v, %v, %v", got, ok, err)
		}
		h.clock.Advance(time.Minute + time.Second)
		if _, err := h.Told(ctx, a, b.ID, []domain.PersonID{h.people[5]}, ""); err != nil {
			t.Fatal(err)
		}
		// Room A is reminded, all but who was told; then the whole hall, of which room A has just been.
		if got, ok, err := h.Remind(ctx, a, b.ID, "remind-merge-a", "displayed"); err != nil || !ok || got.Counts.Recipients != 9 {
			t.Errorf("room A: %d, %v, %v", got.Counts.Recipients, ok, err)
		}
		got, ok, err := h.Remind(ctx, chief, b.ID, "remind-merge-b", "displayed")
		if err != nil || !ok || got.Counts.Recipients != 10 || !strings.Contains(names(got.LeftOut), "Sara Amin 0: reminded") || len(got.LeftOut) != 9 {
			t.Errorf("the rest: %d, left out %q, %v", got.Counts.Recipients, names(got.LeftOut), err)
		}
		board, err := h.Recipients(ctx, chief, b.ID, "", 0, "")
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range board.Recipients {
			times := 2
			switch row.ID {
			case h.people[5]: // told in person after the first
				times = 1
			case h.people[20]: // had seen it
				times = 0
			}
			if (row.Reminded == nil) != (times == 0) || times > 0 &&
				(row.Reminded.Times != times || row.Reminded.By != "Ines Vogel" || row.Reminded.At.IsZero()) {
				t.Errorf("%d, %s%s: %+v", i, row.Room, row.Seat, row.Reminded)
			}
		}
		// Told on the first board: no reminder from the reminder's board either.
		h.clock.Advance(time.Hour)
		if _, err := h.Told(ctx, chief, b.ID, h.people[:20], ""); err != nil {
			t.Fatal(err)
		}
		_, _, err = h.Remind(ctx, chief, answers[0].ID, "remind-merge-told", "displayed")
		want(t, err, fault.Invalid, "missing")
	})
}

// TestUntold: that somebody was told in person can be taken back for ten minutes.
func TestUntold(t *testing.T) {
	bothHalls(t, 21, func(t *testing.T, h *hall) {
		ctx := t.Context()
		chief, a := h.as(domain.RoleChiefInvigilator), h.as(domain.RoleInvigilator, "A")
		b := h.send(chief, request())
		tell := func(who ...int) {
			for _, i := range who {
				if _, err := h.Told(ctx, a, b.ID, []domain.PersonID{h.people[i]}, "note"); err != nil {
					t.Fatal(err)
				}
			}
		}
		tell(0, 1)
		h.clock.Advance(10 * time.Minute)
		head := h.head()
		rows, err := h.Untold(ctx, a, b.ID, []domain.PersonID{h.people[0], h.people[2]}) // 2 was not told
		if err != nil || len(rows) != 2 || rows[0].Told != nil {
			t.Errorf("%+v, %v", rows, err)
		}
		if h.head() != head+1 {
			t.Errorf("%d entries", h.head()-head)
		}
		e, err := h.store.Entry(ctx, h.org, h.head())
		if err != nil || e.Kind != journal.KindBroadcastUntold || e.Actor.Name != "Ines Vogel" {
			t.Errorf("%+v, %v", e, err)
		}
		h.must(h.untell(a, b.ID, 0)) // again: nothing happens
		if h.head() != head+1 {
			t.Error("an entry of nothing")
		}
		h.clock.Advance(time.Second)
		tell(3)
		f := want(t, h.untell(a, b.ID, 1, 3), fault.Conflict, "people")
		if len(f.Details) != 1 || f.Details[0].Field != "people[0]" || !strings.Contains(f.Details[0].Message, "Sara Amin 1: ") {
			t.Errorf("%+v", f)
		}
		want(t, h.untell(h.as(domain.RoleInvigilator, "B"), b.ID, 3), fault.Invalid, "people")
		got, err := h.Get(ctx, chief, b.ID)
		if err != nil || got.Counts.Told != 2 {
			t.Errorf("%d told, %v", got.Counts.Told, err)
		}
	})
}
