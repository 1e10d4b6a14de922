package domain

import (
	"strings"
	"time"
)

// PersonKind says which side a person is on.
type PersonKind string

// The kinds.
const (
	KindStaff     PersonKind = "staff"
	KindCandidate PersonKind = "candidate"
)

// Person is anyone an organisation knows.
type Person struct {
	Organisation OrganisationID
	No           PersonNo
	ID           PersonID
	Kind         PersonKind
	Role         Role
	ExternalID   string
	Login        string // unique in the organisation, "" = cannot sign in
	GivenName    string
	FamilyName   string
	Email        string
	Phone        string
	Locale       string // BCP 47, "" = the organisation's
	Tags         []string
	Skills       []string
	Address      string // street and number
	City         string
	Postcode     string
	Fields       map[string]string // what else the organisation filters by
	State        PersonState       // "" is read as active
	CreatedAt    time.Time
}

// Name is how the person is shown: given name, then family name.
func (p Person) Name() string {
	if p.FamilyName == "" {
		return p.GivenName
	}
	if p.GivenName == "" {
		return p.FamilyName
	}
	return p.GivenName + " " + p.FamilyName
}

// SearchWords are the words by which the person is found, with single spaces
// between: name, candidate id, phone (its digits without spaces and country code as well) and tags.
func (p Person) SearchWords() string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, p.Phone)
	texts := []string{p.GivenName, p.FamilyName, p.ExternalID, p.Phone, digits}
	if plain := strings.TrimPrefix(digits, "00"); len(plain) > 8 && (plain != digits || strings.HasPrefix(p.Phone, "+")) {
		texts = append(texts, plain[1:], plain[2:], plain[3:]) // country codes have one to three digits
	}
	return SearchWords(append(texts, p.Tags...)...)
}
