package domain

import "time"

// Assignment is one shift or test sitting of one candidate.
type Assignment struct {
	Group    Group
	State    EnrolmentState // EnrolmentAssigned in a test as well
	Progress Progress       // of a test
	Room     string
	Seat     string
	Reported bool // the candidate has said that they cannot come
}

// Over reports whether the assignment has ended at a time; one without times never has.
func (a Assignment) Over(now time.Time) bool {
	end := a.Group.EndsAt
	if end.IsZero() {
		return false
	}
	return !end.After(now)
}

// Unavailability is a time in which a candidate cannot be assigned.
type Unavailability struct {
	ID       string
	StartsAt time.Time
	EndsAt   time.Time
	Group    GroupMark // the assignment that it came from; zero if none
}

// UnavailabilityMax is how long one unavailability lasts at most.
const UnavailabilityMax = 366 * 24 * time.Hour

// UnavailabilitiesMax is how many one candidate has at most.
const UnavailabilitiesMax = 200

// Deletion asks for an assignment to be deleted.
type Deletion struct {
	Group          GroupID
	Person         PersonID
	SetUnavailable bool  // and nobody assigns them in that time
	Message        int64 // offset of the candidate's message that led to it, 0 if none
}
