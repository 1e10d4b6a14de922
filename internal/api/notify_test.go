package api_test

import (
	"strings"
	"testing"
	"time"

	"crier/internal/app"
	"crier/internal/clock"
	"crier/internal/domain"
)

// TestMailsAboutReplies: staff who asked for it get one mail for all conversations with new replies, of those they see; none
// within 15 minutes, none about what they have read, and nothing of what candidates wrote.
func TestMailsAboutReplies(t *testing.T) {
	now := clock.NewFixed(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC))
	f := start(t, nil, app.Options{Clock: now})
	f.must(t, "north/key", "PUT", "/provisioning/people", item{"items": []item{
		{"external_id": "s-coordinator", "kind": "staff", "role": "coordinator", "given_name": "Kari", "family_name": "Nordmann", "email": "kari@example.org", "locale": "nb"},
		{"external_id": "s-chief", "kind": "staff", "role": "chief_invigilator", "given_name": "Per", "family_name": "Vakt", "email": "per@example.org"},
	}})
	for _, who := range []string{"coordinator", "chief"} { // the chief does not see the pool
		f.must(t, "north/"+who, "PUT", "/me/preferences", item{domain.NotifyEmail: "grouped"})
	}
	replies := 0
	reply := func(who string) {
		t.Helper()
		replies++
		f.must(t, "north/"+who, "POST", "/inbox/messages", item{"key": "notify-reply-" + string(rune('a'+replies)), "body": "secret words of " + who, "subject": "On the pool", "group": f.ids["north/P1"]})
	}
	look := func(want int) {
		t.Helper()
		if n, err := f.node.Notifier.Look(t.Context()); err != nil || n != want {
			t.Fatalf("%d mails were asked for, want %d: %v", n, want, err)
		}
	}
	for _, who := range []string{"a1", "b1"} {
		f.must(t, "north/planner", "POST", "/conversations/"+f.ids["north/"+who]+"/messages", item{"key": "notify-ask-" + who, "body": "Can you come?", "subject": "Pool", "group": f.ids["north/P1"]})
		reply(who)
	}
	look(0) // they may see it in the pages first
	now.Advance(3 * time.Minute)
	look(1)
	look(0)
	mail := f.outbox(t, "north/planner", 1)[0]
	if mail.To != "kari@example.org" || mail.Subject != "2 samtaler med nye svar hos "+canary("north", "organisation") {
		t.Errorf("%+v", mail)
	}
	for _, who := range []string{"a1", "b1"} {
		if !strings.Contains(mail.Text, "/staff/messages?open="+f.ids["north/"+who]) {
			t.Errorf("the mail does not lead to %s:\n%s", who, mail.Text)
		}
	}
	if strings.Contains(mail.Text, "secret words") {
		t.Errorf("what candidates wrote has left:\n%s", mail.Text)
	}
	raw := string(f.must(t, "north/planner", "GET", "/outbox/"+mail.ID+"/raw", nil).body)
	for _, want := range []string{"Auto-Submitted: auto-generated", "List-Unsubscribe:", "Content-Language: nb"} {
		if !strings.Contains(raw, want) {
			t.Errorf("the mail lacks %s:\n%.2000s", want, raw)
		}
	}
	reply("a1")
	now.Advance(5 * time.Minute)
	look(0) // a mail went 5 minutes ago
	now.Advance(10 * time.Minute)
	look(1)
	second := f.outbox(t, "north/planner", 2)[0]
	if second.Subject != "Et nytt svar hos "+canary("north", "organisation") || strings.Contains(second.Text, f.ids["north/b1"]) {
		t.Errorf("only what is new: %+v", second)
	}
	reply("b1")
	f.must(t, "north/coordinator", "POST", "/conversations/actions", item{"action": "read", "people": []string{f.ids["north/b1"]}})
	now.Advance(20 * time.Minute)
	look(0) // it has been read
}
