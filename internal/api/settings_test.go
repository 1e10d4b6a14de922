package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

type settingsAnswer struct {
	Settings struct {
		ChatSubject     bool `json:"chat_subject"`
		SubjectOptional bool `json:"subject_optional"`
		KeepLocation    bool `json:"keep_location"`
	}
}

// TestSettings: a choice changes alone, is told to everyone's pages, and is recorded once.
func TestSettings(t *testing.T) {
	f := start(t, nil)
	var got settingsAnswer
	f.must(t, "north/admin", "PATCH", "/settings", item{"chat_subject": true}).into(t, &got)
	if !got.Settings.ChatSubject || got.Settings.SubjectOptional {
		t.Errorf("after the change: %+v", got)
	}
	f.must(t, "north/admin", "PATCH", "/settings", item{"chat_subject": true, "subject_optional": false}) // nothing new
	f.must(t, "north/key", "PATCH", "/settings", item{"subject_optional": true, "keep_location": true}).into(t, &got)
	if !got.Settings.ChatSubject || !got.Settings.SubjectOptional || !got.Settings.KeepLocation {
		t.Errorf("after the key's change: %+v", got)
	}
	if a := f.must(t, "north/coordinator", "GET", "/session", nil); !strings.Contains(string(a.body), `"chat_subject":true`) {
		t.Errorf("a page does not learn it: %s", a.body)
	}
	if a := f.must(t, "south/planner", "GET", "/session", nil); strings.Contains(string(a.body), `"chat_subject":true`) {
		t.Errorf("it changed another organisation: %s", a.body)
	}
	if a := f.call(t, "north/admin", "PATCH", "/settings", item{"default_channels": []string{"email", "pigeon"}}); a.status != 422 || !strings.Contains(string(a.body), `"field":"default_channels"`) {
		t.Errorf("an unknown channel: %d %s", a.status, a.body)
	}
	var log struct{ Entries []struct{ Kind string } }
	f.must(t, "north/admin", "GET", "/log?kind=settings.changed", nil).into(t, &log)
	if len(log.Entries) != 2 {
		t.Errorf("%d entries of changed settings, want 2", len(log.Entries))
	}
	for _, bad := range []any{item{"colour": "red"}, item{"chat_subject": "yes"}, item{"chat_subject": nil}} {
		if a := f.call(t, "north/admin", "PATCH", "/settings", bad); a.status != 400 {
			t.Errorf("%v: %d %s", bad, a.status, a.body)
		}
	}
}

type cannedAnswer struct {
	Reply struct{ ID, Title, Shortcut, Body string } `json:"canned_reply"`
}

// TestLanguage: staff learn the organisation's language, which is checked, and lists by name follow it.
func TestLanguage(t *testing.T) {
	f := start(t, nil)
	language := func(who string) string {
		t.Helper()
		var me struct {
			Me struct{ Organisation struct{ Language string } }
		}
		f.must(t, who, "GET", "/session", nil).into(t, &me)
		return me.Me.Organisation.Language
	}
	if a, c := language("north/coordinator"), language("north/a1"); a != "nb" || c != "" {
		t.Errorf("staff learn %q, candidates %q", a, c)
	}
	var first struct{ Next string }
	f.must(t, "north/coordinator", "GET", "/people?limit=1", nil).into(t, &first)
	if first.Next == "" {
		t.Fatal("the list has one page")
	}
	f.must(t, "north/coordinator", "GET", "/people?limit=1&after="+first.Next, nil)
	var now struct{ Settings struct{ Language string } }
	f.must(t, "north/admin", "PATCH", "/settings", item{"language": "SV-se"}).into(t, &now)
	if a := language("north/coordinator"); a != "sv-SE" || now.Settings.Language != "sv-SE" {
		t.Errorf("after the change: %q, %+v", a, now)
	}
	a := f.call(t, "north/coordinator", "GET", "/people?limit=1&after="+first.Next, nil)
	if a.status != 422 || a.refused(t).Error.Field != "after" {
		t.Errorf("a page of the list in another language: %d %s", a.status, a.body)
	}
	for _, bad := range []string{"norsk", "xx", "und", "de-1996", strings.Repeat("a", 36)} {
		if a := f.call(t, "north/admin", "PATCH", "/settings", item{"language": bad}); a.status != 422 || a.refused(t).Error.Field != "language" {
			t.Errorf("%q: %d %s", bad, a.status, a.body)
		}
	}
	f.must(t, "north/admin", "PATCH", "/settings", item{"language": ""}).into(t, &now)
	if now.Settings.Language != "nb" {
		t.Errorf("without a choice: %+v", now)
	}
}

