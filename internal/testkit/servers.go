package testkit

import (
	"errors"
	"fmt"
)

// WithServers runs use with the addresses of an empty PostgreSQL database and a Redis server, started for it with these
// PostgreSQL settings, and ends them when it returns. It is for programs; a test takes [Postgres] and [Redis].
func WithServers(settings []string, use func(dsn, redisAddr string) error) (err error) {
	var running []*Process
	defer func() {
		for _, p := range running {
			err = errors.Join(err, p.bury())
		}
		err = errors.Join(err, closeKeeper())
	}()
	pg, err := newPostgres(nil, settings)
	if err != nil {
		return err
	}
	running = append(running, pg.Process)
	cache, err := newRedis(nil, nil)
	if err != nil {
		return err
	}
	running = append(running, cache.Process)
	for _, p := range running {
		if err := p.start(); err != nil {
			return err
		}
	}
	if err := pg.admin("CREATE DATABASE crier"); err != nil {
		return fmt.Errorf("make the database: %w", err)
	}
	return use(pg.DSN(), cache.Addr())
}
