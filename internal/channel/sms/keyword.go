package sms

import (
	"strings"
	"unicode"
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

// What people write, in lower case, in the languages of the pages and in those that carriers ask for. A yes
// is none of them: it may answer a question.
var keywords = map[string]Keyword{
	"stop": Stop, "stopp": Stop, "stopall": Stop, "stop all": Stop, "unsubscribe": Stop, "cancel": Stop, "end": Stop, "quit": Stop, "revoke": Stop, "optout": Stop,
	"avslutt": Stop, "avregistrer": Stop, "avsluta": Stop, "sluta": Stop, "arrêt": Stop, "arret": Stop, "arrêter": Stop, "desabonner": Stop, "désabonner": Stop,
	"توقف": Stop, "قف": Stop, "إيقاف": Stop, "ايقاف": Stop, "alto": Stop, "parar": Stop, "basta": Stop, "abmelden": Stop,
	"start": Start, "unstop": Start, "subscribe": Start, "optin": Start, "starta": Start, "börja": Start, "démarrer": Start, "demarrer": Start,
	"ابدأ": Start, "ابدا": Start,
	"help": Help, "info": Help, "hjelp": Help, "hjälp": Help, "aide": Help, "مساعدة": Help, "ayuda": Help, "hilfe": Help,
}

// KeywordOf says what a text means when it is a keyword and nothing else, whatever its case, spacing and punctuation. A
// keyword inside a sentence is a sentence.
func KeywordOf(text string) Keyword {
	clean := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsMark(r):
			return unicode.ToLower(r)
		case unicode.IsDigit(r):
			return r
		case unicode.IsSpace(r), unicode.IsPunct(r), unicode.IsSymbol(r), unicode.IsControl(r), r == '\u200e', r == '\u200f', r == '\ufeff':
			return ' '
		}
		return -1
	}, text)
	words := strings.Fields(clean)
	if len(words) == 0 || len(words) > 12 {
		return NoKeyword
	}
	if k, ok := keywords[strings.Join(words, " ")]; ok {
		return k
	}
	// S T O P, as some write it.
	for _, w := range words {
		if len([]rune(w)) > 1 {
			return NoKeyword
		}
	}
	return keywords[strings.Join(words, "")]
}
