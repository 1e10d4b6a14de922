package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"crier/internal/fault"
)

// Loader gives kong what flags leave open: the environment, secrets' files and
// the configuration file. It gathers faults instead of stopping at the first.
type Loader struct {
	getenv func(string) string
	faults []fault.Detail
	file   map[string]string // flag name → value of the configuration file
}

// NewLoader makes a loader that reads the environment through getenv and, when
// args or CRIER_CONFIG name one, the configuration file.
func NewLoader(args []string, getenv func(string) string) *Loader {
	l := &Loader{getenv: getenv}
	path := getenv(EnvName("config"))
	for i, a := range args {
		if a == "--config" && i+1 < len(args) {
			path = args[i+1]
		} else if v, ok := strings.CutPrefix(a, "--config="); ok {
			path = v
		}
	}
	if path != "" {
		l.readFile(path)
	}
	return l
}

// Options are what kong needs to be told of the loader.
func (l *Loader) Options() []kong.Option {
	return []kong.Option{
		kong.Resolvers(l),
		kong.TypeMapper(reflect.TypeOf(0), l.lenient("a whole number", func(s string, v reflect.Value) error {
			n, err := strconv.Atoi(s)
			v.SetInt(int64(n))
			return err
		})),
		kong.TypeMapper(reflect.TypeOf(time.Duration(0)), l.lenient("a duration, as in 90s or 12h", func(s string, v reflect.Value) error {
			d, err := time.ParseDuration(s)
			v.SetInt(int64(d))
			return err
		})),
	}
}

// Err returns every fault of loading and of the values together, nil if none.
// Call it once kong has parsed.
func (l *Loader) Err(c *Config) error {
	all := append([]fault.Detail(nil), l.faults...)
	named := map[string]bool{}
	for _, f := range all {
		named[f.Field] = true
	}
	for _, f := range c.Check() {
		if !named[f.Field] { // a value that could not be read has been reported
			all = append(all, f)
		}
	}
	if len(all) == 0 {
		return nil
	}
	sortDetails(all)
	lines := make([]string, len(all))
	for i, f := range all {
		lines[i] = "  " + f.Field + ": " + f.Message
	}
	return fault.Many(fault.Invalid, all, "the configuration has %d fault(s):\n%s", len(all), strings.Join(lines, "\n"))
}

// Validate implements kong.Resolver. A key of the file that no flag has is a
// fault: it is most often a misspelling.
func (l *Loader) Validate(app *kong.Application) error {
	known := map[string]bool{}
	for _, o := range Table() {
		known[o.Flag] = true
	}
	for name := range l.file {
		if !known[name] {
			l.bad(name, "is no setting of Crier, but stands in the configuration file")
		}
	}
	return nil
}

// Resolve implements kong.Resolver.
func (l *Loader) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	field, ok := fields()[flag.Name]
	if !ok {
		return nil, nil
	}
	env := EnvName(flag.Name)
	if v := l.getenv(env); v != "" {
		return v, nil
	}
	if _, secret := field.Tag.Lookup("secret"); secret {
		if path := l.getenv(env + "_FILE"); path != "" {
			b, err := os.ReadFile(path)
			if err != nil {
				l.bad(flag.Name, "the file named by "+env+"_FILE cannot be read: "+cause(err))
				return nil, nil
			}
			return strings.TrimSpace(string(b)), nil
		}
	}
	if v, ok := l.file[flag.Name]; ok {
		return v, nil
	}
	return nil, nil
}

func (l *Loader) lenient(what string, set func(string, reflect.Value) error) kong.MapperFunc {
	return func(ctx *kong.DecodeContext, target reflect.Value) error {
		token, err := ctx.Scan.PopValue("value")
		if err != nil {
			return err
		}
		s := fmt.Sprint(token.Value)
		if err := set(s, target); err != nil {
			target.SetZero()
			l.bad(ctx.Value.Name, fmt.Sprintf("must be %s, not %q", what, s))
		}
		return nil
	}
}

func (l *Loader) readFile(path string) {
	b, err := os.ReadFile(path)
	if err != nil {
		l.bad("config", "cannot be read: "+cause(err))
		return
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var raw map[string]any
	if err := dec.Decode(&raw); err != nil {
		l.bad("config", "is not a JSON object: "+err.Error())
		return
	}
	l.file = map[string]string{}
	for name, v := range raw {
		switch v := v.(type) {
		case string:
			l.file[name] = v
		case json.Number, bool:
			l.file[name] = fmt.Sprint(v)
		case []any:
			parts := make([]string, len(v))
			for i, p := range v {
				s, ok := p.(string)
				if !ok {
					l.bad(name, "must be a list of strings")
				}
				parts[i] = s
			}
			l.file[name] = strings.Join(parts, ",")
		default:
			l.bad(name, "must be a string, a number, true, false or a list of strings")
		}
	}
}

func (l *Loader) bad(field, message string) {
	l.faults = append(l.faults, fault.Detail{Field: field, Message: message})
}

// cause is an error of the file system without the path it repeats.
func cause(err error) string {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Path + ": " + p.Err.Error()
	}
	return err.Error()
}

func itoa(n int) string { return strconv.Itoa(n) }
