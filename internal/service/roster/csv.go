package roster

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"crier/internal/domain"
	"crier/internal/fault"
)

// columns are those a roster may have, in any order; the first two of need must be
// there.
var (
	columns = []string{"test_id", "test_name", "candidate_id", "given_name", "family_name", "login", "password", "email", "phone", "room", "seat", "extra_minutes", "tags"}
	need    = []string{"test_id", "candidate_id"}
)

// row is one line of a roster. A cell that is empty says nothing.
type row struct {
	line  int
	cells map[string]string
}

// Import reads a roster (CSV, UTF-8; commas or semicolons; a first line of column names)
// and stores its people, tests and enrolments. Tags are separated by semicolons, or by |.
// Errors: Forbidden; Malformed when it is no CSV; Invalid with details that name row
// and column; TooLarge (rows). Nothing is imported when anything is wrong.
func (s *Service) Import(ctx context.Context, actor domain.Actor, r io.Reader) (Imported, error) {
	if err := actor.May(domain.ActProvision); err != nil {
		return Imported{}, err
	}
	rows, err := readRoster(r, s.Limits.Import)
	if err != nil {
		return Imported{}, err
	}
	people, exams, enrolments, passwords, err := s.roster(rows)
	if err != nil {
		return Imported{}, err
	}
	var out Imported
	_, entries, err := s.withPasswords(ctx, actor.Organisation, people, passwords, func() (domain.Tally, []*domain.Entry, error) {
		var entries []*domain.Entry
		var err error
		out, entries, err = s.Store.Import(ctx, actor, people, exams, enrolments)
		return domain.Tally{}, entries, err
	})
	s.committed(entries)
	return out, err
}

// readRoster reads the lines of a roster.
func readRoster(r io.Reader, most int) ([]row, error) {
	in := bufio.NewReader(r)
	if mark, _ := in.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3)
	}
	head, err := in.Peek(4096)
	if len(head) == 0 {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fault.Wrap(err, fault.Malformed, "the roster could not be read")
		}
		return nil, fault.Field("roster", "the roster is empty")
	}
	reader := csv.NewReader(in)
	first, _, _ := bytes.Cut(head, []byte("\n"))
	if bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(",")) {
		reader.Comma = ';'
	}
	names, err := reader.Read()
	if err != nil {
		return nil, badLine(err, 1)
	}
	if err := checkColumns(names); err != nil {
		return nil, err
	}
	var rows []row
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, badLine(err, 0)
		}
		line, _ := reader.FieldPos(0)
		if len(rows) == most {
			return nil, fault.Over("rows", int64(most), int64(most+1), "the roster has more than %d rows", most)
		}
		cells := make(map[string]string, len(names))
		for i, cell := range record {
			if !utf8.ValidString(cell) {
				return nil, fault.Many(fault.Invalid, []fault.Detail{{Field: at(line, names[i]), Message: "the text is not valid UTF-8"}}, "the roster is not UTF-8; nothing was imported")
			}
			cells[names[i]] = strings.TrimSpace(cell)
		}
		rows = append(rows, row{line, cells})
	}
	if len(rows) == 0 {
		return nil, fault.Field("roster", "the roster has column names and no rows")
	}
	return rows, nil
}

func badLine(err error, line int) error {
	var p *csv.ParseError
	message := "this row cannot be read"
	if errors.As(err, &p) {
		line = p.StartLine
		switch {
		case errors.Is(p.Err, csv.ErrFieldCount):
			message = "this row has another number of cells than the first"
		case errors.Is(p.Err, csv.ErrQuote), errors.Is(p.Err, csv.ErrBareQuote):
			message = "quotation marks do not match"
		}
	}
	return &fault.Error{Code: fault.Invalid, Message: "the roster is not well-formed CSV; nothing was imported", Err: err,
		Details: []fault.Detail{{Field: fmt.Sprintf("row %d", line), Message: message}}}
}

