package demo

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// The tests' external ids.
const (
	mathematics = "MATH-1"
	statistics  = "STAT-2"
)

type item = map[string]any

// provision creates what is missing of the demo's people, tests, enrolments and
// scopes. Running it again changes nothing.
func provision(ctx context.Context, c *client, now time.Time) error {
	start := now.Truncate(time.Hour).Add(-time.Hour)
	if id, err := testID(ctx, c, statistics); err != nil || id != "" {
		return err // there: made by an earlier run, whose times and progress stay
	}
	if err := provisionHall(ctx, c, start); err != nil {
		return err
	}
	return provisionCrew(ctx, c, start)
}

// provisionHall makes the tests and everyone in them.
func provisionHall(ctx context.Context, c *client, start time.Time) error {
	var people, enrolments, later, progress []item
	for _, l := range Logins {
		if l.Role == "candidate" || l.Login == "admin" {
			continue
		}
		given, family := split(l.Name)
		people = append(people, item{"external_id": "staff-" + l.Login, "kind": "staff", "role": roleOf[l.Login],
			"given_name": given, "family_name": family, "login": l.Login, "password": Password, "email": l.Login + "@demo.example"})
	}
	for i, p := range candidates() {
		person := item{"external_id": p.id, "kind": "candidate", "given_name": p.given, "family_name": p.family, "tags": p.tags}
		if p.tags == nil {
			delete(person, "tags")
		}
		person["email"] = strings.ToLower(p.id) + "@students.example"
		if p.login != "" {
			person["login"], person["password"] = p.login, Password
			person["phone"], person["sms_consent"] = fmt.Sprintf("+47 406 00 %03d", i), item{"state": "in", "words": "Yes, I want to be contacted via SMS"}
		}
		people = append(people, person)
		enrolments = append(enrolments, item{"test": mathematics, "person": p.id, "room": p.room, "seat": p.seat, "extra_minutes": p.extra})
		if p.alsoAdvanced {
			later = append(later, item{"test": statistics, "person": p.id, "room": "Hall A", "extra_minutes": p.extra})
		}
		if state := progressOf(i); state != "not_started" {
			progress = append(progress, item{"test": mathematics, "person": p.id, "progress": state, "at": start.Add(time.Duration(i) * time.Second)})
		}
	}
	steps := []struct {
		method, path string
		items        []item
	}{
		{http.MethodPut, "/provisioning/people", people},
		{http.MethodPut, "/provisioning/tests", []item{
			{"external_id": mathematics, "name": "Mathematics 1", "starts_at": start, "ends_at": start.Add(4 * time.Hour)},
		}},
		{http.MethodPut, "/provisioning/enrolments", enrolments},
		{http.MethodPut, "/provisioning/staff-scopes", []item{
			{"person": "staff-chief", "test": mathematics},
			{"person": "staff-anna", "test": mathematics, "rooms": []string{"Hall A"}},
			{"person": "staff-joao", "test": mathematics, "rooms": []string{"Hall B", "Room 204"}},
		}},
		{http.MethodPost, "/provisioning/progress", progress},
		// The second test comes last: that it exists means that all before does.
		{http.MethodPut, "/provisioning/tests", []item{
			{"external_id": statistics, "name": "Statistics 2", "starts_at": start.Add(24 * time.Hour), "ends_at": start.Add(27 * time.Hour)},
		}},
		{http.MethodPut, "/provisioning/enrolments", later},
	}
	for _, s := range steps {
		if err := c.call(ctx, s.method, s.path, item{"items": s.items}, nil); err != nil {
			return err
		}
	}
	return nil
}

var roleOf = map[string]string{"chief": "chief_invigilator", "anna": "invigilator", "joao": "invigilator", "planner": "planner", "coordinator": "coordinator"}

// progressOf is where the i-th candidate stands when the demo is made: most work,
// some have not begun, two have submitted.
func progressOf(i int) string {
	switch {
	case i%19 == 7:
		return "not_started"
	case i == 22 || i == 51:
		return "submitted"
	}
	return "in_progress"
}

func split(name string) (given, family string) {
	for i := range name {
		if name[i] == ' ' {
			return name[:i], name[i+1:]
		}
	}
	return name, ""
}
