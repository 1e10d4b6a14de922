package store

import (
	"context"
	"fmt"
)

// addSalts adds the columns of salts to a table of entries that was made before there were any. The
// entries in it have none, so their hashes no longer verify.
func (s *Store) addSalts(ctx context.Context) error {
	none := `''`
	if s.d == sqlite {
		none = `x''`
	}
	for _, column := range []string{"actor_salt", "payload_salt", "audience_salt"} {
		has, err := s.hasColumn(ctx, "entries", column)
		if err != nil || has {
			return err
		}
		_, err = s.w.ExecContext(ctx, fmt.Sprintf(`ALTER TABLE entries ADD COLUMN %s %s NOT NULL DEFAULT %s`,
			column, s.d.ddl.Replace("{bytes}"), none))
		if err == nil {
			continue
		}
		if has, again := s.hasColumn(ctx, "entries", column); again != nil || !has { // another node was first
			return fmt.Errorf("add %s to entries: %w", column, err)
		}
	}
	return nil
}

func (s *Store) hasColumn(ctx context.Context, table, column string) (bool, error) {
	query := `SELECT count(*) FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1 AND column_name = $2`
	if s.d == sqlite {
		query = `SELECT count(*) FROM pragma_table_info($1) WHERE name = $2`
	}
	var n int
	err := s.w.GetContext(ctx, &n, query, table, column)
	return n > 0, translate(ctx, err)
}
