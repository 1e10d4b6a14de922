package hub

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"
)

// follower follows one organisation's journal on this node. Whoever hears of an
// entry offers it; the follower dispatches it only if it is exactly the next one and chained
// to the last one dispatched, and reads the journal otherwise. So no entry is skipped, doubled or reordered, whatever the
// broker does.
type follower struct {
	hub   *Hub
	org   int64
	ready chan struct{} // closed once next is known
	wake  chan struct{}

	mu     sync.Mutex
	early  map[int64]Entry // entries heard ahead of time
	head   int64           // the highest offset heard of
	placed bool            // next is known
	next   int64           // owned by run once placed
	last   []byte          // hash of the last entry dispatched, or before the beginning; owned by run
}

const (
	earlyMost = 128             // entries kept ahead; beyond that the journal is read
	readMost  = 256             // entries read from the journal at a time
	readTime  = 5 * time.Second // how long one reading of the journal may take
)

// follow returns the organisation's follower, and starts it if it is new.
func (h *Hub) follow(org int64) *follower {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f := h.followers[org]; f != nil {
		return f
	}
	f := &follower{hub: h, org: org, ready: make(chan struct{}), wake: make(chan struct{}, 1), early: map[int64]Entry{}}
	h.followers[org] = f
	h.link.join(org)
	h.spawn(f.run)
	return f
}

// offer tells of an entry.
func (f *follower) offer(e Entry) {
	f.mu.Lock()
	if len(f.early) < earlyMost {
		f.early[e.Offset] = e
	}
	f.head = max(f.head, e.Offset)
	f.mu.Unlock()
	f.nudge()
}

// hint tells that the journal has grown to head.
func (f *follower) hint(head int64) {
	f.mu.Lock()
	grown := head > f.head
	f.head = max(f.head, head)
	f.mu.Unlock()
	if grown {
		f.nudge()
	}
}

func (f *follower) nudge() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *follower) run() {
	if !f.place() {
		return
	}
	for {
		select {
		case <-f.hub.ctx.Done():
			return
		case <-f.wake:
		}
		pause := 50 * time.Millisecond
		for {
			err := f.advance()
			if err == nil {
				break
			}
			f.hub.opt.Log.Warn().Err(err).Int64("organisation", f.org).Msg("following waits for the store")
			if !f.hub.sleep(pause) {
				return
			}
			pause = min(2*pause, time.Second)
		}
	}
}

// place finds where to begin: after the head as it is now. Connections read
// everything up to there by themselves.
func (f *follower) place() bool {
	for {
		ctx, cancel := context.WithTimeout(f.hub.ctx, readTime)
		heads, err := f.hub.journal.Heads(ctx, []int64{f.org})
		if err == nil {
			err = f.lookBack(ctx, heads[f.org])
		}
		cancel()
		if err == nil {
			f.mu.Lock()
			f.next, f.placed = heads[f.org]+1, true
			f.head = max(f.head, heads[f.org])
			f.mu.Unlock()
			close(f.ready)
			f.nudge()
			return true
		}
		if !f.hub.sleep(250 * time.Millisecond) {
			return false
		}
	}
}

// lookBackMost is how many entries before its beginning a follower looks at.
const lookBackMost = 128

// lookBack closes the connections of logins that ended just before the follower
// begins: they were let in before, and no entry to come would tell of it. It also finds the
// hash that the first entry to come is chained to.
func (f *follower) lookBack(ctx context.Context, head int64) error {
	page, err := f.hub.journal.Entries(ctx, f.org, max(0, head-lookBackMost), lookBackMost)
	if err != nil {
		return err
	}
	for _, e := range page {
		if e.Offset == head {
			f.last = e.Hash
		}
		if e.Offset <= head {
			f.hub.endSessions(f.org, f.hub.translator.Plan(f.org, e).Sessions)
		}
	}
	return nil
}

// advance dispatches everything up to the highest offset heard of.
func (f *follower) advance() error {
	for {
		f.mu.Lock()
		e, here := f.early[f.next]
		delete(f.early, f.next)
		head := f.head
		behind := head >= f.next
		if !behind && !here {
			clear(f.early) // only old ones are left
		}
		f.mu.Unlock()
		switch {
		case here && bytes.Equal(e.Prev, f.last):
			f.dispatch(e)
		case !behind:
			return nil
		default:
			if err := f.read(head); err != nil {
				return err
			}
		}
	}
}

// read dispatches the next page of the journal, up to head at least.
func (f *follower) read(head int64) error {
	ctx, cancel := context.WithTimeout(f.hub.ctx, readTime)
	defer cancel()
	page, err := f.hub.journal.Entries(ctx, f.org, f.next-1, readMost)
	if err != nil {
		return err
	}
	f.hub.stats.journalReads.Add(1)
	if len(page) == 0 { // somebody claimed a head that is not there
		f.mu.Lock()
		if f.head == head { // and nobody has claimed another since
			f.head = f.next - 1
		}
		f.mu.Unlock()
		return nil
	}
	for _, e := range page {
		if e.Offset != f.next {
			return fmt.Errorf("hub: organisation %d: the journal gave entry %d instead of %d", f.org, e.Offset, f.next)
		}
		f.dispatch(e)
	}
	return nil
}

// dispatch hands the next entry to the shards.
func (f *follower) dispatch(e Entry) {
	f.next++
	f.last = e.Hash
	h := f.hub
	plan := h.translator.Plan(f.org, e)
	if len(plan.Messages) > 0 || len(plan.Direct) > 0 {
		for _, s := range h.shards {
			select {
			case s.jobs <- job{org: f.org, offset: e.Offset, plan: plan}:
			case <-h.ctx.Done():
				return
			}
		}
	}
	if len(plan.Sessions) > 0 {
		h.endSessions(f.org, plan.Sessions)
	}
	if h.opt.Entry != nil {
		h.opt.Entry(f.org, e)
	}
}

// compare asks the store for the heads of all followed journals, again and again and
// whenever a subscription stands again: whatever the broker lost is found here. It is also how
// the hub learns that the store is away.
func (h *Hub) compare() {
	t := time.NewTicker(h.opt.Compare)
	defer t.Stop()
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-t.C:
		case <-h.doubt:
		}
		h.compareNow()
	}
}

func (h *Hub) compareNow() {
	h.mu.Lock()
	orgs := make([]int64, 0, len(h.followers))
	followers := make([]*follower, 0, len(h.followers))
	for org, f := range h.followers {
		orgs = append(orgs, org)
		followers = append(followers, f)
	}
	h.mu.Unlock()
	if len(orgs) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(h.ctx, 3*time.Second)
	defer cancel()
	heads, err := h.journal.Heads(ctx, orgs)
	h.setStoreDown(err != nil && h.ctx.Err() == nil)
	if err != nil {
		return
	}
	for _, f := range followers {
		f.hint(heads[f.org])
	}
}

func (h *Hub) setStoreDown(down bool) {
	h.mu.Lock()
	changed := h.storeDown != down
	h.storeDown = down
	h.mu.Unlock()
	if !changed {
		return
	}
	h.opt.Log.Warn().Bool("down", down).Msg("store")
	if h.opt.Status != nil {
		h.opt.Status(!down)
	}
}
