// Package conversation is the use-case of staff and one candidate writing to each
// other: sending and replying, the timeline with its notes and marks, who has claimed
// it, and what of all that is told live. Each method checks the actor's permission first,
// then asks the store; whatever depends on the moment is decided under the journal's lock.
package conversation

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/clock"
	"crier/internal/cursor"
	"crier/internal/domain"
)

// Store is what this service needs of the database; each file names its own part.
type Store interface {
	sendStore
	timelineStore
	noteStore
	markStore
	claimStore
	wakeStore
}

// Presence says who is connected: advice, never a reason not to deliver. lastSeen
// is zero when not known.
type Presence interface {
	Presence(org domain.OrganisationID, no domain.PersonNo) (p domain.Presence, lastSeen time.Time)
}

// Limiter bounds how often one candidate may write. Allow takes one message from the
// writer's budget, or says when to come again.
type Limiter interface {
	Allow(org domain.OrganisationID, writer string) (ok bool, retryAfter time.Duration)
}

// Options are what a Service is made of. All but Batch and Read are needed.
type Options struct {
	Store    Store
	Presence Presence
	Sealer   *cursor.Sealer
	Clock    clock.Clock
	Log      zerolog.Logger
	Limits   domain.Limits
	Limiter  Limiter // of candidates
	// CheckReach refuses what would reach nobody; nil asks nobody. Errors: Invalid (channels), Unavailable.
	CheckReach func(ctx context.Context, actor domain.Actor, group domain.GroupID, people []domain.PersonID, channels []domain.Channel) error
	Batch      int // how many messages one transaction holds at most; 0 means 128
	// Read is called after a staff member has read conversations, or marked them unread: it
	// tells their other pages. It must not block.
	Read func(org domain.OrganisationID, staff domain.PersonNo, people []domain.PersonID, unread bool)
}

// Service is safe for concurrent use. Stop it when nobody calls it any more.
type Service struct {
	o       Options
	batches *Batcher
}

// New makes the service.
func New(o Options) *Service {
	return &Service{o: o, batches: NewBatcher(o.Store.SendMessages, o.Batch)}
}

// Stop ends what is being written, and returns when it has ended or ctx has.
func (s *Service) Stop(ctx context.Context) error { return s.batches.Stop(ctx) }

// itemID names what stands in a conversation for staff.
func (s *Service) itemID(org domain.OrganisationID, offset int64) domain.ItemID {
	return domain.ItemID(s.o.Sealer.Seal(int64(org), 0, offset))
}
