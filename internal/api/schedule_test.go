package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"crier/internal/app"
	"crier/internal/clock"
	"crier/internal/limit"
)

// crewed adds to each organisation a pool P, a shift S tomorrow, a past shift OLD and one without times,
// with a1 and a2 in them; the coordinator works in P and S.
func crewed(t *testing.T, f *fixture) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Hour)
	for _, slug := range []string{"north", "south"} {
		as := slug + "/key"
		f.must(t, as, "PUT", "/provisioning/groups", item{"items": []item{
			{"external_id": "P", "kind": "pool", "name": canary(slug, "P")},
			{"external_id": "S", "kind": "activity", "name": canary(slug, "S"), "starts_at": now.Add(24 * time.Hour), "ends_at": now.Add(29 * time.Hour), "place": "Hall A"},
			{"external_id": "OLD", "kind": "activity", "name": canary(slug, "OLD"), "starts_at": now.Add(-29 * time.Hour), "ends_at": now.Add(-24 * time.Hour)},
		}})
		f.must(t, as, "PUT", "/provisioning/enrolments", item{"items": []item{
			{"group": "P", "kind": "pool", "person": "a1"}, {"group": "P", "kind": "pool", "person": "a2"},
			{"group": "S", "kind": "activity", "person": "a1"}, {"group": "S", "kind": "activity", "person": "a2", "state": "waiting_list"},
			{"group": "OLD", "kind": "activity", "person": "a1"},
		}})
		f.must(t, as, "PUT", "/provisioning/staff-scopes", item{"items": []item{
			{"group": "P", "kind": "pool", "person": "s-coordinator"}, {"group": "S", "kind": "activity", "person": "s-coordinator"},
		}})
		var list struct {
			Groups []struct {
				ID       string
				External string `json:"external_id"`
			}
		}
		f.must(t, as, "GET", "/groups", nil).into(t, &list)
		for _, g := range list.Groups {
			f.ids[slug+"/"+g.External] = g.ID
		}
	}
}

type scheduleAnswer struct {
	Assignments []struct {
		Group          struct{ ID, Kind, Name string }
		State          string
		Reported, Over bool
	}
	Unavailable []struct {
		ID    string
		Group *struct{ ID string }
	}
}

func (f *fixture) schedule(t *testing.T, who string) (out scheduleAnswer) {
	t.Helper()
	f.must(t, who, "GET", "/schedule", nil).into(t, &out)
	return out
}

