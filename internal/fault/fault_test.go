package fault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// declared returns the codes that fault.go declares, so that none is forgotten in the
// table.
func declared(t *testing.T) []Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, Code(text))
		}
		return true
	})
	return codes
}

func TestTable(t *testing.T) {
	want := map[Code]Outcome{
		Invalid:         {422, false, "debug"},
		Malformed:       {400, false, "debug"},
		Unauthenticated: {401, true, "info"},
		Forbidden:       {403, false, "info"},
		NotFound:        {404, false, "debug"},
		Conflict:        {409, false, "info"},
		Gone:            {410, false, "debug"},
		TooLarge:        {413, false, "info"},
		RateLimited:     {429, false, "info"},
		Unavailable:     {503, false, "warn"},
		Internal:        {500, false, "error"},
	}
	codes := declared(t)
	if len(codes) != len(want) || len(codes) != len(table) {
		t.Errorf("%d codes are declared, %d stand in the table, %d are expected", len(codes), len(table), len(want))
	}
	for _, code := range codes {
		if got, ok := table[code]; !ok || got != want[code] {
			t.Errorf("%s becomes %+v, not %+v", code, got, want[code])
		}
		if got := OutcomeOf(code); got != want[code] {
			t.Errorf("OutcomeOf(%s) is %+v", code, got)
		}
	}
	if got := OutcomeOf("no such code"); got.Status != http.StatusInternalServerError || got.Log != "error" {
		t.Errorf("an unknown code becomes %+v", got)
	}
}

var errCause = errors.New("canary-of-the-cause")

// TestJSONNeverCarriesTheCause, for any code, wrapped or not, public or not.
func TestJSONNeverCarriesTheCause(t *testing.T) {
	for _, code := range declared(t) {
		e := Wrap(fmt.Errorf("query: %w", errCause), code, "what happened")
		e.Details = []Detail{{"a", "b"}}
		for _, v := range []any{e, Public(e), Public(fmt.Errorf("outer canary-of-the-cause: %w", e)), Public(errCause), struct{ Error *Error }{e}} {
			b, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(b), "canary") {
				t.Errorf("%s: %s", code, b)
			}
		}
		if got := Public(e); got.Err != nil || code != Internal && (got.Message != "what happened" || got.Code != code) || code == Internal && strings.Contains(got.Message, "happened") {
			t.Errorf("public: %+v", got)
		}
		if e.Err == nil {
			t.Error("Public changed the fault itself")
		}
	}
	if Public(nil) != nil {
		t.Error("a fault of nothing")
	}
}

func TestJSON(t *testing.T) {
	for name, test := range map[string]struct {
		fault *Error
		want  string
	}{
		"bare":    {New(NotFound, "no %s", "such test"), `{"code":"not_found","message":"no such test"}`},
		"field":   {Field("subject", "must not be empty"), `{"code":"invalid","message":"must not be empty","field":"subject"}`},
		"over":    {Over("body", 4000, 4001, "too long"), `{"code":"too_large","message":"too long","field":"body","limit":4000,"actual":4001}`},
		"retry":   {&Error{Code: RateLimited, Message: "m", RetryAfter: 1500 * time.Millisecond}, `{"code":"rate_limited","message":"m","retry_after":2}`},
		"soon":    {&Error{Code: Unavailable, Message: "m", RetryAfter: time.Millisecond}, `{"code":"unavailable","message":"m","retry_after":1}`},
		"unknown": {&Error{Code: Unavailable, Message: "m", Unknown: true}, `{"code":"unavailable","message":"m","outcome":"unknown"}`},
		"many":    {Many(Invalid, []Detail{{"row 2, login", "stands twice"}}, "2 faults"), `{"code":"invalid","message":"2 faults","details":[{"field":"row 2, login","message":"stands twice"}]}`},
	} {
		b, err := json.Marshal(test.fault)
		if err != nil || string(b) != test.want {
			t.Errorf("%s: %s (%v), not %s", name, b, err, test.want)
		}
	}
}

func TestCodeOf(t *testing.T) {
	inner := New(Conflict, "x")
	for name, test := range map[string]struct {
		err  error
		want Code
	}{
		"nil":           {nil, ""},
		"a fault":       {inner, Conflict},
		"wrapped":       {fmt.Errorf("send: %w", inner), Conflict},
		"the outermost": {Wrap(inner, Gone, "y"), Gone},
		"joined":        {errors.Join(errCause, inner), Conflict},
		"another error": {errCause, Internal},
	} {
		if got := CodeOf(test.err); got != test.want || !Is(test.err, test.want) || Is(test.err, Forbidden) {
			t.Errorf("%s: %q, not %q", name, got, test.want)
		}
	}
	if !errors.Is(Wrap(errCause, Unavailable, "x"), errCause) {
		t.Error("the cause is lost")
	}
	if got := Wrap(errCause, Invalid, "bad").Error(); got != "invalid: bad: canary-of-the-cause" {
		t.Errorf("for the log: %q", got)
	}
	if got := Field("f", "bad").Error(); got != "invalid: bad (f)" {
		t.Errorf("for the log: %q", got)
	}
}

// TestDeadline: work that the server ended because it took too long is no internal error.
func TestDeadline(t *testing.T) {
	err := fmt.Errorf("read the test: %w", context.DeadlineExceeded)
	if p := Public(err); CodeOf(err) != Unavailable || p.Message != TooSlow || p.RetryAfter != SlowRetry {
		t.Errorf("a deadline becomes %s, %+v", CodeOf(err), p)
	}
	if err := Wrap(context.DeadlineExceeded, Conflict, "taken"); CodeOf(err) != Conflict {
		t.Errorf("a fault with a deadline as its cause becomes %s", CodeOf(err))
	}
}
