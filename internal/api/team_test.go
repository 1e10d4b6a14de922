package api_test

import (
	"fmt"
	"strings"
	"testing"
)

type teamThreads struct {
	Threads []struct {
		ID, Kind, Name string
		Unread         int
		Last           *struct{ Line string }
	}
}

func (f *fixture) staffID(t *testing.T, slug, login string) string {
	t.Helper()
	var list struct{ Colleagues []struct{ ID, Name string } }
	f.must(t, slug+"/planner", "GET", "/colleagues?q="+login, nil).into(t, &list)
	for _, c := range list.Colleagues {
		if strings.HasPrefix(c.Name, login+" ") {
			return c.ID
		}
	}
	t.Fatalf("%s has no %s", slug, login)
	return ""
}

// TestDirectChat: two colleagues write to each other; unread is each one's own; nobody else is in it.
func TestDirectChat(t *testing.T) {
	f := start(t, nil)
	anna, bert := f.staffID(t, "north", "anna"), f.staffID(t, "north", "bert")
	send := func(who, to, key, body string) answer {
		return f.call(t, "north/"+who, "POST", "/team/direct."+to+"/messages", item{"key": key, "body": body})
	}
	first := send("anna", bert, "direct-0001", "Is room B quiet?\r\nAll of it?")
	again := send("anna", bert, "direct-0001", "Is room B quiet?\r\nAll of it?")
	if first.status != 201 || again.status != 200 || string(first.body) != string(again.body) {
		t.Errorf("sent %d %s, again %d %s", first.status, first.body, again.status, again.body)
	}
	if a := send("anna", bert, "direct-0001", "something else"); a.status != 409 || a.refused(t).Error.Field != "key" {
		t.Errorf("another text under the key: %d %s", a.status, a.body)
	}
	var list teamThreads
	f.must(t, "north/bert", "GET", "/team", nil).into(t, &list)
	if len(list.Threads) != 2 || list.Threads[0].ID != "direct."+anna || list.Threads[0].Unread != 1 || list.Threads[0].Last.Line != "Is room B quiet? All of it?" {
		t.Errorf("bert's chats: %+v", list)
	}
	if list.Threads[1].Kind != "group" || list.Threads[1].Last != nil {
		t.Errorf("the back channel of his test, in which nobody has written: %+v", list.Threads[1])
	}
	f.must(t, "north/bert", "POST", "/team/direct."+anna+"/read", nil)
	if a := send("bert", anna, "direct-0002", "Quiet."); a.status != 201 {
		t.Errorf("bert answers: %d %s", a.status, a.body)
	}
	f.must(t, "north/bert", "GET", "/team", nil).into(t, &list)
	if list.Threads[0].Unread != 0 {
		t.Errorf("bert's own answer is unread: %+v", list.Threads[0])
	}
	f.must(t, "north/anna", "GET", "/team", nil).into(t, &list)
	if list.Threads[0].ID != "direct."+bert || list.Threads[0].Unread != 1 {
		t.Errorf("anna's chats: %+v", list)
	}
	var page struct {
		Messages []struct {
			Body string
			From struct{ ID string }
		}
		Next string
	}
	f.must(t, "north/anna", "GET", "/team/direct."+bert+"?limit=1", nil).into(t, &page)
	if len(page.Messages) != 1 || page.Messages[0].Body != "Quiet." || page.Messages[0].From.ID != bert || page.Next == "" {
		t.Errorf("the newest: %+v", page)
	}
	f.must(t, "north/anna", "GET", "/team/direct."+bert+"?limit=1&before="+page.Next, nil).into(t, &page)
	if len(page.Messages) != 1 || page.Messages[0].Body != "Is room B quiet?\nAll of it?" || page.Next != "" {
		t.Errorf("the one before: %+v", page)
	}
	for _, who := range []string{"planner", "admin", "chief"} {
		if a := f.must(t, "north/"+who, "GET", "/team", nil); strings.Contains(string(a.body), "uiet") {
			t.Errorf("%s sees their chat: %s", who, a.body)
		}
		if a := f.call(t, "north/"+who, "GET", "/search?q=quiet", nil); strings.Contains(string(a.body), "uiet?") {
			t.Errorf("%s finds their chat: %s", who, a.body)
		}
	}
	south := f.staffID(t, "south", "anna")
	for _, c := range []struct {
		who, thread string
		status      int
	}{
		{"anna", "direct." + anna, 404},              // with oneself
		{"anna", "direct." + f.ids["north/a1"], 404}, // a candidate
		{"anna", "direct." + south, 404},             // another organisation
		{"anna", "direct.nobody", 404},               //
		{"anna", "everyone", 404},                    //
		{"anna", "group." + f.ids["north/T2"], 404},  // not her test
		{"anna", "group." + f.ids["south/T1"], 404},  //
		{"planner", "group." + f.ids["south/T1"], 404},
		{"a1", "direct." + anna, 403},
		{"a1", "group." + f.ids["north/T1"], 403},
		{"key", "direct." + anna, 403},
	} {
		for _, what := range []struct {
			method, path string
			body         any
		}{{"GET", "", nil}, {"POST", "/read", nil}, {"POST", "/messages", item{"key": "refused-1", "body": "b"}}} {
			if a := f.call(t, "north/"+c.who, what.method, "/team/"+c.thread+what.path, what.body); a.status != c.status {
				t.Errorf("%s %s%s by %s: %d %s, want %d", what.method, c.thread, what.path, c.who, a.status, a.body, c.status)
			}
		}
	}
	for _, c := range []struct {
		body  item
		field string
	}{
		{item{"key": "short", "body": "b"}, "key"}, {item{"key": "long-enough", "body": " "}, "body"}, {item{"key": "long-enough", "body": strings.Repeat("x", 4001)}, "body"},
	} {
		if a := f.call(t, "north/anna", "POST", "/team/direct."+bert+"/messages", c.body); a.status != 422 || a.refused(t).Error.Field != c.field {
			t.Errorf("%.40v: %d %s", c.body, a.status, a.body)
		}
	}
}

// TestBackChannel: the staff of a test share one; who is not of it does not.
func TestBackChannel(t *testing.T) {
	f := start(t, nil)
	channel := "/team/group." + f.ids["north/T1"]
	for i, who := range []string{"anna", "bert", "chief", "planner"} {
		f.must(t, "north/"+who, "POST", channel+"/messages", item{"key": fmt.Sprintf("channel-%d", i), "body": "from " + who})
	}
	for _, who := range []string{"anna", "bert", "chief", "planner", "admin"} {
		var page struct{ Messages []struct{ Body string } }
		f.must(t, "north/"+who, "GET", channel, nil).into(t, &page)
		if len(page.Messages) != 4 || page.Messages[0].Body != "from planner" {
			t.Errorf("%s reads %+v", who, page)
		}
	}
	// Nothing of it is anywhere in what a candidate can ask for.
	for _, path := range []string{"/dashboard", "/inbox", "/inbox/threads", "/schedule", "/team", "/colleagues", "/search?q=from"} {
		if a := f.call(t, "north/a1", "GET", path, nil); strings.Contains(string(a.body), "from ") {
			t.Errorf("GET %s tells a candidate: %s", path, a.body)
		}
	}
	var log struct {
		Entries []struct{ Summary, Body string }
	}
	f.must(t, "north/planner", "GET", "/log?kind=team.message", nil).into(t, &log)
	if len(log.Entries) != 4 {
		t.Errorf("the log has %d of 4", len(log.Entries))
	}
}
