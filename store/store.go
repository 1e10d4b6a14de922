// Package store keeps Crier's durable state: the journal of each organisation
// and the tables that follow from it, in PostgreSQL or in one SQLite file.
//
// Every method that changes something journalled does so in one transaction that
// takes the organisation's journal row first, so commit order is offset order.
// Errors are faults: Unavailable when the database cannot be reached (with
// Unknown when the connection was lost during COMMIT), Conflict for what is
// already there, and plain errors for what should not happen.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/rs/zerolog"

	"crier/internal/clock"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Options say where the database is and how to use it.
type Options struct {
	// DSN is "sqlite:PATH" or "postgres://…".
	DSN string
	// Clock stamps the entries. Nil means the machine's.
	Clock clock.Clock
	// Log gets what has no caller to be returned to.
	Log zerolog.Logger
	// MaxConns bounds the connections to PostgreSQL, or SQLite's readers. Zero means 16.
	MaxConns int
	// Silence is how long PostgreSQL may leave a statement without any answer before
	// the connection counts as lost. Zero means 10 s.
	Silence time.Duration
	// Number makes a phone number E.164, "" if it is none; region (ISO 3166) is that of numbers without a country
	// code. Nil: no number is known to be one.
	Number func(phone, region string) string
}

// Store is an open database. Safe for concurrent use.
type Store struct {
	d     *dialect
	w     *sqlx.DB // writes; on SQLite a pool of one
	r     *sqlx.DB // reads; the same pool as w on PostgreSQL
	clock clock.Clock
	log   zerolog.Logger
	meta  meta
	// bulk counts what was provisioned since the tables' statistics were made.
	bulk bulk
	// unreads is what this node remembers of who has read what.
	unreads unreadSets
	// expanding are the sendings that are being expanded.
	expanding audiences

	bus journal.Bus // hears of what is committed

	options Options // as completed by Open
}

// Open connects to the database and checks that it can be trusted: it refuses a
// PostgreSQL that may lose what it has committed, and a schema newer than this
// binary. It changes nothing: call Migrate before any other method.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.MaxConns <= 0 {
		o.MaxConns = 16
	}
	if o.Silence <= 0 {
		o.Silence = 10 * time.Second
	}
	s := &Store{clock: o.Clock, log: o.Log, options: o}
	var err error
	if s.d, s.w, s.r, err = connect(o); err != nil {
		return nil, err
	}
	if err := s.check(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) check(ctx context.Context) error {
	if err := s.firstPing(ctx); err != nil {
		return err
	}
	if err := s.d.safe(ctx, s.w); err != nil {
		return err
	}
	return s.checkVersion(ctx)
}

// firstPing connects. Several processes that open one new SQLite file at the same
// time find it locked while one of them switches it to WAL, and SQLite does not wait
// for that by itself.
func (s *Store) firstPing(ctx context.Context) error {
	err := s.Ping(ctx)
	for try := 0; err != nil && s.d == sqlite && fault.Is(err, fault.Unavailable) && try < 100; try++ {
		select {
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
		err = s.Ping(ctx)
	}
	return err
}

// Close closes the database. Methods called afterwards fail.
func (s *Store) Close() error {
	err := s.w.Close()
	if s.r != nil && s.r != s.w {
		err = errors.Join(err, s.r.Close())
	}
	return err
}

// Bus is where listeners hear of entries. The store tells it of each entry after COMMIT.
func (s *Store) Bus() *journal.Bus { return &s.bus }

// Ping reports whether the database answers: nil, or Unavailable.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	if err := s.w.GetContext(ctx, &one, `SELECT 1`); err != nil {
		return fmt.Errorf("ping the database: %w", translate(ctx, err))
	}
	return nil
}

// micros is how a time is kept: microseconds UTC, 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// timeOf is the inverse of micros.
func timeOf(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
