package delivery

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"crier/internal/channel"
	"crier/internal/domain"
	"crier/internal/failpoint"
	"crier/internal/journal"
)

// workerStore is what workers need of the database.
type workerStore interface {
	// ClaimDeliveries takes what is due: until lease it is the caller's, under the fence it is returned with.
	ClaimDeliveries(ctx context.Context, c domain.Channel, now, lease time.Time, limit int) ([]domain.Delivery, error)
	NextDelivery(ctx context.Context, c domain.Channel) (time.Time, error)
	Letters(ctx context.Context, claimed []domain.Delivery) ([]domain.Letter, error)
	// RecordDeliveries hears results under their fence alone; repeating them is safe.
	RecordDeliveries(ctx context.Context, at time.Time, results []domain.DeliveryResult) ([]*journal.Entry, error)
	SweepDeliveries(ctx context.Context, now time.Time, limit int) (int, error)
	// TakeQuota lets claimed deliveries through as far as an organisation's quota goes.
	TakeQuota(ctx context.Context, q domain.Quota, wishes []domain.QuotaWish) (through map[string]bool, oldest time.Time, err error)
	DropSubscription(ctx context.Context, org domain.OrganisationID, id string) error
}

const (
	lease      = 5 * time.Minute
	idle       = time.Second // between two looks, when nothing rings
	sweepEvery = 15 * time.Second
	sweepMost  = 500
	readLimit  = 30 * time.Second // of one statement's work

	timeoutUsual  = 30 * time.Second
	parallelUsual = 16
	ahead         = 16 // how many deliveries are claimed for each hand-over that runs
	recordMost    = 256
)

// Worker carries one channel. It claims what is due, judges it as of now, hands it over, several at once, and records
// what came of it, in batches as they come in: whoever is slow holds up nobody but a place among those that run.
// A failure of the provider stops the claiming, not the screens: later a single delivery asks whether it is back.
type Worker struct {
	c   domain.Channel
	way Way
	s   *Service

	wake    chan struct{}
	freed   chan struct{} // places were given back
	jobs    chan job
	results chan domain.DeliveryResult

	stop context.CancelFunc // of claiming
	cut  context.CancelFunc // of all
	done chan struct{}

	mu       sync.Mutex
	inFlight int       // claimed and not recorded
	failures int       // of the provider, in a row
	until    time.Time // the channel rests until then
	taken    bool      // the provider answered when it was last asked
	swept    time.Time
}

// job is a delivery that is to be handed over.
type job struct {
	letter  domain.Letter
	address string
	until   time.Time // its lease
}

func newWorker(c domain.Channel, way Way, s *Service) *Worker {
	if way.Timeout <= 0 {
		way.Timeout = timeoutUsual
	}
	if way.Parallel <= 0 {
		way.Parallel = parallelUsual
	}
	if way.Composer == nil {
		way.Composer = Plain{Link: s.o.Link}
	}
	n := way.Parallel * ahead
	return &Worker{c: c, way: way, s: s, wake: make(chan struct{}, 1), freed: make(chan struct{}, 1), jobs: make(chan job, n), results: make(chan domain.DeliveryResult, n)}
}

// Start begins the work until Stop, or until ctx ends.
func (w *Worker) Start(ctx context.Context) {
	all, cut := context.WithCancel(ctx)
	claiming, stop := context.WithCancel(all)
	w.stop, w.cut, w.done = stop, cut, make(chan struct{})
	var hands, recorder sync.WaitGroup
	for range w.way.Parallel {
		hands.Go(func() {
			for j := range w.jobs {
				w.results <- w.deliver(claiming, all, j)
			}
		})
	}
	recorder.Go(func() { w.recordAll(all) })
	go func() {
		defer close(w.done)
		w.claimAll(claiming)
		close(w.jobs)
		hands.Wait()
		close(w.results)
		recorder.Wait()
	}()
}

// Stop claims nothing more and returns when what is in hand has been recorded; what is not when ctx ends is
// cut off and goes again when its lease is over.
func (w *Worker) Stop(ctx context.Context) error {
	if w.stop == nil {
		return nil
	}
	defer w.cut()
	w.stop()
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		w.cut()
		<-w.done
		return ctx.Err()
	}
}

// Wake has the worker look for what is due.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// deliver hands one delivery over. claiming ends when the worker stops: what has not begun by then is given back.
func (w *Worker) deliver(claiming, all context.Context, j job) (r domain.DeliveryResult) {
	d, now := j.letter.Delivery, w.s.o.Clock.Now()
	if claiming.Err() != nil || w.resting(now) || now.Add(w.way.Timeout).After(j.until) {
		return waits(d, d.DueAt, "")
	}
	defer func() {
		if p := recover(); p != nil { // one text that breaks a library must not take the others along
			w.s.o.Log.Error().Str("channel", string(w.c)).Str("delivery", d.ID).Str("panic", fmt.Sprint(p)).Msg("a copy could not be handed over")
			r = w.failed(d, j.address, &channel.Error{Kind: channel.Temporary, Code: "internal", Detail: "it could not be composed or handed over"})
		}
	}()
	ctx, cancel := context.WithTimeout(all, w.way.Timeout)
	defer cancel()
	out, err := w.way.Composer.Compose(ctx, &j.letter, j.address)
	if err != nil {
		return w.failed(d, j.address, err)
	}
	out.Organisation, out.Person = int64(d.Organisation), int64(d.Person)
	var accepted channel.Accepted
	if w.c == domain.ChannelPush {
		accepted, err = w.push(ctx, &j.letter, out)
	} else {
		accepted, err = w.way.Sender.Send(ctx, out)
	}
	if err != nil {
		return w.failed(d, j.address, err)
	}
	failpoint.Hit(failpoint.DeliveryAfterSend)
	w.back()
	at := w.s.o.Clock.Now()
	parts := accepted.Parts
	if parts == 0 && w.c == domain.ChannelSMS {
		parts = partsOf(out.Text)
	}
	return domain.DeliveryResult{Delivery: d, State: domain.DeliverySent, Address: j.address, Provider: w.way.Sender.Name(), ProviderID: accepted.ProviderID, Parts: parts,
		Attempt: &domain.Attempt{At: at, Outcome: domain.OutcomeAccepted}, Consumed: true}
}

// spread keeps what failed together from coming back together: d, more or less a fifth.
func spread(d time.Duration) time.Duration {
	return d*4/5 + rand.N(d*2/5+1) //nolint:gosec // no secret
}
