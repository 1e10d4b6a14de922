package inbox

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/clock"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// ReceiptStore keeps receipts: one transaction for a batch.
type ReceiptStore interface {
	RecordReceipts(ctx context.Context, org domain.OrganisationID, by domain.ActorRef, marks []domain.Mark) (*journal.Entry, error)
}

// RecorderOptions are a recorder's settings. Zero numbers mean the defaults.
type RecorderOptions struct {
	Store   ReceiptStore
	Clock   clock.Clock
	Log     zerolog.Logger
	Linger  time.Duration // how long the first receipt of a batch waits; default 150 ms
	Batch   int           // how many receipts end the wait; default 2000
	Pending int           // how many may wait on this node; default 200,000
}

// Recorder gathers receipts per organisation and writes them in batches, so that
// they never block a sending. A batch that the store refuses is tried again until
// Stop. Safe for concurrent use.
type Recorder struct {
	o RecorderOptions

	mu      sync.Mutex
	ctx     context.Context // of all writes; nil before Start and after Stop
	stop    chan struct{}   // closed by Stop: flush without waiting
	cancel  context.CancelFunc
	batches map[domain.OrganisationID]*batch // being filled
	pending int                              // marks in batches and in flight
	working sync.WaitGroup                   // one for each organisation that has a batch or a write
}

// batch is what one organisation's next write holds. Guarded by the recorder's mu
// while it is in batches; afterwards its writer's alone.
type batch struct {
	marks map[markKey]*domain.Mark
	done  []func(error)
	full  chan struct{} // closed when the wait is over early
}

type markKey struct {
	offset int64
	person domain.PersonNo
	ticket int64 // offset of the entry that records the ticket of the connection, 0 without
}

// NewRecorder makes a recorder. Call Start before Record.
func NewRecorder(o RecorderOptions) *Recorder {
	if o.Linger <= 0 {
		o.Linger = 150 * time.Millisecond
	}
	if o.Batch <= 0 {
		o.Batch = 2000
	}
	if o.Pending <= 0 {
		o.Pending = 200_000
	}
	return &Recorder{o: o, batches: map[domain.OrganisationID]*batch{}}
}

// Start makes the recorder accept receipts. Starting twice does nothing.
func (r *Recorder) Start(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx != nil {
		return
	}
	// The writes outlive ctx until Stop has flushed them.
	r.ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	r.stop = make(chan struct{})
}

// Stop refuses new receipts, writes what waits, and returns when that is done or
// ctx ends; what could not be written by then is reported to its senders as
// Unavailable. Stopping twice does nothing.
func (r *Recorder) Stop(ctx context.Context) error {
	r.mu.Lock()
	if r.ctx == nil {
		r.mu.Unlock()
		return nil
	}
	r.ctx = nil
	close(r.stop)
	cancel := r.cancel
	r.mu.Unlock()
	defer cancel()
	flushed := make(chan struct{})
	go func() { r.working.Wait(); close(flushed) }()
	select {
	case <-flushed:
		return nil
	case <-ctx.Done():
		cancel() // ends writes and their waits
		<-flushed
		return ctx.Err()
	}
}

// Record notes that the actor's messages at the offsets reached state. done is
// called once that is durable, or with the reason why it will not be: Forbidden,
// Invalid, Unavailable (too much waits, or the node stops). It may be called before
// Record returns and must not block. Record does not wait.
//
// A receipt for a message that the actor does not have is ignored: whether it exists
// is not told.
func (r *Recorder) Record(actor domain.Actor, state domain.ReceiptState, offsets []int64, done func(error)) {
	if err := own(actor, domain.ActReceiptWrite); err != nil {
		done(err)
		return
	}
	if state.Rank() < 1 {
		done(fault.Field("state", "state must be delivered, displayed or acknowledged, not %q", state))
		return
	}
	if len(offsets) == 0 {
		done(nil)
		return
	}
	if err := r.add(actor, state, offsets, done); err != nil {
		done(err)
	}
}

func (r *Recorder) add(actor domain.Actor, state domain.ReceiptState, offsets []int64, done func(error)) error {
	at := r.o.Clock.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx == nil {
		return unavailable("this server is stopping")
	}
	if r.pending+len(offsets) > r.o.Pending {
		return unavailable("too many receipts are waiting to be stored")
	}
	b := r.batches[actor.Organisation]
	if b == nil {
		b = &batch{marks: map[markKey]*domain.Mark{}, full: make(chan struct{})}
		r.batches[actor.Organisation] = b
		r.working.Add(1)
		go r.write(r.ctx, actor.Organisation, b, r.stop)
	}
	before := len(b.marks)
	for _, o := range offsets {
		k := markKey{o, actor.No, actor.TicketEntry()}
		m := b.marks[k]
		if m == nil {
			m = &domain.Mark{Offset: o, Person: actor.No, Ticket: actor.Ticket}
			b.marks[k] = m
		}
		m.Raise(state, at)
	}
	b.done = append(b.done, done)
	r.pending += len(b.marks) - before
	if before < r.o.Batch && len(b.marks) >= r.o.Batch {
		close(b.full)
	}
	return nil
}

func unavailable(why string) error {
	return &fault.Error{Code: fault.Unavailable, RetryAfter: time.Second, Message: why}
}

// write waits until the batch is due, takes it out of reach and stores it.
func (r *Recorder) write(ctx context.Context, org domain.OrganisationID, b *batch, stop <-chan struct{}) {
	defer r.working.Done()
	timer := time.NewTimer(r.o.Linger)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-b.full:
	case <-stop:
	}
	r.mu.Lock()
	delete(r.batches, org)
	r.mu.Unlock()

	marks := make([]domain.Mark, 0, len(b.marks))
	for _, m := range b.marks {
		marks = append(marks, *m)
	}
	err := r.store(ctx, org, marks)

	r.mu.Lock()
	r.pending -= len(marks)
	r.mu.Unlock()
	for _, done := range b.done {
		done(err)
	}
}

// store writes the marks, again and again while the store is unavailable. Writing
// them twice is harmless: states only rise.
func (r *Recorder) store(ctx context.Context, org domain.OrganisationID, marks []domain.Mark) error {
	const slowest = 5 * time.Second
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, slowest) {
		_, err := r.o.Store.RecordReceipts(ctx, org, domain.System(org).Ref(), marks)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return unavailable("this server stopped before the receipts were stored")
		}
		if !fault.Is(err, fault.Unavailable) && !errors.Is(err, context.DeadlineExceeded) {
			r.o.Log.Error().Err(err).Int64("organisation", int64(org)).Int("receipts", len(marks)).Msg("receipts could not be stored")
			return err
		}
		r.o.Log.Warn().Err(err).Int64("organisation", int64(org)).Int("receipts", len(marks)).Dur("again_in", wait).Msg("receipts wait for the store")
		select {
		case <-ctx.Done():
		case <-time.After(wait/2 + rand.N(wait)):
		}
	}
}
