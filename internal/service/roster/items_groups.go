package roster

import (
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

func (e Exam) key() (string, string) { return e.ExternalID, "external_id" }

func (e Exam) spec(w domain.Where, c *check) domain.ExamSpec {
	c.text(w, "external_id", e.ExternalID, idMost, false)
	if e.Name != nil {
		c.text(w, "name", *e.Name, nameMost, false)
	}
	return domain.ExamSpec{Where: w, ExternalID: e.ExternalID, Name: e.Name, StartsAt: e.StartsAt, EndsAt: e.EndsAt}
}

func (g Group) key() (string, string) { return string(g.Kind) + "\x00" + g.ExternalID, "external_id" }

func (g Group) spec(w domain.Where, c *check) domain.GroupSpec {
	c.text(w, "external_id", g.ExternalID, idMost, false)
	if _, err := domain.ParseGroupKind("kind", string(g.Kind)); err != nil {
		c.add(w, "kind", "%s", fault.Public(err).Message)
	}
	if g.Name != nil {
		c.text(w, "name", *g.Name, nameMost, false)
	}
	c.optional(w, "place", g.Place, placeText)
	for _, p := range []struct {
		field  string
		choice *domain.Choice
	}{{"replies", g.Replies}, {"starts", g.Starts}} {
		if p.choice != nil && !p.choice.Known() {
			c.add(w, p.field, `%s must be open, closed, or "" for what the organisation says`, p.field)
		}
	}
	if g.ReplyMinutes != nil {
		if err := domain.CheckReplyMinutes("reply_minutes", *g.ReplyMinutes); err != nil {
			c.add(w, "reply_minutes", "%s", fault.Public(err).Message)
		}
	}
	return domain.GroupSpec{Where: w, Kind: g.Kind, ExternalID: g.ExternalID, Name: g.Name, StartsAt: g.StartsAt, EndsAt: g.EndsAt,
		Place: g.Place, Replies: g.Replies, Starts: g.Starts, ReplyMinutes: g.ReplyMinutes}
}

// inGroup is how an item names a group: a test alone, or any group with its kind.
type inGroup struct {
	exam, group string
	kind        domain.GroupKind
}

func (g inGroup) key() string {
	if g.group == "" && g.kind == "" {
		return string(domain.KindTest) + "\x00" + g.exam
	}
	return string(g.kind) + "\x00" + g.group
}

// spec returns the kind and the external id of the group.
func (g inGroup) spec(w domain.Where, c *check) (domain.GroupKind, string) {
	if g.group == "" && g.kind == "" {
		c.text(w, "test", g.exam, idMost, false)
		return domain.KindTest, g.exam
	}
	if g.exam != "" {
		c.add(w, "test", "name a test, or a group with its kind, not both")
	}
	c.text(w, "group", g.group, idMost, false)
	if _, err := domain.ParseGroupKind("kind", string(g.kind)); err != nil {
		c.add(w, "kind", "%s", fault.Public(err).Message)
	}
	return g.kind, g.group
}

func (e Enrolment) in() inGroup { return inGroup{e.Exam, e.Group, e.Kind} }

func (s Scope) in() inGroup { return inGroup{s.Exam, s.Group, s.Kind} }

func (e Enrolment) key() (string, string) { return e.in().key() + "\x00" + e.Person, "person" }

func (e Enrolment) spec(w domain.Where, c *check) domain.EnrolmentSpec {
	kind, group := e.in().spec(w, c)
	c.text(w, "person", e.Person, idMost, false)
	if e.State != nil && *e.State != "" && !e.State.Known() {
		c.add(w, "state", "no such state: %q", clip(string(*e.State)))
	}
	if kind != domain.KindTest {
		c.noSeat(w, e)
	}
	for _, p := range []struct {
		field string
		given **string
	}{{"room", &e.Room}, {"seat", &e.Seat}} {
		if *p.given != nil {
			clean := domain.CleanPlace(**p.given)
			*p.given = &clean
			c.text(w, p.field, clean, placeMost, true)
		}
	}
	if e.ExtraMinutes != nil && (*e.ExtraMinutes < 0 || *e.ExtraMinutes > extraMost) {
		c.add(w, "extra_minutes", "extra_minutes must be from 0 to %d", extraMost)
	}
	if e.Progress != nil {
		c.progress(w, *e.Progress)
	}
	return domain.EnrolmentSpec{Where: w, Kind: kind, Exam: group, Person: e.Person, State: e.State, Room: e.Room, Seat: e.Seat, ExtraMinutes: e.ExtraMinutes, Progress: e.Progress}
}

// noSeat refuses what only a test's candidates have.
func (c *check) noSeat(w domain.Where, e Enrolment) {
	for _, f := range []struct {
		name  string
		given bool
	}{
		{"room", e.Room != nil && *e.Room != ""}, {"seat", e.Seat != nil && *e.Seat != ""},
		{"extra_minutes", e.ExtraMinutes != nil}, {"progress", e.Progress != nil},
	} {
		if f.given {
			c.add(w, f.name, "only a test's candidates have this")
		}
	}
}

func (c *check) progress(w domain.Where, p domain.Progress) {
	if _, err := domain.ParseProgress("progress", string(p)); err != nil {
		c.add(w, "progress", "%s", fault.Public(err).Message)
	}
}

func (s Scope) key() (string, string) { return s.in().key() + "\x00" + s.Person, "person" }

func (s Scope) spec(w domain.Where, c *check) domain.ScopeSpec {
	kind, group := s.in().spec(w, c)
	c.text(w, "person", s.Person, idMost, false)
	rooms := make([]string, len(s.Rooms))
	for i, r := range s.Rooms {
		rooms[i] = domain.CleanPlace(r)
		c.text(w, "rooms", rooms[i], placeMost, false)
	}
	if s.Remove && len(rooms) > 0 {
		c.add(w, "remove", "remove takes the whole test away: leave rooms out")
	}
	if kind != domain.KindTest && len(rooms) > 0 {
		c.add(w, "rooms", "only a test has rooms")
	}
	return domain.ScopeSpec{Where: w, Kind: kind, Exam: group, Person: s.Person, Rooms: rooms, Remove: s.Remove}
}

func (p Progress) key() (string, string) {
	return p.Exam + "\x00" + p.Person + "\x00" + p.At.String(), "person"
}

func (p Progress) spec(w domain.Where, c *check) domain.ProgressSpec {
	c.text(w, "test", p.Exam, idMost, false)
	c.text(w, "person", p.Person, idMost, false)
	c.progress(w, p.Progress)
	if p.At.After(c.now.Add(latest)) {
		c.add(w, "at", "at lies in the future")
	}
	return domain.ProgressSpec{Where: w, Exam: p.Exam, Person: p.Person, Progress: p.Progress, At: p.At.UTC().Truncate(time.Microsecond)}
}
