package api_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestBadInput: each gets a clear error that names the field and the limit, and
// nothing is half-done.
func TestBadInput(t *testing.T) {
	f := start(t, nil)
	t1, t2 := f.ids["north/T1"], f.ids["north/T2"]
	send := "/tests/" + t1 + "/broadcasts"
	good := func(change item) item {
		b := item{"key": "bad-input-0001", "subject": "s", "body": "b", "recipients": item{"people": []string{f.ids["north/a1"]}}}
		for k, v := range change {
			if v == nil {
				delete(b, k)
			} else {
				b[k] = v
			}
		}
		return b
	}
	to := func(people ...string) item { return good(item{"recipients": item{"people": people}}) }
	many := make([]string, 1501)
	for i := range many {
		many[i] = fmt.Sprintf("00000000-0000-7000-8000-%012d", i)
	}
	raw := func(s string) []byte { return []byte(s) }
	for _, c := range []struct {
		name, who, method, path string
		body                    any // item, or []byte as it is
		status                  int
		code, field             string // field: of the fault, or of one of its details
		limit                   int64
	}{
		{"1501 recipients", "planner", "POST", send, to(many...), 413, "too_large", "recipients", 1500},
		{"no recipients", "planner", "POST", send, good(item{"recipients": item{"people": []string{}}}), 422, "invalid", "recipients", 0},
		{"recipients missing", "planner", "POST", send, good(item{"recipients": nil}), 422, "invalid", "recipients", 0},
		{"both kinds of recipients", "planner", "POST", send, good(item{"recipients": item{"people": []string{"x"}, "filter": item{}}}), 422, "invalid", "recipients", 0},
		{"nobody matches", "planner", "POST", send, good(item{"recipients": item{"filter": item{"room": []string{"no such room"}}}}), 422, "invalid", "recipients", 0},
		{"empty subject", "planner", "POST", send, good(item{"subject": ""}), 422, "invalid", "subject", 0},
		{"blank subject", "planner", "POST", send, good(item{"subject": " \t "}), 422, "invalid", "subject", 0},
		{"subject missing", "planner", "POST", send, good(item{"subject": nil}), 422, "invalid", "subject", 0},
		{"long subject", "planner", "POST", send, good(item{"subject": strings.Repeat("ø", 201)}), 422, "invalid", "subject", 200},
		{"empty body", "planner", "POST", send, good(item{"body": ""}), 422, "invalid", "body", 0},
		{"blank body", "planner", "POST", send, good(item{"body": "\n \n"}), 422, "invalid", "body", 0},
		{"nothing to be seen in the subject", "planner", "POST", send, good(item{"subject": "\u200b"}), 422, "invalid", "subject", 0},
		{"nothing to be seen in the body", "planner", "POST", send, good(item{"body": "\u2800\n\u3164"}), 422, "invalid", "body", 0},
		{"nothing to be seen in a message", "planner", "POST", "/conversations/" + f.ids["north/a1"] + "/messages", item{"key": "bad-input-0002", "body": "\u200b\u202e", "group": t1}, 422, "invalid", "body", 0},
		{"nothing to be seen in a key's name", "admin", "POST", "/api-keys", item{"name": "\u3164", "rights": []string{"read"}}, 422, "invalid", "name", 0},
		{"nothing to be seen in a canned reply's title", "anna", "POST", "/canned-replies", item{"title": "\ufeff", "body": "b"}, 422, "invalid", "title", 0},
		{"nothing to be seen in a view's name", "anna", "POST", "/views", item{"name": "\u2060", "query": ""}, 422, "invalid", "name", 0},
		{"no phone number", "key", "PUT", "/provisioning/people", item{"items": []item{{"external_id": "x", "kind": "candidate", "given_name": "X", "phone": "4,0612E+7"}}}, 422, "invalid", "items[0].phone", 0},
		{"long body", "planner", "POST", send, good(item{"body": strings.Repeat("ø", 4001)}), 422, "invalid", "body", 4000},
		{"key missing", "planner", "POST", send, good(item{"key": nil}), 422, "invalid", "key", 0},
		{"short key", "planner", "POST", send, good(item{"key": "1234567"}), 422, "invalid", "key", 0},
		{"long key", "planner", "POST", send, good(item{"key": strings.Repeat("k", 101)}), 422, "invalid", "key", 100},
		{"unknown candidate", "planner", "POST", send, to(f.ids["north/a1"], "00000000-0000-7000-8000-000000000000"), 422, "invalid", "recipients.people[1]", 0},
		{"candidate of another test", "planner", "POST", send, to(f.ids["north/z1"]), 422, "invalid", "recipients.people[0]", 0},
		{"candidate of another room", "anna", "POST", send, to(f.ids["north/a1"], f.ids["north/b1"]), 422, "invalid", "recipients.people[1]", 0},
		{"staff as recipient", "planner", "POST", send, to("s-anna"), 422, "invalid", "recipients.people[0]", 0},
		{"test not yours", "anna", "POST", "/tests/" + t2 + "/broadcasts", good(nil), 404, "not_found", "", 0},
		{"unknown test", "planner", "POST", "/tests/nothing/broadcasts", good(nil), 404, "not_found", "", 0},
		{"unknown progress in the filter", "planner", "POST", send, good(item{"recipients": item{"filter": item{"progress": []string{"asleep"}}}}), 422, "invalid", "recipients.filter.progress", 0},
		{"unknown reminder", "planner", "POST", send, good(item{"reminds": "nothing"}), 422, "invalid", "reminds", 0},
		{"unknown sending", "planner", "GET", "/broadcasts/AAAAAAAAAAAAAAAAAAAAAA", nil, 404, "not_found", "", 0},
		{"unknown missing", "planner", "POST", "/broadcasts/AAAAAAAAAAAAAAAAAAAAAA/remind", item{"key": "bad-input-0002", "missing": "queued"}, 404, "not_found", "", 0},

		{"not JSON", "planner", "POST", send, raw("subject=hello"), 400, "malformed", "", 0},
		{"no body", "planner", "POST", send, raw(""), 400, "malformed", "", 0},
		{"unknown field", "planner", "POST", send, good(item{"urgent": true}), 400, "malformed", "urgent", 0},
		{"unknown nested field", "planner", "POST", send, good(item{"recipients": item{"poeple": []string{}}}), 400, "malformed", "recipients.poeple", 0},
		{"mistyped", "planner", "POST", send, good(item{"subject": 7}), 400, "malformed", "subject", 0},
		{"mistyped in a list", "planner", "POST", send, good(item{"recipients": item{"people": []any{"x", 1}}}), 400, "malformed", "recipients.people[1]", 0},
		{"null", "planner", "POST", send, raw(`{"key":null}`), 400, "malformed", "key", 0},
		{"twice", "planner", "POST", send, raw(`{"key":"12345678","key":"12345679"}`), 400, "malformed", "key", 0},
		{"NUL", "planner", "POST", send, raw(`{"subject":"a\u0000b"}`), 400, "malformed", "subject", 0},
		{"invalid UTF-8", "planner", "POST", send, raw("{\"subject\":\"\xff\"}"), 400, "malformed", "", 0},
		{"10,000 deep", "planner", "POST", send, raw(strings.Repeat(`{"recipients":`, 10000)), 400, "malformed", "recipients.recipients", 0},
		{"trailing", "planner", "POST", send, raw(`{} {}`), 400, "malformed", "", 0},
		{"over 1 MiB", "planner", "POST", send, raw(`{"body":"` + strings.Repeat("x", 1<<20) + `"}`), 413, "too_large", "", 1 << 20},

		{"unknown parameter", "planner", "GET", "/tests/" + t1 + "/candidates?rooms=A", nil, 422, "invalid", "rooms", 0},
		{"unknown presence", "planner", "GET", "/tests/" + t1 + "/candidates?presence=asleep", nil, 422, "invalid", "presence", 0},
		{"limit 0", "planner", "GET", "/tests/" + t1 + "/candidates?limit=0", nil, 422, "invalid", "limit", 5000},
		{"limit too high", "planner", "GET", "/tests/" + t1 + "/broadcasts?limit=201", nil, 422, "invalid", "limit", 200},
		{"foreign page", "planner", "GET", "/tests/" + t1 + "/broadcasts?before=nonsense", nil, 422, "invalid", "before", 0},
		{"neither yes nor no", "planner", "GET", "/tests/" + t1 + "/candidates?extra_time=maybe", nil, 422, "invalid", "extra_time", 0},
		{"no time", "planner", "GET", "/log?from=yesterday", nil, 422, "invalid", "from", 0},

		{"101 receipts", "a1", "POST", "/receipts", item{"items": receipts(101)}, 413, "too_large", "items", 100},
		{"unknown receipt state", "a1", "POST", "/receipts", item{"items": []item{{"id": "AAAAAAAAAAAAAAAAAAAAAA", "state": "eaten"}}}, 422, "invalid", "items[0]", 0},
		{"receipt of another's message", "a1", "POST", "/receipts", item{"items": []item{{"id": "AAAAAAAAAAAAAAAAAAAAAA", "state": "displayed"}}}, 422, "invalid", "items[0]", 0},

		{"duplicate external ids", "key", "PUT", "/provisioning/people", item{"items": []item{
			{"external_id": "d1", "kind": "candidate", "given_name": "A", "family_name": "B"}, {"external_id": "d1", "kind": "candidate", "given_name": "C", "family_name": "D"}}}, 422, "invalid", "items[1].external_id", 0},
		{"unknown kind", "key", "PUT", "/provisioning/people", item{"items": []item{{"external_id": "d2", "kind": "robot", "given_name": "A", "family_name": "B"}}}, 422, "invalid", "items[0].kind", 0},
		{"wrong role", "key", "PUT", "/provisioning/people", item{"items": []item{{"external_id": "d3", "kind": "staff", "role": "emperor", "given_name": "A", "family_name": "B"}}}, 422, "invalid", "items[0].role", 0},
		{"short password", "key", "PUT", "/provisioning/people", item{"items": []item{{"external_id": "d4", "kind": "candidate", "given_name": "A", "family_name": "B", "login": "d4", "password": "short"}}}, 422, "invalid", "items[0].password", 0},
		{"unknown person", "key", "PUT", "/provisioning/enrolments", item{"items": []item{{"test": "T1", "person": "nobody"}}}, 422, "invalid", "items[0].person", 0},
		{"unknown test in enrolments", "key", "PUT", "/provisioning/enrolments", item{"items": []item{{"test": "T99", "person": "a1"}}}, 422, "invalid", "items[0].test", 0},
		{"unknown progress", "key", "POST", "/provisioning/progress", item{"items": []item{{"test": "T1", "person": "a1", "progress": "done"}}}, 422, "invalid", "items[0].progress", 0},
		{"tickets for nobody", "key", "POST", "/provisioning/tickets", item{"people": []string{"nobody"}}, 422, "invalid", "people[0]", 0},
		{"tickets for too long", "key", "POST", "/provisioning/tickets", item{"people": []string{"a1"}, "ttl_seconds": 3601}, 422, "invalid", "ttl_seconds", 3600},
		{"5001 items", "key", "PUT", "/provisioning/tests", item{"items": tests(5001)}, 413, "too_large", "items", 5000},
		{"key without a name", "admin", "POST", "/api-keys", item{"name": ""}, 422, "invalid", "name", 0},
		{"unknown key", "admin", "DELETE", "/api-keys/nothing", nil, 404, "not_found", "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			kind, body := "", []byte(nil)
			if c.method != "GET" && c.method != "DELETE" {
				kind = "application/json"
			}
			switch b := c.body.(type) {
			case []byte:
				body = b
			case item:
				body = toJSON(t, b)
			}
			a := f.send(t, f.token(t, "north/"+c.who), c.method, c.path, kind, body)
			if a.status < 400 {
				t.Fatalf("accepted: %d %s", a.status, a.body)
			}
			r := a.refused(t).Error
			field := r.Field
			for _, d := range r.Details {
				if field == "" || d.Field == c.field {
					field = d.Field
				}
			}
			if a.status != c.status || r.Code != c.code || (field != c.field && !strings.HasPrefix(field, c.field+".")) || r.Message == "" || (c.limit != 0 && r.Limit != c.limit) {
				t.Errorf("got %d %s\nwant %d %s, field %q, limit %d", a.status, a.body, c.status, c.code, c.field, c.limit)
			}
		})
	}

	// Nothing of it was stored.
	var list struct{ Broadcasts []struct{ ID string } }
	f.must(t, "north/planner", "GET", send, nil).into(t, &list)
	if len(list.Broadcasts) != 0 {
		t.Errorf("%d sendings were made", len(list.Broadcasts))
	}
	var log struct{ Entries []struct{ Kind string } }
	f.must(t, "north/planner", "GET", "/log?kind=broadcast.sent", nil).into(t, &log)
	if len(log.Entries) != 0 {
		t.Errorf("the log has %v", log.Entries)
	}
}

