package desk

import (
	"context"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Found is a page of what was found, newest first. It may be short, and even empty, with
// Next set: then looking on may find more.
type Found struct {
	People []FoundPerson `json:"people"` // on the first page, and not in a search of one conversation
	Hits   []Hit         `json:"hits"`
	Next   string        `json:"next,omitempty"`
}

// FoundPerson is a candidate whose name or id was found.
type FoundPerson struct {
	ID         domain.PersonID `json:"id"`
	Name       string          `json:"name"`
	ExternalID string          `json:"external_id"`
}

// Hit is a message or note that was found. Person is nil for a sending to many, unless one
// conversation was searched.
type Hit struct {
	Person  *domain.PersonName `json:"person,omitempty"`
	Item    HitItem            `json:"item"`
	Excerpt []domain.Run       `json:"excerpt"`
	File    string             `json:"file,omitempty"` // the name of a file, if that is what was found
}

// HitItem is the item that was found, without its text.
type HitItem struct {
	ID        domain.ItemID      `json:"id"`
	Type      domain.ItemType    `json:"type"`
	Direction domain.Direction   `json:"direction,omitempty"`
	At        time.Time          `json:"at"`
	Subject   string             `json:"subject,omitempty"`
	From      domain.ItemFrom    `json:"from"`
	Broadcast domain.BroadcastID `json:"broadcast,omitempty"`
}

// foundPeople is how many names a search shows at most.
const foundPeople = 10

// Search looks for messages, notes, file names and people. person "": everywhere that the
// actor may see. Errors: Forbidden; NotFound for a person whom the actor does not see;
// Invalid naming q or before.
func (s *Service) Search(ctx context.Context, actor domain.Actor, q string, person domain.PersonID, limit int, before string) (Found, error) {
	seen, err := actor.Seen(domain.ActConversationView)
	if err != nil {
		return Found{}, err
	}
	f := domain.SearchFilter{Q: q}
	if err := f.Validate(); err != nil {
		return Found{}, err
	}
	if before != "" {
		if f.Before, err = s.sealer.Open(int64(actor.Organisation), 0, before); err != nil || f.Before < 1 {
			return Found{}, fault.Field("before", "not where a page of this search ends")
		}
	}
	if limit <= 0 || limit > maxPage {
		limit = maxPage
	}
	out := Found{People: []FoundPerson{}, Hits: []Hit{}}
	switch {
	case person != "":
		refs, err := s.store.SeenCandidates(ctx, actor.Organisation, seen, []domain.PersonID{person})
		if err != nil {
			return Found{}, err
		}
		ref, ok := refs[person]
		if !ok {
			return Found{}, fault.New(fault.NotFound, "no such person")
		}
		f.Person = ref.No
	case before == "":
		refs, err := s.store.PeopleNamed(ctx, actor.Organisation, seen, q, foundPeople)
		if err != nil {
			return Found{}, err
		}
		for _, r := range refs {
			out.People = append(out.People, FoundPerson{ID: r.ID, Name: r.Name, ExternalID: r.ExternalID})
		}
	}
	hits, next, err := s.store.Search(ctx, actor.Organisation, seen, f, limit)
	if err != nil {
		return Found{}, err
	}
	if next > 0 {
		out.Next = s.sealer.Seal(int64(actor.Organisation), 0, next)
	}
	people, err := s.named(ctx, actor, f, hits)
	if err != nil {
		return Found{}, err
	}
	for _, h := range hits {
		hit, err := s.hit(actor, q, h)
		if err != nil {
			return Found{}, err
		}
		if h.Person == 0 {
			h.Person = f.Person
		}
		if r, ok := people[h.Person]; ok {
			hit.Person = &domain.PersonName{ID: r.ID, Name: r.Name}
		}
		out.Hits = append(out.Hits, hit)
	}
	return out, nil
}

// named names the people whose conversations the hits are in.
func (s *Service) named(ctx context.Context, actor domain.Actor, f domain.SearchFilter, hits []journal.SearchHit) (map[domain.PersonNo]domain.PersonRef, error) {
	nos := []domain.PersonNo{}
	if f.Person != 0 {
		nos = append(nos, f.Person)
	}
	for _, h := range hits {
		if h.Person != 0 && f.Person == 0 {
			nos = append(nos, h.Person)
		}
	}
	if len(nos) == 0 {
		return nil, nil
	}
	return s.store.PersonRefs(ctx, actor.Organisation, nos)
}

// hit says what was found, and where in its text.
func (s *Service) hit(actor domain.Actor, q string, h journal.SearchHit) (Hit, error) {
	e := h.Entry
	item, err := journal.ItemOf(e, journal.ItemContext{Person: h.Person, Seal: func(offset int64) domain.ItemID { return s.itemID(actor.Organisation, offset) }})
	if err != nil {
		return Hit{}, err
	}
	var files []domain.Attachment
	switch p := e.Event().(type) {
	case *journal.MessageSent:
		files = p.Attachments
	case *journal.BroadcastSent:
		files = p.Attachments
	}
	out := Hit{Item: HitItem{ID: item.ID, Type: item.Type, Direction: item.Direction, At: item.At, Subject: item.Subject, From: item.From, Broadcast: item.Broadcast}}
	var found bool
	if out.Excerpt, found = domain.Excerpt(item.Body, q); found {
		return out, nil
	}
	for _, a := range files {
		if runs, found := domain.Excerpt(a.Name, q); found {
			out.Excerpt, out.File = runs, a.Name
			return out, nil
		}
	}
	if runs, found := domain.Excerpt(item.Subject, q); found {
		out.Excerpt = runs
	}
	if out.Excerpt == nil {
		out.Excerpt = []domain.Run{}
	}
	return out, nil
}
