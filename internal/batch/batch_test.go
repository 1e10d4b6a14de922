package batch_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crier/internal/batch"
	"crier/internal/fault"
)

// TestPace: the first item goes at once; of a crowd, the next batch begins a pace after the first.
// The messages' tests (service/conversation) pin what batches have in common.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var begun []time.Duration
		var sizes []int
		b := batch.New(batch.Options{Max: 3, Pace: 10 * time.Millisecond}, func(_ context.Context, _ string, items []int) ([]int, error) {
			begun, sizes = append(begun, time.Since(start)), append(sizes, len(items))
			time.Sleep(time.Millisecond) //nolint:forbidigo // the clock of a bubble
			return items, nil
		})
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				if got, err := b.Do(t.Context(), "key", i); err != nil || got != i {
					t.Errorf("%d became %d, %v", i, got, err)
				}
			})
			if i == 0 {
				synctest.Wait()
			}
		}
		all.Wait()
		if want := []time.Duration{0, 10 * time.Millisecond, 20 * time.Millisecond}; !slices.Equal(begun, want) || !slices.Equal(sizes, []int{1, 3, 2}) {
			t.Errorf("batches of %v at %v, want %v", sizes, begun, want)
		}
		began := time.Now()
		if _, err := b.Do(t.Context(), "key", 7); err != nil || time.Since(began) != time.Millisecond {
			t.Errorf("one that came alone waited %v, %v", time.Since(began), err)
		}
		if err := b.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// TestLeft: a caller who leaves amid a batch learns that nobody knows.
func TestLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := batch.New(batch.Options{}, func(context.Context, int, []int) ([]int, error) {
			time.Sleep(time.Second) //nolint:forbidigo // the clock of a bubble
			return []int{0}, nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := b.Do(ctx, 1, 1)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Code != fault.Unavailable || !f.Unknown || !errors.Is(err, batch.ErrLeft) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if err := b.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}
