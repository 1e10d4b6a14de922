package hub

import (
	"math/rand/v2"
	"sync"
	"time"
)

// key is a person's place in the registry.
type key struct{ org, person int64 }

// shard owns the connections of a part of the people: the registry of them, and a
// worker that writes to them, so that each connection's frames keep their order.
type shard struct {
	hub   *Hub
	index int64
	jobs  chan job

	// Owned by the worker.
	refs    []ref   // frames gathered for connections
	touched []*Conn // connections that have some

	mu     sync.RWMutex
	people map[key]*Conn // newest first, linked by sibling
	count  int
}

// job is one thing to hand to many connections.
type job struct {
	org    int64
	offset int64
	plan   Plan
}

// ref is one frame gathered for one connection.
type ref struct {
	frame  *Frame
	offset int64 // the message's; 0: not a message
	next   int32 // the next one for the same connection: 1 + its place in refs, 0: none
}

const (
	burst     = 64      // jobs that a worker joins into one write per connection
	burstRefs = 1 << 16 // frames after which it takes no further job: 1.5 MiB of refs
)

// run is the worker. It takes all jobs that have piled up, gathers per connection what
// they bring, and hands each connection its part at once.
func (s *shard) run() {
	var scratch []byte
	for {
		select {
		case <-s.hub.ctx.Done():
			return
		case j := <-s.jobs:
			s.gather(j)
		}
	more:
		for n := 1; n < burst && len(s.refs) < burstRefs; n++ {
			select {
			case j := <-s.jobs:
				s.gather(j)
			default:
				break more
			}
		}
		for _, c := range s.touched {
			scratch = c.deliver(s.refs, scratch)
			c.first, c.last = 0, 0
		}
		clear(s.touched)
		clear(s.refs)
		s.touched, s.refs = s.touched[:0], s.refs[:0]
	}
}

// gather notes what a job brings to this shard's connections.
func (s *shard) gather(j job) {
	n, i := int64(len(s.hub.shards)), s.index
	for _, g := range j.plan.Messages {
		for _, person := range g.People {
			if person%n != i {
				continue
			}
			for c := s.connOf(key{j.org, person}); c != nil; c = s.next(c) {
				if c.Stream {
					s.note(c, g.Frame, j.offset)
				}
			}
		}
	}
	for _, d := range j.plan.Direct {
		if d.Person%n != i {
			continue
		}
		for c := s.connOf(key{j.org, d.Person}); c != nil; c = s.next(c) {
			s.note(c, d.Frame, 0)
		}
	}
}

func (s *shard) note(c *Conn, f *Frame, offset int64) {
	s.refs = append(s.refs, ref{frame: f, offset: offset})
	at := int32(len(s.refs))
	if c.first == 0 {
		c.first = at
		s.touched = append(s.touched, c)
	} else {
		s.refs[c.last-1].next = at
	}
	c.last = at
}

// connOf returns the newest connection of a person; next, the one before it.
func (s *shard) connOf(k key) *Conn {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.people[k]
}

func (s *shard) next(c *Conn) *Conn {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return c.sibling
}

// add registers a connection; it returns the one of the same person that is now one too many.
func (s *shard) add(c *Conn) (oldest *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := key{c.Org, c.Person}
	c.sibling = s.people[k]
	s.people[k] = c
	s.count++
	n := 0
	for o := c; o != nil && c.Sockets > 0; o = o.sibling {
		if n++; n > c.Sockets {
			return o // those before it had to go when others came
		}
	}
	return nil
}

// remove takes a connection out; false if it was not there.
func (s *shard) remove(c *Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := key{c.Org, c.Person}
	var before *Conn
	for o := s.people[k]; o != nil; before, o = o, o.sibling {
		if o != c {
			continue
		}
		switch {
		case before != nil:
			before.sibling = c.sibling
		case c.sibling != nil:
			s.people[k] = c.sibling
		default:
			delete(s.people, k)
		}
		s.count--
		return true // c.sibling stays: a dispatch standing on c still finds the rest
	}
	return false
}

// all returns the shard's connections as they are now.
func (s *shard) all() []*Conn {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]*Conn, 0, s.count)
	for _, c := range s.people {
		for ; c != nil; c = c.sibling {
			out = append(out, c)
		}
	}
	return out
}

// sweep sends beats that are due and closes connections that have been silent for too long.
func (s *shard) sweep(now time.Time, beat []byte) {
	sec := now.Unix()
	every := max(1, int64(s.hub.opt.Beat/time.Second))
	for _, c := range s.all() {
		switch opt := &s.hub.opt; {
		case before(c.heard.Load(), now, opt.Silence):
			c.Close(CloseSlow, "silent")
			continue
		case before(c.read.Load(), now, opt.Unread):
			c.Close(CloseSlow, "no ping was answered")
			continue
		case !c.mute.Load() && before(c.answered.Load(), now, opt.Unanswered):
			c.unanswered(now.Add(-opt.Unanswered).Unix())
		}
		if c.beatAt == 0 {
			c.beatAt = sec + 1 + rand.Int64N(every)
		}
		if sec >= c.beatAt {
			c.beatAt = sec + every
			c.beat(beat)
		}
	}
}

// before reports whether a Unix time in seconds is more than d ago.
func before(sec int64, now time.Time, d time.Duration) bool { return now.Sub(time.Unix(sec, 0)) > d }
