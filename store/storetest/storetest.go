// Package storetest prepares the database that the tests' databases are copies of.
package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/rs/zerolog"

	"crier/store"
)

// Template gives an empty database this version's schema; see testkit.Template. What makes a
// database one of its own, its epoch and its key, is left to whoever opens a copy.
func Template(dsn string) error {
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{DSN: dsn, Log: zerolog.Nop()})
	if err != nil {
		return err
	}
	if err := errors.Join(s.Migrate(ctx), s.Close()); err != nil {
		return err
	}
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `DELETE FROM meta WHERE key IN ('epoch', 'seal_key')`)
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("prepare a database for tests: %w", err)
	}
	return nil
}
