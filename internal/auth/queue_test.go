package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"crier/internal/fault"
)

func TestWaitersLeaveWithTheirContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1)
		if err := q.enter(t.Context(), Work); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- q.enter(ctx, Lane{Stranger, "a"}) }()
		synctest.Wait()
		cancel()
		if err := <-done; !fault.Is(err, fault.Unavailable) {
			t.Errorf("got %v, want unavailable", err)
		}
		q.leave()
		if q.free != 1 || q.groups[Stranger].waiting != 0 || len(q.groups[Stranger].lanes) != 0 {
			t.Errorf("%d free, %+v", q.free, q.groups)
		}
	})
}

func TestNoMoreThanParallel(t *testing.T) {
	q := newQueue(2)
	var now, most atomic.Int64
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			if err := q.enter(t.Context(), Lane{Group(i % int(groups)), fmt.Sprint(i % 7)}); err != nil {
				t.Error(err)
				return
			}
			for n, old := now.Add(1), most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
			}
			now.Add(-1)
			q.leave()
		})
	}
	wg.Wait()
	if most.Load() > 2 || q.free != 2 {
		t.Errorf("%d at once, want at most 2; %d free", most.Load(), q.free)
	}
}

// TestACrowdWaitsForItself: 300 strangers from one address hold up neither a stranger from another
// address, nor a known device, nor a password that is being set.
func TestACrowdWaitsForItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1)
		if err := q.enter(t.Context(), Work); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var order []string
		come := func(name string, at Lane) {
			go func() {
				if err := q.enter(t.Context(), at); err != nil {
					t.Error(name, err)
					return
				}
				mu.Lock()
				order = append(order, name)
				mu.Unlock()
				q.leave()
			}()
			synctest.Wait()
		}
		for range 300 {
			come("crowd", Lane{Stranger, "192.0.2.1"})
		}
		come("stranger", Lane{Stranger, "192.0.2.2"})
		come("known", Lane{Known, "north"})
		come("setting", Work)
		q.leave()
		synctest.Wait()
		for _, name := range []string{"stranger", "known", "setting"} {
			if i := slices.Index(order, name); i < 0 || i > 5 {
				t.Errorf("%s was served after %d others", name, i)
			}
		}
		if len(order) != 303 {
			t.Errorf("%d were served", len(order))
		}
	})
}

// TestFullQueuesSendAway: whom a full queue cannot take is told so at once, and when to come again. The
// longest lane makes room for others.
func TestFullQueuesSendAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1)
		if err := q.enter(t.Context(), Work); err != nil {
			t.Fatal(err)
		}
		var served, sentAway atomic.Int64
		come := func(key string) {
			go func() {
				err := q.enter(t.Context(), Lane{Stranger, key})
				if f, ok := errors.AsType[*fault.Error](err); ok && f.Code == fault.RateLimited && f.RetryAfter > 0 {
					sentAway.Add(1)
					return
				}
				served.Add(1)
				q.leave()
			}()
			synctest.Wait()
		}
		for range maxLane + 50 {
			come("one")
		}
		if sentAway.Load() != 50 {
			t.Errorf("%d were sent away, want 50", sentAway.Load())
		}
		for i := range maxGroup - maxLane {
			come(fmt.Sprint("other ", i))
		}
		come("late")
		if sentAway.Load() != 51 || q.groups[Stranger].lane("late") == nil {
			t.Errorf("the group is full: %d were sent away, and a new lane got no place", sentAway.Load())
		}
		q.leave()
		synctest.Wait()
		if served.Load() != maxGroup || q.free != 1 {
			t.Errorf("%d were served, want %d", served.Load(), maxGroup)
		}
	})
}
