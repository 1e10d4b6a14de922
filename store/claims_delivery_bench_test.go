package store

import (
	"fmt"
	"testing"
	"time"

	"crier/internal/domain"
	"crier/internal/testkit"
)

// BenchmarkClaim says what a claim of 100 copies costs while many wait. Run it with -benchtime 200x.
func BenchmarkClaim(b *testing.B) {
	for _, db := range []string{"sqlite", "postgres"} {
		for _, waiting := range []int{10_000, 1_000_000} {
			b.Run(fmt.Sprintf("%s/%d", db, waiting), func(b *testing.B) {
				dsn := sqliteDSN(b)
				series := `SELECT value AS i FROM (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < $1) SELECT value FROM n)`
				if db == "postgres" {
					dsn = testkit.Postgres(b)
					series = `SELECT i FROM generate_series(1, CAST($1 AS bigint)) AS i`
				}
				s := open(b, dsn)
				for part := 0; part < waiting; part += 10_000 { // no statement without an answer for long
					_, err := s.w.ExecContext(b.Context(), `INSERT INTO deliveries (organisation_id, id, "offset", person_no, channel, due_at, created_at, changed_at)
						SELECT 1, 'd' || (i + $2), i + $2, 1, 'email', i + $2, 1, 1 FROM (`+series+`) AS n`, 10_000, part)
					if err != nil {
						b.Fatal(err)
					}
				}
				now := time.UnixMicro(int64(waiting) + 1)
				b.ResetTimer()
				for range b.N {
					got, err := s.ClaimDeliveries(b.Context(), domain.ChannelEmail, now, now.Add(time.Minute), 100)
					if err != nil {
						b.Fatal(err)
					}
					if len(got) == 0 {
						b.Fatal("none is left")
					}
				}
			})
		}
	}
}
