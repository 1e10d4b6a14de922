package arch

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestModulesOfTests checks that the binary links no module that go.mod lists for tests only, and no package
// for tests of the others.
func TestModulesOfTests(t *testing.T) {
	root := filepath.Join("..", "..")
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile(`(?s)// Tests only:[^\n]*\nrequire \(\n(.*?)\n\)`).FindSubmatch(mod)
	if block == nil {
		t.Fatal("go.mod has no block of modules for tests only")
	}
	var tests []string
	for line := range strings.Lines(string(block[1])) {
		tests = append(tests, strings.Fields(line)[0])
	}
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{.ImportPath}} {{with .Module}}{{.Path}}{{end}}", "./cmd/crier")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	linked := 0
	for line := range strings.Lines(string(out)) {
		path, module, _ := strings.Cut(strings.TrimSpace(line), " ")
		if module != "" {
			linked++
		}
		if slices.Contains(tests, module) || path == "testing" || strings.HasSuffix(path, "/httptest") {
			t.Errorf("the binary links %s, which is for tests only", path)
		}
	}
	if len(tests) < 4 || linked < 100 {
		t.Errorf("%d modules for tests, %d packages linked: this test looks at nothing", len(tests), linked)
	}
}
