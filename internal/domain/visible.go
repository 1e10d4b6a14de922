package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Tidy returns an identity text as it is stored and compared: an address, a phone number, a
// name, an id, a login, a tag. It is in Unicode's normal form C, without white space around it,
// and without characters that nobody can see: format and bidi control characters, fillers and
// blanks that count as letters. Joiners, variation selectors and tags stay where a script or an
// emoji needs them. Control characters, and a text that is no UTF-8, stay for CheckText to refuse.
func Tidy(s string) string {
	if !utf8.ValidString(s) {
		return s
	}
	if !ascii(s) {
		s = norm.NFC.String(seen(s))
	}
	return strings.TrimSpace(s)
}

// TidyAll returns the list with each text as Tidy has it.
func TidyAll(list []string) []string {
	if list == nil {
		return nil
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = Tidy(s)
	}
	return out
}

// Blank reports whether nothing of a text can be seen: it is empty, or holds nothing but white
// space and invisible characters.
func Blank(s string) bool {
	for _, r := range s {
		if !unicode.IsSpace(r) && !invisible(r) && !joiner(r) && !selector(r) && !tagging(r) && !unicode.IsControl(r) {
			return false
		}
	}
	return true
}

// Subject returns a subject without white space around it, "" if nothing of it can be seen.
func Subject(s string) string {
	if Blank(s) {
		return ""
	}
	return strings.TrimSpace(s)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

const (
	zwnj    = '\u200c'
	zwj     = '\u200d'
	flag    = '\U0001f3f4' // the base of flags that are spelled in tag characters
	enclose = '\u20e3'     // the enclosing keycap
)

func joiner(r rune) bool { return r == zwnj || r == zwj }

// selector reports whether r chooses a form of the character before it.
func selector(r rune) bool {
	return r >= '\u180b' && r <= '\u180f' || r >= '\ufe00' && r <= '\ufe0f' || r >= '\U000e0100' && r <= '\U000e01ef'
}

func tagging(r rune) bool { return r >= '\U000e0000' && r <= '\U000e007f' }

// invisible reports whether r is never seen and nothing needs it.
func invisible(r rune) bool {
	switch r {
	case '\u034f', // combining grapheme joiner
		'\u115f', '\u1160', '\u3164', '\uffa0', // Hangul fillers
		'\u17b4', '\u17b5', // Khmer inherent vowels
		'\u2800', // braille pattern blank
		'\ufffc': // object replacement
		return true
	}
	return unicode.Is(unicode.Cf, r) && !joiner(r) && !tagging(r) && !prepended(r)
}

// prepended reports whether r is a format character that is seen, as the Arabic number sign.
func prepended(r rune) bool { return unicode.Is(unicode.Prepended_Concatenation_Mark, r) }

// seen leaves out what Tidy does.
func seen(s string) string {
	in := []rune(s)
	out := make([]rune, 0, len(in))
	at := func(i int) rune {
		if i < len(in) {
			return in[i]
		}
		return 0
	}
	for i, r := range in {
		var before rune
		if len(out) > 0 {
			before = out[len(out)-1]
		}
		keep := !invisible(r)
		switch {
		case joiner(r):
			keep = joins(before, r, at(i+1))
		case selector(r):
			keep = selects(before, at(i+1))
		case tagging(r):
			keep = before == flag || tagging(before)
		}
		if keep {
			out = append(out, r)
		}
	}
	return string(out)
}

// joining are the scripts that are written with joiners within words.
var joining = []*unicode.RangeTable{
	unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Mandaic, unicode.Mongolian, unicode.Phags_Pa, unicode.Adlam,
	unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya, unicode.Tamil, unicode.Telugu, unicode.Kannada,
	unicode.Malayalam, unicode.Sinhala, unicode.Tibetan, unicode.Myanmar, unicode.Khmer, unicode.Balinese, unicode.Javanese, unicode.Sundanese,
	unicode.Meetei_Mayek, unicode.Chakma,
}

// joins reports whether a joiner between two characters changes what is seen. One at the end of
// a word does so only after a virama, as in old spellings of Malayalam.
func joins(before, joiner, after rune) bool {
	if pictured(before) || selector(before) {
		return joiner == zwj && pictured(after)
	}
	if !unicode.In(before, joining...) && !inherited(before) {
		return false
	}
	return virama(before) || unicode.In(after, joining...)
}

// inherited reports whether r is a mark of any script.
func inherited(r rune) bool { return unicode.Is(unicode.Inherited, r) && unicode.Is(unicode.M, r) }

// virama reports whether r is a sign that takes a consonant's vowel away.
func virama(r rune) bool { return norm.NFC.PropertiesString(string(r)).CCC() == 9 }

// pictured reports whether r may be part of an emoji.
func pictured(r rune) bool { return unicode.In(r, unicode.So, unicode.Sk, unicode.Sm) && r > 0xff }

// selects reports whether a selector after a character changes what is seen.
func selects(before, after rune) bool {
	return after == enclose || pictured(before) || unicode.In(before, unicode.Han, unicode.Mongolian, unicode.Phags_Pa, unicode.Myanmar) ||
		before == '©' || before == '®' || before == '‼' || before == '⁉' || before == '〰' || before == '〽'
}
