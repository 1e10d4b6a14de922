package domain

import "time"

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
