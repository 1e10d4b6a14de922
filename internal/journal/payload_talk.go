package journal

import (
	"time"

	"crier/internal/domain"
)

// The payloads of entries about conversations, and about the ways that messages go out and come in.

// MessageSent is the payload of KindMessageSent: one message of one conversation, from
// staff to the candidate or from the candidate. Entry.Group is the group it belongs to.
type MessageSent struct {
	Person      domain.PersonNo     `json:"person"` // whose conversation
	PersonID    domain.PersonID     `json:"person_id"`
	PersonName  string              `json:"person_name"`
	Inbound     bool                `json:"inbound,omitempty"` // written by the candidate
	GroupName   string              `json:"group_name,omitempty"`
	GroupKind   domain.GroupKind    `json:"group_kind,omitempty"`
	Room        string              `json:"room,omitempty"` // where the candidate sat, in a test
	Subject     string              `json:"subject,omitempty"`
	Body        string              `json:"body"`
	SenderName  string              `json:"sender_name"`
	SenderRole  domain.Role         `json:"sender_role"`
	ReplyTo     int64               `json:"reply_to,omitempty"` // offset of what an inbound message answers, 0 if nothing
	About       *domain.About       `json:"about,omitempty"`
	Attachments []domain.Attachment `json:"attachments,omitempty"`
	Channels    []domain.Channel    `json:"channels,omitempty"`   // copies asked for
	Elsewhere   bool                `json:"elsewhere,omitempty"`  // the candidate meets it by its copies alone
	Via         domain.Channel      `json:"via,omitempty"`        // inbound: what it came by, "" for the pages
	Automatic   bool                `json:"automatic,omitempty"`  // inbound: a program of the candidate's wrote it
	Unverified  bool                `json:"unverified,omitempty"` // inbound, by email: nobody vouches for the sender
	Trial       *domain.PersonName  `json:"trial,omitempty"`      // inbound: who of the staff typed it on the Outbox page; nil: the candidate wrote it
	Reach       []domain.Place      `json:"reach"`                // the groups and rooms the candidate was in: whose staff hear of it
}

// NoteAdded is the payload of KindNoteAdded: staff only, never part of anything a
// candidate can get (product row V8).
type NoteAdded struct {
	Person     domain.PersonNo   `json:"person"`
	PersonID   domain.PersonID   `json:"person_id"`
	PersonName string            `json:"person_name"`
	GroupName  string            `json:"group_name,omitempty"` // Entry.Group is the group it belongs to
	GroupKind  domain.GroupKind  `json:"group_kind,omitempty"`
	Body       string            `json:"body"`
	Mentions   []domain.PersonNo `json:"mentions,omitempty"`
	Reach      []domain.Place    `json:"reach"`
}

// ConversationMarked is the payload of KindConversationMarked.
type ConversationMarked struct {
	Mark   domain.ConversationMark `json:"mark"`
	Until  time.Time               `json:"until,omitzero"` // of snoozed
	People []Reached               `json:"people"`         // only those for whom it changed anything
}

// Reached is a conversation and whose staff hear of it.
type Reached struct {
	Person   domain.PersonNo `json:"person"`
	PersonID domain.PersonID `json:"person_id"`
	Reach    []domain.Place  `json:"reach"`
}

// ConversationAssigned is the payload of KindConversationAssigned.
type ConversationAssigned struct {
	Reached
	To     domain.PersonNo `json:"to,omitempty"` // 0: nobody any more
	ToID   domain.PersonID `json:"to_id,omitempty"`
	ToName string          `json:"to_name,omitempty"`
	Claim  bool            `json:"claim,omitempty"` // taken by the person themselves
}

// AssignmentChanged is the payload of KindAssignmentDeleted and KindAssignmentRestored.
type AssignmentChanged struct {
	Reached
	GroupName   string                `json:"group_name"`
	GroupKind   domain.GroupKind      `json:"group_kind"`
	State       domain.EnrolmentState `json:"state"`                 // before the deletion
	Unavailable string                `json:"unavailable,omitempty"` // id of the unavailability made with it, or removed by the undoing
	StartsAt    time.Time             `json:"starts_at"`
	EndsAt      time.Time             `json:"ends_at"`
	Message     int64                 `json:"message,omitempty"` // offset of the candidate's message that led to it, 0 if none
	Deleted     int64                 `json:"deleted,omitempty"` // restored: offset of the deletion that is undone
}

// UnavailabilityAdded is the payload of KindUnavailabilityAdded: staff noted a time in which the
// candidate cannot be assigned. One that comes with the deletion of an assignment is part of AssignmentChanged.
type UnavailabilityAdded struct {
	Reached
	ID       string    `json:"id"`
	StartsAt time.Time `json:"starts_at"`
	EndsAt   time.Time `json:"ends_at"`
}

// UnavailabilityRemoved is the payload of KindUnavailabilityRemoved.
type UnavailabilityRemoved struct {
	Reached
	ID string `json:"id"`
}

// TeamMessage is the payload of KindTeamMessage: staff to staff (product row V19).
type TeamMessage struct {
	Thread     string            `json:"thread"`           // TeamThread.Key
	People     []domain.PersonNo `json:"people,omitempty"` // the two of a direct chat
	PeopleIDs  []domain.PersonID `json:"people_ids,omitempty"`
	Body       string            `json:"body"`
	SenderName string            `json:"sender_name"`
	SenderRole domain.Role       `json:"sender_role"`
}

// DeliveriesRecorded is the payload of KindDeliveriesRecorded.
type DeliveriesRecorded struct {
	Items []DeliveryItem `json:"items"`
}

// DeliveryItem says what became of one copy. Addresses and texts are in no entry.
type DeliveryItem struct {
	ID      string               `json:"id"`
	Message int64                `json:"message,omitempty"` // offset; 0 for the server's own mails
	Person  domain.PersonNo      `json:"person"`
	Channel domain.Channel       `json:"channel"`
	State   domain.DeliveryState `json:"state"`
	Reason  string               `json:"reason,omitempty"`
}

// ConsentChanged is the payload of KindConsentChanged.
type ConsentChanged struct {
	Person  domain.PersonNo      `json:"person"`
	Channel domain.Channel       `json:"channel"`
	State   domain.Consent       `json:"state"`
	Source  domain.ConsentSource `json:"source"`
	Words   string               `json:"words"`
	At      time.Time            `json:"at"`
}

// InboundReceived is the payload of KindInboundReceived. What it says, and who from, stands in no entry.
type InboundReceived struct {
	ID      string            `json:"id"`
	Channel domain.Channel    `json:"channel"`
	Why     domain.InboundWhy `json:"why"`

	Trial *domain.PersonName `json:"trial,omitempty"` // who of the staff typed it on the Outbox page
}

// InboundHandled is the payload of KindInboundHandled.
type InboundHandled struct {
	ID      string              `json:"id"`
	Channel domain.Channel      `json:"channel"`
	State   domain.InboundState `json:"state"`            // assigned or discarded
	Person  domain.PersonNo     `json:"person,omitempty"` // to whom it was assigned
	Note    string              `json:"note,omitempty"`
}
