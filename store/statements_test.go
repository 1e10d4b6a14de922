package store

import (
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// place is a line of this package.
type place struct {
	file string
	line int
}

// ran holds the lines from which statements ran, by database.
var ran = struct {
	sync.Mutex
	on map[*dialect]map[place]bool
}{on: map[*dialect]map[place]bool{sqlite: {}, postgres: {}}}

// noteStatement notes the line that runs a statement: the nearest caller outside tx.go.
func noteStatement(d *dialect) {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if file := filepath.Base(f.File); file != "tx.go" {
			ran.Lock()
			ran.on[d][place{file, f.Line}] = true
			ran.Unlock()
			return
		}
		if !more {
			return
		}
	}
}

// others are the functions whose statements the tests of this package leave to others: the
// services' tests, and those of internal/api, which call every operation on both databases.
var others = map[string]bool{}

// oneDatabase are the functions with statements for one database alone.
var oneDatabase = map[string]bool{}

// statementsRun reports statements of this package that its tests run on one database, or on none.
// It judges complete runs alone.
func statementsRun() error {
	if flag.Lookup("test.run").Value.String() != "" || flag.Lookup("test.skip").Value.String() != "" || os.Getenv("CRIER_TEST_SHORT") != "" {
		return nil
	}
	names, err := filepath.Glob("*.go")
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") || name == "tx.go" {
			continue
		}
		if errs, err = unrun(errs, name); err != nil {
			return err
		}
	}
	return errors.Join(errs...)
}

// unrun appends an error for each call in a file that runs a statement and did not on some database.
func unrun(errs []error, name string) ([]error, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, nil, 0)
	if err != nil {
		return nil, err
	}
	for _, d := range file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil || others[fn.Name.Name] {
			continue
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !runsStatement(call) {
				return true
			}
			first, last := files.Position(call.Pos()).Line, files.Position(call.End()).Line
			var on []string
			for _, db := range []*dialect{postgres, sqlite} {
				for line := first; line <= last; line++ {
					if ran.on[db][place{name, line}] {
						on = append(on, db.name)
						break
					}
				}
			}
			if len(on) == 0 || len(on) == 1 && !oneDatabase[fn.Name.Name] {
				errs = append(errs, fmt.Errorf("%s:%d: %s runs a statement that the tests ran on %v alone", name, first, fn.Name.Name, on))
			}
			return true
		})
	}
	return errs, nil
}

// runsStatement reports whether a call is one of tx.go's methods with a statement.
func runsStatement(call *ast.CallExpr) bool {
	s, ok := call.Fun.(*ast.SelectorExpr)
	return ok && len(call.Args) >= 2 && slices.Contains([]string{"get", "list", "Get", "Select", "Exec"}, s.Sel.Name)
}
