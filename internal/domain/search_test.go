package domain

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func TestSearchWords(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"Die Straße, die STRASSE", "die strasse"},
		{"C-0001 o'clock", "c 0001 o clock c0001 oclock"},
		{"  👍🏽 \n", "👍"},
		{" --, \u200b\n", ""},
		{"أين مقعدي؟", Fold("أين") + " " + Fold("مقعدي")},
		{"المقعد", "المقعد مقعد"},
		{strings.Repeat("u", 300), strings.Repeat("u", 100)},
		{"Åse", "ase aase"},
		{"A上海东B", "a 上海 海东 东 b"},
		{"40 61-23", "40 61 23 406123 6123"},
	} {
		if got := SearchWords(c.in); got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

// searchCases are replayed by the store's tests, on both databases, and by web/src/lib/fold.test.ts too.
func searchCases(t *testing.T) (cases []searchCase) {
	t.Helper()
	text, err := os.ReadFile("testdata/search.json")
	var file struct{ Cases []searchCase }
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	if err != nil || len(file.Cases) < 50 {
		t.Fatalf("%d cases: %v", len(file.Cases), err)
	}
	return file.Cases
}

type searchCase struct {
	text, query string
	found       bool
}

func (c *searchCase) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&c.text, &c.query, &c.found})
}

func TestMatchWords(t *testing.T) {
	for _, c := range searchCases(t) {
		if got := MatchWords(c.query, c.text); got != c.found {
			t.Errorf("%q in %q: %v; words %q, asked %q", c.query, c.text, got, SearchWords(c.text), QueryTerms(c.query))
		}
	}
}

func TestSearchFilter(t *testing.T) {
	for _, q := range []string{"", " ", `"*(`, "\u200b", strings.Repeat("a", 201), strings.Repeat("a b c d e f g h i j k l m n o p q ", 1), "a\x00b"} {
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
		{"without spaces", "我家在上海东边", "上海", "我家在[上海]东边", true},
		{"an accent spelled", "Åse Müller", "aase muell", "[Åse] [Müll]er", true},
		{"emoji asked for", "a 👍🏽 b", "👍", "a [👍🏽] b", true},
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
