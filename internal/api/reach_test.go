package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crier/internal/config"
	"crier/internal/testkit"
)

// databases runs a test on the embedded database and on PostgreSQL.
func databases(t *testing.T, test func(t *testing.T, f *fixture)) {
	t.Run("sqlite", func(t *testing.T) { test(t, start(t, nil)) })
	t.Run("postgres", func(t *testing.T) {
		dsn := testkit.Postgres(t)
		test(t, start(t, func(c *config.Config) { c.Database = dsn }))
	})
}

// TestReachOfEachContext puts a canary into every kind of thing that is known of a1, who sits T1
// in room A and is in a pool and a shift, asks every address as every role for every id, listens to
// their sockets, and holds what comes against who may see it.
func TestReachOfEachContext(t *testing.T) {
	databases(t, func(t *testing.T, f *fixture) {
		f.openReplies(t, "north")
		a1, a2, t1, p1 := f.ids["north/a1"], f.ids["north/a2"], f.ids["north/T1"], f.ids["north/P1"]
		f.must(t, "north/key", "PUT", "/provisioning/people", item{"items": []item{{"external_id": "a1", "kind": "candidate", "given_name": "a1", "family_name": canary("north", "a1"),
			"email": "mailcanary@example.org", "phone": "+4740612345", "address": "Streetcanary 1", "city": "Citycanary", "postcode": "PCCAN", "tags": []string{"tagcanary"},
			"fields": item{"medical": "medicalcanary", "licence": "licencecanary", "secret": "secretcanary"}}}})
		f.must(t, "north/admin", "PATCH", "/settings", item{"field_visibility": item{"licence": "staff", "secret": "admins"}})

		roles := []string{"admin", "planner", "coordinator", "chief", "anna", "bert"}
		sockets := map[string]*listener{}
		for _, r := range roles {
			sockets[r] = f.listen(t, "north/"+r)
		}
		note := func(as, key, body string, more item) {
			in := item{"key": key, "body": body}
			for k, v := range more {
				in[k] = v
			}
			f.must(t, "north/"+as, "POST", "/conversations/"+a1+"/notes", in)
		}
		note("coordinator", "reach-note-pool", "poolnotecanary", item{"group": p1, "mentions": []string{f.staffID(t, "north", "planner")}})
		note("coordinator", "reach-note-none", "loosenotecanary", nil)
		note("anna", "reach-note-test", "testnotecanary", nil)
		f.write(t, "north/coordinator", "a1", "poolcanary", item{"group": p1})
		f.reply(t, "a1", "poolreplycanary", item{"group": p1})
		f.write(t, "north/planner", "a1", "loosecanary")
		f.write(t, "north/anna", "a1", "testcanary", item{"group": t1})
		f.reply(t, "a1", "testreplycanary", item{"group": t1})
		file := f.upload(t, "north/coordinator", "/conversations/"+a1)
		f.write(t, "north/coordinator", "a1", "filecanary", item{"group": p1, "attachments": []string{file}, "channels": []string{"email"}})
		f.must(t, "north/planner", "POST", "/broadcasts", item{"key": "reach-many-0001", "subject": "manycanary", "body": "b", "group": p1, "recipients": item{"people": []string{a1}}})
		f.must(t, "north/planner", "POST", "/broadcasts", item{"key": "reach-many-0002", "subject": "loosemanycanary", "body": "b", "recipients": item{"people": []string{a1}}})

		inTest := []string{"testnotecanary", "testcanary", "testreplycanary"}
		// Of a1 those see it who are named; bert, of the other room, sees nothing of a1.
		conversation := []string{"admin", "planner", "coordinator"}
		seenBy := map[string][]string{"tagcanary": {"admin", "planner", "coordinator", "chief", "anna"}, "licencecanary": {"admin", "planner", "coordinator", "chief", "anna"},
			"secretcanary": {"admin"}}
		for _, c := range []string{"poolnotecanary", "loosenotecanary", "poolcanary", "poolreplycanary", "loosecanary", "filecanary", "manycanary", "loosemanycanary", "mailcanary", "40612345",
			"Streetcanary", "Citycanary", "PCCAN", "medicalcanary", file} {
			seenBy[c] = conversation
		}
		for _, c := range inTest {
			seenBy[c] = []string{"admin", "planner", "coordinator", "chief", "anna"}
		}
		// Everyone is asked for the ids that the planner knows.
		ids := map[string]bool{a1: true, a2: true, t1: true, p1: true, file: true}
		for _, path := range []string{"/conversations", "/conversations/" + a1, "/conversations/" + a1 + "/attachments"} {
			for _, id := range quotedIDs(string(f.call(t, "north/planner", "GET", path, nil).body)) {
				ids[id] = true
			}
		}
		found := map[string]map[string]bool{}
		judge := func(role, where, text string) {
			for c, by := range seenBy {
				// The planner sees no admins' field; whoever wrote or asked sees what they asked for.
				if !strings.Contains(text, c) {
					continue
				}
				if found[c] == nil {
					found[c] = map[string]bool{}
				}
				found[c][role] = true
				if !slices.Contains(by, role) {
					t.Errorf("%s tells %s %q: %s", where, role, c, text)
				}
			}
		}
		for _, role := range roles {
			for name, parameters := range f.addresses(t) {
				path, get := strings.CutPrefix(name, "GET ")
				if !get || unasked[name] || len(parameters) > 1 {
					continue
				}
				for _, filled := range fillAll(path, parameters, ids) {
					a := f.call(t, "north/"+role, "GET", filled, nil)
					if a.status < 300 {
						judge(role, "GET "+filled, string(a.body))
					}
				}
			}
			for _, q := range []string{"poolnotecanary", "loosenotecanary", "poolcanary", "loosecanary", "testcanary", "testnotecanary", "filecanary", "manycanary"} {
				for _, path := range []string{"/search?q=" + q, "/search?q=" + q + "&person=" + a1} {
					if a := f.call(t, "north/"+role, "GET", path, nil); a.status < 300 {
						judge(role, "GET "+path, string(a.body))
					}
				}
			}
			judge(role, "POST plan", string(f.call(t, "north/"+role, "POST", "/conversations/"+a1+"/plan", item{"channels": []string{"email", "sms"}}).body))
		}
		for c, by := range seenBy {
			for _, role := range by {
				if !found[c][role] {
					t.Errorf("%s finds %q nowhere", role, c)
				}
			}
		}

		// Nobody is found by what one does not see of them.
		for role, want := range map[string]map[string]int{
			"anna":        {"field.medical=medicalcanary": 403, "field.secret=secretcanary": 403, "field.unknown=x": 403, "city=Citycanary": 403, "postcode=PC": 403, "field.licence=licencecanary": 200},
			"coordinator": {"field.medical=medicalcanary": 200, "field.secret=secretcanary": 403, "city=Citycanary": 200},
			"planner":     {"field.secret=secretcanary": 403},
			"admin":       {"field.secret=secretcanary": 200},
		} {
			for query, status := range want {
				for _, path := range []string{"/people?", "/conversations?"} {
					if a := f.call(t, "north/"+role, "GET", path+query, nil); a.status != status || status == 403 && a.refused(t).Error.Field == "" {
						t.Errorf("GET %s%s as %s: %d %s", path, query, role, a.status, a.body)
					}
				}
				if a := f.call(t, "north/"+role, "POST", "/views", item{"name": "v", "query": query}); (a.status == 403) != (status == 403) {
					t.Errorf("POST /views %s as %s: %d %s", query, role, a.status, a.body)
				}
			}
		}
		filter := item{"filter": item{"fields": item{"medical": []string{"medicalcanary"}}}}
		for role, status := range map[string]int{"anna": 403, "coordinator": 200} {
			if a := f.call(t, "north/"+role, "POST", "/broadcasts/preview", item{"recipients": filter}); a.status != status {
				t.Errorf("preview of a field as %s: %d %s", role, a.status, a.body)
			}
		}
		for role, total := range map[string]int{"anna": 0, "coordinator": 1} {
			for _, path := range []string{"/people?q=4740612345", "/people?q=4740"} {
				var page struct{ Total int }
				if f.must(t, "north/"+role, "GET", path, nil).into(t, &page); page.Total != total {
					t.Errorf("GET %s as %s finds %d, not %d", path, role, page.Total, total)
				}
			}
		}
		if a := f.call(t, "north/anna", "GET", "/people?sort=city", nil); a.status != 403 || a.refused(t).Error.Field != "sort" {
			t.Errorf("an order by city: %d %s", a.status, a.body)
		}
		// A note of the pool names nobody who does not see it.
		a := f.call(t, "north/coordinator", "POST", "/conversations/"+a1+"/notes", item{"key": "reach-note-anna", "group": p1, "body": "b", "mentions": []string{f.staffID(t, "north", "anna")}})
		if a.status != 422 || a.refused(t).Error.Field != "mentions[0]" {
			t.Errorf("anna is mentioned in a note of the pool: %d %s", a.status, a.body)
		}

		f.write(t, "north/planner", "a1", "lastcanary", item{"group": t1, "take_over": true})
		for _, role := range roles {
			if role != "bert" {
				sockets[role].await(t, "lastcanary")
			}
			for _, frame := range sockets[role].all() {
				judge(role, "a frame", frame)
			}
		}
		for _, c := range []string{"poolnotecanary", "poolcanary", "loosecanary"} {
			sockets["coordinator"].await(t, c)
		}
	})
}

