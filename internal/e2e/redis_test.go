package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

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
	w.without(screens, "killed", w.redis.Kill, func() {
		w.presence("online", "unknown") // those at this node, and those at the other
		for _, n := range w.nodes {
			if page, err := get(t.Context(), n.base+"/readyz"); err != nil || !strings.HasPrefix(page, "ok\ndegraded: ") {
				t.Errorf("readyz of a node without Redis: %q, %v", page, err)
			}
		}
		w.redis.Start()
	})
	w.presence("online", "online")
	if page, err := get(t.Context(), w.nodes[0].base+"/readyz"); err != nil || page != "ok\n" {
		t.Errorf("readyz: %q, %v", page, err)
	}
	w.without(screens, "frozen", w.redis.Pause, w.redis.Resume)
	w.verify(screens)
}

// presence waits until each node tells of the people connected to it, and of the others, what it
// should. Screens are spread over two nodes by turns.
func (w *world) presence(here, elsewhere string) {
	w.t.Helper()
	testkit.Eventually(w.t, 40*time.Second, "people elsewhere are "+elsewhere, func() error {
		for i, n := range w.nodes {
			var page struct {
				Candidates []struct {
					Presence   string
					ExternalID string `json:"external_id"`
				}
				Unknown int `json:"unknown_nodes"`
			}
			w.call(n, w.spare, http.MethodGet, "/tests/"+w.test+"/candidates", nil, &page)
			for _, c := range page.Candidates {
				want := elsewhere
				if slices.Index(w.people, c.ExternalID)%len(w.nodes) == i {
					want = here
				}
				if c.Presence != want {
					return fmt.Errorf("%s says that %s is %s, not %s", n.base, c.ExternalID, c.Presence, want)
				}
			}
			if (page.Unknown > 0) != (elsewhere == "unknown") {
				return fmt.Errorf("%s says that %d nodes are unknown", n.base, page.Unknown)
			}
		}
		return nil
	})
}

// TestRedisBlackHoled sends while the network between the nodes and Redis swallows
// everything: connections stand, new ones are accepted, and no byte comes through.
func TestRedisBlackHoled(t *testing.T) {
	redis := testkit.StartRedis(t)
	proxies := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(proxies, "redis", "127.0.0.1:0", redis.Addr())
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	w := buildWith(t, testkit.Postgres(t), 60, redis, proxy.Listen)
	screens := w.screens()
	swallow := func() {
		for _, stream := range []string{"upstream", "downstream"} {
			// A time-out of 0 is toxiproxy's word for never letting anything through.
			toxic := fmt.Sprintf(`{"name":%[1]q,"type":"timeout","stream":%[1]q,"attributes":{"timeout":0}}`, stream)
			if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.without(screens, "black-holed", swallow, func() { proxy.Toxics.ResetToxics(context.Background()) })
	w.verify(screens)
}

// without sends while Redis is not there, and once it is again. Sendings are answered as
// usual and reach every screen: the nodes ask the database.
func (w *world) without(screens []*screen, what string, fail, mend func()) {
	w.t.Helper()
	worst := time.Duration(0)
	fail()
	for i := range 6 {
		began := time.Now()
		w.mustSend(w.nodes[i%2], fmt.Sprintf("%s-number-%d", what, i))
		if answered := time.Since(began); answered > 2*time.Second {
			w.t.Errorf("Redis %s: the sending was answered after %v", what, answered)
		}
		worst = max(worst, w.reached(screens, limit))
	}
	w.t.Logf("Redis %s: worst time from the answer to the last of %d screens: %v", what, len(screens), worst)
	w.degraded("1", 20*time.Second)
	mend()
	w.degraded("0", 20*time.Second)
	w.mustSend(w.nodes[0], what+"-and-back")
	w.t.Logf("Redis back: %v", w.reached(screens, limit))
}
