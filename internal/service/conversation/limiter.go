package conversation

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"crier/internal/clock"
	"crier/internal/domain"
)

// Budget of one candidate.
const (
	replyEvery = time.Second / 5
	replyBurst = 10
)

// Rate is the default Limiter: five messages a second for each candidate, and a burst of
// ten. It remembers only writers whose budget is not full. Safe for concurrent use.
type Rate struct {
	clock clock.Clock

	mu      sync.Mutex
	writers map[writerKey]*rate.Limiter // guarded by mu
	swept   time.Time                   // guarded by mu
}

type writerKey struct {
	org domain.OrganisationID
	id  string
}

// NewRate makes a limiter.
func NewRate(c clock.Clock) *Rate { return &Rate{clock: c, writers: map[writerKey]*rate.Limiter{}} }

// Allow implements Limiter.
func (r *Rate) Allow(org domain.OrganisationID, writer string) (bool, time.Duration) {
	now := r.clock.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.swept) > replyBurst*replyEvery {
		r.swept = now
		for k, l := range r.writers {
			if l.TokensAt(now) >= replyBurst {
				delete(r.writers, k)
			}
		}
	}
	k := writerKey{org, writer}
	l := r.writers[k]
	if l == nil {
		l = rate.NewLimiter(rate.Every(replyEvery), replyBurst)
		r.writers[k] = l
	}
	res := l.ReserveN(now, 1)
	if wait := res.DelayFrom(now); wait > 0 {
		res.CancelAt(now)
		return false, wait
	}
	return true, 0
}
