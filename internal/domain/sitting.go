package domain

import "time"

// Sitting is one test of one candidate.
type Sitting struct {
	Exam      Exam
	Enrolment Enrolment
}

// maxOvertime is how long a test that nobody ends counts as in progress, from when it began.
const maxOvertime = 24 * time.Hour

// Until is when the candidate's time in the test ends if they are in it at a moment: it is in
// progress, or it has begun and their own end, extra time included, has not come. Zero: they
// are not in it.
func (s Sitting) Until(at time.Time) time.Time {
	end := s.Exam.EndsAt
	if !end.IsZero() {
		end = end.Add(time.Duration(s.Enrolment.ExtraMinutes) * time.Minute)
	}
	switch s.Enrolment.Progress {
	case InProgress:
		if last := s.Enrolment.ProgressAt.Add(maxOvertime); !at.Before(end) {
			end = last
		}
	case NotStarted:
		if s.Exam.StartsAt.IsZero() || at.Before(s.Exam.StartsAt) {
			return time.Time{}
		}
	default:
		return time.Time{}
	}
	if !at.Before(end) {
		return time.Time{}
	}
	return end
}
