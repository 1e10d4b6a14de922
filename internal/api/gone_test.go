package api_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"net/http"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"crier/internal/app"
	"crier/internal/config"
	"crier/internal/testkit"
)

// TestACallerWhoHasGone: a request whose caller goes while the database works on it is logged with
// status 499, not as an error, on both databases.
func TestACallerWhoHasGone(t *testing.T) {
	for name, c := range map[string]struct {
		driver string
		start  func(t *testing.T) (f *fixture, dsn string)
		lock   string
	}{
		"sqlite": {"sqlite", func(t *testing.T) (*fixture, string) {
			var data string
			f := start(t, func(cfg *config.Config) { data = cfg.Data })
			return f, filepath.Join(data, "crier.db")
		}, `BEGIN IMMEDIATE`},
		"postgres": {"postgres", func(t *testing.T) (*fixture, string) {
			dsn := testkit.Postgres(t)
			return start(t, nil, app.Options{DSN: dsn}), dsn
		}, `BEGIN; SELECT head FROM journals FOR UPDATE`},
	} {
		t.Run(name, func(t *testing.T) {
			f, dsn := c.start(t)
			db, err := sql.Open(c.driver, dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			holder, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := holder.ExecContext(t.Context(), c.lock); err != nil {
				t.Fatal(err)
			}
			ctx, leave := context.WithCancel(t.Context())
			r, err := http.NewRequestWithContext(ctx, http.MethodPut, f.base+"/api/v1/provisioning/tests",
				strings.NewReader(`{"items":[{"external_id":"T9","name":"Late"}]}`))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+f.tokens["north/key"])
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-Request-Id", "gone")
			answered := make(chan error, 1)
			go func() {
				resp, err := http.DefaultClient.Do(r)
				if err == nil {
					_ = resp.Body.Close()
				}
				answered <- err
			}()
			testkit.Eventually(t, 20*time.Second, "the request waits for the database", func() error {
				var stacks bytes.Buffer
				if err := pprof.Lookup("goroutine").WriteTo(&stacks, 1); err != nil {
					return err
				}
				if !strings.Contains(stacks.String(), "UpsertExams") {
					return errors.New("it does not")
				}
				return nil
			})
			leave()
			if err := <-answered; !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			var line string
			testkit.Eventually(t, 20*time.Second, "the request is logged", func() error {
				for l := range strings.Lines(f.logs.String()) {
					if strings.Contains(l, `"request_id":"gone"`) {
						line = l
						return nil
					}
				}
				return errors.New("it is not")
			})
			if !strings.Contains(line, `"status":499`) || !strings.Contains(line, `"level":"info"`) || strings.Contains(line, `"code"`) {
				t.Errorf("logged as %s", line)
			}
			if _, err := holder.ExecContext(t.Context(), `ROLLBACK`); err != nil {
				t.Error(err)
			}
			if err := holder.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
