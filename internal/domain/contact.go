package domain

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"crier/internal/fault"
)

// The shape of an address: what may stand unquoted on each side of the @, in any script.
var (
	localParts = regexp.MustCompile("^[\\p{L}\\p{M}\\p{N}!#$%&'*+/=?^_`{|}~-]+(\\.[\\p{L}\\p{M}\\p{N}!#$%&'*+/=?^_`{|}~-]+)*$")
	mailHosts  = regexp.MustCompile(`^[\p{L}\p{N}]([\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?(\.[\p{L}\p{N}]([\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?)*$`)
	schemes    = regexp.MustCompile(`(?i)^(mailto|tel|sms|callto):`)
	scientific = regexp.MustCompile(`(?i)^[+-]?[0-9]+([.,][0-9]+)?E[+-]?[0-9]+$`)
	decimals   = regexp.MustCompile(`^[0-9]{5,}[.,]0+$`)
	extensions = regexp.MustCompile(`(?i)\s*(,?\s*(ext|extension|x|#|int|linje|anknytning|dw)\.?\s*[0-9]{1,6})$`)
)

// maxAddress is the most bytes of an email address, maxLocal of its part before the @.
const (
	maxAddress = 254
	maxLocal   = 64
)

// CheckEmail refuses what is no email address and says why. "" is none and passes.
func CheckEmail(field, s string) error {
	if s == "" {
		return nil
	}
	local, host, _ := strings.Cut(s, "@")
	switch {
	case schemes.MatchString(s):
		return fault.Field(field, "write the address alone, without %q", s[:strings.IndexByte(s, ':')+1])
	case strings.Count(s, "@") != 1:
		return fault.Field(field, "this is no email address: it needs one @")
	case len(s) > maxAddress, len(local) > maxLocal:
		return fault.Field(field, "this is no email address: at most %d bytes, of which %d before the @", maxAddress, maxLocal)
	case strings.ContainsAny(host, ",;"):
		return fault.Field(field, "this is no email address: a comma or semicolon stands where a dot belongs")
	case !localParts.MatchString(local), !mailHosts.MatchString(host):
		return fault.Field(field, "this is no email address")
	}
	return nil
}

// The digits of a phone number, extensions left out.
const (
	minDigits = 3
	maxDigits = 17
)

// CheckPhone refuses what is no phone number as people write them, and says why. "" is none and
// passes. Whether the number is in use, and in which country, is not looked at.
func CheckPhone(field, s string) error {
	if s == "" {
		return nil
	}
	plain := width.Fold.String(s)
	digits := 0
	odd := rune(0)
	for i, r := range extensions.ReplaceAllString(plain, "") {
		switch {
		case unicode.Is(unicode.Nd, r):
			digits++
		case r == '+' && (i == 0 || strings.TrimLeft(plain[:i], "( ") == ""), unicode.IsSpace(r), strings.ContainsRune("()-./", r), unicode.Is(unicode.Pd, r):
		case odd == 0:
			odd = r
		}
	}
	switch {
	case scientific.MatchString(plain), decimals.MatchString(plain):
		return fault.Field(field, "a spreadsheet has made a number of this phone number: format its column as text and type it again")
	case schemes.MatchString(plain):
		return fault.Field(field, "write the number alone, without %q", plain[:strings.IndexByte(plain, ':')+1])
	case strings.Contains(plain, "@"):
		return fault.Field(field, "this is no phone number but looks like an email address")
	case odd != 0:
		return fault.Field(field, "this is no phone number: it holds %q", odd)
	case digits < minDigits || digits > maxDigits:
		return fault.Field(field, "this is no phone number: %d digits; from %d to %d are possible", digits, minDigits, maxDigits)
	}
	return nil
}
