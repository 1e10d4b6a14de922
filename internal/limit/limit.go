// Package limit bounds how often one person or API key may do something: on one node, or on
// all nodes together through Redis. A budget is a token bucket: Burst at once, then one more
// per Every.
package limit

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"crier/internal/clock"
	"crier/internal/domain"
)

// Budget is how often somebody may do one kind of thing.
type Budget struct {
	Name  string // a part of the key in Redis
	Every time.Duration
	Burst int
	// Shared budgets hold across nodes. Others hold on each node: for what is cheap and frequent.
	Shared bool
}

// The budgets.
var (
	Sendings = Budget{Name: "sendings", Every: 2 * time.Second, Burst: 5, Shared: true}  // of each sender
	Messages = Budget{Name: "messages", Every: time.Second / 5, Burst: 10, Shared: true} // of each candidate
	Tickets  = Budget{Name: "tickets", Every: time.Second, Burst: 30, Shared: true}      // of each person
	Reads    = Budget{Name: "reads", Every: time.Second / 20, Burst: 300, Shared: false} // of each candidate
)

// Limiter takes from budgets. Implementations are safe for concurrent use.
type Limiter interface {
	// Take takes one from who's budget. If nothing is left, after is when to come again.
	Take(b Budget, org domain.OrganisationID, who string) (ok bool, after time.Duration)
}

// Allower is one budget of a limiter: what services ask.
type Allower struct {
	limiter Limiter
	budget  Budget
}

// For returns one budget of a limiter.
func For(l Limiter, b Budget) Allower { return Allower{l, b} }

// Allow takes one from who's budget. If nothing is left, after is when to come again.
func (a Allower) Allow(org domain.OrganisationID, who string) (ok bool, after time.Duration) {
	return a.limiter.Take(a.budget, org, who)
}

// Unlimited allows everything: for measuring.
type Unlimited struct{}

// Allow implements what services ask for.
func (Unlimited) Allow(domain.OrganisationID, string) (bool, time.Duration) { return true, 0 }

// Local keeps budgets in this process. It remembers only those that are not full.
type Local struct {
	clock clock.Clock

	mu      sync.Mutex
	buckets map[key]*rate.Limiter
	swept   time.Time
}

type key struct {
	budget string
	org    domain.OrganisationID
	who    string
}

// sweepEvery is how often full budgets are forgotten.
const sweepEvery = 10 * time.Second

// NewLocal makes a limiter whose time is that of c.
func NewLocal(c clock.Clock) *Local { return &Local{clock: c, buckets: map[key]*rate.Limiter{}} }

// Take implements Limiter.
func (l *Local) Take(b Budget, org domain.OrganisationID, who string) (bool, time.Duration) {
	now := l.clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.swept) > sweepEvery {
		l.swept = now
		for k, bucket := range l.buckets {
			if bucket.TokensAt(now) >= float64(bucket.Burst()) {
				delete(l.buckets, k)
			}
		}
	}
	k := key{b.Name, org, who}
	bucket := l.buckets[k]
	if bucket == nil {
		bucket = rate.NewLimiter(rate.Every(b.Every), b.Burst)
		l.buckets[k] = bucket
	}
	r := bucket.ReserveN(now, 1)
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return false, wait
	}
	return true, 0
}
