package domain

import "strings"

// maxSearchWord is how many bytes of a word are searched; a database bounds it.
const maxSearchWord = 100

// SearchWords are the words by which texts are found, as the search index keeps them: folded, each
// once, cut after 100 bytes, divided by single spaces. "" if there is none.
func SearchWords(texts ...string) string {
	var b strings.Builder
	seen := map[string]bool{}
	indexWords(func(w string) {
		if w = searchWord(w); w != "" && !seen[w] {
			seen[w] = true
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(w)
		}
	}, texts...)
	return b.String()
}

func searchWord(w string) string {
	if len(w) > maxSearchWord {
		w = strings.ToValidUTF8(w[:maxSearchWord], "")
	}
	return w
}
