package store

import (
	"context"
	"fmt"

	"crier/internal/fault"
)

// demoKey is the key in meta that says that a database holds demo data, whose passwords everyone knows.
const demoKey = "demo"

// IsDemo reports whether the database holds demo data.
func (s *Store) IsDemo(ctx context.Context) (bool, error) {
	var marks []string
	if err := s.list(ctx, &marks, `SELECT value FROM meta WHERE key = $1`, demoKey); err != nil {
		return false, fmt.Errorf("read whether this is a demo: %w", err)
	}
	return len(marks) > 0, nil
}

// MarkDemo marks the database as one that holds demo data. Errors: Conflict for a database without the
// mark that has an organisation already.
func (s *Store) MarkDemo(ctx context.Context) error {
	demo, err := s.IsDemo(ctx)
	if err != nil || demo {
		return err
	}
	organisations, err := s.Organisations(ctx, 1)
	if err != nil {
		return err
	}
	if len(organisations) > 0 {
		return fault.New(fault.Conflict, "this database is not a demo's: it has organisations of its own")
	}
	if _, err := s.w.ExecContext(ctx, `INSERT INTO meta (key, value) VALUES ($1, '1') ON CONFLICT DO NOTHING`, demoKey); err != nil {
		return fmt.Errorf("mark the demo: %w", translate(ctx, err))
	}
	return nil
}
