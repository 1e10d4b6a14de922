package broadcast_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/service/broadcast"
)

type brokenStore struct {
	broadcast.Store
	err error
}

func (b *brokenStore) Append(context.Context, *journal.Entry) (*journal.Entry, bool, error) {
	return nil, false, b.err
}

func TestBoard(t *testing.T) {
	h := newHall(t, 25)
	planner := h.as(domain.RolePlanner)
	b := h.send(planner, request())
	h.receipt(b, domain.Delivered, 0, 1)
	h.receipt(b, domain.Displayed, 2, 12)
	h.receipt(b, domain.Acknowledged, 3)
	if _, err := h.Told(t.Context(), planner, b.ID, []domain.PersonID{h.people[0]}, "at the desk"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		actor   domain.Actor
		missing string
		want    int
	}{
		"all":                        {planner, "", 25},
		"not delivered":              {planner, "delivered", 20},
		"not displayed, not told":    {planner, "displayed", 21}, // not 2, 12, 3, nor 0 who was told
		"not acknowledged, not told": {planner, "acknowledged", 23},
		"in room B":                  {h.as(domain.RoleInvigilator, "B"), "", 10},
		"in room B not displayed":    {h.as(domain.RoleInvigilator, "B"), "displayed", 9},
	} {
		t.Run(name, func(t *testing.T) {
			board, err := h.Recipients(t.Context(), c.actor, b.ID, c.missing, 0, "")
			if err != nil || board.Total != c.want || len(board.Recipients) != c.want || board.Next != "" {
				t.Errorf("%d of %d, %v; want %d", len(board.Recipients), board.Total, err, c.want)
			}
			// In pages of four: the same.
			var paged []broadcast.Recipient
			for after := ""; ; {
				p, err := h.Recipients(t.Context(), c.actor, b.ID, c.missing, 4, after)
				if err != nil || p.Total != c.want || len(p.Recipients) > 4 {
					t.Fatal(p.Total, err)
				}
				paged = append(paged, p.Recipients...)
				if after = p.Next; after == "" {
					break
				}
			}
			if !slices.EqualFunc(paged, board.Recipients, func(a, b broadcast.Recipient) bool { return a.ID == b.ID }) {
				t.Error("the pages differ from the whole")
			}
		})
	}
	board, err := h.Recipients(t.Context(), planner, b.ID, "", 0, "")
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, r := range board.Recipients {
		order = append(order, r.Room+r.Seat)
	}
	if got := strings.Join(order[:12], " "); got != "A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 B1 B2" {
		t.Errorf("sorted %s", got)
	}
	if r := board.Recipients[0]; r.State != domain.Delivered || r.DeliveredAt == nil || r.DisplayedAt != nil || r.Told == nil || r.Told.By != "Ines Vogel" || r.Told.Note != "at the desk" {
		t.Errorf("%+v", r)
	}
	if r := board.Recipients[3]; r.State != domain.Acknowledged || r.DeliveredAt == nil || r.Presence != domain.Offline {
		t.Errorf("%+v", r)
	}
	for _, c := range []struct{ missing, after, field string }{{"queued", "", "missing"}, {"x", "", "missing"}, {"", "nobody", "after"}} {
		_, err := h.Recipients(t.Context(), planner, b.ID, c.missing, 0, c.after)
		want(t, err, fault.Invalid, c.field)
	}
}

