package record

import (
	"encoding/json"
	"testing"

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
		{domain.EntrySessionEnded, domain.SessionChanged{Name: "Ines"}, "Ines signed out"},
		{domain.EntrySessionEnded, domain.SessionChanged{Name: "Ines", Reason: "revoked"}, "Ines's sign-ins were ended"},
		{domain.EntryAPIKeyCreated, domain.APIKeyChanged{Name: "LMS"}, "API key LMS made"},
		{domain.EntryAPIKeyRevoked, domain.APIKeyChanged{Name: "LMS"}, "API key LMS revoked"},
		{domain.EntryOrganisationCreated, domain.OrganisationCreated{Name: "U"}, "Organisation U created"},
		{domain.EntrySettingsChanged, map[string]any{}, "Settings changed"},
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
