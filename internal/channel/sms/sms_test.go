package sms

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func TestCount(t *testing.T) {
	rep := strings.Repeat
	for _, c := range []struct {
		name, text string
		want       Segments
	}{
		{"nothing", "", Segments{Left: 160}},
		{"one", "a", Segments{Units: 1, Parts: 1, Left: 159}},
		{"full", rep("a", 160), Segments{Units: 160, Parts: 1}},
		{"one more", rep("a", 161), Segments{Units: 161, Parts: 2, Left: 145}},
		{"two full", rep("a", 306), Segments{Units: 306, Parts: 2}},
		{"three", rep("a", 307), Segments{Units: 307, Parts: 3, Left: 152}},
		{"nordic letters are in the alphabet", rep("æøåÆØÅ", 26), Segments{Units: 156, Parts: 1, Left: 4}},
		{"euro takes two", rep("€", 80), Segments{Units: 160, Parts: 1}},
		{"euro is not cut in two", rep("a", 152) + "€" + rep("a", 10), Segments{Units: 164, Parts: 2, Left: 141}},
		{"one foreign letter changes all", "ł" + rep("a", 69), Segments{Unicode: true, Units: 70, Parts: 1}},
		{"arabic", rep("م", 71), Segments{Unicode: true, Units: 71, Parts: 2, Left: 63}},
		{"emoji takes two", rep("😀", 35), Segments{Unicode: true, Units: 70, Parts: 1}},
		{"emoji is not cut in two", rep("é😀", 24), Segments{Unicode: true, Units: 72, Parts: 2, Left: 62}},
	} {
		if got := Count(c.text); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestNumber(t *testing.T) {
	for _, c := range []struct{ phone, region, want string }{
		{"40 61 23 45", "NO", "+4740612345"}, {"+47 406 12 345", "SE", "+4740612345"}, {"0047 40612345", "NO", "+4740612345"},
		{"070-174 06 05", "SE", "+46701740605"}, {"06 12 34 56 78", "FR", "+33612345678"}, {"+1 (650) 253-0000", "NO", "+16502530000"},
		{"", "NO", ""}, {"12", "NO", ""}, {"not a number", "NO", ""}, {"+47 40612345; DROP", "NO", ""}, {"40612345", "", ""},
	} {
		if got := Number(c.phone, c.region); got != c.want {
			t.Errorf("%q in %s: %q, want %q", c.phone, c.region, got, c.want)
		}
	}
}

func TestKeywordOf(t *testing.T) {
	for text, want := range map[string]Keyword{
		"STOP": Stop, "stop": Stop, " Stop. ": Stop, "S T O P": Stop, "STOP!!!": Stop, "\u200fSTOP": Stop, "stopp": Stop, "Stopp\n": Stop,
		"AVSLUTT": Stop, "Avsluta": Stop, "ARRÊT": Stop, "arret": Stop, "توقف": Stop, "قف": Stop, "stop all": Stop, "“STOP”": Stop,
		"START": Start, "Unstop": Start, "börja": Start, "ابدأ": Start, "Help?": Help, "hjelp": Help, "Aide": Help, "مساعدة": Help,
		"": NoKeyword, "?": NoKeyword, "yes": NoKeyword, "Ja": NoKeyword, "please stop calling me": NoKeyword, "stop at eight": NoKeyword, "I cannot stop": NoKeyword, "bus stop": NoKeyword,
		"s": NoKeyword, "a b c d": NoKeyword,
		"Stop SMS": Stop, "stopp sms.": Stop, "STOP 1234": Stop, "Unsubscribe messages": Stop, "Opt-Out 2077": Stop, "ÎPTOUT": NoKeyword, "opt in": Start,
		"STOP\n\n--\nMina Berg\nNorth": Stop, "STOP\nMina": Stop, "Stopp!\n\nMvh\nMina Berg": Stop, "stop\r\n\r\nMed vennlig hilsen Mina": Stop, "STOP\n/Mina": Stop,
		"stop 18": NoKeyword, "stop 10 30": NoKeyword, "cancel 1234": NoKeyword, "cancel sms": NoKeyword, "START 1234": NoKeyword, "START\nMina": NoKeyword,
		"stop\nwait, I mean start": NoKeyword, "stop\nthe bus": NoKeyword, "Stop\nI am at the door": NoKeyword, "STOP\n\nA\nB\nC\nD": NoKeyword,
	} {
		if got := KeywordOf(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestKeywordCases holds the texts of testdata/keywords.json to what they mean.
func TestKeywordCases(t *testing.T) {
	raw, err := os.ReadFile("testdata/keywords.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases struct {
		Keywords []struct {
			Text  string
			Means Keyword
		}
	}
	if err := json.Unmarshal(raw, &cases); err != nil || len(cases.Keywords) == 0 {
		t.Fatalf("%d cases, %v", len(cases.Keywords), err)
	}
	for _, c := range cases.Keywords {
		if got := KeywordOf(c.Text); got != c.Means {
			t.Errorf("%q means %q, want %q", c.Text, got, c.Means)
		}
	}
}
