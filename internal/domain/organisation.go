package domain

import "time"

// Organisation is the tenant.
type Organisation struct {
	ID        OrganisationID
	Slug      string // in URLs and at sign-in
	Name      string
	Settings  Settings
	CreatedAt time.Time
}

// Settings are an organisation's own choices. The zero value is the default.
type Settings struct {
	SubjectOptional bool `json:"subject_optional,omitempty"` // a sending may go without a subject
	ChatSubject     bool `json:"chat_subject,omitempty"`     // messages of a conversation need a subject too
	RepliesClosed   bool `json:"replies_closed,omitempty"`   // candidates may not answer, unless their group says otherwise
	TestReplies     bool `json:"test_replies,omitempty"`     // answers are open in tests as well
	CandidatesStart bool `json:"candidates_start,omitempty"` // candidates may begin a conversation
}

// repliesOpen says whether candidates may answer in a group of the kind: everywhere
// but in tests, where it is the exception.
func (s Settings) repliesOpen(k GroupKind) bool {
	if k == KindTest {
		return s.TestReplies
	}
	return !s.RepliesClosed
}
