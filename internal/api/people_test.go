package api_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

type listedPerson struct {
	ID, Name, City, State, Presence string
	External                        string `json:"external_id"`
	Tags, Skills                    []string
	Fields                          map[string]string
	Blocked                         *struct{ Code, Text string }
	Enrolment                       *struct{ State, Room, Seat string }
	Groups                          []struct{ ID, Kind, Name, State string }
}

type peoplePage struct {
	People []listedPerson
	Total  int
	Next   string
}

func (p peoplePage) ids() string {
	var out []string
	for _, x := range p.People {
		out = append(out, x.External)
	}
	return strings.Join(out, " ")
}

// Where a page ends tells nothing: whether somebody exists whom the asking person does not
// see, or whether anybody has the id, the answer is the same.
func TestPlacesOfPeopleTellNothing(t *testing.T) {
	f := start(t, nil)
	same := ""
	for name, after := range map[string]string{
		"one of their own": f.ids["north/a1"], "one of another room": f.ids["north/b1"], "one of another test": f.ids["north/z1"],
		"one of another organisation": f.ids["south/a1"], "nobody": "0190a3f0-0000-7000-8000-000000000000", "nonsense": "nonsense",
		"another's place": f.people(t, "north/planner", "limit=1").Next,
	} {
		a := f.call(t, "north/anna", "GET", "/people?limit=1&after="+url.QueryEscape(after), nil)
		if a.status != 422 || a.refused(t).Error.Field != "after" || same != "" && string(a.body) != same {
			t.Errorf("after %s: %d %s", name, a.status, a.body)
		}
		same = string(a.body)
	}
	first := f.people(t, "north/anna", "limit=1")
	if second := f.people(t, "north/anna", "limit=1&after="+url.QueryEscape(first.Next)); first.Next == "" || first.ids()+" "+second.ids() != "a1 a2" {
		t.Errorf("%q, then %q", first.ids(), second.ids())
	}
}

func (f *fixture) people(t *testing.T, who, query string) (page peoplePage) {
	t.Helper()
	f.must(t, who, "GET", "/people?"+query, nil).into(t, &page)
	return page
}

// poolPeople are in P1 beside a1 and b1: p1, whose Å is the last letter, with all that a filter can ask for, p2
// invited to the pool, p3 left it, p4 locked.
func (f *fixture) poolPeople(t *testing.T) {
	t.Helper()
	person := func(id, family string, more item) item {
		p := item{"external_id": id, "kind": "candidate", "given_name": "Pat", "family_name": family}
		for k, v := range more {
			p[k] = v
		}
		return p
	}
	f.must(t, "north/key", "PUT", "/provisioning/people", item{"items": []item{
		person("p1", "Ås", item{"tags": []string{"night"}, "skills": []string{"forklift"}, "address": "Pier 4", "city": "Oslo", "postcode": "0150", "phone": "+47 900 12 345",
			"fields": item{"shoe_size": "44"}}),
		person("p2", "Bø", item{"city": "Bergen"}), person("p3", "Dal", nil), person("p4", "Eik", item{"state": "locked"}),
	}})
	var enrol []item
	for id, state := range map[string]string{"p1": "member", "p2": "invited", "p3": "left", "p4": "member"} {
		enrol = append(enrol, item{"group": "P1", "kind": "pool", "person": id, "state": state})
	}
	f.must(t, "north/key", "PUT", "/provisioning/enrolments", item{"items": enrol})
	for _, p := range f.people(t, "north/planner", "limit=200").People {
		f.ids["north/"+p.External] = p.ID
	}
}