// TestReachEndsWithTheTest: some hours after a test its staff see the sendings of it and nothing
// else, on pages and on sockets that are open; extra time, and another setting, put that off.
func TestReachEndsWithTheTest(t *testing.T) {
	databases(t, func(t *testing.T, f *fixture) {
		a1, t1 := f.ids["north/a1"], f.ids["north/T1"]
		ends := func(at time.Time) {
			f.must(t, "north/key", "PUT", "/provisioning/tests", item{"items": []item{{"external_id": "T1", "name": canary("north", "T1"), "starts_at": at.Add(-time.Hour), "ends_at": at}}})
		}
		f.write(t, "north/anna", "a1", "while it runs", item{"group": t1})
		f.must(t, "north/anna", "POST", "/tests/"+t1+"/broadcasts", item{"key": "reach-sent-0001", "subject": "sendingcanary", "body": "b", "recipients": item{"filter": item{}}})
		anna := f.listen(t, "north/anna")
		status := func(want int) {
			t.Helper()
			for _, c := range []struct {
				method, path string
				body         any
			}{
				{"GET", "/conversations/" + a1, nil}, {"GET", "/people/" + a1, nil}, {"GET", "/tests/" + t1 + "/candidates", nil},
				{"POST", "/tests/" + t1 + "/broadcasts/preview", item{"recipients": item{"filter": item{}}}},
				{"GET", "/team/group." + t1, nil},
			} {
				if a := f.call(t, "north/anna", c.method, c.path, c.body); (a.status < 300) != (want < 300) {
					t.Errorf("%s %s: %d %s", c.method, c.path, a.status, a.body)
				}
			}
			a := f.call(t, "north/anna", "POST", "/conversations/"+a1+"/messages", item{"key": fmt.Sprint("reach-after-", want, time.Now().UnixNano()), "body": "b"})
			if (a.status < 300) != (want < 300) {
				t.Errorf("a message: %d %s", a.status, a.body)
			}
		}
		status(200)
		ends(time.Now().Add(-71 * time.Hour))
		status(200)
		ends(time.Now().Add(-73 * time.Hour))
		anna.await(t, closedFrame)
		status(404)
		// What was sent can be read.
		for _, path := range []string{"/tests", "/tests/" + t1, "/tests/" + t1 + "/broadcasts", "/log"} {
			if a := f.must(t, "north/anna", "GET", path, nil); !strings.Contains(string(a.body), canary("north", "T1")) && !strings.Contains(string(a.body), "sendingcanary") {
				t.Errorf("GET %s: %s", path, a.body)
			}
		}
		if a := f.must(t, "north/anna", "GET", "/tests/"+t1, nil); !strings.Contains(string(a.body), `"sendings_only":true`) || !strings.Contains(string(a.body), `"may_send":false`) {
			t.Errorf("the test: %s", a.body)
		}
		var list struct{ Conversations []any }
		if f.must(t, "north/anna", "GET", "/conversations", nil).into(t, &list); len(list.Conversations) > 0 {
			t.Errorf("conversations: %v", list)
		}
		// Someone has two hours more; then the organisation gives a week.
		f.must(t, "north/key", "PUT", "/provisioning/enrolments", item{"items": []item{{"test": "T1", "person": "a2", "extra_minutes": 120}}})
		again := f.listen(t, "north/anna")
		f.must(t, "north/admin", "PATCH", "/settings", item{"test_reach_hours": 73})
		again.await(t, closedFrame)
		status(200)
		f.must(t, "north/admin", "PATCH", "/settings", item{"test_reach_hours": 168})
		status(200)
		for _, hours := range []int{0, -1, 8761} {
			if a := f.call(t, "north/admin", "PATCH", "/settings", item{"test_reach_hours": hours}); a.status != 422 || a.refused(t).Error.Field != "test_reach_hours" {
				t.Errorf("%d hours: %d %s", hours, a.status, a.body)
			}
		}
		for _, bad := range []item{{"Medical": "staff"}, {"medical": "everyone"}} {
			if a := f.call(t, "north/admin", "PATCH", "/settings", item{"field_visibility": bad}); a.status != 422 || !strings.HasPrefix(a.refused(t).Error.Field, "field_visibility") {
				t.Errorf("%v: %d %s", bad, a.status, a.body)
			}
		}
		// A socket that is open when the time comes is closed then.
		f.must(t, "north/admin", "PATCH", "/settings", item{"test_reach_hours": 72})
		f.must(t, "north/key", "PUT", "/provisioning/enrolments", item{"items": []item{{"test": "T1", "person": "a2", "extra_minutes": 0}}})
		ends(time.Now().Add(-72*time.Hour + 3*time.Second))
		last := f.listen(t, "north/anna")
		last.await(t, closedFrame)
		testkit.Eventually(t, 30*time.Second, "the reach ends", func() error {
			if a := f.call(t, "north/anna", "GET", "/conversations/"+a1, nil); a.status != 404 {
				return fmt.Errorf("%d %s", a.status, a.body)
			}
			return nil
		})
	})
}

