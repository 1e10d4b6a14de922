package store

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"crier/internal/journal"
)

// TestCancelledStatements: a statement that its caller cancels amid its work returns the context's
// error, whatever the driver calls it, outside of a transaction and in one.
func TestCancelledStatements(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		const long = `WITH RECURSIVE n(v) AS (SELECT CAST(1 AS bigint) UNION ALL SELECT v + 1 FROM n WHERE v < 4000000000) SELECT count(*) FROM n`
		org := office(t, s, "north").Organisation
		for name, run := range map[string]func(context.Context) error{
			"get": func(ctx context.Context) error {
				var n int64
				return s.get(ctx, &n, long)
			},
			"list": func(ctx context.Context) error {
				var n []int64
				return s.list(ctx, &n, long)
			},
			"write": func(ctx context.Context) error {
				return s.write(ctx, org, func(tx *Tx) error {
					var n int64
					return tx.Get(ctx, &n, long)
				})
			},
			"the statement after": func(ctx context.Context) error {
				return s.write(ctx, org, func(tx *Tx) error {
					var n int64
					_ = tx.Get(ctx, &n, long)
					return tx.Append(ctx, &journal.Entry{Kind: journal.KindSessionStarted, Payload: []byte(`{}`)})
				})
			},
			"a transaction that ends with its caller": func(ctx context.Context) error {
				tx, err := s.r.BeginTxx(ctx, &sql.TxOptions{ReadOnly: true})
				if err != nil {
					return translate(ctx, err)
				}
				var n int64
				_ = tx.GetContext(ctx, &n, long)
				_ = tx.Rollback()
				return translate(ctx, tx.GetContext(ctx, &n, `SELECT 1`))
			},
		} {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(50*time.Millisecond, cancel)
			if err := run(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
			cancel()
		}
		if err := translate(t.Context(), sql.ErrTxDone); !errors.Is(err, sql.ErrTxDone) {
			t.Errorf("nobody cancelled: %v", err)
		}
		if err := s.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
