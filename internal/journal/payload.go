package journal

import (
	"net/netip"
	"time"

	"crier/internal/domain"
)

// The payloads of the entries. Names inside are frozen as they were, so that the record can be read
// without any other table.

// OrganisationCreated is the payload of KindOrganisationCreated.
type OrganisationCreated struct {
	Slug string `json:"slug"`
	Name string `json:"name"`
}

// PeopleUpserted is the payload of KindPeopleUpserted.
type PeopleUpserted struct {
	People []PersonRecord `json:"people"`
}

// PersonRecord is a person as the journal first or newly knew them.
type PersonRecord struct {
	No         domain.PersonNo   `json:"no"`
	ID         domain.PersonID   `json:"id"`
	Kind       domain.PersonKind `json:"kind"`
	Role       domain.Role       `json:"role"`
	ExternalID string            `json:"external_id"`
	Name       string            `json:"name"`
	Locked     bool              `json:"locked,omitempty"` // may no longer sign in

	// What changed of what decides who may sign in and do what. A password stands nowhere.
	New      bool           `json:"new,omitempty"`
	RoleWas  domain.Role    `json:"role_was,omitempty"`  // the role before, when it changed
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

// ExamsUpserted is the payload of KindExamsUpserted.
type ExamsUpserted struct {
	Exams []ExamRecord `json:"tests"`
}

// ExamRecord is a test as the journal first or newly knew it.
type ExamRecord struct {
	ID         domain.ExamID `json:"id"`
	ExternalID string        `json:"external_id"`
	Name       string        `json:"name"`

	// Members are the candidates in it, whose pages show its facts; none when it is new.
	Members []domain.PersonNo `json:"members,omitempty"`
	// EndMoved reports that it now ends at another time.
	EndMoved bool `json:"end_moved,omitempty"`
}

// GroupsUpserted is the payload of KindGroupsUpserted.
type GroupsUpserted struct {
	Groups []GroupRecord `json:"groups"`
}

// GroupRecord is a group as the journal first or newly knew it.
type GroupRecord struct {
	ID         domain.GroupID   `json:"id"`
	Kind       domain.GroupKind `json:"kind"`
	ExternalID string           `json:"external_id"`
	Name       string           `json:"name"`

	// Members are the candidates in it, whose pages show its facts; none when it is new.
	Members []domain.PersonNo `json:"members,omitempty"`
	// EndMoved reports that it now ends at another time.
	EndMoved bool `json:"end_moved,omitempty"`
}

// EnrolmentsUpserted is the payload of KindEnrolmentsUpserted; one entry per group.
type EnrolmentsUpserted struct {
	People []domain.PersonNo `json:"people"`
	Left   []domain.PersonNo `json:"left,omitempty"` // of those, the ones who left with this
}

// ProgressChanged is the payload of KindEnrolmentsProgress.
type ProgressChanged struct {
	Changes []ProgressChange `json:"changes"`
}

// ProgressChange is one candidate's new progress in the entry's test.
type ProgressChange struct {
	Person   domain.PersonNo `json:"person"`
	ID       domain.PersonID `json:"id"`
	Room     string          `json:"room"` // where they sit, so that a listener can tell whom it concerns
	Progress domain.Progress `json:"progress"`
	At       time.Time       `json:"at"`
}

// ScopesChanged is the payload of KindScopesChanged: staff members' rooms in the
// entry's test from now on.
type ScopesChanged struct {
	Changes []ScopeChange `json:"changes"`
}

// ScopeChange is one staff member's rooms.
type ScopeChange struct {
	Person  domain.PersonNo `json:"person"`
	Rooms   []string        `json:"rooms,omitempty"`   // empty = all rooms
	Removed bool            `json:"removed,omitempty"` // no longer works in the test
}

// SessionChanged is the payload of KindSessionStarted and KindSessionEnded.
type SessionChanged struct {
	Sessions []string        `json:"sessions"` // public ids
	Person   domain.PersonNo `json:"person"`
	Name     string          `json:"name"`
	Reason   string          `json:"reason,omitempty"` // signed_out, revoked, expired, changed
}

// SignInsFailed is the payload of KindSignInsFailed: the failed sign-ins of an interval.
type SignInsFailed struct {
	From     time.Time      `json:"from"`
	To       time.Time      `json:"to"`
	Accounts []SignInFailed `json:"accounts,omitempty"` // those with most first
	More     int            `json:"more,omitempty"`     // of accounts that are not named
	Unknown  int            `json:"unknown,omitempty"`  // at logins that nobody has
}

// SignInFailed counts an account's failed sign-ins.
type SignInFailed struct {
	Person  domain.PersonNo `json:"person"`
	Name    string          `json:"name"`
	Login   string          `json:"login"`
	Wrong   int             `json:"wrong,omitempty"`   // passwords
	Refused int             `json:"refused,omitempty"` // tries that came too soon after wrong ones
	Sources []string        `json:"sources"`           // addresses, each as a short code that does not tell it; at most 20
}

// APIKeyChanged is the payload of KindAPIKeyCreated and KindAPIKeyRevoked.
type APIKeyChanged struct {
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	SenderName string         `json:"sender_name,omitempty"`
	Rights     []domain.Right `json:"rights,omitempty"`
	Addresses  []netip.Prefix `json:"addresses,omitempty"`
	ExpiresAt  *time.Time     `json:"expires_at,omitempty"`
	Reason     string         `json:"reason,omitempty"` // of an end: expired; "" = revoked
}

// TicketsMade is the payload of KindTicketsMade: tickets made for other people.
type TicketsMade struct {
	People    []domain.PersonNo `json:"people"`
	ExpiresAt time.Time         `json:"expires_at"`
}

// BroadcastSent is the payload of KindBroadcastSent; the recipients are the
// entry's Audience.
type BroadcastSent struct {
	ExamName   string       `json:"test_name"`
	Subject    string       `json:"subject"`
	Body       string       `json:"body"`
	Level      domain.Level `json:"level"`
	SenderName string       `json:"sender_name"`
	SenderRole domain.Role  `json:"sender_role"`
	Reminds    int64        `json:"reminds,omitempty"` // offset of the sending this reminds of
	Recipients int          `json:"recipients"`
	Filter     string       `json:"filter,omitempty"` // the filter in words, when one was used

	GroupKind   domain.GroupKind    `json:"group_kind,omitempty"` // "": a test, or no group
	Attachments []domain.Attachment `json:"attachments,omitempty"`
	Channels    []domain.Channel    `json:"channels,omitempty"`  // copies asked for
	Elsewhere   bool                `json:"elsewhere,omitempty"` // the candidates meet it by its copies alone

	// LeftOut are those who would have got it but cannot be written to, by reason.
	LeftOut map[domain.BlockedCode][]domain.PersonNo `json:"left_out,omitempty"`
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

// BroadcastTold is the payload of KindBroadcastTold: staff told these people
// in person.
type BroadcastTold struct {
	Broadcast int64             `json:"broadcast"` // offset
	People    []domain.PersonNo `json:"people"`
	Note      string            `json:"note,omitempty"`
}

// BroadcastUntold is the payload of KindBroadcastUntold: that these people were told in person was
// taken back.
type BroadcastUntold struct {
	Broadcast int64             `json:"broadcast"` // offset
	People    []domain.PersonNo `json:"people"`
}

// ReceiptsRecorded is the payload of KindReceiptsRecorded: one node's batch.
type ReceiptsRecorded struct {
	Items []ReceiptItem `json:"items"`
}

// ReceiptItem says that these people reached State for one broadcast.
type ReceiptItem struct {
	Broadcast int64               `json:"broadcast"` // offset
	State     domain.ReceiptState `json:"state"`
	People    []domain.PersonNo   `json:"people"`
	At        time.Time           `json:"at"` // the latest of the batch

	Ticket *domain.Ticketed `json:"ticket_of,omitempty"` // their connections were opened by tickets that somebody else made
}

// CannedChanged is the payload of KindCannedChanged, of a shared reply only. A
// removed one has no body.
type CannedChanged struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Shortcut string `json:"shortcut,omitempty"`
	Subject  string `json:"subject,omitempty"`
	Body     string `json:"body,omitempty"`
	Removed  bool   `json:"removed,omitempty"`
}

// SettingsChanged is the payload of KindSettingsChanged: the choices from then on.
type SettingsChanged struct {
	Settings domain.Settings `json:"settings"`
}

// ExportRequested is the payload of KindExportRequested.
type ExportRequested struct {
	Export        string            `json:"export"`
	People        []domain.PersonNo `json:"people"`
	Conversations int               `json:"conversations"`
	Transcript    bool              `json:"transcript,omitempty"`
	Filter        bool              `json:"filter,omitempty"`
}

// ExportEnded is the payload of KindExportEnded. Conversations and Files are what the
// .zip holds.
type ExportEnded struct {
	Export        string             `json:"export"`
	State         domain.ExportState `json:"state"`
	Conversations int                `json:"conversations,omitempty"`
	Files         int                `json:"files,omitempty"`
	Size          int64              `json:"size,omitempty"`
	SHA256        string             `json:"sha256,omitempty"`
	Error         string             `json:"error,omitempty"`
}
