package api_test

import (
	"strings"
	"testing"
)

// TestMonitorList: the live list is sorted as the page sorts it, searched as other lists are, and
// filtered by rooms however they are spelt and by other groups that candidates are in; a sending by the
// same filter reaches the same people.
func TestMonitorList(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		var people, in []item
		for _, c := range []struct{ id, family, room, seat string }{
			{"m1", "Straße", "Hall 10", "A10"}, {"m2", "Ng", " hall\u00a02", "A10"}, {"m3", "Berg", "Hall 2", " a2 "}, {"m4", "Lie", "HALL  2", "A1"},
		} {
			people = append(people, item{"external_id": c.id, "kind": "candidate", "given_name": c.id, "family_name": c.family})
			in = append(in, item{"test": "T2", "person": c.id, "room": c.room, "seat": c.seat})
		}
		f.must(t, "north/key", "PUT", "/provisioning/people", item{"items": people})
		in = append(in, item{"group": "P1", "kind": "pool", "person": "m2"}, item{"group": "S1", "kind": "activity", "person": "m4"})
		f.must(t, "north/key", "PUT", "/provisioning/enrolments", item{"items": in})
		t2, p1, s1 := f.ids["north/T2"], f.ids["north/P1"], f.ids["north/S1"]
		f.must(t, "north/key", "PUT", "/provisioning/staff-scopes", item{"items": []item{{"person": "s-bert", "test": "T2", "rooms": []string{"hall 2"}}}})
		for _, c := range []struct{ who, query, want string }{
			{"planner", "", "z1 m4 m3 m2 m1"},
			{"planner", "?q=strasse", "m1"},
			{"planner", "?q=STRAẞE", "m1"},
			{"planner", "?room=hall%202", "m4 m3 m2"},
			{"planner", "?seat=a10&room=Hall+10", "m1"},
			{"planner", "?group=" + p1, "m2"},
			{"planner", "?group=" + p1 + "&group=" + s1, "m4 m2"},
			{"bert", "", "m4 m3 m2"},
			{"bert", "?group=" + p1, ""}, // he does not see the pool
		} {
			var list struct {
				Candidates []struct {
					External string `json:"external_id"`
				}
			}
			f.must(t, "north/"+c.who, "GET", "/tests/"+t2+"/candidates"+c.query, nil).into(t, &list)
			var got []string
			for _, p := range list.Candidates {
				got = append(got, p.External)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%s, %q: %v, want %s", c.who, c.query, got, c.want)
			}
		}
		to := item{"recipients": item{"filter": item{"group": []string{p1, s1}}}}
		var preview struct{ Counts struct{ Total int } }
		if f.must(t, "north/planner", "POST", "/tests/"+t2+"/broadcasts/preview", to).into(t, &preview); preview.Counts.Total != 2 {
			t.Errorf("the preview counts %d", preview.Counts.Total)
		}
		to["key"], to["subject"], to["body"] = "monitor-group-1", "s", "b"
		var sent struct {
			Broadcast struct {
				ID     string
				Counts struct{ Recipients int }
			}
		}
		if f.must(t, "north/planner", "POST", "/tests/"+t2+"/broadcasts", to).into(t, &sent); sent.Broadcast.Counts.Recipients != 2 {
			t.Errorf("the sending reaches %d", sent.Broadcast.Counts.Recipients)
		}
		if a := f.must(t, "north/planner", "GET", "/log?kind=broadcast.sent", nil); !strings.Contains(string(a.body), canary("north", "P1")) {
			t.Errorf("the log does not name the group: %s", a.body)
		}
	})
}

// TestScopeWarnings: a scope that nobody is in is stored, and named in the answer.
func TestScopeWarnings(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		a := f.must(t, "north/key", "PUT", "/provisioning/staff-scopes", item{"items": []item{
			{"person": "s-anna", "test": "T1", "rooms": []string{" a ", "Hall 9"}}, {"person": "s-bert", "test": "T2"},
		}})
		var out struct {
			Updated, Created int
			Warnings         []struct{ Field, Message string }
		}
		if a.into(t, &out); out.Updated != 1 || out.Created != 1 || len(out.Warnings) != 1 || out.Warnings[0].Field != "items[0].rooms" || !strings.Contains(out.Warnings[0].Message, "Hall 9") {
			t.Errorf("%s", a.body)
		}
		var list struct{ Total int }
		if f.must(t, "north/anna", "GET", "/tests/"+f.ids["north/T1"]+"/candidates", nil).into(t, &list); list.Total != 2 {
			t.Errorf("anna, of room A written as a, sees %d", list.Total)
		}
	})
}

