package conversation

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// batchMost is how many messages one transaction holds at most: enough that the
// COMMIT's wait for the disk is shared by many, few enough that the first of them does
// not wait for the last.
const batchMost = 128

// batchLimit bounds one transaction. It is the batch's own: no writer's end ends the
// others' message.
const batchLimit = 20 * time.Second

// Batcher gathers messages per organisation: those that arrive while a transaction is
// under way go into the next one together. One that finds nothing under way starts at
// once, so waiting is never longer than what is under way. A goroutine exists per
// organisation while it has something to write. Safe for concurrent use.
type Batcher struct {
	send func(context.Context, domain.OrganisationID, []domain.NewMessage) ([]journal.Sent, error)
	most int
	ctx  context.Context // of all transactions
	end  context.CancelFunc

	mu      sync.Mutex
	stopped bool                                      // guarded by mu
	waiting map[domain.OrganisationID][]*waitingWrite // guarded by mu; an entry, maybe empty, while a goroutine works
	working sync.WaitGroup
}

// waitingWrite is one message on its way. taken is guarded by the batcher's mu; sent is
// written before done is closed.
type waitingWrite struct {
	message domain.NewMessage
	taken   bool
	sent    journal.Sent
	done    chan struct{}
}

// NewBatcher makes a batcher around store.SendMessages. most is how many messages go
// into one transaction; 0 means 128.
func NewBatcher(send func(context.Context, domain.OrganisationID, []domain.NewMessage) ([]journal.Sent, error), most int) *Batcher {
	if most <= 0 {
		most = batchMost
	}
	b := &Batcher{send: send, most: most, waiting: map[domain.OrganisationID][]*waitingWrite{}}
	b.ctx, b.end = context.WithCancel(context.Background())
	return b
}

// Send stores one message and returns when it is durable or refused. If ctx ends
// before the message is in a transaction it is dropped and ctx's error returned;
// afterwards nobody waits for the outcome, and the error is Unavailable with Unknown.
func (b *Batcher) Send(ctx context.Context, org domain.OrganisationID, m domain.NewMessage) journal.Sent {
	w := &waitingWrite{message: m, done: make(chan struct{})}
	if err := ctx.Err(); err != nil {
		return journal.Sent{Err: err}
	}
	b.mu.Lock()
	if b.stopped {
		b.mu.Unlock()
		return journal.Sent{Err: &fault.Error{Code: fault.Unavailable, RetryAfter: time.Second, Message: "this server is stopping; nothing was changed"}}
	}
	line, working := b.waiting[org]
	b.waiting[org] = append(line, w)
	if !working {
		b.working.Add(1)
		go b.work(org)
	}
	b.mu.Unlock()
	select {
	case <-w.done:
		return w.sent
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-w.done:
		return w.sent
	default:
	}
	if w.taken {
		return journal.Sent{Err: &fault.Error{Code: fault.Unavailable, RetryAfter: time.Second, Unknown: true, Err: ctx.Err(),
			Message: "it may or may not have been saved; trying again with the same key is safe"}}
	}
	line = b.waiting[org]
	if i := slices.Index(line, w); i >= 0 {
		b.waiting[org] = slices.Delete(line, i, i+1)
	}
	return journal.Sent{Err: ctx.Err()}
}

// Stop refuses new messages and returns when those that wait have been written, or cuts
// them off when ctx ends. Stopping twice does nothing.
func (b *Batcher) Stop(ctx context.Context) error {
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

// work writes one organisation's messages until none waits.
func (b *Batcher) work(org domain.OrganisationID) {
	defer b.working.Done()
	for {
		batch := b.take(org)
		if len(batch) == 0 {
			return
		}
		b.write(org, batch)
		for _, w := range batch {
			close(w.done)
		}
	}
}

// take takes the next batch, and ends the organisation's work if nothing waits.
func (b *Batcher) take(org domain.OrganisationID) []*waitingWrite {
	b.mu.Lock()
	defer b.mu.Unlock()
	line := b.waiting[org]
	if len(line) == 0 {
		delete(b.waiting, org)
		return nil
	}
	n := min(len(line), b.most)
	batch := slices.Clone(line[:n])
	b.waiting[org] = slices.Delete(line, 0, n)
	for _, w := range batch {
		w.taken = true
	}
	return batch
}

// write stores a batch. If it fails for a reason that lies in one of its messages, each
// is tried alone, so that the others do not suffer.
func (b *Batcher) write(org domain.OrganisationID, batch []*waitingWrite) {
	messages := make([]domain.NewMessage, len(batch))
	for i, w := range batch {
		messages[i] = w.message
	}
	ctx, cancel := context.WithTimeout(b.ctx, batchLimit)
	defer cancel()
	sent, err := b.send(ctx, org, messages)
	switch {
	case err == nil:
		for i, w := range batch {
			w.sent = sent[i]
		}
	case len(batch) > 1 && !fault.Is(err, fault.Unavailable) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded):
		for _, w := range batch {
			b.write(org, []*waitingWrite{w})
		}
	default:
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) { // the batch's own end, before its COMMIT
			err = &fault.Error{Code: fault.Unavailable, RetryAfter: time.Second, Err: err, Message: "it could not be saved in time; nothing was changed"}
		}
		for _, w := range batch {
			w.sent = journal.Sent{Err: err}
		}
	}
}
