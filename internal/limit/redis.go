package limit

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"

	"crier/internal/clock"
	"crier/internal/domain"
)

// Redis keeps shared budgets in Redis, for all nodes together, and every budget in this process
// too. This process is asked first, so that a flood costs no call; it answers alone while Redis
// does not.
type Redis struct {
	local  *Local
	client redis.UniversalClient
	rate   *redis_rate.Limiter
	prefix string
	clock  clock.Clock
	again  atomic.Int64 // Unix nanoseconds until which Redis is not asked
	alone  atomic.Int64 // times that Redis was asked and did not answer
}

const (
	maxWait = 50 * time.Millisecond // how long a call to Redis may take
	pause   = 2 * time.Second       // how long Redis is left alone after one that failed
)

// NewRedis makes a limiter over Redis at o; the time-outs are set here. prefix separates
// databases. Close it.
func NewRedis(o *redis.UniversalOptions, prefix string, c clock.Clock) *Redis {
	own := *o
	own.DialTimeout, own.ReadTimeout, own.WriteTimeout, own.PoolTimeout = maxWait, maxWait, maxWait, maxWait
	own.MaxRetries, own.ContextTimeoutEnabled = -1, true
	client := redis.NewUniversalClient(&own)
	return &Redis{local: NewLocal(c), client: client, rate: redis_rate.NewLimiter(client), prefix: prefix, clock: c}
}

// Take implements Limiter. It never waits for more than about 50 ms.
func (r *Redis) Take(b Budget, org domain.OrganisationID, who string) (bool, time.Duration) {
	if ok, after := r.local.Take(b, org, who); !ok || !b.Shared {
		return ok, after
	}
	now := r.clock.Now()
	if now.UnixNano() < r.again.Load() {
		return true, 0
	}
	ctx, cancel := context.WithTimeout(context.Background(), maxWait)
	defer cancel()
	name := fmt.Sprintf("crier:%s:%s:%d:%s", r.prefix, b.Name, org, who)
	res, err := r.rate.Allow(ctx, name, redis_rate.Limit{Rate: 1, Period: b.Every, Burst: b.Burst})
	switch {
	case err != nil:
		r.alone.Add(1)
		r.again.Store(now.Add(pause).UnixNano())
		return true, 0
	// One who has used up a budget waits for Every at most. More was written by somebody else.
	case res.Allowed > 0 || res.RetryAfter <= 0 || res.RetryAfter > 2*b.Every:
		return true, 0
	}
	return false, res.RetryAfter
}

// Failures returns how often Redis did not answer and the budgets of this node alone held.
func (r *Redis) Failures() int64 { return r.alone.Load() }

// Close ends the connections to Redis.
func (r *Redis) Close() error { return r.client.Close() }
