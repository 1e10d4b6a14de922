package api_test

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
)

// timeline is an answer of GET /conversations/{person}.
type timeline struct {
	Conversation struct {
		Person    struct{ ID, Name, Presence string }
		Last      *struct{ ID, Type, Direction, Line string }
		Unread    bool
		Processed string
		By        string `json:"processed_by"`
		Archived  bool
		Assigned  *struct{ ID, Name string }
		Groups    []struct{ ID string }
	}
	Items []timelineItem
	Next  string
}

type timelineItem struct {
	Type, ID, Event, Direction, Body, State, Broadcast string
	From                                               struct{ ID, Name string }
	Group                                              *struct{ ID, Kind string }
	To                                                 *struct{ Name string }
	Mentions                                           []struct{ ID string }
	ReplyTo                                            string `json:"reply_to"`
}

// said is what an item says, in a word.
func (i timelineItem) said() string {
	if i.Type == "event" {
		return "*" + i.Event
	}
	if i.Type == "note" {
		return "#" + i.Body
	}
	return i.Body
}

func (f *fixture) timeline(t *testing.T, who, person, query string) timeline {
	t.Helper()
	var out timeline
	f.must(t, who, "GET", "/conversations/"+f.ids["north/"+person]+query, nil).into(t, &out)
	return out
}

// told are the items, newest first as they come.
func (l timeline) told() string {
	var out []string
	for _, i := range l.Items {
		out = append(out, i.said())
	}
	return strings.Join(out, ", ")
}

// write sends a message to a candidate of the north.
func (f *fixture) write(t *testing.T, who, person, body string, more ...item) string {
	t.Helper()
	in := item{"key": "message " + who + body, "body": body}
	for _, m := range more {
		for k, v := range m {
			in[k] = v
		}
	}
	var out struct{ Message struct{ ID string } }
	f.must(t, who, "POST", "/conversations/"+f.ids["north/"+person]+"/messages", in).into(t, &out)
	return out.Message.ID
}

// reply writes as a candidate of the north.
func (f *fixture) reply(t *testing.T, person, body string, more ...item) {
	t.Helper()
	in := item{"key": "message " + person + body, "body": body}
	for _, m := range more {
		for k, v := range m {
			in[k] = v
		}
	}
	f.must(t, "north/"+person, "POST", "/inbox/messages", in)
}

// openReplies lets candidates write everywhere.
func (f *fixture) openReplies(t *testing.T, slug string) {
	t.Helper()
	f.must(t, slug+"/key", "PATCH", "/settings", item{"test_replies": true, "candidates_start": true})
}

