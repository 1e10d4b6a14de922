package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// buckets is into how many broker channels the organisations are spread: few
// subscriptions per node, and still spread over a cluster's shards.
const buckets = 16

// letter is what nodes say to each other.
type letter struct {
	Kind string `json:"k"` // bell, presence, who, heart, signal
	Node string `json:"n"`
	// Sequence numbers a node's letters in one lane; At is when it was sent, in ms. See seal.go.
	Sequence int64           `json:"s"`
	At       int64           `json:"at"`
	Org      int64           `json:"o,omitempty"`
	Head     int64           `json:"h,omitempty"`
	Entry    json.RawMessage `json:"e,omitempty"` // the entry at Head, as Translator.Encode made it
	Whole    bool            `json:"w,omitempty"` // presence: everyone who is here, not only changes
	Here     []int64         `json:"p,omitempty"` // presence: online here
	Away     []int64         `json:"a,omitempty"` // presence: away here
	Mute     []int64         `json:"m,omitempty"` // presence: connected here, and the page does not answer
	Gone     []int64         `json:"g,omitempty"` // presence: no longer here

	Topics []string        `json:"t,omitempty"` // signal: who hears it, and
	Person int64           `json:"q,omitempty"` // signal: whose connections do
	Frame  json.RawMessage `json:"f,omitempty"` // signal: what they hear
	posted time.Time       // signal: when it was queued here
}

// link is the hub's side of the broker: it rings and hears bells. A publish never
// holds anyone up, and a subscription that does not hear this node's own heartbeat is
// rebuilt.
type link struct {
	hub    *Hub
	broker Broker

	refusal rate.Sometimes // bounds the log lines about letters that are refused
	trouble rate.Sometimes // and those about a broker that comes and goes

	mu      sync.Mutex
	joined  map[int64]*lane
	started bool
}

// lane is one bucket's channel.
type lane struct {
	link    *link
	bucket  int64
	channel string
	wake    chan struct{}
	sub     Subscription // owned by watch
	sent    int64        // letters sent; owned by publish

	mu       sync.Mutex
	queue    []letter
	signals  int // of queue
	standing bool
	heard    time.Time // when we last heard ourselves, or the subscription began
	deaf     bool      // it had to be rebuilt and we have not heard ourselves since
	failing  bool      // the last publish failed
	peers    map[string]*peer
	made     time.Time
	good     time.Time // since when it is heard without a break; zero: it is not
	ever     bool      // it was heard at some time
}

const (
	laneMost    = 256                    // letters that may wait; beyond that bells carry only heads
	publishTime = 500 * time.Millisecond // how long one publish may take
)

func newLink(h *Hub, b Broker) *link {
	return &link{
		hub: h, broker: b, joined: map[int64]*lane{},
		refusal: rate.Sometimes{Interval: time.Minute}, trouble: rate.Sometimes{First: 3, Interval: 10 * time.Second},
	}
}

// start begins to serve the lanes, those already joined included.
func (l *link) start() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.started = true
	for _, ln := range l.joined {
		ln.start()
	}
}

func (l *link) stop() {
	l.mu.Lock()
	subs := make([]Subscription, 0, len(l.joined))
	for _, ln := range l.joined {
		if ln.sub != nil {
			subs = append(subs, ln.sub)
		}
	}
	l.started = false
	l.mu.Unlock()
	for _, s := range subs { // outside the lock: a handler may be waiting for it
		s.Close()
	}
}

// join makes this node hear an organisation's bells, and asks who is connected elsewhere.
func (l *link) join(org int64) { l.post(letter{Kind: "who", Org: org}) }

// lane returns the organisation's lane, made on first use.
func (l *link) lane(org int64) *lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := org % buckets
	if ln := l.joined[n]; ln != nil {
		return ln
	}
	ln := &lane{
		link: l, bucket: n, channel: fmt.Sprintf("crier:%s:%d", l.hub.opt.Epoch, n), wake: make(chan struct{}, 1), heard: l.hub.now(),
		peers: map[string]*peer{}, made: l.hub.now(),
	}
	l.joined[n] = ln
	if l.started {
		ln.start()
	}
	return ln
}

func (ln *lane) start() {
	h := ln.link.hub
	ln.sub = ln.link.broker.Subscribe(ln.channel, ln)
	h.work.Go(ln.publish)
	h.work.Go(ln.watch)
}

// ring tells the other nodes of an entry.
func (l *link) ring(org int64, e Entry) {
	l.post(letter{Kind: "bell", Org: org, Head: e.Offset, Entry: l.hub.translator.Encode(org, e)})
}

// post queues a letter; it never waits. When too much waits, bells are cut down to the
// highest head of each organisation and the rest is dropped: presence is told whole again soon.
func (l *link) post(m letter) {
	m.Node = l.hub.opt.Node
	ln := l.lane(m.Org)
	ln.mu.Lock()
	ln.queue = append(ln.queue, m)
	if len(ln.queue) > laneMost {
		heads := map[int64]int64{}
		for _, q := range ln.queue {
			if q.Kind == "bell" {
				heads[q.Org] = max(heads[q.Org], q.Head)
			}
		}
		l.hub.stats.bellsLost.Add(int64(len(ln.queue) - len(heads)))
		ln.queue, ln.signals = nil, 0
		for org, head := range heads {
			ln.queue = append(ln.queue, letter{Kind: "bell", Node: m.Node, Org: org, Head: head})
		}
	}
	ln.mu.Unlock()
	select {
	case ln.wake <- struct{}{}:
	default:
	}
}

