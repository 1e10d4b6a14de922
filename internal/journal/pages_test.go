package journal_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"crier/internal/journal"
)

const web = "../../web/src/"

// The log page's list of kinds is the table's. CRIER_UPDATE=1 writes it.
func TestTheLogPageListsTheKinds(t *testing.T) {
	var b strings.Builder
	b.WriteString("// The kinds of entry, from the table in internal/journal/kinds.go.\n" +
		"// CRIER_UPDATE=1 go test ./internal/journal writes this file.\nexport const kinds = [\n")
	for _, k := range journal.Kinds() {
		b.WriteString("  '" + string(k) + "',\n")
	}
	b.WriteString("] as const\n")
	const path = web + "staff/log/kinds.ts"
	if os.Getenv("CRIER_UPDATE") != "" {
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != b.String() {
		t.Errorf("%s is not the table of kinds (%v): CRIER_UPDATE=1 go test ./internal/journal writes it", path, err)
	}
}

// Each language has a word for each kind, and for no other.
func TestEachKindHasAWordInEachLanguage(t *testing.T) {
	var files []string
	err := filepath.WalkDir(web+"i18n", func(path string, _ os.DirEntry, err error) error {
		if filepath.Base(path) == "log.ts" {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatal("no texts of the log page", err)
	}
	word := regexp.MustCompile(`(?m)^\s*'kind\.([a-z.]+)': '.+',$`)
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var got []journal.Kind
		for _, m := range word.FindAllStringSubmatch(string(text), -1) {
			got = append(got, journal.Kind(m[1]))
			if !journal.Known(journal.Kind(m[1])) {
				t.Errorf("%s has a word for %q, which is no kind", path, m[1])
			}
		}
		for _, k := range journal.Kinds() {
			if !slices.Contains(got, k) {
				t.Errorf("%s has no word for %s", path, k)
			}
		}
	}
}
