package domain

import "time"

// Values of StoredFile.Offset that are no message's.
const (
	FileUnsent   int64 = 0  // uploaded; its uploader can send it
	FileComing   int64 = -1 // its bytes are still coming in
	FileRemoving int64 = -2 // its bytes are being removed
)

// StoredFile is an attachment as the store keeps it.
type StoredFile struct {
	Attachment
	Organisation OrganisationID
	Person       PersonNo // whose conversation it is for; 0: a sending to many
	Uploader     string   // id of the actor
	Offset       int64    // of the message it was sent in, or one of the constants above
	SHA256       string   // of the bytes, hexadecimal
	CreatedAt    time.Time
}

// SentFile is a file as one conversation holds it.
type SentFile struct {
	Attachment
	Offset   int64 // of the message
	Shared   bool  // of a sending to many
	SHA256   string
	At       time.Time
	Inbound  bool    // sent by the candidate
	Via      Channel // inbound: email or sms, "" for the pages
	From     string
	FromRole Role
}

// SentText is one message of a conversation, as transcripts show it.
type SentText struct {
	Offset   int64
	At       time.Time
	Inbound  bool
	Many     bool    // a sending to many
	Stopped  bool    // it never reached the candidate, and never will
	Via      Channel // inbound: email or sms, "" for the pages
	Trial    string  // inbound: the name of who of the staff typed it on the Outbox page
	Group    string
	Subject  string
	Body     string
	From     string
	FromRole Role
	Files    []Attachment
}

// FileQuery chooses files of one conversation. The zero value chooses all.
type FileQuery struct {
	Terms    []Term // that the name, or the sender's, must hold
	UpTo     int64  // only of messages up to this offset; 0 = all
	AtOffset int64  // the place of the last one of the page before; 0 = none
	AtID     AttachmentID
	Oldest   bool // oldest first instead of newest first
}
