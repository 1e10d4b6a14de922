package conversation_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/service/conversation"
)

// disk is a store that takes a second for a batch, however large.
type disk struct {
	mu      sync.Mutex
	batches [][]string // guarded by mu; the keys of each
	stored  []string   // guarded by mu; the keys of what was committed, in order
	fail    func(keys []string) error
}

func (d *disk) send(ctx context.Context, _ domain.OrganisationID, batch []domain.NewMessage) ([]journal.Sent, error) {
	var keys []string
	sent := make([]journal.Sent, len(batch))
	for i, m := range batch {
		keys = append(keys, m.Key)
		sent[i] = journal.Sent{Entry: &journal.Entry{RequestKey: m.Key}, Fresh: true}
		if m.Body == "refused" {
			sent[i] = journal.Sent{Err: fault.New(fault.Conflict, "refused")}
		}
	}
	d.mu.Lock()
	d.batches = append(d.batches, keys)
	d.mu.Unlock()
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if d.fail != nil {
		if err := d.fail(keys); err != nil {
			return nil, err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, m := range batch {
		if sent[i].Err == nil {
			d.stored = append(d.stored, m.Key)
		}
	}
	return sent, nil
}

func (d *disk) sizes() (out []int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, b := range d.batches {
		out = append(out, len(b))
	}
	return out
}

func keyed(i int) domain.NewMessage { return domain.NewMessage{Key: fmt.Sprint("key-", i)} }

// gathering runs fn in a bubble of its own time, and stops the batcher at its end.
func gathering(t *testing.T, most int, fn func(t *testing.T, d *disk, b *conversation.Batcher)) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		b := conversation.NewBatcher(d.send, most)
		fn(t, d, b)
		if err := b.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// The first starts at once and alone; what comes while it is under way shares the next.
func TestBatchesFormWhileOneIsUnderWay(t *testing.T) {
	gathering(t, 8, func(t *testing.T, d *disk, b *conversation.Batcher) {
		start := time.Now()
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				m := keyed(i)
				if i == 13 {
					m.Body = "refused"
				}
				sent := b.Send(t.Context(), 1, m)
				if i == 13 {
					if !fault.Is(sent.Err, fault.Conflict) {
						t.Errorf("%+v", sent)
					}
				} else if sent.Err != nil || sent.Entry.RequestKey != m.Key {
					t.Errorf("message %d got %+v", i, sent)
				}
			})
			if i == 0 {
				synctest.Wait() // the others come while it is being written
			}
		}
		all.Go(func() {
			began := time.Now()
			if sent := b.Send(t.Context(), 2, keyed(99)); sent.Err != nil || time.Since(began) != time.Second {
				t.Errorf("another organisation waited %v: %+v", time.Since(began), sent)
			}
		})
		all.Wait()
		if took := time.Since(start); took != 4*time.Second {
			t.Errorf("took %v", took)
		}
		sizes := d.sizes()
		d.mu.Lock()
		var written []string
		for _, b := range d.batches {
			written = append(written, b...)
		}
		written = slices.DeleteFunc(written, func(k string) bool { return k == "key-13" || k == "key-99" })
		if stored := slices.DeleteFunc(slices.Clone(d.stored), func(k string) bool { return k == "key-99" }); !slices.Equal(stored, written) {
			t.Errorf("stored %v, wrote %v", stored, written)
		}
		d.mu.Unlock()
		slices.Sort(sizes)
		if !slices.Equal(sizes, []int{1, 1, 3, 8, 8}) {
			t.Errorf("batches of %v", sizes)
		}
		// Idle again: no wait for company.
		began := time.Now()
		if sent := b.Send(t.Context(), 1, keyed(100)); sent.Err != nil || time.Since(began) != time.Second {
			t.Errorf("waited %v: %+v", time.Since(began), sent)
		}
	})
}

