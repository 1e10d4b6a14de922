package hub

import (
	"encoding/json"
	"time"
)

// A signal is what is nobody's business in a minute: who types, who looks at what. It
// goes from hub to hub through the broker, into no journal and no database. It is dropped
// rather than kept waiting: when the broker is away, when too many wait, when a screen is
// slow.

const (
	signalBytes = 4 << 10         // the largest frame of a signal
	signalMost  = 64              // signals that may wait in one lane; beyond that they are dropped
	signalLife  = 2 * time.Second // one that has waited for longer is not sent any more
)

// Signal sends a frame to the connections of all nodes that listen to any of the topics,
// to each once. Here that is done when it returns; it never waits for other nodes.
// A frame of more than 4 KiB goes nowhere.
func (h *Hub) Signal(org int64, topics []string, f *Frame) {
	h.signal(letter{Org: org, Topics: topics}, f)
}

// SignalPerson is Signal to all connections of one person. It needs no topic: what a topic
// costs in memory would be spent on every idle candidate.
func (h *Hub) SignalPerson(org, person int64, f *Frame) {
	h.signal(letter{Org: org, Person: person}, f)
}

func (h *Hub) signal(m letter, f *Frame) {
	text := f.JSON()
	if len(text) > signalBytes || len(m.Topics) == 0 && m.Person == 0 {
		h.stats.signalsLost.Add(1)
		return
	}
	h.whisper(m, f)
	m.Kind, m.Frame = "signal", json.RawMessage(text)
	h.link.signal(m)
}

// Overhear has fn called with every signal of other nodes that comes here, before it is handed on: for who remembers
// what was said last. fn must not wait, and keeps frame unchanged. Only the last fn set is called.
func (h *Hub) Overhear(fn func(org int64, topics []string, frame []byte)) { h.overhear.Store(&fn) }

// whisper hands a signal to the connections here.
func (h *Hub) whisper(m letter, f *Frame) {
	for _, c := range h.topics.of(m.Org, m.Topics) {
		c.whisper(f)
	}
	if m.Person > 0 {
		s := h.shards[m.Person%int64(len(h.shards))]
		for c := s.connOf(key{m.Org, m.Person}); c != nil; c = s.next(c) {
			c.whisper(f)
		}
	}
}

// whisper queues a frame that nobody misses: it is dropped when the queue is full.
func (c *Conn) whisper(f *Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stale || c.full(f, c.hub.opt.Backlog) {
		return
	}
	c.put(f.b)
}

// signal queues a letter for the other nodes, unless it would have to wait: bells come first.
func (l *link) signal(m letter) {
	ln := l.lane(m.Org)
	ln.mu.Lock()
	lost := !ln.standing || ln.failing || ln.deaf || ln.signals >= signalMost
	if !lost {
		ln.signals++
	}
	ln.mu.Unlock()
	if lost {
		l.hub.stats.signalsLost.Add(1)
		return
	}
	m.posted = l.hub.now()
	l.post(m)
}

// take returns the lane's next letter; signals that have waited for too long, or stand
// before a broker that is away, are dropped.
func (ln *lane) take() (m letter, ok bool) {
	h := ln.link.hub
	ln.mu.Lock()
	defer ln.mu.Unlock()
	for len(ln.queue) > 0 {
		m, ln.queue = ln.queue[0], ln.queue[1:]
		if m.Kind != "signal" {
			return m, true
		}
		ln.signals--
		if !ln.failing && h.now().Sub(m.posted) <= signalLife {
			return m, true
		}
		h.stats.signalsLost.Add(1)
	}
	return letter{}, false
}

// hear takes in another node's signal.
func (h *Hub) hear(m letter) {
	if len(m.Frame) > signalBytes {
		return
	}
	if f := h.overhear.Load(); f != nil {
		(*f)(m.Org, m.Topics, m.Frame)
	}
	h.whisper(m, NewFrame(m.Frame))
}
