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
	Token        bool   `json:"token"` // the answer holds the session's token, for programs; pages have the cookie
	UserAgent    string `json:"-"`     // for the person's own list of logins; cut at 200 bytes
	Device       string `json:"-"`     // the device's cookie, "" without
	Address      string `json:"-"`     // where the request comes from; of IPv6 its /64
}

// SignedIn is a new session.
type SignedIn struct {
	Session SessionToken `json:"session"`
	Me      Me           `json:"me"`
	Actor   domain.Actor `json:"-"`
	Device  string       `json:"-"` // the device's cookie from now on
}

// SessionToken proves a session. It is shown once.
type SessionToken struct {
	Token     string    `json:"token,omitempty"`
	ExpiresAt time.Time `json:"expires_at"` // moves on while the session is used
	EndsAt    time.Time `json:"-"`          // however much it is used
}

// The longest that is looked up; none that long is ever stored.
const (
	slugMost  = 100
	loginMost = 200
	agentMost = 200
)

// SignIn checks a password and starts a session. Errors: Invalid (a field is
// missing), Unauthenticated (unknown organisation or login, or wrong password: one
// answer, at one cost), RateLimited (too many wrong passwords for this login before, whether
// it exists or not; or too many people sign in at once), Unavailable.
func (s *Service) SignIn(ctx context.Context, c Credentials) (SignedIn, error) {
	slug, login := strings.ToLower(domain.Tidy(c.Organisation)), strings.ToLower(domain.Tidy(c.Login))
	if err := checkCredentials(slug, login, c.Password); err != nil {
		return SignedIn{}, err
	}
	person, err := s.verify(ctx, c, slug, login)
	if err != nil {
		return SignedIn{}, err
	}
	now := s.clock.Now()
	n := domain.Session{Organisation: person.Organisation, ID: uuid.Must(uuid.NewV7()).String(), Person: person.No, UserAgent: agent(c.UserAgent),
		CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(s.idle)}
	actor, err := s.actorOf(ctx, person, n.ID)
	if err != nil {
		return SignedIn{}, err
	}
	token := auth.NewToken(auth.Session)
	if _, err := s.store.StartSession(ctx, actor, n, auth.HashToken(token)); err != nil {
		return SignedIn{}, err
	}
	me, err := s.Me(ctx, actor)
	return SignedIn{Session: SessionToken{Token: token, ExpiresAt: n.ExpiresAt, EndsAt: s.maximum(n)}, Me: me, Actor: actor,
		Device: s.devices.signedIn(c.Device, slug, login)}, err
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

// verify returns whose credentials they are. A device where the account has signed in before
// has a budget of wrong passwords, and a queue, of its own; so has one where others of the
// organisation have. Strangers share theirs.
func (s *Service) verify(ctx context.Context, c Credentials, slug, login string) (domain.Person, error) {
	device, own := s.devices.knows(c.Device, slug, login)
	done, err := s.guard.try(slug+"\x00"+login, device, own, c.Address)
	if err != nil {
		s.failures.add(s.clock.Now(), slug, login, s.devices.source(c.Address), true)
		return domain.Person{}, err
	}
	person, stored, err := s.store.SignInOf(ctx, slug, login)
	if err != nil && !fault.Is(err, fault.NotFound) {
		done(undone)
		return domain.Person{}, err
	}
	ok, err := s.compare(ctx, c, slug, person, own, stored)
	switch {
	case err != nil:
		done(undone)
		return domain.Person{}, err
	case !ok:
		done(wrong)
		s.failures.add(s.clock.Now(), slug, login, s.devices.source(c.Address), false)
		return domain.Person{}, fault.New(fault.Unauthenticated, "the organisation, the login or the password is wrong")
	}
	done(right)
	return person, nil
}

// compare checks the password in its turn. person is the zero Person if nobody has the login. Where
// the device has signed the account in before, it says nothing new that the account exists; anywhere
// else the answer's time must not.
func (s *Service) compare(ctx context.Context, c Credentials, slug string, person domain.Person, own bool, stored string) (bool, error) {
	known, there := auth.KnownCandidates, auth.Candidates
	if person.Kind == domain.KindStaff {
		known, there = auth.KnownStaff, auth.Staff
	}
	if own {
		return s.hasher.Verify(ctx, auth.Lane{Group: known, Key: slug}, stored, c.Password)
	}
	var lane *auth.Lane
	if person.ID != "" {
		lane = &auth.Lane{Group: there, Key: slug}
	}
	return s.hasher.VerifyIn(ctx, lane, auth.Lane{Group: auth.Anyone, Key: c.Address}, stored, c.Password)
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
