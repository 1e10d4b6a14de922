// Package arch holds the test of who may import whom: the table of
// internal/README.md, with a reason per rule.
package arch

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// rule says what one room may import of ours.
type rule struct {
	room   string // folder, with all below it
	may    []string
	reason string
}

var services = []string{"internal/service/access", "internal/service/roster", "internal/service/broadcast", "internal/service/inbox", "internal/service/monitor", "internal/service/record",
	"internal/service/conversation", "internal/service/desk", "internal/service/people", "internal/service/schedule", "internal/service/attachment", "internal/service/team", "internal/service/settings", "internal/service/delivery", "internal/service/inbound"}

func also(base []string, more ...string) []string {
	return append(append([]string(nil), base...), more...)
}

// anything lets a room import everything of ours.
var anything = []string{"*"}

// shorten is the one room that every other may import: a text is cut the same way everywhere.
const shorten = "internal/shorten"

const ownInterfaces = "services reach store and hub through interfaces of their own, and do not know each other"

var rules = []rule{
	{"cmd/crier", []string{"internal/cli"}, "the binary holds no logic, so that tests reach all of it"},
	{"internal/cli", anything, "commands use everything"},
	{"internal/app", []string{"hub", "store", "web", "internal/*", "!internal/cli", "!internal/demo", "!internal/bench", "!internal/testkit"}, "one place wires a node; what stands above a node is not part of it"},
	{"internal/fault", nil, "errors are everyone's, so they need nobody"},
	{"internal/shorten", nil, "cutting a text is everyone's, so it needs nobody"},
	{"internal/clock", nil, "time is everyone's, so it needs nobody"},
	{"internal/peer", nil, "where a request comes from is read from the request alone"},
	{"internal/cursor", nil, "sealing needs numbers, not their meaning"},
	{"internal/limit", []string{"internal/domain", "internal/clock"}, "a budget needs a name and the time"},
	{"internal/domain", []string{"internal/fault"}, "rules are pure: no I/O, no storage, no clock"},
	{"internal/journal", []string{"internal/domain"}, "entries name what domain defines; who stores them and who hears of them is not its matter"},
	{"internal/auth", []string{"internal/fault"}, "passwords and tokens know nobody"},
	{"internal/config", []string{"internal/domain", "internal/fault", "internal/peer"}, "settings name limits and report faults, nothing runs here"},
	{"internal/batch", []string{"internal/fault"}, "group commit knows keys and items, not what they are"},
	{"internal/telemetry", []string{"internal/clock"}, "logs and metrics are handed on, they ask nobody"},
	{"internal/failpoint", nil, "a place to die needs a name, and the environment"},
	{"store", []string{"internal/domain", "internal/journal", "internal/fault", "internal/clock", "internal/failpoint"}, "the store serves use-cases, it does not know them; tests may end it just before and just after COMMIT"},
	{"hub", []string{"internal/clock"}, "the hub knows connections and offsets: no SQL, no routes, no domain"},
	{"internal/service/access", []string{"internal/domain", "internal/journal", "internal/fault", "internal/clock", "internal/auth", "internal/batch", "internal/cursor", "internal/peer"}, ownInterfaces},
	{"internal/service/roster", []string{"internal/domain", "internal/journal", "internal/fault", "internal/clock", "internal/auth"}, ownInterfaces},
	{"internal/service/broadcast", []string{"internal/domain", "internal/journal", "internal/fault", "internal/clock", "internal/cursor", "internal/failpoint"}, ownInterfaces + "; tests may end it before an expansion"},
	{"internal/service/inbox", []string{"internal/domain", "internal/journal", "internal/fault", "internal/clock", "internal/cursor"}, ownInterfaces},
	{"internal/service/monitor", []string{"internal/domain", "internal/journal", "internal/fault", "internal/clock", "internal/cursor"}, ownInterfaces},
	{"internal/service/record", []string{"internal/domain", "internal/journal", "internal/fault", "internal/clock", "internal/cursor"}, ownInterfaces},
	{"internal/service/conversation", []string{"internal/domain", "internal/journal", "internal/fault", "internal/clock", "internal/batch", "internal/cursor"}, ownInterfaces},
	{"internal/service/desk", []string{"internal/domain", "internal/journal", "internal/fault", "internal/clock", "internal/cursor"}, ownInterfaces},
	{"internal/service/people", []string{"internal/domain", "internal/fault", "internal/clock", "internal/cursor"}, ownInterfaces},
	{"internal/service/schedule", []string{"internal/domain", "internal/journal", "internal/fault", "internal/clock", "internal/cursor"}, ownInterfaces},
	{"internal/service/attachment", []string{"internal/domain", "internal/journal", "internal/fault", "internal/clock", "internal/cursor", "internal/blob", "internal/antivirus", "internal/picture", "internal/failpoint"}, ownInterfaces + "; where files lie and who scans them are seams of their own; tests may end it amid an export"},
	{"internal/service/team", []string{"internal/domain", "internal/journal", "internal/fault", "internal/clock", "internal/cursor"}, ownInterfaces},
	{"internal/service/settings", []string{"internal/domain", "internal/journal", "internal/fault", "internal/clock"}, ownInterfaces},
	{"internal/service/delivery", []string{"internal/domain", "internal/journal", "internal/fault", "internal/clock", "internal/cursor", "internal/channel", "internal/failpoint"}, ownInterfaces + "; tests may end it with copies in hand"},
	{"internal/service/inbound", []string{"internal/domain", "internal/journal", "internal/fault", "internal/clock", "internal/cursor", "internal/channel", "internal/blob"}, ownInterfaces},
	{"internal/channel", []string{"internal/channel", "internal/fault", "internal/clock"}, "a way out knows texts and addresses, not whose they are"},
	{"internal/blob", []string{"internal/fault"}, "a place for bytes knows nothing of what they are"},
	{"internal/antivirus", []string{"internal/fault"}, "a scanner is asked about bytes"},
	{"internal/picture", []string{"internal/fault"}, "a picture is bytes: whose it is and where it lies are others' matter"},
	{"internal/strictjson", []string{"internal/fault"}, "reading JSON needs nothing but the words for what is wrong"},
	{"internal/protocol", []string{"internal/fault", "internal/strictjson"}, "frames are text, what they mean is the gateway's"},
	{"internal/gateway", also(services, "hub", "internal/protocol", "internal/domain", "internal/journal", "internal/fault", "internal/clock", "internal/batch", "internal/cursor"), "sockets call services, never the store"},
	{"internal/api", also(services, "internal/strictjson", "internal/peer", "internal/domain", "internal/journal", "internal/fault", "internal/clock"), "REST calls services, never the store or the hub"},
	{"internal/demo", also(services, "internal/app", "internal/protocol", "internal/domain", "internal/fault", "internal/clock", "internal/config"), "the demo is a user of a node, from outside"},
	{"internal/bench", also(services, "internal/app", "internal/protocol", "internal/domain", "internal/journal", "internal/fault", "internal/clock", "internal/config", "internal/limit", "internal/testkit"), "the benchmark is a user of a node, from outside"},
	{"internal/testkit", nil, "test servers know nothing of Crier"},
	{"internal/e2e", []string{"internal/testkit", "internal/protocol"}, "end-to-end tests see what users see"},
	{"web", nil, "the front end is files"},
}

