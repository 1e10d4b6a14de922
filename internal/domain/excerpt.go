package domain

import (
	"strings"
	"unicode"
)

// markWords returns the places [from, to) in characters of text where a word begins
// with one of the asked words, in order and apart from each other. to covers the
// characters that fold to what was asked, with the marks that follow them.
func markWords(text string, asked []string) [][2]int {
	if len(asked) == 0 {
		return nil
	}
	var out [][2]int
	runes := []rune(text)
	for at := 0; at < len(runes); {
		if !wordRune(runes[at]) {
			at++
			continue
		}
		// One word, as Words would find it: its characters, and marks that fold to nothing.
		end := at
		for end < len(runes) && (wordRune(runes[end]) || unicode.Is(unicode.Mn, runes[end])) {
			end++
		}
		if n := markPrefix(runes[at:end], asked); n > 0 {
			out = append(out, [2]int{at, at + n})
		}
		at = end
	}
	return out
}

func wordRune(r rune) bool {
	if unicode.IsLetter(r) || unicode.IsDigit(r) {
		return true
	}
	// What a fold makes a letter or digit of.
	for _, f := range Fold(string(r)) {
		if unicode.IsLetter(f) || unicode.IsDigit(f) {
			return true
		}
	}
	return false
}

// markPrefix is how many characters of the word fold to the longest asked word that it
// begins with, 0 if to none.
func markPrefix(word []rune, asked []string) int {
	folded := Fold(string(word))
	best := ""
	for _, a := range asked {
		if len(a) > len(best) && strings.HasPrefix(folded, a) {
			best = a
		}
	}
	if best == "" {
		return 0
	}
	n := 1
	for n < len(word) && (len(Fold(string(word[:n]))) < len(best) || unicode.Is(unicode.Mn, word[n])) {
		n++
	}
	return n
}
