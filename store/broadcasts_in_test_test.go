package store

import (
	"testing"
	"time"

	"crier/internal/domain"
)

// A board says who sits another test now: started, not submitted, time left with what is extra.
func TestRecipientsInAnotherTest(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		by := office(t, s, "sitters")
		people(t, s, by, crowd(1))
		where, now := itemAt(0), s.clock.Now()
		begin, past, coming := now.Add(-3*time.Hour), now.Add(-time.Hour), now.Add(time.Hour)
		for name, end := range map[string]*time.Time{"here": nil, "other": nil, "past": &past, "coming": &coming} {
			if _, _, err := s.UpsertExams(t.Context(), by, []domain.ExamSpec{{Where: where, ExternalID: name, StartsAt: &begin, EndsAt: end}}); err != nil {
				t.Fatal(err)
			}
		}
		ids := map[string]domain.ExamID{}
		for _, e := range must(s.Exams(t.Context(), by.Organisation, nil)) {
			ids[e.ExternalID] = e.ID
		}
		sit := func(name string, progress domain.Progress, extra int) {
			t.Helper()
			spec := domain.EnrolmentSpec{Where: where, Exam: name, Person: "C0000", Progress: &progress, ExtraMinutes: &extra}
			if _, _, err := s.UpsertEnrolments(t.Context(), by, []domain.EnrolmentSpec{spec}); err != nil {
				t.Fatal(err)
			}
		}
		sit("here", domain.NotStarted, 0)
		sent := send(t, s, sending(by.Organisation, ids["here"], 1, "To one", "key-in-test-1")).Offset
		for _, step := range []struct {
			exam     string
			progress domain.Progress
			extra    int
			want     bool
		}{
			{"other", domain.NotStarted, 0, false},
			{"other", domain.InProgress, 0, true},
			{"other", domain.Submitted, 0, false},
			{"past", domain.InProgress, 59, false},
			{"past", domain.InProgress, 61, true}, // extra time
			{"past", domain.Submitted, 61, false},
			{"coming", domain.InProgress, 0, true},
			{"here", domain.InProgress, 0, false}, // in the sending's own test it is shown
		} {
			sit(step.exam, step.progress, step.extra)
			got := must(s.Recipients(t.Context(), by.Organisation, ids["here"], sent, nil))
			if len(got) != 1 || got[0].InTest != step.want {
				t.Errorf("%s %s +%d min: %+v, want in a test %v", step.exam, step.progress, step.extra, got, step.want)
			}
		}
	})
}
