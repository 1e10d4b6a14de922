// Package brokertest holds what every hub.Broker must do. Each implementation runs it.
package brokertest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"crier/hub"
)

// Patience is how long the suite waits for what must happen.
const Patience = 10 * time.Second

var channels atomic.Int64

// Channel returns a channel name that no other test of this process uses. A server may be
// shared with other processes, so the name holds the time too.
func Channel() string {
	return fmt.Sprintf("crier:test:%d:%d", time.Now().UnixNano(), channels.Add(1))
}

// Ear is a hub.Handler for tests: it keeps what it hears.
type Ear struct {
	t          testing.TB
	Subscribed chan struct{} // receives for each call of Subscribed, up to 100
	Lost       chan error    // receives for each call of Lost, up to 100
	messages   chan string
	running    atomic.Int32 // calls in progress
	deaf       atomic.Bool  // no call is allowed any more
}

// Listen subscribes a new Ear and waits until the subscription stands.
func Listen(t testing.TB, b hub.Broker, channel string) (*Ear, hub.Subscription) {
	t.Helper()
	e := NewEar(t)
	s := b.Subscribe(channel, e.Handler())
	e.Await(e.Subscribed, "the subscription to stand")
	return e, s
}

// NewEar makes an Ear that has not been subscribed.
func NewEar(t testing.TB) *Ear {
	return &Ear{t: t, Subscribed: make(chan struct{}, 100), Lost: make(chan error, 100), messages: make(chan string, 10_000)}
}

// Handler returns the Ear as the broker sees it.
func (e *Ear) Handler() hub.Handler { return handler{e} }

// Deaf fails the test if any method is called from now on.
func (e *Ear) Deaf() { e.deaf.Store(true) }

// Await waits for a signal.
func (e *Ear) Await(c <-chan struct{}, what string) {
	e.t.Helper()
	select {
	case <-c:
	case <-time.After(Patience):
		e.t.Fatalf("waited %v for %s", Patience, what)
	}
}

// Next returns the next message.
func (e *Ear) Next() string {
	e.t.Helper()
	select {
	case m := <-e.messages:
		return m
	case <-time.After(Patience):
		e.t.Fatalf("waited %v for a message", Patience)
		return ""
	}
}

// Heard returns how many messages wait to be taken by Next.
func (e *Ear) Heard() int { return len(e.messages) }

type handler struct{ ear *Ear }

// enter checks that calls come one at a time and none after Close.
func (h handler) enter() func() {
	if h.ear.running.Add(1) != 1 {
		h.ear.t.Error("two handler methods run at the same time")
	}
	if h.ear.deaf.Load() {
		h.ear.t.Error("a handler method was called after Close had returned")
	}
	return func() { h.ear.running.Add(-1) }
}

func (h handler) Subscribed() {
	defer h.enter()()
	select {
	case h.ear.Subscribed <- struct{}{}:
	default:
	}
}

func (h handler) Lost(err error) {
	defer h.enter()()
	select {
	case h.ear.Lost <- err:
	default:
	}
}

func (h handler) Message(p []byte) {
	defer h.enter()()
	h.ear.messages <- string(p)
	clear(p) // it is ours to keep, so ours to change
}

// Run runs the suite. open returns a new broker; the suite closes it. What it needs for all,
// such as a server, must run before, so that its goroutines are not taken for the broker's.
func Run(t *testing.T, open func(t *testing.T) hub.Broker) {
	tests := []struct {
		name string
		run  func(t *testing.T, b hub.Broker)
	}{
		{"every subscriber hears, the publisher included", everySubscriberHears},
		{"order of each publisher", orderOfEachPublisher},
		{"payloads", payloads},
		{"close of a subscription", closeSubscription},
		{"close of the broker", closeBroker},
		{"publish keeps to its context", publishContext},
		{"everything at once", everythingAtOnce},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			b := open(t)
			test.run(t, b)
			if err := b.Close(); err != nil && test.name != "close of the broker" {
				t.Errorf("close: %v", err)
			}
			goleak.VerifyNone(t, before)
		})
	}
}

func publish(t testing.TB, b hub.Broker, channel, payload string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	if err := b.Publish(ctx, channel, []byte(payload)); err != nil {
		t.Errorf("publish: %v", err)
	}
}

