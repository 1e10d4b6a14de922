package gateway

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"crier/hub"
	"crier/internal/domain"
	"crier/internal/journal"
)

// What changes about tests, groups and who is in them is told to exactly the candidates
// concerned, and the frames say nothing of others.
func TestFeedTellsOfTests(t *testing.T) {
	at := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	const schedule, self = `{"type":"schedule"}`, `{"type":"self"}`
	for _, c := range []struct {
		kind    journal.Kind
		payload any
		want    []string
	}{
		{journal.KindExamsUpserted, journal.ExamsUpserted{Exams: []journal.ExamRecord{
			{ID: "a", Name: "canary", Members: []domain.PersonNo{9, 7}}, {ID: "b", Members: []domain.PersonNo{7}}, {ID: "c"},
		}}, []string{"7 " + schedule, "9 " + schedule}},
		{journal.KindGroupsUpserted, journal.GroupsUpserted{Groups: []journal.GroupRecord{
			{ID: "a", Kind: domain.KindPool, Name: "canary", Members: []domain.PersonNo{8}},
		}}, []string{"8 " + schedule}},
		{journal.KindEnrolmentsUpserted, journal.EnrolmentsUpserted{People: []domain.PersonNo{7, 8}, Left: []domain.PersonNo{8}},
			[]string{"7 " + schedule, "8 " + schedule}},
		{journal.KindEnrolmentsProgress, journal.ProgressChanged{Changes: []journal.ProgressChange{
			{Person: 7, ID: "canary", Room: "canary", Progress: domain.Submitted, At: at}, {Person: 9, Progress: domain.InProgress, At: at},
		}}, []string{
			`7 {"type":"progress","test":"x","progress":"submitted","at":"2026-05-04T09:00:00Z"}`,
			`9 {"type":"progress","test":"x","progress":"in_progress","at":"2026-05-04T09:00:00Z"}`,
		}},
		{journal.KindPeopleUpserted, journal.PeopleUpserted{People: []journal.PersonRecord{{No: 7, Name: "canary"}}}, []string{"7 " + self}},
	} {
		payload, err := json.Marshal(c.payload)
		if err != nil {
			t.Fatal(err)
		}
		plan := (&Feed{}).Plan(1, hub.Entry{Offset: 1, Value: &journal.Entry{Kind: c.kind, Group: "x", Payload: payload}})
		var got []string
		for _, d := range plan.Direct {
			got = append(got, fmt.Sprintf("%d %s", d.Person, d.Frame.JSON()))
		}
		if !slices.Equal(got, c.want) || plan.Messages != nil || plan.Sessions != nil {
			t.Errorf("%s: told as %q, want %q", c.kind, got, c.want)
		}
	}
}

// One entry that concerns a hall has its pages read again spread over some seconds; a few
// read at once.
func TestFeedSpreadsAHall(t *testing.T) {
	for n, want := range map[int]string{
		1: `{"type":"schedule"}`, 10: `{"type":"schedule"}`, 1500: `{"type":"schedule","within_ms":7500}`, 30000: `{"type":"schedule","within_ms":10000}`,
	} {
		var p journal.EnrolmentsUpserted
		for i := range n {
			p.People = append(p.People, domain.PersonNo(i+1))
		}
		payload, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		plan := (&Feed{}).Plan(1, hub.Entry{Offset: 1, Value: &journal.Entry{Kind: journal.KindEnrolmentsUpserted, Payload: payload}})
		if len(plan.Direct) != n || string(plan.Direct[0].Frame.JSON()) != want || plan.Direct[0].Frame != plan.Direct[n-1].Frame {
			t.Errorf("%d people: %d frames, the first %s; want %s, one for all", n, len(plan.Direct), plan.Direct[0].Frame.JSON(), want)
		}
	}
}
