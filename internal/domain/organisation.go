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
}
