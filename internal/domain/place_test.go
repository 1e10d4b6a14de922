package domain

import (
	"slices"
	"strings"
	"testing"
)

func TestCleanPlace(t *testing.T) {
	for in, want := range map[string]string{
		"Hall A": "Hall A", " Hall A ": "Hall A", "Hall  A": "Hall A", "Hall\u00a0A": "Hall A", "\u3000Hall\u2003\tA\u2028": "Hall A",
		"Hall\u200b A\ufeff": "Hall A", "\u200bHall \u200b A": "Hall A", "A\u0301": "Á", "\u202eA1": "A1", "\u3164": "", "\u2800 \u00ad": "", "": "", "\xff": "\xff",
	} {
		if got := CleanPlace(in); got != want {
			t.Errorf("CleanPlace(%q) = %q, want %q", in, got, want)
		}
		if got := CleanPlace(want); got != want {
			t.Errorf("%q is changed again to %q", want, got)
		}
	}
	for _, same := range [][2]string{{"Hall A", " hall\u00a0a"}, {"STRASSE", "straße"}, {"ÅSE", "a\u030ase"}} {
		if PlaceKey(same[0]) != PlaceKey(same[1]) {
			t.Errorf("%q and %q are two places", same[0], same[1])
		}
	}
	for _, other := range [][2]string{{"Hall A", "Hall Å"}, {"Hall A", "HallA"}, {"A1", "A01"}} {
		if PlaceKey(other[0]) == PlaceKey(other[1]) {
			t.Errorf("%q and %q are one place", other[0], other[1])
		}
	}
}

func TestPlaceOrder(t *testing.T) {
	want := []string{"", "1", "2", "10", "A 1", "a1", "A2", "A10", "A10b", "Å11", "Hall 2, 9", "hall 2, 10", "Hall 12", "Saal 1"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, func(a, b string) int { return strings.Compare(PlaceOrder(a), PlaceOrder(b)) })
	if !slices.Equal(got, want) {
		t.Errorf("sorted as %q, want %q", got, want)
	}
	for _, same := range [][2]string{{"A2", "a02"}, {"Åse 1", " ase  1"}} {
		if PlaceOrder(same[0]) != PlaceOrder(same[1]) {
			t.Errorf("%q and %q have different places", same[0], same[1])
		}
	}
}