// Who gives up before their message is in a transaction has not written it; afterwards
// nobody knows. The others never notice.
func TestGivingUp(t *testing.T) {
	gathering(t, 0, func(t *testing.T, d *disk, b *conversation.Batcher) {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		var all sync.WaitGroup
		var under, waiting, patient journal.Sent
		all.Go(func() { under = b.Send(ctx, 1, keyed(0)) })
		synctest.Wait()
		all.Go(func() { waiting = b.Send(ctx, 1, keyed(1)) })
		all.Go(func() { patient = b.Send(t.Context(), 1, keyed(2)) })
		all.Wait()
		if f, ok := errors.AsType[*fault.Error](under.Err); !ok || f.Code != fault.Unavailable || !f.Unknown || f.RetryAfter <= 0 {
			t.Errorf("under way: %+v", under)
		}
		if !errors.Is(waiting.Err, context.DeadlineExceeded) {
			t.Errorf("waiting: %+v", waiting)
		}
		if patient.Err != nil {
			t.Errorf("patient: %+v", patient)
		}
		if d.mu.Lock(); !slices.Equal(slices.Concat(d.batches...), []string{"key-0", "key-2"}) {
			t.Errorf("wrote %v", d.batches)
		}
		if !slices.Equal(d.stored, []string{"key-0", "key-2"}) {
			t.Errorf("stored %v: what is in a transaction is stored, whoever waits", d.stored)
		}
		d.mu.Unlock()
		gone, end := context.WithCancel(t.Context())
		end()
		if sent := b.Send(gone, 1, keyed(3)); !errors.Is(sent.Err, context.Canceled) {
			t.Errorf("%+v", sent)
		}
	})
}

// An outage is everyone's; what lies in one message is that message's alone.
func TestBatchFails(t *testing.T) {
	unknown := &fault.Error{Code: fault.Unavailable, Unknown: true, RetryAfter: time.Second}
	for name, c := range map[string]struct {
		fail  func(keys []string) error
		check func(i int, sent journal.Sent) bool
		sizes []int
	}{
		"unknown": {func(keys []string) error {
			if len(keys) > 1 {
				return unknown
			}
			return nil
		}, func(i int, s journal.Sent) bool {
			return (i == 0) == (s.Err == nil) && (i == 0 || errors.Is(s.Err, unknown))
		}, []int{1, 4}},
		"one cannot be stored": {func(keys []string) error {
			if slices.Contains(keys, "key-3") {
				return fault.New(fault.Invalid, "it cannot be stored")
			}
			return nil
		}, func(i int, s journal.Sent) bool { return (i == 3) == fault.Is(s.Err, fault.Invalid) }, []int{1, 4, 1, 1, 1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			gathering(t, 0, func(t *testing.T, d *disk, b *conversation.Batcher) {
				d.fail = c.fail
				var all sync.WaitGroup
				for i := range 5 {
					all.Go(func() {
						if sent := b.Send(t.Context(), 1, keyed(i)); !c.check(i, sent) {
							t.Errorf("message %d: %+v", i, sent)
						}
					})
					if i == 0 {
						synctest.Wait()
					}
				}
				all.Wait()
				if !slices.Equal(d.sizes(), c.sizes) {
					t.Errorf("batches of %v, want %v", d.sizes(), c.sizes)
				}
			})
		})
	}
}

// Stopping writes what waits, or cuts it off in time; afterwards nothing is taken.
func TestStopWritesWhatWaits(t *testing.T) {
	for name, c := range map[string]struct {
		patience time.Duration
		written  bool
	}{"patient": {time.Minute, true}, "impatient": {time.Millisecond, false}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &disk{}
				b := conversation.NewBatcher(d.send, 2)
				var all sync.WaitGroup
				for i := range 5 {
					all.Go(func() {
						sent := b.Send(t.Context(), 1, keyed(i))
						if (sent.Err == nil) != c.written || sent.Err != nil && !fault.Is(sent.Err, fault.Unavailable) {
							t.Errorf("message %d: %+v", i, sent)
						}
					})
				}
				synctest.Wait()
				ctx, cancel := context.WithTimeout(context.Background(), c.patience)
				defer cancel()
				if err := b.Stop(ctx); (err == nil) != c.written {
					t.Error(err)
				}
				all.Wait()
				if sent := b.Send(t.Context(), 1, keyed(9)); !fault.Is(sent.Err, fault.Unavailable) {
					t.Errorf("%+v", sent)
				}
				if err := b.Stop(context.Background()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
