package sms

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Keyword is what an SMS that consists of one says.
type Keyword string

// The keywords.
const (
	NoKeyword Keyword = ""
	Stop      Keyword = "stop"
	Start     Keyword = "start"
	Help      Keyword = "help"
)

// spelled lists what people write, in the languages of the pages and in those that carriers ask for.
// A yes is no keyword: it may answer a question.
var spelled = map[Keyword]string{
	Stop: "stop stopp stopall unsubscribe cancel end quit revoke optout" +
		" avslutt avregistrer slutt avmeld avmelding avsluta sluta avregistrera avanmäl afmeld afmelding" +
		" arrêt arrêter désabonner désabonnement désinscription désinscrire" +
		" توقف قف إيقاف إلغاء أوقف alto parar baja basta abmelden abmeldung abbestellen stoppen lopeta стоп отписаться",
	Start: "start unstop subscribe optin starta börja démarrer ابدأ",
	Help:  "help info hjelp hjälp aide مساعدة ayuda hilfe",
}

// phrases are keywords of more than one word.
var phrases = map[string]Keyword{
	"stop all": Stop, "opt out": Stop, "opt in": Start, "meld meg av": Stop, "avmeld meg": Stop,
	"إلغاء الاشتراك": Stop, "ايقاف الاشتراك": Stop, "se désabonner": Stop, "se désinscrire": Stop,
}

// keywords maps what words returns of a keyword, joined by spaces, to its meaning.
var keywords = func() map[string]Keyword {
	m := map[string]Keyword{}
	for k, list := range spelled {
		for _, w := range strings.Fields(list) {
			m[strings.Join(words(w), " ")] = k
		}
	}
	for phrase, k := range phrases {
		m[strings.Join(words(phrase), " ")] = k
	}
	return m
}()

// stopping are the words that may be followed by what is to stop: "Stop SMS", "STOP 1234".
var stopping = []string{"stop", "stopp", "unsubscribe", "optout", "opt out", "avmeld", "afmeld", "slutt"}

// stopped are the words for what is to stop.
var stopped = []string{"sms", "smser", "mms", "texts", "messages", "meldinger", "meddelanden", "beskeder"}

// KeywordOf returns the meaning of a text that is a keyword and nothing else, whatever its case, width,
// accents, spacing and punctuation. A keyword inside a sentence is no keyword. Stop also counts with what is
// to stop behind it (the word SMS or a short number), and above a signature.
func KeywordOf(text string) Keyword {
	if k := keywordOf(text); k != NoKeyword {
		return k
	}
	if first, rest, ok := strings.Cut(strings.TrimSpace(text), "\n"); ok && signature(rest) && keywordOf(first) == Stop {
		return Stop
	}
	return NoKeyword
}

func keywordOf(text string) Keyword {
	list := words(text)
	if len(list) == 0 || len(list) > 12 {
		return NoKeyword
	}
	if k, ok := keywords[strings.Join(list, " ")]; ok {
		return k
	}
	if last := len(list) - 1; last > 0 && slices.Contains(stopping, strings.Join(list[:last], " ")) && (slices.Contains(stopped, list[last]) || shortNumber(list[last])) {
		return Stop
	}
	// S T O P, as some write it.
	for _, w := range list {
		if len([]rune(w)) > 1 {
			return NoKeyword
		}
	}
	return keywords[strings.Join(list, "")]
}

// words splits a text into its words: compatible forms are one (full-width letters), in lower case and
// without accents, without what cannot be seen. Punctuation and symbols separate words.
func words(text string) []string {
	return strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r), r == '\u0640': // accents, Arabic vowels; the stretching of Arabic letters
			return -1
		case unicode.IsLetter(r), unicode.IsMark(r):
			return unicode.ToLower(r)
		case unicode.IsDigit(r):
			return r
		case unicode.IsSpace(r), unicode.IsPunct(r), unicode.IsSymbol(r), unicode.IsControl(r):
			return ' '
		}
		return -1
	}, norm.NFKD.String(text)))
}

// shortNumber reports whether a word is a number that services have: not an hour of the day.
func shortNumber(word string) bool {
	return len(word) >= 3 && len(word) <= 8 && strings.Trim(word, "0123456789") == ""
}

// greetings begin the line above a name.
var greetings = []string{"mvh", "vh", "hilsen", "med vennlig hilsen", "vennlig hilsen", "hälsningar", "med vänliga hälsningar", "regards", "best regards", "kind regards",
	"best", "cordialement", "bien cordialement", "مع التحية", "تحياتي", "gruß", "viele grüße", "mit freundlichen grüßen"}

// signature reports whether the lines below a keyword are a signature: what follows "--", or up to three short
// lines that hold a greeting and a name. "Sent from my phone" is none: it stands below any text.
func signature(rest string) bool {
	var lines []string
	for _, l := range strings.Split(rest, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 {
		return false
	}
	if strings.Trim(lines[0], "-–—_") == "" && len([]rune(lines[0])) >= 2 {
		return true
	}
	for _, l := range lines {
		if len(lines) > 3 || !nameLine(l) {
			return false
		}
	}
	return true
}

// nameLine reports whether a line is a greeting, a name, or both.
func nameLine(line string) bool {
	folded := strings.Join(words(line), " ")
	for _, g := range greetings {
		g = strings.Join(words(g), " ")
		if folded == g {
			return true
		}
		if len(folded) > len(g) && strings.HasPrefix(folded, g+" ") {
			line = strings.Join(strings.Fields(line)[len(strings.Fields(g)):], " ")
			break
		}
	}
	names := strings.Fields(strings.TrimLeft(line, "-–—/~ "))
	if len(names) == 0 || len(names) > 4 {
		return false
	}
	for _, n := range names {
		for i, r := range []rune(n) {
			if i == 0 && !unicode.IsUpper(r) || !unicode.IsLetter(r) && !strings.ContainsRune(".,-'’", r) {
				return false
			}
		}
	}
	return true
}
