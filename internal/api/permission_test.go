package api_test

import (
	"strings"
	"testing"

	"crier/internal/domain"
)

// who is one of each role, with the role that the permission table knows.
var who = map[string]domain.Role{
	"admin": domain.RoleAdmin, "planner": domain.RolePlanner, "chief": domain.RoleChiefInvigilator, "anna": domain.RoleInvigilator,
	"coordinator": domain.RoleCoordinator, "a1": domain.RoleCandidate, "key": domain.RoleIntegration,
}

// TestPermissionMatrix asks every address as every role: the answer is 401 without a
// sign-in, 403 where the permission table says no, else success.
func TestPermissionMatrix(t *testing.T) {
	f := start(t, nil)
	t1 := f.ids["north/T1"]
	sent := func(key string) string {
		var out struct{ Broadcast struct{ ID string } }
		f.must(t, "north/planner", "POST", "/tests/"+t1+"/broadcasts", item{"key": "matrix-" + key, "subject": "s", "body": "b", "recipients": item{"people": []string{f.ids["north/a1"]}}}).into(t, &out)
		return out.Broadcast.ID
	}
	id := sent("first")
	var log struct{ Entries []struct{ ID string } }
	f.must(t, "north/planner", "GET", "/log?kind=broadcast.sent", nil).into(t, &log)
	var key struct{ Key struct{ ID string } }

	for _, c := range []struct {
		method, path string
		action       domain.Action
		body         func(role string) any
	}{
		{"GET", "/tests", domain.ActExamView, nil},
		{"GET", "/tests/" + t1, domain.ActExamView, nil},
		{"GET", "/tests/" + t1 + "/candidates", domain.ActExamView, nil},
		{"POST", "/tests/" + t1 + "/broadcasts/preview", domain.ActBroadcastSend, func(string) any { return item{"recipients": item{"filter": item{}}} }},
		{"POST", "/tests/" + t1 + "/broadcasts", domain.ActBroadcastSend, func(role string) any {
			return item{"key": "matrix-send-" + role, "subject": "s", "body": "b", "recipients": item{"filter": item{}}}
		}},
		{"GET", "/tests/" + t1 + "/broadcasts", domain.ActBroadcastView, nil},
		{"GET", "/broadcasts/" + id, domain.ActBroadcastView, nil},
		{"GET", "/broadcasts/" + id + "/recipients", domain.ActBroadcastView, nil},
		{"POST", "/broadcasts/" + id + "/remind", domain.ActBroadcastSend, func(role string) any { return item{"key": "matrix-remind-" + role, "missing": "displayed"} }},
		{"GET", "/log", domain.ActRecordView, nil},
		{"GET", "/log/" + log.Entries[0].ID, domain.ActRecordView, nil},
		{"GET", "/log.csv", domain.ActRecordView, nil},
		{"GET", "/log/verify", domain.ActRecordAll, nil},
		{"GET", "/dashboard", domain.ActInboxRead, nil},
		{"GET", "/inbox", domain.ActInboxRead, nil},
		{"PUT", "/provisioning/people", domain.ActProvision, func(string) any {
			return item{"items": []item{{"external_id": "new", "kind": "candidate", "given_name": "New", "family_name": "Person"}}}
		}},
		{"PUT", "/provisioning/tests", domain.ActProvision, func(string) any { return item{"items": []item{{"external_id": "T3", "name": "T3"}}} }},
		{"PUT", "/provisioning/enrolments", domain.ActProvision, func(string) any { return item{"items": []item{{"test": "T2", "person": "z1"}}} }},
		{"PUT", "/provisioning/staff-scopes", domain.ActProvision, func(string) any {
			return item{"items": []item{{"person": "s-bert", "test": "T1", "rooms": []string{"B"}}}}
		}},
		{"POST", "/provisioning/progress", domain.ActProvision, func(string) any {
			return item{"items": []item{{"test": "T1", "person": "b2", "progress": "in_progress"}}}
		}},
		{"POST", "/provisioning/tickets", domain.ActProvision, func(string) any { return item{"people": []string{"a1"}} }},
		{"POST", "/tickets", domain.ActSocketOpen, nil},
		{"GET", "/api-keys", domain.ActPeopleManage, nil},
		{"DELETE", "/people/" + f.ids["north/b2"] + "/sessions", domain.ActPeopleManage, nil},
		{"POST", "/broadcasts/" + id + "/told", domain.ActBroadcastSend, func(string) any { return item{"people": []string{f.ids["north/a1"]}, "note": "at the desk"} }},
	} {
		body := func(role string) any {
			if c.body == nil {
				return nil
			}
			return c.body(role)
		}
		if a := f.call(t, "", c.method, c.path, body("nobody")); a.status != 401 {
			t.Errorf("%s %s without signing in: %d %s", c.method, c.path, a.status, a.body)
		}
		for name, role := range who {
			a := f.call(t, "north/"+name, c.method, c.path, body(name))
			allowed := domain.ReachOf(role, c.action) > domain.ReachNone && !(role == domain.RoleIntegration && c.path == "/api-keys") // a key makes no keys
			switch {
			case allowed && a.status >= 300:
				t.Errorf("%s %s as %s: %d %s; the table allows it", c.method, c.path, role, a.status, a.body)
			case !allowed && a.status != 403:
				t.Errorf("%s %s as %s: %d %s; want 403", c.method, c.path, role, a.status, a.body)
			}
		}
	}

	// What leaves something behind is asked once per role that may.
	for name, role := range who {
		a := f.call(t, "north/"+name, "POST", "/api-keys", item{"name": "made by " + name})
		if allowed := role == domain.RoleAdmin; allowed != (a.status == 201) {
			t.Errorf("POST /api-keys as %s: %d %s", role, a.status, a.body)
		} else if allowed {
			a.into(t, &key)
			f.must(t, "north/"+name, "DELETE", "/api-keys/"+key.Key.ID, nil)
		}
	}
}

