package api_test

import (
	"testing"
	"time"

	"crier/internal/app"
	"crier/internal/clock"
)

// TestReadsAndTicketsAreBounded: a page never meets the bounds, and a flood does: it is told when
// to come again, and nobody else notices.
func TestReadsAndTicketsAreBounded(t *testing.T) {
	now := clock.NewFixed(time.Now())
	f := start(t, nil, app.Options{Clock: now})
	flood := func(who, method, path string, ok, burst int) {
		t.Helper()
		for i := range burst {
			if a := f.call(t, who, method, path, nil); a.status != ok {
				t.Fatalf("%s %s, number %d: %d %s", method, path, i+1, a.status, a.body)
			}
		}
		a := f.call(t, who, method, path, nil)
		if a.status != 429 || a.header.Get("Retry-After") == "" {
			t.Fatalf("%s %s, one too many: %d, Retry-After %q", method, path, a.status, a.header.Get("Retry-After"))
		}
	}
	f.must(t, "north/b1", "GET", "/session", nil)
	f.must(t, "north/a1", "GET", "/session", nil)
	flood("north/a1", "GET", "/inbox?limit=1", 200, 299)
	flood("north/a1", "POST", "/tickets", 201, 30)
	f.must(t, "north/b1", "GET", "/inbox?limit=1", nil)
	f.must(t, "north/b1", "POST", "/tickets", nil)
	for range 320 { // staff read as often as they like
		f.must(t, "north/planner", "GET", "/session", nil)
	}
	now.Advance(time.Second)
	f.must(t, "north/a1", "GET", "/inbox?limit=1", nil)
	f.must(t, "north/a1", "POST", "/tickets", nil)
}
