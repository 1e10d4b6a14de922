package api_test

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"crier/internal/config"
)

// deskPage is an answer of GET /conversations.
type deskPage struct {
	Conversations []struct {
		Person struct {
			ID         string
			ExternalID string `json:"external_id"`
		}
		Unread    bool
		Processed string
		Archived  bool
		Last      struct{ Line, Type, Direction string }
	}
	Next string
}

func (p deskPage) people() string {
	var ids []string
	for _, c := range p.Conversations {
		ids = append(ids, c.Person.ExternalID)
	}
	return strings.Join(ids, " ")
}

func (f *fixture) desk(t *testing.T, who, query string) deskPage {
	t.Helper()
	var p deskPage
	f.must(t, who, "GET", "/conversations"+query, nil).into(t, &p)
	return p
}

// TestDesk walks through the Messages page as its staff do.
func TestDesk(t *testing.T) {
	f := start(t, nil)
	for i, to := range []string{"a1", "b1", "z1", "a2"} {
		f.must(t, "north/planner", "POST", "/conversations/"+f.ids["north/"+to]+"/messages", item{"key": fmt.Sprintf("desk-%05d", i), "body": "Grüße an " + to})
	}
	for _, c := range []struct{ who, query, want string }{
		{"planner", "", "a2 z1 b1 a1"},
		{"planner", "?sort=oldest", "a1 b1 z1 a2"},
		{"planner", "?folder=sent", "a2 z1 b1 a1"},
		{"planner", "?folder=received", ""},
		{"planner", "?folder=unread", ""},
		{"planner", "?group=" + f.ids["north/T2"], "z1"},
		{"planner", "?q=a", "a2 a1"},
		{"planner", "?processed=no", ""},
		{"planner", "?assigned=me&assigned=none", "a2 z1 b1 a1"},
		{"planner", "?kind=pool", "b1 a1"}, // who is in one, whatever was written where
		{"planner", "?kind=pool&written=no&q=a", "a1"},
		{"planner", "?kind=pool&written=yes", ""},
		{"planner", "?group=" + f.ids["north/T2"] + "&written=yes", "z1"},
		{"planner", "?field.size=M", ""},
		{"chief", "", "a2"}, // what belongs to no group is for the coordinators
		{"anna", "", "a2"},
		{"bert", "?sort=last_name", ""},
		{"coordinator", "", "a2 b1 a1"},
	} {
		if got := f.desk(t, "north/"+c.who, c.query).people(); got != c.want {
			t.Errorf("%s, %s: %q, want %q", c.who, c.query, got, c.want)
		}
	}
	if got := f.desk(t, "south/planner", "").people(); got != "" {
		t.Errorf("the south sees %q", got)
	}
	var seen []string
	next := ""
	for range 5 {
		p := f.desk(t, "north/planner", "?limit=1&after="+next)
		seen = append(seen, p.people())
		if next = p.Next; next == "" {
			break
		}
		if len(seen) == 1 {
			for path, who := range map[string]string{"?limit=1&sort=oldest&after=" + next: "north/planner", "?limit=1&after=" + next[:len(next)-2]: "north/planner", "?limit=1&after=" + url.QueryEscape(next): "south/planner"} {
				if a := f.call(t, who, "GET", "/conversations"+path, nil); a.status != 422 || a.refused(t).Error.Field != "after" {
					t.Errorf("%s with a cursor of another list or a forged one: %d %s", who, a.status, a.body)
				}
			}
		}
	}
	if !slices.Equal(seen, []string{"a2", "z1", "b1", "a1"}) {
		t.Errorf("page by page: %v", seen)
	}

	for query, field := range map[string]string{"?folder=spam": "folder", "?overdue=no": "overdue", "?sort=up": "sort", "?kind=team": "kind", "?state=asleep": "state", "?processed=maybe": "processed", "?limit=201": "limit",
		"?after=AAAA": "after", "?field.Größe=M": "fields", "?colour=red": "colour", "?limit=1&limit=2": "limit"} {
		if a := f.call(t, "north/planner", "GET", "/conversations"+query, nil); a.status != 422 || a.refused(t).Error.Field != field {
			t.Errorf("%s: %d %s, want 422 naming %s", query, a.status, a.body, field)
		}
	}
	var counts map[string]int
	f.must(t, "north/planner", "POST", "/conversations/actions", item{"action": "unread", "people": []string{f.ids["north/a1"], f.ids["north/b1"]}})
	f.must(t, "north/planner", "POST", "/conversations/"+f.ids["north/a2"]+"/claim", item{})
	f.must(t, "north/chief", "POST", "/conversations/"+f.ids["north/a1"]+"/notes", item{"key": "desk-note-1", "body": "look", "mentions": []string{f.staffID(t, "north", "planner")}})
	f.must(t, "north/planner", "GET", "/conversations/counts", nil).into(t, &counts)
	if fmt.Sprint(counts) != "map[mentions:1 mine:1 unmatched:0 unprocessed:0 unread:2]" {
		t.Errorf("counts: %v", counts)
	}
}

