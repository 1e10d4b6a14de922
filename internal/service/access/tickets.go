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
	err := s.store.AddTickets(ctx, actor.Organisation, now, []domain.Ticket{
		{Hash: auth.HashToken(out.Ticket), Person: actor.No, Session: actor.Session, ExpiresAt: out.ExpiresAt}})
	if err != nil {
		return Ticket{}, err
	}
	return out, nil
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
// socket. Errors: Unauthenticated (unknown, or what it was made with has ended), Gone
// (used already, or expired), Unavailable.
func (s *Service) Redeem(ctx context.Context, ticket string) (domain.Actor, error) {
	if auth.KindOf(ticket) != auth.Ticket {
		return domain.Actor{}, fault.New(fault.Unauthenticated, "this ticket is not known")
	}
	now := s.clock.Now()
	t, err := s.store.UseTicket(ctx, auth.HashToken(ticket), now)
	if err != nil {
		return domain.Actor{}, err
	}
	maker, behind, err := s.behind(ctx, t, now)
	if fault.Is(err, fault.NotFound) {
		return domain.Actor{}, fault.Wrap(err, fault.Unauthenticated, "what this ticket was made with has ended")
	}
	if err != nil {
		return domain.Actor{}, err
	}
	p, err := s.store.PersonByNo(ctx, t.Organisation, t.Person)
	if fault.Is(err, fault.NotFound) {
		return domain.Actor{}, notIn(err)
	}
	if err != nil {
		return domain.Actor{}, err
	}
	if p.State == domain.PersonLocked {
		return domain.Actor{}, fault.New(fault.Unauthenticated, "the account is locked")
	}
	actor, err := s.actorOf(ctx, p, maker)
	if t.Entry != 0 {
		actor.Ticket = &behind
	}
	return actor, err
}

// behind returns what a ticket was made with: the id of the login or API key, and who that
// is. Errors: NotFound (it has ended).
func (s *Service) behind(ctx context.Context, t domain.Ticket, now time.Time) (maker string, by domain.Ticketed, err error) {
	by.Entry = t.Entry
	if t.APIKey != "" {
		k, err := s.store.APIKey(ctx, t.Organisation, t.APIKey)
		if err == nil && k.Expired(now) {
			err = fault.New(fault.NotFound, "the API key has expired")
		}
		by.Kind, by.Name = domain.ActorAPIKey, k.Name
		return t.APIKey, by, err
	}
	if t.Session == "" { // made by the server's own command
		by.Kind, by.Name = domain.ActorSystem, domain.System(t.Organisation).Name
		return "", by, nil
	}
	n, err := s.store.Session(ctx, t.Organisation, t.Session)
	if err == nil && !now.Before(n.ExpiresAt) {
		var until time.Time // a candidate's session lasts while they are in a test; nobody else is in one
		if until, err = s.store.InTestUntil(ctx, t.Organisation, t.Person, now); err == nil && until.IsZero() {
			err = fault.New(fault.NotFound, "the session has expired")
		}
	}
	if err != nil || t.Entry == 0 {
		return t.Session, by, err
	}
	p, err := s.store.PersonByNo(ctx, t.Organisation, n.Person)
	by.Kind, by.Name = domain.ActorPerson, p.Name()
	return t.Session, by, err
}
