package record

import (
	"encoding/json"
	"testing"
	"time"

	"crier/internal/domain"
)

func TestSummary(t *testing.T) {
	for _, c := range []struct {
		kind    domain.EntryKind
		payload any
		want    string
	}{
		{domain.EntryBroadcastSent, domain.BroadcastSent{Recipients: 1}, "Sent to 1 candidate"},
		{domain.EntryBroadcastSent, domain.BroadcastSent{Recipients: 30, Filter: "room A"}, "Sent to 30 candidates (room A)"},
		{domain.EntryBroadcastSent, domain.BroadcastSent{Recipients: 2, Reminds: 7}, "Reminded 2 candidates"},
		{domain.EntryBroadcastTold, domain.BroadcastTold{People: []domain.PersonNo{1, 2}, Note: "at the desk"}, "Told 2 candidates in person: at the desk"},
		{domain.EntryReceiptsRecorded, domain.ReceiptsRecorded{Items: []domain.ReceiptItem{
			{Broadcast: 1, State: domain.Displayed, People: []domain.PersonNo{1, 2}}, {Broadcast: 1, State: domain.Acknowledged, People: []domain.PersonNo{3}},
			{Broadcast: 2, State: domain.Displayed, People: []domain.PersonNo{3}}}}, "Receipts of 2 sendings: 3 displayed, 1 acknowledged"},
		{domain.EntryEnrolmentsProgress, domain.ProgressChanged{Changes: []domain.ProgressChange{{Progress: domain.InProgress}, {Progress: domain.Submitted}, {Progress: domain.InProgress}}}, "Progress: 2 in progress, 1 submitted"},
		{domain.EntryPeopleUpserted, domain.PeopleUpserted{People: make([]domain.PersonRecord, 1)}, "1 person entered or changed"},
		{domain.EntryExamsUpserted, domain.ExamsUpserted{Exams: make([]domain.ExamRecord, 2)}, "2 tests entered or changed"},
		{domain.EntryEnrolmentsUpserted, domain.EnrolmentsUpserted{People: make([]domain.PersonNo, 3)}, "3 candidates enrolled or moved"},
		{domain.EntryScopesChanged, domain.ScopesChanged{Changes: make([]domain.ScopeChange, 1)}, "Rooms of 1 staff member changed"},
		{domain.EntrySessionStarted, domain.SessionChanged{Name: "Ines"}, "Ines signed in"},
		{domain.EntrySignInsFailed, domain.SignInsFailed{Accounts: []domain.SignInFailed{
			{Name: "Anna Lind", Login: "anna", Wrong: 9, Refused: 3, Sources: []string{"a", "b"}}, {Name: "Ola", Login: "ola", Wrong: 1, Sources: []string{"a"}},
			{Name: "Bo", Login: "bo", Wrong: 1, Sources: []string{"a"}}, {Name: "Siv", Login: "siv", Wrong: 1, Sources: []string{"a"}}}, More: 2, Unknown: 1},
			"12 failed sign-ins for login anna (Anna Lind) from 2 addresses; 1 failed sign-in for login ola (Ola) from 1 address; " +
				"1 failed sign-in for login bo (Bo) from 1 address; 3 failed sign-ins for other logins; 1 failed sign-in for logins that nobody has"},
		{domain.EntrySessionEnded, domain.SessionChanged{Name: "Ines"}, "Ines signed out"},
		{domain.EntrySessionEnded, domain.SessionChanged{Name: "Ines", Reason: "revoked"}, "Ines's sign-ins were ended"},
		{domain.EntryAPIKeyCreated, domain.APIKeyChanged{Name: "LMS"}, "API key LMS made"},
		{domain.EntryAPIKeyRevoked, domain.APIKeyChanged{Name: "LMS"}, "API key LMS revoked"},
		{domain.EntryOrganisationCreated, domain.OrganisationCreated{Name: "U"}, "Organisation U created"},
		{domain.EntrySettingsChanged, map[string]any{}, "Settings changed"},
		{domain.EntryMessageSent, domain.MessageSent{PersonName: "Sara Amin", Body: "Hello"}, "Wrote to Sara Amin"},
		{domain.EntryMessageSent, domain.MessageSent{PersonName: "Sara Amin", Attachments: make([]domain.Attachment, 2)}, "Wrote to Sara Amin, with 2 files"},
		{domain.EntryMessageSent, domain.MessageSent{PersonName: "Sara Amin", Inbound: true}, "Sara Amin wrote"},
		{domain.EntryMessageSent, domain.MessageSent{PersonName: "Sara Amin", Inbound: true, Via: domain.ChannelEmail}, "Sara Amin wrote by email"},
		{domain.EntryMessageSent, domain.MessageSent{PersonName: "Sara Amin", Inbound: true, Via: domain.ChannelSMS, Trial: &domain.PersonName{ID: "p", Name: "Ines"}}, "Sara Amin wrote by SMS, as Ines tried out on the Outbox page"},
		{domain.EntryInboundReceived, domain.InboundReceived{Channel: domain.ChannelSMS, Trial: &domain.PersonName{ID: "p", Name: "Ines"}}, "An SMS that matches nobody came in, as Ines tried out on the Outbox page"},
		{domain.EntryConsentChanged, domain.ConsentChanged{State: domain.ConsentOut, Source: domain.ConsentByTrial, Words: "STOP"}, "Agrees to SMS no longer: STOP (tried out on the Outbox page)"},
		{domain.EntryInboundReceived, domain.InboundReceived{Channel: domain.ChannelSMS, Why: domain.WhyUnknown}, "An SMS that matches nobody came in"},
		{domain.EntryInboundHandled, domain.InboundHandled{Channel: domain.ChannelEmail, State: domain.InboundDiscarded, Note: "spam"}, "A mail that matched nobody discarded: spam"},
		{domain.EntryMessageSent, domain.MessageSent{PersonName: "Sara Amin", Inbound: true, About: &domain.About{Kind: domain.AboutUnavailable}}, "Sara Amin reported being unavailable"},
		{domain.EntryMessageSent, domain.MessageSent{PersonName: "Sara Amin", Inbound: true, About: &domain.About{Kind: domain.AboutQuestion}}, "Sara Amin asked about an assignment"},
		{domain.EntryNoteAdded, domain.NoteAdded{PersonName: "Sara Amin", Body: "secret"}, "A note about Sara Amin"},
		{domain.EntryConversationMarked, domain.ConversationMarked{Mark: domain.MarkProcessed, People: make([]domain.Reached, 1)}, "1 conversation marked as processed"},
		{domain.EntryConversationMarked, domain.ConversationMarked{Mark: domain.MarkArchived, People: make([]domain.Reached, 3)}, "3 conversations put into the archive"},
		{domain.EntryConversationMarked, domain.ConversationMarked{Mark: domain.MarkSnoozed, Until: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC), People: make([]domain.Reached, 1)}, "1 conversation snoozed until 2026-05-04T09:00:00Z"},
		{domain.EntryConversationMarked, domain.ConversationMarked{Mark: domain.MarkUnsnoozed, People: make([]domain.Reached, 2)}, "2 conversations back from a snooze"},
		{domain.EntryUnavailabilityAdded, domain.UnavailabilityAdded{StartsAt: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC), EndsAt: time.Date(2026, 5, 5, 9, 0, 0, 0, time.UTC)}, "A candidate noted as unavailable from 2026-05-04T09:00:00Z until 2026-05-05T09:00:00Z"},
		{domain.EntryConversationAssigned, domain.ConversationAssigned{To: 5, ToName: "Omar"}, "A conversation assigned to Omar"},
		{domain.EntryConversationAssigned, domain.ConversationAssigned{To: 5, ToName: "Omar", Claim: true}, "A conversation claimed by Omar"},
		{domain.EntryConversationAssigned, domain.ConversationAssigned{}, "A conversation released"},
		{domain.EntryGroupsUpserted, domain.GroupsUpserted{Groups: make([]domain.GroupRecord, 2)}, "2 groups entered or changed"},
		{domain.EntryAssignmentDeleted, domain.AssignmentChanged{GroupName: "Gala", Unavailable: "u"}, "An assignment to Gala deleted, the time slot noted as unavailable"},
		{domain.EntryAssignmentRestored, domain.AssignmentChanged{GroupName: "Gala"}, "An assignment to Gala restored"},
		{domain.EntryUnavailabilityRemoved, domain.UnavailabilityRemoved{}, "A candidate made available again"},
		{domain.EntryCannedChanged, domain.CannedChanged{Title: "Thanks"}, "The canned reply Thanks changed"},
		{domain.EntryCannedChanged, domain.CannedChanged{Title: "Thanks", Removed: true}, "The canned reply Thanks removed"},
		{domain.EntryTeamMessage, domain.TeamMessage{Thread: "direct:1:2", Body: "secret"}, "Wrote to a colleague"},
		{domain.EntryTeamMessage, domain.TeamMessage{Thread: "group:x", Body: "secret"}, "Wrote in a back channel"},
		{domain.EntryExportRequested, domain.ExportRequested{Conversations: 12}, "An export of 12 conversations asked for"},
		{domain.EntryExportEnded, domain.ExportEnded{State: "ready"}, "An export ended: ready"},
	} {
		payload, err := json.Marshal(c.payload)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := summary(&domain.Entry{Kind: c.kind, Payload: payload}); got != c.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", c.kind, got, err, c.want)
		}
	}
	if _, err := summary(&domain.Entry{Kind: domain.EntryBroadcastSent, Payload: []byte(`[]`)}); err == nil {
		t.Error("a damaged payload passes")
	}
}
