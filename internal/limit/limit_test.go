package limit_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"crier/internal/clock"
	"crier/internal/limit"
	"crier/internal/testkit"
)

const north, south = 1, 2

func TestLocal(t *testing.T) {
	c := clock.NewFixed(time.Now())
	l := limit.NewLocal(c)
	b := limit.Budget{Name: "b", Every: 2 * time.Second, Burst: 3}
	take := func(b limit.Budget, who string, want int) {
		t.Helper()
		for i := range want + 1 {
			if ok, after := l.Take(b, north, who); ok != (i < want) || !ok && (after <= 0 || after > b.Every) {
				t.Fatalf("number %d: %v, come again after %v", i+1, ok, after)
			}
		}
	}
	take(b, "anna", 3)
	take(b, "berit", 3)
	take(limit.Budget{Name: "other", Every: time.Second, Burst: 1}, "anna", 1)
	if ok, _ := l.Take(b, south, "anna"); !ok {
		t.Error("another organisation's budget is used")
	}
	c.Advance(4 * time.Second)
	take(b, "anna", 2)
	c.Advance(time.Minute)
	take(b, "anna", 3)
}

func overRedis(t *testing.T, addr string) *limit.Redis {
	t.Helper()
	l := limit.NewRedis(&redis.UniversalOptions{Addrs: []string{addr}}, "test", clock.System{})
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// TestAcrossNodes: two nodes spend one budget.
func TestAcrossNodes(t *testing.T) {
	server := testkit.StartRedis(t)
	a, b := overRedis(t, server.Addr()), overRedis(t, server.Addr())
	budget := limit.Budget{Name: "b", Every: time.Hour, Burst: 6, Shared: true}
	allowed := 0
	for range 5 {
		for _, l := range []limit.Limiter{a, b} {
			// A call that fails leaves this node alone for a while: only a machine without a free core.
			if ok, _ := l.Take(budget, north, "anna"); ok {
				allowed++
			}
		}
	}
	if a.Failures()+b.Failures() > 0 {
		t.Skip("Redis did not answer within 50 ms on this machine")
	}
	if allowed != 6 {
		t.Errorf("%d were allowed on two nodes, not 6", allowed)
	}
	if ok, after := a.Take(budget, north, "anna"); ok || after <= 0 || after > time.Hour {
		t.Errorf("%v, come again after %v", ok, after)
	}
	budget.Shared = false
	if ok, _ := a.Take(limit.Budget{Name: "mine", Every: time.Hour, Burst: 1}, north, "anna"); !ok {
		t.Error("a budget that is not shared is spent elsewhere")
	}
}

// TestRedisAway: a Redis that is frozen, dead or spoiled keeps nobody, and nobody waits for it.
func TestRedisAway(t *testing.T) {
	redis.SetLogger(silent{})
	budget := limit.Budget{Name: "b", Every: time.Hour, Burst: 50, Shared: true}
	for name, fail := range map[string]func(*testkit.RedisServer){
		"frozen": func(s *testkit.RedisServer) { s.Pause() },
		"dead":   func(s *testkit.RedisServer) { s.Kill() },
	} {
		t.Run(name, func(t *testing.T) {
			server := testkit.StartRedis(t)
			warm, cold := overRedis(t, server.Addr()), overRedis(t, server.Addr())
			warm.Take(budget, north, "anna")
			fail(server)
			if name == "frozen" {
				defer server.Resume()
			}
			for what, l := range map[string]*limit.Redis{"with a connection": warm, "without": cold} {
				began := time.Now()
				for range 20 {
					if ok, _ := l.Take(budget, north, "anna"); !ok {
						t.Errorf("%s: refused", what)
					}
				}
				if took := time.Since(began); took > time.Second {
					t.Errorf("%s: 20 calls took %v", what, took)
				}
				if l.Failures() == 0 {
					t.Errorf("%s: it is not known that Redis is away", what)
				}
				for range 50 { // the budget of this node alone holds
					_, _ = l.Take(budget, north, "anna")
				}
				if ok, _ := l.Take(budget, north, "anna"); ok {
					t.Errorf("%s: without any bound", what)
				}
			}
		})
	}
}

// TestSpoiled: somebody else has written to Redis.
func TestSpoiled(t *testing.T) {
	server := testkit.StartRedis(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer func() {
		if err := errors.Join(client.Close()); err != nil {
			t.Error(err)
		}
	}()
	budget := limit.Budget{Name: "b", Every: time.Second, Burst: 5, Shared: true}
	for _, value := range []string{"99999999999", "no number"} {
		if err := client.Set(t.Context(), "rate:crier:test:b:1:anna", value, 0).Err(); err != nil {
			t.Fatal(err)
		}
		if ok, after := overRedis(t, server.Addr()).Take(budget, north, "anna"); !ok {
			t.Errorf("%q: refused for %v", value, after)
		}
	}
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}
