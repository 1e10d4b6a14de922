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
	"time"

	"crier/internal/fault"
)

func TestWaitersLeaveWithTheirContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1)
		if err := q.enter(t.Context(), work); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- q.enter(ctx, Lane{Anyone, "a"}) }()
		synctest.Wait()
		cancel()
		if err := <-done; !fault.Is(err, fault.Unavailable) {
			t.Errorf("got %v, want unavailable", err)
		}
		q.leave()
		if q.free != 1 || q.groups[Anyone].waiting != 0 || len(q.groups[Anyone].lanes) != 0 {
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
		if err := q.enter(t.Context(), work); err != nil {
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
			come("crowd", Lane{Anyone, "192.0.2.1"})
		}
		come("stranger", Lane{Anyone, "192.0.2.2"})
		come("known", Lane{KnownStaff, "north"})
		come("setting", work)
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
		if err := q.enter(t.Context(), work); err != nil {
			t.Fatal(err)
		}
		var served, sentAway atomic.Int64
		come := func(key string) {
			go func() {
				err := q.enter(t.Context(), Lane{Anyone, key})
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
		if sentAway.Load() != 51 || q.groups[Anyone].lane("late") == nil {
			t.Errorf("the group is full: %d were sent away, and a new lane got no place", sentAway.Load())
		}
		q.leave()
		synctest.Wait()
		if served.Load() != maxGroup || q.free != 1 {
			t.Errorf("%d were served, want %d", served.Load(), maxGroup)
		}
	})
}

func (q *queue) waiting(g Group) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.groups[g].waiting
}

// TestStaffDoNotWaitForAHall: while 1,500 candidates of one organisation wait, behind one address,
// staff get a turn after a few at most, at that address too; and so does another organisation's hall.
func TestStaffDoNotWaitForAHall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const parallel = 8
		q := newQueue(parallel)
		for range parallel {
			if err := q.enter(t.Context(), work); err != nil {
				t.Fatal(err)
			}
		}
		var mu sync.Mutex
		var order []string
		note := func(name string) {
			mu.Lock()
			order = append(order, name)
			mu.Unlock()
		}
		come := func(name string, own Lane, address string) {
			go func() {
				place, err := q.enterEither(t.Context(), own, Lane{Anyone, address})
				if err != nil {
					t.Error(name, err)
					return
				}
				note(name)
				q.forget(place)
				q.leave()
			}()
			synctest.Wait()
		}
		for range 1500 {
			come("crowd", Lane{Candidates, "north"}, "192.0.2.1")
		}
		come("staff", Lane{Staff, "north"}, "192.0.2.1")
		come("south's candidate", Lane{Candidates, "south"}, "192.0.2.1")
		go func() {
			if err := q.enter(t.Context(), Lane{KnownStaff, "north"}); err != nil {
				t.Error(err)
				return
			}
			note("staff at their own device")
			q.leave()
		}()
		synctest.Wait()
		q.leave() // one turn after the other, so that the order is one
		synctest.Wait()
		for _, name := range []string{"staff", "staff at their own device", "south's candidate"} {
			if i := slices.Index(order, name); i < 0 || i > 2*int(groups) {
				t.Errorf("%s had %d others before them", name, i)
			}
		}
		if len(order) != 1503 || q.waiting(Anyone)+q.waiting(Candidates)+q.waiting(Staff) != 0 {
			t.Errorf("%d were served, %+v wait", len(order), q.groups)
		}
		for range parallel - 1 {
			q.leave()
		}
		if q.free != parallel {
			t.Errorf("%d turns are free, want %d", q.free, parallel)
		}
	})
}

