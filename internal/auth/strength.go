package auth

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn"

	"crier/internal/fault"
)

// Strength is how hard a new password must be to guess, as zxcvbn counts guesses.
type Strength float64

const (
	// AnyUncommon is for candidates, whose passwords the exam platform makes, often as a PIN: what is
	// among the first thousand that anyone tries is refused.
	AnyUncommon Strength = 1e3
	// Hard is for staff, who reach other people's data: a million guesses are not enough.
	Hard Strength = 1e6
)

// rated is how many characters of a password are rated: rating takes time that grows faster
// than the password, and what is hard after so many is hard.
const rated = 40

// CheckPassword returns an Invalid or TooLarge fault naming field if the password is too short,
// too long, not text, or easier to guess than least. Spaces and what cannot be seen do not
// count for its length. own is what is known of its owner, as login and name: a password
// that is made of it is easy.
func CheckPassword(field, password string, least Strength, own ...string) error {
	visible := 0
	for _, r := range password {
		if unicode.IsPrint(r) && !unicode.IsSpace(r) && !unicode.IsMark(r) {
			visible++
		}
	}
	switch {
	case len(password) > MaxPassword:
		return fault.Over(field, MaxPassword, int64(len(password)), "the password is too long: at most %d bytes", MaxPassword)
	case !utf8.ValidString(password):
		return fault.Field(field, "the password is not valid UTF-8")
	case strings.ContainsRune(password, 0):
		return fault.Field(field, "the password contains a NUL character")
	case visible < MinPassword:
		return &fault.Error{Code: fault.Invalid, Field: field, Limit: MinPassword, Actual: int64(visible),
			Message: fmt.Sprintf("the password is too short: at least %d characters that can be seen", MinPassword)}
	}
	if runes := []rune(password); len(runes) > rated {
		password = string(runes[:rated])
	}
	if zxcvbn.PasswordStrength(password, own).Guesses < float64(least) {
		if least == AnyUncommon {
			return fault.Field(field, "the password is one of those that are tried first; choose another")
		}
		return fault.Field(field, "the password is too easy to guess; use several words, or a longer one without names, dates and common words")
	}
	return nil
}