// found is an answer of GET /search.
type found struct {
	People []struct{ Name string }
	Hits   []struct {
		Person  *struct{ Name string }
		Item    struct{ Type, Broadcast string }
		Excerpt []struct {
			Text string
			Hit  bool
		}
	}
	Next string
}

// TestSearch: words by their beginnings, marked; only what one may see.
func TestSearch(t *testing.T) {
	f := start(t, nil)
	for i, to := range []string{"a1", "b1"} {
		f.must(t, "north/planner", "POST", "/conversations/"+f.ids["north/"+to]+"/messages", item{"key": fmt.Sprintf("find-%05d", i), "body": "Der Schlüssel <b>liegt</b> in " + to})
	}
	f.must(t, "north/chief", "POST", "/conversations/"+f.ids["north/a1"]+"/notes", item{"key": "find-note-1", "body": "schlussel zurückgegeben"})
	f.must(t, "north/planner", "POST", "/tests/"+f.ids["north/T1"]+"/broadcasts", item{"key": "find-all-1", "subject": "Alle Schlüssel", "body": "abgeben", "recipients": item{"filter": item{"room": []string{"B"}}}})
	for _, c := range []struct {
		who, query string
		hits       int
	}{
		{"north/planner", "?q=SCHLUSS", 4}, {"north/chief", "?q=schlüs", 2}, {"north/anna", "?q=schlussel", 1}, {"north/bert", "?q=schlussel", 1},
		{"north/coordinator", "?q=schlussel", 4}, {"south/planner", "?q=schlussel", 0}, {"north/planner", "?q=chlussel", 0},
		{"north/planner", "?q=schlussel&person=" + f.ids["north/b1"], 2}, {"north/planner", "?q=" + url.QueryEscape(`"a* OR (`), 0},
	} {
		var got found
		f.must(t, c.who, "GET", "/search"+c.query, nil).into(t, &got)
		if len(got.Hits) != c.hits {
			t.Errorf("%s, %s: %d hits, want %d", c.who, c.query, len(got.Hits), c.hits)
		}
		for _, h := range got.Hits {
			marked := slices.ContainsFunc(h.Excerpt, func(r struct {
				Text string
				Hit  bool
			}) bool {
				return r.Hit && strings.HasPrefix(strings.ToLower(r.Text), "schl")
			})
			if !marked || (h.Person == nil) != (h.Item.Broadcast != "" && !strings.Contains(c.query, "person=")) {
				t.Errorf("%s, %s: %+v", c.who, c.query, h)
			}
		}
	}
	var named found
	f.must(t, "north/anna", "GET", "/search?q=a1", nil).into(t, &named)
	if len(named.People) != 1 {
		t.Errorf("anna finds %+v by name", named.People)
	}
	f.must(t, "north/bert", "GET", "/search?q=a1", nil).into(t, &named)
	if len(named.People) != 0 {
		t.Errorf("bert finds %+v by name", named.People)
	}
	for query, want := range map[string]string{"": "422 q", "?q=%20": "422 q", "?q=%22*%22": "422 q", "?q=a&before=AAAA": "422 before", "?q=a&person=nobody": "404 ", "?q=a&person=" + f.ids["north/b1"]: "404 "} {
		a := f.call(t, "north/anna", "GET", "/search"+query, nil)
		if got := fmt.Sprintf("%d %s", a.status, a.refused(t).Error.Field); got != want || bytes.Contains(a.body, []byte("canary")) {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

// TestSendingInParts holds the answers of a sending in several parts against the description.
func TestSendingInParts(t *testing.T) {
	f := start(t, func(c *config.Config) { c.MaxRecipients = 1 })
	to := item{"people": []string{f.ids["north/a1"], f.ids["north/b1"]}}
	var preview struct {
		Limit, Parts int
		MaxParts     int `json:"max_parts"`
	}
	f.must(t, "north/planner", "POST", "/broadcasts/preview", item{"recipients": to}).into(t, &preview)
	if preview.Limit != 1 || preview.Parts != 2 || preview.MaxParts != 4 {
		t.Errorf("preview %+v", preview)
	}
	r := item{"key": "in-parts-0001", "subject": "s", "body": "b", "recipients": to}
	if a := f.call(t, "north/planner", "POST", "/broadcasts", r); a.status != 413 || !strings.Contains(string(a.body), "ask for them with parts") {
		t.Errorf("unasked: %d %s", a.status, a.body)
	}
	r["parts"] = 2
	var sent struct {
		Broadcast struct {
			ID   string
			Part struct {
				N, Of, Total int
				IDs          []string
			}
		}
	}
	f.must(t, "north/planner", "POST", "/broadcasts", r).into(t, &sent)
	if b := sent.Broadcast; b.Part.Of != 2 || b.Part.Total != 2 || b.Part.IDs[0] != b.ID {
		t.Errorf("sent %+v", b)
	}
	for _, id := range sent.Broadcast.Part.IDs {
		f.must(t, "north/planner", "GET", "/broadcasts/"+id, nil)
	}
}