// TestTimeline: what stands in a conversation, in pages, as each of the staff may see it.
func TestTimeline(t *testing.T) {
	f := start(t, nil)
	f.openReplies(t, "north")
	t1, p1 := f.ids["north/T1"], f.ids["north/P1"]
	f.must(t, "north/planner", "POST", "/tests/"+t1+"/broadcasts", item{"key": "to-all-of-T1", "subject": "s", "body": "to all", "recipients": item{"filter": item{}}})
	first := f.write(t, "north/planner", "a1", "of the pool", item{"group": p1})
	f.reply(t, "a1", "theirs", item{"group": p1})
	f.write(t, "north/anna", "a1", "of the test", item{"group": t1})
	note := f.must(t, "north/coordinator", "POST", "/conversations/"+f.ids["north/a1"]+"/notes", item{"key": "note-0001", "group": t1, "body": "call her", "mentions": []string{f.staffID(t, "north", "anna")}})
	again := f.must(t, "north/coordinator", "POST", "/conversations/"+f.ids["north/a1"]+"/notes", item{"key": "note-0001", "group": t1, "body": "call her", "mentions": []string{f.staffID(t, "north", "anna")}})
	if note.status != 201 || again.status != 200 || string(note.body) != string(again.body) {
		t.Errorf("a note: %d %s, again %d %s", note.status, note.body, again.status, again.body)
	}
	f.must(t, "north/coordinator", "POST", "/conversations/"+f.ids["north/a1"]+"/claim", item{})
	for _, c := range []struct{ who, want string }{
		{"planner", "*claimed, #call her, of the test, theirs, of the pool, to all"},
		{"coordinator", "*claimed, #call her, of the test, theirs, of the pool, to all"},
		{"chief", "*claimed, #call her, of the test, to all"},
		{"anna", "*claimed, #call her, of the test, to all"},
		{"key", "*claimed, #call her, of the test, theirs, of the pool, to all"},
	} {
		l := f.timeline(t, "north/"+c.who, "a1", "")
		if l.told() != c.want || l.Next != "" {
			t.Errorf("%s sees %q, next %q; want %q", c.who, l.told(), l.Next, c.want)
		}
	}
	all := f.timeline(t, "north/planner", "a1", "")
	if n := all.Items[1]; len(n.Mentions) != 1 || n.Mentions[0].ID != f.staffID(t, "north", "anna") || n.From.ID != f.staffID(t, "north", "coordinator") {
		t.Errorf("the note: %+v", n)
	}
	if ours := all.Items[2]; ours.State != "queued" || ours.Direction != "out" || ours.Group == nil || ours.Group.ID != t1 || ours.Group.Kind != "test" {
		t.Errorf("ours: %+v", ours)
	}
	if theirs := all.Items[3]; theirs.State != "" || theirs.Direction != "in" || theirs.From.ID != f.ids["north/a1"] {
		t.Errorf("theirs: %+v", theirs)
	}
	if many := all.Items[5]; many.Broadcast == "" || many.Group == nil || many.Group.ID != t1 {
		t.Errorf("the sending to many: %+v", many)
	}
	if c := all.Conversation; c.Person.ID != f.ids["north/a1"] || c.Person.Presence != "offline" || !c.Unread || c.Last == nil || c.Last.Line != "of the test" || len(c.Groups) != 3 || c.Assigned == nil {
		t.Errorf("how it stands: %+v", c)
	}
	if c := f.timeline(t, "north/chief", "a1", "").Conversation; c.Unread || len(c.Groups) != 1 {
		t.Errorf("how it stands for the chief invigilator, who did not see the reply: %+v", c)
	}

	// Pages backwards, and what came since.
	var told []string
	for next := ""; ; {
		l := f.timeline(t, "north/planner", "a1", "?limit=2&before="+next)
		told = append(told, l.told())
		if next = l.Next; next == "" {
			break
		}
	}
	if got := strings.Join(told, "; "); got != "*claimed, #call her; of the test, theirs; of the pool, to all" {
		t.Errorf("in pages of two: %q", got)
	}
	if l := f.timeline(t, "north/planner", "a1", "?limit=2&since="+first); l.told() != "theirs, of the test" || l.Next != all.Items[2].ID {
		t.Errorf("since the first: %q, next %q", l.told(), l.Next)
	}
	if l := f.timeline(t, "north/planner", "a1", "?since="+all.Items[0].ID); l.told() != "" || l.Next != "" {
		t.Errorf("since the newest: %q, next %q", l.told(), l.Next)
	}
	for _, c := range []struct{ query, field string }{
		{"?before=x", "before"}, {"?since=x", "since"}, {"?limit=0", "limit"}, {"?limit=201", "limit"}, {"?colour=red", "colour"},
		{"?before=" + first + "&since=" + first, "since"},
	} {
		if a := f.call(t, "north/planner", "GET", "/conversations/"+f.ids["north/a1"]+c.query, nil); a.status != 422 || a.refused(t).Error.Field != c.field {
			t.Errorf("%s: %d %s", c.query, a.status, a.body)
		}
	}
	// The candidate's receipt is in the staff's view.
	var inbox struct{ Messages []struct{ ID, Body string } }
	f.must(t, "north/a1", "GET", "/inbox", nil).into(t, &inbox)
	f.must(t, "north/a1", "POST", "/receipts", item{"items": []item{{"id": inbox.Messages[0].ID, "state": "displayed"}}})
	if l := f.timeline(t, "north/planner", "a1", ""); l.Items[2].State != "displayed" {
		t.Errorf("after the receipt of %q: %+v", inbox.Messages[0].Body, l.Items[2])
	}
}