// TestScopes: an invigilator reaches the own rooms of the own tests, a chief the whole
// of the own tests, and nobody learns that more exists.
func TestScopes(t *testing.T) {
	f := start(t, nil)
	t1, t2 := f.ids["north/T1"], f.ids["north/T2"]
	for _, c := range []struct {
		who, test string
		status    int
		total     int
	}{
		{"anna", t1, 200, 2}, {"bert", t1, 200, 2}, {"chief", t1, 200, 4}, {"planner", t1, 200, 4}, {"planner", t2, 200, 1},
		{"anna", t2, 404, 0}, {"chief", t2, 404, 0}, {"anna", "no-such-test", 404, 0},
	} {
		a := f.call(t, "north/"+c.who, "GET", "/tests/"+c.test+"/candidates", nil)
		var page struct{ Total int }
		a.into(t, &page)
		if a.status != c.status || page.Total != c.total {
			t.Errorf("%s sees %d candidates of %s (%d), want %d (%d)", c.who, page.Total, c.test, a.status, c.total, c.status)
		}
	}
	var list struct{ Tests []struct{ ID string } }
	f.must(t, "north/anna", "GET", "/tests", nil).into(t, &list)
	if len(list.Tests) != 1 || list.Tests[0].ID != t1 {
		t.Errorf("anna's tests: %+v", list.Tests)
	}

	// A sending of the chief to all rooms, seen by anna, is one to room A.
	var out struct{ Broadcast struct{ ID string } }
	f.must(t, "north/chief", "POST", "/tests/"+t1+"/broadcasts", item{"key": "scopes-chief", "subject": "s", "body": "b", "recipients": item{"filter": item{}}}).into(t, &out)
	a := f.must(t, "north/anna", "GET", "/broadcasts/"+out.Broadcast.ID+"/recipients", nil)
	if strings.Contains(string(a.body), canary("north", "b1")) || !strings.Contains(string(a.body), canary("north", "a1")) {
		t.Errorf("anna's board of it: %s", a.body)
	}
	// One to room B alone does not exist for her.
	f.must(t, "north/bert", "POST", "/tests/"+t1+"/broadcasts", item{"key": "scopes-bert", "subject": "for B", "body": "b", "recipients": item{"filter": item{}}}).into(t, &out)
	if a := f.call(t, "north/anna", "GET", "/broadcasts/"+out.Broadcast.ID, nil); a.status != 404 {
		t.Errorf("anna sees a sending to room B: %d %s", a.status, a.body)
	}
	if a := f.must(t, "north/anna", "GET", "/log", nil); strings.Contains(string(a.body), "for B") || strings.Contains(string(a.body), canary("north", "b1")) {
		t.Errorf("anna's log: %s", a.body)
	}
}

