package domain

// Choice is a policy of a group: the organisation's, or one of its own.
type Choice string

// The choices.
const (
	Inherit Choice = ""
	Open    Choice = "open"
	Closed  Choice = "closed"
)

// Known reports whether c is a choice.
func (c Choice) Known() bool { return c == Inherit || c == Open || c == Closed }

// GroupPolicy is what a group says about its candidates' writing (product row C3).
type GroupPolicy struct {
	Replies Choice // may they answer what staff wrote
	Starts  Choice // may they begin on their own
}

// Blocked says that one person cannot be written to, or cannot write, and why. The
// zero value: nothing stands in the way.
type Blocked struct {
	Code BlockedCode `json:"code"`
	Text string      `json:"text"` // in plain English words; pages have their own by code
}

// BlockedCode names a reason.
type BlockedCode string

// The reasons.
const (
	BlockedInvited   BlockedCode = "invited"      // invitation not accepted yet: the triangle
	BlockedLocked    BlockedCode = "locked"       // account locked: the lock
	BlockedLeft      BlockedCode = "left"         // left the group, or all groups: the lock
	BlockedDeclined  BlockedCode = "declined"     // replies only: turned down
	BlockedClosed    BlockedCode = "replies_off"  // replies only: not open here
	BlockedStaffOnly BlockedCode = "staff_starts" // replies only: staff have not written yet
	BlockedElsewhere BlockedCode = "elsewhere"    // replies on the pages only: by email and SMS alone
	BlockedRoom      BlockedCode = "room"         // sits in a room that is not the sender's
	BlockedReminded  BlockedCode = "reminded"     // reminders only: had one a moment ago
	BlockedTest      BlockedCode = "test"         // sendings to many only: reached through a test alone; see SendingReach
)

var blockedTexts = map[BlockedCode]string{
	BlockedInvited:   "has not accepted the invitation yet",
	BlockedLocked:    "the account is locked",
	BlockedLeft:      "has left the group",
	BlockedDeclined:  "This application is closed, so replies are closed as well. Thank you for your interest.",
	BlockedClosed:    "Replies are not open here.",
	BlockedStaffOnly: "You can answer once someone has written to you.",
	BlockedRoom:      "sits in a room that is not yours",
	BlockedReminded:  "was reminded less than a minute ago",
	BlockedTest:      "is reached through a test alone, and you may not send to that test",
	BlockedElsewhere: "Please answer by email or SMS, as you were written to.",
}

// Block makes the Blocked of a code.
func Block(code BlockedCode) Blocked { return Blocked{Code: code, Text: blockedTexts[code]} }

// Is reports whether anything stands in the way.
func (b Blocked) Is() bool { return b.Code != "" }

// Standing is what decides whether a person can be written to or may write, in the
// context of one group or of none.
type Standing struct {
	Person   PersonState
	Group    GroupID        // "": no group
	Kind     GroupKind      // of Group
	State    EnrolmentState // in Group
	In       bool           // enrolled in Group at all
	Groups   int            // groups the person was ever in
	Active   int            // of those, ones not left and not merely invited to
	Declined int            // of Active, ones that turned the person down
	Policy   GroupPolicy    // of Group
	Settings Settings
}

// SendBlocked says whether staff can write to the person here (product row V18). A
// declined candidate can be written to: somebody has to tell them.
func (s Standing) SendBlocked() Blocked {
	switch {
	case s.Person == PersonLocked:
		return Block(BlockedLocked)
	case s.Person == PersonInvited, s.State == EnrolmentInvited:
		return Block(BlockedInvited)
	case s.State == EnrolmentLeft, s.Group != "" && !s.In, s.Group == "" && s.Groups > 0 && s.Active == 0:
		return Block(BlockedLeft)
	}
	return Blocked{}
}

// ReplyBlocked says whether the person may write here (product row C3). spoken: staff
// have written to them in this context, so that this is an answer. Who was turned down
// wherever they still are answers nothing that belongs to no group either. Asking a question
// about an assignment, or reporting unavailability, is a right of its own and asks
// only SendBlocked and the enrolment's state.
func (s Standing) ReplyBlocked(spoken bool) Blocked {
	if b := s.SendBlocked(); b.Is() {
		return b
	}
	if s.State == EnrolmentDeclined || s.Group == "" && s.Declined > 0 && s.Declined == s.Active {
		return Block(BlockedDeclined)
	}
	if spoken {
		if !open(s.Policy.Replies, s.Settings.repliesOpen(s.Kind)) {
			return Block(BlockedClosed)
		}
		return Blocked{}
	}
	if !open(s.Policy.Starts, s.Settings.CandidatesStart) {
		return Block(BlockedStaffOnly)
	}
	return Blocked{}
}

// ElsewhereBlocked says whether the person's pages are no place to write here, since they meet messages by their copies
// alone. By email and SMS they answer as ReplyBlocked says.
func (s Standing) ElsewhereBlocked() Blocked {
	if s.Settings.Elsewhere(s.Kind) {
		return Block(BlockedElsewhere)
	}
	return Blocked{}
}

func open(c Choice, inherited bool) bool {
	if c == Inherit {
		return inherited
	}
	return c == Open
}
