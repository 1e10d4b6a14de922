package domain

// Settings are an organisation's own choices. The zero value is the default.
type Settings struct {
	SubjectOptional bool `json:"subject_optional,omitempty"` // a sending may go without a subject
}

// ExamBrief is what a sending needs to know of its test.
type ExamBrief struct {
	Name     string
	Settings Settings // the organisation's
}
