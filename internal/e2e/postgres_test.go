package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"crier/internal/testkit"
)

// TestPostgresRestarted stops the database under two nodes and starts it again.
func TestPostgresRestarted(t *testing.T) {
	pg := testkit.StartPostgres(t)
	w := build(t, pg.DSN(), 60)
	screens := w.screens()
	w.mustSend(w.nodes[0], "before-the-outage")
	w.reached(screens, limit)
	pg.Stop()
	a, err := w.send(w.nodes[0], "during-the-outage")
	switch {
	case err != nil:
		t.Fatal(err)
	case a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || !strings.Contains(string(a.body), `"unavailable"`):
		t.Errorf("during the outage a sending is answered %v, Retry-After %q", a, a.header.Get("Retry-After"))
	}
	w.status(screens, "unavailable")
	pg.Start()
	began := time.Now()
	testkit.Eventually(t, 20*time.Second, "the same key succeeds", func() error {
		a, err := w.send(w.nodes[1], "during-the-outage")
		if err == nil && a.status/100 != 2 {
			err = fmt.Errorf("%v", a)
		}
		return err
	})
	w.sent("during-the-outage")
	t.Logf("sending works %v after the database is back", time.Since(began))
	w.status(screens, "ok")
	w.mustSend(w.nodes[0], "after-the-outage")
	w.verify(screens)
	for _, s := range screens {
		if n := s.connections(); n != 1 {
			t.Errorf("%s needed %d connections, want the one", s.person, n)
		}
	}
}

// status waits until the last thing every screen was told of the database is want.
func (w *world) status(list []*screen, want string) {
	w.t.Helper()
	testkit.Eventually(w.t, 20*time.Second, "screens are told "+want, func() error {
		for _, s := range list {
			if got := s.statusSeen(); len(got) == 0 || got[len(got)-1] != want {
				return fmt.Errorf("%s was told %q", s.person, got)
			}
		}
		return nil
	})
}