// TestUnavailable: a worker reports that they cannot come; the coordinator sees it in the conversation, deletes the
// assignment from there and sets them unavailable, undoes that, and does it for good.
func TestUnavailable(t *testing.T) {
	f := start(t, nil)
	crewed(t, f)
	shift, a1 := f.ids["north/S"], f.ids["north/a1"]

	got := f.schedule(t, "north/a1")
	if len(got.Assignments) != 4 || len(got.Unavailable) != 0 {
		t.Fatalf("a1's schedule: %+v", got)
	}
	report := item{"key": "report-01", "body": "My train is cancelled."}
	first := f.must(t, "north/a1", "POST", "/schedule/"+shift+"/unavailable", report)
	again := f.must(t, "north/a1", "POST", "/schedule/"+shift+"/unavailable", report)
	if first.status != 201 || again.status != 200 {
		t.Errorf("reported with %d, again with %d", first.status, again.status)
	}
	f.must(t, "north/a2", "POST", "/schedule/"+shift+"/question", item{"key": "question-1", "body": "Where do we meet?"})

	var talk struct {
		Items []struct {
			ID, Type, Event, Body string
			About                 *struct {
				Kind, State, Deletion string
				Group                 struct{ ID, Name string }
			}
		}
	}
	read := func() {
		t.Helper()
		talk.Items = nil
		f.must(t, "north/coordinator", "GET", "/conversations/"+a1, nil).into(t, &talk)
	}
	read()
	if len(talk.Items) != 1 || talk.Items[0].About == nil || talk.Items[0].About.Kind != "unavailable" || talk.Items[0].About.Group.ID != shift || talk.Items[0].About.State != "assigned" {
		t.Fatalf("the coordinator reads %+v", talk)
	}
	message := talk.Items[0].ID

	remove := func(who, group, person string, body any) answer {
		return f.call(t, "north/"+who, "POST", "/groups/"+group+"/assignments/"+person+"/delete", body)
	}
	var deleted struct {
		Deletion struct{ ID, Unavailable string }
	}
	a := remove("coordinator", shift, a1, item{"set_unavailable": true, "message": message})
	if a.status != 200 {
		t.Fatalf("delete: %d %s", a.status, a.body)
	}
	a.into(t, &deleted)
	got = f.schedule(t, "north/a1")
	if len(got.Assignments) != 3 || len(got.Unavailable) != 1 || got.Unavailable[0].Group.ID != shift || got.Unavailable[0].ID != deleted.Deletion.Unavailable {
		t.Errorf("after the deletion: %+v", got)
	}
	read()
	if len(talk.Items) != 2 || talk.Items[0].Event != "assignment_deleted" || talk.Items[1].About.State != "left" || talk.Items[1].About.Deletion != deleted.Deletion.ID {
		t.Errorf("the conversation after it: %+v", talk)
	}
	if a := remove("coordinator", shift, a1, item{}); a.status != 409 || a.refused(t).Error.Field != "group" {
		t.Errorf("deleted twice: %d %s", a.status, a.body)
	}

	undo := "/deletions/" + deleted.Deletion.ID + "/undo"
	f.must(t, "north/coordinator", "POST", undo, nil)
	got = f.schedule(t, "north/a1")
	if len(got.Assignments) != 4 || len(got.Unavailable) != 0 {
		t.Errorf("after the undoing: %+v", got)
	}
	if a := f.call(t, "north/coordinator", "POST", undo, nil); a.status != 409 {
		t.Errorf("undone twice: %d %s", a.status, a.body)
	}
	remove("coordinator", shift, a1, item{"set_unavailable": true}).into(t, &deleted)
	if a := f.call(t, "north/coordinator", "POST", undo, nil); a.status != 409 {
		t.Errorf("an old deletion undone after a new one: %d %s", a.status, a.body)
	}
	f.must(t, "north/coordinator", "DELETE", "/people/"+a1+"/unavailable/"+deleted.Deletion.Unavailable, nil)
	if got = f.schedule(t, "north/a1"); len(got.Unavailable) != 0 || len(got.Assignments) != 3 {
		t.Errorf("available again: %+v", got)
	}

	var log struct{ Entries []struct{ Kind string } }
	f.must(t, "north/planner", "GET", "/log?kind=assignment.deleted&kind=assignment.restored&kind=unavailability.removed", nil).into(t, &log)
	if len(log.Entries) != 4 {
		t.Errorf("%d of 4 entries: %+v", len(log.Entries), log)
	}
	var sum struct{ OK bool }
	f.must(t, "north/planner", "GET", "/log/verify", nil).into(t, &sum)
	if !sum.OK {
		t.Error("the chain of hashes is broken")
	}
}

