package app

import (
	"os"
	"path/filepath"
	"testing"
)

// TestPrivateFolder checks that a data folder is for the server's user alone, and that a folder which others
// use stays as it is.
func TestPrivateFolder(t *testing.T) {
	ours, shared := t.TempDir(), t.TempDir()
	for path, file := range map[string]string{ours: "crier.db", shared: "letters.txt"} {
		if err := os.WriteFile(filepath.Join(path, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o755); err != nil { //nolint:gosec // as an earlier version left it
			t.Fatal(err)
		}
	}
	for path, want := range map[string]os.FileMode{ours: 0o700, shared: 0o755, filepath.Join(shared, "new"): 0o700} {
		if err := privateFolder(path); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, want %v, %v", path, info.Mode(), want, err)
		}
	}
}
