package domain

import (
	"net/netip"
	"time"
)

// The payloads of the journal's entries. Names inside are frozen as they were,
// so that the record can be read without any other table.

// Level says how loudly a message asks for attention.
type Level string

// LevelPopup is shown over the page until closed: the default.
const LevelPopup Level = "popup"

// LevelChat is a message of a conversation: it shows itself, and stands in nobody's way.
const LevelChat Level = "chat"

// BroadcastSent is the payload of EntryBroadcastSent; the recipients are the
// entry's Audience.
type BroadcastSent struct {
	ExamName   string `json:"test_name"`
	Subject    string `json:"subject"`
	Body       string `json:"body"`
	Level      Level  `json:"level"`
	SenderName string `json:"sender_name"`
	SenderRole Role   `json:"sender_role"`
	Reminds    int64  `json:"reminds,omitempty"` // offset of the sending this reminds of
	Recipients int    `json:"recipients"`
	Filter     string `json:"filter,omitempty"` // the filter in words, when one was used

	GroupKind   GroupKind    `json:"group_kind,omitempty"` // "": a test, or no group
	Attachments []Attachment `json:"attachments,omitempty"`
	Channels    []Channel    `json:"channels,omitempty"`  // copies asked for
	Elsewhere   bool         `json:"elsewhere,omitempty"` // the candidates meet it by its copies alone

	// LeftOut are those who would have got it but cannot be written to, by reason.
	LeftOut map[BlockedCode][]PersonNo `json:"left_out,omitempty"`
	// Part says which part this is of a sending to more people than one may have; nil: the whole.
	Part *SendingPart `json:"part,omitempty"`
}

// SendingPart is one of the sendings that reach more people than one may have. They are stored
// together, one after another: part N stands N-1 offsets after the first.
type SendingPart struct {
	N     int `json:"n"`
	Of    int `json:"of"`
	Total int `json:"total"` // recipients of all parts
}

// BroadcastTold is the payload of EntryBroadcastTold: staff told these people
// in person.
type BroadcastTold struct {
	Broadcast int64      `json:"broadcast"` // offset
	People    []PersonNo `json:"people"`
	Note      string     `json:"note,omitempty"`
}

// BroadcastUntold is the payload of EntryBroadcastUntold: that these people were told in person was
// taken back.
type BroadcastUntold struct {
	Broadcast int64      `json:"broadcast"` // offset
	People    []PersonNo `json:"people"`
}

// ReceiptsRecorded is the payload of EntryReceiptsRecorded: one node's batch.
type ReceiptsRecorded struct {
	Items []ReceiptItem `json:"items"`
}

// ReceiptItem says that these people reached State for one broadcast.
type ReceiptItem struct {
	Broadcast int64        `json:"broadcast"` // offset
	State     ReceiptState `json:"state"`
	People    []PersonNo   `json:"people"`
	At        time.Time    `json:"at"` // the latest of the batch

	Ticket *Ticketed `json:"ticket_of,omitempty"` // their connections were opened by tickets that somebody else made
}

// ProgressChanged is the payload of EntryEnrolmentsProgress.
type ProgressChanged struct {
	Changes []ProgressChange `json:"changes"`
}

// ProgressChange is one candidate's new progress in the entry's test.
type ProgressChange struct {
	Person   PersonNo  `json:"person"`
	ID       PersonID  `json:"id"`
	Room     string    `json:"room"` // where they sit, so that a listener can tell whom it concerns
	Progress Progress  `json:"progress"`
	At       time.Time `json:"at"`
}

// PeopleUpserted is the payload of EntryPeopleUpserted.
type PeopleUpserted struct {
	People []PersonRecord `json:"people"`
}

// PersonRecord is a person as the journal first or newly knew them.
type PersonRecord struct {
	No         PersonNo   `json:"no"`
	ID         PersonID   `json:"id"`
	Kind       PersonKind `json:"kind"`
	Role       Role       `json:"role"`
	ExternalID string     `json:"external_id"`
	Name       string     `json:"name"`
	Locked     bool       `json:"locked,omitempty"` // may no longer sign in

	// What changed of what decides who may sign in and do what. A password stands nowhere.
	New      bool           `json:"new,omitempty"`
	RoleWas  Role           `json:"role_was,omitempty"`  // the role before, when it changed
	LoginWas string         `json:"login_was,omitempty"` // the login before, when it changed
	Login    string         `json:"login,omitempty"`     // the new login, when it changed
	Password PasswordChange `json:"password,omitempty"`
}

