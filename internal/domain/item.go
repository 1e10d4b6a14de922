package domain

import (
	"cmp"
	"encoding/json"
	"fmt"
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

// ItemContext is what ItemOf needs beside the entry.
type ItemContext struct {
	Person  PersonNo                   // whose conversation
	ID      PersonID                   // the same
	Kind    GroupKind                  // of the entry's group, where it has one; "" is read as a test
	Seal    func(offset int64) ItemID  // names an offset as staff know it
	People  map[PersonNo]PersonRef     // who is mentioned; others are left out
	Times   *ItemTimes                 // receipts of a message of staff, nil: none yet
	Stopped BlockedCode                // why a message of staff is never delivered, "" if it was or still may be
	About   func(*AboutView, PersonNo) // fills in what became of an assignment; may be nil
}

// ItemOf makes of an entry what stands in a conversation. An entry that stands in no
// conversation is an error.
func ItemOf(e *Entry, c ItemContext) (Item, error) {
	i := Item{ID: c.Seal(e.Offset), At: e.At, From: ItemFrom{Name: e.Actor.Name, Role: e.Actor.Role}}
	if e.Actor.Kind == ActorPerson {
		i.From.ID = PersonID(e.Actor.ID)
	}
	var err error
	switch e.Kind {
	case EntryMessageSent:
		err = i.message(e, c)
	case EntryBroadcastSent:
		err = i.broadcast(e, c)
	case EntryNoteAdded:
		err = i.note(e, c)
	default:
		err = i.event(e, c)
	}
	if err != nil {
		return Item{}, fmt.Errorf("entry %d: %w", e.Offset, err)
	}
	return i, nil
}

func (i *Item) message(e *Entry, c ItemContext) error {
	var p MessageSent
	if err := json.Unmarshal(e.Payload, &p); err != nil {
		return err
	}
	i.Type, i.Direction, i.Subject, i.Body, i.From.Name, i.From.Role = ItemMessage, DirectionOf(p.Inbound), p.Subject, p.Body, p.SenderName, p.SenderRole
	i.Attachments = AttachmentViews(p.Attachments)
	if e.Exam != "" {
		i.Group = &GroupMark{ID: e.Exam, Kind: p.GroupKind, Name: p.GroupName}
	}
	if p.ReplyTo != 0 {
		i.ReplyTo = c.Seal(p.ReplyTo)
	}
	if a := p.About; a != nil {
		i.About = &AboutView{Kind: a.Kind, Group: GroupMark{ID: a.Group, Kind: p.GroupKind, Name: p.GroupName}, StartsAt: a.StartsAt, EndsAt: a.EndsAt}
		if c.About != nil {
			c.About(i.About, c.Person)
		}
	}
	if !p.Inbound {
		i.receipts(c)
		return nil
	}
	i.Via, i.Trial, i.Unverified, i.Automatic = cmp.Or(p.Via, ChannelApp), p.Trial, p.Unverified, p.Automatic
	return nil
}

func (i *Item) broadcast(e *Entry, c ItemContext) error {
	var p BroadcastSent
	if err := json.Unmarshal(e.Payload, &p); err != nil {
		return err
	}
	i.Type, i.Direction, i.Subject, i.Body, i.From.Name, i.From.Role = ItemMessage, DirectionOut, p.Subject, p.Body, p.SenderName, p.SenderRole
	i.Broadcast = BroadcastID(c.Seal(e.Offset))
	i.Attachments = AttachmentViews(p.Attachments)
	if e.Exam != "" {
		kind := p.GroupKind
		if kind == "" {
			kind = KindTest
		}
		i.Group = &GroupMark{ID: e.Exam, Kind: kind, Name: p.ExamName}
	}
	i.receipts(c)
	return nil
}

func (i *Item) receipts(c ItemContext) {
	t := c.Times
	if t == nil {
		t = &ItemTimes{}
	}
	i.Times, i.State = t, stateOf(t.Delivered, t.Displayed, t.Acknowledged)
	if c.Stopped != "" {
		why := Block(c.Stopped)
		i.Stopped = &why
	}
}

func (i *Item) note(e *Entry, c ItemContext) error {
	var p NoteAdded
	if err := json.Unmarshal(e.Payload, &p); err != nil {
		return err
	}
	i.Type, i.Body = ItemNote, p.Body
	if e.Exam != "" {
		i.Group = &GroupMark{ID: e.Exam, Kind: p.GroupKind, Name: p.GroupName}
	}
	for _, no := range p.Mentions {
		if ref, ok := c.People[no]; ok {
			i.Mentions = append(i.Mentions, PersonName{ID: ref.ID, Name: ref.Name})
		}
	}
	return nil
}

// markEvents are the events of the marks.
var markEvents = map[ConversationMark]ItemEventKind{
	MarkProcessed: EventProcessed, MarkNotProcessed: EventNotProcessed, MarkArchived: EventArchived, MarkUnarchived: EventUnarchived,
	MarkSnoozed: EventSnoozed, MarkUnsnoozed: EventUnsnoozed,
}

func (i *Item) event(e *Entry, c ItemContext) error {
	i.Type = ItemEvent
	switch e.Kind {
	case EntryConversationMarked:
		var p ConversationMarked
		if err := json.Unmarshal(e.Payload, &p); err != nil {
			return err
		}
		i.Event, i.Until = markEvents[p.Mark], p.Until
	case EntryConversationAssigned:
		var p ConversationAssigned
		if err := json.Unmarshal(e.Payload, &p); err != nil {
			return err
		}
		switch {
		case p.To == 0:
			i.Event = EventReleased
		case p.Claim:
			i.Event = EventClaimed
		default:
			i.Event, i.To = EventAssigned, &PersonName{ID: p.ToID, Name: p.ToName}
		}
	case EntryAssignmentDeleted, EntryAssignmentRestored:
		var p AssignmentChanged
		if err := json.Unmarshal(e.Payload, &p); err != nil {
			return err
		}
		i.Event = EventAssignmentDeleted
		if e.Kind == EntryAssignmentRestored {
			i.Event = EventAssignmentRestored
		}
		i.Group = &GroupMark{ID: e.Exam, Kind: c.Kind, Name: p.GroupName}
		i.About = &AboutView{Kind: AboutUnavailable, Group: *i.Group, StartsAt: p.StartsAt, EndsAt: p.EndsAt}
		if c.About != nil {
			c.About(i.About, c.Person)
		}
	case EntryUnavailabilityAdded:
		var p UnavailabilityAdded
		if err := json.Unmarshal(e.Payload, &p); err != nil {
			return err
		}
		i.Event, i.StartsAt, i.Until = EventUnavailable, p.StartsAt, p.EndsAt
	case EntryUnavailabilityRemoved:
		i.Event = EventAvailable
	default:
		return fmt.Errorf("%s stands in no conversation", e.Kind)
	}
	return nil
}
