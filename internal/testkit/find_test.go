package testkit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// recorder is a test whose end is recorded instead of suffered.
type recorder struct {
	testing.TB
	end, text string
}

func (r *recorder) Helper() {}
func (r *recorder) Fatalf(format string, args ...any) {
	r.end, r.text = "failed", fmt.Sprintf(format, args...)
	panic(r)
}
func (r *recorder) Skipf(format string, args ...any) {
	r.end, r.text = "skipped", fmt.Sprintf(format, args...)
	panic(r)
}

// record runs f with a test that stops at its first failure or skip.
func record(t *testing.T, f func(testing.TB)) (r *recorder) {
	r = &recorder{TB: t}
	defer func() {
		if stopped := recover(); stopped != nil && stopped != any(r) {
			panic(stopped)
		}
	}()
	f(r)
	return r
}

func TestMissingServerFailsUnlessShort(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, c := range []struct {
		name, short string
		find        func() (string, error)
		end, debian string
	}{
		{"postgres", "", func() (string, error) { return newestPostgres(t.TempDir()) }, "failed", "apt-get install postgresql"},
		{"redis", "", findRedis, "failed", "apt-get install redis-server"},
		{"redis, 0 is not 1", "0", findRedis, "failed", "apt-get install redis-server"},
		{"postgres, short", "1", func() (string, error) { return newestPostgres(t.TempDir()) }, "skipped", "apt-get install postgresql"},
		{"redis, short", "1", findRedis, "skipped", "apt-get install redis-server"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(shortEnv, c.short)
			r := record(t, func(t testing.TB) { _, err := c.find(); check(t, err) })
			if r.end != c.end || !contains(errors.New(r.text), c.debian) {
				t.Errorf("%s with %q; want %s with %q", r.end, r.text, c.end, c.debian)
			}
		})
	}
}

func TestShortExcusesOnlyWhatIsMissing(t *testing.T) {
	t.Setenv(shortEnv, "1")
	r := record(t, func(t testing.TB) { check(t, errors.New("initdb: disk full")) })
	if r.end != "failed" {
		t.Errorf("%s with %q, want failed", r.end, r.text)
	}
}

func TestNewestPostgresIsByNumber(t *testing.T) {
	root := t.TempDir()
	for _, version := range []string{"9.6", "9", "15", "16", "not-a-version"} {
		bin := filepath.Join(root, version, "bin")
		if err := os.MkdirAll(bin, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bin, "initdb"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := newestPostgres(root)
	if want := filepath.Join(root, "16", "bin"); err != nil || got != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func TestEventuallyReportsTheLastError(t *testing.T) {
	asked := 0
	r := record(t, func(t testing.TB) {
		Eventually(t, 20*time.Millisecond, "the moon rises", func() error { asked++; return fmt.Errorf("answer %d", asked) })
	})
	want := fmt.Sprintf("not within 20ms: the moon rises: answer %d", asked)
	if r.end != "failed" || r.text != want || asked < 2 {
		t.Errorf("%s with %q after %d, want %q", r.end, r.text, asked, want)
	}
}

func TestPortIsHeldUntilTheTestEnds(t *testing.T) {
	var port int
	t.Run("user", func(t *testing.T) {
		port = Port(t)
		if port < firstPort || port >= lastPort {
			t.Errorf("%d is outside %d–%d", port, firstPort, lastPort)
		}
		if !isHeld(port) {
			t.Errorf("%d is not held", port)
		}
	})
	if isHeld(port) {
		t.Errorf("%d is held after its test", port)
	}
}

func isHeld(port int) bool {
	held.Lock()
	defer held.Unlock()
	return held.ports[port] != nil
}