// TestOrganisationsAreSeparate: nothing of the south appears in any answer to anyone
// of the north, and the south's ids open nothing there.
func TestOrganisationsAreSeparate(t *testing.T) {
	f := start(t, nil)
	send := func(slug string) string {
		var out struct{ Broadcast struct{ ID string } }
		f.must(t, slug+"/planner", "POST", "/tests/"+f.ids[slug+"/T1"]+"/broadcasts", item{"key": "separate-1", "subject": canary(slug, "subject"), "body": canary(slug, "body"), "recipients": item{"filter": item{}}}).into(t, &out)
		return out.Broadcast.ID
	}
	north, south := send("north"), send("south")
	south1 := f.ids["south/T1"]
	var log struct{ Entries []struct{ ID string } }
	f.must(t, "south/planner", "GET", "/log", nil).into(t, &log)

	for name := range who {
		as := "north/" + name
		for _, path := range []string{
			"/session", "/tests", "/tests/" + f.ids["north/T1"], "/tests/" + f.ids["north/T1"] + "/candidates", "/tests/" + f.ids["north/T1"] + "/broadcasts",
			"/broadcasts/" + north, "/broadcasts/" + north + "/recipients", "/log", "/log.csv", "/dashboard", "/inbox", "/api-keys",
			"/tests/" + south1, "/tests/" + south1 + "/candidates", "/tests/" + south1 + "/broadcasts", "/broadcasts/" + south, "/broadcasts/" + south + "/recipients",
			"/log/" + log.Entries[0].ID, "/inbox?test=" + south1, "/log?test=" + south1,
		} {
			a := f.call(t, as, "GET", path, nil)
			if strings.Contains(string(a.body), "SOUTH") {
				t.Errorf("GET %s as %s tells of the south: %s", path, as, a.body)
			}
			if foreign := strings.Contains(path, "/"+south1) || strings.Contains(path, south) || strings.Contains(path, log.Entries[0].ID); foreign && a.status < 400 {
				t.Errorf("GET %s as %s: %d %s", path, as, a.status, a.body)
			}
		}
		a := f.call(t, as, "POST", "/tests/"+south1+"/broadcasts", item{"key": "separate-" + name, "subject": "s", "body": "b", "recipients": item{"filter": item{}}})
		if a.status != 404 && a.status != 403 {
			t.Errorf("%s sends to the south: %d %s", as, a.status, a.body)
		}
		a = f.call(t, as, "POST", "/tests/"+f.ids["north/T1"]+"/broadcasts", item{"key": "separate-p-" + name, "subject": "s", "body": "b", "recipients": item{"people": []string{f.ids["south/a1"]}}})
		if a.status < 400 {
			t.Errorf("%s sends to a candidate of the south: %d %s", as, a.status, a.body)
		}
	}
	// A candidate sees their own messages and no one else's name.
	a := f.must(t, "north/a1", "GET", "/inbox", nil)
	if !strings.Contains(string(a.body), canary("north", "body")) {
		t.Errorf("a1's inbox lacks the message: %s", a.body)
	}
	for id := range seats {
		if id != "a1" && strings.Contains(string(a.body), canary("north", id)) {
			t.Errorf("a1's inbox names %s: %s", id, a.body)
		}
	}
	// The log of the server holds no text, name, address or secret of anyone.
	logs := f.logs.String()
	for _, secret := range []string{canary("north", "body"), canary("south", "subject"), canary("north", "a1"), password, f.tokens["north/key"], f.token(t, "north/a1")} {
		if strings.Contains(logs, secret) {
			t.Errorf("the server's log holds %q", secret)
		}
	}
}
