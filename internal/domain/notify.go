package domain

import "time"

// NotifyEmail is the name of the preference by which staff ask for mails about replies, and its values as JSON.
const (
	NotifyEmail        = "notify_email"
	NotifyEmailGrouped = `"grouped"`
	NotifyEmailOff     = `"off"`
)

// Notifications by mail.
const (
	NotifyEvery = 15 * time.Minute // at most one mail to a staff member in this time
	NotifyAfter = 2 * time.Minute  // a reply waits so long for being read in the pages
	NotifyMost  = 20               // conversations that a mail names
)

// NotifyPayload is the payload of a DeliverNotify by email: which conversations have new replies that its staff member has not
// read. Texts of candidates are in no such mail.
type NotifyPayload struct {
	UpTo          int64                `json:"up_to"` // offset of the newest reply it tells of
	Count         int                  `json:"count"`
	Conversations []NotifyConversation `json:"conversations"` // at most NotifyMost
}

// NotifyConversation is a conversation with new replies.
type NotifyConversation struct {
	Person PersonID `json:"person"`
	Name   string   `json:"name"`
}

// ExportPayload is the payload of a DeliverExport.
type ExportPayload struct {
	Export  string    `json:"export"`
	Expires time.Time `json:"expires"`
}

// AnswerKind says what an automatic answer says.
type AnswerKind string

// The kinds.
const (
	AnswerClosed  AnswerKind = "closed"  // nobody will answer: replies are closed
	AnswerStopped AnswerKind = "stopped" // a STOP was heard
	AnswerStarted AnswerKind = "started" // a START was heard
	AnswerHelp    AnswerKind = "help"
)

// AnswerPayload is the payload of a DeliverAnswer.
type AnswerPayload struct {
	Says      AnswerKind `json:"says"`
	To        string     `json:"to"` // the address that wrote
	Subject   string     `json:"subject,omitempty"`
	Text      string     `json:"text"`
	InReplyTo string     `json:"in_reply_to,omitempty"` // Message-ID of what it answers
}

// Notifiable is a staff member who wants mails about replies.
type Notifiable struct {
	Organisation OrganisationID
	No           PersonNo
	Actor        Actor     // role and scopes
	Newest       int64     // offset of the newest reply that anybody has
	UpTo         int64     // of the newest that a mail has told of, 0 = none
	Mailed       time.Time // when the last mail was asked for, zero = never
}
