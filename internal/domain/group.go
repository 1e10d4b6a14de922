package domain

import (
	"time"

	"crier/internal/fault"
)

// GroupKind says what a group is.
type GroupKind string

// The kinds. A test is also called Exam in Go.
const (
	KindTest     GroupKind = "test"
	KindPool     GroupKind = "pool"     // people one calls upon
	KindJob      GroupKind = "job"      // an opening that people apply for
	KindActivity GroupKind = "activity" // a shift: it has a start and an end
)

// GroupKinds lists the kinds.
var GroupKinds = []GroupKind{KindTest, KindPool, KindJob, KindActivity}

// ParseGroupKind returns the kind named s; field is named in the fault.
func ParseGroupKind(field, s string) (GroupKind, error) {
	switch k := GroupKind(s); k {
	case KindTest, KindPool, KindJob, KindActivity:
		return k, nil
	}
	return "", fault.Field(field, "kind must be test, pool, job or activity, not %q", s)
}

// Group is a named set of candidates. Times may be zero: not known.
type Group struct {
	Organisation OrganisationID
	ID           GroupID
	Kind         GroupKind
	ExternalID   string
	Name         string
	StartsAt     time.Time
	EndsAt       time.Time
	Place        string // where it happens, as people are told
	Policy       GroupPolicy
	ReplyMinutes int // within which a candidate's message should be answered; 0: nothing is expected
}

// EnrolmentState is where a candidate stands in a group that is no test. In a test
// it is "", or EnrolmentLeft.
type EnrolmentState string

// The states, and in which kind of group each occurs. Only EnrolmentLeft occurs in all.
const (
	EnrolmentInvited  EnrolmentState = "invited"      // pool: asked to join, has not answered
	EnrolmentMember   EnrolmentState = "member"       // pool
	EnrolmentApplied  EnrolmentState = "applied"      // job
	EnrolmentDeclined EnrolmentState = "declined"     // job: turned down
	EnrolmentAssigned EnrolmentState = "assigned"     // activity
	EnrolmentWaiting  EnrolmentState = "waiting_list" // activity
	EnrolmentLeft     EnrolmentState = "left"         // no longer in the group; the row stays for its history
)

var enrolmentStates = map[GroupKind][]EnrolmentState{
	KindTest:     {"", EnrolmentLeft},
	KindPool:     {EnrolmentMember, EnrolmentInvited, EnrolmentLeft},
	KindJob:      {EnrolmentApplied, EnrolmentDeclined, EnrolmentLeft},
	KindActivity: {EnrolmentAssigned, EnrolmentWaiting, EnrolmentLeft},
}

// EnrolmentStates lists the states possible in a kind of group; the first is what
// an enrolment gets when none is named.
func EnrolmentStates(k GroupKind) []EnrolmentState { return enrolmentStates[k] }

// ActivityStates are the states of those who are, or may be, at an activity.
var ActivityStates = []EnrolmentState{EnrolmentAssigned, EnrolmentWaiting}

// PersonState is a person's standing in the organisation.
type PersonState string

// The standings.
const (
	PersonActive  PersonState = "active"
	PersonInvited PersonState = "invited" // has not accepted the invitation yet
	PersonLocked  PersonState = "locked"  // may neither sign in nor be written to
)

// ReplyMinutesMax bounds Group.ReplyMinutes: 30 days.
const ReplyMinutesMax = 30 * 24 * 60

// CheckReplyMinutes refuses an expected reply time that is negative or above ReplyMinutesMax. Errors:
// Invalid, TooLarge naming field.
func CheckReplyMinutes(field string, n int) error {
	switch {
	case n < 0:
		return fault.Field(field, "an expected reply time is a number of minutes, 0 for none")
	case n > ReplyMinutesMax:
		return fault.Over(field, ReplyMinutesMax, int64(n), "%d minutes; an expected reply time is at most %d (30 days)", n, ReplyMinutesMax)
	}
	return nil
}

// GroupMark is one group that a person is in, as lists name it.
type GroupMark struct {
	ID    GroupID        `json:"id"`
	Kind  GroupKind      `json:"kind"`
	Name  string         `json:"name"`
	State EnrolmentState `json:"state,omitempty"`
	// ReplyMinutes is the group's expected reply time, in rows of conversations alone.
	ReplyMinutes int `json:"reply_minutes,omitempty"`
}
