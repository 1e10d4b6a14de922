package api

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/clock"
	"crier/internal/fault"
)

// TestAbandoned: a request whose caller has gone is no error of the server, in the log and in the
// measurements; the same error while the caller waits is one.
func TestAbandoned(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx    context.Context
		err    error
		status int
		level  string
	}{
		"gone":                       {gone, fmt.Errorf("read the test: %w", context.Canceled), 499, "info"},
		"gone, connection lost":      {gone, fault.New(fault.Unavailable, "lost"), 499, "info"},
		"gone, a fault of our own":   {gone, fmt.Errorf("no such column"), 500, "error"},
		"gone, refused":              {gone, fault.New(fault.NotFound, "no such test"), 404, "debug"},
		"waiting, cancelled by us":   {t.Context(), fmt.Errorf("read the test: %w", context.Canceled), 500, "error"},
		"waiting, database is lost":  {t.Context(), fault.New(fault.Unavailable, "lost"), 503, "warn"},
		"gone, the answer was begun": {gone, nil, 200, "info"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			observed := 0
			s := &Server{Options: Options{Log: zerolog.New(&log), Clock: clock.System{}, Observe: func(_, _ string, status int, _ time.Duration) { observed = status }}, cross: http.NewCrossOriginProtection()}
			h := s.serve("/api/v1/tests", func(x *exchange) error {
				if c.err == nil {
					return x.json(200, nil)
				}
				return c.err
			})
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequestWithContext(c.ctx, "GET", "/api/v1/tests", nil))
			if observed != c.status || !strings.Contains(log.String(), fmt.Sprintf(`"level":%q`, c.level)) || !strings.Contains(log.String(), fmt.Sprintf(`"status":%d`, c.status)) {
				t.Errorf("measured as %d, logged as %s", observed, log.String())
			}
			if c.status == 499 && (strings.Contains(log.String(), "code") || w.Body.Len() > 0) {
				t.Errorf("logged as %s, answered %q", log.String(), w.Body)
			}
		})
	}
}