// An invigilator sees the sendings that went to their rooms, counted there alone.
func TestBoardWithinRooms(t *testing.T) {
	h := newHall(t, 25)
	planner, inA, inB := h.as(domain.RolePlanner), h.as(domain.RoleInvigilator, "A"), h.as(domain.RoleInvigilator, "B")
	toAll := h.send(planner, request())
	toA := h.send(inA, request())
	h.receipt(toAll, domain.Displayed, 0, 11)

	ids := func(a domain.Actor) (out []domain.BroadcastID) {
		page, err := h.List(t.Context(), a, h.bio, 0, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range page.Broadcasts {
			out = append(out, b.ID)
		}
		return out
	}
	if got := ids(inA); !slices.Equal(got, []domain.BroadcastID{toA.ID, toAll.ID}) {
		t.Errorf("A lists %v", got)
	}
	if got := ids(inB); !slices.Equal(got, []domain.BroadcastID{toAll.ID}) {
		t.Errorf("B lists %v", got)
	}
	if b, err := h.Get(t.Context(), inB, toAll.ID); err != nil || b.Counts != (broadcast.Counts{Recipients: 10, Delivered: 1, Displayed: 1}) {
		t.Errorf("%+v, %v", b.Counts, err)
	}
	elsewhere := domain.Actor{Organisation: h.org + 1, ID: "x", Role: domain.RolePlanner}
	otherTest := domain.Actor{Organisation: h.org, ID: "x", Role: domain.RoleChiefInvigilator, Scopes: []domain.Scope{{Exam: h.chem}}}
	for name, a := range map[string]domain.Actor{"another room": inB, "another test": otherTest, "another organisation": elsewhere} {
		t.Run(name, func(t *testing.T) {
			_, err := h.Get(t.Context(), a, toA.ID)
			want(t, err, fault.NotFound, "")
			_, err = h.Recipients(t.Context(), a, toA.ID, "", 0, "")
			want(t, err, fault.NotFound, "")
			_, _, err = h.Remind(t.Context(), a, toA.ID, "the-key-1", "displayed")
			want(t, err, fault.NotFound, "")
			_, err = h.Told(t.Context(), a, toA.ID, h.people[:1], "")
			want(t, err, fault.NotFound, "")
		})
	}
	_, err := h.Get(t.Context(), h.as(domain.RoleCandidate), toA.ID)
	want(t, err, fault.Forbidden, "")
	_, err = h.List(t.Context(), h.as(domain.RoleCandidate), h.bio, 0, "")
	want(t, err, fault.Forbidden, "")
	// A coordinator of the test may look, but not act.
	coordinator := h.as(domain.RoleCoordinator)
	if _, err := h.Get(t.Context(), coordinator, toA.ID); err != nil {
		t.Error(err)
	}
	_, _, err = h.Remind(t.Context(), coordinator, toA.ID, "the-key-2", "displayed")
	want(t, err, fault.Forbidden, "")
	// So may an admin.
	if _, err := h.Get(t.Context(), h.as(domain.RoleAdmin), toA.ID); err != nil {
		t.Error(err)
	}
	_, err = h.Told(t.Context(), h.as(domain.RoleAdmin), toA.ID, h.people[:1], "")
	want(t, err, fault.Forbidden, "")
}

func TestListPages(t *testing.T) {
	h := newHall(t, 3)
	planner := h.as(domain.RolePlanner)
	var sent []domain.BroadcastID
	for range 7 {
		sent = append([]domain.BroadcastID{h.send(planner, request()).ID}, sent...)
	}
	var got []domain.BroadcastID
	for before := ""; ; {
		page, err := h.List(t.Context(), planner, h.bio, 3, before)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range page.Broadcasts {
			got = append(got, b.ID)
		}
		if before = page.Next; before == "" {
			break
		}
	}
	if !slices.Equal(got, sent) {
		t.Errorf("pages %v, sent %v", got, sent)
	}
	_, err := h.List(t.Context(), planner, h.bio, 3, "forged")
	want(t, err, fault.Invalid, "before")
}

func TestRemind(t *testing.T) {
	h := newHall(t, 25)
	planner := h.as(domain.RolePlanner)
	b := h.send(planner, request())
	h.receipt(b, domain.Displayed, 0, 1, 2)
	if _, err := h.Told(t.Context(), planner, b.ID, []domain.PersonID{h.people[3]}, ""); err != nil {
		t.Fatal(err)
	}
	r, fresh, err := h.Remind(t.Context(), planner, b.ID, "remind-01", "displayed")
	if err != nil || !fresh || r.Subject != "Reminder: Time" || r.Body != b.Body || r.Reminds != b.ID || r.Counts.Recipients != 21 {
		t.Fatalf("%+v %v %v", r, fresh, err)
	}
	again, fresh, err := h.Remind(t.Context(), planner, b.ID, "remind-01", "displayed")
	if err != nil || fresh || again.ID != r.ID {
		t.Errorf("%+v %v %v", again, fresh, err)
	}
	_, _, err = h.Remind(t.Context(), planner, b.ID, "remind-01", "acknowledged")
	want(t, err, fault.Conflict, "key")
	h.clock.Advance(2 * time.Minute) // within a minute it would be the same reminder
	mine, _, err := h.Remind(t.Context(), h.as(domain.RoleInvigilator, "A"), b.ID, "remind-02", "displayed")
	if err != nil || mine.Counts.Recipients != 6 {
		t.Errorf("%+v, %v", mine.Counts, err)
	}
	h.clock.Advance(2 * time.Minute)
	// A reminder of a reminder has the prefix once.
	twice, _, err := h.Remind(t.Context(), planner, r.ID, "remind-03", "acknowledged")
	if err != nil || twice.Subject != "Reminder: Time" || twice.Reminds != r.ID {
		t.Errorf("%+v, %v", twice, err)
	}
	for i := range h.people {
		h.receipt(b, domain.Displayed, i)
	}
	_, _, err = h.Remind(t.Context(), planner, b.ID, "remind-04", "displayed")
	want(t, err, fault.Invalid, "missing")
	_, _, err = h.Remind(t.Context(), planner, b.ID, "remind-05", "delivered")
	want(t, err, fault.Invalid, "missing")
	_, _, err = h.Remind(t.Context(), planner, b.ID, "short", "displayed")
	want(t, err, fault.Invalid, "key")
}

func TestReminderSubjectKeepsTheLimit(t *testing.T) {
	h := newHall(t, 3)
	req := request()
	req.Subject = strings.Repeat("ø", 200)
	b := h.send(h.as(domain.RolePlanner), req)
	r, _, err := h.Remind(t.Context(), h.as(domain.RolePlanner), b.ID, "remind-01", "displayed")
	if err != nil || len([]rune(r.Subject)) != 200 || !strings.HasPrefix(r.Subject, "Reminder: ø") {
		t.Errorf("%q, %v", r.Subject, err)
	}
}

func TestTold(t *testing.T) {
	h := newHall(t, 25)
	inA := h.as(domain.RoleInvigilator, "A")
	b := h.send(h.as(domain.RolePlanner), request())
	rows, err := h.Told(t.Context(), inA, b.ID, []domain.PersonID{h.people[1], h.people[0], h.people[1]}, "at the desk")
	if err != nil || len(rows) != 2 || rows[0].ID != h.people[0] || rows[1].Told == nil {
		t.Fatalf("%+v, %v", rows, err)
	}
	head := h.head()
	other := h.as(domain.RolePlanner)
	other.Name = "Somebody Else"
	if rows, err = h.Told(t.Context(), other, b.ID, []domain.PersonID{h.people[0]}, "again"); err != nil || rows[0].Told.By != "Ines Vogel" || h.head() != head {
		t.Errorf("%+v, %v", rows, err)
	}
	_, err = h.Told(t.Context(), inA, b.ID, []domain.PersonID{h.people[2], h.people[15], h.stranger}, "")
	if f := want(t, err, fault.Invalid, "people"); len(f.Details) != 2 || f.Details[0].Field != "people[1]" {
		t.Errorf("%+v", f.Details)
	}
	_, err = h.Told(t.Context(), inA, b.ID, nil, "")
	want(t, err, fault.Invalid, "people")
	_, err = h.Told(t.Context(), inA, b.ID, h.people[2:3], strings.Repeat("x", 501))
	want(t, err, fault.Invalid, "note")
	if h.head() != head {
		t.Error("something was noted")
	}
}
