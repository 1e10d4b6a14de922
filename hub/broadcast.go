package hub

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// The few frames that the hub itself makes; internal/protocol/README.md describes them.
var (
	resyncFrame = NewFrame([]byte(`{"type":"resync"}`))
	caughtUp    = func() *Frame {
		const before, after = `{"type":"caught_up","cursor":"`, `"}`
		blank := fmt.Sprintf("%*s", CursorWidth, "")
		return NewMessage([]byte(before+blank+after), []int{len(before)}, 0)
	}()
)

// topicKey is a topic of one organisation.
type topicKey struct {
	org  int64
	name string
}

// topics says which connections listen to what.
type topics struct {
	mu        sync.RWMutex
	listeners map[topicKey]map[*Conn]struct{}
}

func (t *topics) add(c *Conn, names []string) {
	if len(names) == 0 {
		return
	}
	t.mu.Lock()
	for _, name := range names {
		k := topicKey{c.Org, name}
		if t.listeners[k] == nil {
			t.listeners[k] = map[*Conn]struct{}{}
		}
		t.listeners[k][c] = struct{}{}
	}
	t.mu.Unlock()
	c.mu.Lock()
	c.topics = append(c.topics, names...)
	closed := c.closed
	c.mu.Unlock()
	if closed {
		t.remove(c, names)
	}
}

func (t *topics) remove(c *Conn, names []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, name := range names {
		k := topicKey{c.Org, name}
		delete(t.listeners[k], c)
		if len(t.listeners[k]) == 0 {
			delete(t.listeners, k)
		}
	}
}

// Publish sends an event to the connections of this node that listen to the topic.
// Every node publishes for its own: events follow from entries, which all nodes see.
func (h *Hub) Publish(org int64, topic string, f *Frame) { h.PublishAny(org, []string{topic}, f) }

// PublishAny is Publish to those who listen to any of the topics, to each once.
func (h *Hub) PublishAny(org int64, topics []string, f *Frame) {
	for _, c := range h.topics.of(org, topics) {
		c.event(f)
	}
}

// Listening reports whether any connection of this node listens to any of the topics.
func (h *Hub) Listening(org int64, topics ...string) bool {
	h.topics.mu.RLock()
	defer h.topics.mu.RUnlock()
	for _, name := range topics {
		if len(h.topics.listeners[topicKey{org, name}]) > 0 {
			return true
		}
	}
	return false
}

// of returns the connections that listen to any of the topics, each once.
func (t *topics) of(org int64, names []string) []*Conn {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var conns []*Conn
	var seen map[*Conn]struct{} // only when there is more than one topic that somebody hears
	for _, name := range names {
		listeners := t.listeners[topicKey{org, name}]
		if len(listeners) == 0 {
			continue
		}
		if conns != nil && seen == nil {
			seen = make(map[*Conn]struct{}, len(conns)+len(listeners))
			for _, c := range conns {
				seen[c] = struct{}{}
			}
		}
		for c := range listeners {
			if _, twice := seen[c]; twice {
				continue
			}
			if seen != nil {
				seen[c] = struct{}{}
			}
			conns = append(conns, c)
		}
	}
	return conns
}

// Everyone sends a frame to every connection of this node.
func (h *Hub) Everyone(f *Frame) {
	for _, s := range h.shards {
		for _, c := range s.all() {
			c.inform(f)
		}
	}
}

// inform hands over a frame that concerns staff and candidates alike. Only staff
// can be told to re-read what they show.
func (c *Conn) inform(f *Frame) {
	if c.Stream {
		c.Send(f)
	} else {
		c.event(f)
	}
}

// Drain tells each connection when to come back, spread over the given time, and
// closes it; one that still arrives is told the same. New connections should no longer
// be accepted.
func (h *Hub) Drain(over time.Duration) {
	over = max(over, time.Millisecond)
	h.draining.Store(int64(over))
	for _, s := range h.shards {
		for _, c := range s.all() {
			c.bye(over)
		}
	}
}

func (c *Conn) bye(over time.Duration) {
	wait := 200*time.Millisecond + rand.N(over)
	c.inform(NewFrame(fmt.Appendf(nil, `{"type":"bye","reason":"drain","come_back_ms":%d}`, wait.Milliseconds())))
	c.Close(CloseDrain, "come back")
}

// Empty waits until no connection is left, or ctx ends.
func (h *Hub) Empty(ctx context.Context) {
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	for h.Stats().Connections > 0 {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// sweep sends beats and closes the silent, once a second.
func (h *Hub) sweep() {
	for h.sleep(time.Second) {
		now := h.now()
		text := NewFrame(fmt.Appendf(nil, `{"type":"beat","now":%q}`, now.Format(time.RFC3339Nano)))
		beat := append(h.pings.frame(now), text.b...)
		for _, s := range h.shards {
			s.sweep(now, beat)
		}
	}
}
