package domain

import (
	"encoding/json"
	"os"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// visibleCases are replayed by web/src/lib/visible.test.ts too.
func visibleCases(t *testing.T) (out struct {
	Blank, Seen []string
	Tidy        [][2]string
}) {
	t.Helper()
	text, err := os.ReadFile("testdata/visible.json")
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil || len(out.Blank) == 0 || len(out.Seen) == 0 || len(out.Tidy) == 0 {
		t.Fatalf("the cases: %v", err)
	}
	return out
}

func TestBlank(t *testing.T) {
	cases := visibleCases(t)
	for _, s := range cases.Blank {
		if !Blank(s) || Subject(s) != "" {
			t.Errorf("%+q can be seen", s)
		}
		if err := CheckText("name", s, 10, false, true); err == nil {
			t.Errorf("%+q is taken as a name", s)
		}
	}
	for _, s := range cases.Seen {
		if Blank(s) {
			t.Errorf("%+q cannot be seen", s)
		}
	}
}

func TestTidy(t *testing.T) {
	for _, c := range visibleCases(t).Tidy {
		if got := Tidy(c[0]); got != c[1] {
			t.Errorf("%+q: %+q, want %+q", c[0], got, c[1])
		}
	}
}

// FuzzTidy: what is tidy stays as it is, and is in the normal form.
func FuzzTidy(f *testing.F) {
	for _, s := range []string{"ann@example.org\u200b", "\u0645\u06cc\u200c\u062e", "👩\u200d🏫", "A\u030ase", "a\u200c\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := Tidy(s)
		if twice := Tidy(once); twice != once {
			t.Errorf("%+q: %+q, then %+q", s, once, twice)
		}
		if utf8.ValidString(s) && !norm.NFC.IsNormalString(once) {
			t.Errorf("%+q: %+q is not in form C", s, once)
		}
	})
}
