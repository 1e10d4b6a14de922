package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"crier/internal/testkit"
)

// TestFactsCrossNodes: what is provisioned at one node is told to the pages of exactly those
// concerned at the other, with Redis and without it.
func TestFactsCrossNodes(t *testing.T) {
	w := build(t, testkit.Postgres(t), 2)
	a, b := w.nodes[0], w.nodes[1]
	first, second := w.signIn(b, "c000", candidatePassword), w.signIn(b, "c001", candidatePassword)
	ctx, cancel := context.WithTimeout(context.Background(), 6*limit)
	defer cancel()
	hers, others := w.page(ctx, b, first), w.page(ctx, b, second)
	staff := w.page(ctx, b, w.boss)
	hers.await(t, `"caught_up"`)
	others.await(t, `"caught_up"`)
	const schedule = `{"type":"schedule"}`
	told := func(p *socketPage) int {
		n := 0
		for _, f := range p.all() {
			n += strings.Count(f, schedule)
		}
		return n
	}
	is := func(p *socketPage, want int) func() error {
		return func() error {
			if n := told(p); n != want {
				return fmt.Errorf("told %d times, want %d", n, want)
			}
			return nil
		}
	}
	change := func(path string, one item) {
		t.Helper()
		w.call(a, w.key, http.MethodPut, "/provisioning/"+path, item{"items": []item{one}}, nil)
	}
	for i, name := range []string{"with Redis", "Redis frozen"} {
		if i == 1 {
			w.redis.Pause()
		}
		before, of := told(hers), told(others)
		began := time.Now()
		change("enrolments", item{"test": "t1", "person": "c000", "extra_minutes": 10 + i})
		testkit.Eventually(t, limit, "told of extra time", is(hers, before+1))
		took := time.Since(began)
		change("tests", item{"external_id": "t1", "name": "Mathematics " + name})
		testkit.Eventually(t, limit, "told of the name", is(hers, before+2))
		testkit.Eventually(t, limit, "the other told of the name", is(others, of+1))
		p := []*socketPage{hers, others}[i]
		w.call(a, w.key, http.MethodPost, "/provisioning/progress", item{"items": []item{{"test": "t1", "person": w.people[i], "progress": "submitted"}}}, nil)
		p.await(t, `"progress":"submitted"`)
		if i == 0 && strings.Contains(strings.Join(others.all(), ""), `"progress"`) {
			t.Errorf("another candidate was told: %s", others.all())
		}
		t.Logf("%s: from the request to the page on the other node %v", name, took)
		var d struct {
			Tests []struct {
				Name  string
				Extra int `json:"extra_minutes"`
			}
		}
		w.call(b, first, http.MethodGet, "/dashboard", nil, &d)
		if len(d.Tests) != 1 || d.Tests[0].Name != "Mathematics "+name || d.Tests[0].Extra != 10+i {
			t.Errorf("%s: the dashboard says %+v", name, d)
		}
	}
	w.redis.Resume()
	staff.await(t, `{"type":"groups"}`)
	w.discreet()
}
