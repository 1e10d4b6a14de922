package e2e

import "time"

// limit is within how long a screen must show what was acknowledged, whatever is broken
// but the database.
const limit = 5 * time.Second

// deadBefore waits until a node has ended by itself.
func (w *world) deadBefore(n *node) {
	w.t.Helper()
	select {
	case <-n.Done():
	case <-time.After(limit):
		w.t.Fatal("the node did not die at its failpoint")
	}
}