// TestOutOfReach: whom one does not see does not exist, for any of the operations.
func TestOutOfReach(t *testing.T) {
	f := start(t, nil)
	for _, c := range []struct{ who, person string }{
		{"north/anna", f.ids["north/b1"]}, {"north/anna", f.ids["north/z1"]}, {"north/chief", f.ids["north/z1"]}, {"north/coordinator", f.ids["north/z1"]},
		{"north/planner", f.ids["south/a1"]}, {"north/planner", "nobody"}, {"north/planner", f.staffID(t, "north", "anna")}, {"north/planner", "%00"}, {"north/planner", strings.Repeat("x", 300)},
	} {
		for _, what := range []struct {
			method, path string
			body         any
		}{
			{"GET", "", nil}, {"POST", "/messages", item{"key": "out-of-reach", "body": "b"}}, {"POST", "/notes", item{"key": "out-of-reach", "body": "b"}},
			{"POST", "/claim", item{}}, {"POST", "/claim", item{"take_over": true}}, {"POST", "/release", nil}, {"POST", "/assign", item{"to": f.staffID(t, "north", "planner")}},
		} {
			if a := f.call(t, c.who, what.method, "/conversations/"+c.person+what.path, what.body); a.status != 404 {
				t.Errorf("%s %s of %.40s by %s: %d %s", what.method, what.path, c.person, c.who, a.status, a.body)
			}
		}
	}
	for _, action := range []string{"read", "unread", "archive", "unarchive", "process", "unprocess"} {
		f.write(t, "north/planner", "a1", "a reason to "+action)
		for _, other := range []string{f.ids["north/b1"], f.ids["south/a1"], "nobody"} {
			a := f.call(t, "north/anna", "POST", "/conversations/actions", item{"action": action, "people": []string{f.ids["north/a1"], other}})
			if a.status != 422 || a.refused(t).Error.Field != "people[1]" {
				t.Errorf("%s with another's: %d %s", action, a.status, a.body)
			}
		}
		if l := f.timeline(t, "north/anna", "a1", ""); strings.Contains(l.told(), "*") {
			t.Errorf("%s was done to the one that is hers: %s", action, l.told())
		}
	}
}

// TestNotesAreRefused names what is wrong with a note.
func TestNotesAreRefused(t *testing.T) {
	f := start(t, nil)
	f.must(t, "north/anna", "POST", "/conversations/"+f.ids["north/a1"]+"/notes", item{"key": "note-0001", "body": "one"})
	anna, bert, south := f.staffID(t, "north", "anna"), f.staffID(t, "north", "bert"), f.staffID(t, "south", "planner")
	for _, c := range []struct {
		in     item
		status int
		field  string
	}{
		{item{"key": "note-0001", "body": "two"}, 409, "key"},
		{item{"key": "short", "body": "b"}, 422, "key"},
		{item{"key": "note-0002", "body": " \n"}, 422, "body"},
		{item{"key": "note-0002", "body": strings.Repeat("x", 4001)}, 422, "body"},
		{item{"key": "note-0002", "body": "b", "mentions": []string{anna, bert}}, 422, "mentions[1]"}, // works in room B
		{item{"key": "note-0002", "body": "b", "mentions": []string{south}}, 422, "mentions[0]"},
		{item{"key": "note-0002", "body": "b", "mentions": []string{f.ids["north/a1"]}}, 422, "mentions[0]"},
		{item{"key": "note-0002", "body": "b", "mentions": []string{""}}, 422, "mentions[0]"},
		{item{"key": "note-0002", "body": "b", "mentions": strings.Split(strings.Repeat(anna+" ", 21), " ")[:21]}, 413, "mentions"},
		{item{"key": "note-0002", "body": "b", "group": "x"}, 422, "group"},
	} {
		a := f.call(t, "north/anna", "POST", "/conversations/"+f.ids["north/a1"]+"/notes", c.in)
		if a.status != c.status || a.refused(t).Error.Field != c.field {
			t.Errorf("%.100v: %d %s", c.in, a.status, a.body)
		}
	}
	if l := f.timeline(t, "north/anna", "a1", ""); l.told() != "#one" {
		t.Errorf("what stands there: %s", l.told())
	}
}