// PasswordChange says what became of a person's password.
type PasswordChange string

// The changes of a password.
const (
	PasswordSet     PasswordChange = "set"     // they had none
	PasswordChanged PasswordChange = "changed" // they have another one now
)

// ExamsUpserted is the payload of EntryExamsUpserted.
type ExamsUpserted struct {
	Exams []ExamRecord `json:"tests"`
}

// ExamRecord is a test as the journal first or newly knew it.
type ExamRecord struct {
	ID         ExamID `json:"id"`
	ExternalID string `json:"external_id"`
	Name       string `json:"name"`

	// Members are the candidates in it, whose pages show its facts; none when it is new.
	Members []PersonNo `json:"members,omitempty"`
	// EndMoved reports that it now ends at another time.
	EndMoved bool `json:"end_moved,omitempty"`
}

// GroupsUpserted is the payload of EntryGroupsUpserted.
type GroupsUpserted struct {
	Groups []GroupRecord `json:"groups"`
}

// GroupRecord is a group as the journal first or newly knew it.
type GroupRecord struct {
	ID         GroupID   `json:"id"`
	Kind       GroupKind `json:"kind"`
	ExternalID string    `json:"external_id"`
	Name       string    `json:"name"`

	// Members are the candidates in it, whose pages show its facts; none when it is new.
	Members []PersonNo `json:"members,omitempty"`
	// EndMoved reports that it now ends at another time.
	EndMoved bool `json:"end_moved,omitempty"`
}

// EnrolmentsUpserted is the payload of EntryEnrolmentsUpserted; one entry per group.
type EnrolmentsUpserted struct {
	People []PersonNo `json:"people"`
	Left   []PersonNo `json:"left,omitempty"` // of those, the ones who left with this
}

// ScopesChanged is the payload of EntryScopesChanged: staff members' rooms in the
// entry's test from now on.
type ScopesChanged struct {
	Changes []ScopeChange `json:"changes"`
}

// ScopeChange is one staff member's rooms.
type ScopeChange struct {
	Person  PersonNo `json:"person"`
	Rooms   []string `json:"rooms,omitempty"`   // empty = all rooms
	Removed bool     `json:"removed,omitempty"` // no longer works in the test
}

// SessionChanged is the payload of EntrySessionStarted and EntrySessionEnded.
type SessionChanged struct {
	Sessions []string `json:"sessions"` // public ids
	Person   PersonNo `json:"person"`
	Name     string   `json:"name"`
	Reason   string   `json:"reason,omitempty"` // signed_out, revoked, expired, changed
}

// SignInsFailed is the payload of EntrySignInsFailed: the failed sign-ins of an interval.
type SignInsFailed struct {
	From     time.Time      `json:"from"`
	To       time.Time      `json:"to"`
	Accounts []SignInFailed `json:"accounts,omitempty"` // those with most first
	More     int            `json:"more,omitempty"`     // of accounts that are not named
	Unknown  int            `json:"unknown,omitempty"`  // at logins that nobody has
}

// SignInFailed counts an account's failed sign-ins.
type SignInFailed struct {
	Person  PersonNo `json:"person"`
	Name    string   `json:"name"`
	Login   string   `json:"login"`
	Wrong   int      `json:"wrong,omitempty"`   // passwords
	Refused int      `json:"refused,omitempty"` // tries that came too soon after wrong ones
	Sources []string `json:"sources"`           // addresses, each as a short code that does not tell it; at most 20
}

// APIKeyChanged is the payload of EntryAPIKeyCreated and EntryAPIKeyRevoked.
type APIKeyChanged struct {
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	SenderName string         `json:"sender_name,omitempty"`
	Rights     []Right        `json:"rights,omitempty"`
	Addresses  []netip.Prefix `json:"addresses,omitempty"`
	ExpiresAt  *time.Time     `json:"expires_at,omitempty"`
	Reason     string         `json:"reason,omitempty"` // of an end: expired; "" = revoked
}

// TicketsMade is the payload of EntryTicketsMade: tickets made for other people.
type TicketsMade struct {
	People    []PersonNo `json:"people"`
	ExpiresAt time.Time  `json:"expires_at"`
}

// OrganisationCreated is the payload of EntryOrganisationCreated.
type OrganisationCreated struct {
	Slug string `json:"slug"`
	Name string `json:"name"`
}
