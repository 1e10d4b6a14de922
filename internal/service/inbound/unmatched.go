package inbound

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Unmatched is one thing that waits for staff.
type Unmatched struct {
	ID          string               `json:"id"`
	Channel     domain.Channel       `json:"channel"`
	Sender      string               `json:"sender"`
	Recipient   string               `json:"recipient"`
	Subject     string               `json:"subject,omitempty"`
	Body        string               `json:"body"`
	ReceivedAt  time.Time            `json:"received_at"`
	Why         domain.InboundWhy    `json:"why"`
	Files       []domain.InboundFile `json:"files"`
	Suggestions []domain.PersonName  `json:"suggestions"`
	Original    string               `json:"original,omitempty"`   // path of the mail as it came
	Cut         bool                 `json:"cut,omitempty"`        // Original holds text that Body lacks, or may do so
	Unverified  bool                 `json:"unverified,omitempty"` // a mail whose sender nobody vouches for
	Trial       *domain.PersonName   `json:"trial,omitempty"`      // who of the staff typed it on the Outbox page
}

// Page is a page of them, oldest first.
type Page struct {
	Inbound []Unmatched `json:"inbound"`
	Next    string      `json:"next,omitempty"`
}

const suggestionsMost = 5

// List returns up to limit of what waits, after a page's Next: all, or what seems to be of the actor's own people. Errors:
// Forbidden, Invalid (after).
func (s *Service) List(ctx context.Context, actor domain.Actor, limit int, after string) (Page, error) {
	seen, err := actor.Seen(domain.ActDeliveryManage)
	if err != nil {
		return Page{}, err
	}
	place, err := placeOf(after)
	if err != nil {
		return Page{}, err
	}
	list, err := s.o.Store.Unmatched(ctx, actor.Organisation, seen, s.o.Clock.Now().Add(-domain.InboundPendingTime), place, limit+1)
	if err != nil {
		return Page{}, err
	}
	page := Page{Inbound: []Unmatched{}}
	if len(list) > limit {
		list = list[:limit]
		last := list[limit-1]
		page.Next = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d.%s", last.ReceivedAt.UnixMicro(), last.ID))
	}
	for _, in := range list {
		u := Unmatched{ID: in.ID, Channel: in.Channel, Sender: in.Sender, Recipient: in.Recipient, Subject: in.Subject, Body: in.Body, ReceivedAt: in.ReceivedAt, Why: in.Why, Files: in.Files, Trial: in.Trial, Unverified: in.Verified == domain.VerifiedNo}
		if in.Raw != "" {
			u.Original, u.Cut = domain.WaitingOriginal(in.ID), in.Cut
		}
		if u.Suggestions, err = s.suggest(ctx, seen, in); err != nil {
			return Page{}, err
		}
		if u.Files == nil {
			u.Files = []domain.InboundFile{}
		}
		page.Inbound = append(page.Inbound, u)
	}
	return page, nil
}

