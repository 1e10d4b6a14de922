package journal

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"crier/internal/domain"
)

func TestItemOf(t *testing.T) {
	at := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	anna := domain.ActorRef{Kind: domain.ActorPerson, ID: "anna", Name: "Anna Lind", Role: domain.RoleCoordinator}
	context := ItemContext{Person: 7, ID: "sara", Kind: domain.KindActivity,
		Seal:   func(o int64) domain.ItemID { return domain.ItemID(fmt.Sprintf("#%d", o)) },
		People: map[domain.PersonNo]domain.PersonRef{3: {No: 3, ID: "bert", Name: "Bert"}},
		Times:  &domain.ItemTimes{Delivered: at},
		About:  func(a *domain.AboutView, _ domain.PersonNo) { a.State, a.Deletion = domain.EnrolmentLeft, "#9" },
	}
	for _, c := range []struct {
		name    string
		kind    Kind
		by      domain.ActorRef
		exam    domain.GroupID
		payload any
		want    string
	}{
		{"ours", KindMessageSent, anna, "g", MessageSent{Body: "Hello", Subject: "S", GroupName: "Shift", GroupKind: domain.KindActivity, SenderName: "Anna Lind", SenderRole: domain.RoleCoordinator},
			`{"type":"message","id":"#5","direction":"out","group":{"id":"g","kind":"activity","name":"Shift"},"subject":"S","from":{"id":"anna","name":"Anna Lind","role":"coordinator"},"at":"2026-05-04T09:00:00Z","times":{"delivered_at":"2026-05-04T09:00:00Z"},"state":"delivered","body":"Hello"}`},
		{"theirs, a file alone", KindMessageSent, domain.ActorRef{Kind: domain.ActorPerson, ID: "sara", Name: "Sara", Role: domain.RoleCandidate}, "",
			MessageSent{Inbound: true, SenderName: "Sara", SenderRole: domain.RoleCandidate, ReplyTo: 4, Attachments: []domain.Attachment{{ID: "f", Name: "a.png", Type: "image/png", Size: 3, Width: 1, Height: 2}}},
			`{"type":"message","id":"#5","direction":"in","via":"app","from":{"id":"sara","name":"Sara","role":"candidate"},"at":"2026-05-04T09:00:00Z","attachments":[{"id":"f","name":"a.png","type":"image/png","size":3,"width":1,"height":2,"picture":true}],"reply_to":"#4","body":""}`},
		{"theirs by email, tried out", KindMessageSent, domain.ActorRef{Kind: domain.ActorPerson, ID: "sara", Name: "Sara", Role: domain.RoleCandidate}, "",
			MessageSent{Inbound: true, Body: "Yes", SenderName: "Sara", SenderRole: domain.RoleCandidate, Via: domain.ChannelEmail, Trial: &domain.PersonName{ID: "anna", Name: "Anna Lind"}},
			`{"type":"message","id":"#5","direction":"in","via":"email","trial":{"id":"anna","name":"Anna Lind"},"from":{"id":"sara","name":"Sara","role":"candidate"},"at":"2026-05-04T09:00:00Z","body":"Yes"}`},
		{"about an assignment", KindMessageSent, domain.ActorRef{Kind: domain.ActorPerson, ID: "sara", Name: "Sara", Role: domain.RoleCandidate}, "g",
			MessageSent{Inbound: true, Body: "I am ill", GroupName: "Shift", GroupKind: domain.KindActivity, SenderName: "Sara", SenderRole: domain.RoleCandidate, About: &domain.About{Kind: domain.AboutUnavailable, Group: "g", StartsAt: at, EndsAt: at}},
			`{"type":"message","id":"#5","direction":"in","via":"app","group":{"id":"g","kind":"activity","name":"Shift"},"from":{"id":"sara","name":"Sara","role":"candidate"},"at":"2026-05-04T09:00:00Z","about":{"kind":"unavailable","group":{"id":"g","kind":"activity","name":"Shift"},"starts_at":"2026-05-04T09:00:00Z","ends_at":"2026-05-04T09:00:00Z","state":"left","deletion":"#9"},"body":"I am ill"}`},
		{"a sending to many", KindBroadcastSent, domain.ActorRef{Kind: domain.ActorAPIKey, ID: "key", Name: "platform", Role: domain.RoleIntegration}, "e", BroadcastSent{ExamName: "Biology", Body: "Five minutes", SenderName: "platform", SenderRole: domain.RoleIntegration},
			`{"type":"message","id":"#5","direction":"out","group":{"id":"e","kind":"test","name":"Biology"},"from":{"name":"platform","role":"integration"},"at":"2026-05-04T09:00:00Z","broadcast":"#5","times":{"delivered_at":"2026-05-04T09:00:00Z"},"state":"delivered","body":"Five minutes"}`},
		{"a note", KindNoteAdded, anna, "", NoteAdded{Body: "Call her", Mentions: []domain.PersonNo{3, 99}},
			`{"type":"note","id":"#5","from":{"id":"anna","name":"Anna Lind","role":"coordinator"},"at":"2026-05-04T09:00:00Z","body":"Call her","mentions":[{"id":"bert","name":"Bert"}]}`},
		{"a note for all", KindNoteAdded, anna, "", NoteAdded{Body: "Call her"},
			`{"type":"note","id":"#5","from":{"id":"anna","name":"Anna Lind","role":"coordinator"},"at":"2026-05-04T09:00:00Z","body":"Call her","mentions":[]}`},
		{"processed", KindConversationMarked, anna, "", ConversationMarked{Mark: domain.MarkProcessed}, event(`"processed"`, "")},
		{"not processed", KindConversationMarked, anna, "", ConversationMarked{Mark: domain.MarkNotProcessed}, event(`"not_processed"`, "")},
		{"archived", KindConversationMarked, anna, "", ConversationMarked{Mark: domain.MarkArchived}, event(`"archived"`, "")},
		{"unarchived", KindConversationMarked, anna, "", ConversationMarked{Mark: domain.MarkUnarchived}, event(`"unarchived"`, "")},
		{"claimed", KindConversationAssigned, anna, "", ConversationAssigned{To: 1, ToID: "anna", ToName: "Anna Lind", Claim: true}, event(`"claimed"`, "")},
		{"assigned", KindConversationAssigned, anna, "", ConversationAssigned{To: 3, ToID: "bert", ToName: "Bert"}, event(`"assigned"`, `,"to":{"id":"bert","name":"Bert"}`)},
		{"released", KindConversationAssigned, anna, "", ConversationAssigned{}, event(`"released"`, "")},
		{"snoozed", KindConversationMarked, anna, "", ConversationMarked{Mark: domain.MarkSnoozed, Until: at}, event(`"snoozed"`, `,"until":"`+at.Format(time.RFC3339)+`"`)},
		{"unavailable by hand", KindUnavailabilityAdded, anna, "", UnavailabilityAdded{ID: "u", StartsAt: at, EndsAt: at}, event(`"unavailable"`, `,"starts_at":"`+at.Format(time.RFC3339)+`","until":"`+at.Format(time.RFC3339)+`"`)},
		{"available again", KindUnavailabilityRemoved, anna, "", UnavailabilityRemoved{ID: "u"}, event(`"available"`, "")},
	} {
		b, err := json.Marshal(c.payload)
		if err != nil {
			t.Fatal(err)
		}
		item, err := ItemOf(&Entry{Offset: 5, Kind: c.kind, At: at, Actor: c.by, Group: c.exam, Payload: b}, context)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got, err := json.Marshal(item); err != nil || string(got) != c.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", c.name, err, got, c.want)
		}
	}
	stopped := ItemContext{Seal: context.Seal, Stopped: domain.BlockedLeft}
	for body, want := range map[string]string{`{"body":"b"}`: "left", `{"body":"b","inbound":true}`: ""} {
		item, err := ItemOf(&Entry{Offset: 5, Kind: KindMessageSent, Payload: json.RawMessage(body)}, stopped)
		got := ""
		if item.Stopped != nil && item.Stopped.Text != "" {
			got = string(item.Stopped.Code)
		}
		if err != nil || got != want {
			t.Errorf("%s is stopped by %q, %v; want %q", body, got, err, want)
		}
	}
	if _, err := ItemOf(&Entry{Kind: KindSessionStarted, Payload: json.RawMessage(`{}`)}, context); err == nil {
		t.Error("a sign-in stands in a conversation")
	}
}

func event(kind, more string) string {
	return `{"type":"event","id":"#5","event":` + kind + `,"from":{"id":"anna","name":"Anna Lind","role":"coordinator"},"at":"2026-05-04T09:00:00Z"` + more + `}`
}

func TestLine(t *testing.T) {
	for _, c := range []struct {
		body, want string
		files      []domain.Attachment
	}{
		{"Hello\n\n  there ", "Hello there", nil},
		{strings.Repeat("ü", 120), strings.Repeat("ü", 120), nil},
		{strings.Repeat("ü", 121), strings.Repeat("ü", 119) + "…", nil},
		{strings.Repeat("a", 100_000), strings.Repeat("a", 119) + "…", nil},
		{" \n", "a.png, b.pdf", []domain.Attachment{{Name: "a.png"}, {Name: "b.pdf"}}},
		{"", "", nil},
	} {
		if got := domain.Line(c.body, c.files); got != c.want {
			t.Errorf("%.20q: %q, want %q", c.body, got, c.want)
		}
	}
}
