package auth

import (
	"context"
	"slices"
	"sync"
	"time"

	"crier/internal/fault"
)

// Group is a kind of password work. Groups take turns, so that none can hold up another.
type Group int

// The groups.
const (
	Known    Group = iota // sign-in at a device that has signed this account in before
	Stranger              // sign-in from anywhere else
	Setting               // passwords that are being set
	groups
)

// Lane is where a password waits for its turn. Within a group the lanes take turns, and
// within a lane the first comes first: a crowd in one lane waits for itself. The key tells
// the lanes of a group apart.
type Lane struct {
	Group Group
	Key   string
}

// Work is the lane of passwords that are being set. Its length is not bounded here: whoever
// sets many passwords bounds how many they ask for at once.
var Work = Lane{Group: Setting}

// The longest queues, for each password that is worked on at a time. A password takes
// about 33 ms, so that nobody waits much longer than 10 s in a lane that has its group to itself.
const (
	maxLane  = 300
	maxGroup = 1200
	cost     = 33 * time.Millisecond
)

// queue hands out turns. Safe for concurrent use.
type queue struct {
	parallel int

	mu     sync.Mutex
	free   int          // guarded by mu, as all below
	next   Group        // whose turn comes first
	groups [groups]ring // who waits
}

// ring is the lanes of a group in which somebody waits, the next one first.
type ring struct {
	lanes   []*lane
	waiting int
}

type lane struct {
	key     string
	waiters []chan error // told nil (its turn) or why it is sent away
}

func newQueue(parallel int) *queue { return &queue{parallel: parallel, free: parallel} }

// enter waits for a turn; leave ends it. Errors: RateLimited (the lane or the group is full),
// Unavailable (the context has ended).
func (q *queue) enter(ctx context.Context, at Lane) error {
	q.mu.Lock()
	if q.free > 0 { // then nobody waits
		q.free--
		q.mu.Unlock()
		return nil
	}
	mine, err := q.wait(at)
	q.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case err := <-mine:
		return err
	case <-ctx.Done():
	}
	q.mu.Lock()
	waits := q.groups[at.Group].remove(at.Key, mine)
	q.mu.Unlock()
	if !waits && <-mine == nil { // its turn came at the same moment
		q.leave()
	}
	return fault.Wrap(ctx.Err(), fault.Unavailable, "the server is busy signing people in; try again")
}

// wait appends to a lane. A full group sends away the last of its longest lane, if that is not this one.
func (q *queue) wait(at Lane) (chan error, error) {
	r := &q.groups[at.Group]
	l := r.lane(at.Key)
	bounded := at.Group != Setting
	if bounded && l != nil && len(l.waiters) >= maxLane*q.parallel {
		return nil, q.busy(len(l.waiters))
	}
	if bounded && r.waiting >= maxGroup*q.parallel {
		longest := slices.MaxFunc(r.lanes, func(a, b *lane) int { return len(a.waiters) - len(b.waiters) })
		if longest == l || len(longest.waiters) < 2 {
			return nil, q.busy(r.waiting)
		}
		last := longest.waiters[len(longest.waiters)-1]
		r.remove(longest.key, last)
		last <- q.busy(len(longest.waiters))
	}
	if l == nil {
		l = &lane{key: at.Key}
		r.lanes = append(r.lanes, l)
	}
	mine := make(chan error, 1)
	l.waiters = append(l.waiters, mine)
	r.waiting++
	return mine, nil
}

// leave gives the turn to the next lane of the next group.
func (q *queue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range groups {
		g := (q.next + i) % groups
		r := &q.groups[g]
		if r.waiting == 0 {
			continue
		}
		q.next = (g + 1) % groups
		l := r.lanes[0]
		first := l.waiters[0]
		l.waiters, r.waiting = l.waiters[1:], r.waiting-1
		r.lanes = r.lanes[1:]
		if len(l.waiters) > 0 {
			r.lanes = append(r.lanes, l)
		}
		first <- nil
		return
	}
	q.free++
}

// busy says when to come again: when those who wait now are through.
func (q *queue) busy(waiting int) error {
	e := fault.New(fault.RateLimited, "the server is busy signing people in; try again in a few seconds")
	e.RetryAfter = max(time.Duration(waiting)*cost/time.Duration(q.parallel), time.Second)
	return e
}

func (r *ring) lane(key string) *lane {
	i := slices.IndexFunc(r.lanes, func(l *lane) bool { return l.key == key })
	if i < 0 {
		return nil
	}
	return r.lanes[i]
}

// remove takes a waiter out and reports whether it waited.
func (r *ring) remove(key string, who chan error) bool {
	l := r.lane(key)
	if l == nil {
		return false
	}
	i := slices.Index(l.waiters, who)
	if i < 0 {
		return false
	}
	l.waiters = slices.Delete(l.waiters, i, i+1)
	r.waiting--
	if len(l.waiters) == 0 {
		r.lanes = slices.DeleteFunc(r.lanes, func(o *lane) bool { return o == l })
	}
	return true
}
