// Package access signs people in and says who asks: sessions, one-use socket
// tickets and API keys become a domain.Actor with its scopes.
package access

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/auth"
	"crier/internal/batch"
	"crier/internal/clock"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// How long things last.
const (
	SessionIdle    = 12 * time.Hour      // a session that is not used ends; default of Deps.SessionLength
	SessionMost    = 30 * 24 * time.Hour // and one that is used ends at last
	TicketLife     = time.Minute
	TicketLifeMost = time.Hour        // of tickets made in bulk
	touchEvery     = 5 * time.Minute  // how often a session's use is written down, at most
	warnBefore     = 10 * time.Minute // how long before its end a page warns, at most
	touchKeyEvery  = time.Minute      // and an API key's
	sweepEvery     = time.Minute
	stopTime       = 2 * time.Second
)

// A hall comes at once: its tickets are made, and used up, in batches.
const (
	maxTickets = 512
	pace       = 10 * time.Millisecond
)

// Store is what the service needs of the store; its errors are documented there.
type Store interface {
	Organisations(ctx context.Context, limit int) ([]domain.Organisation, error)
	Organisation(ctx context.Context, id domain.OrganisationID) (domain.Organisation, error)
	OrganisationBySlug(ctx context.Context, slug string) (domain.Organisation, error)
	Person(ctx context.Context, org domain.OrganisationID, id domain.PersonID) (domain.Person, error)
	PersonByNo(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) (domain.Person, error)
	PersonByLogin(ctx context.Context, org domain.OrganisationID, login string) (domain.Person, string, error)
	SignInOf(ctx context.Context, slug, login string) (domain.Person, string, error)
	PeopleByLogin(ctx context.Context, org domain.OrganisationID, logins []string) (map[string]domain.Person, error)
	PeopleByExternalID(ctx context.Context, org domain.OrganisationID, ids []string) (map[string]domain.Person, error)
	ScopesOf(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) ([]domain.Scope, error)

	StartSession(ctx context.Context, actor domain.Actor, n domain.Session, tokenHash []byte) (*journal.Entry, error)
	SessionByToken(ctx context.Context, tokenHash []byte) (domain.Session, error)
	TouchSession(ctx context.Context, org domain.OrganisationID, id string, seen, expires time.Time) error
	EndSession(ctx context.Context, actor domain.Actor, id, reason string) ([]*journal.Entry, error)
	EndSessionsOf(ctx context.Context, actor domain.Actor, no domain.PersonNo, reason string) ([]*journal.Entry, error)
	SetPassword(ctx context.Context, actor domain.Actor, no domain.PersonNo, hash string) ([]*journal.Entry, error)
	InTestUntil(ctx context.Context, org domain.OrganisationID, no domain.PersonNo, at time.Time) (time.Time, error)
	RecordSignInsFailed(ctx context.Context, actor domain.Actor, p journal.SignInsFailed) (*journal.Entry, error)

	AddTickets(ctx context.Context, org domain.OrganisationID, now time.Time, tickets []domain.Ticket) error
	MakeTickets(ctx context.Context, actor domain.Actor, now time.Time, tickets []domain.Ticket) ([]*journal.Entry, error)
	Redemptions(ctx context.Context, hashes [][]byte) ([]*domain.Redemption, error)
	UseTickets(ctx context.Context, hashes [][]byte, now time.Time) ([]bool, error)

	AddAPIKey(ctx context.Context, actor domain.Actor, k domain.APIKey, secretHash []byte) (*journal.Entry, error)
	APIKeyBySecret(ctx context.Context, secretHash []byte) (domain.APIKey, error)
	APIKeys(ctx context.Context, org domain.OrganisationID) ([]domain.APIKey, error)
	RevokeAPIKey(ctx context.Context, actor domain.Actor, id string) (*journal.Entry, error)
	TouchAPIKey(ctx context.Context, org domain.OrganisationID, id string, at time.Time) error

	EndExpiredAPIKeys(ctx context.Context, before time.Time) ([]*journal.Entry, error)
	SweepSessions(ctx context.Context, before time.Time) ([]*journal.Entry, error)
	SweepTickets(ctx context.Context, before time.Time) error
}

// Deps are what a Service is made of. Store, Hasher and Clock are needed.
type Deps struct {
	Store  Store
	Hasher *auth.Hasher
	Clock  clock.Clock
	Log    zerolog.Logger // for what has no caller to be returned to
	// SessionLength is after how long without use a session ends. Zero means SessionIdle.
	SessionLength time.Duration
	// Limits bound the tickets of one request. Zero means domain.DefaultLimits.
	Limits domain.Limits
	// Secret is the database's: known devices are marked under a key derived from it.
	Secret []byte
}

// Service signs people in. Safe for concurrent use.
type Service struct {
	store     Store
	hasher    *auth.Hasher
	clock     clock.Clock
	log       zerolog.Logger
	idle      time.Duration
	limits    domain.Limits
	cache     cache
	guard     *guard
	failures  failures
	devices   devices
	adding    *batch.Batcher[domain.OrganisationID, domain.Ticket, struct{}]
	redeeming *batch.Batcher[struct{}, []byte, redeemed]

	mu   sync.Mutex
	stop context.CancelFunc // of the sweeping that runs, else nil; guarded by mu
	done chan struct{}      // closed when it has ended; guarded by mu
}

// New makes a service.
func New(d Deps) *Service {
	if d.SessionLength <= 0 {
		d.SessionLength = SessionIdle
	}
	if d.Limits.Items <= 0 {
		d.Limits = domain.DefaultLimits
	}
	s := &Service{store: d.Store, hasher: d.Hasher, clock: d.Clock, log: d.Log, idle: d.SessionLength, limits: d.Limits,
		guard: newGuard(d.Clock), devices: newDevices(d.Secret)}
	s.adding = batch.New(batch.Options{Max: maxTickets, Pace: pace}, s.add)
	s.redeeming = batch.New(batch.Options{Max: maxTickets, Pace: pace}, s.redeem)
	return s
}

// notIn is the one answer to whoever cannot prove who they are.
func notIn(err error) error {
	return fault.Wrap(err, fault.Unauthenticated, "you are not signed in, or your sign-in has ended")
}
