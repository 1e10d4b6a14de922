package conversation

import (
	"slices"

	"crier/internal/domain"
	"crier/internal/journal"
)

// told is one change of one conversation, on its way to pages.
type told struct {
	entry    *journal.Entry
	of       domain.PersonRef // name "" where the entry does not say
	kind     domain.GroupKind // of the entry's group
	topics   []string
	mentions []domain.PersonNo
	assigned domain.PersonNo // to whom it was given by somebody else
	by       domain.PersonName
	times    *domain.ItemTimes      // of a message that is told again, nil: it is new
	stopped  domain.BlockedCode     // with times
	copies   []journal.DeliveryItem // what became of copies: messages that are told again, which are still to be read
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
func changesOf(e *journal.Entry) []told {
	change := func(of journal.Reached, name string, group domain.GroupID) told {
		return told{entry: e, of: domain.PersonRef{No: of.Person, ID: of.PersonID, Name: name}, topics: domain.ReachTopics(group, of.Reach),
			by: domain.PersonName{ID: domain.PersonID(e.Actor.ID), Name: e.Actor.Name}}
	}
	switch p := e.Event().(type) {
	case *journal.MessageSent:
		c := change(journal.Reached{Person: p.Person, PersonID: p.PersonID, Reach: p.Reach}, p.PersonName, e.Group)
		c.kind = p.GroupKind
		return []told{c}
	case *journal.NoteAdded:
		c := change(journal.Reached{Person: p.Person, PersonID: p.PersonID, Reach: p.Reach}, p.PersonName, e.Group)
		c.kind, c.mentions = p.GroupKind, p.Mentions
		return []told{c}
	case *journal.ConversationMarked:
		out := make([]told, len(p.People))
		for i, r := range p.People {
			out[i] = change(r, "", "")
			out[i].topics = domain.ConversationTopics(r.Reach)
		}
		return out
	case *journal.ConversationAssigned:
		c := change(p.Reached, "", "")
		c.topics = domain.ConversationTopics(p.Reach)
		if !p.Claim {
			c.assigned = p.To
		}
		return []told{c}
	case *journal.AssignmentChanged:
		// The deletion itself ends the enrolment: its group's staff still hear of it.
		reach := append(slices.Clone(p.Reach), domain.Place{Group: e.Group})
		return []told{change(journal.Reached{Person: p.Person, PersonID: p.PersonID, Reach: reach}, "", e.Group)}
	case *journal.UnavailabilityAdded:
		return []told{change(p.Reached, "", "")}
	case *journal.UnavailabilityRemoved:
		return []told{change(p.Reached, "", "")}
	}
	return nil
}
