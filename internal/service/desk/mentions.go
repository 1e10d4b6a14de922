package desk

import (
	"context"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

// Mention is a note that mentions the one who asks.
type Mention struct {
	Item   domain.ItemID     `json:"item"`
	Person domain.PersonName `json:"person"`          // whose conversation it is in
	Group  *domain.GroupMark `json:"group,omitempty"` // absent of a note that belongs to no group
	From   domain.PersonName `json:"from"`
	At     time.Time         `json:"at"`
	Line   string            `json:"line"` // how the note begins
	Unread bool              `json:"unread"`
}

// Mentions is a page of them, newest first. Next is "" on the last one.
type Mentions struct {
	Mentions []Mention     `json:"mentions"`
	Next     domain.ItemID `json:"next,omitempty"`
}

// Mentions returns up to limit of the notes that mention the actor and that they still see, before an item. Errors:
// Forbidden; Invalid (before).
func (s *Service) Mentions(ctx context.Context, actor domain.Actor, limit int, before string) (Mentions, error) {
	seen, err := actor.Seen(domain.ActConversationView)
	if err != nil {
		return Mentions{}, err
	}
	if limit <= 0 || limit > maxPage {
		limit = maxPage
	}
	q := domain.MentionQuery{Limit: limit + 1}
	if before != "" {
		if q.Before, err = s.sealer.Open(int64(actor.Organisation), 0, before); err != nil {
			return Mentions{}, fault.Field("before", "not an id of an item")
		}
	}
	list, err := s.store.Mentions(ctx, actor.Organisation, actor.No, seen, q)
	if err != nil {
		return Mentions{}, err
	}
	out := Mentions{Mentions: []Mention{}}
	if len(list) > limit {
		list = list[:limit]
		out.Next = s.itemID(actor.Organisation, list[limit-1].Offset)
	}
	for _, m := range list {
		one := Mention{
			Item: s.itemID(actor.Organisation, m.Offset), Person: domain.PersonName{ID: m.Person.ID, Name: m.Person.Name},
			From: domain.PersonName{ID: domain.PersonID(m.By.ID), Name: m.By.Name}, At: m.At,
			Line: domain.Line(m.Body, nil), Unread: m.Unread,
		}
		if m.Group.ID != "" {
			one.Group = &m.Group
		}
		out.Mentions = append(out.Mentions, one)
	}
	return out, nil
}