// TestMovedAndFollowedUp: over the API, who of the people named cannot be reached is named and left out by choice;
// the board shows where they sit now and sat then, who was reminded, and why one may not remind; told is taken back.
func TestMovedAndFollowedUp(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		var people, in []item
		for i, id := range []string{"v1", "v2", "v3"} {
			people = append(people, item{"external_id": id, "kind": "candidate", "given_name": "Given", "family_name": id})
			in = append(in, item{"test": "T2", "person": id, "room": "Hall 1", "seat": "A" + string(rune('1'+i))})
		}
		f.must(t, "north/key", "PUT", "/provisioning/people", item{"items": people})
		f.must(t, "north/key", "PUT", "/provisioning/enrolments", item{"items": in})
		f.must(t, "north/key", "PUT", "/provisioning/staff-scopes", item{"items": []item{
			{"person": "s-anna", "test": "T2", "rooms": []string{"Hall 1"}}, {"person": "s-bert", "test": "T2", "rooms": []string{"Hall 2"}},
		}})
		t2 := f.ids["north/T2"]
		var list struct{ Candidates []struct{ ID string } }
		f.must(t, "north/anna", "GET", "/tests/"+t2+"/candidates", nil).into(t, &list)
		ids := []string{list.Candidates[0].ID, list.Candidates[1].ID, list.Candidates[2].ID}
		type sent struct {
			Broadcast struct {
				ID      string
				Merged  bool
				Counts  struct{ Recipients, Told int }
				LeftOut []struct {
					Name   string
					Reason struct{ Code string }
				} `json:"left_out"`
			}
		}
		var first, second, reminder, again sent
		send := item{"key": "moved-send-1", "subject": "s", "body": "b", "recipients": item{"people": ids}}
		f.must(t, "north/anna", "POST", "/tests/"+t2+"/broadcasts", send).into(t, &first)
		f.must(t, "north/key", "PUT", "/provisioning/enrolments", item{"items": []item{{"test": "T2", "person": "v1", "room": "Hall 2", "seat": "B3"}}})

		send["key"] = "moved-send-2"
		a := f.call(t, "north/anna", "POST", "/tests/"+t2+"/broadcasts", send)
		if a.status != 422 || !strings.Contains(string(a.body), `"recipients.people[0]"`) || !strings.Contains(string(a.body), "Given v1: sits in a room") || strings.Contains(string(a.body), ids[0]) {
			t.Errorf("%d %s", a.status, a.body)
		}
		send["leave_out"] = true
		f.must(t, "north/anna", "POST", "/tests/"+t2+"/broadcasts", send).into(t, &second)
		if b := second.Broadcast; b.Counts.Recipients != 2 || len(b.LeftOut) != 1 || b.LeftOut[0].Name != "Given v1" || b.LeftOut[0].Reason.Code != "room" {
			t.Errorf("%+v", b)
		}
		board := "/broadcasts/" + first.Broadcast.ID
		var rows struct {
			Recipients []struct {
				Room, Seat    string
				Was           *struct{ Room, Seat string }
				Reminded      *struct{ By string }
				Blocked, Told *struct{ Code, By string }
			}
		}
		f.must(t, "north/bert", "GET", board+"/recipients", nil).into(t, &rows)
		if len(rows.Recipients) != 1 || rows.Recipients[0].Seat != "B3" || rows.Recipients[0].Was == nil || rows.Recipients[0].Was.Seat != "A1" || rows.Recipients[0].Blocked != nil {
			t.Errorf("%+v", rows.Recipients)
		}
		f.must(t, "north/anna", "POST", board+"/remind", item{"key": "moved-remind-1", "missing": "displayed"}).into(t, &reminder)
		if b := reminder.Broadcast; b.Counts.Recipients != 2 || len(b.LeftOut) != 1 || b.LeftOut[0].Reason.Code != "room" {
			t.Errorf("%+v", b)
		}
		a = f.call(t, "north/anna", "POST", board+"/remind", item{"key": "moved-remind-2", "missing": "displayed"})
		if a.into(t, &again); a.status != 200 || !again.Broadcast.Merged || again.Broadcast.ID != reminder.Broadcast.ID {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := f.call(t, "north/anna", "POST", board+"/told", item{"people": ids[:1]}); a.status != 422 {
			t.Errorf("anna notes for who moved: %d %s", a.status, a.body)
		}
		f.must(t, "north/bert", "POST", board+"/told", item{"people": ids[:1]})
		f.must(t, "north/bert", "POST", board+"/told/undo", item{"people": ids[:1]}).into(t, &rows)
		if len(rows.Recipients) != 1 || rows.Recipients[0].Told != nil {
			t.Errorf("%+v", rows.Recipients)
		}
		if log := f.must(t, "north/planner", "GET", "/log?kind=broadcast.untold", nil); !strings.Contains(string(log.body), "Took back") {
			t.Errorf("%s", log.body)
		}
		f.must(t, "north/anna", "GET", board+"/recipients", nil).into(t, &rows)
		for _, r := range rows.Recipients {
			if moved := r.Room == "Hall 2"; moved != (r.Reminded == nil) || moved != (r.Blocked != nil) {
				t.Errorf("%+v", r)
			}
		}
	})
}