// TestActions: what is done to several conversations, and what a reply undoes.
func TestActions(t *testing.T) {
	f := start(t, nil)
	f.openReplies(t, "north")
	people := func(names ...string) []string {
		var out []string
		for _, n := range names {
			out = append(out, f.ids["north/"+n])
		}
		return out
	}
	act := func(who, action string, want int, names ...string) {
		t.Helper()
		var out struct{ Changed int }
		f.must(t, "north/"+who, "POST", "/conversations/actions", item{"action": action, "people": people(names...)}).into(t, &out)
		if out.Changed != want {
			t.Errorf("%s by %s changed %d, want %d", action, who, out.Changed, want)
		}
	}
	stands := func(step, who, person string, unread bool, processed string, archived bool) {
		t.Helper()
		c := f.timeline(t, "north/"+who, person, "").Conversation
		if c.Unread != unread || c.Processed != processed || c.Archived != archived {
			t.Errorf("%s: to %s %s is unread %v, %s, archived %v; want %v, %s, %v", step, who, person, c.Unread, c.Processed, c.Archived, unread, processed, archived)
		}
	}
	inTest := item{"group": f.ids["north/T1"]}
	f.reply(t, "a1", "one", inTest)
	f.reply(t, "a2", "one", inTest)
	stands("a reply", "anna", "a1", true, "open", false)
	act("anna", "read", 1, "a1")
	act("anna", "process", 1, "a1")
	act("anna", "process", 1, "a1", "a2")
	act("anna", "process", 0, "a1", "a2")
	act("chief", "archive", 2, "a2", "a1", "b2") // b2 has no conversation
	stands("read, processed, archived", "anna", "a1", false, "processed", true)
	stands("a colleague has not read it", "chief", "a1", true, "processed", true)
	if c := f.timeline(t, "north/chief", "a1", "").Conversation; c.By != "anna "+canary("north", "anna") {
		t.Errorf("processed by %q", c.By)
	}
	f.reply(t, "a1", "two", inTest)
	stands("a reply brings it back", "anna", "a1", true, "open", false)
	act("anna", "read", 1, "a1")
	act("anna", "unread", 1, "a1")
	stands("marked as unread", "anna", "a1", true, "open", false)
	f.write(t, "north/planner", "a1", "an answer", item{"group": f.ids["north/T1"]})
	stands("it stays so when a colleague answers", "anna", "a1", true, "open", false)
	act("anna", "read", 1, "a1")
	f.write(t, "north/planner", "a1", "another answer", item{"group": f.ids["north/T1"]})
	stands("a colleague's answer makes nothing unread", "anna", "a1", false, "open", false)
	act("chief", "unarchive", 1, "a1", "a2")
	stands("the other one is back as well", "chief", "a2", true, "processed", false)
	act("chief", "unprocess", 1, "a2")
	stands("and open", "chief", "a2", true, "open", false)
	if got, want := f.timeline(t, "north/planner", "a1", "").told(), "another answer, an answer, two, *archived, *processed, one"; got != want {
		t.Errorf("the history: %q, want %q", got, want)
	}
	if got, want := f.timeline(t, "north/planner", "a2", "").told(), "*not_processed, *unarchived, *archived, *processed, one"; got != want {
		t.Errorf("the history: %q, want %q", got, want)
	}
	many := make([]string, 501)
	for i := range many {
		many[i] = fmt.Sprint("person", i)
	}
	for _, c := range []struct {
		in     item
		status int
		field  string
	}{
		{item{"action": "shred", "people": people("a1")}, 422, "action"}, {item{"action": "read", "people": []string{}}, 422, "people"},
		{item{"action": "process", "people": many}, 413, "people"}, {item{"action": "process", "people": many[:500]}, 422, "people[0]"},
		{item{"action": "process"}, 422, "people"},
	} {
		if a := f.call(t, "north/anna", "POST", "/conversations/actions", c.in); a.status != c.status || a.refused(t).Error.Field != c.field {
			t.Errorf("%.60v: %d %s", c.in, a.status, a.body)
		}
	}
}

