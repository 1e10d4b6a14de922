package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// How texts are compared for search. The page does the same (web/src/lib/fold.ts); both are tested
// with testdata/search.json.

// letters that no decomposition takes apart, as they are typed without them, and letters that are
// written for each other.
var letters = strings.NewReplacer(
	"ø", "o", "æ", "ae", "œ", "oe", "ß", "ss", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i", "ħ", "h", "ŧ", "t", "ς", "σ",
	"ٱ", "ا", "ى", "ي", "ی", "ي", "ې", "ي", "ة", "ه", "ک", "ك", "ھ", "ه", "ہ", "ه", "ە", "ه", "ـ", "",
	"٠", "0", "١", "1", "٢", "2", "٣", "3", "٤", "4", "٥", "5", "٦", "6", "٧", "7", "٨", "8", "٩", "9",
	"۰", "0", "۱", "1", "۲", "2", "۳", "3", "۴", "4", "۵", "5", "۶", "6", "۷", "7", "۸", "8", "۹", "9",
)

// spelled are letters that may be written as two.
var spelled = strings.NewReplacer("å", "aa", "ä", "ae", "ö", "oe", "ø", "oe", "ü", "ue")

// accented are the scripts whose marks are left out. Elsewhere a mark is a vowel.
var accented = []*unicode.RangeTable{unicode.Inherited, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Arabic, unicode.Hebrew, unicode.Syriac}

// Fold makes a text comparable for search: in compatibility form, in lower case, without accents,
// invisible characters and the differences between letters that are written for each other.
func Fold(s string) string { return foldLower(lowered(s)) }

// foldSpelled is Fold with å as aa, ü as ue and so on.
func foldSpelled(s string) string { return foldLower(spelled.Replace(lowered(s))) }

func lowered(s string) string {
	if ascii(s) {
		return strings.ToLower(s)
	}
	return norm.NFKC.String(strings.ToLower(norm.NFKC.String(s)))
}

func foldLower(s string) string {
	if ascii(s) {
		return s
	}
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Mn, r) && unicode.In(r, accented...) && r != '\u3099' && r != '\u309a' {
			return -1
		}
		return r
	}, norm.NFD.String(s))
	return letters.Replace(norm.NFC.String(s))
}

// Kinds of a run.
const (
	plainRun     = iota
	spacelessRun // of a script that is written without spaces between words
	signRun      // one emoji or symbol
)

// run is a piece of a folded text that is searched for: letters, digits and marks of one kind.
type run struct {
	text string
	gap  string // what stands before it since the run before
	kind int
}

// spaceless are the scripts that are written without spaces between words.
var spaceless = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

// kindOfRune is the kind of run that a character belongs to, -1 if to none.
func kindOfRune(r rune) int {
	switch {
	case r < utf8.RuneSelf:
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' {
			return plainRun
		}
	case unicode.In(r, spaceless...) && (unicode.IsLetter(r) || unicode.IsMark(r)) || r == 'ー':
		return spacelessRun
	case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
		return plainRun
	case r >= '\u2190' && unicode.Is(unicode.So, r):
		return signRun
	}
	return -1
}

// runsOf takes a folded text apart.
func runsOf(folded string) []run {
	var out []run
	start, gap, kind := 0, 0, -1
	end := func(at int) {
		if kind >= 0 && at > start {
			out = append(out, run{text: folded[start:at], gap: folded[gap:start], kind: kind})
			gap = at
		}
		start = at
	}
	for i, r := range folded {
		k := kindOfRune(r)
		if unicode.IsMark(r) && kind >= 0 {
			k = kind
		}
		if k != kind || k == signRun {
			end(i)
			kind = k
		}
	}
	end(len(folded))
	return out
}

// Words splits a folded text at everything that is not searched for.
func Words(folded string) []string {
	runs := runsOf(folded)
	out := make([]string, len(runs))
	for i, r := range runs {
		out[i] = r.text
	}
	return out
}

// maxJoined is how many runs are joined to one word at most.
const maxJoined = 8

