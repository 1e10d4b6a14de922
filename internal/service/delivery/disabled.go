package delivery

import (
	"context"
	"sync"
	"time"

	"crier/internal/domain"
)

const (
	disabledLook = time.Minute
	// disabledAfter is how long a copy is due, by a channel that this server has not, before it is ended. Until then another node may have the channel:
	// while a provider is taken into use, one node after the other, or while it fails and its copies wait.
	disabledAfter = 24 * time.Hour
	disabledMost  = 256 // at once
)

// everyChannel are all of them.
var everyChannel = []domain.Channel{domain.ChannelEmail, domain.ChannelSMS, domain.ChannelPush}

// EndDisabled ends the copies that wait for a channel which this server has not, with the reason ReasonDisabled; it says how many. Of a
// message they were asked for before the channel was taken away; a mail that an export is ready is always asked for.
func (s *Service) EndDisabled(ctx context.Context) (ended int, err error) {
	now := s.o.Clock.Now()
	if _, err := s.o.Store.SweepDeliveries(ctx, now, sweepMost); err != nil {
		return 0, err
	}
	for _, c := range everyChannel {
		if s.enabled[c] {
			continue
		}
		for {
			n, err := s.endDisabled(ctx, c, now)
			ended += n
			if err != nil {
				return ended, err
			}
			if n < disabledMost {
				break
			}
		}
	}
	return ended, nil
}

func (s *Service) endDisabled(ctx context.Context, c domain.Channel, now time.Time) (int, error) {
	before, until := now.Add(-disabledAfter), now.Add(lease)
	next, err := s.o.Store.NextDelivery(ctx, c)
	if err != nil || next.IsZero() || next.After(before) {
		return 0, err
	}
	claimed, err := s.o.Store.ClaimDeliveries(ctx, c, before, until, disabledMost)
	if err != nil || len(claimed) == 0 {
		return 0, err
	}
	// A worker without a sender judges as the others do, and finds that nothing goes.
	_, decided, err := newWorker(c, Way{}, s).decide(ctx, now, until, claimed)
	if err != nil {
		return 0, err
	}
	_, err = s.o.Store.RecordDeliveries(ctx, now, decided)
	return len(claimed), err
}

// looking ends such copies now and then.
type looking struct {
	stop context.CancelFunc
	done sync.WaitGroup
}

func (l *looking) start(ctx context.Context, s *Service) {
	ctx, l.stop = context.WithCancel(ctx)
	l.done.Go(func() {
		look := time.NewTicker(disabledLook)
		defer look.Stop()
		for {
			if _, err := s.EndDisabled(ctx); err != nil && ctx.Err() == nil {
				s.o.Log.Warn().Err(err).Msg("could not end copies by channels that are disabled")
			}
			select {
			case <-ctx.Done():
				return
			case <-look.C:
			}
		}
	})
}

func (l *looking) end() {
	if l.stop != nil {
		l.stop()
		l.done.Wait()
	}
}
