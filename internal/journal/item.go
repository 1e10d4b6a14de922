package journal

import (
	"cmp"
	"crier/internal/domain"
	"fmt"
)

// ItemContext is what ItemOf needs beside the entry.
type ItemContext struct {
	Person  domain.PersonNo                          // whose conversation
	ID      domain.PersonID                          // the same
	Kind    domain.GroupKind                         // of the entry's group, where it has one; "" is read as a test
	Seal    func(offset int64) domain.ItemID         // names an offset as staff know it
	People  map[domain.PersonNo]domain.PersonRef     // who is mentioned; others are left out
	Times   *domain.ItemTimes                        // receipts of a message of staff, nil: none yet
	Stopped domain.BlockedCode                       // why a message of staff is never delivered, "" if it was or still may be
	About   func(*domain.AboutView, domain.PersonNo) // fills in what became of an assignment; may be nil
}

// ItemOf makes of an entry what stands in a conversation. An entry that stands in no
// conversation is an error.
func ItemOf(e *Entry, c ItemContext) (domain.Item, error) {
	i := item{domain.Item{ID: c.Seal(e.Offset), At: e.At, From: domain.ItemFrom{Name: e.Actor.Name, Role: e.Actor.Role}}}
	if e.Actor.Kind == domain.ActorPerson {
		i.From.ID = domain.PersonID(e.Actor.ID)
	}
	var err error
	switch e.Kind {
	case KindMessageSent:
		err = i.message(e, c)
	case KindBroadcastSent:
		err = i.broadcast(e, c)
	case KindNoteAdded:
		err = i.note(e, c)
	default:
		err = i.event(e, c)
	}
	if err != nil {
		return domain.Item{}, err
	}
	return i.Item, nil
}

// item is an Item that is being made.
type item struct{ domain.Item }

func (i *item) message(e *Entry, c ItemContext) error {
	p, err := As[MessageSent](e)
	if err != nil {
		return err
	}
	i.Type, i.Direction, i.Subject, i.Body, i.From.Name, i.From.Role = domain.ItemMessage, domain.DirectionOf(p.Inbound), p.Subject, p.Body, p.SenderName, p.SenderRole
	i.Attachments = domain.AttachmentViews(p.Attachments)
	if e.Group != "" {
		i.Group = &domain.GroupMark{ID: e.Group, Kind: p.GroupKind, Name: p.GroupName}
	}
	if p.ReplyTo != 0 {
		i.ReplyTo = c.Seal(p.ReplyTo)
	}
	if a := p.About; a != nil {
		i.About = &domain.AboutView{Kind: a.Kind, Group: domain.GroupMark{ID: a.Group, Kind: p.GroupKind, Name: p.GroupName}, StartsAt: a.StartsAt, EndsAt: a.EndsAt}
		if c.About != nil {
			c.About(i.About, c.Person)
		}
	}
	if !p.Inbound {
		i.receipts(c)
		return nil
	}
	i.Via, i.Trial, i.Unverified, i.Automatic = cmp.Or(p.Via, domain.ChannelApp), p.Trial, p.Unverified, p.Automatic
	return nil
}

func (i *item) broadcast(e *Entry, c ItemContext) error {
	p, err := As[BroadcastSent](e)
	if err != nil {
		return err
	}
	i.Type, i.Direction, i.Subject, i.Body, i.From.Name, i.From.Role = domain.ItemMessage, domain.DirectionOut, p.Subject, p.Body, p.SenderName, p.SenderRole
	i.Broadcast = domain.BroadcastID(c.Seal(e.Offset))
	i.Attachments = domain.AttachmentViews(p.Attachments)
	if e.Group != "" {
		kind := p.GroupKind
		if kind == "" {
			kind = domain.KindTest
		}
		i.Group = &domain.GroupMark{ID: e.Group, Kind: kind, Name: p.ExamName}
	}
	i.receipts(c)
	return nil
}

func (i *item) receipts(c ItemContext) {
	t := c.Times
	if t == nil {
		t = &domain.ItemTimes{}
	}
	i.Times, i.State = t, domain.StateOf(t.Delivered, t.Displayed, t.Acknowledged)
	if c.Stopped != "" {
		why := domain.Block(c.Stopped)
		i.Stopped = &why
	}
}

func (i *item) note(e *Entry, c ItemContext) error {
	p, err := As[NoteAdded](e)
	if err != nil {
		return err
	}
	i.Type, i.Body = domain.ItemNote, p.Body
	if e.Group != "" {
		i.Group = &domain.GroupMark{ID: e.Group, Kind: p.GroupKind, Name: p.GroupName}
	}
	for _, no := range p.Mentions {
		if ref, ok := c.People[no]; ok {
			i.Mentions = append(i.Mentions, domain.PersonName{ID: ref.ID, Name: ref.Name})
		}
	}
	return nil
}

// markEvents are the events of the marks.
var markEvents = map[domain.ConversationMark]domain.ItemEventKind{
	domain.MarkProcessed: domain.EventProcessed, domain.MarkNotProcessed: domain.EventNotProcessed, domain.MarkArchived: domain.EventArchived, domain.MarkUnarchived: domain.EventUnarchived,
	domain.MarkSnoozed: domain.EventSnoozed, domain.MarkUnsnoozed: domain.EventUnsnoozed,
}

func (i *item) event(e *Entry, c ItemContext) error {
	i.Type = domain.ItemEvent
	switch e.Kind {
	case KindConversationMarked:
		p, err := As[ConversationMarked](e)
		if err != nil {
			return err
		}
		i.Event, i.Until = markEvents[p.Mark], p.Until
	case KindConversationAssigned:
		p, err := As[ConversationAssigned](e)
		if err != nil {
			return err
		}
		switch {
		case p.To == 0:
			i.Event = domain.EventReleased
		case p.Claim:
			i.Event = domain.EventClaimed
		default:
			i.Event, i.To = domain.EventAssigned, &domain.PersonName{ID: p.ToID, Name: p.ToName}
		}
	case KindAssignmentDeleted, KindAssignmentRestored:
		p, err := As[AssignmentChanged](e)
		if err != nil {
			return err
		}
		i.Event = domain.EventAssignmentDeleted
		if e.Kind == KindAssignmentRestored {
			i.Event = domain.EventAssignmentRestored
		}
		i.Group = &domain.GroupMark{ID: e.Group, Kind: c.Kind, Name: p.GroupName}
		i.About = &domain.AboutView{Kind: domain.AboutUnavailable, Group: *i.Group, StartsAt: p.StartsAt, EndsAt: p.EndsAt}
		if c.About != nil {
			c.About(i.About, c.Person)
		}
	case KindUnavailabilityAdded:
		p, err := As[UnavailabilityAdded](e)
		if err != nil {
			return err
		}
		i.Event, i.StartsAt, i.Until = domain.EventUnavailable, p.StartsAt, p.EndsAt
	case KindUnavailabilityRemoved:
		i.Event = domain.EventAvailable
	default:
		return fmt.Errorf("entry %d: %s is part of no conversation", e.Offset, e.Kind)
	}
	return nil
}
