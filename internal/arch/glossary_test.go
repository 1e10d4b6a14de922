package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// term is a row of the glossary in internal/README.md.
type term struct {
	word    string
	goName  string   // "" where Go has no name for it
	avoided []string // words that mean the same, and are used nowhere
}

func glossary(t *testing.T) []term {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Words\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var out []term
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 4 || strings.HasPrefix(cells[0], "---") || strings.TrimSpace(cells[0]) == "word" {
			continue
		}
		one := term{word: strings.TrimSpace(cells[0]), goName: strings.Trim(strings.TrimSpace(cells[2]), "`")}
		for _, w := range strings.Split(cells[3], ",") {
			if w = strings.TrimSpace(w); w != "" {
				one.avoided = append(one.avoided, w)
			}
		}
		out = append(out, one)
	}
	if len(out) < 20 {
		t.Fatalf("%d rows read of the glossary", len(out))
	}
	return out
}

// exported are the exported names of the product's Go packages, with one place of each.
func exported(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, root := range []string{"../../store", "../../hub", ".."} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				var names []*ast.Ident
				switch n := n.(type) {
				case *ast.FuncDecl:
					names = []*ast.Ident{n.Name}
				case *ast.TypeSpec:
					names = []*ast.Ident{n.Name}
				case *ast.ValueSpec:
					names = n.Names
				case *ast.Field:
					names = n.Names
				}
				for _, name := range names {
					if name.IsExported() {
						out[name.Name] = path
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestGlossary: each word of the glossary is a name in Go where it says so, and the words that it
// replaces are in no exported name and in no text of the pages.
func TestGlossary(t *testing.T) {
	names := exported(t)
	texts := map[string]string{}
	err := filepath.WalkDir("../../web/src/i18n", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".ts") {
			return err
		}
		b, err := os.ReadFile(path)
		texts[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	value := regexp.MustCompile(`(?m)^\s+'[^']+': (.*)$`)
	for _, one := range glossary(t) {
		if one.goName != "" && names[one.goName] == "" {
			t.Errorf("%s: no exported %s in Go", one.word, one.goName)
		}
		for _, word := range one.avoided {
			// In a name a word begins with a capital; in a text it stands alone, in the plural too.
			inName := regexp.MustCompile(strings.ToUpper(word[:1]) + word[1:] + `(s|[A-Z0-9]|$)`)
			for name, path := range names {
				if inName.MatchString(name) {
					t.Errorf("%s in %s: say %s, not %s", name, path, one.word, word)
				}
			}
			inText := regexp.MustCompile(`(?i)\b` + word + `s?\b`)
			for path, text := range texts {
				for _, line := range value.FindAllStringSubmatch(text, -1) {
					if inText.MatchString(line[1]) {
						t.Errorf("%s, %s: say %s, not %s", path, line[1], one.word, word)
					}
				}
			}
		}
	}
}
