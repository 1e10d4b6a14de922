package testkit

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// shortEnv names the variable that, set to 1, lets tests skip what is not installed.
const shortEnv = "CRIER_TEST_SHORT"

// missingError says that a server's binary is not installed.
type missingError struct{ binary, debian string }

func (e *missingError) Error() string {
	return fmt.Sprintf("%s is not installed: apt-get install %s (or set %s=1 to skip the tests that need it)", e.binary, e.debian, shortEnv)
}

// check fails t for err, or skips it when err only says that something is not installed and short runs are allowed.
func check(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if missing := (*missingError)(nil); errors.As(err, &missing) && os.Getenv(shortEnv) == "1" {
		t.Skipf("skipped because %s=1: %v", shortEnv, err)
	}
	t.Fatalf("testkit: %v", err)
}

// Need fails t, or skips it in a short run, unless PostgreSQL and Redis are installed. It starts nothing.
func Need(t testing.TB) {
	t.Helper()
	_, err := findPostgres()
	check(t, err)
	_, err = findRedis()
	check(t, err)
}

// findPostgres returns the folder that holds initdb and postgres: the newest version Debian has installed, or the one on PATH.
func findPostgres() (string, error) {
	return newestPostgres("/usr/lib/postgresql")
}

func newestPostgres(root string) (string, error) {
	found, _ := filepath.Glob(filepath.Join(root, "*", "bin", "initdb")) // the only error is a malformed pattern
	if len(found) == 0 {
		path, err := exec.LookPath("initdb")
		if err != nil {
			return "", &missingError{"postgres", "postgresql"}
		}
		return filepath.Dir(path), nil
	}
	major := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0 for a folder that is not a version
		return n
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return major(a) - major(b) })
	return filepath.Dir(newest), nil
}

func findRedis() (string, error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return "", &missingError{"redis-server", "redis-server"}
	}
	return path, nil
}
