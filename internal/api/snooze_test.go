package api_test

import (
	"testing"
	"time"

	"crier/internal/app"
	"crier/internal/clock"
	"crier/internal/testkit"
)

// onMovingClock runs fn with a node on each database whose clock is moved by hand.
func onMovingClock(t *testing.T, fn func(*testing.T, *fixture, *clock.Fixed)) {
	for name, options := range map[string]func(t *testing.T) app.Options{
		"sqlite":   func(*testing.T) app.Options { return app.Options{} },
		"postgres": func(t *testing.T) app.Options { return app.Options{DSN: testkit.Postgres(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			now := clock.NewFixed(time.Now())
			o := options(t)
			o.Clock = now
			fn(t, start(t, nil, o), now)
		})
	}
}

// TestSnoozeAndRemind: a coordinator snoozes one conversation and is reminded of another; each comes at
// its time, and refusals name what is wrong.
func TestSnoozeAndRemind(t *testing.T) {
	onMovingClock(t, func(t *testing.T, f *fixture, now *clock.Fixed) {
		f.openReplies(t, "north")
		a1, b1 := f.ids["north/a1"], f.ids["north/b1"]
		for _, who := range []string{"a1", "b1"} {
			f.reply(t, who, "Hello", item{"group": f.ids["north/P1"]})
		}
		act := func(action string, until any, people ...string) answer {
			in := item{"action": action, "people": people}
			if until != nil {
				in["until"] = until
			}
			return f.call(t, "north/coordinator", "POST", "/conversations/actions", in)
		}
		for _, c := range []struct {
			action string
			until  any
			field  string
		}{
			{"snooze", nil, "until"}, {"remind", nil, "until"}, {"snooze", now.Now(), "until"}, {"remind", now.Now().Add(-time.Hour), "until"},
			{"snooze", now.Now().Add(367 * 24 * time.Hour), "until"}, {"archive", now.Now().Add(time.Hour), "until"}, {"doze", nil, "action"},
		} {
			if a := act(c.action, c.until, a1); a.status != 422 || a.refused(t).Error.Field != c.field {
				t.Errorf("%s until %v: %d %s", c.action, c.until, a.status, a.body)
			}
		}
		if a := act("snooze", now.Now().Add(time.Hour), a1, f.ids["north/z1"]); a.status != 422 || a.refused(t).Error.Field != "people[1]" {
			t.Errorf("snoozed with somebody who is not seen: %d %s", a.status, a.body)
		}
		f.must(t, "north/coordinator", "POST", "/conversations/actions", item{"action": "read", "people": []string{a1, b1}})
		for action, person := range map[string]string{"snooze": a1, "remind": b1} {
			if a := act(action, now.Now().Add(time.Hour), person); a.status != 200 {
				t.Fatalf("%s: %d %s", action, a.status, a.body)
			}
		}
		lists := func(step, inbox, snoozed, unread string) {
			t.Helper()
			for query, want := range map[string]string{"?sort=last_name": inbox, "?folder=snoozed": snoozed, "?folder=unread&sort=last_name": unread} {
				if got := f.desk(t, "north/coordinator", query).people(); got != want {
					t.Errorf("%s, %s: %q, want %q", step, query, got, want)
				}
			}
		}
		wake := func() {
			t.Helper()
			if err := f.node.Live.Wake(t.Context()); err != nil {
				t.Error(err)
			}
		}
		var rows struct {
			Conversations []struct {
				Snoozed  *struct{ By string }
				RemindAt *time.Time `json:"remind_at"`
			}
		}
		lists("an hour before", "b1", "a1", "")
		if got := f.desk(t, "north/planner", "?folder=snoozed").people(); got != "a1" {
			t.Errorf("to a colleague %q is snoozed", got)
		}
		f.must(t, "north/coordinator", "GET", "/conversations?folder=snoozed", nil).into(t, &rows)
		if s := rows.Conversations[0].Snoozed; s == nil || s.By != "coordinator "+canary("north", "coordinator") {
			t.Errorf("snoozed by %+v", s)
		}
		f.must(t, "north/coordinator", "GET", "/conversations", nil).into(t, &rows)
		if at := rows.Conversations[0].RemindAt; at == nil || !at.Equal(now.Now().Add(time.Hour)) {
			t.Errorf("reminded at %v", at)
		}
		wake()
		lists("not yet", "b1", "a1", "")
		now.Advance(time.Hour)
		wake()
		lists("at the time", "a1 b1", "", "a1 b1")
		if a := act("snooze", now.Now().Add(time.Hour), a1); a.status != 200 {
			t.Fatalf("again: %d %s", a.status, a.body)
		}
		f.reply(t, "a1", "One more thing", item{"group": f.ids["north/P1"]})
		lists("a reply brings it back", "a1 b1", "", "a1 b1")
		if got, want := f.timeline(t, "north/planner", "a1", "").told(), "One more thing, *snoozed, *unsnoozed, *snoozed, Hello"; got != want {
			t.Errorf("the history: %q, want %q", got, want)
		}
	})
}

// TestReplyTime: a chief sets the expected reply time of a test; what waits longer is overdue.
func TestReplyTime(t *testing.T) {
	onMovingClock(t, func(t *testing.T, f *fixture, now *clock.Fixed) {
		f.openReplies(t, "north")
		path := "/groups/" + f.ids["north/T1"] + "/reply-time"
		for _, c := range []struct {
			who    string
			in     item
			status int
			field  string
		}{
			{"anna", item{"reply_minutes": 30}, 403, ""}, {"a1", item{"reply_minutes": 30}, 403, ""}, {"chief", item{}, 422, "reply_minutes"},
			{"chief", item{"reply_minutes": -1}, 422, "reply_minutes"}, {"chief", item{"reply_minutes": 43201}, 413, "reply_minutes"},
		} {
			if a := f.call(t, "north/"+c.who, "PUT", path, c.in); a.status != c.status || c.field != "" && a.refused(t).Error.Field != c.field {
				t.Errorf("%v by %s: %d %s", c.in, c.who, a.status, a.body)
			}
		}
		if a := f.call(t, "north/chief", "PUT", "/groups/"+f.ids["north/T2"]+"/reply-time", item{"reply_minutes": 30}); a.status != 404 {
			t.Errorf("of a test that is not the chief's: %d %s", a.status, a.body)
		}
		f.must(t, "north/chief", "PUT", path, item{"reply_minutes": 30})
		var got struct {
			Group struct {
				ReplyMinutes int `json:"reply_minutes"`
			}
		}
		f.must(t, "north/chief", "GET", "/groups/"+f.ids["north/T1"], nil).into(t, &got)
		if got.Group.ReplyMinutes != 30 {
			t.Errorf("the group says %+v", got)
		}
		f.reply(t, "a1", "Hello", item{"group": f.ids["north/T1"]})
		var rows struct {
			Conversations []struct {
				Due *time.Time `json:"reply_due"`
			}
		}
		f.must(t, "north/chief", "GET", "/conversations", nil).into(t, &rows)
		if due := rows.Conversations[0].Due; due == nil || !due.Equal(now.Now().Add(30*time.Minute)) {
			t.Errorf("due at %v", due)
		}
		if got := f.desk(t, "north/chief", "?overdue=yes").people(); got != "" {
			t.Errorf("overdue at once: %q", got)
		}
		now.Advance(31 * time.Minute)
		for _, who := range []string{"chief", "planner", "anna"} {
			if got := f.desk(t, "north/"+who, "?overdue=yes").people(); got != "a1" {
				t.Errorf("overdue to %s: %q", who, got)
			}
		}
		if got := f.desk(t, "north/bert", "?overdue=yes").people(); got != "" {
			t.Errorf("overdue in another's room: %q", got)
		}
		f.write(t, "north/planner", "a1", "Answered", item{"group": f.ids["north/T1"]})
		if got := f.desk(t, "north/chief", "?overdue=yes").people(); got != "" {
			t.Errorf("overdue though answered: %q", got)
		}
	})
}

// TestUnavailableByHand: a coordinator notes that somebody cannot come, who sees it in their schedule.
func TestUnavailableByHand(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		crewed(t, f)
		path := "/people/" + f.ids["north/a1"] + "/unavailable"
		from := time.Now().UTC().Truncate(time.Hour).Add(48 * time.Hour)
		slot := item{"starts_at": from, "ends_at": from.Add(3 * time.Hour)}
		for _, c := range []struct {
			who, path string
			in        item
			status    int
			field     string
		}{
			{"anna", path, slot, 403, ""}, {"a1", path, slot, 403, ""}, {"coordinator", "/people/" + f.ids["north/z1"] + "/unavailable", slot, 404, ""},
			{"coordinator", path, item{"ends_at": from}, 422, "starts_at"}, {"coordinator", path, item{"starts_at": from}, 422, "ends_at"},
			{"coordinator", path, item{"starts_at": from, "ends_at": from}, 422, "ends_at"},
			{"coordinator", path, item{"starts_at": from, "ends_at": from.Add(367 * 24 * time.Hour)}, 422, "ends_at"},
			{"coordinator", path, item{"starts_at": from.Add(-480 * time.Hour), "ends_at": from.Add(-470 * time.Hour)}, 422, "ends_at"},
		} {
			if a := f.call(t, "north/"+c.who, "POST", c.path, c.in); a.status != c.status || c.field != "" && a.refused(t).Error.Field != c.field {
				t.Errorf("%v by %s: %d %s", c.in, c.who, a.status, a.body)
			}
		}
		var made, again struct{ Unavailability struct{ ID string } }
		f.must(t, "north/coordinator", "POST", path, slot).into(t, &made)
		f.must(t, "north/coordinator", "POST", path, slot).into(t, &again)
		if made.Unavailability.ID == "" || made != again {
			t.Errorf("noted as %+v, again as %+v", made, again)
		}
		if got := f.schedule(t, "north/a1"); len(got.Unavailable) != 1 || got.Unavailable[0].ID != made.Unavailability.ID || got.Unavailable[0].Group != nil {
			t.Errorf("in the schedule: %+v", got.Unavailable)
		}
		if got, want := f.timeline(t, "north/planner", "a1", "").told(), "*unavailable"; got != want {
			t.Errorf("the history: %q, want %q", got, want)
		}
		f.must(t, "north/coordinator", "DELETE", path+"/"+made.Unavailability.ID, nil)
		if got := f.schedule(t, "north/a1"); len(got.Unavailable) != 0 {
			t.Errorf("after it was removed: %+v", got.Unavailable)
		}
		var sum struct{ OK bool }
		f.must(t, "north/planner", "GET", "/log/verify", nil).into(t, &sum)
		if !sum.OK {
			t.Error("the chain of hashes is broken")
		}
	})
}
