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
	AutoList   Auto = "list"   // lists and bulk
	AutoBounce Auto = "bounce" // a server says what became of a mail
)

// automatic tells whether a program wrote a mail (RFC 3834 section 5; Precedence; what Exchange and others add; subjects of
// absence), and whether it wants no automatic answer.
func automatic(h message.Header, subject string) (Auto, bool) {
	suppress := strings.TrimSpace(h.Get("X-Auto-Response-Suppress"))
	if v := strings.TrimSpace(strings.ToLower(h.Get("Auto-Submitted"))); v != "" && v != "no" && !strings.HasPrefix(v, "no;") && !strings.HasPrefix(v, "no ") {
		return AutoReply, true
	}
	for _, name := range []string{"X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply-From", "X-Mail-Autoreply", "X-Vacation"} {
		if v := strings.TrimSpace(h.Get(name)); v != "" && !strings.EqualFold(v, "no") {
			return AutoReply, true
		}
	}
	switch strings.ToLower(strings.TrimSpace(h.Get("Precedence"))) {
	case "auto_reply", "auto-reply":
		return AutoReply, true
	case "bulk", "junk", "list":
		if absence.MatchString(subject) {
			return AutoReply, true
		}
		return AutoList, true
	}
	if h.Has("List-Id") || h.Has("List-Unsubscribe") {
		return AutoList, true
	}
	if absence.MatchString(subject) {
		return AutoReply, true
	}
	return AutoNone, suppress != "" && !strings.EqualFold(suppress, "none")
}

// absence are the subjects of automatic answers, as the programs write them.
var absence = regexp.MustCompile(`(?i)^\s*(auto(matic)?[- ]?(reply|response)\b|auto:|out of (the )?office\b|(re: )?vacation( reply| message)?:|away from (my mail|the office)|automatisk? svar\b|autosvar\b|fraværsmelding|fravær:|ikke til ?stede:|frånvaro(meddelande)?\b|automatiskt svar\b|réponse automatique\b|absence du bureau\b|message d.absence|absent du bureau|automatische (antwort|rückantwort)\b|abwesenheit(snotiz|snachricht)?\b|رد تلقائي|الرد التلقائي|خارج المكتب)`)
