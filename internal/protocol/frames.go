package protocol

import (
	"time"

	"crier/internal/fault"
	"crier/internal/strictjson"
)

// The server's frames. Times are UTC and written as RFC 3339.

// Welcome answers a hello.
type Welcome struct {
	Type    string    `json:"type"`
	V       int       `json:"v"`
	Role    string    `json:"role"`
	Person  string    `json:"person"`
	Name    string    `json:"name"`
	Now     time.Time `json:"now"`
	BeatSec int       `json:"beat"`
}

// MessageFrame carries one message to one candidate. Cursor, Prev and Message.ID
// are the same width for everybody.
type MessageFrame struct {
	Type    string  `json:"type"`
	Cursor  string  `json:"cursor"`
	Prev    string  `json:"prev"`
	Message Message `json:"message"`
}

// Message is a message as its candidate sees it, in frames and over REST.
type Message struct {
	ID       string    `json:"id"`
	Group    *Group    `json:"group"` // nil: it belongs to none
	Room     string    `json:"room"`
	Subject  string    `json:"subject"`
	Body     string    `json:"body"`
	Level    string    `json:"level"`
	From     From      `json:"from"`
	At       time.Time `json:"at"`
	Reminder bool      `json:"reminder"`
	State    string    `json:"state"`
	Mine     bool      `json:"mine"`          // the candidate wrote it
	Via      string    `json:"via,omitempty"` // of theirs: app, email or sms, what it came by

	Attachments []Attachment `json:"attachments,omitempty"`
	About       *About       `json:"about,omitempty"`
}

// Group names a group: a test, pool, job or activity.
type Group struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// Attachment is a file of a message.
type Attachment struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Type    string `json:"type"` // media type
	Size    int64  `json:"size"` // bytes
	Width   int    `json:"width,omitempty"`
	Height  int    `json:"height,omitempty"`
	Picture bool   `json:"picture"` // it has a preview
}

// About ties a message to an assignment. Absent times are not known.
type About struct {
	Kind     string     `json:"kind"` // question, unavailable
	Group    Group      `json:"group"`
	StartsAt *time.Time `json:"starts_at,omitempty"`
	EndsAt   *time.Time `json:"ends_at,omitempty"`
}

// From names a sender.
type From struct {
	Name string `json:"name"`
	Role string `json:"role"`
}

// ReceiptFrame tells a candidate's other connections that a message was
// acknowledged.
type ReceiptFrame struct {
	Type   string    `json:"type"`
	Cursor string    `json:"cursor"`
	State  string    `json:"state"`
	At     time.Time `json:"at"`
}

// Reset says that the client's cursor means nothing here: re-read everything.
type Reset struct {
	Type   string `json:"type"`
	Reason string `json:"reason"` // cursor_unknown, cursor_ahead
}

// Status says whether the database can be reached.
type Status struct {
	Type    string `json:"type"`
	Sending string `json:"sending"` // ok, unavailable
}

type reply struct {
	Type  string       `json:"type"`
	ID    string       `json:"id,omitempty"`
	OK    bool         `json:"ok,omitempty"`
	Error *fault.Error `json:"error,omitempty"`
}

// Reply encodes the answer to a command with an id: ok, or what went wrong.
func Reply(id string, err error) []byte {
	if err != nil {
		return Encode(reply{Type: "reply", ID: id, Error: fault.Public(err)})
	}
	return Encode(reply{Type: "reply", ID: id, OK: true})
}

// Error encodes the answer to a frame without an id that went wrong.
func Error(err error) []byte {
	return Encode(reply{Type: "error", Error: fault.Public(err)})
}

// Encode writes a frame as JSON. Frames are our own structs: it cannot fail.
func Encode(v any) []byte {
	b, err := strictjson.Encode(v)
	if err != nil {
		panic("protocol: " + err.Error())
	}
	return b[:len(b)-1] // without the line's end
}
