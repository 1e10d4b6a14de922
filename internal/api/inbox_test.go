package api_test

import (
	"fmt"
	"strings"
	"testing"
)

// ownMessage is a message as a candidate's message centre lists it.
type ownMessage struct {
	ID    string
	Group *struct{ ID, Kind, Name string }
	Body  string
	Level string
	State string
	Mine  bool
	From  struct{ Name, Role string }
	About *struct{ Kind string }
}

// TestCandidateWrites: where a candidate may write and why not, what they get for it, and
// that both sides stand in the message centre.
func TestCandidateWrites(t *testing.T) {
	f := start(t, nil)
	p1, t1 := f.ids["north/P1"], f.ids["north/T1"]
	threads := func() string {
		t.Helper()
		var out struct {
			Threads []struct {
				Group    *struct{ ID, Name string }
				MayWrite bool `json:"may_write"`
				Reason   *struct{ Code, Text string }
			}
		}
		f.must(t, "north/a1", "GET", "/inbox/threads", nil).into(t, &out)
		var told []string
		for _, th := range out.Threads {
			s := "none"
			if th.Group != nil {
				s = map[string]string{p1: "pool", t1: "test", f.ids["north/S1"]: "shift"}[th.Group.ID]
			}
			if s == "" {
				continue // their other test
			}
			if s += fmt.Sprint(" ", th.MayWrite); th.Reason != nil {
				s += " " + th.Reason.Code
			}
			if th.MayWrite != (th.Reason == nil) || th.Reason != nil && th.Reason.Text == "" {
				t.Errorf("%+v", th)
			}
			told = append(told, s)
		}
		return strings.Join(told, ", ")
	}
	contains := func(all string, parts ...string) {
		t.Helper()
		for _, p := range parts {
			if !strings.Contains(all, p) {
				t.Errorf("threads are %q, want %q among them", all, p)
			}
		}
	}
	contains(threads(), "pool false staff_starts", "test false staff_starts", "none false staff_starts")
	no := f.call(t, "north/a1", "POST", "/inbox/messages", item{"key": "too-early-1", "body": "Hello?", "group": p1})
	if r := no.refused(t); no.status != 409 || r.Error.Field != "group" || r.Error.Message != "You can answer once someone has written to you." {
		t.Errorf("%d %s", no.status, no.body)
	}

	first := f.write(t, "north/planner", "a1", "Can you come?", item{"group": p1})
	contains(threads(), "pool true", "test false staff_starts")
	var inbox struct {
		Messages []ownMessage
		Unread   int
	}
	f.must(t, "north/a1", "GET", "/inbox", nil).into(t, &inbox)
	if len(inbox.Messages) != 1 || inbox.Unread != 1 || inbox.Messages[0].Mine || inbox.Messages[0].Level != "chat" || inbox.Messages[0].Group.Kind != "pool" || inbox.Messages[0].ID == first {
		t.Fatalf("%+v", inbox)
	}
	reply := item{"key": "an-answer-1", "body": "Yes, I can", "reply_to": inbox.Messages[0].ID}
	stored, again := f.must(t, "north/a1", "POST", "/inbox/messages", reply), f.must(t, "north/a1", "POST", "/inbox/messages", reply)
	if stored.status != 201 || again.status != 200 || string(stored.body) != string(again.body) {
		t.Errorf("%d %s, again %d %s", stored.status, stored.body, again.status, again.body)
	}
	f.must(t, "north/a1", "GET", "/inbox", nil).into(t, &inbox)
	if len(inbox.Messages) != 2 || inbox.Unread != 1 {
		t.Fatalf("%+v", inbox)
	}
	if m := inbox.Messages[0]; !m.Mine || m.Body != "Yes, I can" || m.Group == nil || m.Group.ID != p1 || m.State != "acknowledged" || m.From.Role != "candidate" {
		t.Errorf("%+v", m)
	}
	plain := f.must(t, "north/a1", "POST", "/inbox/messages", item{"key": "no-group-0001", "body": "And I bring Ola"})
	var sent struct{ Message ownMessage }
	if plain.into(t, &sent); sent.Message.Group == nil || sent.Message.Group.ID != p1 {
		t.Errorf("an answer without a group: %s", plain.body)
	}
	var other struct{ Messages []ownMessage }
	f.must(t, "north/b1", "GET", "/inbox", nil).into(t, &other)
	if len(other.Messages) != 0 {
		t.Errorf("another candidate reads %+v", other.Messages)
	}

	for name, c := range map[string]struct {
		body   item
		status int
		field  string
	}{
		"no body":                {item{"key": "bad-00000001", "body": "", "group": p1}, 422, "body"},
		"no key":                 {item{"key": "", "body": "b", "group": p1}, 422, "key"},
		"a key of something":     {item{"key": "an-answer-1", "body": "No", "group": p1}, 409, "key"},
		"staff's id":             {item{"key": "bad-00000002", "body": "b", "reply_to": first}, 422, "reply_to"},
		"a group of another":     {item{"key": "bad-00000003", "body": "b", "group": f.ids["south/P1"]}, 422, "group"},
		"a file nobody uploaded": {item{"key": "bad-00000004", "body": "b", "group": p1, "attachments": []string{"x"}}, 422, "attachments[0]"},
	} {
		a := f.call(t, "north/a1", "POST", "/inbox/messages", c.body)
		if r := a.refused(t); a.status != c.status || r.Error.Field != c.field {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	f.must(t, "north/key", "PUT", "/provisioning/groups", item{"items": []item{{"external_id": "P1", "kind": "pool", "name": "P1", "replies": "closed"}}})
	contains(threads(), "pool false replies_off")
	no = f.call(t, "north/a1", "POST", "/inbox/messages", item{"key": "closed-00001", "body": "And one more", "group": p1})
	if r := no.refused(t); no.status != 409 || r.Error.Field != "group" || r.Error.Message != "Replies are not open here." {
		t.Errorf("%d %s", no.status, no.body)
	}
}

// TestDeclinedWritesNothing: whoever was turned down wherever they applied cannot answer, in the group's
// thread nor in that of no group, although staff wrote in both; while one application is open they can.
func TestDeclinedWritesNothing(t *testing.T) {
	f := start(t, nil)
	f.must(t, "north/key", "PUT", "/provisioning/people", item{"items": []item{{"external_id": "j1", "kind": "candidate", "given_name": "j1", "family_name": "Job", "login": "j1", "password": password}}})
	f.must(t, "north/key", "PUT", "/provisioning/groups", item{"items": []item{{"external_id": "J1", "kind": "job", "name": "First job"}, {"external_id": "J2", "kind": "job", "name": "Second job"}}})
	decided := func(job, state string) {
		t.Helper()
		f.must(t, "north/key", "PUT", "/provisioning/enrolments", item{"items": []item{{"group": job, "kind": "job", "person": "j1", "state": state}}})
	}
	decided("J1", "applied")
	decided("J2", "applied")
	var list struct {
		People []struct{ ID string }
	}
	f.must(t, "north/planner", "GET", "/people?q=j1", nil).into(t, &list)
	if len(list.People) != 1 {
		t.Fatalf("%+v", list)
	}
	f.ids["north/j1"] = list.People[0].ID
	f.write(t, "north/planner", "j1", "In nobody's name")
	write := func(key string) answer {
		t.Helper()
		return f.call(t, "north/j1", "POST", "/inbox/messages", item{"key": key, "body": "But why?"})
	}
	decided("J1", "declined")
	if a := write("answer-one-1"); a.status != 201 {
		t.Errorf("with one application open: %d %s", a.status, a.body)
	}
	decided("J2", "declined")
	a := write("answer-two-1")
	if r := a.refused(t); a.status != 409 || r.Error.Field != "group" || !strings.HasPrefix(r.Error.Message, "This application is closed") {
		t.Errorf("%d %s", a.status, a.body)
	}
	var out struct {
		Threads []struct {
			MayWrite bool `json:"may_write"`
			Reason   *struct{ Code string }
		}
	}
	f.must(t, "north/j1", "GET", "/inbox/threads", nil).into(t, &out)
	for _, th := range out.Threads {
		if th.MayWrite || th.Reason == nil || th.Reason.Code != "declined" {
			t.Errorf("%+v", th)
		}
	}
	f.write(t, "north/planner", "j1", "Staff may still write")
}
