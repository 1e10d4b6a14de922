package conversation

import (
	"context"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

type openKey struct {
	org domain.OrganisationID
	no  domain.PersonNo
}

type opened struct {
	id    domain.PersonID
	count int
}

// openAt is the conversation that stands open on a page of this node, nil if none does.
func (l *Live) openAt(org domain.OrganisationID, no domain.PersonNo) *opened {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open[openKey{org, no}]
}

// Opened is a conversation that stands open on a page.
type Opened struct {
	Person   domain.PersonNo
	Presence domain.Presence
	At       time.Time // when they were last seen, zero if that is not known
	End      func()    // call it once, when it is shut
}

// Open notes that the actor has a conversation open, so that the candidate's presence is told
// to its topic (domain.ConversationTopic) until End. It asks the database once. Errors:
// Forbidden, NotFound (no such candidate among yours), Unavailable.
func (l *Live) Open(ctx context.Context, actor domain.Actor, person domain.PersonID) (Opened, error) {
	of, err := l.s.find(ctx, actor, domain.ActConversationView, person)
	if err != nil {
		return Opened{}, err
	}
	if actor.No == 0 {
		return Opened{}, fault.New(fault.Forbidden, "only a person opens conversations")
	}
	k := openKey{actor.Organisation, of.No}
	l.mu.Lock()
	o := l.open[k]
	if o == nil {
		o = &opened{id: of.ID}
		l.open[k] = o
	}
	o.count++
	l.mu.Unlock()
	p, at := l.s.o.Presence.Presence(actor.Organisation, of.No)
	return Opened{Person: of.No, Presence: p, At: at, End: func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if o.count--; o.count == 0 {
			delete(l.open, k)
		}
	}}, nil
}

// Sees asks whether a conversation is still the actor's to see. Errors: Forbidden, NotFound,
// Unavailable.
func (l *Live) Sees(ctx context.Context, actor domain.Actor, person domain.PersonID) error {
	_, err := l.s.find(ctx, actor, domain.ActConversationView, person)
	return err
}

// Change is a new presence of one person.
type Change struct {
	No       domain.PersonNo
	Presence domain.Presence
	At       time.Time
}

// PresenceChanged tells those who have a candidate's conversation open here. It asks no
// database and does not wait.
func (l *Live) PresenceChanged(org domain.OrganisationID, changes []Change) {
	for _, c := range changes {
		if o := l.openAt(org, c.No); o != nil {
			l.to.PublishAny(org, []string{domain.ConversationTopic(c.No)}, presenceFrame{Type: "presence", Conversation: o.id, Presence: c.Presence, At: c.At})
		}
	}
}

// received has those who have a conversation open here read it again, since its candidate has got or seen
// something. It does not say what: not everyone sees every message of it.
func (l *Live) received(org domain.OrganisationID, p *journal.ReceiptsRecorded) {
	l.mu.Lock()
	none := len(l.open) == 0
	l.mu.Unlock()
	if none {
		return
	}
	told := map[domain.PersonNo]bool{}
	for _, item := range p.Items {
		for _, no := range item.People {
			if told[no] {
				continue
			}
			told[no] = true
			if o := l.openAt(org, no); o != nil {
				l.to.PublishAny(org, []string{domain.ConversationTopic(no)}, receiptsFrame{Type: "receipts", Conversation: o.id})
			}
		}
	}
}