func receipts(n int) []item {
	out := make([]item, n)
	for i := range out {
		out[i] = item{"id": "AAAAAAAAAAAAAAAAAAAAAA", "state": "displayed"}
	}
	return out
}

func tests(n int) []item {
	out := make([]item, n)
	for i := range out {
		out[i] = item{"external_id": fmt.Sprint("x", i), "name": "x"}
	}
	return out
}

// TestInvisibleCharactersAtTheDoor: what a phone's keyboard or a copied text adds unseen keeps nobody out.
func TestInvisibleCharactersAtTheDoor(t *testing.T) {
	f := start(t, nil)
	if a := f.call(t, "", "POST", "/session", item{"organisation": "north\u200b", "login": "\u202aAdmin\u202c", "password": password}); a.status != 201 {
		t.Errorf("signing in: %d %s", a.status, a.body)
	}
	f.must(t, "north/key", "PUT", "/provisioning/people", item{"items": []item{{"external_id": "a1", "kind": "candidate", "given_name": "a1", "family_name": "x", "tags": []string{"quiet\u200b"}}}})
	var page peoplePage
	f.must(t, "north/planner", "GET", "/people?tag=quiet%E2%80%8B", nil).into(t, &page)
	if len(page.People) != 1 {
		t.Errorf("people by tag: %+v", page)
	}
	if got := f.tickets(t, "north/key", "a1\u200b"); len(got) != 1 {
		t.Errorf("tickets: %v", got)
	}
}