// TestReachEndsForWhoLeaves: a candidate who leaves the test, or its room, is nobody's there any
// more, though they were; the coordinator of their pool keeps them.
func TestReachEndsForWhoLeaves(t *testing.T) {
	databases(t, func(t *testing.T, f *fixture) {
		a1, t1 := f.ids["north/a1"], f.ids["north/T1"]
		f.write(t, "north/anna", "a1", "while they are here", item{"group": t1})
		see := func(as string, want int) {
			t.Helper()
			for _, path := range []string{"/conversations/" + a1, "/people/" + a1} {
				if a := f.call(t, "north/"+as, "GET", path, nil); a.status != want {
					t.Errorf("GET %s as %s: %d, not %d", path, as, a.status, want)
				}
			}
			for _, body := range []string{"/notes", "/messages"} {
				a := f.call(t, "north/"+as, "POST", "/conversations/"+a1+body, item{"key": fmt.Sprint("reach-left-", as, time.Now().UnixNano()), "body": "b"})
				if (a.status < 300) != (want == 200) {
					t.Errorf("POST %s as %s: %d %s", body, as, a.status, a.body)
				}
			}
		}
		see("anna", 200)
		see("bert", 404)
		f.must(t, "north/key", "PUT", "/provisioning/enrolments", item{"items": []item{{"test": "T1", "person": "a1", "room": "B"}}})
		see("anna", 404)
		see("bert", 200)
		f.must(t, "north/key", "PUT", "/provisioning/enrolments", item{"items": []item{{"test": "T1", "person": "a1", "state": "left"}}})
		see("bert", 404)
		see("chief", 404)
		see("coordinator", 200)
		if a := f.must(t, "north/coordinator", "GET", "/conversations/"+a1, nil); strings.Contains(string(a.body), "while they are here") {
			t.Errorf("the coordinator still sees the test's messages: %s", a.body)
		}
	})
}