// TestAssignmentsRefuse: what cannot be asked, reported or deleted, by whom, and why.
func TestAssignmentsRefuse(t *testing.T) {
	// Writers' time stands still, so that a slow machine does not refill their budget.
	f := start(t, nil, app.Options{Writers: limit.For(limit.NewLocal(clock.NewFixed(time.Now())), limit.Messages)})
	crewed(t, f)
	shift, a1 := f.ids["north/S"], f.ids["north/a1"]
	others := map[string]string{"staff": f.write(t, "north/planner", "a1", "About nothing", item{"group": f.ids["north/P"]})}
	newest := func(person string) string {
		t.Helper()
		var talk struct{ Items []struct{ ID string } }
		f.must(t, "north/planner", "GET", "/conversations/"+f.ids["north/"+person]+"?limit=1", nil).into(t, &talk)
		return talk.Items[0].ID
	}
	f.must(t, "north/a1", "POST", "/inbox/messages", item{"key": "plain-0001", "body": "Fine", "group": f.ids["north/P"]})
	others["plain"] = newest("a1")
	f.must(t, "north/a1", "POST", "/schedule/"+f.ids["north/OLD"]+"/question", item{"key": "other-0001", "body": "And my pay?"})
	others["a1 OLD"] = newest("a1")
	f.must(t, "north/a2", "POST", "/schedule/"+shift+"/question", item{"key": "other-0002", "body": "And me?"})
	others["a2"] = newest("a2")
	for i, c := range []struct {
		who, method, path string
		body              item
		status            int
		field             string
	}{
		{"a1", "POST", "/schedule/" + f.ids["north/OLD"] + "/unavailable", item{"key": "refuse-01"}, 409, "group"},
		{"b1", "POST", "/schedule/" + shift + "/unavailable", item{"key": "refuse-02"}, 404, ""},
		{"a1", "POST", "/schedule/" + f.ids["north/P"] + "/question", item{"key": "refuse-03", "body": "b"}, 404, ""},
		{"a1", "POST", "/schedule/" + f.ids["south/S"] + "/question", item{"key": "refuse-04", "body": "b"}, 404, ""},
		{"a1", "POST", "/schedule/" + shift + "/question", item{"key": "refuse-05", "body": " "}, 422, "body"},
		{"a1", "POST", "/schedule/" + shift + "/question", item{"key": "refuse-06", "body": strings.Repeat("x", 4001)}, 422, "body"},
		{"a1", "POST", "/schedule/" + shift + "/question", item{"key": "short", "body": "b"}, 422, "key"},
		{"coordinator", "POST", "/schedule/" + shift + "/question", item{"key": "refuse-07", "body": "b"}, 403, ""},
		{"a1", "POST", "/groups/" + shift + "/assignments/" + a1 + "/delete", item{}, 403, ""},
		{"anna", "POST", "/groups/" + shift + "/assignments/" + a1 + "/delete", item{}, 403, ""},
		{"coordinator", "POST", "/groups/" + f.ids["north/OLD"] + "/assignments/" + a1 + "/delete", item{}, 404, ""}, // not hers
		{"coordinator", "POST", "/groups/" + f.ids["north/T2"] + "/assignments/" + f.ids["north/z1"] + "/delete", item{}, 404, ""},
		{"coordinator", "POST", "/groups/" + f.ids["north/P"] + "/assignments/" + a1 + "/delete", item{}, 404, ""}, // a pool is no assignment
		{"coordinator", "POST", "/groups/" + shift + "/assignments/" + f.ids["north/b1"] + "/delete", item{}, 404, ""},
		{"planner", "POST", "/groups/" + f.ids["south/S"] + "/assignments/" + f.ids["south/a1"] + "/delete", item{}, 404, ""},
		{"planner", "POST", "/groups/" + f.ids["north/T2"] + "/assignments/" + f.ids["north/z1"] + "/delete", item{"set_unavailable": true}, 422, "set_unavailable"},
		{"planner", "POST", "/groups/" + shift + "/assignments/" + a1 + "/delete", item{"message": "nonsense"}, 422, "message"},
		{"planner", "POST", "/groups/" + shift + "/assignments/" + a1 + "/delete", item{"message": others["a2"]}, 422, "message"},     // another candidate's
		{"planner", "POST", "/groups/" + shift + "/assignments/" + a1 + "/delete", item{"message": others["a1 OLD"]}, 422, "message"}, // of another assignment
		{"planner", "POST", "/groups/" + shift + "/assignments/" + a1 + "/delete", item{"message": others["staff"]}, 422, "message"},  // what we wrote
		{"planner", "POST", "/groups/" + shift + "/assignments/" + a1 + "/delete", item{"message": others["plain"]}, 422, "message"},  // about nothing
		{"planner", "POST", "/deletions/nonsense/undo", nil, 404, ""},
		{"planner", "DELETE", "/people/" + a1 + "/unavailable/nothing", nil, 404, ""},
	} {
		var body any
		if c.body != nil {
			body = c.body
		}
		a := f.call(t, "north/"+c.who, c.method, c.path, body)
		if a.status != c.status || c.field != "" && a.refused(t).Error.Field != c.field {
			t.Errorf("%d: %s %s by %s: %d %s, want %d %s", i, c.method, c.path, c.who, a.status, a.body, c.status, c.field)
		}
	}
	if got := f.schedule(t, "north/a1"); len(got.Assignments) != 4 {
		t.Errorf("a refusal changed the schedule: %+v", got)
	}

	// A locked account reports nothing; closed replies stop no question.
	f.must(t, "north/admin", "PATCH", "/settings", item{"replies_closed": true})
	f.must(t, "north/a2", "POST", "/schedule/"+shift+"/question", item{"key": "closed-01", "body": "May I still ask?"})
	for i := range 12 {
		a := f.call(t, "north/a2", "POST", "/schedule/"+shift+"/question", item{"key": fmt.Sprintf("flood-%03d", i), "body": "again"})
		if a.status == 429 {
			return
		}
	}
	t.Error("13 questions in a row were taken")
}