// joins reports whether a run and the one before are parts of one word: of a name with a hyphen or
// an apostrophe, of an id, of a number that is written in groups.
func (r run) joins(before run) bool {
	if r.kind != plainRun || before.kind != plainRun {
		return false
	}
	switch r.gap {
	case "'", "’", "ʼ", "‘", "`", "´", "-", "‐", "–":
		return true
	}
	return digits(r.text) && digits(before.text) && len(r.gap) <= 2 && strings.Trim(r.gap, " -./()") == ""
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// chains calls fn with each longest series of runs that are parts of one word.
func chains(runs []run, fn func(from, to int)) {
	for from := 0; from < len(runs); {
		to := from + 1
		for to < len(runs) && to-from < maxJoined && runs[to].joins(runs[to-1]) {
			to++
		}
		fn(from, to)
		from = to
	}
}

func joined(runs []run) string {
	var b strings.Builder
	for _, r := range runs {
		b.WriteString(r.text)
	}
	return b.String()
}

// clusters splits at characters; marks stay with theirs.
func clusters(s string) []string {
	var out []string
	for _, r := range s {
		if unicode.IsMark(r) && len(out) > 0 {
			out[len(out)-1] += string(r)
		} else {
			out = append(out, string(r))
		}
	}
	return out
}

// bigrams are the pairs of neighbouring characters, in order; last adds the last character alone, so that every
// character begins one.
func bigrams(s string, last bool) []string {
	c := clusters(s)
	if len(c) == 1 {
		return c
	}
	out := make([]string, 0, len(c))
	for i := range len(c) - 1 {
		out = append(out, c[i]+c[i+1])
	}
	if last {
		out = append(out, c[len(c)-1])
	}
	return out
}

// articles are what the Arabic article may begin with.
var articles = []string{"ال", "وال", "بال", "كال", "فال", "لل"}

// withoutArticle is an Arabic word without the article, "" if it has none.
func withoutArticle(word string) string {
	for _, a := range articles {
		if rest, ok := strings.CutPrefix(word, a); ok && utf8.RuneCountInString(rest) >= 3 {
			return rest
		}
	}
	return ""
}

// indexWords calls add with each word by which texts are found: their words in order, then other ways to write them.
func indexWords(add func(word string), texts ...string) {
	var more []string
	for _, t := range texts {
		low := lowered(t)
		runs := runsOf(foldLower(low))
		for _, r := range runs {
			if r.kind == spacelessRun {
				for _, b := range bigrams(r.text, true) {
					add(b)
				}
				continue
			}
			add(r.text)
			if w := withoutArticle(r.text); w != "" {
				more = append(more, w)
			}
		}
		more = appendJoined(more, runs)
		if two := spelled.Replace(low); two != low {
			wide := runsOf(foldLower(two))
			for i, r := range wide {
				if i >= len(runs) || r.text != runs[i].text {
					more = append(more, r.text)
				}
			}
			more = appendJoined(more, wide)
		}
	}
	for _, w := range more {
		add(w)
	}
}

// appendJoined appends what the runs make when their parts are written as one word, from each part on.
func appendJoined(list []string, runs []run) []string {
	chains(runs, func(from, to int) {
		for i := from; i < to-1; i++ {
			list = append(list, joined(runs[i:to]))
		}
	})
	return list
}

// Term is a word that is asked for: the ways in which it may be written. One of them must be the
// beginning of a word.
type Term []string

// queryRuns returns the words of a query, and what each may be written as.
func queryRuns(q string) ([]run, []Term) {
	runs, wide := runsOf(Fold(q)), runsOf(foldSpelled(q))
	terms := make([]Term, len(runs))
	add := func(i int, w string) {
		if w = searchWord(w); w != "" && !contains(terms[i], w) {
			terms[i] = append(terms[i], w)
		}
	}
	for i, r := range runs {
		add(i, r.text)
		add(i, withoutArticle(r.text))
		if len(wide) == len(runs) {
			add(i, wide[i].text)
		}
	}
	chains(runs, func(from, to int) {
		for i := from; i < to && to-from > 1; i++ {
			add(i, joined(runs[from:to]))
			if len(wide) == len(runs) {
				add(i, joined(wide[from:to]))
			}
		}
	})
	return runs, terms
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// maxBigrams is how many pairs of characters of one word are asked for.
const maxBigrams = 24

// QueryTerms are the words asked for by q, as the search index keeps them. All must be found.
func QueryTerms(q string) []Term {
	runs, terms := queryRuns(q)
	var out []Term
	for i, r := range runs {
		if r.kind != spacelessRun {
			out = append(out, terms[i])
			continue
		}
		pairs := bigrams(r.text, false)
		for _, b := range pairs[:min(len(pairs), maxBigrams)] {
			out = append(out, Term{b})
		}
	}
	return out
}

// found reports whether the words hold the term.
func (t Term) found(words []string) bool {
	for _, w := range words {
		for _, a := range t {
			if strings.HasPrefix(w, a) {
				return true
			}
		}
	}
	return false
}

// MatchWords reports whether every word of query is the beginning of some word of
// one of the texts. An empty query matches everything; one in which there is nothing to search
// for matches nothing.
func MatchWords(query string, texts ...string) bool {
	if Blank(query) {
		return true
	}
	asked := QueryTerms(query)
	return len(asked) > 0 && MatchTerms(asked, texts...)
}

// MatchTerms reports whether each term is the beginning of some word of one of the texts.
func MatchTerms(asked []Term, texts ...string) bool {
	var have []string
	indexWords(func(w string) { have = append(have, w) }, texts...)
	for _, a := range asked {
		if !a.found(have) {
			return false
		}
	}
	return true
}
