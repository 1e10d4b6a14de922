package hub_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"

	"crier/hub"
)

// hostile is a broker that drops, doubles, holds back and reorders messages, and on request
// delivers nothing, refuses or hangs.
type hostile struct {
	*hub.Local
	dropped, doubled, held int // percent

	mu       sync.Mutex
	rand     *rand.Rand
	subs     map[*hostileSub]struct{}
	deaf     bool          // new subscriptions deliver nothing
	refuses  bool          // Publish fails
	hangs    chan struct{} // Publish waits for it; nil: it does not
	deafened map[*hostileSub]struct{}
}

func newHostile(seed uint64, dropped, doubled, held int) *hostile {
	return &hostile{
		Local: hub.NewLocal(), dropped: dropped, doubled: doubled, held: held, rand: rand.New(rand.NewPCG(seed, 0)),
		subs: map[*hostileSub]struct{}{}, deafened: map[*hostileSub]struct{}{},
	}
}

// deafen makes all subscriptions deliver nothing; with forever, new ones too.
func (b *hostile) deafen(forever bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.deaf = forever
	for s := range b.subs {
		b.deafened[s] = struct{}{}
	}
}

// hear lets new subscriptions deliver again.
func (b *hostile) hear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.deaf = false
}

func (b *hostile) refuse(refuse bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuses = refuse
}

func (b *hostile) hang(hang bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if hang {
		b.hangs = make(chan struct{})
	} else {
		close(b.hangs)
		b.hangs = nil
	}
}

func (b *hostile) Publish(ctx context.Context, channel string, payload []byte) error {
	b.mu.Lock()
	refuses, hangs := b.refuses, b.hangs
	b.mu.Unlock()
	if refuses {
		return errors.New("refused")
	}
	if hangs != nil {
		select {
		case <-hangs:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return b.Local.Publish(ctx, channel, payload)
}

func (b *hostile) Subscribe(channel string, h hub.Handler) hub.Subscription {
	s := &hostileSub{Handler: h, broker: b}
	b.mu.Lock()
	b.subs[s] = struct{}{}
	if b.deaf {
		b.deafened[s] = struct{}{}
	}
	b.mu.Unlock()
	s.Subscription = b.Local.Subscribe(channel, s)
	return s
}

// hostileSub stands between a subscription and its handler.
type hostileSub struct {
	hub.Handler
	hub.Subscription
	broker *hostile
	held   [][]byte // delivered some time after a later one; owned by the subscription's goroutine
}

func (s *hostileSub) Close() {
	s.broker.mu.Lock()
	delete(s.broker.subs, s)
	s.broker.mu.Unlock()
	s.Subscription.Close()
}

func (s *hostileSub) Message(p []byte) {
	b := s.broker
	b.mu.Lock()
	_, deaf := b.deafened[s]
	drop, double, hold := b.rand.IntN(100) < b.dropped, b.rand.IntN(100) < b.doubled, b.rand.IntN(100) < b.held
	b.rand.Shuffle(len(s.held), func(i, j int) { s.held[i], s.held[j] = s.held[j], s.held[i] })
	release := b.rand.IntN(len(s.held) + 1)
	b.mu.Unlock()
	switch {
	case deaf || drop:
		return
	case hold:
		s.held = append(s.held, p)
		return
	}
	s.Handler.Message(p)
	if double {
		s.Handler.Message(p)
	}
	for range release {
		s.Handler.Message(s.held[0])
		s.held = s.held[1:]
	}
}
