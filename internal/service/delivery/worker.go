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
)

// workerStore is what workers need of the database.
type workerStore interface {
	// ClaimDeliveries takes what is due: until lease it is the caller's, under the fence it is returned with.
	ClaimDeliveries(ctx context.Context, c domain.Channel, now, lease time.Time, limit int) ([]domain.Delivery, error)
	NextDelivery(ctx context.Context, c domain.Channel) (time.Time, error)
	Letters(ctx context.Context, claimed []domain.Delivery) ([]domain.Letter, error)
	// RecordDeliveries hears results under their fence alone; repeating them is safe.
	RecordDeliveries(ctx context.Context, at time.Time, results []domain.DeliveryResult) ([]*domain.Entry, error)
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

func (w *Worker) claimAll(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		case <-w.freed:
		case <-timer.C:
		}
		wait := time.Duration(0)
		for wait == 0 && ctx.Err() == nil {
			wait = w.round(ctx)
		}
		timer.Reset(wait)
	}
}

// round claims once; it says how long there is nothing to do, 0 to come again at once.
func (w *Worker) round(ctx context.Context) time.Duration {
	now := w.s.o.Clock.Now()
	w.sweep(ctx, now)
	free, rest := w.free(now)
	if free == 0 {
		return rest
	}
	next, err := w.s.o.Store.NextDelivery(ctx, w.c)
	if err != nil {
		return w.trouble(ctx, err, "look for copies that are due")
	}
	if next.IsZero() {
		return idle
	}
	if next.After(now) {
		return min(idle, max(next.Sub(now), time.Millisecond))
	}
	until := now.Add(lease)
	claimed, err := w.s.o.Store.ClaimDeliveries(ctx, w.c, now, until, free)
	if err != nil {
		return w.trouble(ctx, err, "claim copies")
	}
	failpoint.Hit(failpoint.DeliveryAfterClaim)
	if len(claimed) == 0 {
		return idle
	}
	w.mu.Lock()
	w.inFlight += len(claimed)
	w.mu.Unlock()
	jobs, decided, err := w.decide(ctx, now, until, claimed)
	if err != nil { // nothing was tried: they go again at once, or when the lease is over
		_ = w.trouble(ctx, err, "read what copies carry")
		decided = decided[:0]
		for _, d := range claimed {
			decided = append(decided, waits(d, now.Add(idle), ""))
		}
	}
	for _, r := range decided {
		w.results <- r
	}
	for _, j := range jobs {
		w.jobs <- j
	}
	if len(claimed) < free {
		return min(idle, 20*time.Millisecond)
	}
	return 0
}

// trouble notes that the database did not answer; it says how long to wait.
func (w *Worker) trouble(ctx context.Context, err error, what string) time.Duration {
	if ctx.Err() == nil {
		w.s.o.Log.Warn().Err(err).Str("channel", string(w.c)).Msg("could not " + what)
	}
	return idle
}

// sweep gives back what dead workers had in hand.
func (w *Worker) sweep(ctx context.Context, now time.Time) {
	if now.Sub(w.swept) < sweepEvery {
		return
	}
	w.swept = now
	n, err := w.s.o.Store.SweepDeliveries(ctx, now, sweepMost)
	switch {
	case err != nil:
		_ = w.trouble(ctx, err, "give copies of dead workers back")
	case n > 0:
		w.s.o.Log.Warn().Int("copies", n).Msg("a worker ended with copies in hand; they go again")
	}
}

// free is how many deliveries may be claimed now; if none, how long to rest.
func (w *Worker) free(now time.Time) (n int, rest time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Before(w.until) {
		return 0, min(w.until.Sub(now), idle)
	}
	most := cap(w.jobs)
	switch {
	case w.failures > 0 && w.inFlight > 0:
		return 0, idle
	case w.failures > 0:
		return 1, 0 // it asks whether the provider is back
	case most-w.inFlight < (most+3)/4: // wait until a claim is worth its transaction
		return 0, idle
	}
	return most - w.inFlight, 0
}

func (w *Worker) resting(now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return now.Before(w.until)
}

// decide judges what is claimed: what is to be handed over, and what has its result already.
func (w *Worker) decide(ctx context.Context, now, until time.Time, claimed []domain.Delivery) (jobs []job, decided []domain.DeliveryResult, err error) {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	letters, err := w.s.o.Store.Letters(ctx, claimed)
	if err != nil {
		return nil, nil, err
	}
	found := make(map[string]bool, len(letters))
	for i := range letters {
		l := &letters[i]
		found[l.Delivery.ID] = true
		l.Standing.Enabled = w.s.enabled
		switch v := l.Judge(now); {
		case !l.ExpiresAt.IsZero() && now.After(l.ExpiresAt):
			decided = append(decided, ends(l.Delivery, domain.DeliveryCancelled, "expired"))
		case !v.Until.IsZero():
			decided = append(decided, waits(l.Delivery, v.Until, string(v.Reason)))
		case v.Reason == domain.ReasonRead:
			decided = append(decided, ends(l.Delivery, domain.DeliveryCancelled, string(v.Reason)))
		case v.Reason != "":
			decided = append(decided, ends(l.Delivery, domain.DeliverySuppressed, string(v.Reason)))
		default:
			jobs = append(jobs, job{letter: *l, address: v.Address, until: until})
		}
	}
	for _, d := range claimed {
		if !found[d.ID] {
			decided = append(decided, ends(d, domain.DeliveryFailed, "gone"))
		}
	}
	jobs, late, err := w.capped(ctx, now, jobs)
	return jobs, append(decided, late...), err
}

// waits is the result of what goes later.
func waits(d domain.Delivery, due time.Time, reason string) domain.DeliveryResult {
	return domain.DeliveryResult{Delivery: d, State: domain.DeliveryWaiting, DueAt: due, Reason: reason}
}

// ends is the result of what does not go.
func ends(d domain.Delivery, state domain.DeliveryState, reason string) domain.DeliveryResult {
	return domain.DeliveryResult{Delivery: d, State: state, Reason: reason}
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

// recordAll records results, all that wait at once, until there are none to come.
func (w *Worker) recordAll(ctx context.Context) {
	for r := range w.results {
		batch := []domain.DeliveryResult{r}
		for len(batch) < recordMost {
			select {
			case next, ok := <-w.results:
				if ok {
					batch = append(batch, next)
					continue
				}
			default:
			}
			break
		}
		w.record(ctx, batch)
		w.mu.Lock()
		w.inFlight -= len(batch)
		w.mu.Unlock()
		select {
		case w.freed <- struct{}{}:
		default:
		}
	}
}

// record tries as long as it may be heard: what is not recorded goes again.
func (w *Worker) record(ctx context.Context, batch []domain.DeliveryResult) {
	ctx, cancel := context.WithTimeout(ctx, lease)
	defer cancel()
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		entries, err := w.recordOnce(ctx, batch)
		w.s.committed(entries...)
		if err == nil {
			return
		}
		w.s.o.Log.Warn().Err(err).Str("channel", string(w.c)).Int("copies", len(batch)).Msg("could not record what became of copies")
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

func (w *Worker) recordOnce(ctx context.Context, batch []domain.DeliveryResult) ([]*domain.Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	return w.s.o.Store.RecordDeliveries(ctx, w.s.o.Clock.Now(), batch)
}

// spread keeps what failed together from coming back together: d, more or less a fifth.
func spread(d time.Duration) time.Duration {
	return d*4/5 + rand.N(d*2/5+1) //nolint:gosec // no secret
}
