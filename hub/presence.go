package hub

import (
	"sync"
	"time"
)

// State is whether a person is connected.
type State uint8

// The states.
const (
	Offline State = iota
	Away
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
}

type present struct{ conns, away int }

type nodePresence struct {
	until time.Time
	away  map[int64]bool // person → away
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

// moved notes that a person's connections here changed by delta (+1 came, -1 went, 0
// only away or back); away tells of the connection concerned.
func (p *presence) moved(org, person int64, delta int, away bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.org(org)
	at := o.here[person]
	if at == nil {
		at = &present{}
		o.here[person] = at
	}
	at.conns += delta
	switch {
	case delta == 0 && away:
		at.away++
	case delta == 0, delta < 0 && away:
		at.away--
	}
	if at.conns <= 0 {
		delete(o.here, person)
	}
	o.seen[person] = p.hub.now()
	o.moved[person] = struct{}{}
	o.local[person] = struct{}{}
}

func (at *present) state() State {
	switch {
	case at == nil || at.conns <= 0:
		return Offline
	case at.away >= at.conns:
		return Away
	}
	return Online
}

// state merges what all nodes say of a person: the liveliest wins.
func (o *orgPresence) state(person int64) State {
	s := o.here[person].state()
	for _, n := range o.nodes {
		if away, ok := n.away[person]; ok {
			if away {
				s = max(s, Away)
			} else {
				s = Online
			}
		}
	}
	return s
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
	p.mu.Lock()
	for org, o := range p.orgs {
		o.expire(now)
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
}

// expire drops nodes whose lease has run out.
func (o *orgPresence) expire(now time.Time) {
	for name, n := range o.nodes {
		if now.Before(n.until) {
			continue
		}
		delete(o.nodes, name)
		for person := range n.away {
			o.moved[person] = struct{}{}
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
		n = &nodePresence{away: map[int64]bool{}}
		o.nodes[m.Node] = n
	}
	n.until = now.Add(3 * p.hub.opt.Announce)
	if m.Whole {
		for person := range n.away {
			o.moved[person] = struct{}{}
		}
		n.away = make(map[int64]bool, len(m.Here)+len(m.Away))
	}
	for _, person := range m.Here {
		n.away[person] = false
		o.touch(person, now)
	}
	for _, person := range m.Away {
		n.away[person] = true
		o.touch(person, now)
	}
	for _, person := range m.Gone {
		delete(n.away, person)
		o.touch(person, now)
	}
}

func (o *orgPresence) touch(person int64, now time.Time) {
	o.seen[person] = now
	o.moved[person] = struct{}{}
}
