package sms

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Received is an SMS that came in.
type Received struct {
	ID   string // the provider's: the same for each time it tells
	From string // E.164, or what the network gave
	To   string
	Text string
}

// Report is what a provider says later of an SMS it took.
type Report struct {
	ProviderID        string
	Delivered, Failed bool
	Code, Detail      string
}

// isID reports whether a text can be a provider's name of an SMS: one that a database takes, and a log shows.
func isID(s string) bool {
	return s != "" && len(s) <= 200 && utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

func (r Received) check() error {
	switch {
	case !isID(r.ID):
		return errors.New("an SMS without an id")
	case r.From == "" || len(r.From) > 40:
		return errors.New("an SMS without a sender")
	case len(r.Text) > 16<<10 || !utf8.ValidString(r.Text):
		return errors.New("an SMS whose text cannot be one")
	}
	return nil
}
