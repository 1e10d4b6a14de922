package protocol

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"crier/internal/fault"
)

func TestDecode(t *testing.T) {
	hundred := strings.TrimSuffix(strings.Repeat(`"c",`, 100), ",")
	for _, test := range []struct {
		frame string
		want  Command
	}{
		{`{"type":"hello"}`, Command{Type: Hello}},
		{`{"type":"hello","id":"1","ticket":"t","since":"s","client":"web/1"}`, Command{Type: Hello, ID: "1", Ticket: "t", Since: "s", Client: "web/1"}},
		{" {\n\"id\" :\t\"é\\u0041😀\", \"type\":\"beat\"} ", Command{Type: Beat, ID: "éA😀"}},
		{`{"type":"receipt","state":"displayed","cursors":["a","b"]}`, Command{Type: Receipt, State: "displayed", Cursors: []string{"a", "b"}}},
		{`{"type":"presence","state":"online"}`, Command{Type: Presence, State: "online"}},
		{`{"type":"presence","state":"away"}`, Command{Type: Presence, State: "away"}},
		{`{"type":"watch","id":"2","test":"x"}`, Command{Type: Watch, ID: "2", Test: "x"}},
		{`{"type":"unwatch","test":"x"}`, Command{Type: Unwatch, Test: "x"}},
		{`{"type":"open","id":"2","conversation":"p"}`, Command{Type: Open, ID: "2", Conversation: "p"}},
		{`{"type":"shut","conversation":"p"}`, Command{Type: Shut, Conversation: "p"}},
		{`{"type":"typing","conversation":"p","state":"typing"}`, Command{Type: Typing, Conversation: "p", State: "typing"}},
		{`{"type":"typing","state":"idle"}`, Command{Type: Typing, State: "idle"}},
		{`{"type":"beat","id":"` + strings.Repeat("é", 64) + `"}`, Command{Type: Beat, ID: strings.Repeat("é", 64)}},
		{`{"type":"beat"}` + strings.Repeat(" ", FrameLimit-15), Command{Type: Beat}},
	} {
		got, err := Decode([]byte(test.frame))
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%.80s: %+v, %v", test.frame, got, err)
		}
	}
	if c, err := Decode([]byte(`{"type":"receipt","state":"delivered","cursors":[` + hundred + `]}`)); err != nil || len(c.Cursors) != 100 {
		t.Errorf("100 cursors: %v", err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	deep := func(n int) string {
		return `{"type":"beat","id":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`
	}
	for name, test := range map[string]struct {
		frame string
		code  fault.Code
		field string
		id    string // with which the refusal can be answered
	}{
		"nothing":                    {``, fault.Malformed, "", ""},
		"blanks":                     {"  \n", fault.Malformed, "", ""},
		"no JSON":                    {`hello`, fault.Malformed, "", ""},
		"a list":                     {`[{"type":"beat"}]`, fault.Malformed, "", ""},
		"a string":                   {`"beat"`, fault.Malformed, "", ""},
		"null":                       {`null`, fault.Malformed, "", ""},
		"half":                       {`{"type":"be`, fault.Malformed, "type", ""},
		"two":                        {`{"type":"beat"}{"type":"beat"}`, fault.Malformed, "", ""},
		"something behind":           {`{"type":"beat"} x`, fault.Malformed, "", ""},
		"invalid UTF-8":              {"{\"type\":\"hello\",\"client\":\"\xff\"}", fault.Malformed, "", ""},
		"cut UTF-8":                  {"{\"type\":\"hello\",\"client\":\"\xe2\x82\"}", fault.Malformed, "", ""},
		"a surrogate as UTF-8":       {"{\"type\":\"hello\",\"client\":\"\xed\xa0\x80\"}", fault.Malformed, "", ""},
		"NUL escaped":                {`{"type":"hello","client":"a\u0000"}`, fault.Malformed, "client", ""},
		"NUL bare":                   {"{\"type\":\"hello\",\"client\":\"a\x00\"}", fault.Malformed, "client", ""},
		"NUL in a list":              {`{"type":"receipt","state":"delivered","cursors":["a","\u0000"]}`, fault.Malformed, "cursors[1]", ""},
		"NUL in a name":              {`{"type":"beat","\u0000":1}`, fault.Malformed, "\x00", ""},
		"depth 10,000":               {deep(8000), fault.Malformed, "id", ""}, // as deep as fits a frame
		"depth 10,000 open":          {strings.Repeat(`{"id":`, 2700), fault.Malformed, "id", ""},
		"depth 17":                   {deep(16), fault.Malformed, "id", ""},
		"16 KiB + 1":                 {`{"type":"beat"}` + strings.Repeat(" ", FrameLimit-14), fault.TooLarge, "", ""},
		"type missing":               {`{"id":"7"}`, fault.Invalid, "type", "7"},
		"type empty":                 {`{"id":"7","type":""}`, fault.Invalid, "type", "7"},
		"type unknown":               {`{"id":"7","type":"Hello"}`, fault.Invalid, "type", "7"},
		"a server's frame":           {`{"id":"7","type":"welcome"}`, fault.Invalid, "type", "7"},
		"type a number":              {`{"type":7}`, fault.Malformed, "type", ""},
		"type null":                  {`{"type":null}`, fault.Malformed, "type", ""},
		"id a number":                {`{"type":"beat","id":7}`, fault.Malformed, "id", ""},
		"id too long":                {`{"type":"beat","id":"` + strings.Repeat("é", 65) + `"}`, fault.TooLarge, "id", ""},
		"cursors a string":           {`{"type":"receipt","state":"delivered","cursors":"a"}`, fault.Malformed, "cursors", ""},
		"cursors of numbers":         {`{"type":"receipt","state":"delivered","cursors":["a",1]}`, fault.Malformed, "cursors[1]", ""},
		"cursors of lists":           {`{"type":"receipt","state":"delivered","cursors":[["a"]]}`, fault.Malformed, "cursors[0]", ""},
		"cursors an object":          {`{"type":"receipt","state":"delivered","cursors":{"a":1}}`, fault.Malformed, "cursors", ""},
		"state a bool":               {`{"type":"presence","state":true}`, fault.Malformed, "state", ""},
		"ticket an object":           {`{"type":"hello","ticket":{"a":"b"}}`, fault.Malformed, "ticket", ""},
		"unknown field":              {`{"type":"hello","tickets":"t"}`, fault.Malformed, "tickets", ""},
		"field in capitals":          {`{"type":"hello","Ticket":"t"}`, fault.Malformed, "Ticket", ""},
		"field twice":                {`{"type":"hello","ticket":"t","ticket":"u"}`, fault.Malformed, "ticket", ""},
		"field of another":           {`{"type":"hello","id":"7","test":"t"}`, fault.Malformed, "test", "7"},
		"field of another, empty":    {`{"type":"hello","id":"7","test":""}`, fault.Malformed, "test", "7"},
		"list of another, empty":     {`{"type":"hello","id":"7","cursors" :[]}`, fault.Malformed, "cursors", "7"},
		"ticket in a receipt":        {`{"type":"receipt","state":"delivered","cursors":["a"],"ticket":"t"}`, fault.Malformed, "ticket", ""},
		"a beat with a state":        {`{"type":"beat","state":"online"}`, fault.Malformed, "state", ""},
		"receipt without cursors":    {`{"type":"receipt","id":"7","state":"delivered"}`, fault.Invalid, "cursors", "7"},
		"receipt with none":          {`{"type":"receipt","id":"7","state":"delivered","cursors":[]}`, fault.Invalid, "cursors", "7"},
		"receipt with 101":           {`{"type":"receipt","id":"7","state":"delivered","cursors":["a"` + strings.Repeat(`,"a"`, 100) + `]}`, fault.TooLarge, "cursors", "7"},
		"presence without a state":   {`{"type":"presence","id":"7"}`, fault.Invalid, "state", "7"},
		"presence offline":           {`{"type":"presence","id":"7","state":"offline"}`, fault.Invalid, "state", "7"},
		"watch without a test":       {`{"type":"watch","id":"7"}`, fault.Invalid, "test", "7"},
		"unwatch without a test":     {`{"type":"unwatch","id":"7","test":""}`, fault.Invalid, "test", "7"},
		"open without one":           {`{"type":"open","id":"7"}`, fault.Invalid, "conversation", "7"},
		"shut without one":           {`{"type":"shut","id":"7","conversation":""}`, fault.Invalid, "conversation", "7"},
		"open with a test":           {`{"type":"open","id":"7","conversation":"p","test":"t"}`, fault.Malformed, "test", "7"},
		"typing without a state":     {`{"type":"typing","id":"7","conversation":"p"}`, fault.Invalid, "state", "7"},
		"typing that views":          {`{"type":"typing","id":"7","state":"viewing"}`, fault.Invalid, "state", "7"},
		"cursors of a person's name": {`{"type":"receipt","id":"7","state":"delivered","person":"x","cursors":["a"]}`, fault.Malformed, "person", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Decode([]byte(test.frame))
			var f *fault.Error
			if !errors.As(err, &f) {
				t.Fatalf("%v", err)
			}
			if f.Code != test.code || f.Field != test.field || c.ID != test.id {
				t.Errorf("%s, field %q, id %q; not %s, %q, %q (%v)", f.Code, f.Field, c.ID, test.code, test.field, test.id, err)
			}
			if f.Message == "" || f.Code == fault.TooLarge && (f.Limit == 0 || f.Actual != f.Limit+1) {
				t.Errorf("the refusal explains nothing: %+v", f)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	secret := errors.New("pq: password of postgres is hunter2")
	for name, test := range map[string]struct{ got, want string }{
		"ok":       {string(Reply("7", nil)), `{"type":"reply","id":"7","ok":true}`},
		"fault":    {string(Reply("7", fault.Over("cursors", 100, 101, "too many"))), `{"type":"reply","id":"7","error":{"code":"too_large","message":"too many","field":"cursors","limit":100,"actual":101}}`},
		"error":    {string(Error(fault.Field("type", "no such type of frame"))), `{"type":"error","error":{"code":"invalid","message":"no such type of frame","field":"type"}}`},
		"internal": {string(Error(secret)), `{"type":"error","error":{"code":"internal","message":"something went wrong on the server; it has been recorded"}}`},
		"cause":    {string(Reply("7", fault.Wrap(secret, fault.Unavailable, "come back"))), `{"type":"reply","id":"7","error":{"code":"unavailable","message":"come back"}}`},
		"foreign":  {string(Reply(`"<x>`, nil)), `{"type":"reply","id":"\"<x>","ok":true}`},
	} {
		if test.got != test.want {
			t.Errorf("%s: %s, not %s", name, test.got, test.want)
		}
	}
}

// FuzzDecode: whatever comes, the answer is a command that keeps the rules or a fault that
// can be sent back.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"type":"hello","id":"1","ticket":"t","since":"s","client":"web/1"}`, `{"type":"receipt","id":"7","state":"delivered","cursors":["a","b"]}`,
		`{"type":"presence","state":"away"}`, `{"type":"watch","id":"2","test":"x"}`, `{"type":"unwatch","test":"x"}`, `{"type":"beat"}`,
		`{"type":"open","id":"3","conversation":"p"}`, `{"type":"shut","conversation":"p"}`, `{"type":"typing","conversation":"p","state":"idle"}`,
		`{"type":"hello","cursors":[]}`, `{"type":"beat","id":"\u0000"}`, `{"type":"beat","id":"\ud800"}`, "{\"type\":\"\xff\"}", `[[[[[[[[[[[[[[[[[[`, `{"type":null}`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		c, err := Decode(frame)
		if len(c.ID) > 4*IDLimit || !utf8.ValidString(c.ID) || strings.ContainsRune(c.ID, 0) {
			t.Fatalf("id %q", c.ID)
		}
		if err != nil {
			if code := fault.CodeOf(err); code != fault.Malformed && code != fault.Invalid && code != fault.TooLarge {
				t.Fatalf("%v", err)
			}
			for _, answer := range [][]byte{Reply(c.ID, err), Error(err)} {
				if !json.Valid(answer) || !utf8.Valid(answer) || len(answer) > 4096 {
					t.Fatalf("answer %q", answer)
				}
			}
			return
		}
		if len(frame) > FrameLimit || len(c.Cursors) > CursorsMost {
			t.Fatal("over a limit")
		}
		// What was understood says the same when written again.
		again := map[string]any{"type": c.Type}
		for name, value := range map[string]string{"id": c.ID, "ticket": c.Ticket, "since": c.Since, "client": c.Client, "state": c.State, "test": c.Test, "conversation": c.Conversation} {
			if value != "" {
				again[name] = value
			}
		}
		if c.Cursors != nil {
			again["cursors"] = c.Cursors
		}
		b := Encode(again)
		if len(b) > FrameLimit { // escapes may make it longer
			return
		}
		if d, err := Decode(b); err != nil || fmt.Sprint(d) != fmt.Sprint(c) {
			t.Fatalf("%q became %+v, then %q became %+v (%v)", frame, c, b, d, err)
		}
	})
}
