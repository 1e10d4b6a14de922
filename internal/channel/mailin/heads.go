package mailin

import (
	"regexp"
	"strings"
	"unicode"
)

// mailHead is the block of fields that leads a mail within another.
type mailHead struct {
	lines     int // over which it goes; 0: there is none
	addresses []string
}

// headAt reads one at line i. A block of fields is a head if it names an address and a date, or has
// all that Outlook writes for people of one's own house, whose addresses it leaves out: from, sent,
// to and subject. Labels in languages that nobody here knows count if the address stands in angle
// brackets and the date has a time of day:
//
//	From: Oslo            no head: no address, no time of day
//	To: Bergen
//	Date: 3 December
func headAt(lines []string, i int) mailHead {
	if i >= len(lines) {
		return mailHead{}
	}
	if l := lines[i]; strings.Count(l, ": ") >= 3 { // all in a line
		if m := inLine.FindAllStringIndex(l, -1); len(m) >= 4 && timed.MatchString(l) && addressed.MatchString(l[m[0][0]:]) {
			return mailHead{lines: 1, addresses: addressed.FindAllString(l[m[0][0]:], -1)}
		}
	}
	var h mailHead
	labels := map[string]bool{}
	dated, hasTime, bracketed := false, false, false
	fields, n := 0, 0
	for ; i+n < len(lines) && fields < 10; n++ {
		l := strings.Trim(lines[i+n], "*_ ")
		m := field.FindStringSubmatch(l)
		if m == nil {
			// A list of recipients goes on over lines.
			if fields > 0 && l != "" && strings.Contains(l, "@") && strings.HasSuffix(strings.Trim(lines[i+n-1], "* "), ";") {
				h.addresses = append(h.addresses, addressed.FindAllString(l, -1)...)
				continue
			}
			break
		}
		fields++
		label, value := strings.ToLower(strings.Trim(m[1], "* ")), m[2]
		kind := labelKind[label]
		labels[kind] = true
		if a := addressed.FindAllString(value, -1); len(a) > 0 {
			h.addresses = append(h.addresses, a...)
			bracketed = bracketed || strings.ContainsAny(value, "<[(")
		} else if kind == "sent" || kind == "date" || kind == "" && timed.MatchString(value) {
			dated = dated || digits(value)
			hasTime = hasTime || timed.MatchString(value)
		}
	}
	known := labels["from"] && (labels["sent"] || labels["date"])
	switch {
	case fields < 2:
		return mailHead{}
	case known && fields >= 3 && dated && len(h.addresses) > 0:
	case known && labels["to"] && labels["subject"] && dated && (labels["sent"] || hasTime):
	case known && labels["sent"] && labels["to"] && labels["subject"] && len(h.addresses) > 0: // a weekday alone
	case fields >= 3 && bracketed && hasTime && len(h.addresses) > 0:
	default:
		return mailHead{}
	}
	h.lines = n
	return h
}

// attributionLines is over how many lines a program may break its "On … wrote:".
const attributionLines = 4

// attribution returns over how many lines one goes that begins at line i; 0 if none does. marked is
// true if quoted lines follow it. Without them it counts only in the exact form of programs: a time
// of day, then an address in brackets, and nothing but "wrote:" after it.
func (c *cutter) attribution(i int) (lines int, marked bool) {
	joined := ""
	for n := 0; n < attributionLines && i+n < len(c.bare); n++ {
		l := c.bare[i+n]
		if l == "" || strings.HasPrefix(l, ">") {
			return 0, false
		}
		if joined = strings.TrimSpace(joined + " " + l); len(joined) > 400 {
			return 0, false
		}
		if !strings.HasSuffix(joined, ":") && !strings.HasSuffix(joined, "：") || !digits(joined) {
			continue
		}
		next := c.next(i + n + 1)
		marked = next < len(c.bare) && strings.HasPrefix(c.bare[next], ">")
		dated := timed.MatchString(joined) || dayOf.MatchString(joined)
		switch {
		case marked && dated && addressed.MatchString(joined):
		case marked && dated && wrote.MatchString(joined):
		case marked && timed.MatchString(joined) && n == 0 && len(strings.Fields(joined)) <= 12:
		case !marked && timed.MatchString(joined) && wroteBy.MatchString(joined):
		default:
			continue
		}
		return n + 1, marked
	}
	return 0, false
}

