package domain

import (
	"encoding/hex"
	"fmt"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// MaxLanguage is the number of characters of the longest language tag that is stored.
const MaxLanguage = 35

// defaultLanguage is the language of an organisation whose region has none that is known.
const defaultLanguage = "en"

// ParseLanguage returns a BCP 47 tag in its canonical form. A tag names a known language, may name a
// script and a region, and may choose one of the language's orders, as in de-u-co-phonebk; other
// extensions are refused. Errors: one that says what is wrong.
func ParseLanguage(s string) (string, error) {
	if len(s) > MaxLanguage {
		return "", fmt.Errorf("a language tag has at most %d characters", MaxLanguage)
	}
	tag, err := language.Parse(s)
	if base, _, _ := tag.Raw(); err != nil || base.String() == "und" || len(tag.Variants()) > 0 {
		return "", fmt.Errorf("a language is a BCP 47 tag of a known language, as in nb, sv or de-CH")
	}
	plain, err := language.Compose(tag.Raw())
	if order := tag.TypeForKey("co"); err == nil && order != "" {
		plain, err = plain.SetTypeForKey("co", order)
	}
	if err != nil || plain.String() != tag.String() {
		return "", fmt.Errorf("a language tag takes no extension but the order, as in de-u-co-phonebk")
	}
	return tag.String(), nil
}

// languageOf is the language that most people of a region write, "" if none is known.
func languageOf(region string) string {
	if base, sure := language.Make("und-" + region).Base(); sure == language.High {
		return base.String()
	}
	return ""
}

// The lengths of sort keys in bytes. A letter takes two bytes in most scripts. Texts that begin alike
// beyond that are equal, and the number of the person decides.
const (
	maxFirstKey  = 128
	maxSecondKey = 80
)

// Collation makes sort keys by the rules of one language: texts of hexadecimal digits whose byte order
// is the order of names. Case, width and accents that do not make another letter in the language are
// ignored, and numbers are ordered by their value. Intl.Collator in web/src/lib/order.ts compares by
// the same rules; both are tested with testdata/order.json. A Collation must not be used concurrently.
type Collation struct {
	collator *collate.Collator
	buffer   collate.Buffer
}

// NewCollation returns the collation of a language. A language without rules of its own has those of English.
func NewCollation(lang string) *Collation {
	tag := language.Make(lang)
	// The library has no rules under the codes nb and no; those of nn are the same.
	if base, _ := tag.Base(); base.String() == "nb" || base.String() == "no" {
		tag = language.Make("nn")
	}
	return &Collation{collator: collate.New(tag, collate.Loose, collate.Numeric)}
}

// LastName is the sort key of a person by family name, then given name.
func (c *Collation) LastName(p Person) string {
	if p.FamilyName == "" {
		return c.pair(p.GivenName, "")
	}
	return c.pair(p.FamilyName, p.GivenName)
}

// FirstName is the sort key of a person by given name, then family name.
func (c *Collation) FirstName(p Person) string {
	if p.GivenName == "" {
		return c.pair(p.FamilyName, "")
	}
	return c.pair(p.GivenName, p.FamilyName)
}

// Text is the sort key of a text.
func (c *Collation) Text(s string) string { return hex.EncodeToString(c.key(s, maxFirstKey)) }

// pair is the sort key of two texts, of which the first counts more. No weight is two zero bytes, so
// that "Berg" with any second text stands before "Bergen".
func (c *Collation) pair(first, second string) string {
	key := append(c.key(first, maxFirstKey), 0, 0)
	return hex.EncodeToString(append(key, c.key(second, maxSecondKey)...))
}

func (c *Collation) key(s string, most int) []byte {
	c.buffer.Reset()
	key := c.collator.KeyFromString(&c.buffer, s)
	return append(make([]byte, 0, maxFirstKey+2+maxSecondKey), key[:min(len(key), most)]...)
}
