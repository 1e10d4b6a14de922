package domain

import (
	"errors"
	"time"
)

// The specs below say what an organisation's own system wants to be stored. They
// name people and tests by external id. A nil field keeps what is stored.

// Where names a field of an item as the request names it: "items[3].seat", or
// "row 4, column seat".
type Where func(field string) string

// PersonSpec is one person to be created or changed.
type PersonSpec struct {
	Where        Where
	ExternalID   string
	Kind         PersonKind
	Role         Role
	GivenName    string
	FamilyName   string
	Login        *string // nil on creation: a candidate's is the external id, staff have none
	PasswordHash *string
	PasswordWas  string // the hash stored when PasswordHash was made; "" = none. See ErrStale
	Email        *string
	Phone        *string
	Locale       *string
	Tags         *[]string
	Skills       *[]string
	Address      *string
	City         *string
	Postcode     *string
	Fields       *map[string]string // all of them: a name that is absent is taken away
	State        *PersonState
	TimeZone     *string // IANA, "" = the organisation's
	QuietFrom    *int    // minutes of the day, -1 = the organisation's
	QuietTo      *int
	SMSConsent   *ConsentSpec
}

// ConsentSpec is a consent to SMS with its proof.
type ConsentSpec struct {
	State Consent
	Words string
	At    time.Time // zero: now
}

// GroupSpec is one group of any kind to be created or changed. A zero time means not
// known, which an activity's must not be.
type GroupSpec struct {
	Where      Where
	Kind       GroupKind // "" = a test
	ExternalID string
	Name       *string // nil on creation: the external id
	StartsAt   *time.Time
	EndsAt     *time.Time
	Place      *string
	Replies    *Choice
	Starts     *Choice

	ReplyMinutes *int
}

// ExamSpec is a GroupSpec of a test.
type ExamSpec = GroupSpec

// EnrolmentSpec puts a candidate in a group. Room, Seat, ExtraMinutes and Progress are a
// test's.
type EnrolmentSpec struct {
	Where        Where
	Kind         GroupKind       // of the group; "" = a test
	Exam, Person string          // external ids
	State        *EnrolmentState // nil on creation: the kind's first
	Room, Seat   *string
	ExtraMinutes *int
	Progress     *Progress
}

// ScopeSpec replaces a staff member's scope in a group.
type ScopeSpec struct {
	Where        Where
	Kind         GroupKind // of the group; "" = a test
	Exam, Person string    // external ids
	Rooms        []string  // sorted, no doubles; empty = all rooms
	Remove       bool      // the staff member no longer works in the test
}

// ProgressSpec says where a candidate stands in a test since At.
type ProgressSpec struct {
	Where        Where
	Exam, Person string
	Progress     Progress
	At           time.Time
}

// Tally says what became of a request's items.
type Tally struct {
	Created   int `json:"created"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
}

// EmptyScope is a scope that nobody is in: a room of a test, or the whole of a group (Room "").
type EmptyScope struct {
	Item int // of the specs
	Room string
}

// ErrStale is returned for what was prepared from facts that have changed meanwhile, as specs whose
// PasswordWas is no longer what is stored. Look again and repeat.
var ErrStale = errors.New("what this was prepared from has changed meanwhile")

// After reports whether a candidate's progress p at a time follows from what is
// stored: it moves only forward in time, and at one same time only forward in
// progress, so that the order in which two changes arrive does not matter.
func (p Progress) After(at time.Time, stored Progress, since time.Time) bool {
	if at.Equal(since) {
		return progressRank[p] > progressRank[stored]
	}
	return at.After(since)
}

var progressRank = map[Progress]int{NotStarted: 0, InProgress: 1, Submitted: 2}

// ImportTally says what became of a roster's rows.
type ImportTally struct {
	People     Tally `json:"people"`
	Exams      Tally `json:"tests"`
	Groups     Tally `json:"groups"` // that are no tests
	Enrolments Tally `json:"enrolments"`
}
