package bench_test

import (
	"context"
	"testing"
	"time"

	"crier/internal/bench"
	"crier/internal/testkit"
)

// TestReplies measures a little: what is counted must add up, on both kinds of nodes.
func TestReplies(t *testing.T) {
	for name, servers := range map[string]func(t *testing.T) bench.Servers{
		"embedded": func(*testing.T) bench.Servers { return bench.Servers{} },
		"two nodes": func(t *testing.T) bench.Servers {
			return bench.Servers{Database: testkit.Postgres(t), Redis: "redis://" + testkit.Redis(t), Nodes: 2}
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			s := servers(t)
			r, err := bench.Replies{Servers: s, Staff: 8, Replies: 5, WarmUp: 2, Size: 200}.Run(ctx, progress{t})
			if err != nil {
				t.Fatal(err)
			}
			if r.Delivered != 8*5 || r.Lost != 0 || r.Duplicates != 0 || r.OutOfOrder != 0 || r.Disconnected != 0 {
				t.Errorf("%+v", r)
			}
			if r.Page.P50 <= 0 || r.Last.P50 < r.Page.P50 || r.Commit.P50 <= 0 || r.LimitLast == nil || r.LimitLast.P50 <= 0 || *r.RatioLast <= 0 || r.FrameBytes < 200 {
				t.Errorf("%+v", r)
			}
			if (r.OtherNode != nil) != (s.Nodes > 1) || r.OtherNode != nil && r.OtherNode.P50 <= 0 {
				t.Errorf("%+v on %d nodes", r, s.Nodes)
			}
		})
	}
}
