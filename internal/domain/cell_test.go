package domain

import "testing"

// TestCell checks that no text is a formula in a spreadsheet, and that others stay as they are.
func TestCell(t *testing.T) {
	for _, s := range []string{
		"=1+1", "+47 900", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\nwords", " =1", "   \u00a0=1", "\u00a0=1", "\ufeff=1", "\u200b=1",
		"\u2060\u200d@x", "\u202e=1", "\u3000=1", "\u3164=1", "\u2800=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20x", "\u00a0\uff1d1", "\u22121", "\ufe661",
		"\x00=1", "\xff=1",
	} {
		if got := Cell(s); got != "'"+s {
			t.Errorf("%q: %q", s, got)
		}
	}
	for _, s := range []string{"", " ", "words", "a=1", "Ann - Bo", "'=1", "1-2", "Åse", "\u200bÅse", " 12", "“=”"} {
		if got := Cell(s); got != s {
			t.Errorf("%q: %q", s, got)
		}
	}
}
