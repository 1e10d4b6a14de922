package domain

import "time"

// CannedReply is a text that staff put into a message by its shortcut. Fields such
// as {{first_name}} are filled in by the page, before the sender reads it over.
type CannedReply struct {
	ID        string
	Owner     PersonNo // 0: shared by all staff
	Title     string
	Shortcut  string // "" = none
	Subject   string
	Body      string
	UpdatedAt time.Time
}

// SavedView is a filter of the Messages page that a staff member keeps.
type SavedView struct {
	ID    string
	Name  string
	Query string // the page's address after "?"
}