// TestAWrongPasswordTellsNothing: behind a crowd, a right password of staff is answered at once; a
// wrong one when a login that does not exist is, in the order in which they came.
func TestAWrongPasswordTellsNothing(t *testing.T) {
	h := NewHasher(1)
	stored, err := h.Hash(t.Context(), work, "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		h := &Hasher{turns: newQueue(1), dummy: h.dummy, codes: h.codes}
		if err := h.turns.enter(t.Context(), work); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var order []string
		come := func(name string, own *Lane, stored, password string) {
			go func() {
				right, err := h.VerifyIn(t.Context(), own, Lane{Anyone, "192.0.2.1"}, stored, password)
				if err != nil || right != (password == "correct horse" && stored != "") {
					t.Errorf("%s: %v, %v", name, right, err)
				}
				mu.Lock()
				order = append(order, name)
				mu.Unlock()
			}()
			synctest.Wait()
		}
		candidate, staff := &Lane{Candidates, "north"}, &Lane{Staff, "north"}
		for range 8 {
			come("crowd", candidate, stored, "correct horse")
		}
		come("staff, wrong", staff, stored, "wrong horse")
		come("nobody", nil, "", "wrong horse")
		come("candidate, wrong", candidate, stored, "wrong horse")
		come("nobody again", nil, "", "wrong horse")
		come("staff, right", staff, stored, "correct horse")
		h.turns.leave()
		synctest.Wait()
		wrong := slices.DeleteFunc(slices.Clone(order), func(name string) bool { return name == "crowd" || name == "staff, right" })
		if want := []string{"staff, wrong", "nobody", "candidate, wrong", "nobody again"}; !slices.Equal(wrong, want) {
			t.Errorf("wrong passwords were answered in the order %v, want %v", wrong, want)
		}
		if i := slices.Index(order, "staff, right"); i > 4 {
			t.Errorf("the right password was answered after %d others: %v", i, order)
		}
		if first := slices.Index(order, "staff, wrong"); first < 8 {
			t.Errorf("a wrong password of staff was answered before the crowd: %v", order)
		}
		if h.turns.free != 1 {
			t.Errorf("%d turns are free", h.turns.free)
		}
	})
}

// TestAFullHallDoesNotKeepStaffOut: where no place is left at an address, staff still have their own
// lane. Others are sent away, and whoever is sent away is so no sooner than a wrong password of staff.
func TestAFullHallDoesNotKeepStaffOut(t *testing.T) {
	h := NewHasher(1)
	stored, err := h.Hash(t.Context(), work, "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		h := &Hasher{turns: newQueue(1), dummy: h.dummy, codes: h.codes}
		q, all := h.turns, Lane{Anyone, "192.0.2.1"}
		if err := q.enter(t.Context(), work); err != nil {
			t.Fatal(err)
		}
		fill := func() {
			q.mu.Lock()
			defer q.mu.Unlock()
			for range maxLane {
				if _, err := q.wait(all); err != nil {
					t.Fatal(err)
				}
			}
		}
		fill()
		for name, own := range map[string]*Lane{"nobody": nil, "candidate": {Candidates, "north"}} {
			began := time.Now()
			if _, err := h.VerifyIn(t.Context(), own, all, stored, "correct horse"); !fault.Is(err, fault.RateLimited) || time.Since(began) != refusalTime {
				t.Errorf("%s: %v after %v", name, err, time.Since(began))
			}
		}
		type answer struct {
			right bool
			err   error
			took  time.Duration
		}
		staff := func(password string) answer {
			began := time.Now()
			got := make(chan answer)
			go func() {
				right, err := h.VerifyIn(t.Context(), &Lane{Staff, "north"}, all, stored, password)
				got <- answer{right, err, time.Since(began)}
			}()
			synctest.Wait()
			q.mu.Lock()
			q.groups[Anyone] = ring{} // the crowd has gone
			q.mu.Unlock()
			q.leave()
			a := <-got
			if err := q.enter(t.Context(), work); err != nil {
				t.Fatal(err)
			}
			fill()
			return a
		}
		if a := staff("correct horse"); !a.right || a.err != nil {
			t.Errorf("right: %+v", a)
		}
		if a := staff("wrong horse"); a.right || !fault.Is(a.err, fault.RateLimited) || a.took != refusalTime {
			t.Errorf("wrong: %+v", a)
		}
	})
}

// TestWhoLeavesGivesUpBothPlaces: a caller who goes leaves no place behind and no turn unused.
func TestWhoLeavesGivesUpBothPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1)
		if err := q.enter(t.Context(), work); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := q.enterEither(ctx, Lane{Staff, "north"}, Lane{Anyone, "192.0.2.1"})
			done <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-done; !fault.Is(err, fault.Unavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		q.leave()
		if q.free != 1 || q.waiting(Staff)+q.waiting(Anyone) != 0 {
			t.Errorf("%d free, %+v", q.free, q.groups)
		}
	})
}
