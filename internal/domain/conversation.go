package domain

import "time"

// MessageSent is the payload of EntryMessageSent: one message of one conversation, from
// staff to the candidate or from the candidate. Entry.Exam is the group it belongs to.
type MessageSent struct {
	Person      PersonNo     `json:"person"` // whose conversation
	PersonID    PersonID     `json:"person_id"`
	PersonName  string       `json:"person_name"`
	Inbound     bool         `json:"inbound,omitempty"` // written by the candidate
	GroupName   string       `json:"group_name,omitempty"`
	GroupKind   GroupKind    `json:"group_kind,omitempty"`
	Room        string       `json:"room,omitempty"` // where the candidate sat, in a test
	Subject     string       `json:"subject,omitempty"`
	Body        string       `json:"body"`
	SenderName  string       `json:"sender_name"`
	SenderRole  Role         `json:"sender_role"`
	ReplyTo     int64        `json:"reply_to,omitempty"` // offset of what an inbound message answers, 0 if nothing
	About       *About       `json:"about,omitempty"`
	Attachments []Attachment `json:"attachments,omitempty"`
	Channels    []Channel    `json:"channels,omitempty"`   // copies asked for
	Elsewhere   bool         `json:"elsewhere,omitempty"`  // the candidate meets it by its copies alone
	Via         Channel      `json:"via,omitempty"`        // inbound: what it came by, "" for the pages
	Automatic   bool         `json:"automatic,omitempty"`  // inbound: a program of the candidate's wrote it
	Unverified  bool         `json:"unverified,omitempty"` // inbound, by email: nobody vouches for the sender
	Trial       *PersonName  `json:"trial,omitempty"`      // inbound: who of the staff typed it on the Outbox page; nil: the candidate wrote it
	Reach       []Place      `json:"reach"`                // the groups and rooms the candidate was in: whose staff hear of it
}

// Place is one group, and the room in it if it is a test.
type Place struct {
	Group GroupID   `json:"group"`
	Room  string    `json:"room,omitempty"`
	Kind  GroupKind `json:"kind,omitempty"` // of the group, in what staff see; elsewhere it is not said
}

// AboutKind says what a candidate writes about an assignment.
type AboutKind string

// The kinds.
const (
	AboutQuestion    AboutKind = "question"
	AboutUnavailable AboutKind = "unavailable"
)

// About ties a message to an assignment (product row C5). The times are the
// assignment's as they were then.
type About struct {
	Kind     AboutKind `json:"kind"`
	Group    GroupID   `json:"group"`
	StartsAt time.Time `json:"starts_at"`
	EndsAt   time.Time `json:"ends_at"`
}

// Attachment is a file as messages name it.
type Attachment struct {
	ID     AttachmentID `json:"id"`
	Name   string       `json:"name"` // safe as a file name
	Type   string       `json:"type"` // media type, by content
	Size   int64        `json:"size"` // bytes
	Width  int          `json:"width,omitempty"`
	Height int          `json:"height,omitempty"` // of a picture that has a preview
}

// Picture reports whether the file is shown as a picture.
func (a Attachment) Picture() bool { return a.Width > 0 }

// MailType is the media type of a mail as a file.
const MailType = "message/rfc822"

// NoteAdded is the payload of EntryNoteAdded: staff only, never part of anything a
// candidate can get (product row V8).
type NoteAdded struct {
	Person     PersonNo   `json:"person"`
	PersonID   PersonID   `json:"person_id"`
	PersonName string     `json:"person_name"`
	GroupName  string     `json:"group_name,omitempty"` // Entry.Exam is the group it belongs to
	GroupKind  GroupKind  `json:"group_kind,omitempty"`
	Body       string     `json:"body"`
	Mentions   []PersonNo `json:"mentions,omitempty"`
	Reach      []Place    `json:"reach"`
}

// ConversationMark is what staff say about conversations.
type ConversationMark string

// The marks.
const (
	MarkProcessed    ConversationMark = "processed"
	MarkNotProcessed ConversationMark = "not_processed"
	MarkArchived     ConversationMark = "archived"
	MarkUnarchived   ConversationMark = "unarchived"
	MarkSnoozed      ConversationMark = "snoozed"
	MarkUnsnoozed    ConversationMark = "unsnoozed" // before its time by staff, at its time by the server
)

// ConversationMarked is the payload of EntryConversationMarked.
type ConversationMarked struct {
	Mark   ConversationMark `json:"mark"`
	Until  time.Time        `json:"until,omitzero"` // of snoozed
	People []Reached        `json:"people"`         // only those for whom it changed anything
}

// Reached is a conversation and whose staff hear of it.
type Reached struct {
	Person   PersonNo `json:"person"`
	PersonID PersonID `json:"person_id"`
	Reach    []Place  `json:"reach"`
}

// ConversationAssigned is the payload of EntryConversationAssigned.
type ConversationAssigned struct {
	Reached
	To     PersonNo `json:"to,omitempty"` // 0: nobody any more
	ToID   PersonID `json:"to_id,omitempty"`
	ToName string   `json:"to_name,omitempty"`
	Claim  bool     `json:"claim,omitempty"` // taken by the person themselves
}

// AssignmentChanged is the payload of EntryAssignmentDeleted and EntryAssignmentRestored.
type AssignmentChanged struct {
	Reached
	GroupName   string         `json:"group_name"`
	GroupKind   GroupKind      `json:"group_kind"`
	State       EnrolmentState `json:"state"`                 // before the deletion
	Unavailable string         `json:"unavailable,omitempty"` // id of the unavailability made with it, or removed by the undoing
	StartsAt    time.Time      `json:"starts_at"`
	EndsAt      time.Time      `json:"ends_at"`
	Message     int64          `json:"message,omitempty"` // offset of the candidate's message that led to it, 0 if none
	Deleted     int64          `json:"deleted,omitempty"` // restored: offset of the deletion that is undone
}

// UnavailabilityAdded is the payload of EntryUnavailabilityAdded: staff noted a time in which the
// candidate cannot be assigned. One that comes with the deletion of an assignment stands in AssignmentChanged.
type UnavailabilityAdded struct {
	Reached
	ID       string    `json:"id"`
	StartsAt time.Time `json:"starts_at"`
	EndsAt   time.Time `json:"ends_at"`
}

// UnavailabilityRemoved is the payload of EntryUnavailabilityRemoved.
type UnavailabilityRemoved struct {
	Reached
	ID string `json:"id"`
}
