package hub

import (
	"context"
	"errors"
	"sync"
)

// ErrClosed is returned by a broker after Close.
var ErrClosed = errors.New("hub: broker closed")

// Local is the in-process broker: it joins the hubs of one process.
type Local struct {
	mu     sync.Mutex
	subs   map[string]map[*localSub]struct{}
	closed bool
}

// NewLocal makes an in-process broker.
func NewLocal() *Local { return &Local{subs: map[string]map[*localSub]struct{}{}} }

type localSub struct {
	broker  *Local
	channel string
	queue   chan []byte
	stop    chan struct{}
	done    chan struct{}
	once    sync.Once
}

// Publish hands payload to the subscribers. One that is 1024 messages behind loses
// it, as it would with Redis.
func (l *Local) Publish(_ context.Context, channel string, payload []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	for s := range l.subs[channel] {
		select {
		case s.queue <- append([]byte(nil), payload...):
		default:
		}
	}
	return nil
}

// Subscribe starts hearing the channel.
func (l *Local) Subscribe(channel string, h Handler) Subscription {
	s := &localSub{broker: l, channel: channel, queue: make(chan []byte, 1024), stop: make(chan struct{}), done: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		close(s.done)
		return s
	}
	if l.subs[channel] == nil {
		l.subs[channel] = map[*localSub]struct{}{}
	}
	l.subs[channel][s] = struct{}{}
	go func() {
		defer close(s.done)
		h.Subscribed()
		for {
			select {
			case <-s.stop:
				return
			case p := <-s.queue:
				h.Message(p)
			}
		}
	}()
	return s
}

// Close ends the subscription.
func (s *localSub) Close() {
	s.once.Do(func() {
		s.broker.mu.Lock()
		delete(s.broker.subs[s.channel], s)
		if len(s.broker.subs[s.channel]) == 0 {
			delete(s.broker.subs, s.channel)
		}
		s.broker.mu.Unlock()
		close(s.stop)
	})
	<-s.done
}

// Close ends all subscriptions.
func (l *Local) Close() error {
	l.mu.Lock()
	l.closed = true
	var all []*localSub
	for _, m := range l.subs {
		for s := range m {
			all = append(all, s)
		}
	}
	l.mu.Unlock()
	for _, s := range all {
		s.Close()
	}
	return nil
}
