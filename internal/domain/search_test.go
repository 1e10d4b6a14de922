package domain

import (
	"strings"
	"testing"
)

func TestSearchWords(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"Die Straße, die STRASSE", "die strasse"},
		{"C-0001 o'clock", "c 0001 o clock"},
		{"  👍🏽 \n", ""},
		{"أين مقعدي؟", Fold("أين") + " " + Fold("مقعدي")},
		{strings.Repeat("ü", 300), strings.Repeat("u", 100)},
		{strings.Repeat("座", 50), strings.Repeat("座", 33)},
	} {
		if got := SearchWords(c.in); got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

func TestSearchFilter(t *testing.T) {
	for _, q := range []string{"", " ", `"*(`, "👍🏽", strings.Repeat("a", 201), strings.Repeat("a b c d e f g h i j k l m n o p q ", 1), "a\x00b"} {
		if err := (SearchFilter{Q: q}).Validate(); err == nil {
			t.Errorf("%q is taken", q)
		}
	}
	if err := (SearchFilter{Q: `"a* OR (`}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestExcerpt(t *testing.T) {
	far := strings.Repeat("filler ", 40)
	for _, c := range []struct {
		name, text, q, want string // [] around hits
		found               bool
	}{
		{"plain", "Where is my seat?", "sea", "Where is my [sea]t?", true},
		{"accents", "Die Straße in Łódź", "strasse lod", "Die [Straße] in [Łód]ź", true},
		{"a mark of its own", "e\u0301tude", "et", "[e\u0301t]ude", true},
		{"all of it", "seat", "seat", "[seat]", true},
		{"twice", "seat, seating", "seat", "[seat], [seat]ing", true},
		{"not inside a word", "unseated", "seat", "unseated", false},
		{"the longest", "seating", "seat seating", "[seating]", true},
		{"right to left", "أين مقعدي الآن", "مقعد", "أين [مقعد]ي الآن", true},
		{"emoji", "👍🏽 seat 👍🏽", "seat", "👍🏽 [seat] 👍🏽", true},
		{"markup stays text", "<b>seat</b>", "seat", "<b>[seat]</b>", true},
		{"far inside", far + "seat", "seat", "…" + far[len(far)-40:] + "[seat]", true},
		{"much after", "seat " + far, "seat", "[seat]" + (" " + far)[:156] + "…", true},
		{"nothing", "", "seat", "", false},
	} {
		runs, found := Excerpt(c.text, c.q)
		var b strings.Builder
		for _, r := range runs {
			if r.Text == "" {
				t.Errorf("%s: an empty run", c.name)
			}
			if r.Hit {
				b.WriteString("[" + r.Text + "]")
			} else {
				b.WriteString(r.Text)
			}
		}
		if b.String() != c.want || found != c.found {
			t.Errorf("%s:\n got %q, %v\nwant %q, %v", c.name, b.String(), found, c.want, c.found)
		}
	}
}

// FuzzExcerpt: an excerpt without its ellipses is a piece of the text, and has a hit
// exactly where the words match.
func FuzzExcerpt(f *testing.F) {
	f.Add("Die Straße in Łódź", "strasse")
	f.Add("e\u0301tude 👍🏽", "et")
	f.Fuzz(func(t *testing.T, text, q string) {
		text = strings.ToValidUTF8(text, "")
		runs, found := Excerpt(text, q)
		var b strings.Builder
		hit := false
		for _, r := range runs {
			b.WriteString(r.Text)
			hit = hit || r.Hit
		}
		if hit != found {
			t.Fatalf("found %v, hit %v", found, hit)
		}
		if got := strings.TrimSuffix(strings.TrimPrefix(b.String(), "…"), "…"); !strings.Contains(text, got) && !strings.Contains(text, strings.TrimPrefix(b.String(), "…")) {
			t.Fatalf("%q is not in %q", got, text)
		}
	})
}
