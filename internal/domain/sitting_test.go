package domain

import (
	"testing"
	"time"
)

func TestUntil(t *testing.T) {
	at := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	after := func(minutes int) time.Time { return at.Add(time.Duration(minutes) * time.Minute) }
	for name, c := range map[string]struct {
		starts, ends time.Time
		progress     Progress
		began        time.Time
		extra        int
		want         time.Time
	}{
		"in progress":                      {after(-60), after(60), InProgress, after(-60), 0, after(60)},
		"with extra time":                  {after(-60), after(-10), InProgress, after(-60), 30, after(20)},
		"extra time, not begun":            {after(-60), after(-10), NotStarted, time.Time{}, 30, after(20)},
		"in progress after the end":        {after(-60), after(-10), InProgress, after(-60), 0, after(23 * 60)},
		"in progress, no end known":        {time.Time{}, time.Time{}, InProgress, after(-60), 0, after(23 * 60)},
		"in progress since the day before": {after(-3000), after(-2900), InProgress, after(-3000), 0, time.Time{}},
		"not begun, the test has":          {after(-1), after(60), NotStarted, time.Time{}, 0, after(60)},
		"not begun, nor the test":          {after(1), after(60), NotStarted, time.Time{}, 0, time.Time{}},
		"not begun, over":                  {after(-60), at, NotStarted, time.Time{}, 0, time.Time{}},
		"not begun, no times known":        {time.Time{}, time.Time{}, NotStarted, time.Time{}, 0, time.Time{}},
		"submitted":                        {after(-60), after(60), Submitted, after(-5), 0, time.Time{}},
	} {
		s := Sitting{Exam: Exam{StartsAt: c.starts, EndsAt: c.ends}, Enrolment: Enrolment{Progress: c.progress, ProgressAt: c.began, ExtraMinutes: c.extra}}
		if got := s.Until(at); !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
