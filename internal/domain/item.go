package domain

import (
	"encoding/json"
	"time"
)

// Direction says which side wrote a message.
type Direction string

// The directions.
const (
	DirectionIn  Direction = "in"  // the candidate
	DirectionOut Direction = "out" // staff
)

// DirectionOf returns the direction of a message.
func DirectionOf(inbound bool) Direction {
	if inbound {
		return DirectionIn
	}
	return DirectionOut
}

// ItemType says what an Item is.
type ItemType string

// The types.
const (
	ItemMessage ItemType = "message"
	ItemNote    ItemType = "note"
	ItemEvent   ItemType = "event"
)

// ItemEventKind says what an event tells of.
type ItemEventKind string

// The events.
const (
	EventProcessed          ItemEventKind = "processed"
	EventNotProcessed       ItemEventKind = "not_processed"
	EventArchived           ItemEventKind = "archived"
	EventUnarchived         ItemEventKind = "unarchived"
	EventSnoozed            ItemEventKind = "snoozed"
	EventUnsnoozed          ItemEventKind = "unsnoozed"
	EventAssigned           ItemEventKind = "assigned"
	EventClaimed            ItemEventKind = "claimed"
	EventReleased           ItemEventKind = "released"
	EventAssignmentDeleted  ItemEventKind = "assignment_deleted"
	EventAssignmentRestored ItemEventKind = "assignment_restored"
	EventUnavailable        ItemEventKind = "unavailable" // an unavailability was added by hand
	EventAvailable          ItemEventKind = "available"   // an unavailability was taken back
)

// Item is one thing in a conversation as staff see it: a message, a note or an event.
// Its JSON is the Item of internal/api/README.md.
type Item struct {
	Type        ItemType         `json:"type"`
	ID          ItemID           `json:"id"`
	Event       ItemEventKind    `json:"event,omitempty"`
	Direction   Direction        `json:"direction,omitempty"`
	Via         Channel          `json:"via,omitempty"`        // of a candidate's message: what it came by, app for the pages
	Automatic   bool             `json:"automatic,omitempty"`  // of a candidate's message: a program of theirs wrote it
	Unverified  bool             `json:"unverified,omitempty"` // of a candidate's message by email: nobody vouches for the sender
	Trial       *PersonName      `json:"trial,omitempty"`      // of a candidate's message: who of the staff typed it on the Outbox page
	Original    string           `json:"original,omitempty"`   // path of the mail as it came, while it is kept
	Cut         bool             `json:"cut,omitempty"`        // Original holds text that Body lacks, or may do so
	Group       *GroupMark       `json:"group,omitempty"`
	Subject     string           `json:"subject,omitempty"`
	Body        string           `json:"body,omitempty"`
	From        ItemFrom         `json:"from"`
	At          time.Time        `json:"at"`
	Broadcast   BroadcastID      `json:"broadcast,omitempty"`
	Attachments []AttachmentView `json:"attachments,omitempty"`
	ReplyTo     ItemID           `json:"reply_to,omitempty"`
	About       *AboutView       `json:"about,omitempty"`
	Times       *ItemTimes       `json:"times,omitempty"` // of messages of staff
	State       ReceiptState     `json:"state,omitempty"`
	Stopped     *Blocked         `json:"stopped,omitempty"`    // why it is never delivered on screen any more
	Deliveries  []DeliveryView   `json:"deliveries,omitempty"` // copies by email and SMS
	Mentions    []PersonName     `json:"mentions,omitempty"`
	To          *PersonName      `json:"to,omitempty"`
	StartsAt    time.Time        `json:"starts_at,omitzero"` // of unavailable
	Until       time.Time        `json:"until,omitzero"`     // of snoozed and unavailable
}

// ItemFrom is who wrote or did it.
type ItemFrom struct {
	ID   PersonID `json:"id,omitempty"` // "" for what no person did
	Name string   `json:"name"`
	Role Role     `json:"role"`
}

// PersonName is a person as items name them.
type PersonName struct {
	ID   PersonID `json:"id"`
	Name string   `json:"name"`
}

// AttachmentView is the JSON of an Attachment.
type AttachmentView struct {
	Attachment
	IsPicture bool `json:"picture"`
}

// AttachmentViews makes the JSON of files.
func AttachmentViews(files []Attachment) []AttachmentView {
	if len(files) == 0 {
		return nil
	}
	out := make([]AttachmentView, len(files))
	for i, f := range files {
		out[i] = AttachmentView{Attachment: f, IsPicture: f.Picture()}
	}
	return out
}

// AboutView is the JSON of an About, with what became of the assignment.
type AboutView struct {
	Kind     AboutKind      `json:"kind"`
	Group    GroupMark      `json:"group"`
	StartsAt time.Time      `json:"starts_at,omitzero"`
	EndsAt   time.Time      `json:"ends_at,omitzero"`
	State    EnrolmentState `json:"state,omitempty"`    // of the assignment now
	Deletion ItemID         `json:"deletion,omitempty"` // what can be undone
}

// ItemTimes are when a message of staff reached its candidate; zero: not yet.
type ItemTimes struct {
	Delivered    time.Time `json:"delivered_at,omitzero"`
	Displayed    time.Time `json:"displayed_at,omitzero"`
	Acknowledged time.Time `json:"acknowledged_at,omitzero"`
}

// MarshalJSON writes an empty body of a message, and an empty list of mentions.
func (i Item) MarshalJSON() ([]byte, error) {
	type plain Item
	switch i.Type {
	case ItemMessage:
		return json.Marshal(struct {
			plain
			Body string `json:"body"`
		}{plain(i), i.Body})
	case ItemNote:
		if i.Mentions == nil {
			i.Mentions = []PersonName{}
		}
		return json.Marshal(struct {
			plain
			Body     string       `json:"body"`
			Mentions []PersonName `json:"mentions"`
		}{plain(i), i.Body, i.Mentions})
	}
	return json.Marshal(plain(i))
}
