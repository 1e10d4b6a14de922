package delivery

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"crier/internal/channel"
	"crier/internal/domain"
)

// A delivery that fails for the moment is tried again after 1, 2, 4 … minutes, at most 6 hours, and given up with the
// attempt that ends its first day.
const (
	againFirst   = time.Minute
	againMost    = 6 * time.Hour
	attemptsMost = 12 // 1 + 2 + … + 256 min + 2 × 6 h: 20.5 h
)

// A provider that fails is asked again after 5 s, 10 s …, at most 5 minutes.
const (
	restFirst = 5 * time.Second
	restMost  = 5 * time.Minute
)

// blameAfter is how often a copy may meet a failing provider before it counts against the copy itself, if what came just before it was taken.
const blameAfter = 5

// doubled is first, doubled n-1 times, at most most.
func doubled(first, most time.Duration, n int) time.Duration {
	d := first
	for ; n > 1 && d < most; n-- {
		d *= 2
	}
	return min(d, most)
}

// failed is the result of an attempt that failed.
func (w *Worker) failed(d domain.Delivery, address string, err error) domain.DeliveryResult {
	now := w.s.o.Clock.Now()
	var e *channel.Error
	if !errors.As(err, &e) {
		e = &channel.Error{Kind: channel.Temporary, Code: "internal", Err: err}
	}
	code := cmp.Or(e.Code, string(e.Kind))
	r := domain.DeliveryResult{Delivery: d, Address: address, Provider: w.way.Sender.Name(), Reason: code, Detail: e.Detail,
		Attempt: &domain.Attempt{At: now, Outcome: domain.Outcome(e.Kind), Code: e.Code, Detail: e.Detail}}
	if e.OptedOut {
		r.OptedOut, r.Reason = true, string(domain.ReasonOptedOut)
	}
	kind := e.Kind
	if kind == channel.Provider && e.RetryAfter == 0 && d.Fence > blameAfter && w.took() { // and it must take another before the next is blamed
		kind = channel.Temporary // it takes others: the text is at fault, not the provider
	}
	switch kind {
	case channel.Permanent:
		w.back()
		r.State, r.Consumed = domain.DeliveryFailed, true
	case channel.Provider:
		// Nobody's address is at fault: the attempt counts against none. Those that failed come after those that
		// have not been tried, so that a text on which a provider breaks does not stand before all others.
		r.State, r.DueAt = domain.DeliveryWaiting, w.rest(now, e.RetryAfter).Add(spread(doubled(time.Second, 10*time.Minute, int(min(d.Fence, 20)))))
		w.s.o.Log.Warn().Str("channel", string(w.c)).Str("provider", w.way.Sender.Name()).Str("code", e.Code).Msg("the provider fails; copies wait")
	default:
		if e.Kind != channel.Provider && !errors.Is(err, context.DeadlineExceeded) {
			w.back() // it answers
		}
		r.State, r.Consumed = domain.DeliveryWaiting, true
		if d.Attempts+1 >= attemptsMost {
			r.State = domain.DeliveryFailed
			break
		}
		r.DueAt = now.Add(max(spread(doubled(againFirst, againMost, d.Attempts+1)), e.RetryAfter))
	}
	return r
}

// rest stops the channel for a while; it says until when. Failures of what was under way at the same time count once.
func (w *Worker) rest(now time.Time, asked time.Duration) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Before(w.until) {
		return w.until
	}
	w.taken = false
	w.failures++
	w.until = now.Add(max(spread(doubled(restFirst, restMost, w.failures)), min(asked, time.Hour)))
	return w.until
}

// back notes that the provider answers.
func (w *Worker) back() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failures, w.until, w.taken = 0, time.Time{}, true
}

// took reports whether the provider has taken something since it was last rested or a text was blamed.
func (w *Worker) took() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	taken := w.taken
	w.taken = false
	return taken
}

// push hands a text to each browser of a person. It has gone if one took it; a subscription that is gone for good is removed.
func (w *Worker) push(ctx context.Context, l *domain.Letter, out channel.Outgoing) (accepted channel.Accepted, err error) {
	took := false
	err = &channel.Error{Kind: channel.Permanent, Code: string(domain.ReasonNoAddress), Detail: "no browser takes pushes any more"}
	for _, sub := range l.Subscriptions {
		keys := json.RawMessage(sub.Keys)
		if !json.Valid(keys) {
			keys = json.RawMessage("{}")
		}
		address, e := json.Marshal(map[string]any{"endpoint": sub.Endpoint, "keys": keys})
		if e != nil {
			return accepted, e
		}
		out.Address = string(address)
		a, e := w.way.Sender.Send(ctx, out)
		switch {
		case e == nil:
			took, accepted = true, a
		case channel.KindOf(e) == channel.Permanent:
			if e := w.s.o.Store.DropSubscription(ctx, l.Delivery.Organisation, sub.ID); e != nil {
				w.s.o.Log.Warn().Err(e).Msg("could not remove a push subscription")
			}
		default: // one of several push services: the others' copies do not wait for it
			err = &channel.Error{Kind: channel.Temporary, Code: "push", Detail: "a push service refuses or is away"}
			if f, ok := errors.AsType[*channel.Error](e); ok {
				err = &channel.Error{Kind: channel.Temporary, Code: f.Code, Detail: f.Detail, RetryAfter: f.RetryAfter}
			}
		}
	}
	if took {
		return accepted, nil
	}
	return accepted, err
}