// checkColumns trims the names in place and checks them.
func checkColumns(names []string) error {
	var wrong []fault.Detail
	seen := map[string]bool{}
	for i := range names {
		names[i] = strings.ToLower(strings.TrimSpace(names[i]))
		name := names[i]
		switch {
		case !utf8.ValidString(name):
			wrong = append(wrong, fault.Detail{Field: fmt.Sprintf("row 1, column %d", i+1), Message: "the text is not valid UTF-8"})
		case !slices.Contains(columns, name):
			wrong = append(wrong, fault.Detail{Field: at(1, clip(name)), Message: "no such column; there are " + strings.Join(columns, ", ")})
		case seen[name]:
			wrong = append(wrong, fault.Detail{Field: at(1, name), Message: "this column stands twice"})
		}
		seen[name] = true
	}
	for _, name := range need {
		if !seen[name] {
			wrong = append(wrong, fault.Detail{Field: at(1, name), Message: "this column is missing"})
		}
	}
	if len(wrong) > 0 {
		return fault.Many(fault.Invalid, wrong, "the roster's columns are not right; nothing was imported")
	}
	return nil
}

// clip shortens what is quoted back.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

func at(line int, column string) string { return fmt.Sprintf("row %d, column %s", line, column) }

// roster turns rows into what is to be stored. A person or a test may stand in several
// rows, if these agree.
func (s *Service) roster(rows []row) (people []domain.PersonSpec, exams []domain.ExamSpec, enrolments []domain.EnrolmentSpec, passwords []string, err error) {
	c := &check{now: s.Clock.Now()}
	firstPerson, firstExam, firstPair := map[string]int{}, map[string]int{}, map[string]int{}
	for i, r := range rows {
		person, exam, enrolment := r.items(c)
		if j, again := firstPair[r.cells["test_id"]+"\x00"+r.cells["candidate_id"]]; again {
			c.add(r.named, "person", "this candidate stands twice in this test: first in row %d", rows[j].line)
			continue
		}
		firstPair[r.cells["test_id"]+"\x00"+r.cells["candidate_id"]] = i
		if j, again := firstPerson[person.ExternalID]; !again {
			firstPerson[person.ExternalID] = i
			people = append(people, person.spec(r.named, c))
			passwords = append(passwords, r.cells["password"])
		} else if field := r.differs(rows[j], "given_name", "family_name", "login", "password", "email", "phone", "tags"); field != "" {
			c.add(r.named, field, "this differs from row %d, which has the same candidate", rows[j].line)
		}
		if j, again := firstExam[exam.ExternalID]; !again {
			firstExam[exam.ExternalID] = i
			exams = append(exams, exam.spec(r.named, c))
		} else if field := r.differs(rows[j], "test_name"); field != "" {
			c.add(r.named, field, "this differs from row %d, which has the same test", rows[j].line)
		}
		enrolments = append(enrolments, enrolment.spec(r.named, c))
	}
	return people, exams, enrolments, passwords, c.err()
}

// named says where an item's field stands in the roster.
func (r row) named(field string) string {
	switch field {
	case "test":
		field = "test_id"
	case "name", "starts_at", "ends_at":
		field = "test_name"
	case "person", "external_id", "kind", "role":
		field = "candidate_id"
	}
	return at(r.line, field)
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

func (r row) items(c *check) (Person, Exam, Enrolment) {
	person := Person{
		ExternalID: r.cells["candidate_id"], Kind: domain.KindCandidate, GivenName: r.cells["given_name"], FamilyName: r.cells["family_name"],
		Login: r.cell("login"), Password: r.cell("password"), Email: r.cell("email"), Phone: r.cell("phone"),
	}
	if tags := r.cells["tags"]; tags != "" {
		list := []string{}
		for _, t := range strings.FieldsFunc(tags, func(x rune) bool { return x == ';' || x == '|' }) {
			if t = strings.TrimSpace(t); t != "" {
				list = append(list, t)
			}
		}
		person.Tags = &list
	}
	exam := Exam{ExternalID: r.cells["test_id"], Name: r.cell("test_name")}
	enrolment := Enrolment{Exam: exam.ExternalID, Person: person.ExternalID, Room: r.cell("room"), Seat: r.cell("seat")}
	if v := r.cells["extra_minutes"]; v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			c.add(r.named, "extra_minutes", "%q is no whole number of minutes", clip(v))
		} else {
			enrolment.ExtraMinutes = &n
		}
	}
	return person, exam, enrolment
}
