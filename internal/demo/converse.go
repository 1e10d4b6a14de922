package demo

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// converse lets the crew and their coordinator have written to each other before you come.
func converse(ctx context.Context, c *client) error {
	d := &dialogue{ctx: ctx, admin: c, staff: c.as("coordinator"), people: map[string]string{}, groups: map[string]string{}}
	d.lookUp()
	d.post(c, "/canned-replies", item{"title": "Thanks", "shortcut": "thanks", "body": "Thank you, {{first_name}}. I have noted it.", "shared": true})
	d.post(c, "/canned-replies", item{"title": "Where to meet", "shortcut": "meet", "body": "Hello {{first_name}}, we meet at the desk of the main building, half an hour before {{group}} begins.", "shared": true})
	d.post(d.staff, "/broadcasts", item{"key": "demo-crew-1", "group": d.groups[crewPool], "subject": "Exam week",
		"body":       "Hello everyone,\nyour shifts of the exam week stand in your schedule. Please tell me by tomorrow if you cannot come to one of them.\n\nWanjirũ",
		"recipients": item{"filter": item{}}, "channels": []string{"email", "sms"}})
	d.reply("ingeborg", crewPool, "Thank you! All of mine suit me.")
	d.reply("jonas", crewPool, "Could I swap the first afternoon with somebody? I have a class until two.")
	d.reply("camille", crewPool, "Is there parking at the main building?")
	d.say("W-05", crewPool, "There is, behind Hall B. The gate opens at seven.")
	d.reply("camille", crewPool, "Perfect, see you there.")
	d.post(d.staff, "/conversations/"+d.people["W-01"]+"/messages", item{"key": d.key(), "group": d.groups[crewPool], "channels": []string{"email", "sms"},
		"subject": "Keys", "body": "Hello Mina,\nthe keys of Hall A lie at the desk from seven. Can you open on the first morning?"})
	d.post(d.staff, "/conversations/"+d.people["W-04"]+"/notes", item{"key": "demo-note-1", "body": "Jonas swapped twice last term. Ask Viktor before moving anyone else."})
	d.post(d.staff, "/conversations/actions", item{"action": "process", "people": []string{d.people["W-05"]}})
	d.say("applicant-1", opening, "Thank you for applying. Are you free on weekday evenings?")
	d.reply("petter", opening, "Only on Thursdays, I am afraid.")
	d.say("applicant-1", opening, "Thank you for your honesty. We need someone for every evening, so we have chosen another applicant this time.")
	return d.err
}

// dialogue says one thing after the other until something fails.
type dialogue struct {
	ctx    context.Context
	admin  *client
	staff  *client
	people map[string]string // external id → id
	groups map[string]string
	said   int
	err    error
}

func (d *dialogue) post(as *client, path string, body item) {
	if d.err == nil {
		d.err = as.call(d.ctx, http.MethodPost, path, body, nil)
	}
}

// key is one that no other saying has.
func (d *dialogue) key() string {
	d.said++
	return fmt.Sprintf("demo-said-%d", d.said)
}

// say is a message of the coordinator to one of theirs.
func (d *dialogue) say(person, group, body string) {
	d.post(d.staff, "/conversations/"+d.people[person]+"/messages", item{"key": d.key(), "body": body, "group": d.groups[group]})
}

// reply is a message of someone who has a login.
func (d *dialogue) reply(login, group, body string) {
	d.post(d.admin.as(login), "/inbox/messages", item{"key": d.key(), "body": body, "group": d.groups[group]})
}

// lookUp finds the ids by which the API knows the crew's groups and people.
func (d *dialogue) lookUp() {
	var groups struct {
		Groups []struct {
			ID         string `json:"id"`
			ExternalID string `json:"external_id"`
		} `json:"groups"`
	}
	if d.err = d.staff.call(d.ctx, http.MethodGet, "/groups", nil, &groups); d.err != nil {
		return
	}
	for _, g := range groups.Groups {
		d.groups[g.ExternalID] = g.ID
	}
	for _, group := range []string{crewPool, opening} {
		var people struct {
			People []struct {
				ID         string `json:"id"`
				ExternalID string `json:"external_id"`
			} `json:"people"`
		}
		if d.err = d.staff.call(d.ctx, http.MethodGet, "/people?limit=200&group="+url.QueryEscape(d.groups[group]), nil, &people); d.err != nil {
			return
		}
		for _, p := range people.People {
			d.people[p.ExternalID] = p.ID
		}
	}
}
