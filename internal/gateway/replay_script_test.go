package gateway_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crier/internal/cursor"
)

// step is one line of a transcript; internal/protocol/testdata/README.md describes
// the lines.
type step struct {
	line int
	verb string // C, S, &, or the first word of what happens
	text string // what follows it
}

// script is one transcript.
type script struct {
	as     string // who connects
	ticket bool   // by ticket instead of cookie
	client bool   // the client's alone
	steps  []step
}

// claims are the lines about the client.
var claims = map[string]bool{"since": true, "receipt": true, "watch": true, "unwatch": true, "page": true, "shown": true, "state": true,
	"stop": true, "back": true, "reread": true, "unconfirmed": true, "leaves": true, "opens": true, "shuts": true, "types": true, "stops": true}

func readScripts(t *testing.T) map[string]script {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "protocol", "testdata", "*.txt"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d transcripts: %v", len(files), err)
	}
	out := map[string]script{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s, err := parseScript(string(text))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out[strings.TrimSuffix(filepath.Base(file), ".txt")] = s
	}
	return out
}

func parseScript(text string) (s script, err error) {
	s.as = "sara"
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		verb, rest, _ := strings.Cut(line, " ")
		if verb == "!" {
			verb, rest, _ = strings.Cut(rest, " ")
		} else if verb != "C" && verb != "S" && verb != "&" {
			return s, fmt.Errorf("line %d: begins with neither C, S, &, ! nor #", i+1)
		}
		switch {
		case verb == "staff":
			s.as = "anna"
		case verb == "ticket":
			s.ticket = true
		case verb == "only":
			s.client = rest == "client"
		case !claims[verb]:
			s.steps = append(s.steps, step{i + 1, verb, rest})
		}
	}
	return s, nil
}

// bindings are the values that a transcript's placeholders stand for.
type bindings map[string]any

// match holds a frame against the transcript: exactly its keys, its values, and each
// placeholder one value throughout.
func (b bindings) match(at string, want, got any) error {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Errorf("%s: %v is not an object", at, got)
		}
		wants, has := slices.Sorted(maps.Keys(w)), slices.Sorted(maps.Keys(g))
		if !slices.Equal(wants, has) {
			return fmt.Errorf("%s: has the fields %v, want %v", at, has, wants)
		}
		for _, k := range wants {
			if err := b.match(at+"."+k, w[k], g[k]); err != nil {
				return err
			}
		}
		return nil
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Errorf("%s: %v, want %d elements", at, got, len(w))
		}
		for i := range w {
			if err := b.match(fmt.Sprintf("%s[%d]", at, i), w[i], g[i]); err != nil {
				return err
			}
		}
		return nil
	case string:
		if name, ok := strings.CutPrefix(w, "$"); ok {
			return b.bind(at, name, got)
		}
	}
	if strings.HasSuffix(at, ".come_back_ms") { // the server's choice
		if n, ok := got.(float64); !ok || n <= 0 || n != float64(int(n)) {
			return fmt.Errorf("%s: %v is no number of milliseconds", at, got)
		}
		return nil
	}
	if want != got {
		return fmt.Errorf("%s: %v, want %v", at, got, want)
	}
	return nil
}

func (b bindings) bind(at, name string, got any) error {
	before, bound := b[name]
	text, _ := got.(string)
	moment := strings.HasPrefix(name, "at") || strings.HasPrefix(name, "now")
	if moment {
		if _, err := time.Parse("2006-01-02T15:04:05.999999Z", text); err != nil {
			return fmt.Errorf("%s: %v is no UTC time of microseconds", at, got)
		}
	}
	switch {
	case strings.HasPrefix(name, "text") || strings.HasPrefix(name, "now"):
		if text == "" {
			return fmt.Errorf("%s: %v is no text", at, got)
		}
	case !bound && !moment && len(text) != cursor.Width:
		return fmt.Errorf("%s: %v is no cursor", at, got)
	case !bound:
		b[name] = got
	case before != got:
		return fmt.Errorf("%s: %v, but $%s is %v", at, got, name, before)
	}
	return nil
}

// matchAny finds the wanted frame that got is. A frame that does not fit binds
// nothing.
func (b bindings) matchAny(wants []any, got any) (which int, err error) {
	for i, w := range wants {
		try := maps.Clone(b)
		if e := try.match("frame", w, got); e != nil {
			err = e
			continue
		}
		maps.Copy(b, try)
		return i, nil
	}
	return 0, err
}

func unmarshal(text []byte) (any, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, fmt.Errorf("something stands after the JSON")
	}
	return v, nil
}

func TestMatchRefuses(t *testing.T) {
	for _, c := range []struct{ want, got string }{
		{`{"type":"beat"}`, `{"type":"beat","now":"x"}`},
		{`{"type":"beat","now":"$now1"}`, `{"type":"beat"}`},
		{`{"a":"$c1","b":"$c1"}`, `{"a":"AAAAAAAAAAAAAAAAAAAAAA","b":"BBBBBBBBBBBBBBBBBBBBBB"}`},
		{`{"a":"$at1","b":"$at1"}`, `{"a":"2026-05-04T09:00:00Z","b":"2026-05-04T09:00:01Z"}`},
		{`{"a":"$c1"}`, `{"a":"short"}`},
		{`{"a":"$at1"}`, `{"a":"2026-05-04T09:00:00+02:00"}`},
		{`{"a":"$text"}`, `{"a":""}`},
		{`{"come_back_ms":1}`, `{"come_back_ms":-1}`},
		{`{"a":[1,2]}`, `{"a":[1]}`},
		{`{"a":{"b":true}}`, `{"a":true}`},
		{`{"a":1}`, `{"a":"1"}`},
	} {
		want, _ := unmarshal([]byte(c.want))
		got, _ := unmarshal([]byte(c.got))
		if (bindings{}).match("frame", want, got) == nil {
			t.Errorf("%s was taken for %s", c.got, c.want)
		}
	}
}