// TestClaims: one has it, the others are told who; it is given away and released.
func TestClaims(t *testing.T) {
	f := start(t, nil)
	path := "/conversations/" + f.ids["north/a1"]
	name := func(login string) string { return login + " " + canary("north", login) }
	step := func(who, what string, in any, status int, holder, message string) {
		t.Helper()
		a := f.call(t, "north/"+who, "POST", path+"/"+what, in)
		if a.status != status {
			t.Fatalf("%s by %s: %d %s", what, who, a.status, a.body)
		}
		if status >= 300 {
			if r := a.refused(t).Error; !strings.Contains(r.Message, message) {
				t.Errorf("%s by %s: %q", what, who, r.Message)
			}
			return
		}
		var out timeline
		if a.into(t, &out); (out.Conversation.Assigned == nil) != (holder == "") || holder != "" && out.Conversation.Assigned.Name != name(holder) {
			t.Errorf("%s by %s: %+v has it, want %s", what, who, out.Conversation.Assigned, holder)
		}
	}
	to := func(login string) item { return item{"to": f.staffID(t, "north", login)} }
	step("anna", "claim", item{}, 200, "anna", "")
	step("anna", "claim", item{}, 200, "anna", "")
	step("chief", "claim", item{}, 409, "", name("anna")+" has claimed this conversation")
	step("chief", "release", nil, 403, "", name("anna"))
	if a := f.call(t, "north/chief", "POST", path+"/messages", item{"key": "claimed-1", "body": "b", "group": f.ids["north/T1"]}); a.status != 409 || a.refused(t).Error.Field != "assigned" || !strings.Contains(a.refused(t).Error.Message, name("anna")) {
		t.Errorf("a message into what another has: %d %s", a.status, a.body)
	}
	step("chief", "claim", item{"take_over": true}, 200, "chief", "")
	step("anna", "release", nil, 403, "", name("chief"))
	step("planner", "release", nil, 200, "", "")
	step("anna", "assign", to("chief"), 200, "chief", "")
	step("anna", "assign", to("bert"), 422, "", "no colleague who may see this conversation")
	step("anna", "assign", item{"to": f.ids["north/a2"]}, 422, "", "no colleague")
	step("anna", "assign", item{"to": f.staffID(t, "south", "planner")}, 422, "", "no colleague")
	step("anna", "assign", item{"to": ""}, 422, "", "empty")
	step("chief", "release", nil, 200, "", "")
	step("chief", "release", nil, 200, "", "")
	if got, want := f.timeline(t, "north/planner", "a1", "").told(), "*released, *assigned, *released, *claimed, *claimed"; got != want {
		t.Errorf("the history: %q, want %q", got, want)
	}
	// All at once.
	who := []string{"admin", "planner", "chief", "anna", "coordinator"}
	for _, w := range who {
		f.token(t, "north/"+w)
	}
	answers := make([]answer, len(who))
	var all sync.WaitGroup
	for i, w := range who {
		all.Go(func() { answers[i] = f.call(t, "north/"+w, "POST", path+"/claim", item{}) })
	}
	all.Wait()
	winner := ""
	for i, a := range answers {
		if a.status == 200 {
			winner += who[i]
		}
	}
	for i, a := range answers {
		if a.status != 200 && (a.status != 409 || a.refused(t).Error.Message != name(winner)+" has claimed this conversation") {
			t.Errorf("%s, when %q has it: %d %s", who[i], winner, a.status, a.body)
		}
	}
}

// TestNoteRetry: a retry is answered with what was stored, although the colleague whom it
// mentions works elsewhere by now; a new note to them is refused.
func TestNoteRetry(t *testing.T) {
	f := start(t, nil)
	path, anna := "/conversations/"+f.ids["north/a1"]+"/notes", f.staffID(t, "north", "anna")
	first := item{"key": "note-0001", "group": f.ids["north/T1"], "body": "see to her", "mentions": []string{anna, anna}}
	stored := f.must(t, "north/planner", "POST", path, first)
	f.must(t, "north/key", "PUT", "/provisioning/staff-scopes", item{"items": []item{{"person": "s-anna", "test": "T1", "remove": true}}})
	if a := f.call(t, "north/planner", "POST", path, first); a.status != 200 || string(a.body) != string(stored.body) {
		t.Errorf("a retry: %d %s, first %s", a.status, a.body, stored.body)
	}
	if a := f.call(t, "north/planner", "POST", path, item{"key": "note-0002", "body": "again", "mentions": []string{anna}}); a.status != 422 || a.refused(t).Error.Field != "mentions[0]" {
		t.Errorf("a new one: %d %s", a.status, a.body)
	}
	if l := f.timeline(t, "north/planner", "a1", ""); l.told() != "#see to her" || len(l.Items[0].Mentions) != 1 {
		t.Errorf("what stands there: %+v", l.Items)
	}
}

