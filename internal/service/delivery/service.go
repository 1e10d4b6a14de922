// Package delivery is the use-case of copies on their way out (product rows N1–N8): whom a message would reach by email and
// SMS and why not (Plan), the workers that claim, judge, compose, hand over and record, what staff see of it and
// retry, and what people agree to.
package delivery

import (
	"context"
	"maps"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/channel"
	"crier/internal/clock"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/journal"
)

// Store is what this service needs of the database; each file names its own part.
type Store interface {
	workerStore
	planStore
	listStore
	consentStore
	pushStore
}

// Composer makes of a judged letter what a provider takes. address is the one it goes to.
type Composer interface {
	Compose(ctx context.Context, l *domain.Letter, address string) (channel.Outgoing, error)
}

// Way is a channel that this server can use: who carries it, and how texts are made for it.
type Way struct {
	Sender   channel.Sender
	Composer Composer      // nil: Plain
	From     string        // as the pages show it: an address, or a number
	Timeout  time.Duration // of one hand-over; 0 = 30 s
	Parallel int           // hand-overs at once; 0 = 16
}

// Options are what a Service is made of.
type Options struct {
	Store  Store
	Ways   map[domain.Channel]Way // a channel that is absent is disabled
	Sealer *cursor.Sealer
	Clock  clock.Clock
	Log    zerolog.Logger
	// Link is the public address of the pages, without a slash at the end: https://crier.example.org
	Link string
	// PushKey is the public key that browsers subscribe with, "" without web push.
	PushKey string
}

// Service is safe for concurrent use. Start begins the workers.
type Service struct {
	o       Options
	enabled map[domain.Channel]bool
	workers map[domain.Channel]*Worker
	looking looking
}

// New makes the service.
func New(o Options) *Service {
	s := &Service{o: o, enabled: map[domain.Channel]bool{}, workers: map[domain.Channel]*Worker{}}
	for c, w := range o.Ways {
		s.enabled[c] = true
		s.workers[c] = newWorker(c, w, s)
	}
	return s
}

// Start begins the workers, one for each channel, and the looking for copies by channels that there are none for.
func (s *Service) Start(ctx context.Context) {
	if len(s.enabled) < len(everyChannel) {
		s.looking.start(ctx, s)
	}
	for _, w := range s.workers {
		w.Start(ctx)
	}
}

// Stop lets the workers end what they have in their hands, until ctx ends.
func (s *Service) Stop(ctx context.Context) error {
	s.looking.end()
	var first error
	for _, w := range s.workers {
		if err := w.Stop(ctx); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Wake has the workers look for what is due. It does not block.
func (s *Service) Wake() {
	for _, w := range s.workers {
		w.Wake()
	}
}

// Enabled says which channels this server can use.
func (s *Service) Enabled() map[domain.Channel]bool { return maps.Clone(s.enabled) }

// Entry hears of entries that bring work. It does not wait.
func (s *Service) Entry(*journal.Entry) { s.Wake() }
