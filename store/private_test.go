package store

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"
)

// TestPrivate checks that no other user of the machine can read the embedded database: a new one, and
// one that was readable.
func TestPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crier.db")
	open := func() {
		t.Helper()
		s, err := Open(t.Context(), Options{DSN: "sqlite:" + path, Log: zerolog.Nop()})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(path + "*")
		if err != nil || len(files) < 2 {
			t.Fatalf("%v, %v", files, err)
		}
		for _, name := range files {
			info, err := os.Stat(name)
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", name, info.Mode(), err)
			}
		}
	}
	open()
	if err := os.Chmod(path, 0o644); err != nil { //nolint:gosec // as an earlier version left it
		t.Fatal(err)
	}
	open()
}