// TestStoppedInWords: what was not delivered when its candidate left says so where staff read it.
func TestStoppedInWords(t *testing.T) {
	f := start(t, nil)
	p1, b1 := f.ids["north/P1"], f.ids["north/b1"]
	f.write(t, "north/planner", "b1", "Can you come?", item{"group": p1})
	f.must(t, "north/key", "PUT", "/provisioning/enrolments", item{"items": []item{{"group": "P1", "kind": "pool", "person": "b1", "state": "left"}}})
	var talk struct {
		Items []struct {
			State   string
			Stopped *struct{ Code, Text string }
		}
	}
	f.must(t, "north/planner", "GET", "/conversations/"+b1, nil).into(t, &talk)
	if len(talk.Items) != 1 || talk.Items[0].State != "queued" || talk.Items[0].Stopped == nil || talk.Items[0].Stopped.Code != "left" || talk.Items[0].Stopped.Text == "" {
		t.Errorf("%+v", talk)
	}
}

// TestReadUpToWhatOneSaw: what comes in while a page is open is not read by a click on what stood there before, and
// whoever answers has read.
func TestReadUpToWhatOneSaw(t *testing.T) {
	f := start(t, nil)
	p1, a1 := f.ids["north/P1"], f.ids["north/a1"]
	f.must(t, "north/admin", "PATCH", "/settings", item{"candidates_start": true})
	says := func(body string) {
		t.Helper()
		f.must(t, "north/a1", "POST", "/inbox/messages", item{"key": "says-" + body, "body": body, "group": p1})
	}
	look := func(wantUnread bool) (last string) {
		t.Helper()
		var talk struct {
			Conversation struct{ Unread bool }
			Items        []struct{ ID string }
		}
		f.must(t, "north/planner", "GET", "/conversations/"+a1, nil).into(t, &talk)
		if talk.Conversation.Unread != wantUnread {
			t.Errorf("unread is %v after %d items", talk.Conversation.Unread, len(talk.Items))
		}
		return talk.Items[0].ID
	}
	read := func(upTo string, want int) {
		t.Helper()
		var out struct{ Changed int }
		f.must(t, "north/planner", "POST", "/conversations/actions", item{"action": "read", "people": []string{a1}, "up_to": upTo}).into(t, &out)
		if out.Changed != want {
			t.Errorf("changed %d, want %d", out.Changed, want)
		}
	}
	says("First of all")
	rendered := look(true)
	says("And one more thing")
	read(rendered, 0)
	newest := look(true)
	read(newest, 1)
	look(false)
	for field, body := range map[string]item{
		"up_to": {"action": "read", "people": []string{a1}, "up_to": "nonsense"}, "up_to ": {"action": "archive", "people": []string{a1}, "up_to": newest},
	} {
		a := f.call(t, "north/planner", "POST", "/conversations/actions", body)
		if a.status != 422 || a.refused(t).Error.Field != strings.TrimSpace(field) {
			t.Errorf("%v: %d %s", body, a.status, a.body)
		}
	}
	says("Are you there?")
	f.write(t, "north/planner", "a1", "Yes", item{"group": p1, "seen": newest})
	look(true)
	f.write(t, "north/planner", "a1", "I am", item{"group": p1})
	look(false)
}

