package attachment

import (
	"context"
	"slices"
	"sync"

	"crier/internal/domain"
)

// turns is a queue for work that takes memory or time, fair to organisations and uploaders: an
// uploader has one place at a time, an organisation leaves one place to the others, and a free place
// goes to the organisation, then the uploader, whose last turn is longest ago. Safe for concurrent
// use.
type turns struct {
	places int

	mu      sync.Mutex
	busy    int
	inside  map[who]int    // places that an uploader or (with uploader "") an organisation has
	last    map[who]uint64 // when they last got one; forgotten when the queue is empty
	turn    uint64
	waiting []*waiter // in order of arrival
}

// who is an uploader of an organisation, or with uploader "" the organisation.
type who struct {
	org      domain.OrganisationID
	uploader string
}

type waiter struct {
	who
	entered chan struct{} // closed when it has a place
}

func newTurns(places int) *turns {
	return &turns{places: places, inside: map[who]int{}, last: map[who]uint64{}}
}

// enter waits for a place; call leave to give it up. Errors: ctx's.
func (t *turns) enter(ctx context.Context, org domain.OrganisationID, uploader string) (leave func(), err error) {
	w := &waiter{who{org, uploader}, make(chan struct{})}
	t.mu.Lock()
	t.waiting = append(t.waiting, w)
	t.next()
	t.mu.Unlock()
	leave = func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.count(w.who, -1)
		t.next()
	}
	select {
	case <-w.entered:
		return leave, nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	i := slices.Index(t.waiting, w)
	if i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
	}
	t.mu.Unlock()
	if i < 0 { // it got its place in the same moment
		leave()
	}
	return nil, ctx.Err()
}

// next fills the free places. It is called with mu held.
func (t *turns) next() {
	for t.busy < t.places {
		best := -1
		for i, w := range t.waiting {
			if t.mayEnter(w) && (best < 0 || t.before(w, t.waiting[best])) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		w := t.waiting[best]
		t.waiting = slices.Delete(t.waiting, best, best+1)
		t.count(w.who, 1)
		t.turn++
		t.last[w.who], t.last[who{org: w.org}] = t.turn, t.turn
		close(w.entered)
	}
	if t.busy == 0 && len(t.waiting) == 0 {
		clear(t.last)
	}
}

func (t *turns) mayEnter(w *waiter) bool {
	return t.inside[w.who] == 0 && t.inside[who{org: w.org}] < max(1, t.places-1)
}

// before reports whether a's last turn is longer ago than b's; equal ones keep their order.
func (t *turns) before(a, b *waiter) bool {
	if x, y := t.last[who{org: a.org}], t.last[who{org: b.org}]; x != y {
		return x < y
	}
	return t.last[a.who] < t.last[b.who]
}

func (t *turns) count(w who, n int) {
	t.busy += n
	for _, k := range []who{w, {org: w.org}} {
		if t.inside[k] += n; t.inside[k] == 0 {
			delete(t.inside, k)
		}
	}
}
