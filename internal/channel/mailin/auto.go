package mailin

import (
	"regexp"
	"strings"

	"github.com/emersion/go-message"
)

// Auto says that no person wrote a mail just now, and how one knows; "" if a person did.
type Auto string

// The kinds.
const (
	AutoNone   Auto = ""
	AutoReply  Auto = "reply"  // somebody's program answers for them
	AutoBounce Auto = "bounce" // a server says what became of a mail
)

// automatic tells whether a program wrote a mail, and whether no program should answer it. Headers
// decide (RFC 3834 section 5, and what Exchange and others add); without them only the exact
// subjects that programs write: people report their absence in much the same words. That a mail
// went through a list or is marked as bulk says nothing about who wrote it.
func automatic(h message.Header, subject string) (auto Auto, noAnswer bool) {
	submitted, _ := parameters(h.Get("Auto-Submitted"))
	if submitted, _, _ = strings.Cut(submitted, " "); submitted != "" && submitted != "no" {
		return AutoReply, true
	}
	for _, name := range []string{
		"X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply-From", "X-Mail-Autoreply", "X-Vacation",
	} {
		if v := strings.TrimSpace(h.Get(name)); v != "" && !strings.EqualFold(v, "no") {
			return AutoReply, true
		}
	}
	precedence := strings.ToLower(strings.TrimSpace(h.Get("Precedence")))
	if precedence == "auto_reply" || precedence == "auto-reply" || absence.MatchString(subject) {
		return AutoReply, true
	}
	bulk := precedence == "bulk" || precedence == "junk" || precedence == "list"
	suppress := strings.TrimSpace(h.Get("X-Auto-Response-Suppress"))
	return AutoNone, bulk || h.Has("List-Id") || h.Has("List-Unsubscribe") ||
		suppress != "" && !strings.EqualFold(suppress, "none")
}

// absence are the subjects of automatic answers: a name for one, then a colon or nothing.
var absence = regexp.MustCompile(`(?i)^\s*(` + strings.Join([]string{
	`auto(matic)?[- ]?(reply|response)`, `out of (the )?office( auto-?reply)?`, `vacation (reply|message)`,
	`away from (my mail|the office)`, `automatisk? svar`, `automatiskt svar`, `autosvar`, `autosvar.?melding`,
	`fraværsmelding`, `frånvaromeddelande`, `ikke til ?stede`, `réponse automatique`, `absent du bureau`,
	`absence du bureau`, `message d.absence( du bureau)?`, `automatische (antwort|rückantwort)`,
	`abwesenheits(notiz|nachricht|meldung|agent)`, `respuesta automática`, `fuera de (la )?oficina`,
	`automaattinen (vastaus|poissaoloviesti)`, `poissaoloviesti`, `risposta automatica`, `fuori sede`, `fuori ufficio`,
	`automatisch antwoord`, `afwezigheidsbericht`, `automatyczna odpowiedź`, `odpowiedź automatyczna`,
	`resposta automática`, `automatická odpověď`, `автоматический ответ`, `автоматична відповідь`, `автоответ`,
	`رد تلقائي`, `الرد التلقائي`, `خارج المكتب`, `自动回复`, `自動回覆`, `自動返信`,
}, "|") + `)\s*([:：]|$)`)
