package e2e

import "time"

// limit is how long a test waits for a screen to show what was acknowledged, whatever is
// broken but the database. It takes about one second when it is right, and never comes when
// it is not: how long it took is logged, and measured by the benchmarks.
const limit = 20 * time.Second

// deadBefore waits until a node has ended by itself.
func (w *world) deadBefore(n *node) {
	w.t.Helper()
	select {
	case <-n.Done():
	case <-time.After(limit):
		w.t.Fatal("the node did not die at its failpoint")
	}
}
