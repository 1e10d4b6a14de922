package delivery

import (
	"context"
	"time"

	"crier/internal/domain"
)

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
		err := w.recordOnce(ctx, batch)
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

func (w *Worker) recordOnce(ctx context.Context, batch []domain.DeliveryResult) error {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	_, err := w.s.o.Store.RecordDeliveries(ctx, w.s.o.Clock.Now(), batch)
	return err
}
