// Package batch is group commit: calls that come while a transaction is under way share the next
// one, so that many of them cost one wait for the disk.
package batch

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"crier/internal/fault"
)

// maxItems is the default size of a batch: enough that many share one COMMIT, few enough that the
// first of them does not wait for the last.
const maxItems = 128

// maxTime bounds one batch. A batch does not end with the context of one of its callers.
const maxTime = 20 * time.Second

// ErrLeft is in the chain of the error of a caller who stopped waiting while the batch was under
// way: nobody knows whether the item was written.
var ErrLeft = errors.New("batch: the caller did not wait for the outcome")

// Batcher gathers items by key. An item that finds nothing under way for its key starts a batch at
// once; items that arrive meanwhile go into the next batch together. A goroutine exists per key
// while there is something to write. Safe for concurrent use.
type Batcher[K comparable, In, Out any] struct {
	write func(ctx context.Context, key K, items []In) ([]Out, error)
	max   int
	pace  time.Duration
	ctx   context.Context // of all batches
	end   context.CancelFunc

	mu      sync.Mutex
	stopped bool                   // guarded by mu
	waiting map[K][]*item[In, Out] // guarded by mu; an entry, maybe empty, while a goroutine works
	working sync.WaitGroup
}

// item is one call. taken is guarded by the batcher's mu; out and err are written before done is
// closed.
type item[In, Out any] struct {
	in    In
	taken bool
	out   Out
	err   error
	done  chan struct{}
}

// Options are a batcher's settings; the zero value is ready.
type Options struct {
	// Max is how many items one batch holds at most; 0 means 128.
	Max int
	// Pace is how long after the beginning of a batch the next one begins, if items wait. It lets
	// the batches of a crowd grow; an item that comes alone is never held up. 0: the next one
	// begins at once.
	Pace time.Duration
}

// New makes a batcher. write gets the items of one key and returns one result for each, in their order.
// If write fails for a reason other than an outage or the end of its
// context, it is called again for each item alone, so that the others do not suffer.
func New[K comparable, In, Out any](o Options, write func(context.Context, K, []In) ([]Out, error)) *Batcher[K, In, Out] {
	if o.Max <= 0 {
		o.Max = maxItems
	}
	b := &Batcher[K, In, Out]{write: write, max: o.Max, pace: o.Pace, waiting: map[K][]*item[In, Out]{}}
	b.ctx, b.end = context.WithCancel(context.Background())
	return b
}

// Do hands one item over and returns its result. If ctx ends before the item is in a batch, the item
// is dropped and ctx's error returned; if it ends afterwards, the error is Unavailable with Unknown
// and ErrLeft in its chain. After Stop the error is Unavailable.
func (b *Batcher[K, In, Out]) Do(ctx context.Context, key K, in In) (out Out, err error) {
	if err := ctx.Err(); err != nil {
		return out, err
	}
	it := &item[In, Out]{in: in, done: make(chan struct{})}
	b.mu.Lock()
	if b.stopped {
		b.mu.Unlock()
		return out, &fault.Error{Code: fault.Unavailable, RetryAfter: time.Second, Message: "this server is stopping; nothing was changed"}
	}
	line, working := b.waiting[key]
	b.waiting[key] = append(line, it)
	if !working {
		b.working.Add(1)
		go b.work(key)
	}
	b.mu.Unlock()
	select {
	case <-it.done:
		return it.out, it.err
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-it.done:
		return it.out, it.err
	default:
	}
	if it.taken {
		return out, &fault.Error{Code: fault.Unavailable, RetryAfter: time.Second, Unknown: true, Err: errors.Join(ErrLeft, ctx.Err()),
			Message: "it may or may not have been done"}
	}
	line = b.waiting[key]
	if i := slices.Index(line, it); i >= 0 {
		b.waiting[key] = slices.Delete(line, i, i+1)
	}
	return out, ctx.Err()
}

// Stop refuses new items and returns when those that wait have been written, or cuts them off when
// ctx ends. Stopping twice does nothing.
func (b *Batcher[K, In, Out]) Stop(ctx context.Context) error {
	b.mu.Lock()
	b.stopped = true
	b.mu.Unlock()
	defer b.end()
	written := make(chan struct{})
	go func() { b.working.Wait(); close(written) }()
	select {
	case <-written:
		return nil
	case <-ctx.Done():
		b.end()
		<-written
		return ctx.Err()
	}
}

// work writes the batches of one key until nothing waits.
func (b *Batcher[K, In, Out]) work(key K) {
	defer b.working.Done()
	for {
		next := time.After(b.pace)
		batch := b.take(key)
		if len(batch) == 0 {
			return
		}
		b.run(key, batch)
		for _, it := range batch {
			close(it.done)
		}
		if b.pace > 0 && b.waits(key) {
			select {
			case <-next:
			case <-b.ctx.Done():
			}
		}
	}
}

func (b *Batcher[K, In, Out]) waits(key K) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting[key]) > 0
}

// take takes the next batch, and ends the key's work if nothing waits.
func (b *Batcher[K, In, Out]) take(key K) []*item[In, Out] {
	b.mu.Lock()
	defer b.mu.Unlock()
	line := b.waiting[key]
	if len(line) == 0 {
		delete(b.waiting, key)
		return nil
	}
	n := min(len(line), b.max)
	batch := slices.Clone(line[:n])
	b.waiting[key] = slices.Delete(line, 0, n)
	for _, it := range batch {
		it.taken = true
	}
	return batch
}

func (b *Batcher[K, In, Out]) run(key K, batch []*item[In, Out]) {
	items := make([]In, len(batch))
	for i, it := range batch {
		items[i] = it.in
	}
	ctx, cancel := context.WithTimeout(b.ctx, maxTime)
	defer cancel()
	out, err := b.write(ctx, key, items)
	ended := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	switch {
	case err == nil:
		for i, it := range batch {
			it.out = out[i]
		}
	case len(batch) > 1 && !ended && !fault.Is(err, fault.Unavailable):
		for _, it := range batch {
			b.run(key, []*item[In, Out]{it})
		}
	default:
		if _, ok := errors.AsType[*fault.Error](err); ended && !ok { // the batch's own end
			err = &fault.Error{Code: fault.Unavailable, RetryAfter: time.Second, Err: err, Message: "it could not be saved in time; nothing was changed"}
		}
		for _, it := range batch {
			it.err = err
		}
	}
}
