package roster

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/shorten"
)

// columns are those a roster may have, in any order. It needs candidate_id, and either
// test_id or group_kind and group_id.
var (
	columns = []string{
		"test_id", "test_name", "group_kind", "group_id", "group_name", "state", "candidate_id", "given_name", "family_name", "login", "password", "email", "phone",
		"room", "seat", "extra_minutes", "tags", "skills", "address", "city", "postcode",
	}
	personal = []string{"given_name", "family_name", "login", "password", "email", "phone", "tags", "skills", "address", "city", "postcode"}
)

// row is one line of a roster. A cell that is empty says nothing.
type row struct {
	line  int
	cells map[string]string
}

// Import reads a roster (CSV with a first line of column names, see readRoster) and stores its people, groups and
// enrolments. Tags and skills are separated by semicolons, or by |. An activity of the roster must be there already: a
// roster has no times. Errors: Forbidden; Malformed when it cannot be read; Invalid with details that name row
// and column; TooLarge (rows). Nothing is imported when anything is wrong.
func (s *Service) Import(ctx context.Context, actor domain.Actor, r io.Reader) (Imported, error) {
	out, l, err := s.load(actor, r)
	if err != nil {
		return out, err
	}
	_, err = s.withPasswords(ctx, actor.Organisation, l.people, l.passwords, func() (domain.Tally, error) {
		var err error
		out.ImportTally, _, err = s.Store.Import(ctx, actor, l.people, l.groups, l.enrolments)
		return domain.Tally{}, err
	})
	return out, err
}

// TryImport says what Import would do with a roster, passwords left out, and stores nothing. Errors as for Import.
func (s *Service) TryImport(ctx context.Context, actor domain.Actor, r io.Reader) (Imported, error) {
	out, l, err := s.load(actor, r)
	if err != nil {
		return out, err
	}
	out.Dry = true
	out.ImportTally, err = s.Store.TryImport(ctx, actor, l.people, l.groups, l.enrolments)
	return out, err
}

// loaded is what a roster asks to be stored.
type loaded struct {
	people     []domain.PersonSpec
	groups     []domain.GroupSpec
	enrolments []domain.EnrolmentSpec
	passwords  []string // of people
}

// load reads and checks a roster; out says what was recognised.
func (s *Service) load(actor domain.Actor, r io.Reader) (out Imported, l loaded, err error) {
	if err := actor.May(domain.ActProvision); err != nil {
		return out, l, err
	}
	rows, found, err := readRoster(r, s.Limits.Import)
	if err != nil {
		return out, l, err
	}
	out.Recognised = found
	l.people, l.groups, l.enrolments, l.passwords, err = s.roster(rows)
	return out, l, err
}

func badLine(err error, line int) error {
	var p *csv.ParseError
	message := "this row cannot be read"
	if errors.As(err, &p) {
		line = p.StartLine
		switch {
		case errors.Is(p.Err, csv.ErrQuote), errors.Is(p.Err, csv.ErrBareQuote):
			message = "quotation marks do not match"
		}
	}
	return &fault.Error{Code: fault.Invalid, Message: "the roster is not well-formed CSV; nothing was imported", Err: err,
		Details: []fault.Detail{{Field: fmt.Sprintf("row %d", line), Message: message}}}
}

// checkColumns makes the names, in place, those that columns have, and checks them. "" is a column without a name.
func checkColumns(names []string) error {
	var wrong []fault.Detail
	seen := map[string]bool{}
	for i := range names {
		names[i] = columnName(names[i])
		name := names[i]
		switch {
		case name == "": // it may have no cells either
			continue
		case !slices.Contains(columns, name):
			wrong = append(wrong, fault.Detail{Field: at(1, clip(name)), Message: "no such column; there are " + strings.Join(columns, ", ")})
		case seen[name]:
			wrong = append(wrong, fault.Detail{Field: at(1, name), Message: "this column stands twice"})
		}
		seen[name] = true
	}
	wrong = append(wrong, missing(seen)...)
	if len(wrong) > 0 {
		return fault.Many(fault.Invalid, wrong, "the roster's columns are not right; nothing was imported")
	}
	return nil
}

// missing names the columns that must be there and are not.
func missing(seen map[string]bool) (wrong []fault.Detail) {
	need := []string{"candidate_id", "test_id"}
	if seen["group_kind"] || seen["group_id"] || seen["group_name"] {
		need = []string{"candidate_id", "group_kind", "group_id"}
		for _, name := range []string{"test_id", "test_name"} {
			if seen[name] {
				wrong = append(wrong, fault.Detail{Field: at(1, name), Message: "a roster is of tests or of other groups, not of both"})
			}
		}
	}
	for _, name := range need {
		if !seen[name] {
			wrong = append(wrong, fault.Detail{Field: at(1, name), Message: "this column is missing"})
		}
	}
	return wrong
}