func placeOf(after string) (domain.InboundPlace, error) {
	if after == "" {
		return domain.InboundPlace{At: time.UnixMicro(0)}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(after)
	at, id, ok := strings.Cut(string(b), ".")
	n, perr := strconv.ParseInt(at, 10, 64)
	if err != nil || !ok || perr != nil || len(id) > 100 {
		return domain.InboundPlace{}, fault.Field("after", "not where a page ended")
	}
	return domain.InboundPlace{At: time.UnixMicro(n), ID: id}, nil
}

// suggest says whose it may be: whose address it went to, and who has the address or number that it came from. It
// names those who are seen.
func (s *Service) suggest(ctx context.Context, seen domain.Seen, in domain.Inbound) ([]domain.PersonName, error) {
	out := []domain.PersonName{}
	var list []domain.Correspondent
	var err error
	if in.Channel == domain.ChannelSMS {
		if list, err = s.o.Store.CandidatesByPhone(ctx, in.Organisation, in.Sender); err == nil && len(list) > 1 {
			err = s.newestFirst(ctx, in.Organisation, list)
		}
	} else {
		list, err = s.o.Store.CandidatesByEmail(ctx, in.Organisation, in.Sender)
	}
	if err != nil {
		return nil, err
	}
	have := map[domain.PersonID]bool{}
	if in.Person != 0 {
		p, err := s.o.Store.Correspondent(ctx, in.Organisation, in.Person)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		if err == nil {
			list = append([]domain.Correspondent{p}, list...)
		}
	}
	if list, err = s.o.Store.SeenCorrespondents(ctx, in.Organisation, seen, list); err != nil {
		return nil, err
	}
	for _, p := range list {
		if !have[p.ID] && p.Kind == domain.KindCandidate && len(out) < suggestionsMost {
			have[p.ID] = true
			out = append(out, domain.PersonName{ID: p.ID, Name: p.Name})
		}
	}
	return out, nil
}

// newestFirst sorts those who have a number by the newest SMS to them: that is the one who is answering.
func (s *Service) newestFirst(ctx context.Context, org domain.OrganisationID, list []domain.Correspondent) error {
	newest := map[domain.PersonNo]int64{}
	for _, p := range list {
		offset, err := s.o.Store.NewestDelivered(ctx, org, p.No, domain.ChannelSMS)
		if err != nil {
			return err
		}
		newest[p.No] = offset
	}
	slices.SortStableFunc(list, func(a, b domain.Correspondent) int { return cmp.Compare(newest[b.No], newest[a.No]) })
	return nil
}

// Assign makes something that waits a message of a person's conversation, whatever is closed there: staff have looked at it. The
// message is returned as staff see it. Of several who assign it at once the database lets one. Errors: Forbidden; NotFound; Conflict
// (inbound), naming who has dealt with it, if it waits no more; Invalid (person; body: there is nothing in it); Unavailable.
func (s *Service) Assign(ctx context.Context, actor domain.Actor, id string, person domain.PersonID) (domain.Item, error) {
	in, seen, err := s.waiting(ctx, actor, id)
	if err != nil {
		return domain.Item{}, err
	}
	p, err := s.o.Store.CorrespondentByID(ctx, actor.Organisation, person)
	if fault.Is(err, fault.NotFound) || err == nil && p.Kind != domain.KindCandidate {
		return domain.Item{}, fault.Field("person", "no such candidate")
	}
	if err != nil {
		return domain.Item{}, err
	}
	theirs, err := s.o.Store.SeenCorrespondents(ctx, actor.Organisation, seen, []domain.Correspondent{p})
	if err != nil {
		return domain.Item{}, err
	}
	if len(theirs) == 0 {
		return domain.Item{}, fault.Field("person", "no such candidate")
	}
	sent, err := s.convert(ctx, actor, in, p)
	if err != nil {
		return domain.Item{}, err
	}
	if !sent.Fresh { // a colleague assigned it to the same person
		return domain.Item{}, s.handled(ctx, in)
	}
	item, err := journal.ItemOf(sent.Entry, journal.ItemContext{Person: p.No, ID: p.ID, Kind: sent.Message.GroupKind, Seal: func(offset int64) domain.ItemID {
		return domain.ItemID(s.o.Sealer.Seal(int64(actor.Organisation), 0, offset))
	}})
	if err == nil && in.Raw != "" {
		item.Original, item.Cut = domain.MessageOriginal(item.ID), in.Cut
	}
	return item, err
}

func (s *Service) convert(ctx context.Context, actor domain.Actor, in domain.Inbound, p domain.Correspondent) (journal.Sent, error) {
	m := s.message(in, p, 0, true)
	m.Settles = &domain.Settles{ID: in.ID, State: domain.InboundAssigned, Why: in.Why, By: actor}
	if in.Raw == "" {
		m.Body = cut(in.Body, s.o.Limits.Body)
		return s.send(ctx, in.Organisation, m)
	}
	r, err := s.o.Blobs.Get(ctx, in.Raw, 0, -1)
	if err != nil {
		return journal.Sent{}, err
	}
	parsed, err := s.parse(r)
	if err != nil {
		return journal.Sent{}, err
	}
	return s.write(ctx, in, p, parsed, m)
}

// noteMost is the most characters of why something was discarded.
const noteMost = 500

// Discard takes something off the list; it stays on record. Errors: Forbidden; NotFound; Conflict if it waits no more; Invalid
// (note).
func (s *Service) Discard(ctx context.Context, actor domain.Actor, id, note string) error {
	in, _, err := s.waiting(ctx, actor, id)
	if err != nil {
		return err
	}
	if err := domain.CheckText("note", note, noteMost, true, true); err != nil {
		return err
	}
	settled, err := s.settle(ctx, in, domain.Settlement{State: domain.InboundDiscarded, Why: in.Why, By: actor, Note: note})
	if err == nil && !settled {
		err = s.handled(ctx, in)
	}
	return err
}

// maxDiscard is how many of what waits one request discards.
const maxDiscard = 200

// DiscardMany takes several off the list with one note, and returns how many: those that wait no more stay as they are.
// Errors: Forbidden; Invalid (note; ids: none, or one that never came in); TooLarge (ids).
func (s *Service) DiscardMany(ctx context.Context, actor domain.Actor, ids []string, note string) (n int, err error) {
	if err := actor.May(domain.ActDeliveryManage); err != nil {
		return 0, err
	}
	if len(ids) == 0 {
		return 0, fault.Field("ids", "nothing is named")
	}
	if len(ids) > maxDiscard {
		return 0, fault.Over("ids", maxDiscard, int64(len(ids)), "%d messages; at most %d can be discarded at once", len(ids), maxDiscard)
	}
	if err := domain.CheckText("note", note, noteMost, true, true); err != nil {
		return 0, err
	}
	// All are looked up first: one that never came in discards none of the others.
	list := make([]domain.Inbound, 0, len(ids))
	for i, id := range ids {
		in, _, err := s.waiting(ctx, actor, id)
		if fault.Is(err, fault.NotFound) {
			return 0, fault.Field(fmt.Sprintf("ids[%d]", i), "nothing like that came in")
		}
		if fault.Is(err, fault.Conflict) {
			continue
		}
		if err != nil {
			return 0, err
		}
		list = append(list, in)
	}
	for _, in := range list {
		settled, err := s.settle(ctx, in, domain.Settlement{State: domain.InboundDiscarded, Why: in.Why, By: actor, Note: note})
		if err != nil {
			return n, err
		}
		if settled {
			n++
		}
	}
	return n, nil
}

// waiting returns what waits, and what the actor sees. Errors: Forbidden; NotFound, also for what the actor does not see;
// Conflict if it waits no more.
func (s *Service) waiting(ctx context.Context, actor domain.Actor, id string) (in domain.Inbound, seen domain.Seen, err error) {
	if seen, err = actor.Seen(domain.ActDeliveryManage); err != nil {
		return in, seen, err
	}
	if err := domain.CheckText("id", id, 100, false, false); err != nil {
		return in, seen, fault.New(fault.NotFound, "nothing like that came in")
	}
	if in, err = s.o.Store.Inbound(ctx, actor.Organisation, seen, id); err == nil {
		err = in.Waits()
	}
	return in, seen, err
}

// handled is the Conflict that says who was first.
func (s *Service) handled(ctx context.Context, in domain.Inbound) error {
	now, err := s.o.Store.Inbound(ctx, in.Organisation, domain.Seen{All: true}, in.ID)
	if err != nil {
		return err
	}
	if err := now.Waits(); err != nil {
		return err
	}
	return fault.New(fault.Conflict, "somebody has dealt with it already")
}
