package hub

import (
	"sync"
	"time"
)

// State is whether a person is connected.
type State uint8

// The states, from the deadest to the liveliest: of a person with several connections the
// liveliest counts.
const (
	Offline      State = iota
	Unknown            // not connected here, and some other node cannot be heard
	Unresponsive       // connected, but the page does not answer
	Away               // the page answers, the person looks at another
	Online
)

// Presence is one person's state from a time on.
type Presence struct {
	Person int64
	State  State
	At     time.Time
}

// presence knows who is connected, here and on the other nodes. Each node tells the
// others of its own people: changes as they happen, everyone every few seconds, under a
// lease, so that a dead node's people are soon offline. It is advice: nothing depends
// on it but what staff see. It never touches the database.
type presence struct {
	hub *Hub

	mu   sync.Mutex
	orgs map[int64]*orgPresence
}

type orgPresence struct {
	here  map[int64]*present       // this node's people
	nodes map[string]*nodePresence // the others'
	seen  map[int64]time.Time      // when someone was last connected
	told  map[int64]State          // what listeners were last told; no entry = offline
	moved map[int64]struct{}       // changed since the last gathering
	local map[int64]struct{}       // of those, changed on this node

	unknown int // other nodes whose people are not known now
}

// present counts a person's connections here by their state.
type present [Online + 1]int

type nodePresence struct {
	until time.Time
	lost  bool            // the lease is over, but it is the broker that is away, not the node
	state map[int64]State // its people
}

func newPresence(h *Hub) *presence { return &presence{hub: h, orgs: map[int64]*orgPresence{}} }

func (p *presence) org(org int64) *orgPresence {
	o := p.orgs[org]
	if o == nil {
		o = &orgPresence{
			here: map[int64]*present{}, nodes: map[string]*nodePresence{}, seen: map[int64]time.Time{},
			told: map[int64]State{}, moved: map[int64]struct{}{}, local: map[int64]struct{}{},
		}
		p.orgs[org] = o
	}
	return o
}

// moved notes that one of a person's connections here went from one state to another; Offline
// is before it came and after it went.
func (p *presence) moved(org, person int64, from, to State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.org(org)
	at := o.here[person]
	if at == nil {
		at = &present{}
		o.here[person] = at
	}
	at[from]--
	at[to]++
	at[Offline] = 0
	if *at == (present{}) {
		delete(o.here, person)
	}
	o.seen[person] = p.hub.now()
	o.moved[person] = struct{}{}
	o.local[person] = struct{}{}
}

func (at *present) state() State {
	if at == nil {
		return Offline
	}
	for s := Online; s > Offline; s-- {
		if at[s] > 0 {
			return s
		}
	}
	return Offline
}

// state merges what all nodes say of a person: the liveliest wins. While a node is lost,
// whoever is connected nowhere else may be there.
func (o *orgPresence) state(person int64) State {
	s := o.here[person].state()
	for _, n := range o.nodes {
		if !n.lost {
			s = max(s, n.state[person])
		}
	}
	if s == Offline && o.unknown > 0 {
		return Unknown
	}
	return s
}

// UnknownNodes returns how many other nodes cannot be heard because the broker is away; nobody
// can say who of the organisation is connected there. At least one, if this node has not heard
// the broker since it started.
func (h *Hub) UnknownNodes(org int64) int {
	h.presence.mu.Lock()
	defer h.presence.mu.Unlock()
	if o := h.presence.orgs[org]; o != nil {
		return o.unknown
	}
	return 0
}

// PresenceOf returns a person's state on any node, and when they were last seen (zero:
// not since this node started).
func (h *Hub) PresenceOf(org, person int64) (State, time.Time) {
	p := h.presence
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.orgs[org]
	if o == nil {
		return Offline, time.Time{}
	}
	return o.state(person), o.seen[person]
}

// run gathers changes, tells listeners and other nodes, and renews and ends leases.
func (p *presence) run() {
	next := p.hub.now()
	for p.hub.sleep(p.hub.opt.Gather) {
		now := p.hub.now()
		whole := !now.Before(next)
		if whole {
			next = now.Add(p.hub.opt.Announce)
		}
		p.gather(now, whole)
	}
}

