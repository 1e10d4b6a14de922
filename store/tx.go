package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"crier/internal/domain"
	"crier/internal/failpoint"
	"crier/internal/journal"
)

// Tx is a writing transaction of one organisation. Use only its own methods
// inside: a query on the store would wait for the transaction to end on SQLite.
type Tx struct {
	tx   *sqlx.Tx
	s    *Store
	org  domain.OrganisationID
	prev []byte // hash of the entry before the one being appended

	appended []*journal.Entry // in order; told to the bus after COMMIT
}

// write runs fn in one transaction and commits it. If fn returns an error
// everything is undone and that error is returned, translated. An error of the
// COMMIT itself may be Unavailable with Unknown set.
//
// After COMMIT it tells the bus of what fn has appended. When the outcome of COMMIT is unknown it
// tells nothing: whoever follows the journal finds the entries there if they were stored.
//
// fn must take the journal row first, by Append or Lock, if it writes anything
// that the journal speaks of: that orders all writers of the organisation and
// makes deadlocks impossible.
func (s *Store) write(ctx context.Context, org domain.OrganisationID, fn func(tx *Tx) error) error {
	appended, err := s.commit(ctx, org, fn)
	if err != nil {
		return err
	}
	dieAfterCommit(appended)
	s.bus.Tell(journal.Committed, appended...)
	return nil
}

// commit is write without telling anybody. It returns what was appended.
func (s *Store) commit(ctx context.Context, org domain.OrganisationID, fn func(tx *Tx) error) ([]*journal.Entry, error) {
	conn, err := s.w.Connx(ctx)
	if err != nil {
		return nil, translate(ctx, err)
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool
	// The transaction does not end with ctx, whose end would race with COMMIT and
	// leave its outcome open; each statement does.
	tx, err := conn.BeginTxx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return nil, translate(ctx, err)
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	t := &Tx{tx: tx, s: s, org: org}
	if err := fn(t); err != nil {
		return nil, translate(ctx, err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return t.appended, translateCommit(ctx, tx.Commit())
}

// dieAfterCommit lets a test end this node when entries are durable and nobody has been told.
func dieAfterCommit(appended []*journal.Entry) {
	kind := func(k journal.Kind) bool {
		return slices.ContainsFunc(appended, func(e *journal.Entry) bool { return e.Kind == k })
	}
	if kind(journal.KindBroadcastSent) {
		failpoint.Hit(failpoint.AfterCommit)
	}
	if kind(journal.KindMessageSent) {
		failpoint.Hit(failpoint.MessageAfterCommit)
	}
}

// Lock takes the organisation's journal row and returns the head. Call it first
// in a transaction that must read before it can tell what to append.
func (t *Tx) Lock(ctx context.Context) (head int64, err error) {
	err = t.Get(ctx, &head, `SELECT head FROM journals WHERE organisation_id = $1`+t.s.d.forUpdate, t.org)
	if err != nil {
		return 0, fmt.Errorf("take the journal: %w", err)
	}
	return head, nil
}

// People allocates n dense person numbers and returns the first.
func (t *Tx) People(ctx context.Context, n int) (first domain.PersonNo, err error) {
	var last int64
	err = t.Get(ctx, &last, `UPDATE journals SET people_head = people_head + $2 WHERE organisation_id = $1 RETURNING people_head`, t.org, n)
	if err != nil {
		return 0, fmt.Errorf("allocate person numbers: %w", err)
	}
	return domain.PersonNo(last) - domain.PersonNo(n) + 1, nil
}

// Get reads one row into dest; sql.ErrNoRows if there is none.
func (t *Tx) Get(ctx context.Context, dest any, query string, args ...any) error {
	return t.tx.GetContext(ctx, dest, query, args...)
}

// Select reads rows into the slice dest points to.
func (t *Tx) Select(ctx context.Context, dest any, query string, args ...any) error {
	return t.tx.SelectContext(ctx, dest, query, args...)
}

// Exec runs a statement and returns how many rows it touched.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := t.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// get and list read outside a transaction, with translated errors.
func (s *Store) get(ctx context.Context, dest any, query string, args ...any) error {
	return s.noteSlow(query, translate(ctx, s.r.GetContext(ctx, dest, query, args...)))
}

func (s *Store) list(ctx context.Context, dest any, query string, args ...any) error {
	return s.noteSlow(query, translate(ctx, s.r.SelectContext(ctx, dest, query, args...)))
}

// noteSlow logs a statement that ran too long, without its arguments, and returns err.
func (s *Store) noteSlow(query string, err error) error {
	if isSlow(err) {
		s.log.Warn().Str("statement", query).Msg("a statement ran too long and was ended")
	}
	return err
}