func everySubscriberHears(t *testing.T, b hub.Broker) {
	channel, other := Channel(), Channel()
	var ears []*Ear
	for range 3 {
		e, _ := Listen(t, b, channel)
		ears = append(ears, e)
	}
	stranger, _ := Listen(t, b, other)
	publish(t, b, channel, "one")
	publish(t, b, other, "two")
	for _, e := range ears {
		if got := e.Next(); got != "one" {
			t.Errorf("heard %q, not %q", got, "one")
		}
	}
	if got := stranger.Next(); got != "two" {
		t.Errorf("another channel heard %q, not %q", got, "two")
	}
	publish(t, b, Channel(), "to nobody")
	for _, e := range append(ears, stranger) {
		if n := e.Heard() + len(e.Subscribed) + len(e.Lost); n > 0 {
			t.Errorf("%d calls too many", n)
		}
	}
}

func orderOfEachPublisher(t *testing.T, b hub.Broker) {
	const publishers, each = 4, 200
	channel := Channel()
	first, _ := Listen(t, b, channel)
	second, _ := Listen(t, b, channel)
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() {
			for i := range each {
				publish(t, b, channel, fmt.Sprint(p, " ", i))
			}
		})
	}
	wg.Wait()
	for _, e := range []*Ear{first, second} {
		next := make([]int, publishers)
		for range publishers * each {
			var p, i int
			if _, err := fmt.Sscan(e.Next(), &p, &i); err != nil {
				t.Fatal(err)
			}
			if i != next[p] {
				t.Fatalf("publisher %d: message %d, not %d", p, i, next[p])
			}
			next[p]++
		}
	}
}

func payloads(t *testing.T, b hub.Broker) {
	channel := Channel()
	first, _ := Listen(t, b, channel)
	second, _ := Listen(t, b, channel) // the first clears what it is given; this one must not notice
	for _, p := range []string{"", "\x00\xff\r\n$5", strings.Repeat("x", 100_000)} {
		sent := []byte(p)
		if err := b.Publish(t.Context(), channel, sent); err != nil {
			t.Fatal(err)
		}
		clear(sent) // the caller's again
		for _, e := range []*Ear{first, second} {
			if got := e.Next(); got != p {
				t.Errorf("heard %.20q, not %.20q", got, p)
			}
		}
	}
}

func closeSubscription(t *testing.T, b hub.Broker) {
	channel := Channel()
	leaves, sub := Listen(t, b, channel)
	stays, _ := Listen(t, b, channel)
	var flood sync.WaitGroup
	flood.Go(func() {
		for i := range 300 {
			publish(t, b, channel, fmt.Sprint(i))
		}
	})
	for range 10 {
		leaves.Next()
	}
	sub.Close() // while messages arrive
	leaves.Deaf()
	sub.Close() // twice is once
	flood.Wait()
	publish(t, b, channel, "after")
	for range 300 {
		stays.Next()
	}
	if got := stays.Next(); got != "after" {
		t.Errorf("the other subscription heard %q", got)
	}
	again, _ := Listen(t, b, channel)
	publish(t, b, channel, "again")
	if got := again.Next(); got != "again" {
		t.Errorf("a new subscription heard %q", got)
	}
}

func closeBroker(t *testing.T, b hub.Broker) {
	channel := Channel()
	e, sub := Listen(t, b, channel)
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	e.Deaf()
	if err := b.Publish(t.Context(), channel, []byte("x")); err == nil {
		t.Error("published through a closed broker")
	}
	late := NewEar(t)
	late.Deaf()
	b.Subscribe(channel, late.Handler()).Close()
	b.Subscribe(channel, late.Handler()) // left open: it must leave nothing behind
	sub.Close()
}

func publishContext(t *testing.T, b hub.Broker) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	began := time.Now()
	_ = b.Publish(ctx, Channel(), []byte("x")) // it may or may not have been sent
	if took := time.Since(began); took > time.Second {
		t.Errorf("with a context that has ended, Publish took %v", took)
	}
}

// everythingAtOnce is for the race detector, and for what deadlocks.
func everythingAtOnce(t *testing.T, b hub.Broker) {
	names := []string{Channel(), Channel(), Channel()}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 20 {
				e := NewEar(t)
				s := b.Subscribe(names[i%3], e.Handler())
				publish(t, b, names[(i+1)%3], "x")
				s.Close()
				e.Deaf()
			}
		})
	}
	closed := slices.Repeat([]hub.Subscription{nil}, 5)
	for i := range closed {
		closed[i] = b.Subscribe(names[0], NewEar(t).Handler())
	}
	wg.Wait()
	for _, s := range closed {
		wg.Go(s.Close)
		wg.Go(s.Close)
	}
	wg.Wait()
}
