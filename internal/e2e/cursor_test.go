package e2e

import (
	"database/sql"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"crier/internal/cursor"
	"crier/internal/testkit"
)

// TestCursors comes back with cursors of every kind: a good one continues, any other is
// answered with reset and everything from the beginning.
func TestCursors(t *testing.T) {
	dsn := testkit.Postgres(t)
	w := build(t, dsn, 3)
	screens := w.screens()
	for _, key := range []string{"message-1", "message-2", "message-3"} {
		w.mustSend(w.nodes[0], key)
	}
	w.reached(screens, limit)
	elsewhere := build(t, testkit.Postgres(t), 3)
	foreign := elsewhere.screens()
	elsewhere.mustSend(elsewhere.nodes[0], "message-1")
	elsewhere.reached(foreign, limit)

	of := func(s *screen, i int) string {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.shown[i].ID
	}
	own := of(screens[0], 0)
	altered := "B" + own[1:]
	if altered == own {
		altered = "C" + own[1:]
	}
	all := w.acknowledged
	for _, c := range []struct {
		what, since string
		resets      []string
		shown       []string
	}{
		{"none", "", nil, all},
		{"old", own, nil, all[1:]},
		{"the last", of(screens[0], 2), nil, nil},
		{"forged", strings.Repeat("A", cursor.Width), []string{"cursor_unknown"}, all},
		{"altered", altered, []string{"cursor_unknown"}, all},
		{"another candidate's", of(screens[1], 0), []string{"cursor_unknown"}, all},
		{"another database's", of(foreign[0], 0), []string{"cursor_unknown"}, all},
		{"ahead of the head", ahead(t, dsn), []string{"cursor_ahead"}, all},
	} {
		for i, n := range w.nodes {
			s := w.screenAt(w.people[0], i, c.since)
			w.settled([]*screen{s})
			s.mu.Lock()
			resets := slices.Clone(s.resets)
			s.mu.Unlock()
			if got := s.subjects(); !slices.Equal(got, c.shown) || !slices.Equal(resets, c.resets) {
				t.Errorf("%s at %s: shows %q after resets %q, want %q after %q", c.what, n.base, got, resets, c.shown, c.resets)
			}
			if f := s.faultsSeen(); len(f) > 0 {
				t.Errorf("%s: %q", c.what, f)
			}
			s.leave()
		}
	}
	w.verify(screens)
}

// ahead makes the cursor that the first candidate would have after a million more
// entries: what a page holds when the database was restored from an old copy.
func ahead(t *testing.T, dsn string) string {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was only read
	var key string
	var org, no, head int64
	err = db.QueryRowContext(t.Context(), `SELECT m.value, p.organisation_id, p.no, j.head FROM meta m, people p JOIN journals j USING (organisation_id)
		WHERE m.key = 'seal_key' AND p.external_id = 'c000'`).Scan(&key, &org, &no, &head)
	if err != nil {
		t.Fatal(err)
	}
	seal, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	return cursor.NewSealer(seal).Seal(org, no, head+1_000_000)
}