// TestMalformedRosters: row and column are named and nothing is imported.
func TestMalformedRosters(t *testing.T) {
	f := start(t, nil)
	const head = "test_id,test_name,candidate_id,given_name,family_name,login,password,email,phone,room,seat,extra_minutes,tags\n"
	for _, c := range []struct{ name, csv, field string }{
		{"empty", "", ""},
		{"unknown column", "test_id,candidate_id,shoe_size\nR1,r1,44\n", "shoe_size"},
		{"missing column", "test_id,given_name\nR1,A\n", "candidate_id"},
		{"too few cells", head + "R1,Roster,r1,A\n", "row 2"},
		{"no number", head + "R1,Roster,r1,A,B,,,,,A,1,ten,\n", "row 2, column extra_minutes"},
		{"candidate missing", head + "R1,Roster,,A,B,,,,,A,1,,\n", "row 2, column candidate_id"},
		{"twice", head + "R1,Roster,r1,A,B,,,,,A,1,,\nR1,Roster,r1,A,B,,,,,A,2,,\n", "row 3, column candidate_id"},
		{"broken quotes", head + "R1,\"Roster,r1,A,B,,,,,A,1,,\n", "row 2"},
		{"invalid UTF-8", head + "R1,Roster,r1,\xff,B,,,,,A,1,,\n", ""},
		{"second row wrong", head + "R1,Roster,r1,A,B,,,,,A,1,,\nR1,Roster,r2,A,B,,,,,A,2,-5,\n", "row 3, column extra_minutes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := f.send(t, f.token(t, "north/key"), "POST", "/provisioning/import", "text/csv", []byte(c.csv))
			if a.status < 400 || a.status >= 500 {
				t.Fatalf("%d %s", a.status, a.body)
			}
			if !strings.Contains(string(a.body), c.field) {
				t.Errorf("%s does not name %q", a.body, c.field)
			}
		})
	}
	if a := f.must(t, "north/key", "GET", "/tests", nil); strings.Contains(string(a.body), "Roster") {
		t.Errorf("something was imported: %s", a.body)
	}
	a := f.send(t, f.token(t, "north/key"), "POST", "/provisioning/import", "text/csv", []byte(head+"R1,Roster,r1,A,B,,,,,A,1,15,quiet;reader\nR1,Roster,r2,C,D,,,,,B,2,,\n"))
	if a.status != 200 {
		t.Fatalf("a good roster: %d %s", a.status, a.body)
	}
}