// TestCannedReplies: one's own are one's own; shared ones everybody's, and kept by planners and admins.
func TestCannedReplies(t *testing.T) {
	f := start(t, nil)
	titles := func(who string) string {
		t.Helper()
		var list struct {
			Replies []struct{ Title string } `json:"canned_replies"`
		}
		f.must(t, who, "GET", "/canned-replies", nil).into(t, &list)
		var out []string
		for _, r := range list.Replies {
			out = append(out, r.Title)
		}
		return strings.Join(out, ",")
	}
	var own, shared cannedAnswer
	f.must(t, "north/coordinator", "POST", "/canned-replies", item{"title": "Own", "shortcut": "Own-1", "body": "Hello {{first_name}}\r\nsee you", "shared": false}).into(t, &own)
	if own.Reply.Shortcut != "own-1" || own.Reply.Body != "Hello {{first_name}}\nsee you" {
		t.Errorf("stored as %+v", own)
	}
	f.must(t, "north/planner", "POST", "/canned-replies", item{"title": "All", "shortcut": "all", "body": "Thanks", "shared": true}).into(t, &shared)
	f.must(t, "south/planner", "POST", "/canned-replies", item{"title": "South", "body": "Thanks", "shared": true})
	if c, a := titles("north/coordinator"), titles("north/anna"); c != "All,Own" || a != "All" {
		t.Errorf("the coordinator sees %s, anna %s", c, a)
	}
	for _, c := range []struct {
		who, method, path string
		body              any
		status            int
		field             string
	}{
		{"anna", "POST", "", item{"title": "S", "body": "b", "shared": true}, 403, ""},
		{"coordinator", "PUT", "/" + shared.Reply.ID, item{"title": "All", "shortcut": "all", "body": "Thanks again", "shared": true}, 200, ""},
		{"coordinator", "POST", "", item{"title": "S", "shortcut": "all", "body": "b", "shared": false}, 409, "shortcut"},
		{"coordinator", "POST", "", item{"title": "", "body": "b", "shared": false}, 422, "title"},
		{"coordinator", "POST", "", item{"title": "t", "body": " ", "shared": false}, 422, "body"},
		{"coordinator", "POST", "", item{"title": "t", "body": strings.Repeat("x", 4001), "shared": false}, 422, "body"},
		{"coordinator", "POST", "", item{"title": "t", "shortcut": "a b", "body": "b", "shared": false}, 422, "shortcut"},
		{"planner", "POST", "", item{"title": "t", "shortcut": "own-1", "body": "b", "shared": true}, 409, "shortcut"},
		{"anna", "PUT", "/" + own.Reply.ID, item{"title": "Mine now", "body": "b", "shared": false}, 404, ""},
		{"anna", "DELETE", "/" + own.Reply.ID, nil, 404, ""},
		{"anna", "DELETE", "/" + shared.Reply.ID, nil, 404, ""},
		{"planner", "PUT", "/" + own.Reply.ID, item{"title": "Shared now", "body": "b", "shared": true}, 404, ""},
		{"planner", "PUT", "/" + shared.Reply.ID, item{"title": "Everyone", "shortcut": "all", "body": "Thank you", "shared": true}, 200, ""},
		{"key", "GET", "", nil, 403, ""},
		{"planner", "DELETE", "/" + shared.Reply.ID, nil, 204, ""},
		{"coordinator", "DELETE", "/" + own.Reply.ID, nil, 204, ""},
	} {
		a := f.call(t, "north/"+c.who, c.method, "/canned-replies"+c.path, c.body)
		if a.status != c.status || c.field != "" && a.refused(t).Error.Field != c.field {
			t.Errorf("%s %s by %s: %d %s, want %d %s", c.method, c.path, c.who, a.status, a.body, c.status, c.field)
		}
	}
	if c := titles("north/coordinator"); c != "" {
		t.Errorf("left: %s", c)
	}
	for i := range 200 {
		f.must(t, "north/bert", "POST", "/canned-replies", item{"title": fmt.Sprint(i), "body": "b", "shared": false})
	}
	if a := f.call(t, "north/bert", "POST", "/canned-replies", item{"title": "one more", "body": "b", "shared": false}); a.status != 413 || a.refused(t).Error.Limit != 200 {
		t.Errorf("the 201st: %d %s", a.status, a.body)
	}
}

// TestViewsAndPreferences: what a person keeps is theirs alone, and bounded.
func TestViewsAndPreferences(t *testing.T) {
	f := start(t, nil)
	var kept struct{ View struct{ ID string } }
	f.must(t, "north/coordinator", "POST", "/views", item{"name": "Waiting in Oslo", "query": "city=Oslo&sort=waiting"}).into(t, &kept)
	if a := f.must(t, "north/anna", "GET", "/views", nil); strings.Contains(string(a.body), "Oslo") {
		t.Errorf("anna sees it: %s", a.body)
	}
	if a := f.call(t, "north/anna", "DELETE", "/views/"+kept.View.ID, nil); a.status != 404 {
		t.Errorf("anna removes it: %d", a.status)
	}
	if a := f.call(t, "north/coordinator", "POST", "/views", item{"name": "", "query": ""}); a.status != 422 || a.refused(t).Error.Field != "name" {
		t.Errorf("without a name: %d %s", a.status, a.body)
	}
	f.must(t, "north/coordinator", "DELETE", "/views/"+kept.View.ID, nil)

	var p map[string]json.RawMessage
	f.must(t, "north/coordinator", "PUT", "/me/preferences", item{"enter_sends": true, "dock": item{"open": []string{"x"}}})
	f.must(t, "north/coordinator", "PUT", "/me/preferences", item{"enter_sends": false, "dock": nil}).into(t, &p)
	if len(p) != 1 || string(p["enter_sends"]) != "false" {
		t.Errorf("remembered: %s", p)
	}
	if a := f.must(t, "north/a1", "GET", "/me/preferences", nil); string(a.body) != "{}\n" {
		t.Errorf("a candidate's: %s", a.body)
	}
	many := item{}
	for i := range 51 {
		many["p_"+strings.Repeat("x", i%30)+string(rune('a'+i%26))] = i
	}
	for _, c := range []struct {
		body   any
		status int
		field  string
	}{
		{item{"Upper": 1}, 422, "Upper"},
		{item{"long": strings.Repeat("x", 2000)}, 413, "long"},
		{many, 413, "preferences"},
	} {
		if a := f.call(t, "north/coordinator", "PUT", "/me/preferences", c.body); a.status != c.status || a.refused(t).Error.Field != c.field {
			t.Errorf("%.60v: %d %s", c.body, a.status, a.body)
		}
	}
	f.must(t, "north/coordinator", "GET", "/me/preferences", nil).into(t, &p)
	if len(p) != 1 {
		t.Errorf("a refused change left %d preferences", len(p))
	}
}
