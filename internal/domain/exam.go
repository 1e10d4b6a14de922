package domain

import (
	"time"

	"crier/internal/fault"
)

// Exam is a group of kind test. StartsAt and EndsAt may be zero: not known.
type Exam struct {
	Organisation OrganisationID
	ID           ExamID
	ExternalID   string
	Name         string
	StartsAt     time.Time
	EndsAt       time.Time
}

// Progress is how far a candidate has come in a test.
type Progress string

// The progress states.
const (
	NotStarted Progress = "not_started"
	InProgress Progress = "in_progress"
	Submitted  Progress = "submitted"
)

// ParseProgress returns the progress named s; field is named in the fault.
func ParseProgress(field, s string) (Progress, error) {
	switch p := Progress(s); p {
	case NotStarted, InProgress, Submitted:
		return p, nil
	}
	return "", fault.Field(field, "progress must be not_started, in_progress or submitted, not %q", s)
}

// Presence is whether a person is connected. Advice only: it never decides
// whether something is delivered.
type Presence string

// The presences.
const (
	Online       Presence = "online"
	Away         Presence = "away"         // connected, but the page is hidden or idle
	Unresponsive Presence = "unresponsive" // connected, but the page has not answered for a minute
	Unknown      Presence = "unknown"      // not connected here, and other nodes cannot be asked
	Offline      Presence = "offline"
)

// Answering reports whether a page of theirs is open and answers.
func (p Presence) Answering() bool { return p == Online || p == Away }

// PresenceCounts counts people by presence.
type PresenceCounts struct {
	Online       int `json:"online"`
	Away         int `json:"away"`
	Unresponsive int `json:"unresponsive"`
	Unknown      int `json:"unknown"`
	Offline      int `json:"offline"`
}

// Add counts one more person.
func (c *PresenceCounts) Add(p Presence) {
	switch p {
	case Online:
		c.Online++
	case Away:
		c.Away++
	case Unresponsive:
		c.Unresponsive++
	case Unknown:
		c.Unknown++
	default:
		c.Offline++
	}
}

// Enrolment is a candidate in a test.
type Enrolment struct {
	Exam         ExamID
	Person       PersonNo
	Progress     Progress
	ProgressAt   time.Time
	Room         string
	Seat         string
	ExtraMinutes int
}

// Candidate is a row of a test's live list: the enrolment and who it is.
type Candidate struct {
	Enrolment
	ID         PersonID
	ExternalID string
	GivenName  string
	FamilyName string
	Tags       []string
	Groups     []GroupMark // other groups that they are in and the reader sees, where asked for
	Locked     bool        // their account is
	Waiting    int         // messages not yet delivered to them
	Presence   Presence    // filled in by the monitor
	LastSeen   time.Time   // filled in by the monitor; zero = not since this server started
}

// Name is how the candidate is shown.
func (c Candidate) Name() string {
	return Person{GivenName: c.GivenName, FamilyName: c.FamilyName}.Name()
}

// ParsePresence returns the presence named s; field is named in the fault.
func ParsePresence(field, s string) (Presence, error) {
	switch p := Presence(s); p {
	case Online, Away, Unresponsive, Unknown, Offline:
		return p, nil
	}
	return "", fault.Field(field, "presence must be online, away, unresponsive, unknown or offline, not %q", s)
}
