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

// burst is how many jobs a worker joins into one write per connection.
const burst = 64

// run is the worker. A single job is written straight to the sockets; when jobs
// have piled up, frames are gathered per connection and written at once.
func (s *shard) run() {
	var scratch []byte
	jobs := make([]job, 0, burst)
	for {
		select {
		case <-s.hub.ctx.Done():
			return
		case j := <-s.jobs:
			jobs = append(jobs[:0], j)
		}
	more:
		for len(jobs) < burst {
			select {
			case j := <-s.jobs:
				jobs = append(jobs, j)
			default:
				break more
			}
		}
		if len(jobs) == 1 {
			scratch = s.dispatch(jobs[0], scratch, nil)
		} else {
			touched := map[*Conn]struct{}{}
			for _, j := range jobs {
				scratch = s.dispatch(j, scratch, touched)
			}
			for c := range touched {
				c.uncork()
			}
		}
		clear(jobs)
	}
}

// dispatch hands a job to this shard's connections. With touched, frames are
// gathered instead of written.
func (s *shard) dispatch(j job, scratch []byte, touched map[*Conn]struct{}) []byte {
	n, i := int64(len(s.hub.shards)), s.index
	for _, g := range j.plan.Messages {
		for _, person := range g.People {
			if person%n != i {
				continue
			}
			for c := s.first(key{j.org, person}); c != nil; c = s.next(c) {
				if !c.Stream {
					continue
				}
				if touched != nil {
					if _, ok := touched[c]; !ok {
						touched[c] = struct{}{}
						c.mu.Lock()
						c.corked = true
						c.mu.Unlock()
					}
				}
				scratch = c.deliver(g.Frame, j.offset, scratch)
			}
		}
	}
	for _, d := range j.plan.Direct {
		if d.Person%n != i {
			continue
		}
		for c := s.first(key{j.org, d.Person}); c != nil; c = s.next(c) {
			c.Send(d.Frame)
		}
	}
	return scratch
}

func (s *shard) first(k key) *Conn {
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
		if c.silentSince(now) > s.hub.opt.Silence {
			c.Close(CloseSlow, "silent")
			continue
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
