package domain

import "strings"

// searchWordMost is how many bytes of a word are searched; a database bounds it.
const searchWordMost = 100

// SearchWords are the words of texts as the search index keeps them: folded, each once,
// cut after 100 bytes, divided by single spaces. "" if there is none.
func SearchWords(texts ...string) string {
	var b strings.Builder
	seen := map[string]bool{}
	for _, t := range texts {
		for _, w := range Words(Fold(t)) {
			if w = searchWord(w); !seen[w] {
				seen[w] = true
				if b.Len() > 0 {
					b.WriteByte(' ')
				}
				b.WriteString(w)
			}
		}
	}
	return b.String()
}

// QueryWords are the words asked for by q, as the search index keeps them: each must be
// the beginning of some word.
func QueryWords(q string) []string { return strings.Fields(SearchWords(q)) }

func searchWord(w string) string {
	if len(w) > searchWordMost {
		w = strings.ToValidUTF8(w[:searchWordMost], "")
	}
	return w
}
