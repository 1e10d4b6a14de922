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