func (p *presence) gather(now time.Time, whole bool) {
	type told struct {
		org     int64
		changes []Presence
	}
	var tell []told
	var doubt []int64 // organisations of which more, or fewer, is known than before
	p.mu.Lock()
	for org, o := range p.orgs {
		if o.expire(now, p.hub.link.absence(org, now, p.lease())) {
			doubt = append(doubt, org)
		}
		var changes []Presence
		for person := range o.moved {
			s := o.state(person)
			if s == o.told[person] {
				continue
			}
			if s == Offline {
				delete(o.told, person)
			} else {
				o.told[person] = s
			}
			changes = append(changes, Presence{person, s, now})
		}
		clear(o.moved)
		if len(changes) > 0 {
			tell = append(tell, told{org, changes})
		}
		switch {
		case whole:
			p.hub.link.post(o.whole(org))
		case len(o.local) > 0:
			p.hub.link.post(o.delta(org))
		}
		clear(o.local)
	}
	p.mu.Unlock()
	for _, t := range tell {
		if p.hub.opt.Presence != nil {
			p.hub.opt.Presence(t.org, t.changes)
		}
	}
	for _, org := range doubt {
		p.hub.resyncStaff(org)
	}
}

// lease is for how long what a node says of its people holds.
func (p *presence) lease() time.Duration { return 3 * p.hub.opt.Announce }

// expire ends leases. A node that is silent is dead if the broker brings the others' letters, and lost
// if it does not. It reports whether the number of lost nodes has changed: then people whom
// nobody here has heard of are in another state too.
func (o *orgPresence) expire(now time.Time, broker absence) (changed bool) {
	unknown := 0
	for name, n := range o.nodes {
		switch {
		case now.Before(n.until):
			continue
		case broker != brokerHeard:
			n.lost = true
			unknown++
			continue
		}
		delete(o.nodes, name)
		for person := range n.state {
			o.moved[person] = struct{}{}
		}
	}
	if broker == brokerNever {
		unknown = max(unknown, 1)
	}
	changed = unknown != o.unknown
	if (unknown > 0) != (o.unknown > 0) {
		for person := range o.seen {
			o.moved[person] = struct{}{}
		}
	}
	o.unknown = unknown
	return changed
}

// resyncStaff has the pages of an organisation's staff read again what they show.
func (h *Hub) resyncStaff(org int64) {
	for _, s := range h.shards {
		for _, c := range s.all() {
			if c.Org == org && !c.Stream {
				c.event(resyncFrame)
			}
		}
	}
}

func (o *orgPresence) whole(org int64) letter {
	m := letter{Kind: "presence", Org: org, Whole: true}
	for person, at := range o.here {
		m.add(person, at.state())
	}
	return m
}

func (o *orgPresence) delta(org int64) letter {
	m := letter{Kind: "presence", Org: org}
	for person := range o.local {
		m.add(person, o.here[person].state())
	}
	return m
}

func (m *letter) add(person int64, s State) {
	switch s {
	case Online:
		m.Here = append(m.Here, person)
	case Away:
		m.Away = append(m.Away, person)
	case Unresponsive:
		m.Mute = append(m.Mute, person)
	case Offline:
		m.Gone = append(m.Gone, person)
	}
}

// tell announces everyone of an organisation who is here: another node asked.
func (p *presence) tell(org int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o := p.orgs[org]; o != nil && len(o.here) > 0 {
		p.hub.link.post(o.whole(org))
	}
}

// letter takes in what another node says of its people.
func (p *presence) letter(m letter) {
	now := p.hub.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.org(m.Org)
	n := o.nodes[m.Node]
	if n == nil {
		n = &nodePresence{state: map[int64]State{}}
		o.nodes[m.Node] = n
	}
	if n.lost && !m.Whole { // what changed meanwhile is not in it: the whole is on its way
		return
	}
	n.until, n.lost = now.Add(p.lease()), false
	if m.Whole {
		for person := range n.state {
			o.moved[person] = struct{}{}
		}
		n.state = make(map[int64]State, len(m.Here)+len(m.Away)+len(m.Mute))
	}
	for state, people := range map[State][]int64{Online: m.Here, Away: m.Away, Unresponsive: m.Mute} {
		for _, person := range people {
			n.state[person] = state
			o.touch(person, now)
		}
	}
	for _, person := range m.Gone {
		delete(n.state, person)
		o.touch(person, now)
	}
}

func (o *orgPresence) touch(person int64, now time.Time) {
	o.seen[person] = now
	o.moved[person] = struct{}{}
}
