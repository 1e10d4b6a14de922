package conversation

import (
	"encoding/json"
	"slices"

	"crier/internal/domain"
)

// told is one change of one conversation, on its way to pages.
type told struct {
	entry    *domain.Entry
	of       domain.PersonRef // name "" where the entry does not say
	kind     domain.GroupKind // of the entry's group
	topics   []string
	mentions []domain.PersonNo
	assigned domain.PersonNo // to whom it was given by somebody else
	by       domain.PersonName
	times    *domain.ItemTimes     // of a message that is told again, nil: it is new
	stopped  domain.BlockedCode    // with times
	copies   []domain.DeliveryItem // what became of copies: messages that are told again, which are still to be read
}

// heardOn are all the topics that the change is told on.
func (c told) heardOn() []string {
	out := slices.Clone(c.topics)
	for _, no := range c.mentions {
		out = append(out, domain.PersonTopic(no))
	}
	if c.assigned != 0 {
		out = append(out, domain.PersonTopic(c.assigned))
	}
	return out
}

// changesOf says which conversations an entry changes, and who may hear of it.
func changesOf(e *domain.Entry) []told {
	change := func(of domain.Reached, name string, group domain.GroupID) told {
		return told{entry: e, of: domain.PersonRef{No: of.Person, ID: of.PersonID, Name: name}, topics: domain.ReachTopics(group, of.Reach),
			by: domain.PersonName{ID: domain.PersonID(e.Actor.ID), Name: e.Actor.Name}}
	}
	switch e.Kind {
	case domain.EntryMessageSent:
		var p domain.MessageSent
		if json.Unmarshal(e.Payload, &p) != nil {
			return nil
		}
		c := change(domain.Reached{Person: p.Person, PersonID: p.PersonID, Reach: p.Reach}, p.PersonName, e.Exam)
		c.kind = p.GroupKind
		return []told{c}
	case domain.EntryNoteAdded:
		var p domain.NoteAdded
		if json.Unmarshal(e.Payload, &p) != nil {
			return nil
		}
		c := change(domain.Reached{Person: p.Person, PersonID: p.PersonID, Reach: p.Reach}, p.PersonName, e.Exam)
		c.kind, c.mentions = p.GroupKind, p.Mentions
		return []told{c}
	case domain.EntryConversationMarked:
		var p domain.ConversationMarked
		if json.Unmarshal(e.Payload, &p) != nil {
			return nil
		}
		out := make([]told, len(p.People))
		for i, r := range p.People {
			out[i] = change(r, "", "")
			out[i].topics = domain.ConversationTopics(r.Reach)
		}
		return out
	case domain.EntryConversationAssigned:
		var p domain.ConversationAssigned
		if json.Unmarshal(e.Payload, &p) != nil {
			return nil
		}
		c := change(p.Reached, "", "")
		c.topics = domain.ConversationTopics(p.Reach)
		if !p.Claim {
			c.assigned = p.To
		}
		return []told{c}
	case domain.EntryAssignmentDeleted, domain.EntryAssignmentRestored:
		var p domain.AssignmentChanged
		if json.Unmarshal(e.Payload, &p) != nil {
			return nil
		}
		// The deletion itself ends the enrolment: its group's staff still hear of it.
		reach := append(slices.Clone(p.Reach), domain.Place{Group: e.Exam})
		return []told{change(domain.Reached{Person: p.Person, PersonID: p.PersonID, Reach: reach}, "", e.Exam)}
	case domain.EntryUnavailabilityAdded:
		var p domain.UnavailabilityAdded
		if json.Unmarshal(e.Payload, &p) != nil {
			return nil
		}
		return []told{change(p.Reached, "", "")}
	case domain.EntryUnavailabilityRemoved:
		var p domain.UnavailabilityRemoved
		if json.Unmarshal(e.Payload, &p) != nil {
			return nil
		}
		return []told{change(p.Reached, "", "")}
	}
	return nil
}