func TestPeople(t *testing.T) {
	f := start(t, nil)
	f.poolPeople(t)
	p1, s1 := f.ids["north/P1"], f.ids["north/S1"]

	page := f.people(t, "north/coordinator", "group="+p1)
	if page.ids() != "p2 p3 p4 a1 b1 p1" || page.Total != 6 || page.Next != "" {
		t.Errorf("the pool is %s, of %d", page.ids(), page.Total)
	}
	blocked := map[string]string{}
	for _, p := range page.People {
		if p.Blocked != nil {
			blocked[p.External] = p.Blocked.Code
		}
		if p.Enrolment == nil || p.Presence != "offline" {
			t.Errorf("%+v", p)
		}
	}
	if fmt.Sprint(blocked) != "map[p2:invited p3:left p4:locked]" {
		t.Errorf("blocked %v", blocked)
	}
	if p := page.People[5]; p.City != "Oslo" || p.Fields["shoe_size"] != "44" || len(p.Groups) != 1 || p.Groups[0].Kind != "pool" || p.Groups[0].State != "member" {
		t.Errorf("%+v", p)
	}
	for query, want := range map[string]string{
		"tag=night": "p1", "skill=forklift": "p1", "city=Oslo&city=Bergen": "p2 p1", "postcode=01": "p1", "field.shoe_size=44": "p1", "q=as+pat": "p1", "q=90": "p1",
		"state=locked": "p4", "state=left&group=" + p1: "p3", "activity=" + s1: "a1", "presence=online": "", "presence=offline&city=Oslo": "p1",
		"group=" + p1 + "&sort=first_name": "a1 b1 p2 p3 p4 p1", "group=" + p1 + "&sort=city": "p3 p4 a1 b1 p2 p1",
	} {
		if got := f.people(t, "north/coordinator", query).ids(); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	got, after := "", ""
	for range 10 {
		page := f.people(t, "north/coordinator", "group="+p1+"&limit=4&after="+after)
		got, after = got+" "+page.ids(), page.Next
		if after == "" {
			break
		}
	}
	if got != " p2 p3 p4 a1 b1 p1" {
		t.Errorf("in pages: %s", got)
	}

	var facets struct {
		Tags, Skills, Cities, States []string
		Fields                       map[string][]string
	}
	f.must(t, "north/coordinator", "GET", "/people/facets?group="+p1, nil).into(t, &facets)
	if fmt.Sprint(facets) != "{[night] [forklift] [Bergen Oslo] [active invited left locked member] map[shoe_size:[44]]}" {
		t.Errorf("facets %v", facets)
	}
	var profile struct {
		Person     listedPerson
		Enrolments []struct {
			Group       struct{ ID, Kind, Name string }
			State, Room string
			Blocked     *struct{ Code string }
		}
		Unavailable []struct{ ID string }
	}
	f.must(t, "north/coordinator", "GET", "/people/"+f.ids["north/a1"], nil).into(t, &profile)
	if profile.Person.External != "a1" || len(profile.Enrolments) != 3 || profile.Unavailable == nil {
		t.Errorf("profile %+v", profile)
	}
	var groups struct {
		Groups []struct {
			Kind   string
			Counts struct {
				People  int
				ByState map[string]int `json:"by_state"`
			}
		}
	}
	f.must(t, "north/coordinator", "GET", "/groups?kind=pool", nil).into(t, &groups)
	if len(groups.Groups) != 1 || groups.Groups[0].Counts.People != 5 || fmt.Sprint(groups.Groups[0].Counts.ByState) != "map[invited:1 left:1 member:4]" {
		t.Errorf("groups %+v", groups)
	}
}

// TestPeopleAreThoseOneSees: whoever has a limited reach finds nobody and no group beyond
// it, by no address, filter or profile.
func TestPeopleAreThoseOneSees(t *testing.T) {
	f := start(t, nil)
	f.poolPeople(t)
	if got := f.people(t, "north/anna", "").ids(); got != "a1 a2" {
		t.Errorf("an invigilator of room A lists %s", got)
	}
	if got := f.people(t, "north/chief", "").ids(); got != "a1 a2 b1 b2" {
		t.Errorf("a chief invigilator lists %s", got)
	}
	if got := f.people(t, "north/chief", "state=member").ids(); got != "" {
		t.Errorf("a filter tells who is in a pool that the chief does not see: %s", got)
	}
	if got := f.people(t, "north/chief", "q=a1").People; len(got) != 1 || len(got[0].Groups) != 1 {
		t.Errorf("a row tells of other groups: %+v", got)
	}
	var profile struct {
		Enrolments []struct{ Group struct{ Kind string } }
	}
	f.must(t, "north/chief", "GET", "/people/"+f.ids["north/a1"], nil).into(t, &profile)
	if len(profile.Enrolments) != 1 || profile.Enrolments[0].Group.Kind != "test" {
		t.Errorf("a profile tells of other groups: %+v", profile)
	}
	for _, path := range []string{"/people?group=" + f.ids["north/P1"], "/people?group=" + f.ids["south/T1"], "/people/facets?group=" + f.ids["north/P1"], "/groups/" + f.ids["north/P1"],
		"/people/" + f.ids["north/p1"], "/people/" + f.ids["south/a1"], "/people/nobody"} {
		if a := f.call(t, "north/chief", "GET", path, nil); a.status != 404 {
			t.Errorf("GET %s: %d %s", path, a.status, a.body)
		}
	}
	if a := f.must(t, "north/chief", "GET", "/groups", nil); strings.Contains(string(a.body), "P1") {
		t.Errorf("groups: %s", a.body)
	}
	if a := f.must(t, "north/chief", "GET", "/people/facets", nil); strings.Contains(string(a.body), "Oslo") || strings.Contains(string(a.body), "member") {
		t.Errorf("facets: %s", a.body)
	}
}

type manySent struct {
	Broadcast struct {
		ID, Level, Kind string
		Test            struct{ ID, Name string }
		Counts          struct{ Recipients, Stopped int }
		LeftOut         []struct {
			Name   string
			Reason struct{ Code, Text string }
		} `json:"left_out"`
	}
}

// TestSendingToAPool: from the preview to the replies, and to what stops when someone
// leaves.
func TestSendingToAPool(t *testing.T) {
	f := start(t, nil)
	f.poolPeople(t)
	p1 := f.ids["north/P1"]
	var preview struct {
		Counts  struct{ Total int }
		LeftOut []struct{ Name string } `json:"left_out"`
	}
	f.must(t, "north/coordinator", "POST", "/broadcasts/preview", item{"group": p1, "recipients": item{"filter": item{}}}).into(t, &preview)
	if preview.Counts.Total != 3 || len(preview.LeftOut) != 3 {
		t.Errorf("preview %+v", preview)
	}
	body := item{"key": "pool-sending-1", "group": p1, "subject": "Saturday", "body": "Who can come?", "recipients": item{"filter": item{}}}
	var sent, again manySent
	a := f.call(t, "north/coordinator", "POST", "/broadcasts", body)
	if a.into(t, &sent); a.status != 201 || sent.Broadcast.Level != "chat" || sent.Broadcast.Kind != "pool" || sent.Broadcast.Counts.Recipients != 3 || len(sent.Broadcast.LeftOut) != 3 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	a = f.call(t, "north/coordinator", "POST", "/broadcasts", body)
	if a.into(t, &again); a.status != 200 || again.Broadcast.ID != sent.Broadcast.ID || len(again.Broadcast.LeftOut) != 3 {
		t.Errorf("again: %d %s", a.status, a.body)
	}
	id := sent.Broadcast.ID
	var inbox struct {
		Messages []struct{ ID, Subject string }
		Unread   int
	}
	f.must(t, "north/a1", "GET", "/inbox", nil).into(t, &inbox)
	if len(inbox.Messages) != 1 || inbox.Messages[0].Subject != "Saturday" {
		t.Fatalf("a1 has %+v", inbox)
	}
	f.must(t, "north/a1", "POST", "/inbox/messages", item{"key": "pool-reply-01", "body": "I can", "reply_to": inbox.Messages[0].ID})
	var replies struct {
		Replies []struct {
			Person  struct{ Name string }
			Message struct{ Body, Direction string }
		}
		Replied, Recipients int
	}
	f.must(t, "north/coordinator", "GET", "/broadcasts/"+id+"/replies", nil).into(t, &replies)
	if replies.Replied != 1 || replies.Recipients != 3 || len(replies.Replies) != 1 || replies.Replies[0].Message.Body != "I can" || replies.Replies[0].Message.Direction != "in" {
		t.Errorf("replies %+v", replies)
	}
	if a := f.must(t, "north/coordinator", "GET", "/log", nil); !strings.Contains(string(a.body), "3 people left out") {
		t.Errorf("the coordinator's log: %s", a.body)
	}
	if a := f.must(t, "north/chief", "GET", "/log", nil); strings.Contains(string(a.body), "Saturday") {
		t.Errorf("the chief's log: %s", a.body)
	}

	// b1 leaves before the message has reached a screen.
	f.must(t, "north/key", "PUT", "/provisioning/enrolments", item{"items": []item{{"group": "P1", "kind": "pool", "person": "b1", "state": "left"}}})
	f.must(t, "north/b1", "GET", "/inbox", nil).into(t, &inbox)
	if len(inbox.Messages) != 0 || inbox.Unread != 0 {
		t.Errorf("b1 still has %+v", inbox)
	}
	if a := f.must(t, "north/coordinator", "GET", "/broadcasts/"+id+"/recipients", nil); strings.Count(string(a.body), `"stopped":{"code":"left"`) != 1 {
		t.Errorf("the board: %s", a.body)
	}
	f.must(t, "north/coordinator", "GET", "/broadcasts/"+id, nil).into(t, &sent)
	if sent.Broadcast.Counts.Stopped != 1 {
		t.Errorf("counts %+v", sent.Broadcast.Counts)
	}
	if a := f.call(t, "north/coordinator", "POST", "/broadcasts/"+id+"/remind", item{"key": "pool-remind-1", "missing": "displayed"}); a.status != 201 || !strings.Contains(string(a.body), `"recipients":2`) {
		t.Errorf("remind: %d %s", a.status, a.body)
	}
	f.must(t, "north/coordinator", "POST", "/broadcasts/"+id+"/told", item{"people": []string{f.ids["north/p1"]}})

	// A sending to all of one's own belongs to no group: an invigilator sees nothing of it. Whom
	// the coordinator reaches through the test alone is left out.
	var mine manySent
	f.must(t, "north/coordinator", "POST", "/broadcasts", item{"key": "mine-sending-1", "subject": "Hello", "body": "b", "recipients": item{"filter": item{}}}).into(t, &mine)
	if mine.Broadcast.Test.ID != "" || mine.Broadcast.Counts.Recipients != 2 {
		t.Errorf("to all of mine: %+v", mine)
	}
	if a := f.call(t, "north/anna", "GET", "/broadcasts/"+mine.Broadcast.ID+"/recipients", nil); a.status != 404 {
		t.Errorf("what anna sees of it: %d %s", a.status, a.body)
	}
}

// TestFilesOfASending: what is uploaded for a sending to many goes to its recipients,
// once, and to nobody else.
func TestFilesOfASending(t *testing.T) {
	f := start(t, nil)
	p1 := f.ids["north/P1"]
	file := f.upload(t, "north/coordinator", "/conversations/many")
	body := item{"key": "files-sending-1", "group": p1, "subject": "Plan", "body": "", "attachments": []string{file}, "recipients": item{"people": []string{f.ids["north/a1"]}}}
	a := f.must(t, "north/coordinator", "POST", "/broadcasts", body)
	if !strings.Contains(string(a.body), file) {
		t.Errorf("the answer: %s", a.body)
	}
	if again := f.call(t, "north/coordinator", "POST", "/broadcasts", body); again.status != 200 || !strings.Contains(string(again.body), file) {
		t.Errorf("again: %d %s", again.status, again.body)
	}
	body["key"] = "files-sending-2"
	if a := f.call(t, "north/coordinator", "POST", "/broadcasts", body); a.status != 422 || a.refused(t).Error.Field != "attachments[0]" {
		t.Errorf("sent twice: %d %s", a.status, a.body)
	}
	for who, want := range map[string]int{"a1": 200, "b1": 404, "coordinator": 200, "planner": 200} {
		if a := f.send(t, f.token(t, "north/"+who), "GET", "/attachments/"+file, "", nil); a.status != want {
			t.Errorf("%s reads it: %d", who, a.status)
		}
	}
	other := f.upload(t, "north/planner", "/conversations/many")
	body["attachments"] = []string{other}
	if a := f.call(t, "north/coordinator", "POST", "/broadcasts", body); a.status != 422 {
		t.Errorf("a colleague's file: %d %s", a.status, a.body)
	}
}

// TestSendingToBlocked: nobody who is blocked is written to, alone or among others.
func TestSendingToBlocked(t *testing.T) {
	f := start(t, nil)
	f.poolPeople(t)
	p1 := f.ids["north/P1"]
	for i, c := range []struct{ person, group, reason string }{
		{"p2", p1, "has not accepted the invitation yet"}, {"p3", p1, "has left the group"}, {"p4", p1, "the account is locked"}, {"p4", "", "the account is locked"}, {"p3", "", "has left the group"},
	} {
		bulk := item{"key": fmt.Sprintf("blocked-bulk-%d", i), "subject": "s", "body": "b", "recipients": item{"people": []string{f.ids["north/"+c.person]}}}
		single := item{"key": fmt.Sprintf("blocked-single-%d", i), "body": "b"}
		if c.group != "" {
			bulk["group"], single["group"] = c.group, c.group
		}
		a := f.call(t, "north/planner", "POST", "/broadcasts", bulk)
		if r := a.refused(t); a.status != 409 || r.Error.Field != "recipients" || !strings.Contains(string(a.body), c.reason) {
			t.Errorf("%s in bulk: %d %s", c.person, a.status, a.body)
		}
		a = f.call(t, "north/planner", "POST", "/conversations/"+f.ids["north/"+c.person]+"/messages", single)
		if r := a.refused(t); a.status != 409 || r.Error.Field != "person" || !strings.Contains(string(a.body), c.reason) {
			t.Errorf("%s alone: %d %s", c.person, a.status, a.body)
		}
	}
}

// TestLockedPerson: a login ends at once and cannot be made again, nor can a ticket.
func TestLockedPerson(t *testing.T) {
	f := start(t, nil)
	f.must(t, "north/a1", "GET", "/inbox", nil)
	lock := item{"external_id": "a1", "kind": "candidate", "given_name": "a1", "family_name": canary("north", "a1"), "state": "locked"}
	f.must(t, "north/key", "PUT", "/provisioning/people", item{"items": []item{lock}})
	if a := f.call(t, "north/a1", "GET", "/inbox", nil); a.status != 401 {
		t.Errorf("the login lives on: %d", a.status)
	}
	if a := f.call(t, "", "POST", "/session", item{"organisation": "north", "login": "a1", "password": password}); a.status != 401 {
		t.Errorf("sign in: %d %s", a.status, a.body)
	}
	if a := f.call(t, "north/key", "POST", "/provisioning/tickets", item{"people": []string{"a1"}}); a.status != 422 {
		t.Errorf("a ticket: %d %s", a.status, a.body)
	}
	lock["state"] = "active"
	f.must(t, "north/key", "PUT", "/provisioning/people", item{"items": []item{lock}})
	f.signIn(t, "north", "a1")
}

func TestPeopleBadInput(t *testing.T) {
	f := start(t, nil)
	p1 := f.ids["north/P1"]
	person := func(change item) item {
		p := item{"external_id": "x", "kind": "candidate", "given_name": "X", "family_name": "Y"}
		for k, v := range change {
			p[k] = v
		}
		return item{"items": []item{p}}
	}
	many := item{}
	for i := range 21 {
		many[fmt.Sprintf("f%d", i)] = "x"
	}
	group := func(change item) item {
		g := item{"external_id": "x", "kind": "pool"}
		for k, v := range change {
			g[k] = v
		}
		return item{"items": []item{g}}
	}
	enrol := func(e item) item { return item{"items": []item{e}} }
	send := func(change item) item {
		b := item{"key": "people-bad-0001", "group": p1, "subject": "s", "body": "b", "recipients": item{"filter": item{}}}
		for k, v := range change {
			b[k] = v
		}
		return b
	}
	for _, c := range []struct {
		name, method, path string
		body               any
		status             int
		field              string
		limit              int64
	}{
		{"21 fields", "PUT", "/provisioning/people", person(item{"fields": many}), 422, "items[0].fields", 0},
		{"a field's name", "PUT", "/provisioning/people", person(item{"fields": item{"Shoe size": "44"}}), 422, "items[0].fields", 0},
		{"a field's long value", "PUT", "/provisioning/people", person(item{"fields": item{"a": strings.Repeat("x", 201)}}), 422, "items[0].fields.a", 0},
		{"a field that is no text", "PUT", "/provisioning/people", person(item{"fields": item{"a": 7}}), 400, "items[0].fields.a", 0},
		{"no state", "PUT", "/provisioning/people", person(item{"state": "gone"}), 422, "items[0].state", 0},
		{"a long skill", "PUT", "/provisioning/people", person(item{"skills": []string{strings.Repeat("x", 51)}}), 422, "items[0].skills", 0},
		{"no kind of group", "PUT", "/provisioning/groups", group(item{"kind": "club"}), 422, "items[0].kind", 0},
		{"a shift without times", "PUT", "/provisioning/groups", group(item{"kind": "activity"}), 422, "items[0].starts_at", 0},
		{"a shift that ends as it starts", "PUT", "/provisioning/groups", group(item{"kind": "activity", "starts_at": "2026-05-04T09:00:00Z", "ends_at": "2026-05-04T09:00:00Z"}), 422, "items[0].ends_at", 0},
		{"a policy that is none", "PUT", "/provisioning/groups", group(item{"replies": "maybe"}), 422, "items[0].replies", 0},
		{"an expected reply time of 31 days", "PUT", "/provisioning/groups", group(item{"reply_minutes": 31 * 24 * 60}), 422, "items[0].reply_minutes", 0},
		{"a group twice", "PUT", "/provisioning/groups", item{"items": []item{{"external_id": "x", "kind": "pool"}, {"external_id": "x", "kind": "pool"}}}, 422, "items[1].external_id", 0},
		{"group and test", "PUT", "/provisioning/enrolments", enrol(item{"test": "T1", "group": "P1", "kind": "pool", "person": "a1"}), 422, "items[0].test", 0},
		{"a group without its kind", "PUT", "/provisioning/enrolments", enrol(item{"group": "P1", "person": "a1"}), 422, "items[0].kind", 0},
		{"neither", "PUT", "/provisioning/enrolments", enrol(item{"person": "a1"}), 422, "items[0].test", 0},
		{"an unknown group", "PUT", "/provisioning/enrolments", enrol(item{"group": "P9", "kind": "pool", "person": "a1"}), 422, "items[0].group", 0},
		{"a state of another kind", "PUT", "/provisioning/enrolments", enrol(item{"group": "P1", "kind": "pool", "person": "a1", "state": "assigned"}), 422, "items[0].state", 0},
		{"a state of no kind", "PUT", "/provisioning/enrolments", enrol(item{"test": "T1", "person": "a1", "state": "gone"}), 422, "items[0].state", 0},
		{"a seat in a pool", "PUT", "/provisioning/enrolments", enrol(item{"group": "P1", "kind": "pool", "person": "a1", "seat": "1"}), 422, "items[0].seat", 0},
		{"rooms of a pool", "PUT", "/provisioning/staff-scopes", enrol(item{"group": "P1", "kind": "pool", "person": "s-chief", "rooms": []string{"A"}}), 422, "items[0].rooms", 0},

		{"an unknown parameter", "GET", "/people?shoe=44", nil, 422, "shoe", 0},
		{"a field that can be none", "GET", "/people?field.Shoe=44", nil, 422, "fields", 0},
		{"an unknown order", "GET", "/people?sort=age", nil, 422, "sort", 0},
		{"an unknown state", "GET", "/people?state=gone", nil, 422, "state", 0},
		{"an unknown presence", "GET", "/people?presence=asleep", nil, 422, "presence", 0},
		{"an empty tag", "GET", "/people?tag=", nil, 422, "tag", 0},
		{"a long search", "GET", "/people?q=" + strings.Repeat("x", 201), nil, 422, "q", 200},
		{"51 tags", "GET", "/people?" + strings.Repeat("tag=x&", 51), nil, 413, "tag", 50},
		{"too large a page", "GET", "/people?limit=201", nil, 422, "limit", 200},
		{"after nobody", "GET", "/people?after=nobody", nil, 422, "after", 0},
		{"an unknown kind", "GET", "/groups?kind=club", nil, 422, "kind", 0},
		{"control characters", "GET", "/people?city=" + url.QueryEscape("a\x01b"), nil, 422, "city", 0},

		{"a test's sending", "POST", "/broadcasts", send(item{"group": f.ids["north/T1"]}), 422, "group", 0},
		{"an unknown field of the filter", "POST", "/broadcasts", send(item{"recipients": item{"filter": item{"room": []string{"A"}}}}), 400, "recipients.filter.room", 0},
		{"no subject", "POST", "/broadcasts", send(item{"subject": ""}), 422, "subject", 0},
		{"no body", "POST", "/broadcasts", send(item{"body": " "}), 422, "body", 0},
		{"a long body", "POST", "/broadcasts", send(item{"body": strings.Repeat("x", 4001)}), 422, "body", 4000},
		{"eleven files", "POST", "/broadcasts", send(item{"attachments": []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"}}), 413, "attachments", 10},
		{"a file of nobody", "POST", "/broadcasts", send(item{"attachments": []string{"a"}}), 422, "attachments[0]", 0},
		{"nobody", "POST", "/broadcasts", send(item{"recipients": item{"people": []string{}}}), 422, "recipients", 0},
		{"someone of another group", "POST", "/broadcasts", send(item{"recipients": item{"people": []string{f.ids["north/z1"]}}}), 422, "recipients.people[0]", 0},
		{"someone of another organisation", "POST", "/broadcasts", send(item{"recipients": item{"people": []string{f.ids["south/a1"]}}}), 422, "recipients.people[0]", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			who := "north/planner"
			if strings.HasPrefix(c.path, "/provisioning") {
				who = "north/key"
			}
			a := f.call(t, who, c.method, c.path, c.body)
			if a.status != c.status {
				t.Fatalf("%d %s; want %d", a.status, a.body, c.status)
			}
			r := a.refused(t)
			found := r.Error.Field == c.field
			for _, d := range r.Error.Details {
				found = found || d.Field == c.field
			}
			if !found || c.limit != 0 && r.Error.Limit != c.limit {
				t.Errorf("field %q, limit %d: %s", r.Error.Field, r.Error.Limit, a.body)
			}
		})
	}
	if page := f.people(t, "north/planner", "q=x"); page.Total != 0 {
		t.Errorf("something was stored: %+v", page)
	}
}

func TestGroupRoster(t *testing.T) {
	f := start(t, nil)
	post := func(csv string) answer {
		return f.send(t, f.token(t, "north/key"), "POST", "/provisioning/import", "text/csv", []byte(csv))
	}
	const head = "group_kind,group_id,group_name,state,candidate_id,given_name,family_name,city,skills\n"
	if a := post(head + "pool,G1,Night crew,member,g1,Gia,Holm,Oslo,forklift|first aid\npool,G1,Night crew,,g2,Ghita,Holm,,\n"); a.status != 200 || !strings.Contains(string(a.body), `"groups":{"created":1`) {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if got := f.people(t, "north/planner", "skill=first+aid&city=Oslo&state=member").ids(); got != "g1" {
		t.Errorf("found %s", got)
	}
	for name, c := range map[string]struct{ csv, at string }{
		"of tests and of groups":   {"test_id,group_kind,group_id,candidate_id\nT1,pool,G1,g1\n", "row 1, column test_id"},
		"a group without its kind": {"group_id,candidate_id\nG1,g1\n", "row 1, column group_kind"},
		"a kind that is none":      {head + "club,G1,,,g1,Gia,Holm,,\n", "row 2, column group_kind"},
		"a new shift":              {head + "activity,G9,,,g1,Gia,Holm,Oslo,forklift|first aid\n", "row 2, column group_name"},
		"a state of another kind":  {head + "pool,G1,Night crew,assigned,g1,Gia,Holm,Oslo,forklift|first aid\n", "row 2, column state"},
		"two names of one group":   {head + "pool,G1,A,,g1,Gia,Holm,,\npool,G1,B,,g2,Ghita,Holm,,\n", "row 3, column group_name"},
	} {
		if a := post(c.csv); a.status != 422 || !strings.Contains(string(a.body), `"`+c.at+`"`) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}
