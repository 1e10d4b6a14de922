package demo

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// The external ids of the crew's groups.
const (
	crewPool = "CREW"
	opening  = "EVENING"
)

// crewNames are given | family | city | postcode | skills, one worker a line.
const crewNames = `Mina|Haugen|Oslo|0182|first aid,Norwegian sign language
Emil|Strand|Oslo|0358|reader,scribe
Ingeborg|Moen|Bergen|5003|reader
Jonas|Lunde|Oslo|0563|first aid
Camille|Moreau|Oslo|0271|French,scribe
Hedda|Nygård|Drammen|3015|reader
Viktor|Sandvik|Oslo|0474|technician
Thea|Bakken|Bergen|5015|first aid,reader
Oskar|Fjeld|Oslo|0167|technician
Linnéa|Sjöberg|Oslo|0550|Swedish,reader
Amir|Rezaei|Drammen|3044|Persian,scribe
Frida|Eide|Trondheim|7013|first aid
Noah|Kristoffersen|Oslo|0655|
Selma|Tveit|Trondheim|7030|reader,scribe
ليلى|منصور|Oslo|0187|Arabic
Håkon|Ødegård|Bergen|5033|technician,first aid
Julie|Brekke|Oslo|0483|
Matteo|Ricci|Oslo|0195|Italian
Sanna|Mäkelä|Oslo|0577|Finnish,reader
Tobias|Hagen|Drammen|3048|
Eline|Sunde|Trondheim|7041|reader
Karoline|Myhre|Oslo|0661|scribe
Aleksander|Solvang-Kristoffersen|Oslo|0284|technician
Nora|Fossum|Bergen|5052|first aid`

// worker is one of the exam crew.
type worker struct {
	id, given, family, city, postcode, login string
	skills                                   []string
}

// written are the workers who have a login, since they write in the demo's conversations.
var written = map[string]string{"W-01": "mina", "W-02": "emil", "W-03": "ingeborg", "W-04": "jonas", "W-05": "camille"}

func crew() []worker {
	var out []worker
	for i, line := range strings.Split(crewNames, "\n") {
		f := strings.Split(line, "|")
		w := worker{id: fmt.Sprintf("W-%02d", i+1), given: f[0], family: f[1], city: f[2], postcode: f[3]}
		if f[4] != "" {
			w.skills = strings.Split(f[4], ",")
		}
		w.login = written[w.id]
		out = append(out, w)
	}
	return out
}

// provisionCrew makes the pool of workers, their shifts and an opening that people applied for.
func provisionCrew(ctx context.Context, c *client, start time.Time) error {
	people := []item{
		{"external_id": "applicant-1", "kind": "candidate", "given_name": "Petter", "family_name": "Vik", "login": "petter", "password": Password, "city": "Oslo", "postcode": "0350", "email": "petter.vik@mail.example"},
		{"external_id": "applicant-2", "kind": "candidate", "given_name": "Sofie", "family_name": "Lie", "city": "Oslo", "postcode": "0461"},
	}
	groups := []item{
		{"external_id": crewPool, "kind": "pool", "name": "Exam crew", "replies": "open", "reply_minutes": 240},
		{"external_id": opening, "kind": "job", "name": "Evening invigilator", "replies": "open"},
	}
	enrolments := []item{
		{"group": opening, "kind": "job", "person": "applicant-1", "state": "applied"},
		{"group": opening, "kind": "job", "person": "applicant-2", "state": "applied"},
	}
	scopes := []item{{"person": "staff-coordinator", "group": crewPool, "kind": "pool"}, {"person": "staff-coordinator", "group": opening, "kind": "job"}}
	for i, w := range crew() {
		p := item{"external_id": w.id, "kind": "candidate", "given_name": w.given, "family_name": w.family, "city": w.city, "postcode": w.postcode,
			"phone": phoneOf(i), "email": strings.ToLower(w.id) + "@crew.example"}
		if c := consentOf(i); c != nil {
			p["sms_consent"] = c
		}
		if len(w.skills) > 0 {
			p["skills"] = w.skills
		}
		if i%5 == 0 {
			p["tags"] = []string{"keyholder"}
		}
		if w.login != "" {
			p["login"], p["password"] = w.login, Password
		}
		state := "member"
		switch i {
		case 12:
			p["state"] = "locked"
		case 19:
			state = "invited"
		case 21:
			state = "left"
		}
		people = append(people, p)
		enrolments = append(enrolments, item{"group": crewPool, "kind": "pool", "person": w.id, "state": state})
	}
	for day := range 4 {
		for n, slot := range []string{"morning", "afternoon"} {
			at := start.Truncate(24 * time.Hour).Add(time.Duration(24*(day+1))*time.Hour + time.Duration(7+5*n)*time.Hour)
			id := fmt.Sprintf("SHIFT-%d%s", day+1, slot[:1])
			groups = append(groups, item{"external_id": id, "kind": "activity", "name": fmt.Sprintf("Exam week, day %d, %s", day+1, slot), "starts_at": at, "ends_at": at.Add(5 * time.Hour), "place": "Hall A, Main building"})
			scopes = append(scopes, item{"person": "staff-coordinator", "group": id, "kind": "activity"})
			for i, w := range crew() {
				if state := shiftOf(i, 2*day+n); state != "" {
					enrolments = append(enrolments, item{"group": id, "kind": "activity", "person": w.id, "state": state})
				}
			}
		}
	}
	for _, s := range []struct {
		path  string
		items []item
	}{{"people", people}, {"groups", groups}, {"enrolments", enrolments}, {"staff-scopes", scopes}} {
		if err := c.call(ctx, http.MethodPut, "/provisioning/"+s.path, item{"items": s.items}, nil); err != nil {
			return err
		}
	}
	if err := converse(ctx, c); err != nil {
		return fmt.Errorf("the demo's conversations: %w", err)
	}
	// Declined after they have spoken: they read what was said, and can answer no more.
	return c.call(ctx, http.MethodPut, "/provisioning/enrolments", item{"items": []item{{"group": opening, "kind": "job", "person": "applicant-1", "state": "declined"}}}, nil)
}

// phoneOf is the i-th worker's number: in the form that people write, and of one worker a number that cannot be in use.
func phoneOf(i int) string {
	if i == 13 {
		return "000 00 000"
	}
	return fmt.Sprintf("400 00 %03d", i+1)
}

// consentOf is what the i-th worker has said about SMS: most have agreed, some have said stop, some have not been asked.
func consentOf(i int) item {
	switch {
	case i%4 == 3:
		return nil
	case i%7 == 4:
		return item{"state": "out", "words": "Prefers email"}
	}
	return item{"state": "in", "words": "Yes, I want to be contacted via SMS (contract of employment)"}
}

// shiftOf says what the i-th worker is in the n-th shift, "" for nothing.
func shiftOf(i, n int) string {
	switch {
	case i < 2 && n%3 == i: // those you sign in as have some
		return "assigned"
	case i >= 2 && (i+n)%4 == 0:
		return "assigned"
	case (i+n)%9 == 2:
		return "waiting_list"
	}
	return ""
}
