package domain

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// CleanPlace returns the name of a room or seat in its normal form: as Tidy has it, and with one
// ordinary space for any run of spaces.
func CleanPlace(s string) string {
	if !utf8.ValidString(s) {
		return s // CheckText refuses it
	}
	return strings.Join(strings.Fields(Tidy(s)), " ")
}

// PlaceKey returns what two spellings of one room or seat have in common. Case does not count.
func PlaceKey(s string) string { return norm.NFC.String(cases.Fold().String(CleanPlace(s))) }

// PlaceOrder returns the key by which rooms and seats are sorted as the page sorts them: numbers in them
// by their value (A2 before A10); neither case nor accents count.
func PlaceOrder(s string) string {
	s = Fold(CleanPlace(s))
	var b strings.Builder
	for s != "" {
		n := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		if n == 0 {
			_, n = utf8.DecodeRuneInString(s)
			b.WriteString(s[:n])
		} else {
			// The number of digits comes first, so that shorter numbers do.
			value := strings.TrimLeft(s[:n], "0")
			b.WriteByte('0')
			b.WriteRune(rune('0' + len(value)))
			b.WriteString(value)
		}
		s = s[n:]
	}
	return b.String()
}

// SortCandidates sorts candidates by room, seat and name.
func SortCandidates(list []Candidate) {
	type keyed struct {
		room, seat, name string
		Candidate
	}
	keys := make([]keyed, len(list))
	for i, c := range list {
		keys[i] = keyed{PlaceOrder(c.Room), PlaceOrder(c.Seat), Fold(c.FamilyName + " " + c.GivenName), c}
	}
	slices.SortFunc(keys, func(a, b keyed) int {
		return cmp.Or(cmp.Compare(a.room, b.room), cmp.Compare(a.seat, b.seat), cmp.Compare(a.name, b.name), cmp.Compare(a.Person, b.Person))
	})
	for i := range keys {
		list[i] = keys[i].Candidate
	}
}
