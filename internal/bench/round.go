package bench

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// round is one writing to all screens: the times at which each got it.
type round struct {
	// Fixed before the reader knows the round.
	sequence int // number of the sending; 0 for a raw one
	raw      bool
	start    time.Time
	done     chan struct{} // closed when nothing is missing

	mu      sync.Mutex
	at      []time.Duration // by the screen's index; 0 = not yet
	missing int
	sample  []byte // payload of the frame that came first
}

func newRound(screens, sequence int) *round {
	return &round{sequence: sequence, at: make([]time.Duration, screens), missing: screens, done: make(chan struct{})}
}

// roundLimit is how long the last screen may take before a frame counts as lost.
const roundLimit = 30 * time.Second

// wait returns when every screen has the frame.
func (r *round) wait(ctx context.Context) error {
	t := time.NewTimer(roundLimit)
	defer t.Stop()
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return fmt.Errorf("not every screen had the frame within %v", roundLimit)
	}
}

// last is when the last of the screens had it.
func (r *round) last() (d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, at := range r.at {
		d = max(d, at)
	}
	return d
}

// note takes the time at which a screen had the frame.
func (r *round) note(s *screen, payload []byte, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at[s.index] != 0 {
		return
	}
	r.at[s.index] = now.Sub(r.start)
	if r.sample == nil {
		r.sample = append([]byte(nil), payload...)
	}
	if r.missing--; r.missing == 0 {
		close(r.done)
	}
}
