package domain

// Sitting is one test of one candidate.
type Sitting struct {
	Exam      Exam
	Enrolment Enrolment
}
