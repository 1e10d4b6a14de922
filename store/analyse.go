package store

import (
	"context"
	"sync"
)

// provisioned are the tables that provisioning fills.
var provisioned = []string{"people", "enrolments", "groups", "staff_scopes"}

// analyseAfter is after how many provisioned items PostgreSQL makes statistics at least; in a large
// database, after a tenth of its enrolments.
const analyseAfter = 500

// bulk counts provisioned items since the last statistics.
type bulk struct {
	sync.Mutex
	items, enough int
}

// analyse has PostgreSQL make its statistics of the provisioned tables anew once enough items were
// provisioned since the last time. Its own daemon does so within minutes; until then it believes an
// organisation that was just filled to be empty, and plans accordingly. The items are stored already,
// so a failure is logged and no more.
func (s *Store) analyse(ctx context.Context, items int) {
	if s.d != postgres || !s.bulk.due(items) {
		return
	}
	ctx = context.WithoutCancel(ctx)
	for _, table := range provisioned {
		if _, err := s.w.ExecContext(ctx, `ANALYZE `+table); err != nil {
			s.log.Warn().Err(err).Str("table", table).Msg("no statistics after provisioning")
			return
		}
	}
	var rows float64
	if err := s.get(ctx, &rows, `SELECT CAST(reltuples AS double precision) FROM pg_class WHERE oid = CAST('enrolments' AS regclass)`); err != nil {
		s.log.Warn().Err(err).Msg("the number of enrolments could not be estimated")
		return
	}
	s.bulk.Lock()
	s.bulk.enough = int(rows / 10)
	s.bulk.Unlock()
}

// due counts items and reports whether it is time for statistics; it then begins to count again.
func (b *bulk) due(items int) bool {
	b.Lock()
	defer b.Unlock()
	b.items += items
	if b.items < max(analyseAfter, b.enough) {
		return false
	}
	b.items = 0
	return true
}
