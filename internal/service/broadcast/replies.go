package broadcast

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Replies is a page of what came back on a sending, newest first (product row V11).
type Replies struct {
	Replies    []Reply `json:"replies"`
	Replied    int     `json:"replied"` // of all pages
	Recipients int     `json:"recipients"`
	Next       string  `json:"next"` // "" on the last page
}

// Reply is the latest that one recipient wrote to it.
type Reply struct {
	Person  domain.PersonName `json:"person"`
	Message domain.Item       `json:"message"`
}

// Replies returns what its recipients have answered, within what the actor sees now of their
// conversations: of each the latest. after is the Next of the page before. Errors: Forbidden, NotFound, Invalid
// (field "after").
func (s *Service) Replies(ctx context.Context, actor domain.Actor, id domain.BroadcastID, limit int, after string) (Replies, error) {
	b, err := s.open(ctx, actor, viewing, id)
	if err != nil {
		return Replies{}, err
	}
	var before int64
	if after != "" {
		if before, err = s.o.Sealer.Open(int64(actor.Organisation), 0, after); err != nil || before < 1 {
			return Replies{}, fault.Field("after", "not an id of a reply")
		}
	}
	if limit <= 0 || limit > maxPage {
		limit = maxPage
	}
	rows, err := s.recipients(ctx, b)
	if err != nil {
		return Replies{}, err
	}
	offsets, err := s.o.Store.RepliesTo(ctx, actor.Organisation, b.Offset)
	if err != nil {
		return Replies{}, err
	}
	mine, err := s.conversing(ctx, actor, b, offsets)
	if err != nil {
		return Replies{}, err
	}
	out := Replies{Replies: []Reply{}, Recipients: len(rows)}
	type answer struct {
		of domain.Recipient
		at int64
	}
	var answers []answer
	for _, r := range rows {
		if at := offsets[r.No]; at > 0 && mine(r.No) {
			answers = append(answers, answer{r, at})
		}
	}
	out.Replied = len(answers)
	slices.SortFunc(answers, func(a, b answer) int { return cmp.Compare(b.at, a.at) })
	answers = slices.DeleteFunc(answers, func(a answer) bool { return before > 0 && a.at >= before })
	if len(answers) > limit {
		answers = answers[:limit]
		out.Next = string(s.seal(actor.Organisation, answers[limit-1].at))
	}
	at := make([]int64, len(answers))
	for i, a := range answers {
		at[i] = a.at
	}
	entries, err := s.o.Store.EntriesAt(ctx, actor.Organisation, at)
	if err != nil {
		return Replies{}, err
	}
	for _, a := range answers {
		item, err := s.item(entries[a.at], a.of)
		if err != nil {
			return Replies{}, err
		}
		out.Replies = append(out.Replies, Reply{Person: domain.PersonName{ID: a.of.ID, Name: a.of.Name}, Message: item})
	}
	return out, nil
}

// conversing says of whom the actor sees the part of the conversation that a sending belongs
// to. Whoever sent it sees its recipients for good, but not what they write.
func (s *Service) conversing(ctx context.Context, actor domain.Actor, b *sending, answered map[domain.PersonNo]int64) (func(domain.PersonNo) bool, error) {
	seen, err := actor.Seen(domain.ActConversationView)
	if err != nil {
		return nil, err
	}
	if seen.All {
		return func(domain.PersonNo) bool { return true }, nil
	}
	mine, err := s.o.Store.SeenAmong(ctx, actor.Organisation, seen, b.Group, slices.Collect(maps.Keys(answered)))
	return func(no domain.PersonNo) bool { return mine[no] }, err
}

// item is a reply as conversations show it.
func (s *Service) item(e *journal.Entry, of domain.Recipient) (domain.Item, error) {
	if e == nil {
		return domain.Item{}, fault.New(fault.Internal, "a reply has no entry")
	}
	text, err := journal.As[journal.MessageSent](e)
	if err != nil {
		return domain.Item{}, err
	}
	return journal.ItemOf(e, journal.ItemContext{Person: of.No, ID: of.ID, Kind: text.GroupKind,
		Seal: func(offset int64) domain.ItemID { return domain.ItemID(s.seal(e.Organisation, offset)) }})
}
