package delivery

import (
	"context"
	"time"

	"crier/internal/domain"
	"crier/internal/failpoint"
)

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
