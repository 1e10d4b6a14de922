package conversation

import (
	"context"
	"time"

	"crier/internal/domain"
	"crier/internal/journal"
)

// wakeEvery is how often ended snoozes and reminders are looked for: they come at most so much late.
const wakeEvery = 5 * time.Second

// wakeStore is what ending snoozes needs of the database.
type wakeStore interface {
	DueWakes(ctx context.Context, now time.Time) ([]domain.OrganisationID, error)
	Wake(ctx context.Context, org domain.OrganisationID, now time.Time) (*journal.Entry, []domain.Reminding, error)
}

// Wake ends the snoozes and reminders whose time has come, and tells the pages of their staff. Every
// node may call it: each is ended once. Errors: Unavailable.
func (l *Live) Wake(ctx context.Context) error {
	now := l.s.o.Clock.Now()
	due, err := l.s.o.Store.DueWakes(ctx, now)
	if err != nil {
		return err
	}
	for _, org := range due {
		for {
			entry, reminded, err := l.s.o.Store.Wake(ctx, org, now)
			if err != nil {
				return err
			}
			for _, r := range reminded {
				l.Read(org, r.Staff, []domain.PersonID{r.ID}, true)
				l.to.Signal(org, []string{domain.PersonTopic(r.Staff)}, reminderFrame{Type: "reminder", Conversation: r.ID})
			}
			if entry == nil && len(reminded) == 0 {
				break
			}
		}
	}
	return nil
}

// wakes calls Wake until ctx ends.
func (l *Live) wakes(ctx context.Context) {
	tick := time.NewTicker(wakeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := l.Wake(ctx); err != nil && ctx.Err() == nil {
			l.s.o.Log.Warn().Err(err).Msg("snoozes and reminders not ended; tried again in a moment")
		}
	}
}
