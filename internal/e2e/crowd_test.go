package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"crier/internal/testkit"
)

// TestAllDropped cuts every connection of a full hall at once and sends while they come back.
func TestAllDropped(t *testing.T) {
	w := build(t, testkit.Postgres(t), crowd)
	screens := w.screens()
	w.mustSend(w.nodes[0], "before-the-cut")
	w.reached(screens, limit)
	for _, s := range screens {
		s.drop()
	}
	for i := range 4 {
		w.mustSend(w.nodes[i%2], fmt.Sprint("while-away-", i))
	}
	t.Logf("%d screens are back with everything %v after the last answer", crowd, w.reached(screens, 4*limit))
	for _, s := range screens {
		if s.connections() < 2 {
			t.Errorf("%s was not cut", s.person)
		}
	}
	w.verify(screens)
}

// TestOneStopsReading lets one screen stop reading while many long messages come.
func TestOneStopsReading(t *testing.T) {
	w := build(t, testkit.Postgres(t), 20)
	screens := w.screens()
	slow, others := screens[0], screens[1:]
	release := slow.hold()
	const most = 60
	long := strings.Repeat("語", 4000) // 12 KB
	for i := 0; !w.overflowed(w.nodes[0]); i++ {
		if i == most {
			t.Fatalf("the node did not give up on a screen that left %d messages unread", most)
		}
		if i%5 == 0 {
			w.freshKey()
		}
		in := sending(fmt.Sprintf("long-number-%02d", i))
		in["body"] = long
		w.call(w.nodes[i%2], w.key, http.MethodPost, "/tests/"+w.test+"/broadcasts", in, nil)
		w.sent(in["key"].(string))
		w.reached(others, limit)
	}
	t.Logf("fell back to the journal after %d messages of 12 KB", len(w.acknowledged))
	if got := len(slow.subjects()); got > 1 { // the one it was waiting for
		t.Errorf("the screen that does not read shows %d", got)
	}
	release()
	t.Logf("the slow screen has caught up %v after it reads again", w.reached(screens, 2*limit))
	w.verify(screens)
}

// overflowed reports whether some screen on the node was too slow.
func (w *world) overflowed(n *node) bool {
	w.t.Helper()
	page, err := get(context.Background(), n.admin+"/metrics")
	if err != nil || !strings.Contains(page, "\ncrier_overflows_total ") {
		w.t.Fatalf("no metrics: %v", err)
	}
	return !strings.Contains(page, "\ncrier_overflows_total 0\n")
}
