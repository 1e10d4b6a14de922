package domain

import (
	"strings"
	"testing"

	"crier/internal/fault"
)

func TestCheckPhone(t *testing.T) {
	for _, s := range []string{
		"", "40612345", "40 61 23 45", "+47 40 61 23 45", "(+47) 40612345", "0047 406 12 345", "020-7946.0958", "+1 (212) 555-0100 ext. 12", "22 85 50 50 x123",
		"٠٤٠٦١٢٣٤٥", "４０６１２３４５", "1234", "+49 30/901820", "+47 40\u00a061\u00a023\u00a045", "406–12–345",
	} {
		if err := CheckPhone("phone", s); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	for s, why := range map[string]string{
		"4,0612E+7": "spreadsheet", "4.0612345e7": "spreadsheet", "4E+07": "spreadsheet", "40612345.0": "spreadsheet", "40612345,00": "spreadsheet",
		"tel:40612345": `without "tel:"`, "ann4@example.org": "email address", "none": "'n'", "12": "2 digits", "40612345, 90909090": "','",
		strings.Repeat("1", 18): "18 digits", "47+40612345": "'+'", "=40612345": "'='",
	} {
		if err := CheckPhone("phone", s); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v, want %q", s, err, why)
		}
	}
}

func TestCheckEmail(t *testing.T) {
	for _, s := range []string{
		"", "ann@example.org", "a.b+c@mail.example.org", "o'brien@example.org", "ann@localhost", "NORTH-canary-a1@example.org", "åse@blåbær.no", "用户@例子.广告",
		"x@a-b.example", "अजय@डाटा.भारत",
	} {
		if err := CheckEmail("email", s); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	for s, why := range map[string]string{
		"ann4@example,org": "comma", "ann4@example;org": "comma", "mailto:ann@example.org": `without "mailto:"`, "ann": "one @", "ann@b@c": "one @", "ann@": "no email address",
		"ann@example..org": "no email address", "ann@.org": "no email address", ".ann@example.org": "no email address", "ann,bo@example.org": "no email address",
		"Ann <ann@example.org>": "no email address", "ann@example.org.": "no email address", "ann @example.org": "no email address", "ann@-a.org": "no email address",
		strings.Repeat("a", 65) + "@example.org": "64",
	} {
		if err := CheckEmail("email", s); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v, want %q", s, err, why)
		}
	}
}