// TestReachesNobody: where candidates use email and SMS alone, a message whose channels are all blocked is refused
// with the reason, to one person and to many. A retry of a stored message is not refused.
func TestReachesNobody(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		f.reachable(t, "north", "a1", "+47 400 00 001")
		f.must(t, "north/admin", "PATCH", "/settings", item{"staff_chat_only": true})
		a1 := f.ids["north/a1"]
		one := "/conversations/" + a1 + "/messages"
		single := item{"key": "reach-first", "body": "Can you?", "subject": "s", "channels": []string{"sms"}}
		bulk := item{"key": "reach-many-1", "body": "Can you?", "subject": "s", "channels": []string{"sms"}, "recipients": item{"people": []string{a1}}}
		f.must(t, "north/planner", "POST", one, single)
		f.must(t, "north/planner", "POST", "/broadcasts", bulk)
		f.must(t, "north/planner", "POST", "/people/"+a1+"/consents", item{"channel": "sms", "state": "out", "words": "called us"})
		refused := func(what, path string, message item, people ...string) {
			t.Helper()
			message = maps.Clone(message)
			message["key"] = "reach-again-" + what
			if len(people) > 0 {
				message["recipients"] = item{"people": people}
			}
			a := f.call(t, "north/planner", "POST", path, message)
			if a.status != 422 || a.refused(t).Error.Field != "channels" || !strings.Contains(string(a.body), "has said stop") {
				t.Errorf("%s: a message that reaches nobody: %d %s", what, a.status, a.body)
			}
		}
		refused("single", one, single)
		refused("bulk", "/broadcasts", bulk)
		refused("two", "/broadcasts", bulk, a1, f.ids["north/b1"])
		f.must(t, "north/planner", "POST", one, single)
		f.must(t, "north/planner", "POST", "/broadcasts", bulk)
		// One of several channels is enough.
		email := maps.Clone(single)
		email["key"], email["channels"] = "reach-email", []string{"sms", "email"}
		f.must(t, "north/planner", "POST", one, email)
	})
}

// TestMentionsList: whoever is mentioned finds the note in the list until they no longer see it; reading it counts.
func TestMentionsList(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		t1, anna := f.ids["north/T1"], f.staffID(t, "north", "anna")
		f.must(t, "north/planner", "POST", "/conversations/"+f.ids["north/a1"]+"/notes",
			item{"key": "mention-0001", "group": t1, "body": "Please call her\nbefore noon", "mentions": []string{anna}})
		look := func(who, query string) (page struct {
			Mentions []struct {
				Item, Line   string
				Person, From struct{ ID, Name string }
				Group        struct{ ID string }
				Unread       bool
			}
			Next string
		}) {
			t.Helper()
			f.must(t, "north/"+who, "GET", "/mentions"+query, nil).into(t, &page)
			return page
		}
		got := look("anna", "")
		if m := got.Mentions; len(m) != 1 || m[0].Person.ID != f.ids["north/a1"] || m[0].Group.ID != t1 || !m[0].Unread || !strings.HasPrefix(m[0].Line, "Please call her") {
			t.Fatalf("%+v", got)
		}
		if other := look("planner", ""); len(other.Mentions) != 0 {
			t.Errorf("another's mentions: %+v", other)
		}
		f.must(t, "north/planner", "POST", "/conversations/"+f.ids["north/a1"]+"/notes", item{"key": "mention-0002", "group": t1, "body": "again", "mentions": []string{anna}})
		first := look("anna", "?limit=1")
		if len(first.Mentions) != 1 || first.Mentions[0].Line != "again" || first.Next == "" {
			t.Errorf("%+v", first)
		}
		if second := look("anna", "?limit=1&before="+first.Next); len(second.Mentions) != 1 || second.Mentions[0].Item != got.Mentions[0].Item || second.Next != "" {
			t.Errorf("%+v", second)
		}
		if a := f.call(t, "north/anna", "GET", "/mentions?before=nonsense", nil); a.status != 422 || a.refused(t).Error.Field != "before" {
			t.Errorf("%d %s", a.status, a.body)
		}
		f.must(t, "north/anna", "POST", "/conversations/actions", item{"action": "read", "people": []string{f.ids["north/a1"]}})
		if read := look("anna", ""); len(read.Mentions) != 2 || read.Mentions[0].Unread || read.Mentions[1].Unread {
			t.Errorf("after reading: %+v", read)
		}
		// Anna works elsewhere: the notes are hers no longer.
		f.must(t, "north/key", "PUT", "/provisioning/staff-scopes", item{"items": []item{{"person": "s-anna", "test": "T1", "remove": true}}})
		if gone := look("anna", ""); len(gone.Mentions) != 0 {
			t.Errorf("of what she sees no more: %+v", gone)
		}
		delete(f.tokens, "north/anna")
		for _, bad := range []any{"grouped", true} {
			if a := f.call(t, "north/anna", "PUT", "/me/preferences", item{"notify_mentions": bad}); a.status != 422 || a.refused(t).Error.Field != "notify_mentions" {
				t.Errorf("%v: %d %s", bad, a.status, a.body)
			}
		}
		f.must(t, "north/anna", "PUT", "/me/preferences", item{"notify_mentions": "off"})
	})
}
