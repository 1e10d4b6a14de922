// Package channel is the seam between Crier and those who carry messages out of it: what
// goes out, and what came of it. Implementations live in the folders below; each passes
// the conformance suite in channeltest.
package channel

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Outgoing is one text to one address.
type Outgoing struct {
	ID        string // of the delivery: the same when it is tried again
	Address   string // an email address, an E.164 number, or a push subscription as JSON
	Name      string // of the recipient
	Locale    string // BCP 47 of the recipient, "" = English
	Subject   string
	Text      string
	From      string // the name that it comes from: the organisation's
	About     string // a line on where it belongs: the group, "" for none
	Sender    string // the staff member's name
	ReplyTo   string // address for answers, "" = none
	ReturnTo  string // address for bounces (VERP), "" = the sender's own
	MessageID string // without angle brackets
	InReplyTo string
	Link      string // to the conversation in the pages
	Stop      string // https link that a POST to ends such mails, "" where it does not apply (List-Unsubscribe, RFC 8058)
	Automatic bool   // the server wrote it, no person did (Auto-Submitted, RFC 3834)
	Files     []File
	// FilesUntil is when the links to files expire that work once each, as the recipient reads times; "" where files
	// are linked to in the pages.
	FilesUntil string

	// Whose it is, by the server's own numbers: for a sender that keeps texts instead of sending them. Never sent.
	Organisation, Person int64
}

// File is an attachment: Open reads it; files too large to carry are linked to instead.
type File struct {
	Name string
	Type string
	Size int64
	Link string
	Open func(context.Context) (ReadCloser, error)
}

// ReadCloser is io.ReadCloser.
type ReadCloser interface {
	Read(p []byte) (int, error)
	Close() error
}

// Accepted is the provider's yes.
type Accepted struct {
	ProviderID string // by which it will report, "" if it does not
	Parts      int    // of an SMS
}

// Sender hands texts over. Safe for concurrent use. Errors are *Error; anything else counts as
// Temporary.
type Sender interface {
	// Name names the provider, as deliveries and reports do.
	Name() string
	Send(ctx context.Context, o Outgoing) (Accepted, error)
}

// Kind says whose fault a failure is.
type Kind string

// The kinds.
const (
	Temporary Kind = "temporary" // the moment: try again later
	Permanent Kind = "permanent" // this address or text: never try again
	Provider  Kind = "provider"  // the provider as a whole: everything waits, nothing is blamed
)

// Error is a failure to hand over.
type Error struct {
	Kind       Kind
	Code       string        // the provider's, as in 550 5.1.1 or 21610
	Detail     string        // its words, cut to 500 characters
	RetryAfter time.Duration // as the provider asked, 0 = not said
	OptedOut   bool          // the recipient has told the provider to stop
	Err        error
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%s failure %s: %s", e.Kind, e.Code, e.Detail) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns whose fault an error is; Temporary for what is no *Error.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Temporary
}

// OwnHeader is the header that every mail of ours bears: one that comes in with it is going round.
const OwnHeader = "X-Crier"
