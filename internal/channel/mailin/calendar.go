package mailin

import (
	"strings"
	"time"

	"crier/internal/shorten"
)

// calendarWords says in a line what an invitation, or the answer to one, means (RFC 5545, RFC 5546):
// "accepted: Shift, 3 December 09:00". A year is named if it is another than year. "" if the
// calendar holds no event.
func calendarWords(source string, year int) string {
	source = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(mendUTF8([]byte(source)))
	source = strings.NewReplacer("\n ", "", "\n\t", "").Replace(source) // RFC 5545 section 3.1
	var method, answer, summary, begins string
	within := false
	for _, l := range strings.Split(source, "\n") {
		name, value, ok := strings.Cut(l, ":")
		if !ok {
			continue
		}
		name = strings.ToUpper(name)
		field, params, _ := strings.Cut(name, ";")
		switch {
		case field == "METHOD":
			method = strings.ToUpper(strings.TrimSpace(value))
		case field == "BEGIN" && strings.EqualFold(strings.TrimSpace(value), "VEVENT"):
			within = true
		case field == "END" && strings.EqualFold(strings.TrimSpace(value), "VEVENT"):
			within = false
		case !within:
		case field == "ATTENDEE" && answer == "":
			if _, said, ok := strings.Cut(params, "PARTSTAT="); ok {
				answer, _, _ = strings.Cut(said, ";")
				answer = strings.Trim(answer, `"`)
			}
		case field == "SUMMARY" && summary == "":
			summary = strings.NewReplacer(`\n`, " ", `\N`, " ", `\,`, ",", `\;`, ";", `\\`, `\`).Replace(value)
		case field == "DTSTART" && begins == "":
			begins = eventTime(strings.TrimSpace(value), year)
		}
	}
	said := map[string]string{"REQUEST": "invitation", "PUBLISH": "invitation", "CANCEL": "cancelled", "COUNTER": "another time proposed"}[method]
	if method == "REPLY" {
		said = map[string]string{"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentatively accepted", "DELEGATED": "delegated"}[answer]
	}
	if summary = shorten.Text(line(Clean(summary)), 200); said == "" || summary == "" && begins == "" {
		return ""
	}
	out := said + ": " + summary
	if begins != "" {
		out += ", " + begins
	}
	return strings.ReplaceAll(out, ": , ", ": ")
}

// eventTime is a DATE or DATE-TIME in words: as its zone's clock shows it, UTC named.
func eventTime(v string, year int) string {
	for layout, clock := range map[string]string{
		"20060102T150405Z": " 15:04 UTC", "20060102T150405": " 15:04", "20060102": "",
	} {
		t, err := time.Parse(layout, v)
		if err != nil {
			continue
		}
		if t.Year() != year {
			return t.Format("2 January 2006" + clock)
		}
		return t.Format("2 January" + clock)
	}
	return ""
}
