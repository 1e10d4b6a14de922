package broadcast

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"crier/internal/clock"
	"crier/internal/domain"
)

// Rate is the default Limiter: one sending per 2 s for each sender, and a burst of
// 5. It remembers only senders whose budget is not full. Safe for concurrent use.
type Rate struct {
	clock clock.Clock
	every time.Duration
	burst int

	mu      sync.Mutex
	senders map[senderKey]*rate.Limiter // guarded by mu
	swept   time.Time                   // guarded by mu
}

type senderKey struct {
	org domain.OrganisationID
	id  string
}

// NewRate makes a limiter with the default budget.
func NewRate(c clock.Clock) *Rate {
	return &Rate{clock: c, every: sendEvery, burst: sendBurst, senders: map[senderKey]*rate.Limiter{}}
}

// Allow implements Limiter.
func (r *Rate) Allow(org domain.OrganisationID, sender string) (bool, time.Duration) {
	now := r.clock.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sweep(now)
	k := senderKey{org, sender}
	l := r.senders[k]
	if l == nil {
		l = rate.NewLimiter(rate.Every(r.every), r.burst)
		r.senders[k] = l
	}
	res := l.ReserveN(now, 1)
	if wait := res.DelayFrom(now); wait > 0 {
		res.CancelAt(now)
		return false, wait
	}
	return true, 0
}

// sweep forgets senders whose budget is full again, once in a while.
func (r *Rate) sweep(now time.Time) {
	full := time.Duration(r.burst) * r.every
	if now.Sub(r.swept) < full {
		return
	}
	r.swept = now
	for k, l := range r.senders {
		if l.TokensAt(now) >= float64(r.burst) {
			delete(r.senders, k)
		}
	}
}

// Unlimited allows everything: for measuring.
type Unlimited struct{}

// Allow implements Limiter.
func (Unlimited) Allow(domain.OrganisationID, string) (bool, time.Duration) { return true, 0 }
