package e2e

import (
	"net/http"
	"testing"

	"crier/internal/testkit"
)

// TestKilledWhileSending kills the node that sends, with SIGKILL, at three places. The
// sender, who may have no answer, sends the same key to the other node.
func TestKilledWhileSending(t *testing.T) {
	for _, c := range []struct {
		failpoint string
		answered  bool // whether the dying node still answered
		retry     int  // status of the same request at the other node
	}{
		{"broadcast.before_commit", false, http.StatusCreated},
		{"broadcast.after_commit", false, http.StatusOK},
		{"broadcast.before_expand", true, http.StatusOK},
	} {
		t.Run(c.failpoint, func(t *testing.T) {
			w := build(t, testkit.Postgres(t), 60)
			victim := w.start(c.failpoint)
			screens := w.screens()
			w.mustSend(w.nodes[0], "first-sending")
			w.reached(screens, limit)
			a, err := w.send(victim, "second-sending")
			if answered := err == nil; answered != c.answered || answered && a.status != http.StatusCreated {
				t.Errorf("the dying node answered %v, %v", a, err)
			}
			w.deadBefore(victim)
			if a, err = w.send(w.nodes[1], "second-sending"); err != nil || a.status != c.retry {
				t.Fatalf("the retry is answered %v, %v; want %d", a, err, c.retry)
			}
			w.sent("second-sending")
			t.Logf("on every screen %v after the retry's answer", w.reached(screens, limit))
			w.mustSend(w.nodes[0], "third-sending")
			w.verify(screens)
		})
	}
}

// TestSameSubmitFiveTimes sends one key five times at once over two nodes.
func TestSameSubmitFiveTimes(t *testing.T) {
	w := build(t, testkit.Postgres(t), 60)
	screens := w.screens()
	type result struct {
		answer
		err error
	}
	results := make(chan result)
	for i := range 5 {
		go func() {
			a, err := w.send(w.nodes[i%2], "same-submit")
			results <- result{a, err}
		}()
	}
	created := 0
	for range 5 {
		r := <-results
		switch {
		case r.err != nil || r.status/100 != 2:
			t.Errorf("answered %v, %v", r.answer, r.err)
		case r.status == http.StatusCreated:
			created++
		}
	}
	if created != 1 {
		t.Errorf("%d answers said created, want 1", created)
	}
	w.sent("same-submit")
	w.verify(screens)
}