// TestWarnings: two on one seat, candidates without a room, rooms without an invigilator.
func TestWarnings(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		f.must(t, "north/key", "PUT", "/provisioning/tests", item{"items": []item{{"external_id": "W1", "name": "Warned"}}})
		var people, in []item
		for _, c := range []struct{ id, room, seat, progress string }{
			{"w1", "Hall A", "a1", "in_progress"}, {"w2", "Hall A", "A1", "not_started"}, {"w3", "Hall A", "A1", "submitted"},
			{"w4", "Hall B", "A1", "in_progress"}, {"w5", "", "", "in_progress"}, {"w6", "", "", "submitted"},
		} {
			people = append(people, item{"external_id": c.id, "kind": "candidate", "given_name": c.id, "family_name": "W"})
			in = append(in, item{"test": "W1", "person": c.id, "room": c.room, "seat": c.seat, "progress": c.progress})
		}
		f.must(t, "north/key", "PUT", "/provisioning/people", item{"items": people})
		f.must(t, "north/key", "PUT", "/provisioning/enrolments", item{"items": in})
		f.must(t, "north/key", "PUT", "/provisioning/staff-scopes", item{"items": []item{{"person": "s-anna", "test": "W1", "rooms": []string{"Hall A"}}}})
		var list struct{ Tests []struct{ ID, Name string } }
		f.must(t, "north/planner", "GET", "/tests", nil).into(t, &list)
		id := ""
		for _, one := range list.Tests {
			if one.Name == "Warned" {
				id = one.ID
			}
		}
		seats := `"double_seats":[{"room":"Hall A","seat":"a1","candidates":2}]`
		for who, want := range map[string]string{
			"planner": `"warnings":{` + seats + `,"without_room":1,"unattended":["Hall B"]}`,
			"anna":    `"warnings":{` + seats + `,"without_room":0,"unattended":[]}`,
		} {
			if a := f.must(t, "north/"+who, "GET", "/tests/"+id, nil); !strings.Contains(string(a.body), want) && !strings.Contains(string(a.body), strings.Replace(want, `"a1"`, `"A1"`, 1)) {
				t.Errorf("%s: %s, want %s", who, a.body, want)
			}
		}
		f.must(t, "north/key", "PUT", "/provisioning/staff-scopes", item{"items": []item{{"person": "s-bert", "test": "W1"}}})
		if a := f.must(t, "north/planner", "GET", "/tests/"+id, nil); !strings.Contains(string(a.body), `"unattended":[]`) {
			t.Errorf("%s", a.body)
		}
	})
}