// publish sends the lane's letters, one after the other.
func (ln *lane) publish() {
	h := ln.link.hub
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-ln.wake:
		}
		for {
			m, ok := ln.take()
			if !ok {
				break
			}
			ln.sent++
			m.Sequence, m.At = ln.sent, h.now().UnixMilli()
			text, err := json.Marshal(m)
			if err != nil {
				h.opt.Log.Error().Err(err).Msg("letter between nodes")
				continue
			}
			ctx, cancel := context.WithTimeout(h.ctx, publishTime)
			err = ln.link.broker.Publish(ctx, ln.channel, seal(h.opt.Key, ln.channel, text))
			cancel()
			ln.mu.Lock()
			ln.failing = err != nil
			ln.mu.Unlock()
			switch {
			case err != nil && m.Kind == "signal":
				h.stats.signalsLost.Add(1)
			case err != nil:
				h.stats.bellsLost.Add(1)
			}
		}
	}
}

// watch listens for this node's own heartbeat and rebuilds the subscription when it
// is not heard: a subscription can be deaf without any error.
func (ln *lane) watch() {
	h := ln.link.hub
	for h.sleep(h.opt.Heartbeat) {
		ln.link.post(letter{Kind: "heart", Org: ln.bucket}) // any organisation of this lane will do
		ln.mu.Lock()
		deaf := h.now().Sub(ln.heard) > h.opt.Deaf
		if deaf {
			ln.standing, ln.deaf = false, true
			ln.heard = h.now()
		}
		ln.forget(h.now())
		ln.mu.Unlock()
		if !deaf {
			continue
		}
		h.stats.rebuilt.Add(1)
		ln.link.trouble.Do(func() {
			h.opt.Log.Warn().Str("channel", ln.channel).Msg("broker not heard: rebuilding the subscription")
		})
		ln.sub.Close()
		ln.link.mu.Lock()
		if ln.link.started {
			ln.sub = ln.link.broker.Subscribe(ln.channel, ln)
		}
		ln.link.mu.Unlock()
	}
}

// Subscribed implements Handler: what was said before may have been missed, entries as well
// as who is connected elsewhere. It also tells who is here: another node that was deaf may have
// asked while we were.
func (ln *lane) Subscribed() {
	h := ln.link.hub
	ln.mu.Lock()
	ln.standing = true
	ln.heard = h.now()
	ln.mu.Unlock()
	select {
	case h.doubt <- struct{}{}:
	default:
	}
	h.mu.Lock()
	orgs := slices.Collect(maps.Keys(h.followers))
	h.mu.Unlock()
	for _, org := range orgs {
		if org%buckets == ln.bucket {
			ln.link.join(org)
			h.presence.tell(org)
		}
	}
}

// Lost implements Handler.
func (ln *lane) Lost(err error) {
	ln.mu.Lock()
	was := ln.standing
	ln.standing = false
	ln.mu.Unlock()
	if was {
		ln.link.trouble.Do(func() {
			ln.link.hub.opt.Log.Warn().Err(err).Str("channel", ln.channel).Msg("broker lost")
		})
	}
}

// Message implements Handler.
func (ln *lane) Message(b []byte) {
	h := ln.link.hub
	var m letter
	text, err := unseal(h.opt.Key, ln.channel, b)
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err == nil {
		err = ln.admit(m)
	}
	if err != nil {
		ln.link.refuse(ln.channel, err)
		return
	}
	if m.Node == h.opt.Node {
		if m.Kind == "heart" {
			ln.mu.Lock()
			ln.heard, ln.deaf = h.now(), false
			ln.mu.Unlock()
		}
		return
	}
	switch m.Kind {
	case "bell":
		ln.bell(m)
	case "presence":
		h.presence.letter(m)
	case "who":
		h.presence.tell(m.Org)
	case "signal":
		h.hear(m)
	}
}

func (ln *lane) bell(m letter) {
	h := ln.link.hub
	h.mu.Lock()
	f := h.followers[m.Org]
	h.mu.Unlock()
	if f == nil {
		return
	}
	if len(m.Entry) > 0 {
		e, err := h.translator.Decode(m.Org, m.Entry)
		if err == nil && e.Offset == m.Head {
			f.offer(e)
			return
		}
		ln.link.refuse(ln.channel, fmt.Errorf("entry %d is not what it claims: %w", m.Head, err))
	}
	f.hint(m.Head)
}

// absence is whether the broker was away within the last lease.
type absence int

const (
	brokerHeard absence = iota // it was there: whoever is silent is dead
	brokerAway                 // it was away
	brokerNever                // it was away for longer than a lease since this node came to it
)

// absence says whether an organisation's letters could have come within the last lease. It is
// asked several times a second, which is how breaks are noticed.
func (l *link) absence(org int64, now time.Time, lease time.Duration) absence {
	l.mu.Lock()
	ln := l.joined[org%buckets]
	l.mu.Unlock()
	if ln == nil {
		return brokerHeard
	}
	ln.mu.Lock()
	defer ln.mu.Unlock()
	switch {
	case !ln.standing || ln.failing || ln.deaf:
		ln.good = time.Time{}
	case ln.good.IsZero():
		ln.good, ln.ever = now, true
	}
	switch {
	case !ln.good.IsZero() && now.Sub(ln.good) >= lease:
		return brokerHeard
	case !ln.ever && now.Sub(ln.made) > lease:
		return brokerNever
	}
	return brokerAway
}

// degraded reports whether some lane is not heard or cannot publish.
func (l *link) degraded() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ln := range l.joined {
		ln.mu.Lock()
		bad := !ln.standing || ln.failing || ln.deaf
		ln.mu.Unlock()
		if bad {
			return true
		}
	}
	return false
}
