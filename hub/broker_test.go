package hub_test

import (
	"context"
	"log"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"crier/hub"
	"crier/hub/brokertest"
	"crier/internal/testkit"
)

func TestLocal(t *testing.T) {
	brokertest.Run(t, func(*testing.T) hub.Broker { return hub.NewLocal() })
}

// TestLocalForgetsWhatASlowHandlerDoesNotTake, as Redis does, rather than wait.
func TestLocalForgetsWhatASlowHandlerDoesNotTake(t *testing.T) {
	b := hub.NewLocal()
	stuck := stuckHandler{entered: make(chan struct{}), leave: make(chan struct{})}
	b.Subscribe("c", stuck)
	<-stuck.entered
	began := time.Now()
	for range 5000 {
		if err := b.Publish(t.Context(), "c", []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("publishing took %v", took)
	}
	close(stuck.leave)
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

type stuckHandler struct{ entered, leave chan struct{} }

func (s stuckHandler) Subscribed()    { close(s.entered); <-s.leave }
func (s stuckHandler) Message([]byte) {}
func (s stuckHandler) Lost(error)     {}

func openRedis(addr string) *hub.Redis {
	return hub.NewRedis(redis.NewUniversalClient(hub.RedisOptions(&redis.UniversalOptions{Addrs: []string{addr}})))
}

// quietRedis keeps the client's complaints about dead servers out of the test's output.
func quietRedis(t *testing.T) {
	redis.SetLogger(silent{})
	t.Cleanup(func() { redis.SetLogger(loud{log.New(os.Stderr, "redis: ", 0)}) })
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

type loud struct{ *log.Logger }

func (l loud) Printf(_ context.Context, format string, args ...any) { l.Logger.Printf(format, args...) }

func TestRedis(t *testing.T) {
	addr := testkit.Redis(t)
	brokertest.Run(t, func(*testing.T) hub.Broker { return openRedis(addr) })
}

func TestRedisJoinsNodes(t *testing.T) {
	addr := testkit.Redis(t)
	a, b := openRedis(addr), openRedis(addr)
	defer closing(t, a)
	defer closing(t, b)
	channel := brokertest.Channel()
	ear, _ := brokertest.Listen(t, a, channel)
	if err := b.Publish(t.Context(), channel, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if got := ear.Next(); got != "hello" {
		t.Errorf("heard %q", got)
	}
}

func closing(t *testing.T, b hub.Broker) {
	t.Helper()
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// TestRedisComesBack: a subscription whose server dies is lost, and stands again by itself.
func TestRedisComesBack(t *testing.T) {
	quietRedis(t)
	server := testkit.StartRedis(t)
	b := openRedis(server.Addr())
	defer closing(t, b)
	channel := brokertest.Channel()
	ear, _ := brokertest.Listen(t, b, channel)
	for range 2 {
		server.Kill()
		select {
		case err := <-ear.Lost:
			if err == nil {
				t.Error("lost without a reason")
			}
		case <-time.After(brokertest.Patience):
			t.Fatal("the server is dead and the subscription does not say so")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		began := time.Now()
		if err := b.Publish(ctx, channel, []byte("lost")); err == nil {
			t.Error("published to a dead server")
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("a publish of 500 ms took %v", took)
		}
		cancel()
		server.Start()
		ear.Await(ear.Subscribed, "the subscription to stand again")
		testkit.Eventually(t, brokertest.Patience, "publish again", func() error {
			return b.Publish(t.Context(), channel, []byte("back"))
		})
		if got := ear.Next(); got != "back" {
			t.Errorf("heard %q", got)
		}
		for ear.Heard() > 0 { // a publish may have been answered late and been repeated
			ear.Next()
		}
		for len(ear.Lost) > 0 { // each try while it was dead
			<-ear.Lost
		}
	}
}

// TestRedisThatIsStopped neither answers nor closes anything.
func TestRedisThatIsStopped(t *testing.T) {
	quietRedis(t)
	server := testkit.StartRedis(t)
	warm, cold := openRedis(server.Addr()), openRedis(server.Addr())
	channel := brokertest.Channel()
	ear, sub := brokertest.Listen(t, warm, channel)
	if err := warm.Publish(t.Context(), channel, []byte("x")); err != nil {
		t.Fatal(err)
	}
	ear.Next()
	server.Pause()
	within := func(limit time.Duration, what string, f func()) {
		t.Helper()
		began := time.Now()
		f()
		if took := time.Since(began); took > limit {
			t.Errorf("%s took %v, not at most %v", what, took, limit)
		}
	}
	for name, b := range map[string]hub.Broker{"with a connection": warm, "without": cold} {
		for range 3 {
			within(1500*time.Millisecond, "a publish of 500 ms "+name, func() {
				ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
				defer cancel()
				if err := b.Publish(ctx, channel, []byte("x")); err == nil {
					t.Error("a stopped server took a message")
				}
			})
		}
	}
	late := brokertest.NewEar(t)
	lateSub := cold.Subscribe(channel, late.Handler()) // returns at once
	within(3*time.Second, "closing a subscription that stands", sub.Close)
	within(3*time.Second, "closing one that does not", lateSub.Close)
	warm.Subscribe(channel, brokertest.NewEar(t).Handler())
	within(3*time.Second, "closing the broker", func() { closing(t, warm) })
	within(3*time.Second, "closing the other", func() { closing(t, cold) })
	server.Resume()
}

// TestHubsOverRedis: two nodes go on, from the journal, while Redis is stopped, killed and
// away, and by the doorbell again afterwards.
func TestHubsOverRedis(t *testing.T) {
	quietRedis(t)
	server := testkit.StartRedis(t)
	j := newJournal()
	var hubs [2]*hub.Hub
	for i := range hubs {
		b := openRedis(server.Addr())
		defer closing(t, b)
		hubs[i] = hub.New(hub.Options{
			Node: string(rune('a' + i)), Epoch: "e", Key: nodesKey, Compare: 100 * time.Millisecond, Heartbeat: 50 * time.Millisecond, Deaf: 500 * time.Millisecond,
		}, j, j, plain{}, b)
		hubs[i].Start()
		defer hubs[i].Stop()
	}
	s := newScreen(acme, 1, 0)
	s.conn = hubs[0].Attach(s, hub.Identity{Org: acme, Person: 1, Stream: true}, 0, false)
	defer s.conn.Detach()
	send := func(when string) {
		t.Helper()
		hubs[1].Committed(acme, j.append(acme, sending{People: []int64{1}}))
		testkit.Eventually(t, brokertest.Patience, "a message "+when, func() error {
			return (&world{journal: j}).complete(s, 0)
		})
	}
	degraded := func(want bool) {
		t.Helper()
		testkit.Eventually(t, brokertest.Patience, "degraded or not", func() error {
			for _, h := range hubs {
				if st := h.Stats(); st.Degraded != want {
					return &degradedError{st}
				}
			}
			return nil
		})
	}
	send("in good order")
	degraded(false)
	server.Pause()
	send("while Redis is stopped")
	degraded(true)
	server.Resume()
	degraded(false)
	server.Kill()
	send("while Redis is dead")
	degraded(true)
	server.Start()
	degraded(false)
	send("after all")
}

type degradedError struct{ hub.Stats }

func (e *degradedError) Error() string {
	if e.Degraded {
		return "degraded"
	}
	return "not degraded"
}
