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
	KnownStaff      Group = iota // sign-in of staff at a device that has signed this account in before
	KnownCandidates              // … of candidates
	Staff                        // sign-in of staff anywhere else
	Candidates                   // … of candidates
	Anyone                       // sign-in anywhere else, of whoever it may be
	Setting                      // passwords that are being set
	groups
)

// Lane is where a password waits for its turn. Within a group the lanes take turns, and
// within a lane the first comes first: a crowd in one lane waits for itself. The key tells
// the lanes of a group apart: an organisation, or in Anyone an address.
type Lane struct {
	Group Group
	Key   string
}

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
	waiters []*waiter
}

// waiter is a place in a lane.
type waiter struct {
	at    Lane
	ready chan error // told nil (its turn) or why it is sent away
	// held: who waits here works elsewhere meanwhile; their turn is passed on, and passed says that
	// it has come. Both guarded by the queue's mu.
	held, passed bool
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
	return q.turn(ctx, mine)
}

// turn waits until a place's turn comes.
func (q *queue) turn(ctx context.Context, w *waiter) error {
	select {
	case err := <-w.ready:
		return err
	case <-ctx.Done():
		q.giveUp(w)
		return tooLate(ctx)
	}
}

// giveUp leaves a place, or the turn that came at the same moment.
func (q *queue) giveUp(w *waiter) {
	q.mu.Lock()
	waits := q.remove(w)
	q.mu.Unlock()
	if !waits && <-w.ready == nil {
		q.leave()
	}
}

func tooLate(ctx context.Context) error {
	return fault.Wrap(ctx.Err(), fault.Unavailable, "the server is busy signing people in; try again")
}

// enterEither waits for a turn in own or in all, whichever comes first. It returns the place in all,
// which is held until forget or resume; nil if there was no need to wait, or its turn has come. Staff
// who find no room in all wait in own alone, and others are sent away. Errors as of enter.
func (q *queue) enterEither(ctx context.Context, own, all Lane) (place *waiter, err error) {
	q.mu.Lock()
	if q.free > 0 {
		q.free--
		q.mu.Unlock()
		return nil, nil
	}
	common, err := q.wait(all)
	if err != nil && own.Group != Staff {
		q.mu.Unlock()
		return nil, err
	}
	if err != nil {
		common = refused(err)
	}
	mine, err := q.wait(own)
	q.mu.Unlock()
	if err != nil {
		mine = refused(err)
	}
	ownReady, commonReady := mine.ready, common.ready
	for {
		select {
		case err := <-ownReady:
			if err == nil {
				return q.hold(common), nil
			}
			ownReady = nil
			if commonReady == nil {
				return nil, err
			}
		case err := <-commonReady:
			switch {
			case err == nil:
				if ownReady != nil {
					q.giveUp(mine)
				}
				return nil, nil
			case own.Group != Staff || ownReady == nil:
				if ownReady != nil {
					q.giveUp(mine)
				}
				return nil, err
			}
			common, commonReady = refused(err), nil
		case <-ctx.Done():
			if ownReady != nil {
				q.giveUp(mine)
			}
			if commonReady != nil {
				q.giveUp(common)
			}
			return nil, tooLate(ctx)
		}
	}
}

// refused is a place that nobody gets.
func refused(err error) *waiter {
	w := &waiter{ready: make(chan error, 1)}
	w.ready <- err
	return w
}

// hold keeps a place whose owner works elsewhere meanwhile. A turn that came at the same moment goes on.
func (q *queue) hold(w *waiter) *waiter {
	q.mu.Lock()
	w.held = true
	q.mu.Unlock()
	select {
	case err := <-w.ready:
		if err != nil {
			return refused(err)
		}
		q.leave()
		return nil
	default:
		return w
	}
}

// forget gives up a place that is held; nil is none.
func (q *queue) forget(w *waiter) {
	if w == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.remove(w)
}

// resume waits until the turn of a place that was held has come. again: it has come just now, and is
// to be left. Errors as of enter.
func (q *queue) resume(ctx context.Context, w *waiter) (again bool, err error) {
	if w == nil {
		return false, nil
	}
	q.mu.Lock()
	w.held = false
	passed := w.passed
	q.mu.Unlock()
	if passed {
		return false, nil
	}
	err = q.turn(ctx, w)
	return err == nil, err
}

// wait appends to a lane. A full group sends away the last of its longest lane, if that is not this one.
func (q *queue) wait(at Lane) (*waiter, error) {
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
		q.remove(last)
		last.ready <- q.busy(len(longest.waiters))
	}
	if l == nil {
		l = &lane{key: at.Key}
		r.lanes = append(r.lanes, l)
	}
	mine := &waiter{at: at, ready: make(chan error, 1)}
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
		for r := &q.groups[g]; r.waiting > 0; {
			w := r.first()
			if w.held {
				w.passed = true
				continue
			}
			q.next = (g + 1) % groups
			w.ready <- nil
			return
		}
	}
	q.free++
}

// first takes the first of the next lane out; somebody waits.
func (r *ring) first() *waiter {
	l := r.lanes[0]
	w := l.waiters[0]
	l.waiters, r.waiting = l.waiters[1:], r.waiting-1
	r.lanes = r.lanes[1:]
	if len(l.waiters) > 0 {
		r.lanes = append(r.lanes, l)
	}
	return w
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
func (q *queue) remove(w *waiter) bool {
	r := &q.groups[w.at.Group]
	l := r.lane(w.at.Key)
	if l == nil {
		return false
	}
	i := slices.Index(l.waiters, w)
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
