package api_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestCopies follows a message with copies from its plan to its deliveries; every exchange is held against the description.
func TestCopies(t *testing.T) {
	f := start(t, nil)
	a1 := f.ids["north/a1"]
	f.must(t, "north/key", "PUT", "/provisioning/people", item{"items": []item{{"external_id": "a1", "kind": "candidate", "given_name": "Sara", "family_name": "Amin",
		"email": "sara@example.org", "phone": "40 61 23 45", "sms_consent": item{"state": "in", "words": "Yes, I want to be contacted via SMS"}, "time_zone": "Europe/Oslo", "quiet_from": 0, "quiet_to": 0}}})
	var plan struct {
		Plan struct {
			Counts map[string]int
			People []struct {
				SMS, Email struct{ Address, Reason string }
			}
		}
	}
	f.must(t, "north/planner", "POST", "/conversations/"+a1+"/plan", item{"channels": []string{"email", "sms"}, "body": "hei"}).into(t, &plan)
	if p := plan.Plan.People; len(p) != 1 || p[0].SMS.Address != "+4740612345" || p[0].Email.Address != "sara@example.org" {
		t.Errorf("plan %+v", plan)
	}
	var sent struct{ Message struct{ ID string } }
	f.must(t, "north/planner", "POST", "/conversations/"+a1+"/messages", item{"key": "copies-0001", "body": "Room B", "channels": []string{"sms"}}).into(t, &sent)
	var of struct {
		Deliveries []struct{ ID, Channel, State string }
	}
	f.must(t, "north/planner", "GET", "/messages/"+sent.Message.ID+"/deliveries?person="+a1, nil).into(t, &of)
	if len(of.Deliveries) != 1 || of.Deliveries[0].Channel != "sms" {
		t.Errorf("deliveries %+v", of)
	}
	var talk struct {
		Conversation struct{ Channels []string }
		Items        []struct{ Deliveries []struct{ Channel string } }
	}
	f.must(t, "north/planner", "GET", "/conversations/"+a1, nil).into(t, &talk)
	if len(talk.Conversation.Channels) != 1 || talk.Conversation.Channels[0] != "sms" || len(talk.Items[0].Deliveries) != 1 {
		t.Errorf("the conversation shows %+v", talk)
	}
	var all struct{ Deliveries []struct{ ID string } }
	f.must(t, "south/planner", "GET", "/deliveries", nil).into(t, &all)
	if len(all.Deliveries) != 0 {
		t.Errorf("another organisation sees %+v", all)
	}
	var consents struct {
		SMS     string
		History []struct{ Source string }
	}
	f.must(t, "north/a1", "POST", "/me/consents", item{"channel": "sms", "state": "out"}).into(t, &consents)
	if consents.SMS != "out" || len(consents.History) != 2 || consents.History[0].Source != "person" {
		t.Errorf("consents %+v", consents)
	}
	f.must(t, "north/planner", "POST", "/conversations/"+a1+"/plan", item{"channels": []string{"sms"}}).into(t, &plan)
	if got := plan.Plan.People[0].SMS.Reason; got != "opted_out" {
		t.Errorf("after a no the plan says %q", got)
	}
}

// TestDefaultChannels: the copies that a composer begins with are the organisation's until staff choose
// others in a conversation. A sending to many is no such choice.
func TestDefaultChannels(t *testing.T) {
	f := start(t, nil)
	person := f.ids["north/a1"]
	chosen := func() string {
		t.Helper()
		var page struct {
			Conversation struct{ Channels []string }
		}
		f.must(t, "north/planner", "GET", "/conversations/"+person, nil).into(t, &page)
		if page.Conversation.Channels == nil {
			return "default"
		}
		return strings.Join(page.Conversation.Channels, ",")
	}
	write := func(key string, channels ...string) {
		t.Helper()
		f.must(t, "north/planner", "POST", "/conversations/"+person+"/messages",
			item{"key": "defaults-" + key, "body": "b", "group": f.ids["north/P1"], "channels": append([]string{}, channels...)})
	}
	f.must(t, "north/admin", "PATCH", "/settings", item{"default_channels": []string{"email"}})
	for who, want := range map[string]bool{"north/coordinator": true, "north/a1": false, "south/planner": false} {
		a := f.must(t, who, "GET", "/session", nil)
		if got := strings.Contains(string(a.body), `"default_channels":["email"]`); got != want {
			t.Errorf("%s is told of the default: %t, want %t", who, got, want)
		}
	}
	f.must(t, "north/planner", "POST", "/broadcasts", item{"key": "defaults-many", "subject": "s", "body": "b", "group": f.ids["north/P1"],
		"recipients": item{"people": []string{person}}, "channels": []string{"sms"}})
	if got := chosen(); got != "default" {
		t.Errorf("after a sending to many by SMS: %s, want the default", got)
	}
	for i, step := range []struct {
		channels []string
		want     string
	}{{[]string{"sms"}, "sms"}, {nil, ""}, {[]string{"email"}, "default"}} {
		write(fmt.Sprint(i, "-step"), step.channels...)
		if got := chosen(); got != step.want {
			t.Errorf("after a message by %q: %q, want %q", step.channels, got, step.want)
		}
	}
}
