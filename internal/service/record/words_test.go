package record

import (
	"encoding/json"
	"testing"
	"time"

	"crier/internal/domain"
	"crier/internal/journal"
)

func TestSummary(t *testing.T) {
	for _, c := range []struct {
		kind    journal.Kind
		payload any
		want    string
	}{
		{journal.KindBroadcastSent, journal.BroadcastSent{Recipients: 1}, "Sent to 1 candidate"},
		{journal.KindBroadcastSent, journal.BroadcastSent{Recipients: 30, Filter: "room A"}, "Sent to 30 candidates (room A)"},
		{journal.KindBroadcastSent, journal.BroadcastSent{Recipients: 2, Reminds: 7}, "Reminded 2 candidates"},
		{journal.KindBroadcastTold, journal.BroadcastTold{People: []domain.PersonNo{1, 2}, Note: "at the desk"}, "Told 2 candidates in person: at the desk"},
		{journal.KindReceiptsRecorded, journal.ReceiptsRecorded{Items: []journal.ReceiptItem{
			{Broadcast: 1, State: domain.Displayed, People: []domain.PersonNo{1, 2}}, {Broadcast: 1, State: domain.Acknowledged, People: []domain.PersonNo{3}},
			{Broadcast: 2, State: domain.Displayed, People: []domain.PersonNo{3}}}}, "Receipts of 2 sendings: 3 displayed, 1 acknowledged"},
		{journal.KindEnrolmentsProgress, journal.ProgressChanged{Changes: []journal.ProgressChange{{Progress: domain.InProgress}, {Progress: domain.Submitted}, {Progress: domain.InProgress}}}, "Progress: 2 in progress, 1 submitted"},
		{journal.KindPeopleUpserted, journal.PeopleUpserted{People: make([]journal.PersonRecord, 1)}, "1 person entered or changed"},
		{journal.KindExamsUpserted, journal.ExamsUpserted{Exams: make([]journal.ExamRecord, 2)}, "2 tests entered or changed"},
		{journal.KindEnrolmentsUpserted, journal.EnrolmentsUpserted{People: make([]domain.PersonNo, 3)}, "3 candidates enrolled or moved"},
		{journal.KindScopesChanged, journal.ScopesChanged{Changes: make([]journal.ScopeChange, 1)}, "Rooms of 1 staff member changed"},
		{journal.KindSessionStarted, journal.SessionChanged{Name: "Ines"}, "Ines signed in"},
		{journal.KindSignInsFailed, journal.SignInsFailed{Accounts: []journal.SignInFailed{
			{Name: "Anna Lind", Login: "anna", Wrong: 9, Refused: 3, Sources: []string{"a", "b"}}, {Name: "Ola", Login: "ola", Wrong: 1, Sources: []string{"a"}},
			{Name: "Bo", Login: "bo", Wrong: 1, Sources: []string{"a"}}, {Name: "Siv", Login: "siv", Wrong: 1, Sources: []string{"a"}}}, More: 2, Unknown: 1},
			"12 failed sign-ins for login anna (Anna Lind) from 2 addresses; 1 failed sign-in for login ola (Ola) from 1 address; " +
				"1 failed sign-in for login bo (Bo) from 1 address; 3 failed sign-ins for other logins; 1 failed sign-in for logins that nobody has"},
		{journal.KindSessionEnded, journal.SessionChanged{Name: "Ines"}, "Ines signed out"},
		{journal.KindSessionEnded, journal.SessionChanged{Name: "Ines", Reason: "revoked"}, "Ines's sign-ins were ended"},
		{journal.KindAPIKeyCreated, journal.APIKeyChanged{Name: "LMS"}, "API key LMS made"},
		{journal.KindAPIKeyRevoked, journal.APIKeyChanged{Name: "LMS"}, "API key LMS revoked"},
		{journal.KindOrganisationCreated, journal.OrganisationCreated{Name: "U"}, "Organisation U created"},
		{journal.KindSettingsChanged, map[string]any{}, "Settings changed"},
		{journal.KindMessageSent, journal.MessageSent{PersonName: "Sara Amin", Body: "Hello"}, "Wrote to Sara Amin"},
		{journal.KindMessageSent, journal.MessageSent{PersonName: "Sara Amin", Attachments: make([]domain.Attachment, 2)}, "Wrote to Sara Amin, with 2 files"},
		{journal.KindMessageSent, journal.MessageSent{PersonName: "Sara Amin", Inbound: true}, "Sara Amin wrote"},
		{journal.KindMessageSent, journal.MessageSent{PersonName: "Sara Amin", Inbound: true, Via: domain.ChannelEmail}, "Sara Amin wrote by email"},
		{journal.KindMessageSent, journal.MessageSent{PersonName: "Sara Amin", Inbound: true, Via: domain.ChannelSMS, Trial: &domain.PersonName{ID: "p", Name: "Ines"}}, "Sara Amin wrote by SMS, as Ines tried out on the Outbox page"},
		{journal.KindInboundReceived, journal.InboundReceived{Channel: domain.ChannelSMS, Trial: &domain.PersonName{ID: "p", Name: "Ines"}}, "An SMS that matches nobody came in, as Ines tried out on the Outbox page"},
		{journal.KindConsentChanged, journal.ConsentChanged{State: domain.ConsentOut, Source: domain.ConsentByTrial, Words: "STOP"}, "Agrees to SMS no longer: STOP (tried out on the Outbox page)"},
		{journal.KindInboundReceived, journal.InboundReceived{Channel: domain.ChannelSMS, Why: domain.WhyUnknown}, "An SMS that matches nobody came in"},
		{journal.KindInboundHandled, journal.InboundHandled{Channel: domain.ChannelEmail, State: domain.InboundDiscarded, Note: "spam"}, "A mail that matched nobody discarded: spam"},
		{journal.KindMessageSent, journal.MessageSent{PersonName: "Sara Amin", Inbound: true, About: &domain.About{Kind: domain.AboutUnavailable}}, "Sara Amin reported being unavailable"},
		{journal.KindMessageSent, journal.MessageSent{PersonName: "Sara Amin", Inbound: true, About: &domain.About{Kind: domain.AboutQuestion}}, "Sara Amin asked about an assignment"},
		{journal.KindNoteAdded, journal.NoteAdded{PersonName: "Sara Amin", Body: "secret"}, "A note about Sara Amin"},
		{journal.KindConversationMarked, journal.ConversationMarked{Mark: domain.MarkProcessed, People: make([]journal.Reached, 1)}, "1 conversation marked as processed"},
		{journal.KindConversationMarked, journal.ConversationMarked{Mark: domain.MarkArchived, People: make([]journal.Reached, 3)}, "3 conversations put into the archive"},
		{journal.KindConversationMarked, journal.ConversationMarked{Mark: domain.MarkSnoozed, Until: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC), People: make([]journal.Reached, 1)}, "1 conversation snoozed until 2026-05-04T09:00:00Z"},
		{journal.KindConversationMarked, journal.ConversationMarked{Mark: domain.MarkUnsnoozed, People: make([]journal.Reached, 2)}, "2 conversations back from a snooze"},
		{journal.KindUnavailabilityAdded, journal.UnavailabilityAdded{StartsAt: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC), EndsAt: time.Date(2026, 5, 5, 9, 0, 0, 0, time.UTC)}, "A candidate noted as unavailable from 2026-05-04T09:00:00Z until 2026-05-05T09:00:00Z"},
		{journal.KindConversationAssigned, journal.ConversationAssigned{To: 5, ToName: "Omar"}, "A conversation assigned to Omar"},
		{journal.KindConversationAssigned, journal.ConversationAssigned{To: 5, ToName: "Omar", Claim: true}, "A conversation claimed by Omar"},
		{journal.KindConversationAssigned, journal.ConversationAssigned{}, "A conversation released"},
		{journal.KindGroupsUpserted, journal.GroupsUpserted{Groups: make([]journal.GroupRecord, 2)}, "2 groups entered or changed"},
		{journal.KindAssignmentDeleted, journal.AssignmentChanged{GroupName: "Gala", Unavailable: "u"}, "An assignment to Gala deleted, the time slot noted as unavailable"},
		{journal.KindAssignmentRestored, journal.AssignmentChanged{GroupName: "Gala"}, "An assignment to Gala restored"},
		{journal.KindUnavailabilityRemoved, journal.UnavailabilityRemoved{}, "A candidate made available again"},
		{journal.KindCannedChanged, journal.CannedChanged{Title: "Thanks"}, "The canned reply Thanks changed"},
		{journal.KindCannedChanged, journal.CannedChanged{Title: "Thanks", Removed: true}, "The canned reply Thanks removed"},
		{journal.KindTeamMessage, journal.TeamMessage{Thread: "direct:1:2", Body: "secret"}, "Wrote to a colleague"},
		{journal.KindTeamMessage, journal.TeamMessage{Thread: "group:x", Body: "secret"}, "Wrote in a back channel"},
		{journal.KindExportRequested, journal.ExportRequested{Conversations: 12}, "An export of 12 conversations asked for"},
		{journal.KindExportEnded, journal.ExportEnded{State: "ready"}, "An export ended: ready"},
	} {
		payload, err := json.Marshal(c.payload)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := summary(&journal.Entry{Kind: c.kind, Payload: payload}); got != c.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", c.kind, got, err, c.want)
		}
	}
	if _, err := summary(&journal.Entry{Kind: journal.KindBroadcastSent, Payload: []byte(`[]`)}); err == nil {
		t.Error("a damaged payload passes")
	}
}

// The log says a sentence of each kind.
func TestEachKindHasASentence(t *testing.T) {
	for _, k := range journal.Kinds() {
		got, err := summary(&journal.Entry{Kind: k, Payload: []byte(`{}`)})
		if err != nil || got == string(k) {
			t.Errorf("%s: %q, %v", k, got, err)
		}
	}
}
