package testkit

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// quiet drops what go-redis would print about servers that these tests take away.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func dial(t *testing.T, addr string) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1})
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestRedisIsShared(t *testing.T) {
	if first, second := Redis(t), Redis(t); first != second {
		t.Errorf("%s and %s", first, second)
	}
}

func TestRedisCarriesShardedChannels(t *testing.T) {
	c := dial(t, Redis(t))
	sub := c.SSubscribe(t.Context(), "testkit.sharded")
	defer func() { _ = sub.Close() }()
	if _, err := sub.Receive(t.Context()); err != nil { // the confirmation
		t.Fatal(err)
	}
	if err := c.SPublish(t.Context(), "testkit.sharded", "hello").Err(); err != nil {
		t.Fatal(err)
	}
	got, err := sub.ReceiveMessage(t.Context())
	if err != nil || got.Payload != "hello" {
		t.Errorf("got %v, %v", got, err)
	}
}

// A test that picks another database number to be alone would still hear everybody's messages.
func TestRedisChannelsAreGlobalToAllDatabases(t *testing.T) {
	addr := Redis(t)
	sub := dial(t, addr).Subscribe(t.Context(), "testkit.global")
	defer func() { _ = sub.Close() }()
	if _, err := sub.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := redis.NewClient(&redis.Options{Addr: addr, DB: 3})
	defer func() { _ = other.Close() }()
	if n, err := other.Publish(t.Context(), "testkit.global", "hello").Result(); err != nil || n != 1 {
		t.Errorf("%d received it, %v; want 1", n, err)
	}
}

func TestRedisLives(t *testing.T) {
	s := StartRedis(t)
	c := dial(t, s.Addr())
	for _, life := range []struct {
		name string
		end  func()
	}{{"stop", s.Stop}, {"kill", s.Kill}, {"kill while paused", func() { s.Pause(); s.Kill() }}} {
		if err := c.Set(t.Context(), "key", "value", 0).Err(); err != nil {
			t.Fatal(err)
		}
		life.end()
		if err := c.Ping(t.Context()).Err(); err == nil {
			t.Errorf("%s: a ping still succeeds", life.name)
		}
		s.Start()
		if err := c.Get(t.Context(), "key").Err(); !errors.Is(err, redis.Nil) {
			t.Errorf("after %s: %v, want an empty server", life.name, err)
		}
	}
}

func TestRedisTakesSettings(t *testing.T) {
	c := dial(t, StartRedis(t, "maxclients=33").Addr())
	got, err := c.ConfigGet(t.Context(), "maxclients").Result()
	if err != nil || got["maxclients"] != "33" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestPausedRedisAnswersNobody(t *testing.T) {
	s := StartRedis(t)
	c := dial(t, s.Addr())
	if err := c.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	s.Pause()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := s.ping(ctx); !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err) {
		t.Errorf("got %v, want a timeout", err)
	}
	s.Resume()
	Eventually(t, 10*time.Second, "answers again", func() error { return c.Ping(t.Context()).Err() })
}
