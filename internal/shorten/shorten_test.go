package shorten

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

type shared struct {
	What, Text, Want string
	Most             int
}

func cases(t *testing.T) (out []shared) {
	t.Helper()
	b, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &out); err != nil || len(out) < 20 {
		t.Fatalf("%d cases, %v", len(out), err)
	}
	return out
}

// TestCases checks the table that web/src/lib/shorten.test.ts checks too.
func TestCases(t *testing.T) {
	for _, c := range cases(t) {
		if got := Text(c.Text, c.Most); got != c.Want {
			t.Errorf("%s: %+q, want %+q", c.What, got, c.Want)
		}
	}
}

// TestLengths cuts each text at each length: never too long, always a beginning, never longer for less.
func TestLengths(t *testing.T) {
	for _, c := range cases(t) {
		all := utf8.RuneCountInString(c.Text)
		for n := range all + 2 {
			got := Clip(c.Text, n)
			if utf8.RuneCountInString(got) > n || !strings.HasPrefix(c.Text, got) || n >= all && got != c.Text {
				t.Errorf("%s to %d: %+q", c.What, n, got)
			}
			if end := Start(c.Text, n); utf8.RuneCountInString(end) > n || !strings.HasSuffix(c.Text, end) {
				t.Errorf("end of %s, %d: %+q", c.What, n, end)
			}
			if b := Fit(c.Text, all, n); len(b) > n || !strings.HasPrefix(c.Text, b) {
				t.Errorf("%s to %d bytes: %+q", c.What, n, b)
			}
		}
	}
	if got := With("abcdef", 5, "..."); got != "ab..." {
		t.Errorf("%q", got)
	}
	if got := Line(" a\n b  c ", 4); got != "a b…" {
		t.Errorf("%q", got)
	}
}
