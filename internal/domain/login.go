package domain

import "time"

// Session is one login of a person. Its token is kept nowhere.
type Session struct {
	Organisation OrganisationID
	ID           string // public
	Person       PersonNo
	UserAgent    string
	CreatedAt    time.Time
	ExpiresAt    time.Time // moves on while the session is used
	SeenAt       time.Time
}

// Ticket is a one-use pass that opens one socket as Person. It dies with the
// session or the API key that it was made with.
type Ticket struct {
	Organisation OrganisationID
	Hash         []byte // SHA-256 of the secret
	Person       PersonNo
	Session      string // the login it was made with, "" if an API key was
	APIKey       string // the API key it was made with, "" if a login was
	ExpiresAt    time.Time
}

// APIKey lets a program of the organisation act as RoleIntegration.
type APIKey struct {
	Organisation OrganisationID
	ID           string // public
	Name         string
	CreatedAt    time.Time
	UsedAt       time.Time // to about ten minutes; zero = never
}
