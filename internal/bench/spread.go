package bench

import (
	"math"
	"slices"
	"time"
)

// Spread is how measured times lie, in milliseconds with three digits after the point.
type Spread struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// spread sorts times and takes nearest ranks: every number in it was measured. No times make zeros.
func spread(times []time.Duration) Spread {
	slices.Sort(times)
	return Spread{P50: millis(rank(times, 50)), P99: millis(rank(times, 99)), Max: millis(rank(times, 100))}
}

// rank returns the smallest of the sorted times that percent of them do not exceed.
func rank(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	n := (len(sorted)*percent + 99) / 100
	return sorted[max(n, 1)-1]
}

func millis(d time.Duration) float64 { return math.Round(float64(d)/1e3) / 1e3 }

// ratio is a of b with two digits after the point; 0 when b is 0.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return math.Round(100*a/b) / 100
}
