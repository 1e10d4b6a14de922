package api_test

import (
	"fmt"
	"strings"
	"testing"

	"crier/internal/channel/sms"
)

// TestOwnChannels: a coordinator has what came in and the copies of their own people, and can assign and discard that. To the
// coordinator of another pool all of it does not exist, its number neither.
func TestOwnChannels(t *testing.T) { both(t, testOwnChannels) }

func testOwnChannels(t *testing.T, f *fixture) {
	f.must(t, "north/key", "PUT", "/provisioning/people", item{"items": []item{{"external_id": "s-other", "kind": "staff", "role": "coordinator", "given_name": "o", "family_name": "o", "login": "other", "password": password}}})
	f.must(t, "north/key", "PUT", "/provisioning/groups", item{"items": []item{{"external_id": "P2", "kind": "pool", "name": "another pool"}}})
	f.must(t, "north/key", "PUT", "/provisioning/enrolments", item{"items": []item{{"group": "P2", "kind": "pool", "person": "z1"}}})
	f.must(t, "north/key", "PUT", "/provisioning/staff-scopes", item{"items": []item{{"person": "s-other", "group": "P2", "kind": "pool"}}})
	for who, phone := range map[string]string{"a1": "+47 400 00 001", "b1": "+47 400 00 001", "b2": "+47 400 00 002", "z1": "+47 400 00 003"} {
		f.reachable(t, "north", who, phone)
	}
	org, err := f.node.Store.OrganisationBySlug(t.Context(), "north")
	if err != nil {
		t.Fatal(err)
	}
	came := func(from, text string) {
		t.Helper()
		if err := f.node.Inbound.ReceiveSMS(t.Context(), org, "test", sms.Received{ID: text, From: from, To: "1234", Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	came("+4740000001", "one of theirs")
	f.reachable(t, "north", "a2", "+47 400 00 003") // a2 is in no pool, z1 in the other's
	came("+4740000003", "one of the other's")
	came("+4740000009", "nobody's")
	f.must(t, "north/planner", "POST", "/conversations/"+f.ids["north/a1"]+"/messages", item{"key": "own-channels-1", "body": "Can you?", "group": f.ids["north/P1"], "channels": []string{"email"}})
	waits := func(who string) string {
		t.Helper()
		list := f.unmatchedList(t, who)
		var counts struct{ Unmatched int }
		f.must(t, who, "GET", "/conversations/counts", nil).into(t, &counts)
		if counts.Unmatched != len(list) {
			t.Errorf("%s counts %d, and has %+v", who, counts.Unmatched, list)
		}
		out := make([]string, len(list))
		for i, w := range list {
			names := make([]string, len(w.Suggestions))
			for j, s := range w.Suggestions {
				names[j], _, _ = strings.Cut(s.Name, " ")
			}
			out[i] = fmt.Sprint(w.Body, names)
		}
		return strings.Join(out, ", ")
	}
	copies := func(who string) int {
		t.Helper()
		var out struct{ Deliveries []struct{ ID string } }
		f.must(t, who, "GET", "/deliveries", nil).into(t, &out)
		return len(out.Deliveries)
	}
	id := map[string]string{}
	for _, w := range f.unmatchedList(t, "north/planner") {
		id[w.Body] = w.ID
	}
	if got := waits("north/planner"); len(id) != 3 || !strings.Contains(got, "one of the other's[a2 z1]") {
		t.Fatalf("the planner has %s", got)
	}
	if got := waits("north/coordinator"); !strings.HasPrefix(got, "one of theirs[") || strings.Contains(got, "other") || !strings.Contains(got, "a1") || !strings.Contains(got, "b1") {
		t.Errorf("the coordinator has %s", got)
	}
	if got := waits("north/other"); got != "one of the other's[z1]" {
		t.Errorf("the other coordinator has %s", got)
	}
	if all, own, none := copies("north/planner"), copies("north/coordinator"), copies("north/other"); all != 1 || own != 1 || none != 0 {
		t.Errorf("copies: the planner's %d, the coordinator's %d, the other's %d", all, own, none)
	}
	var counts struct{ Unmatched int }
	if f.must(t, "north/chief", "GET", "/conversations/counts", nil).into(t, &counts); counts.Unmatched != 0 {
		t.Errorf("a chief invigilator counts %d", counts.Unmatched)
	}
	theirs, others, nobodys := "/unmatched/"+id["one of theirs"], "/unmatched/"+id["one of the other's"], "/unmatched/"+id["nobody's"]
	for _, c := range []struct {
		who, path string
		body      item
		want      int
	}{
		{"north/other", theirs + "/assign", item{"person": f.ids["north/z1"]}, 404},
		{"north/other", theirs + "/discard", item{"note": "n"}, 404},
		{"north/other", nobodys + "/discard", item{"note": "n"}, 404},
		{"north/other", "/unmatched/discard", item{"ids": []string{id["one of the other's"], id["one of theirs"]}, "note": "n"}, 422},
		{"north/other", others + "/assign", item{"person": f.ids["north/a2"]}, 422},
		{"north/other", others + "/assign", item{"person": f.ids["north/a1"]}, 422},
		{"north/coordinator", others + "/assign", item{"person": f.ids["north/a1"]}, 404},
		{"north/coordinator", theirs + "/assign", item{"person": f.ids["north/z1"]}, 422},
		{"north/coordinator", theirs + "/assign", item{"person": f.ids["north/b2"]}, 422}, // in the test alone
		{"north/other", others + "/assign", item{"person": f.ids["north/z1"]}, 200},
		{"north/other", others + "/discard", item{"note": "n"}, 409},
		{"north/coordinator", "/unmatched/discard", item{"ids": []string{id["one of theirs"]}, "note": "n"}, 200},
		{"north/coordinator", theirs + "/assign", item{"person": f.ids["north/a1"]}, 409},
		{"north/coordinator", "/outbox", nil, 403},
		{"north/coordinator", "/refusals", nil, 403},
	} {
		method := "POST"
		if c.body == nil {
			method = "GET"
		}
		var body any
		if c.body != nil {
			body = c.body
		}
		if a := f.call(t, c.who, method, c.path, body); a.status != c.want {
			t.Errorf("%s %s as %s: %d, want %d: %s", method, c.path, c.who, a.status, c.want, a.body)
		}
	}
	for who, want := range map[string]string{"north/planner": "nobody's[]", "north/coordinator": "", "north/other": ""} {
		if got := waits(who); got != want {
			t.Errorf("in the end %s has %s", who, got)
		}
	}
}
