package access

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"crier/internal/auth"
	"crier/internal/domain"
	"crier/internal/fault"
)

// Credentials are what a person signs in with.
type Credentials struct {
	Organisation string `json:"organisation"` // slug
	Login        string `json:"login"`        // upper and lower case are the same
	Password     string `json:"password"`
	UserAgent    string `json:"-"` // for the person's own list of logins; cut at 200 bytes
}

// SignedIn is a new session.
type SignedIn struct {
	Session SessionToken `json:"session"`
	Me      Me           `json:"me"`
	Actor   domain.Actor `json:"-"`
}

// SessionToken proves a session. It is shown once.
type SessionToken struct {
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expires_at"` // moves on while the session is used
}

// The longest that is looked up; none that long is ever stored.
const (
	slugMost  = 100
	loginMost = 200
	agentMost = 200
)

// SignIn checks a password and starts a session. Errors: Invalid (a field is
// missing), Unauthenticated (unknown organisation or login, or wrong password: one
// answer, at one cost), RateLimited (AttemptsMost tries of this login within
// AttemptWindow, whatever their password), Unavailable.
func (s *Service) SignIn(ctx context.Context, c Credentials) (SignedIn, error) {
	slug, login := strings.ToLower(strings.TrimSpace(c.Organisation)), strings.ToLower(strings.TrimSpace(c.Login))
	if err := checkCredentials(slug, login, c.Password); err != nil {
		return SignedIn{}, err
	}
	person, stored, err := s.candidateFor(ctx, slug, login)
	if err != nil {
		return SignedIn{}, err
	}
	ok, err := s.hasher.Verify(ctx, stored, c.Password)
	if err != nil {
		return SignedIn{}, err
	}
	if !ok {
		return SignedIn{}, fault.New(fault.Unauthenticated, "the organisation, the login or the password is wrong")
	}
	now := s.clock.Now()
	n := domain.Session{Organisation: person.Organisation, ID: uuid.Must(uuid.NewV7()).String(), Person: person.No, UserAgent: agent(c.UserAgent),
		CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(s.idle)}
	actor, err := s.actorOf(ctx, person, n.ID)
	if err != nil {
		return SignedIn{}, err
	}
	token := auth.NewToken(auth.Session)
	e, err := s.store.StartSession(ctx, actor, login, n, auth.HashToken(token))
	if err != nil {
		return SignedIn{}, err
	}
	s.told(e)
	me, err := s.Me(ctx, actor)
	return SignedIn{Session: SessionToken{Token: token, ExpiresAt: n.ExpiresAt}, Me: me, Actor: actor}, err
}

func checkCredentials(slug, login, password string) error {
	for _, f := range []struct {
		field, value string
		most         int
	}{{"organisation", slug, slugMost}, {"login", login, loginMost}} {
		if err := domain.CheckText(f.field, f.value, f.most, false, false); err != nil {
			return err
		}
	}
	switch {
	case password == "":
		return fault.Field("password", "the password is missing")
	case len(password) > auth.MaxPassword:
		return fault.Over("password", auth.MaxPassword, int64(len(password)), "the password is too long: at most %d bytes", auth.MaxPassword)
	}
	return nil
}

// candidateFor counts the attempt and returns whose login it is and their stored
// password: nobody and "" for an unknown one.
func (s *Service) candidateFor(ctx context.Context, slug, login string) (domain.Person, string, error) {
	org, err := s.store.OrganisationBySlug(ctx, slug)
	if fault.Is(err, fault.NotFound) {
		return domain.Person{}, "", nil
	}
	if err != nil {
		return domain.Person{}, "", err
	}
	now := s.clock.Now()
	attempts, since, err := s.store.CountAttempt(ctx, org.ID, login, now, now.Add(-AttemptWindow))
	if err != nil {
		return domain.Person{}, "", err
	}
	if attempts > AttemptsMost {
		e := fault.New(fault.RateLimited, "too many attempts to sign in as this login; wait a few minutes")
		e.Limit, e.RetryAfter = AttemptsMost, max(since.Add(AttemptWindow).Sub(now), time.Second)
		return domain.Person{}, "", e
	}
	person, stored, err := s.store.PersonByLogin(ctx, org.ID, login)
	if fault.Is(err, fault.NotFound) {
		return domain.Person{}, "", nil
	}
	return person, stored, err
}

// actorOf is a person with their scopes.
func (s *Service) actorOf(ctx context.Context, p domain.Person, session string) (domain.Actor, error) {
	a := domain.Actor{Organisation: p.Organisation, Kind: domain.ActorPerson, ID: string(p.ID), No: p.No, Name: p.Name(), Role: p.Role, Session: session}
	if p.Kind != domain.KindStaff {
		return a, nil
	}
	var err error
	a.Scopes, err = s.store.ScopesOf(ctx, p.Organisation, p.No)
	return a, err
}

// agent is what is kept of a browser's name.
func agent(s string) string {
	if len(s) > agentMost {
		s = s[:agentMost]
	}
	s = strings.ToValidUTF8(s, "")
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == utf8.RuneError }) {
		return ""
	}
	return s
}
