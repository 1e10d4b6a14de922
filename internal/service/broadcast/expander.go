package broadcast

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/domain"
	"crier/internal/failpoint"
	"crier/internal/journal"
)

// Expander makes the message rows of sendings shortly after their COMMIT, so that
// readers seldom have to. It waits a moment first: the screens come before the
// rows. Kicks of one organisation are joined. It is a convenience, not a promise:
// what it misses, the next reader does.
type Expander struct {
	expand func(context.Context, domain.OrganisationID) error
	linger time.Duration
	log    zerolog.Logger

	mu      sync.Mutex
	waiting map[domain.OrganisationID]bool // guarded by mu
	wake    chan struct{}                  // holds one token while waiting is not empty
	cancel  context.CancelFunc             // guarded by mu; nil when stopped
	done    chan struct{}                  // guarded by mu
}

// NewExpander makes an expander around store.Expand. linger is how long it waits
// after the first kick; 0 means 500 ms: sendings of one moment move each conversation once.
func NewExpander(expand func(context.Context, domain.OrganisationID) error, linger time.Duration, log zerolog.Logger) *Expander {
	if linger <= 0 {
		linger = 500 * time.Millisecond
	}
	return &Expander{expand: expand, linger: linger, log: log, waiting: map[domain.OrganisationID]bool{}, wake: make(chan struct{}, 1)}
}

// Entry hears of sendings. It does not wait.
func (x *Expander) Entry(e *journal.Entry) { x.Kick(e.Organisation) }

// Kick notes that the organisation has something to expand. It never blocks.
func (x *Expander) Kick(org domain.OrganisationID) {
	x.mu.Lock()
	x.waiting[org] = true
	x.mu.Unlock()
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// Start begins working until Stop or the end of ctx. Starting twice does nothing.
func (x *Expander) Start(ctx context.Context) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.cancel != nil {
		return
	}
	ctx, x.cancel = context.WithCancel(ctx)
	x.done = make(chan struct{})
	go x.run(ctx, x.done)
}

// Stop ends the work and waits for it. Stopping twice does nothing.
func (x *Expander) Stop() {
	x.mu.Lock()
	cancel, done := x.cancel, x.done
	x.cancel = nil
	x.mu.Unlock()
	if cancel != nil {
		cancel()
		<-done
	}
}

func (x *Expander) run(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	const slowest = 5 * time.Second
	backOff := time.Duration(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-x.wake:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(x.linger + backOff):
		}
		if x.pass(ctx) {
			backOff = 0
		} else {
			backOff = min(max(2*backOff, x.linger), slowest)
		}
	}
}

// pass expands every waiting organisation; those that fail wait again.
func (x *Expander) pass(ctx context.Context) (ok bool) {
	x.mu.Lock()
	now := x.waiting
	x.waiting = map[domain.OrganisationID]bool{}
	x.mu.Unlock()
	ok = true
	for org := range now {
		failpoint.Hit(failpoint.BeforeExpand)
		if err := x.expand(ctx, org); err != nil && ctx.Err() == nil {
			x.log.Warn().Err(err).Int64("organisation", int64(org)).Msg("messages could not be made of sendings; trying again")
			x.Kick(org)
			ok = false
		}
	}
	return ok
}
