package domain

import (
	"cmp"
	"strings"
	"time"

	"crier/internal/shorten"
)

// ConversationRow is a conversation as one staff member's list shows it. View makes
// the JSON of it.
type ConversationRow struct {
	Person       PersonNo
	ID           PersonID
	GivenName    string
	FamilyName   string
	ExternalID   string
	State        PersonState
	Last         *LastMessage // newest message that this staff member sees; nil: none yet
	LastReceived time.Time    // zero: never, as below
	LastSent     time.Time
	WaitingSince time.Time // of the oldest message of theirs that nobody answered or processed
	Unread       bool      // by this staff member
	Open         bool      // the team has something to process
	ProcessedAt  time.Time
	ProcessedBy  string
	Archived     bool
	Snoozed      Snoozed
	RemindAt     time.Time // when this staff member is reminded; zero: not
	ReplyDue     time.Time // the earliest time by which a waiting message should be answered; zero: none
	Assigned     Assigned
	Blocked      Blocked
	Groups       []GroupMark // of those this staff member sees
	Channels     []Channel   // copies that staff last chose here; nil: the default, empty: none
}

// Snoozed says until when a conversation is hidden from the inbox. The zero value: it is not.
type Snoozed struct {
	Until time.Time `json:"until"`
	By    string    `json:"by"`
}

// Reminding is a conversation that has become unread for a staff member at a time of their choice.
type Reminding struct {
	Staff  PersonNo
	Person PersonNo
	ID     PersonID // of Person
}

// Name is how the candidate is shown.
func (r ConversationRow) Name() string {
	return Person{GivenName: r.GivenName, FamilyName: r.FamilyName}.Name()
}

// LastMessage is the newest message of a conversation as lists show it.
type LastMessage struct {
	Offset    int64
	Broadcast bool // a sending to many
	Inbound   bool
	Via       Channel // of an inbound one: what it came by, "" for the pages
	At        time.Time
	Line      string // see Line
	From      string // the sender's name
}

// Assigned is who works on a conversation. The zero value: nobody.
type Assigned struct {
	No   PersonNo
	ID   PersonID
	Name string
	At   time.Time
}

// Processed says where the team's work on a conversation stands.
type Processed string

// The standings.
const (
	ProcessedOpen Processed = "open"
	ProcessedDone Processed = "processed"
	ProcessedNone Processed = "none" // there was never anything to process
)

// Processed says where the team's work on the conversation stands.
func (r ConversationRow) Processed() Processed {
	switch {
	case r.Open:
		return ProcessedOpen
	case !r.ProcessedAt.IsZero():
		return ProcessedDone
	}
	return ProcessedNone
}

// ConversationView is the JSON of a ConversationRow (Row in internal/api/README.md).
type ConversationView struct {
	Person       ConversationPerson `json:"person"`
	Last         *LastView          `json:"last,omitempty"`
	LastReceived time.Time          `json:"last_received_at,omitzero"`
	LastSent     time.Time          `json:"last_sent_at,omitzero"`
	WaitingSince time.Time          `json:"waiting_since,omitzero"`
	ReplyDue     time.Time          `json:"reply_due,omitzero"`
	RemindAt     time.Time          `json:"remind_at,omitzero"`
	Unread       bool               `json:"unread"`
	ConversationState
	Blocked  *Blocked    `json:"blocked,omitempty"`
	Groups   []GroupMark `json:"groups"`
	Channels []Channel   `json:"channels,omitzero"` // absent: the organisation's default
}

// ConversationState is the part of a conversation that is the team's: the `state` of
// a conversation frame (internal/protocol/README.md).
type ConversationState struct {
	Processed   Processed     `json:"processed"`
	ProcessedBy string        `json:"processed_by,omitempty"`
	ProcessedAt time.Time     `json:"processed_at,omitzero"`
	Archived    bool          `json:"archived"`
	Snoozed     *Snoozed      `json:"snoozed,omitempty"`
	Assigned    *AssignedView `json:"assigned,omitempty"`
}

// ConversationPerson is whose conversation it is.
type ConversationPerson struct {
	ID         PersonID    `json:"id"`
	Name       string      `json:"name"`
	GivenName  string      `json:"given_name"`
	FamilyName string      `json:"family_name"`
	ExternalID string      `json:"external_id"`
	Presence   Presence    `json:"presence"`
	State      PersonState `json:"state"`
}

// LastView is the JSON of a LastMessage.
type LastView struct {
	ID        ItemID    `json:"id"`
	Type      string    `json:"type"` // "message" or "broadcast"
	Direction Direction `json:"direction"`
	Via       Channel   `json:"via,omitempty"` // of a candidate's: what it came by
	At        time.Time `json:"at"`
	Line      string    `json:"line"`
	From      string    `json:"from"`
}

// AssignedView is the JSON of an Assigned.
type AssignedView struct {
	ID   PersonID  `json:"id"`
	Name string    `json:"name"`
	At   time.Time `json:"at"`
}

// View makes the row's JSON. seal names an offset as staff know it.
func (r ConversationRow) View(presence Presence, seal func(offset int64) ItemID) ConversationView {
	v := ConversationView{
		Person: ConversationPerson{ID: r.ID, Name: r.Name(), GivenName: r.GivenName, FamilyName: r.FamilyName, ExternalID: r.ExternalID,
			Presence: presence, State: r.State},
		LastReceived: r.LastReceived, LastSent: r.LastSent, WaitingSince: r.WaitingSince, ReplyDue: r.ReplyDue, RemindAt: r.RemindAt,
		Unread:            r.Unread,
		ConversationState: r.TeamState(), Groups: r.Groups, Channels: r.Channels,
	}
	if v.Groups == nil {
		v.Groups = []GroupMark{}
	}
	if l := r.Last; l != nil {
		v.Last = &LastView{ID: seal(l.Offset), Type: "message", Direction: DirectionOf(l.Inbound), At: l.At, Line: l.Line, From: l.From}
		if l.Inbound {
			v.Last.Via = cmp.Or(l.Via, ChannelApp)
		}
		if l.Broadcast {
			v.Last.Type = "broadcast"
		}
	}
	if r.Blocked.Is() {
		v.Blocked = &r.Blocked
	}
	return v
}

// TeamState is the part of the row that is the team's.
func (r ConversationRow) TeamState() ConversationState {
	s := ConversationState{Processed: r.Processed(), Archived: r.Archived}
	if s.Processed == ProcessedDone {
		s.ProcessedBy, s.ProcessedAt = r.ProcessedBy, r.ProcessedAt
	}
	if z := r.Snoozed; !z.Until.IsZero() {
		s.Snoozed = &z
	}
	if a := r.Assigned; a.No != 0 {
		s.Assigned = &AssignedView{ID: a.ID, Name: a.Name, At: a.At}
	}
	return s
}

// lineLength is the most characters of a Line.
const lineLength = 120

// Line is a message as one line: its body with white space run together, cut after
// 120 characters; without a body, its files' names.
func Line(body string, files []Attachment) string {
	if Blank(body) {
		names := make([]string, len(files))
		for i, f := range files {
			names[i] = f.Name
		}
		body = strings.Join(names, ", ")
	}
	// No more than this can end up in the line, unless it is mostly white space.
	if most := 8 * 4 * lineLength; len(body) > most {
		body = strings.ToValidUTF8(body[:most], "")
	}
	return shorten.Line(body, lineLength)
}