// TestUnavailableElsewhere: that somebody is unavailable for a shift is for those to end who work there, not for
// whoever sees the person in another group alone.
func TestUnavailableElsewhere(t *testing.T) {
	f := start(t, nil)
	crewed(t, f)
	var deleted struct {
		Deletion struct{ ID, Unavailable string }
	}
	a1, a2 := f.ids["north/a1"], f.ids["north/a2"]
	f.must(t, "north/coordinator", "POST", "/groups/"+f.ids["north/S"]+"/assignments/"+a1+"/delete", item{"set_unavailable": true}).into(t, &deleted)
	at := "/unavailable/" + deleted.Deletion.Unavailable
	scope := func(remove bool) {
		t.Helper()
		f.must(t, "north/key", "PUT", "/provisioning/staff-scopes", item{"items": []item{{"group": "S", "kind": "activity", "person": "s-coordinator", "remove": remove}}})
	}
	scope(true)
	if a := f.call(t, "north/coordinator", "DELETE", "/people/"+a1+at, nil); a.status != 404 {
		t.Errorf("who works elsewhere: %d %s", a.status, a.body)
	}
	scope(false)
	if a := f.call(t, "north/coordinator", "DELETE", "/people/"+a2+at, nil); a.status != 404 {
		t.Errorf("as another's: %d %s", a.status, a.body)
	}
	f.must(t, "north/coordinator", "DELETE", "/people/"+a1+at, nil)
	f.must(t, "north/coordinator", "POST", "/deletions/"+deleted.Deletion.ID+"/undo", nil) // the shift is given back all the same
	if got := f.schedule(t, "north/a1"); len(got.Unavailable) != 0 || len(got.Assignments) != 4 {
		t.Errorf("%+v", got)
	}
}

// TestReportAgain: whoever did not hear that their report was stored asks again under the same
// key, and gets the same answer although the assignment was deleted in between, or their budget
// is spent.
func TestReportAgain(t *testing.T) {
	f := start(t, nil, app.Options{Writers: limit.For(limit.NewLocal(clock.NewFixed(time.Now())), limit.Messages)})
	crewed(t, f)
	shift, a1 := f.ids["north/S"], f.ids["north/a1"]
	to := "/schedule/" + shift + "/unavailable"
	report := item{"key": "report-01", "body": "My train is cancelled."}
	first := f.must(t, "north/a1", "POST", to, report)
	for i := range 9 {
		f.must(t, "north/a1", "POST", "/schedule/"+shift+"/question", item{"key": fmt.Sprintf("question-%d", i), "body": "b"})
	}
	if a := f.call(t, "north/a1", "POST", "/schedule/"+shift+"/question", item{"key": "question-9", "body": "b"}); a.status != 429 {
		t.Fatalf("the eleventh: %d %s", a.status, a.body)
	}
	if again := f.call(t, "north/a1", "POST", to, report); again.status != 200 || string(again.body) != string(first.body) {
		t.Errorf("again without budget: %d %s, want %s", again.status, again.body, first.body)
	}
	f.must(t, "north/coordinator", "POST", "/groups/"+shift+"/assignments/"+a1+"/delete", item{})
	if again := f.call(t, "north/a1", "POST", to, report); again.status != 200 || string(again.body) != string(first.body) {
		t.Errorf("again after the deletion: %d %s, want %s", again.status, again.body, first.body)
	}
	if other := f.call(t, "north/a1", "POST", to, item{"key": "report-01", "body": "Another"}); other.status != 409 || other.refused(t).Error.Field != "key" {
		t.Errorf("another under the key: %d %s", other.status, other.body)
	}
	if other := f.call(t, "north/a1", "POST", to, item{"key": "report-02", "body": "Another"}); other.status != 404 {
		t.Errorf("a new one: %d %s", other.status, other.body)
	}
}
