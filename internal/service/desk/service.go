// Package desk is the Messages page: the list of conversations in its folders, filters
// and orders, what is to be done in numbers, and the search over what was written. It
// reads; what staff do with a conversation is package conversation's.
package desk

import (
	"context"
	"encoding/json"
	"time"

	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Store is what this service needs of the database.
type Store interface {
	Organisation(ctx context.Context, id domain.OrganisationID) (domain.Organisation, error)
	Desk(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, seen domain.Seen, f domain.DeskFilter, after *domain.DeskPlace, limit int) ([]domain.DeskPlace, error)
	DeskCounts(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, seen domain.Seen) (domain.DeskCounts, error)
	CountUnmatched(ctx context.Context, org domain.OrganisationID, seen domain.Seen) (int, error)
	Mentions(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, seen domain.Seen, q domain.MentionQuery) ([]domain.Mention, error)
	ConversationRowsWithin(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, seen domain.Seen, within domain.Within, people []domain.PersonNo) (map[domain.PersonNo]domain.ConversationRow, error)
	Search(ctx context.Context, org domain.OrganisationID, seen domain.Seen, f domain.SearchFilter, limit int) (hits []journal.SearchHit, next int64, err error)
	PeopleNamed(ctx context.Context, org domain.OrganisationID, seen domain.Seen, q string, limit int) ([]domain.PersonRef, error)
	SeenCandidates(ctx context.Context, org domain.OrganisationID, seen domain.Seen, ids []domain.PersonID) (map[domain.PersonID]domain.PersonRef, error)
	PersonRefs(ctx context.Context, org domain.OrganisationID, nos []domain.PersonNo) (map[domain.PersonNo]domain.PersonRef, error)
}

// Presence says who is connected; lastSeen is zero when not known.
type Presence interface {
	Presence(org domain.OrganisationID, no domain.PersonNo) (p domain.Presence, lastSeen time.Time)
}

// Service is safe for concurrent use.
type Service struct {
	store    Store
	presence Presence
	sealer   *cursor.Sealer
}

// New makes the service.
func New(s Store, p Presence, sealer *cursor.Sealer) *Service {
	return &Service{store: s, presence: p, sealer: sealer}
}

// Page is a page of the list. Next is "" on the last one.
type Page struct {
	Conversations []domain.ConversationView `json:"conversations"`
	Next          string                    `json:"next,omitempty"`
}

// maxPage is the most conversations, or hits, of one page.
const maxPage = 200

// place is what a page's cursor seals: where it ended, and in what order.
type place struct {
	Sort domain.DeskSort `json:"o"`
	domain.DeskPlace
}

const placePurpose = "desk"

// List returns a page of the conversations that the actor may see and the filter
// chooses; what the filter narrows to groups is narrowed in the rows too. Errors: Forbidden;
// Invalid and TooLarge naming the parameter, "after" among them.
func (s *Service) List(ctx context.Context, actor domain.Actor, f domain.DeskFilter, limit int, after string) (Page, error) {
	seen, err := actor.Seen(domain.ActConversationView)
	if err != nil {
		return Page{}, err
	}
	if err := f.Validate(); err != nil {
		return Page{}, err
	}
	if err := s.mayFilter(ctx, actor, f.People); err != nil {
		return Page{}, err
	}
	from, err := s.open(actor, f, after)
	if err != nil {
		return Page{}, err
	}
	if limit <= 0 || limit > maxPage {
		limit = maxPage
	}
	places, err := s.store.Desk(ctx, actor.Organisation, actor.No, seen, f, from, limit+1)
	if err != nil {
		return Page{}, err
	}
	out := Page{Conversations: []domain.ConversationView{}}
	if len(places) > limit {
		places = places[:limit]
		if out.Next, err = s.seal(actor, f, places[limit-1]); err != nil {
			return Page{}, err
		}
	}
	people := make([]domain.PersonNo, len(places))
	for i, p := range places {
		people[i] = p.Person
	}
	rows, err := s.store.ConversationRowsWithin(ctx, actor.Organisation, actor.No, seen, f.Within(), people)
	if err != nil {
		return Page{}, err
	}
	for _, no := range people {
		if r, ok := rows[no]; ok {
			presence, _ := s.presence.Presence(actor.Organisation, no)
			out.Conversations = append(out.Conversations, r.View(presence, func(offset int64) domain.ItemID { return s.itemID(actor.Organisation, offset) }))
		}
	}
	return out, nil
}

// mayFilter refuses a filter by what the actor does not see of people.
func (s *Service) mayFilter(ctx context.Context, actor domain.Actor, f domain.PeopleFilter) error {
	var org domain.Organisation
	if len(f.Fields) > 0 {
		var err error
		if org, err = s.store.Organisation(ctx, actor.Organisation); err != nil {
			return err
		}
	}
	return actor.MayFilter(org.Settings, "", f)
}

// Counts returns what waits for the actor. Errors: Forbidden.
func (s *Service) Counts(ctx context.Context, actor domain.Actor) (domain.DeskCounts, error) {
	seen, err := actor.Seen(domain.ActConversationView)
	if err != nil {
		return domain.DeskCounts{}, err
	}
	out, err := s.store.DeskCounts(ctx, actor.Organisation, actor.No, seen)
	if err != nil {
		return domain.DeskCounts{}, err
	}
	if actor.Reach(domain.ActDeliveryManage) == domain.ReachNone {
		return out, nil
	}
	if seen, err = actor.Seen(domain.ActDeliveryManage); err != nil {
		return domain.DeskCounts{}, err
	}
	out.Unmatched, err = s.store.CountUnmatched(ctx, actor.Organisation, seen)
	return out, err
}

func (s *Service) seal(actor domain.Actor, f domain.DeskFilter, p domain.DeskPlace) (string, error) {
	b, err := json.Marshal(place{Sort: f.Order(), DeskPlace: p})
	if err != nil {
		return "", err
	}
	return s.sealer.Wrap(int64(actor.Organisation), placePurpose, b), nil
}

// open reads a cursor of the same order; nil for "".
func (s *Service) open(actor domain.Actor, f domain.DeskFilter, after string) (*domain.DeskPlace, error) {
	if after == "" {
		return nil, nil
	}
	var p place
	b, err := s.sealer.Unwrap(int64(actor.Organisation), placePurpose, after)
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil || p.Sort != f.Order() {
		return nil, fault.Field("after", "not where a page of this list ends")
	}
	return &p.DeskPlace, nil
}

func (s *Service) itemID(org domain.OrganisationID, offset int64) domain.ItemID {
	return domain.ItemID(s.sealer.Seal(int64(org), 0, offset))
}
