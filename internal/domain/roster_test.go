package domain

import (
	"testing"
	"time"
)

func TestProgressAfter(t *testing.T) {
	now := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		p      Progress
		at     time.Time
		stored Progress
		want   bool
	}{
		{InProgress, now.Add(time.Microsecond), NotStarted, true},
		{NotStarted, now.Add(time.Microsecond), Submitted, true},
		{Submitted, now.Add(-time.Microsecond), NotStarted, false},
		{Submitted, now, InProgress, true},
		{InProgress, now, InProgress, false},
		{InProgress, now, Submitted, false},
	} {
		if got := c.p.After(c.at, c.stored, now); got != c.want {
			t.Errorf("%s at %v after %s: %v", c.p, c.at.Sub(now), c.stored, got)
		}
	}
}
