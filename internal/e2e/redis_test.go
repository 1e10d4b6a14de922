package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"crier/internal/testkit"
)

// degraded waits until every node says that it hears the others (0) or not (1).
func (w *world) degraded(want string, limit time.Duration) {
	w.t.Helper()
	testkit.Eventually(w.t, limit, "crier_broker_degraded is "+want, func() error {
		for _, n := range w.nodes {
			page, err := get(context.Background(), n.admin+"/metrics")
			if err != nil {
				return err
			}
			if !strings.Contains(page, "\ncrier_broker_degraded "+want+"\n") {
				return fmt.Errorf("not at %s", n.base)
			}
		}
		return nil
	})
}

// TestRedisGone sends while Redis is dead, and while it is frozen.
func TestRedisGone(t *testing.T) {
	w := build(t, testkit.Postgres(t), 60)
	screens := w.screens()
	for _, c := range []struct {
		what        string
		fail, mend  func()
		noticeLimit time.Duration
	}{
		{"killed", w.redis.Kill, w.redis.Start, 10 * time.Second},
		{"frozen", w.redis.Pause, w.redis.Resume, 20 * time.Second},
	} {
		worst := time.Duration(0)
		c.fail()
		for i := range 6 {
			began := time.Now()
			w.mustSend(w.nodes[i%2], fmt.Sprintf("%s-number-%d", c.what, i))
			answered := time.Since(began)
			if answered > 2*time.Second {
				t.Errorf("Redis %s: the sending was answered after %v", c.what, answered)
			}
			worst = max(worst, w.reached(screens, limit))
		}
		t.Logf("Redis %s: worst time from the answer to the last of 60 screens: %v", c.what, worst)
		w.degraded("1", c.noticeLimit)
		c.mend()
		w.degraded("0", 20*time.Second)
		w.mustSend(w.nodes[0], c.what+"-and-back")
		t.Logf("Redis back: %v", w.reached(screens, limit))
	}
	w.verify(screens)
}
