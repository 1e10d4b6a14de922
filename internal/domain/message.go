package domain

import (
	"time"
)

// Placed is where a candidate sits in a test.
type Placed struct {
	No   PersonNo
	ID   PersonID
	Room string
}

// PersonRef is a person as lists name them.
type PersonRef struct {
	No         PersonNo
	ID         PersonID
	ExternalID string
	Name       string
}

// ReceiptCounts are how many of a sending's recipients have come how far; a later state
// is counted in those before it too.
type ReceiptCounts struct {
	Recipients, Delivered, Displayed, Acknowledged, Told int
	Stopped                                              int // never delivered, and never will be
}

// Recipient is one row of a delivery board. Room and Seat are where they sit now, or sat last;
// WasRoom and WasSeat where they sat when it was sent. Zero times: not yet.
type Recipient struct {
	No                                 PersonNo
	ID                                 PersonID
	ExternalID                         string
	Name                               string
	Room, Seat                         string
	WasRoom, WasSeat                   string
	Enrolled                           bool        // still there to be sent to
	Unreachable                        BlockedCode // why not, "" if Enrolled
	InTest                             bool        // sits a test now that the sending is not of: their page keeps it until that is over
	Delivered, Displayed, Acknowledged time.Time
	By                                 map[ReceiptState]Ticketed // of states reported through tickets that others made
	Told                               time.Time
	ToldBy, ToldNote                   string
	Stopped                            BlockedCode // why it never will be delivered, "" if it was or still may be
}

// State is how far the sending has come to this recipient.
func (r Recipient) State() ReceiptState {
	return StateOf(r.Delivered, r.Displayed, r.Acknowledged)
}

// Message is one message as its candidate has it: a sending to many, one of staff to
// them alone, or one of their own. Of the latter two, Text holds what they share with
// a sending.
type Message struct {
	Offset                             int64
	Exam                               GroupID // "": it belongs to none
	Kind                               GroupKind
	Room                               string // where the person sat when it was sent
	At                                 time.Time
	Text                               Text
	Inbound                            bool    // the candidate wrote it
	Elsewhere                          bool    // the candidate meets it by its copies alone: it is on none of their pages
	Via                                Channel // what theirs came by, app for the pages; "" of staff's
	Attachments                        []Attachment
	About                              *About
	ReplyTo                            int64     // offset of what an inbound message answers, 0 if nothing
	Delivered, Displayed, Acknowledged time.Time // zero: not yet
}

// Stray is someone who is named as a candidate of a test and sits in none of the rooms that are meant.
type Stray struct {
	No   PersonNo
	ID   PersonID
	Name string
	Code BlockedCode // BlockedRoom, or BlockedLeft of the test
}

// Reminders are what was sent to remind of one sending.
type Reminders struct {
	Root     int64                   // offset of the sending that the chain of reminders begins with
	Newest   int64                   // offset of the newest reminder, 0 if there is none
	Reminded map[PersonNo][]Reminded // oldest first
	Told     map[PersonNo]bool       // in person, of the sending or of one of its reminders
}

// Reminded is one reminder that somebody got.
type Reminded struct {
	Offset int64
	At     time.Time
	By     string
}

// State is how far the message has come.
func (m Message) State() ReceiptState { return StateOf(m.Delivered, m.Displayed, m.Acknowledged) }

// StateOf is how far a message with these times has come.
func StateOf(delivered, displayed, acknowledged time.Time) ReceiptState {
	switch {
	case !acknowledged.IsZero():
		return Acknowledged
	case !displayed.IsZero():
		return Displayed
	case !delivered.IsZero():
		return Delivered
	}
	return Queued
}

// Conversation is where one person's messages stand.
type Conversation struct {
	Unread           int   // not acknowledged yet: neither confirmed nor opened
	FirstUndisplayed int64 // offset of the oldest one that stood on no screen yet, 0 if none
	Last             int64 // offset of the newest message, 0 if none
}

// Position is where somebody who reads their messages is: at the one with the offset After.
type Position struct {
	Person PersonNo
	After  int64
}

// Mark says when one person's message reached which state. A later state includes
// those before it: Displayed without Delivered counts for both.
type Mark struct {
	Offset                             int64
	Person                             PersonNo
	Delivered, Displayed, Acknowledged time.Time // zero: not reported
	Ticket                             *Ticketed // what opened the connection that reports, nil for a sign-in
}

// TicketEntry is the offset of the entry that records the ticket, 0 for a sign-in.
func (m Mark) TicketEntry() int64 { return m.Ticket.entry() }

// State is the furthest state that the mark reports.
func (m Mark) State() ReceiptState { return StateOf(m.Delivered, m.Displayed, m.Acknowledged) }

// Raise adds a report about the same message: states only rise, a state sets those
// before it, and a state's first time stays.
func (m *Mark) Raise(state ReceiptState, at time.Time) {
	set := func(t *time.Time) {
		if t.IsZero() {
			*t = at
		}
	}
	switch state {
	case Acknowledged:
		set(&m.Acknowledged)
		fallthrough
	case Displayed:
		set(&m.Displayed)
		fallthrough
	case Delivered:
		set(&m.Delivered)
	}
}

// SendingBrief is what a sending to people of a group that is no test, or of none,
// needs to know of it.
type SendingBrief struct {
	Kind     GroupKind // "" for no group
	Name     string
	Settings Settings // the organisation's
}

// ExamBrief is what a sending needs to know of its test.
type ExamBrief struct {
	Name     string
	Settings Settings // the organisation's
}

// Text is what a message says: what a sending to many and a message to one person share.
type Text struct {
	GroupName  string // of the group that it belongs to
	Subject    string
	Body       string
	Level      Level
	SenderName string
	SenderRole Role
	Reminds    int64 // offset of the sending that this reminds of, 0 if of none
}

// Level says how loudly a message asks for attention.
type Level string

// LevelPopup is shown over the page until closed: the default.
const LevelPopup Level = "popup"

// LevelChat is a message of a conversation: it shows itself, and stands in nobody's way.
const LevelChat Level = "chat"