// clip shortens what is quoted back.
func clip(s string) string { return shorten.Text(s, 41) }

func at(line int, column string) string { return fmt.Sprintf("row %d, column %s", line, column) }

// roster turns rows into what is to be stored. A person or a group may stand in several
// rows, if these agree.
func (s *Service) roster(rows []row) (people []domain.PersonSpec, groups []domain.GroupSpec, enrolments []domain.EnrolmentSpec, passwords []string, err error) {
	c := &check{now: s.Clock.Now()}
	firstPerson, firstGroup, firstPair := map[string]int{}, map[string]int{}, map[string]int{}
	for i, r := range rows {
		person, group, enrolment := r.items(c)
		pair, _ := enrolment.key()
		if j, again := firstPair[pair]; again {
			c.add(r.named, "person", "this candidate stands twice in this %s: first in row %d", group.Kind, rows[j].line)
			continue
		}
		firstPair[pair] = i
		if j, again := firstPerson[person.ExternalID]; !again {
			firstPerson[person.ExternalID] = i
			people = append(people, person.spec(r.named, c))
			passwords = append(passwords, r.cells["password"])
		} else if field := r.differs(rows[j], personal...); field != "" {
			c.add(r.named, field, "this differs from row %d, which has the same candidate", rows[j].line)
		}
		name, _ := group.key()
		if j, again := firstGroup[name]; !again {
			firstGroup[name] = i
			groups = append(groups, group.spec(r.named, c))
		} else if field := r.differs(rows[j], "test_name", "group_name"); field != "" {
			c.add(r.named, field, "this differs from row %d, which has the same %s", rows[j].line, group.Kind)
		}
		enrolments = append(enrolments, enrolment.spec(r.named, c))
	}
	return people, groups, enrolments, passwords, c.err()
}

// named says where an item's field stands in the roster.
func (r row) named(field string) string {
	group, _ := r.ofGroup()
	switch field {
	case "test", "group":
		field = group + "_id"
	case "name", "starts_at", "ends_at":
		field = group + "_name"
	case "kind":
		field = group + "_kind"
	case "person", "external_id", "role":
		field = "candidate_id"
	}
	if field == "test_kind" {
		field = "candidate_id"
	}
	return at(r.line, field)
}

// ofGroup says with which word the columns of the row's group begin, and of which kind
// the group is.
func (r row) ofGroup() (string, domain.GroupKind) {
	if _, ok := r.cells["group_id"]; ok {
		return "group", domain.GroupKind(r.cells["group_kind"])
	}
	return "test", domain.KindTest
}

func (r row) differs(from row, fields ...string) string {
	for _, f := range fields {
		if r.cells[f] != from.cells[f] {
			return f
		}
	}
	return ""
}

func (r row) cell(name string) *string {
	if v := r.cells[name]; v != "" {
		return &v
	}
	return nil
}

func (r row) items(c *check) (Person, Group, Enrolment) {
	person := Person{
		ExternalID: r.cells["candidate_id"], Kind: domain.KindCandidate, GivenName: r.cells["given_name"], FamilyName: r.cells["family_name"],
		Login: r.cell("login"), Password: r.cell("password"), Email: r.cell("email"), Phone: r.cell("phone"), Tags: r.labels("tags"), Skills: r.labels("skills"),
		Address: r.cell("address"), City: r.cell("city"), Postcode: r.cell("postcode"),
	}
	word, kind := r.ofGroup()
	group := Group{ExternalID: r.cells[word+"_id"], Kind: kind, Name: r.cell(word + "_name")}
	enrolment := Enrolment{Group: group.ExternalID, Kind: kind, Person: person.ExternalID, Room: r.cell("room"), Seat: r.cell("seat")}
	if v := r.cell("state"); v != nil {
		state := domain.EnrolmentState(*v)
		enrolment.State = &state
	}
	if v := r.cells["extra_minutes"]; v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			c.add(r.named, "extra_minutes", "%q is no whole number of minutes", clip(v))
		} else {
			enrolment.ExtraMinutes = &n
		}
	}
	return person, group, enrolment
}

// labels are the tags or skills of a cell, nil if it is empty.
func (r row) labels(name string) *[]string {
	if r.cells[name] == "" {
		return nil
	}
	list := []string{}
	for _, t := range strings.FieldsFunc(r.cells[name], func(x rune) bool { return x == ';' || x == '|' }) {
		if t = strings.TrimSpace(t); t != "" {
			list = append(list, t)
		}
	}
	return &list
}
