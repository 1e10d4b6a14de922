package mailin

import (
	"regexp"
	"strings"
	"unicode"
)

// Cut returns what a person wrote in a mail's text: without the mail it answers, as Gmail, Outlook, Apple Mail, Thunderbird
// and mobile programs quote it, in English, Norwegian, Swedish, Danish, French, German and Arabic; and without
// their signature. A text of which nothing would be left is returned whole.
func Cut(text string) string {
	lines := strings.Split(text, "\n")
	bare := make([]string, len(lines)) // without the marks that direct writing, which some programs put everywhere
	for i, l := range lines {
		bare[i] = strings.TrimSpace(strings.Map(func(r rune) rune {
			if r >= '\u200e' && r <= '\u200f' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' {
				return -1
			}
			if r == '\u00a0' || r == '\u202f' {
				return ' '
			}
			return r
		}, l))
	}
	end := len(lines)
	for i := range lines {
		if begins(bare, i) {
			end = i
			break
		}
	}
	if top := written(lines[:end], bare[:end]); top != "" {
		return top
	}
	// Nothing above: the answer stands below or between what is quoted.
	if end < len(lines) {
		skip := end
		if n := attribution(bare, end); n > 0 {
			skip = end + n
		}
		if below := written(lines[skip:], bare[skip:]); below != "" && skip > end {
			return below
		}
	}
	return strings.TrimSpace(text)
}

// written is what is left of lines without quotations and signature.
func written(lines, bare []string) string {
	var out []string
	for i := range lines {
		if bare[i] == "--" || bare[i] == "—" && len(lines[i]) > 0 && i > 0 || strings.TrimRight(lines[i], "\r") == "-- " {
			break // RFC 3676 section 4.3
		}
		if strings.HasPrefix(bare[i], ">") {
			continue
		}
		if mobile.MatchString(bare[i]) && few(bare[i+1:]) {
			break
		}
		out = append(out, strings.TrimRightFunc(lines[i], unicode.IsSpace))
	}
	return strings.TrimSpace(blanks.ReplaceAllString(strings.Join(out, "\n"), "\n\n"))
}

// few reports whether almost nothing follows, but quotations.
func few(bare []string) bool {
	n := 0
	for _, l := range bare {
		if l != "" && !strings.HasPrefix(l, ">") {
			n++
		}
	}
	return n <= 2
}

var blanks = regexp.MustCompile(`\n{3,}`)

// begins reports whether at line i begins what is quoted.
func begins(bare []string, i int) bool {
	l := bare[i]
	switch {
	case l == "":
		return false
	case original.MatchString(l):
		return true
	case underscores.MatchString(l):
		return heads(bare, i+1)
	case fromField.MatchString(l):
		return heads(bare, i)
	}
	return attribution(bare, i) > 0
}

// attributionLines is over how many lines a program may break its "On … wrote:".
const attributionLines = 4

// attribution returns over how many lines one goes that begins at line i; 0 if none does. It counts if a quotation follows, or
// if it names an address.
func attribution(bare []string, i int) int {
	first := strings.TrimLeft(bare[i], "> ")
	if !opening.MatchString(first) {
		return 0
	}
	joined := ""
	for n := 0; n < attributionLines && i+n < len(bare); n++ {
		l := strings.TrimSpace(strings.TrimLeft(bare[i+n], ">"))
		if l == "" && n > 0 {
			break
		}
		if joined = strings.TrimSpace(joined + " " + l); len(joined) > 500 {
			break
		}
		if !wrote.MatchString(joined) || !strings.ContainsFunc(joined, unicode.IsDigit) {
			continue
		}
		if strings.Contains(joined, "@") {
			return n + 1
		}
		for _, after := range bare[i+n+1:] {
			if after != "" {
				if strings.HasPrefix(after, ">") {
					return n + 1
				}
				break
			}
		}
		return 0
	}
	return 0
}

// heads reports whether a block like "From: … Sent: … To: … Subject: …" stands at line i or just after.
func heads(bare []string, i int) bool {
	from, others, seen := false, 0, 0
	for ; i < len(bare) && seen < 8; i++ {
		l := strings.TrimLeft(bare[i], "> *")
		if l == "" {
			if from {
				break
			}
			continue
		}
		seen++
		switch {
		case fromField.MatchString(l):
			from = true
		case otherField.MatchString(l):
			others++
		case !from:
			return false
		}
	}
	return from && others >= 2
}

var (
	// What the lines begin with by which programs say who wrote what they quote: a weekday or date word of the language.
	opening = regexp.MustCompile(`(?i)^(on\b|den\b|på\b|le\b|am\b|em\b|el\b|op\b|il\b|في|بتاريخ|كتب|\d{1,4}[-./ ]|(man|tir|tirs|ons|tor|tors|fre|lør|lör|søn|sön|mån|tis|lun|mar|mer|jeu|ven|sam|dim|mo|di|mi|do|fr|sa|so|mon|tue|wed|thu|fri|sat|sun)[a-zæøåäö]{0,6}\.?,? )`)
	// And what they end with.
	wrote = regexp.MustCompile(`(?i)(\bwrote\s?:|\bskrev\b.{0,250}:|a écrit\s?:|\bschrieb\b.{0,250}:|(كتب|كتبت|تمت كتابة ما يلي بواسطة).{0,250}[:：])$`)

	original = regexp.MustCompile(`(?i)^[-_ ]{2,}\s*(original message|original appointment|forwarded message|reply message|opprinnelig melding|opprinnelig e-post|videresendt melding|ursprungligt meddelande|ursprungligt meddelande från|vidarebefordrat meddelande|oprindelig meddelelse|message d'origine|message d’origine|message original|message transféré|ursprüngliche nachricht|originalnachricht|weitergeleitete nachricht|الرسالة الأصلية|رسالة أصلية)\s*[-_ ]{2,}$`)

	underscores = regexp.MustCompile(`^_{10,}$`)
	fromField   = regexp.MustCompile(`(?i)^\*?(from|fra|från|de|von|من)\s?:\*?\s*\S`)
	otherField  = regexp.MustCompile(`(?i)^\*?(sent|date|to|cc|subject|importance|sendt|dato|til|kopi|emne|skickat|datum|till|ämne|envoyé|à|objet|gesendet|an|betreff|تاريخ الإرسال|التاريخ|إلى|الموضوع|تم الإرسال)\s?:\*?`)

	// What programs on phones put below a text.
	mobile = regexp.MustCompile(`(?i)^(\(?sent from (my|outlook|mail|yahoo|proton|samsung|gmail)\b.{0,60}|sent via .{0,40}|get outlook for .{0,40}|sendt fra (min|outlook|mail|yahoo|e-post).{0,60}|hent outlook for .{0,40}|få outlook (for|til) .{0,40}|skickat från (min|outlook|mail|yahoo|e-post).{0,60}|skaffa outlook för .{0,40}|hämta outlook för .{0,40}|envoyé (de|depuis|à partir de) (mon|outlook|mail|yahoo|l'application).{0,60}|télécharger outlook pour .{0,40}|obtenir outlook pour .{0,40}|(von meinem|von mein).{0,40}gesendet|gesendet (von|mit) (meinem|outlook|mail|der).{0,60}|outlook für .{0,20}(holen|beziehen|abrufen).{0,20}|أ?ُ?رسلت? من .{0,60}|تم الإرسال من .{0,60}|أُرسلت من .{0,60}|الحصول على outlook .{0,40})\.?$`)
)