func digits(s string) bool { return strings.ContainsFunc(s, unicode.IsDigit) }

var (
	blanks    = regexp.MustCompile(`\n{3,}`)
	addressed = regexp.MustCompile(`[^\s<>()\[\]:;,"']+@[^\s<>()\[\]:;,"']+`)

	// A time of day; and a date.
	timed = regexp.MustCompile(`\d{1,2}\s?[:.h٫]\s?\d{2}(\D|$)|\d{1,2}\s?(?i:[ap]\.?m\b)|\d{1,2} (?i:uhr)`)
	dayOf = regexp.MustCompile(`\d{1,4}[-./]\d{1,2}[-./]\d{1,4}|\b(19|20)\d\d\b|[٠-٩]{4}|\d{1,2}\.? \p{L}{3,}|\p{L}{3,} \d{1,2}\b|\d月`)

	field       = regexp.MustCompile(`^\**(\p{L}[\p{L}\p{M}' ’-]{0,24}?)\s?\**[:：]\**\s*(\S.*)$`)
	inLine      = regexp.MustCompile(`(?i)(^|[^\p{L}])(from|fra|från|von|de|van|da|sent|sendt|date|dato|datum|to|til|till|an|à|subject|emne|ämne|betreff|objet|asunto)\s?: `)
	underscores = regexp.MustCompile(`^_{10,}$`)
	// Words between dashes.
	between = regexp.MustCompile(`^[-_=]{3,}\s*\p{L}[\p{L}\p{M}' ’.-]{3,50}?\s*[-_=]{3,}`)
	// Gmail puts ten dashes, words in the language of the author and nine dashes before what is
	// passed on, and never before what is answered.
	gmailForward = regexp.MustCompile(`^-{10} \p{L}.{3,50} -{9,10}$`)
	listItem     = regexp.MustCompile(`^(\d{1,3}[.)]|[-*•])\s`)

	replying = regexp.MustCompile(`(?i)^[-_ ]{5,}\s*(original message|original appointment|reply message|opprinnelig melding|opprinnelig e-post|ursprungligt meddelande|originalmeddelande|oprindelig (meddelelse|besked)|message d.origine|message original|mensaje original|messaggio originale|mensagem original|ursprüngliche nachricht|originalnachricht|oorspronkelijk bericht|alkuperäinen viesti|wiadomość oryginalna|původní zpráva|исходное сообщение|пересылаемое сообщение|الرسالة الأصلية|رسالة أصلية)\s*[-_ ]{5,}`)
	// How programs announce a mail that is passed on.
	forwarding = regexp.MustCompile(`(?i)^[-_ ]{2,}\s*(forwarded (message|by)|fwd|videresendt (melding|meddelelse|besked)|vidarebefordrat meddelande|message transféré|weitergeleitete nachricht|mensaje reenviado|messaggio inoltrato|mensagem (encaminhada|reencaminhada)|doorgestuurd bericht|välitetty viesti|wiadomość przekazana|přeposlaná zpráva|пересылаемое сообщение|переслане повідомлення|رسالة معاد توجيهها|الرسالة المعاد توجيهها)\b.{0,60}$|^(begin forwarded message|start på (den )?videresendt(e)? (melding|e-mail|besked)|vidarebefordrat (brev|meddelande)|début du message (réexpédié|transféré)|anfang der weitergeleiteten (nachricht|e-mail)|begin doorgestuurd bericht|inicio del mensaje reenviado|inizio messaggio inoltrato|início da mensagem (encaminhada|reencaminhada)|välitetty viesti alkaa|początek przekazywanej wiadomości|начало переадресованного сообщения|بداية الرسالة المعاد توجيهها)\s?:$`)
	// Words by which people point to what stands below.
	pointsBelow = regexp.MustCompile(`(?i)\b(below|forward(ed|ing)?|fyi|attached|se under|nedenfor|under her|videresend\p{L}*|vedlagt|nedan|vidarebefordra\p{L}*|siehe unten|unten|weitergeleitet|weiter|ci-dessous|transmets|transfère|hieronder|abajo|reenv[íi]o|sotto|inoltro|alla|ohessa|poniżej|ниже|нижче)\b|أدناه`)

	// Words for "wrote" that end an attribution, or stand before the name that does.
	wrote = regexp.MustCompile(`(?i)(\bwrote|\bsays?|\bskrev\b.{0,250}|\ba écrit|\bschrieb\b.{0,250}|\bkirjoitti|\bschreef\b.{0,250}|\bescribi[óo]|\bescreveu|\bha scritto|\bnapisał(\(a\)|a)?|\bnapsal(\(a\)|a)?|\bпишет|\bнаписал(\(а\)|а)?|\bпише|\bпишуть|\byazdı|のメール|写道|寫道|님이 작성|(كتب|كتبت|تمت كتابة ما يلي بواسطة).{0,250})\s?[:：]$`)
	// An address in brackets at the end, with no more than a word for "wrote" behind it.
	wroteBy = regexp.MustCompile(`[<(\[][^<>()\[\]\s]+@[^<>()\s]+(<mailto:[^>\s]+>)?[>)\]]+,?(\s?[\p{L}\p{M}()]+){0,3}\s?[:：]$`)

	// What programs on phones put below a text.
	mobile = regexp.MustCompile(`(?i)^(\(?sent from (my|outlook|mail|yahoo|proton|samsung|gmail)\b.{0,60}|sent via .{0,40}|get outlook for .{0,40}|sendt fra (min|mitt|outlook|mail|yahoo|e-post).{0,60}|hent outlook for .{0,40}|få outlook (for|til) .{0,40}|skickat från (min|mitt|outlook|mail|yahoo|e-post).{0,60}|(skaffa|hämta) outlook för .{0,40}|envoyé (de|depuis|à partir de) (mon|outlook|mail|yahoo|courrier|l'application).{0,60}|(télécharger|obtenir) outlook pour .{0,40}|(von meinem|von mein).{0,40}gesendet|gesendet (von|mit) (meinem|outlook|mail|der).{0,60}|diese nachricht wurde von .{0,60} gesendet|outlook für .{0,20}(holen|beziehen|abrufen).{0,20}|lähetetty .{0,40}(puhelimesta|laitteesta|iphonesta|ipadista).{0,20}|verzonden vanaf mijn .{0,40}|verstuurd vanaf mijn .{0,40}|enviado desde mi .{0,40}|enviado do meu .{0,40}|inviato da(l mio)? .{0,40}|wysłane z (iphone|ipad|telefonu|mojego).{0,40}|отправлено (с|из) .{0,40}|надіслано з .{0,40}|أ?ُ?رسلت? من .{0,60}|تم الإرسال من .{0,60}|أُرسلت من .{0,60}|الحصول على outlook .{0,40})\.?$`)
)

// labelKind says what the label of a field means, in the languages whose words are known.
var labelKind = func() map[string]string {
	out := map[string]string{}
	for kind, words := range map[string]string{
		"from":    "from fra från von de van lähettäjä da od nadawca от від 发件人 寄件者 差出人 من",
		"sent":    "sent sendt skickat gesendet envoyé verzonden lähetetty enviado inviato wysłano отправлено надіслано 发送时间|تاريخ الإرسال|تم الإرسال|enviada em|enviado em|gesendet am|envoyé le|inviato il|data invio",
		"date":    "date dato datum fecha data päivämäärä päiväys дата 日期 التاريخ",
		"to":      "to til till an à aan vastaanottaja para a do кому 收件人 宛先 إلى",
		"cc":      "cc kopi kopia copie kopie copia dw копия نسخة",
		"subject": "subject emne ämne betreff objet onderwerp aihe asunto assunto oggetto temat тема 主题 件名 الموضوع",
	} {
		for _, w := range strings.FieldsFunc(words, func(r rune) bool { return r == ' ' || r == '|' }) {
			out[w] = kind
		}
		for _, phrase := range strings.Split(words, "|")[1:] {
			out[phrase] = kind
		}
	}
	return out
}()
