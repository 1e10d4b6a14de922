package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// askedWords are all that a text may hold of what q asks for, as it would be marked.
func askedWords(q string) []string {
	_, terms := queryRuns(q)
	var out []string
	for _, t := range terms {
		out = append(out, t...)
	}
	return out
}

// markWords returns the places [from, to) in characters of text where a word begins
// with one of the asked words, in order and apart from each other; in scripts without spaces
// any character may begin one. to covers the
// characters that fold to what was asked, with the marks that follow them.
func markWords(text string, asked []string) [][2]int {
	if len(asked) == 0 {
		return nil
	}
	var out [][2]int
	runes := []rune(text)
	for at := 0; at < len(runes); {
		kind := runeKind(runes[at])
		if kind < 0 {
			at++
			continue
		}
		// One word, as runsOf would find it: its characters, and what folds to nothing.
		end := at + 1
		for end < len(runes) && (kind != signRun && runeKind(runes[end]) == kind || foldsAway(runes[end])) {
			end++
		}
		for from := at; from < end; {
			n := markPrefix(runes[from:end], asked)
			if n > 0 {
				out = append(out, [2]int{from, from + n})
			}
			if kind != spacelessRun {
				break
			}
			from += max(n, 1)
			for from < end && unicode.IsMark(runes[from]) {
				from++
			}
		}
		at = end
	}
	return out
}

// foldsAway reports whether a fold leaves the character out, or it changes the one before: a mark, a tone of skin.
func foldsAway(r rune) bool {
	return unicode.IsMark(r) || r >= '\U0001f3fb' && r <= '\U0001f3ff' || r >= utf8.RuneSelf && Fold(string(r)) == ""
}

// runeKind is the kind of run that the character's fold begins, -1 for none.
func runeKind(r rune) int {
	for _, f := range Fold(string(r)) {
		return kindOfRune(f)
	}
	return -1
}

// markPrefix is how many characters of the word fold to the longest asked word that it
// begins with, 0 if to none.
func markPrefix(word []rune, asked []string) int {
	fold, best := Fold, ""
	for _, f := range []func(string) string{Fold, foldSpelled} {
		folded := f(string(word))
		for _, a := range asked {
			if len(a) > len(best) && (strings.HasPrefix(folded, a) || strings.HasPrefix(withoutArticle(folded), a)) {
				fold, best = f, a
			}
		}
	}
	if best == "" {
		return 0
	}
	n := 1
	for n < len(word) && (len(fold(string(word[:n]))) < len(best) || foldsAway(word[n])) {
		n++
	}
	return n
}
