package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"crier/internal/testkit"
	"crier/store/storetest"
)

// binary is the path of the program under test.
var binary string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "crier-e2e-")
	if err == nil {
		binary = filepath.Join(folder, "crier")
		var out []byte
		if out, err = exec.Command("go", "build", "-o", binary, "crier/cmd/crier").CombinedOutput(); err != nil {
			err = fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
	// After a failed run the binary stays, to look into what failed.
	testkit.Template(storetest.Template)
	testkit.Main(m, func() error { return os.RemoveAll(folder) })
}
