package domain

import (
	"strings"
	"testing"
)

// family is one character of seven code points.
const family = "👨‍👩‍👧‍👦"

// TestWholeCharacters checks that what lists and searches show of a text never has half a character.
func TestWholeCharacters(t *testing.T) {
	for n := range lineLength + 10 {
		text := strings.Repeat("a", n) + family + strings.Repeat("b", lineLength)
		if rest := strings.ReplaceAll(Line(text, nil), family, ""); strings.ContainsAny(rest, "👨👩👧👦\u200d") {
			t.Errorf("line, %d letters before: %q", n, rest)
		}
	}
	for n := range excerptMost + 10 {
		text := strings.Repeat("a", n) + family + strings.Repeat("c ", 20) + "word " + strings.Repeat("d", n) + family + strings.Repeat("b", excerptMost)
		runs, found := Excerpt(text, "word")
		var b strings.Builder
		for _, r := range runs {
			b.WriteString(r.Text)
		}
		if rest := strings.ReplaceAll(b.String(), family, ""); !found || strings.ContainsAny(rest, "👨👩👧👦\u200d") {
			t.Errorf("excerpt, %d letters before: %q", n, rest)
		}
	}
}
