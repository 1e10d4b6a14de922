// Package shorten cuts texts to a length without cutting a character in half: an emoji of several
// code points, a family, a flag or a letter with its marks stays whole or goes (Unicode Standard
// Annex #29, extended grapheme clusters). web/src/lib/shorten.ts does the same; both are tested with
// testdata/cases.json.
package shorten

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Text is s, or its beginning and an ellipsis with together at most n code points.
func Text(s string, n int) string { return With(s, n, "…") }

// With is s, or its beginning and mark with together at most n code points.
func With(s string, n int, mark string) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return Clip(s, n-utf8.RuneCountInString(mark)) + mark
}

// Clip is the longest beginning of s with whole characters and at most n code points.
func Clip(s string, n int) string { return Fit(s, n, math.MaxInt) }

// Fit is the longest beginning of s with whole characters, at most n code points and at most size
// bytes.
func Fit(s string, n, size int) string {
	if len(s) <= size && utf8.RuneCountInString(s) <= n {
		return s
	}
	end, state := 0, -1
	for rest := s; rest != ""; {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if n -= utf8.RuneCountInString(cluster); n < 0 || end+len(cluster) > size {
			break
		}
		end += len(cluster)
	}
	return s[:end]
}

// Start is the longest end of s with whole characters and at most n code points; used for what stands
// before a place in a text.
func Start(s string, n int) string {
	over := utf8.RuneCountInString(s) - n
	state := -1
	for over > 0 && s != "" {
		var cluster string
		cluster, s, _, state = uniseg.FirstGraphemeClusterInString(s, state)
		over -= utf8.RuneCountInString(cluster)
	}
	return s
}

// Line is s in one line, at most n code points.
func Line(s string, n int) string { return Text(strings.Join(strings.Fields(s), " "), n) }
