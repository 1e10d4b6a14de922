package access

import (
	"context"
	"fmt"
	"time"

	"crier/internal/auth"
	"crier/internal/domain"
	"crier/internal/fault"
)

// Ticket opens one socket, once.
type Ticket struct {
	Ticket    string    `json:"ticket"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Tickets are tickets made in bulk.
type Tickets struct {
	Tickets   []PersonTicket `json:"tickets"` // in the order asked for
	ExpiresAt time.Time      `json:"expires_at"`
}

// PersonTicket is one candidate's ticket.
type PersonTicket struct {
	Person string `json:"person"` // external id
	Ticket string `json:"ticket"`
}

// Ticket makes a ticket for the actor's own person. Errors: Forbidden (an API key
// is nobody: use Tickets).
func (s *Service) Ticket(ctx context.Context, actor domain.Actor) (Ticket, error) {
	if err := actor.May(domain.ActSocketOpen); err != nil {
		return Ticket{}, err
	}
	now := s.clock.Now()
	out := Ticket{Ticket: auth.NewToken(auth.Ticket), ExpiresAt: now.Add(TicketLife)}
	_, err := s.adding.Do(ctx, actor.Organisation, domain.Ticket{
		Hash: auth.HashToken(out.Ticket), Person: actor.No, Session: actor.Session, ExpiresAt: out.ExpiresAt})
	if err != nil {
		return Ticket{}, err
	}
	return out, nil
}

// add stores the tickets that people make for themselves at the same time.
func (s *Service) add(ctx context.Context, org domain.OrganisationID, tickets []domain.Ticket) ([]struct{}, error) {
	return make([]struct{}, len(tickets)), s.store.AddTickets(ctx, org, s.clock.Now(), tickets)
}

// Tickets makes one ticket for each of the candidates named by external id, all or
// none, and records who made them for whom. They die with the session or API key that made
// them. Errors: Forbidden,
// Invalid with details (unknown, staff, named twice, ttl), TooLarge (Limits.Items).
func (s *Service) Tickets(ctx context.Context, actor domain.Actor, people []string, ttl time.Duration) (Tickets, error) {
	if err := actor.May(domain.ActTicketsMake); err != nil {
		return Tickets{}, err
	}
	if ttl < time.Second || ttl > TicketLifeMost {
		return Tickets{}, &fault.Error{Code: fault.Invalid, Field: "ttl_seconds", Limit: int64(TicketLifeMost / time.Second), Actual: int64(ttl / time.Second),
			Message: "ttl_seconds must be from 1 to 3600"}
	}
	found, err := s.candidates(ctx, actor.Organisation, people)
	if err != nil {
		return Tickets{}, err
	}
	session, key := actor.Session, ""
	if actor.Kind == domain.ActorAPIKey {
		session, key = "", actor.ID
	}
	now := s.clock.Now()
	out := Tickets{Tickets: make([]PersonTicket, len(people)), ExpiresAt: now.Add(ttl)}
	stored := make([]domain.Ticket, len(people))
	for i, id := range people {
		t := auth.NewToken(auth.Ticket)
		out.Tickets[i] = PersonTicket{Person: id, Ticket: t}
		stored[i] = domain.Ticket{Hash: auth.HashToken(t), Person: found[id].No, Session: session, APIKey: key, ExpiresAt: out.ExpiresAt}
	}
	if _, err := s.store.MakeTickets(ctx, actor, now, stored); err != nil {
		return Tickets{}, err
	}
	return out, nil
}

// candidates finds all of them or names every fault.
func (s *Service) candidates(ctx context.Context, org domain.OrganisationID, ids []string) (map[string]domain.Person, error) {
	if len(ids) == 0 {
		return nil, fault.Field("people", "name at least one candidate")
	}
	if len(ids) > s.limits.Items {
		return nil, fault.Over("people", int64(s.limits.Items), int64(len(ids)), "%d people; at most %d can be named in one request", len(ids), s.limits.Items)
	}
	var wrong []fault.Detail
	add := func(i int, format string, args ...any) {
		wrong = append(wrong, fault.Detail{Field: fmt.Sprintf("people[%d]", i), Message: fmt.Sprintf(format, args...)})
	}
	ids = domain.TidyAll(ids)
	first := map[string]int{}
	for i, id := range ids {
		if err := domain.CheckText("person", id, 100, false, false); err != nil {
			add(i, "not an external id")
		} else if j, twice := first[id]; twice {
			add(i, "the same as people[%d]", j)
		} else {
			first[id] = i
		}
	}
	if len(wrong) > 0 {
		return nil, fault.Many(fault.Invalid, wrong, "%d of the people cannot be used; no ticket was made", len(wrong))
	}
	found, err := s.store.PeopleByExternalID(ctx, org, ids)
	if err != nil {
		return nil, err
	}
	for i, id := range ids {
		if p, ok := found[id]; !ok {
			add(i, "no person has the external id %q", id)
		} else if p.Kind != domain.KindCandidate {
			add(i, "%q is not a candidate", id)
		} else if p.State == domain.PersonLocked {
			add(i, "the account of %q is locked", id)
		}
	}
	if len(wrong) > 0 {
		return nil, fault.Many(fault.Invalid, wrong, "%d of the people cannot be used; no ticket was made", len(wrong))
	}
	return found, nil
}

// Redeem uses up a ticket and returns whose socket it opens. The actor's Session is
// the login it was made with, or the id of the API key: when that ends, so should the
// socket. A caller who leaves before the ticket's batch has begun leaves the ticket unused. Errors:
// Unauthenticated (unknown, or what it was made with has ended), Gone (used already, or expired),
// Unavailable.
func (s *Service) Redeem(ctx context.Context, ticket string) (domain.Actor, error) {
	if auth.KindOf(ticket) != auth.Ticket {
		return domain.Actor{}, unknownTicket()
	}
	r, err := s.redeeming.Do(ctx, struct{}{}, auth.HashToken(ticket))
	if err != nil {
		return domain.Actor{}, err
	}
	return r.actor, r.err
}

func unknownTicket() error { return fault.New(fault.Unauthenticated, "this ticket is not known") }

func usedTicket() error {
	return fault.New(fault.Gone, "this ticket was used already: it opens one socket, once")
}

// redeemed is what came of one ticket.
type redeemed struct {
	actor domain.Actor
	err   error
}

// redeem uses up the tickets of all organisations that arrive at the same time, with one statement
// to read what they stand for and one to use up those that are good.
func (s *Service) redeem(ctx context.Context, _ struct{}, hashes [][]byte) ([]redeemed, error) {
	now := s.clock.Now()
	list, err := s.store.Redemptions(ctx, hashes)
	if err != nil {
		return nil, err
	}
	out := make([]redeemed, len(hashes))
	var good [][]byte
	var at []int
	for i, r := range list {
		if out[i].actor, out[i].err = s.holder(ctx, r, now); out[i].err == nil {
			good, at = append(good, hashes[i]), append(at, i)
		}
	}
	if len(good) == 0 {
		return out, nil
	}
	used, err := s.store.UseTickets(ctx, good, now)
	if err != nil {
		return nil, err
	}
	for j, i := range at {
		if !used[j] {
			out[i] = redeemed{err: usedTicket()}
		}
	}
	return out, nil
}

// holder is whose socket a ticket opens, or why it opens none; nil stands for a ticket that is not
// known.
func (s *Service) holder(ctx context.Context, r *domain.Redemption, now time.Time) (domain.Actor, error) {
	switch {
	case r == nil:
		return domain.Actor{}, unknownTicket()
	case r.Used:
		return domain.Actor{}, usedTicket()
	case !now.Before(r.Ticket.ExpiresAt):
		return domain.Actor{}, fault.New(fault.Gone, "this ticket has expired")
	}
	maker, by, err := s.behind(ctx, r, now)
	if err != nil {
		return domain.Actor{}, err
	}
	switch {
	case r.Person.ID == "":
		return domain.Actor{}, notIn(nil)
	case r.Person.State == domain.PersonLocked:
		return domain.Actor{}, fault.New(fault.Unauthenticated, "the account is locked")
	}
	actor, err := s.actorOf(ctx, r.Person, maker)
	if r.Ticket.Entry != 0 {
		actor.Ticket = &by
	}
	return actor, err
}

// behind returns what a ticket was made with: the id of the login or API key, and who that
// is. Errors: Unauthenticated (it has ended).
func (s *Service) behind(ctx context.Context, r *domain.Redemption, now time.Time) (maker string, by domain.Ticketed, err error) {
	t, m := r.Ticket, r.Maker
	by = domain.Ticketed{Entry: t.Entry, Name: m.Name}
	ended := fault.New(fault.Unauthenticated, "what this ticket was made with has ended")
	expired := !m.ExpiresAt.IsZero() && !now.Before(m.ExpiresAt)
	switch {
	case t.APIKey != "":
		by.Kind = domain.ActorAPIKey
		if !m.Found || expired {
			return "", by, ended
		}
		return t.APIKey, by, nil
	case t.Session == "": // made by the server's own command
		by.Kind, by.Name = domain.ActorSystem, domain.System(t.Organisation).Name
		return "", by, nil
	case !m.Found:
		return "", by, ended
	case expired: // a candidate's session lasts while they are in a test; nobody else is in one
		until, err := s.store.InTestUntil(ctx, t.Organisation, t.Person, now)
		if err != nil {
			return "", by, err
		}
		if until.IsZero() {
			return "", by, ended
		}
	}
	by.Kind = domain.ActorPerson
	return t.Session, by, nil
}