// TestWhoImportsWhom reads every Go file that is built into the product. Test
// files may import anything: they wire what they test.
func TestWhoImportsWhom(t *testing.T) {
	root := filepath.Join("..", "..")
	checked := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			name := d.Name()
			if rel == "internal/tools" || name == "node_modules" || name == "testdata" || strings.HasPrefix(name, ".") && name != ".." && name != "." {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") || strings.HasSuffix(rel, "_test.go") {
			return nil
		}
		checked++
		dir := filepath.ToSlash(filepath.Dir(rel))
		r, ok := ruleOf(dir)
		if !ok {
			t.Errorf("%s stands in no room of the table; add it to internal/README.md and to this test", rel)
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range f.Imports {
			name, _ := strconv.Unquote(i.Path.Value)
			ours, ok := strings.CutPrefix(name, "crier/")
			if ok && ours != shorten && !under(ours, r.room) && !allowed(ours, r.may) {
				t.Errorf("%s imports %s, but %s may not: %s", rel, ours, r.room, r.reason)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked < 10 {
		t.Fatalf("only %d files were checked", checked)
	}
}

func ruleOf(dir string) (rule, bool) {
	sorted := append([]rule(nil), rules...)
	sort.Slice(sorted, func(i, j int) bool { return len(sorted[i].room) > len(sorted[j].room) })
	for _, r := range sorted {
		if under(dir, r.room) {
			return r, true
		}
	}
	return rule{}, false
}

func under(dir, room string) bool { return dir == room || strings.HasPrefix(dir, room+"/") }

func allowed(dir string, may []string) bool {
	ok := false
	for _, m := range may {
		switch {
		case m == "*":
			ok = true
		case strings.HasPrefix(m, "!"):
			if under(dir, m[1:]) {
				return false
			}
		case strings.HasSuffix(m, "/*"):
			ok = ok || strings.HasPrefix(dir, m[:len(m)-1])
		default:
			ok = ok || under(dir, m)
		}
	}
	return ok
}

// TestTheRuleBites makes sure that the test above can fail.
func TestTheRuleBites(t *testing.T) {
	for _, c := range []struct {
		dir, imports string
		want         bool
	}{
		{"internal/api", "internal/service/inbox", true},
		{"internal/api", "store", false},
		{"internal/service/inbox", "store", false},
		{"internal/service/inbox", "internal/service/record", false},
		{"internal/service/access", "internal/auth", true},
		{"internal/service/inbox", "internal/auth", false},
		{"hub", "internal/domain", false},
		{"internal/app", "internal/gateway", true},
		{"internal/app", "internal/demo", false},
		{"internal/cli", "store", true},
		{"store", "hub", false},
	} {
		r, ok := ruleOf(c.dir)
		if got := ok && (under(c.imports, r.room) || allowed(c.imports, r.may)); got != c.want {
			t.Errorf("%s imports %s: allowed %v, want %v", c.dir, c.imports, got, c.want)
		}
	}
}
