package domain

import (
	"unicode"
	"unicode/utf8"

	"crier/internal/fault"
)

// CheckText refuses a text that cannot be stored or shown: invalid UTF-8 and
// control characters (but for tabs and new lines where multiline), nothing but
// what cannot be seen unless allowEmpty, and more than maxRunes characters (Unicode code
// points; 0 = no limit). The fault names field, and the limit where one is passed.
func CheckText(field, s string, maxRunes int, allowEmpty, multiline bool) error {
	if !utf8.ValidString(s) {
		return fault.Field(field, "the text is not valid UTF-8")
	}
	for _, r := range s {
		if multiline && (r == '\n' || r == '\t') {
			continue
		}
		if unicode.IsControl(r) {
			return fault.Field(field, "the text holds a control character (U+%04X)", r)
		}
		if r == '\u2028' || r == '\u2029' {
			if !multiline {
				return fault.Field(field, "the text must be one line")
			}
		}
	}
	if !allowEmpty && Blank(s) {
		return fault.Field(field, "%s must not be empty", field)
	}
	if n := utf8.RuneCountInString(s); maxRunes > 0 && n > maxRunes {
		e := fault.Field(field, "%d characters; at most %d are possible", n, maxRunes)
		e.Limit, e.Actual = int64(maxRunes), int64(n)
		return e
	}
	return nil
}

// CheckKey refuses what is no request key: 8 to 100 characters of one line, made by the
// client for one request. The fault names the field key.
func CheckKey(key string) error {
	if err := CheckText("key", key, 100, false, false); err != nil {
		return err
	}
	if utf8.RuneCountInString(key) < 8 {
		return fault.Field("key", "the key needs at least 8 characters")
	}
	return nil
}
