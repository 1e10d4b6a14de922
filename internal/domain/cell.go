package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Cell is a text as a cell of a CSV file: a text that a spreadsheet would take for a formula gets an
// apostrophe in front (OWASP, "CSV injection"). Spreadsheets look behind spaces and characters that
// cannot be seen, and take full-width signs for plain ones.
func Cell(s string) string {
	if s == "" {
		return s
	}
	if first, _ := utf8.DecodeRuneInString(s); unicode.IsControl(first) {
		return "'" + s // a tab or an end of line
	}
	seen := strings.TrimLeftFunc(s, blank)
	if first, _ := utf8.DecodeRuneInString(seen); strings.ContainsRune("=+-@\u2212\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20", first) {
		return "'" + s
	}
	return s
}

// blank reports whether r shows as nothing: a space, a control or format character, one of the
// letters that are made of nothing, or half of a broken character.
func blank(r rune) bool {
	switch r {
	case '\u034f', '\u115f', '\u1160', '\u17b4', '\u17b5', '\u2800', '\u3164', '\uffa0', utf8.RuneError:
		return true
	}
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Variation_Selector)
}
