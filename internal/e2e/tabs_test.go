package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"crier/internal/protocol"
	"crier/internal/testkit"
)

// TestTwoTabs gives one candidate two pages on two nodes, and a third that comes back
// later. What is acknowledged in one is dismissed in the other, and for nobody else.
func TestTwoTabs(t *testing.T) {
	w := build(t, testkit.Postgres(t), 6)
	screens := w.screens()
	other := w.screen(w.people[0], 1) // the first one is at the other node
	tabs := []*screen{screens[0], other}
	everyone := append(slices.Clone(screens), other)
	w.settled(everyone)
	for _, key := range []string{"tabs-first", "tabs-second", "tabs-third"} {
		w.mustSend(w.nodes[0], key)
	}
	w.reached(everyone, limit)

	acknowledged := func(s *screen, n int) item {
		return item{"type": "receipt", "state": "acknowledged", "cursors": []string{s.nth(t, n).ID}}
	}
	dismissed := func(s *screen, n int) {
		t.Helper()
		testkit.Eventually(t, limit, "the other tab is told", func() error {
			if !s.got(`{"type":"receipt"`, fmt.Sprintf(`"cursor":%q,"state":"acknowledged"`, s.nth(t, n).ID)) {
				return fmt.Errorf("not yet")
			}
			return nil
		})
	}
	tabs[0].say(t, acknowledged(tabs[0], 1))
	dismissed(tabs[1], 1)
	tabs[1].say(t, acknowledged(tabs[1], 2))
	dismissed(tabs[0], 2)
	for _, s := range screens[1:] {
		if s.got(`{"type":"receipt"`) {
			t.Errorf("%s is told of another's receipt", s.person)
		}
	}
	late := w.screen(w.people[0], 0)
	w.settled([]*screen{late})
	if got := late.subjects(); !slices.Equal(got, w.acknowledged) {
		t.Errorf("a third tab shows %q", got)
	}
	for i, want := range []string{"queued", "acknowledged", "acknowledged"} {
		if got := late.nth(t, i).State; got != want {
			t.Errorf("message %d is %s in a third tab, want %s", i, got, want)
		}
	}
	late.leave()
	w.verify(everyone)
}

// say sends a frame on the page's present connection.
func (s *screen) say(t *testing.T, v any) {
	t.Helper()
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	if conn == nil {
		t.Fatalf("%s is not connected", s.person)
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := write(ctx, conn, v); err != nil {
		t.Fatal(err)
	}
}

// nth is the n-th message that is shown.
func (s *screen) nth(t *testing.T, n int) protocol.Message {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if n >= len(s.shown) {
		t.Fatalf("%s shows %d messages", s.person, len(s.shown))
	}
	return s.shown[n]
}

// got reports whether a frame came that holds all the texts.
func (s *screen) got(texts ...string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.frames, func(frame string) bool {
		for _, text := range texts {
			if !strings.Contains(frame, text) {
				return false
			}
		}
		return true
	})
}
