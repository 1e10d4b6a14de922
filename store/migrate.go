package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// schemaTable is where goose notes what it has applied.
const schemaTable = "crier_schema"

// Migrate brings the schema up to this binary's version. Several nodes may call
// it at the same time: each migration is applied once.
func (s *Store) Migrate(ctx context.Context) error {
	db, err := s.migrator()
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	err = s.up(ctx, db)
	if db != s.w {
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		return fmt.Errorf("migrate: %w", translate(ctx, err))
	}
	for _, do := range []func(context.Context) error{s.addSalts, s.numberAll, s.reorderAll} {
		if err := do(ctx); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
	}
	return s.loadMeta(ctx)
}

// migrator is the pool to migrate with: on PostgreSQL one of its own, since a
// statement may take long over a large table without an answer.
func (s *Store) migrator() (*sqlx.DB, error) {
	if s.d != postgres {
		return s.w, nil
	}
	o := s.options
	o.Silence = time.Hour
	return openPostgres(o)
}

func (s *Store) up(ctx context.Context, db *sqlx.DB) error {
	p, err := s.provider(db)
	if err != nil {
		return err
	}
	done, err := p.Up(ctx)
	// Several processes on one SQLite file have no lock that covers a whole
	// migration; each step is a transaction, so the loser finds it done.
	for try := 0; err != nil && s.d == sqlite && try < 20 && ctx.Err() == nil; try++ {
		select {
		case <-ctx.Done():
		case <-time.After(25 * time.Millisecond):
		}
		done, err = p.Up(ctx)
	}
	for _, m := range done {
		s.log.Info().Int64("version", m.Source.Version).Dur("took", m.Duration).Msg("migrated the database")
	}
	return err
}

func (s *Store) provider(db *sqlx.DB) (*goose.Provider, error) {
	steps, err := s.steps()
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{
		goose.WithGoMigrations(steps...), goose.WithTableName(schemaTable), goose.WithDisableGlobalRegistry(true),
		goose.WithLogger(goose.NopLogger()),
	}
	if s.d == postgres {
		// goose asks once a second, up to 300 times.
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider(s.d.goose, db.DB, nil, options...)
}

// steps makes goose's migrations of the embedded texts, in this dialect.
func (s *Store) steps() ([]*goose.Migration, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	var out []*goose.Migration
	for _, name := range names {
		version, err := versionOf(name)
		if err != nil {
			return nil, err
		}
		text, err := migrations.ReadFile(name)
		if err != nil {
			return nil, err
		}
		ddl := s.d.ddl.Replace(string(text))
		out = append(out, goose.NewGoMigration(version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, ddl); err != nil {
				return err
			}
			if more := after[version]; more != nil {
				return more(ctx, s.d, tx)
			}
			return nil
		}}, nil))
	}
	return out, nil
}

// versionOf reads the number that a migration's name begins with.
func versionOf(name string) (int64, error) {
	base := strings.TrimPrefix(name, "migrations/")
	number, _, _ := strings.Cut(base, "_")
	v, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("migration %s has no number", base)
	}
	return v, nil
}

// checkVersion refuses a schema that a newer binary has made.
func (s *Store) checkVersion(ctx context.Context) error {
	exists := `SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1`
	if s.d == sqlite {
		exists = `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = $1`
	}
	var n int
	if err := s.w.GetContext(ctx, &n, exists, schemaTable); err != nil {
		return translate(ctx, err)
	}
	if n == 0 {
		return nil
	}
	var has int64
	if err := s.w.GetContext(ctx, &has, `SELECT coalesce(max(version_id), 0) FROM `+schemaTable); err != nil {
		return translate(ctx, err)
	}
	steps, err := s.steps()
	if err != nil {
		return err
	}
	if knows := steps[len(steps)-1].Version; has > knows {
		return fmt.Errorf("the database has schema %d and this crier knows %d: it was made by a newer crier; start that one", has, knows)
	}
	return nil
}

// meta is what a database says of itself.
type meta struct {
	epoch string
	seal  []byte
}

// Epoch is a random text that names this database: a restored or replaced one
// has another.
func (s *Store) Epoch() string { return s.meta.epoch }

// SealKey is the secret (32 bytes) from which cursors are sealed.
func (s *Store) SealKey() []byte { return s.meta.seal }

func (s *Store) loadMeta(ctx context.Context) error {
	seed := func(key string, n int) (string, error) {
		b := make([]byte, n)
		_, _ = rand.Read(b) // never fails
		if _, err := s.w.ExecContext(ctx, `INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
			key, base64.RawURLEncoding.EncodeToString(b)); err != nil {
			return "", translate(ctx, err)
		}
		var v string
		err := s.w.GetContext(ctx, &v, `SELECT value FROM meta WHERE key = $1`, key)
		return v, translate(ctx, err)
	}
	epoch, err := seed("epoch", 16)
	if err != nil {
		return fmt.Errorf("read the database's epoch: %w", err)
	}
	sealed, err := seed("seal_key", 32)
	if err != nil {
		return fmt.Errorf("read the database's seal key: %w", err)
	}
	key, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(key) != 32 {
		return errors.New("the database's seal key is damaged")
	}
	s.meta = meta{epoch: epoch, seal: key}
	return nil
}
