package hub

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis is the broker between processes: sharded pub/sub of Redis 7 or later, alone, behind
// Sentinel, or as a Cluster.
type Redis struct {
	client redis.UniversalClient

	ctx    context.Context
	cancel context.CancelFunc
	subs   sync.WaitGroup
}

// NewRedis makes a broker over a client. The client's dial, read and write time-outs should be
// about a second and its retries off; see RedisOptions. Close closes the client.
func NewRedis(client redis.UniversalClient) *Redis {
	r := &Redis{client: client}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// RedisOptions sets the time-outs that a doorbell wants: it is better lost than late.
func RedisOptions(o *redis.UniversalOptions) *redis.UniversalOptions {
	o.DialTimeout = time.Second
	o.ReadTimeout = time.Second
	o.WriteTimeout = time.Second
	o.PoolTimeout = time.Second
	o.MaxRetries = -1
	o.ContextTimeoutEnabled = true
	return o
}

// Publish sends payload by SPUBLISH.
func (r *Redis) Publish(ctx context.Context, channel string, payload []byte) error {
	return r.client.SPublish(ctx, channel, payload).Err()
}

type redisSub struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// Subscribe hears the channel by SSUBSCRIBE. It reads without pause, since Redis
// forgets what a slow subscriber does not take.
func (r *Redis) Subscribe(channel string, h Handler) Subscription {
	ctx, cancel := context.WithCancel(r.ctx)
	s := &redisSub{cancel: cancel, done: make(chan struct{})}
	r.subs.Go(func() {
		defer close(s.done)
		for ctx.Err() == nil {
			err := r.listen(ctx, channel, h)
			if ctx.Err() != nil {
				return
			}
			h.Lost(err)
			select {
			case <-ctx.Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
	})
	return s
}

// listen serves one subscription until it breaks. Each has a connection of its own, so
// that closing it frees a reader that hangs on a dead network.
func (r *Redis) listen(ctx context.Context, channel string, h Handler) error {
	ps := r.client.SSubscribe(ctx, channel)
	stop := context.AfterFunc(ctx, func() { _ = ps.Close() })
	defer func() {
		stop()
		_ = ps.Close()
	}()
	for {
		// No read time-out: the lane above listens for its own heartbeat.
		m, err := ps.ReceiveTimeout(ctx, 0)
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *redis.Subscription:
			if m.Kind != "ssubscribe" {
				return errors.New("hub: unsubscribed by Redis")
			}
			h.Subscribed()
		case *redis.Message:
			h.Message([]byte(m.Payload))
		}
	}
}

// Close ends the subscription.
func (s *redisSub) Close() {
	s.cancel()
	<-s.done
}

// Close ends all subscriptions and the client.
func (r *Redis) Close() error {
	r.cancel()
	r.subs.Wait()
	return r.client.Close()
}
