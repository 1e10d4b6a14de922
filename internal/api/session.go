package api

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"crier/internal/domain"
	"crier/internal/service/access"
)

// Access signs people in and says who asks.
type Access interface {
	// AuthenticateFrom returns who a session's token or an API key stands for, in a request
	// from that address. Errors: unauthenticated, forbidden (an API key from a wrong
	// address), unavailable.
	AuthenticateFrom(ctx context.Context, token string, from netip.Addr) (domain.Actor, error)
	Options(ctx context.Context) (access.Options, error)
	// SignIn checks a password. Errors: unauthenticated, rate_limited, invalid.
	SignIn(ctx context.Context, c access.Credentials) (access.SignedIn, error)
	// Expiry says when a session ends, Renew lets it last. Errors: unauthenticated, invalid.
	Expiry(ctx context.Context, token string) (access.Expiry, error)
	Renew(ctx context.Context, token string) (access.Expiry, error)
	Me(ctx context.Context, actor domain.Actor) (access.Me, error)
	SignOut(ctx context.Context, actor domain.Actor) error
	EndSessions(ctx context.Context, actor domain.Actor, person domain.PersonID) error
	Ticket(ctx context.Context, actor domain.Actor) (access.Ticket, error)
	Tickets(ctx context.Context, actor domain.Actor, people []string, ttl time.Duration) (access.Tickets, error)

	APIKeys(ctx context.Context, actor domain.Actor) ([]access.APIKey, error)
	CreateAPIKey(ctx context.Context, actor domain.Actor, in access.NewAPIKey) (access.APIKey, error)
	RevokeAPIKey(ctx context.Context, actor domain.Actor, id string) error
}

func (s *Server) sessionRoutes() []route {
	return []route{
		{"GET", "/session/options", s.sessionOptions},
		{"POST", "/session", s.signIn},
		{"GET", "/session", s.signedIn(s.whoAmI)},
		{"DELETE", "/session", s.signedIn(s.signOut)},
		{"GET", "/session/expiry", s.sessionExpiry},
		{"POST", "/session/renewal", s.renewSession},
		{"DELETE", "/people/{person}/sessions", s.signedIn(s.endSessions)},
		{"POST", "/tickets", s.signedIn(s.createTicket)},
	}
}

func (s *Server) sessionOptions(x *exchange) error {
	o, err := s.Access.Options(x.r.Context())
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, o)
}

func (s *Server) signIn(x *exchange) error {
	var in access.Credentials
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	in.UserAgent, in.Device, in.Address = x.r.UserAgent(), s.device(x), s.address(x)
	out, err := s.Access.SignIn(x.r.Context(), in)
	if err != nil {
		return err
	}
	x.actor = out.Actor
	s.setCookie(x, out.Session.Token, out.Session.EndsAt)
	s.setDevice(x, out.Device)
	if !in.Token {
		out.Session.Token = ""
	}
	return x.json(http.StatusCreated, out)
}

func (s *Server) whoAmI(x *exchange, actor domain.Actor) error {
	me, err := s.Access.Me(x.r.Context(), actor)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, struct {
		Me  access.Me `json:"me"`
		Now time.Time `json:"now"`
	}{me, s.Clock.Now()})
}

// sessionExpiry and renewSession go past identify, which counts as use.
func (s *Server) sessionExpiry(x *exchange) error { return s.expiry(x, s.Access.Expiry) }

func (s *Server) renewSession(x *exchange) error { return s.expiry(x, s.Access.Renew) }

func (s *Server) expiry(x *exchange, ask func(context.Context, string) (access.Expiry, error)) error {
	token, err := s.token(x)
	if err != nil {
		return err
	}
	e, err := ask(x.r.Context(), token)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, e)
}

func (s *Server) signOut(x *exchange, actor domain.Actor) error {
	if err := s.Access.SignOut(x.r.Context(), actor); err != nil {
		return err
	}
	s.setCookie(x, "", time.Time{})
	return x.empty()
}

func (s *Server) endSessions(x *exchange, actor domain.Actor) error {
	if err := s.Access.EndSessions(x.r.Context(), actor, domain.PersonID(x.path("person"))); err != nil {
		return err
	}
	return x.empty()
}

func (s *Server) createTicket(x *exchange, actor domain.Actor) error {
	if err := within(s.Tickets, actor, "too many tickets at once; wait a moment"); err != nil {
		return err
	}
	t, err := s.Access.Ticket(x.r.Context(), actor)
	if err != nil {
		return err
	}
	return x.json(http.StatusCreated, t)
}
