package domain

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestCollationOrder: keys order names by the rules of the language, as the page does.
func TestCollationOrder(t *testing.T) {
	text, err := os.ReadFile("testdata/order.json")
	if err != nil {
		t.Fatal(err)
	}
	type list struct {
		Language string
		Names    []string
	}
	var cases struct{ Orders, Equal []list }
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases.Orders {
		keys := NewCollation(c.Language)
		for i, name := range c.Names[1:] {
			if keys.Text(c.Names[i]) >= keys.Text(name) {
				t.Errorf("%s: %q does not stand before %q", c.Language, c.Names[i], name)
			}
		}
	}
	for _, c := range cases.Equal {
		keys := NewCollation(c.Language)
		for _, name := range c.Names[1:] {
			if keys.Text(c.Names[0]) != keys.Text(name) {
				t.Errorf("%s: %q and %q are not equal", c.Language, c.Names[0], name)
			}
		}
	}
}

// TestCollationOfPeople: the first name counts where the last names are equal, and keys have a limit.
func TestCollationOfPeople(t *testing.T) {
	keys := NewCollation("nb")
	ordered := []Person{
		{}, {GivenName: "Ane", FamilyName: "Berg"}, {GivenName: "Åse", FamilyName: "Berg"}, {GivenName: "Ane", FamilyName: "Berg Moe"},
		{GivenName: "Ane", FamilyName: "Bergan"}, {GivenName: "Cher"}, {GivenName: "Ane", FamilyName: "Østby"}, {GivenName: "Ane", FamilyName: "王"},
	}
	for i, p := range ordered[1:] {
		if a, b := keys.LastName(ordered[i]), keys.LastName(p); a >= b {
			t.Errorf("%q does not stand before %q: %s, %s", ordered[i].Name(), p.Name(), a, b)
		}
	}
	if a, b := keys.FirstName(Person{GivenName: "Ane", FamilyName: "Østby"}), keys.FirstName(Person{GivenName: "Åse", FamilyName: "Berg"}); a >= b {
		t.Errorf("by first name: %s, %s", a, b)
	}
	long := Person{GivenName: strings.Repeat("王", 200), FamilyName: strings.Repeat("å", 200)}
	if n := len(keys.LastName(long)); n > 2*(maxFirstKey+2+maxSecondKey) {
		t.Errorf("a key has %d characters", n)
	}
	longer := long
	longer.FamilyName += "z"
	if keys.LastName(long) != keys.LastName(longer) || keys.LastName(long) <= keys.LastName(Person{FamilyName: strings.Repeat("å", 20)}) {
		t.Error("a key that is cut has no place of its own")
	}
}

func TestParseLanguage(t *testing.T) {
	for in, want := range map[string]string{"nb": "nb", "NB_no": "nb-NO", "no": "no", "sv": "sv", "zh-hant": "zh-Hant", "de-u-co-phonebk": "de-u-co-phonebk", "de-CH": "de-CH"} {
		if got, err := ParseLanguage(in); err != nil || got != want {
			t.Errorf("%s: %q, %v", in, got, err)
		}
	}
	for _, bad := range []string{"", "x", "xx", "und", "und-NO", "norsk", "x-foo", "sv-u-kn-true", "de-1996", "de-x-foo", "nb-NO-oslo", strings.Repeat("a", 36), "de-u-co-phonebk-kn", "en-t-de"} {
		if got, err := ParseLanguage(bad); err == nil {
			t.Errorf("%q is taken as %q", bad, got)
		}
	}
}

// TestSortLanguage: without a choice the region of phone numbers tells the language.
func TestSortLanguage(t *testing.T) {
	for want, s := range map[string]Settings{"nb": {}, "sv": {Region: "SE"}, "de": {Region: "DE"}, "es": {Region: "ES"}, "fi": {Region: "SE", Language: "fi"}, "en": {Region: "ZZ"}} {
		if got := s.SortLanguage(); got != want {
			t.Errorf("%+v: %s, want %s", s, got, want)
		}
	}
}
