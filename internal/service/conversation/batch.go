package conversation

import (
	"context"
	"errors"
	"time"

	"crier/internal/batch"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Batcher gathers the messages of an organisation into few transactions; see package batch. Safe
// for concurrent use.
type Batcher struct {
	*batch.Batcher[domain.OrganisationID, domain.NewMessage, journal.Sent]
}

// NewBatcher makes a batcher around store.SendMessages. most is how many messages go
// into one transaction; 0 means 128.
func NewBatcher(send func(context.Context, domain.OrganisationID, []domain.NewMessage) ([]journal.Sent, error), most int) *Batcher {
	return &Batcher{batch.New(batch.Options{Max: most}, send)}
}

// Send stores one message and returns when it is durable or refused. If ctx ends
// before the message is in a transaction it is dropped and ctx's error returned;
// afterwards nobody waits for the outcome, and the error is Unavailable with Unknown.
func (b *Batcher) Send(ctx context.Context, org domain.OrganisationID, m domain.NewMessage) journal.Sent {
	sent, err := b.Do(ctx, org, m)
	if errors.Is(err, batch.ErrLeft) {
		err = &fault.Error{Code: fault.Unavailable, RetryAfter: time.Second, Unknown: true, Err: err,
			Message: "it may or may not have been saved; trying again with the same key is safe"}
	}
	if err != nil {
		return journal.Sent{Err: err}
	}
	return sent
}
