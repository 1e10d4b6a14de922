package store

import (
	"context"
	"fmt"

	"crier/internal/domain"
	"crier/internal/fault"
)

type enrolmentRow struct {
	Exam         string `db:"group_id"`
	Person       int64  `db:"person_no"`
	Progress     string
	ProgressAt   int64 `db:"progress_at"`
	Room         string
	Seat         string
	ExtraMinutes int `db:"extra_minutes"`
}

func (r enrolmentRow) enrolment() domain.Enrolment {
	return domain.Enrolment{Exam: domain.ExamID(r.Exam), Person: domain.PersonNo(r.Person), Progress: domain.Progress(r.Progress), ProgressAt: timeOf(r.ProgressAt),
		Room: r.Room, Seat: r.Seat, ExtraMinutes: r.ExtraMinutes}
}

const enrolmentColumns = `e.group_id, e.person_no, e.progress, e.progress_at, e.room, e.seat, e.extra_minutes`

// Enrolments returns who sits the tests of these ids, nil means every test.
func (s *Store) Enrolments(ctx context.Context, org domain.OrganisationID, exams []domain.ExamID) ([]domain.Enrolment, error) {
	query, args := `SELECT `+enrolmentColumns+` FROM enrolments e WHERE e.organisation_id = $1`, []any{org}
	if exams != nil {
		query, args = query+` AND e.group_id IN `+s.d.Texts("$2"), append(args, jsonOf(exams))
	}
	var rows []enrolmentRow
	if err := s.list(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("read enrolments: %w", err)
	}
	out := make([]domain.Enrolment, len(rows))
	for i, r := range rows {
		out[i] = r.enrolment()
	}
	return out, nil
}

// Candidates returns a test's candidates by room, seat and name; rooms nil means
// every room. Presence and LastSeen stay empty.
func (s *Store) Candidates(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, rooms []string) ([]domain.Candidate, error) {
	if err := s.Expand(ctx, org); err != nil {
		return nil, err
	}
	query, args := `SELECT `+enrolmentColumns+`, p.id, p.external_id, p.given_name, p.family_name, p.tags,
		(SELECT count(*) FROM messages m WHERE m.organisation_id = e.organisation_id AND m.person_no = e.person_no
			AND m.group_id = e.group_id AND m.delivered_at = 0) AS waiting
		FROM enrolments e JOIN people p ON p.organisation_id = e.organisation_id AND p.no = e.person_no
		WHERE e.organisation_id = $1 AND e.group_id = $2`, []any{org, exam}
	if rooms != nil {
		query, args = query+` AND e.room IN `+s.d.Texts("$3"), append(args, jsonOf(rooms))
	}
	var found []struct {
		enrolmentRow
		ID         string
		ExternalID string `db:"external_id"`
		GivenName  string `db:"given_name"`
		FamilyName string `db:"family_name"`
		Tags       string
		Waiting    int
	}
	if err := s.list(ctx, &found, query+` ORDER BY e.room, e.seat, p.family_name, p.given_name, p.no`, args...); err != nil {
		return nil, fmt.Errorf("read candidates: %w", err)
	}
	out := make([]domain.Candidate, len(found))
	for i, r := range found {
		out[i] = domain.Candidate{Enrolment: r.enrolment(), ID: domain.PersonID(r.ID), ExternalID: r.ExternalID, GivenName: r.GivenName, FamilyName: r.FamilyName,
			Tags: tagsOf(r.Tags), Waiting: r.Waiting}
	}
	return out, nil
}

// RosterOf returns who sits a test and in which room, and nothing else.
func (s *Store) RosterOf(ctx context.Context, org domain.OrganisationID, exam domain.ExamID) ([]domain.Placed, error) {
	var rows []struct {
		No   int64
		ID   string
		Room string
	}
	err := s.list(ctx, &rows, `SELECT p.no, p.id, e.room FROM enrolments e JOIN people p ON p.organisation_id = e.organisation_id AND p.no = e.person_no
		WHERE e.organisation_id = $1 AND e.group_id = $2`, org, exam)
	if err != nil {
		return nil, fmt.Errorf("read roster: %w", err)
	}
	out := make([]domain.Placed, len(rows))
	for i, r := range rows {
		out[i] = domain.Placed{No: domain.PersonNo(r.No), ID: domain.PersonID(r.ID), Room: r.Room}
	}
	return out, nil
}

// UpsertEnrolments puts candidates in tests, all or none, and records it: one entry
// per test. A pair of test and person must not occur twice. Errors: Invalid with
// details (unknown test or person, a staff member).
func (s *Store) UpsertEnrolments(ctx context.Context, actor domain.Actor, specs []domain.EnrolmentSpec) (c domain.Tally, entries []*domain.Entry, err error) {
	err = s.write(ctx, actor.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		c, entries, err = tx.upsertEnrolments(ctx, actor, specs)
		return err
	})
	return c, entries, err
}

// pairs resolves the external ids of tests and people that several kinds of spec name.
type pairs struct {
	exams  map[string]examRow
	people map[string]personRow
	wrong  faults
}

func (t *Tx) resolve(ctx context.Context, exams, people []string) (*pairs, error) {
	p := &pairs{}
	var err error
	if p.exams, err = t.examRows(ctx, exams); err != nil {
		return nil, err
	}
	p.people, err = t.s.peopleRows(ctx, t.Select, t.org, people)
	return p, err
}

// find returns the test and the person, ok false with a fault noted if either is
// unknown or the person is of the other kind.
func (p *pairs) find(where domain.Where, exam, person string, kind domain.PersonKind) (e examRow, who personRow, ok bool) {
	e, okExam := p.exams[exam]
	if !okExam {
		p.wrong.add(where, "test", "no test has the external id %q", exam)
	}
	who, okPerson := p.people[person]
	switch {
	case !okPerson:
		p.wrong.add(where, "person", "no person has the external id %q", person)
	case who.Kind != string(kind):
		p.wrong.add(where, "person", "%q is not a %s", person, map[domain.PersonKind]string{domain.KindStaff: "staff member", domain.KindCandidate: "candidate"}[kind])
		okPerson = false
	}
	return e, who, okExam && okPerson
}

type pair struct {
	exam   string
	person int64
}

// enrolled reads the enrolments of these people in these tests.
func (t *Tx) enrolled(ctx context.Context, p *pairs) (map[pair]enrolmentRow, error) {
	var exams []string
	for _, e := range p.exams {
		exams = append(exams, e.ID)
	}
	var people []int64
	for _, who := range p.people {
		people = append(people, who.No)
	}
	var rows []enrolmentRow
	err := t.Select(ctx, &rows, `SELECT `+enrolmentColumns+` FROM enrolments e WHERE e.organisation_id = $1
		AND e.group_id IN `+t.s.d.Texts("$2")+` AND e.person_no IN `+t.s.d.Ints("$3"), t.org, jsonOf(append([]string{}, exams...)), jsonOf(append([]int64{}, people...)))
	if err != nil {
		return nil, fmt.Errorf("read enrolments: %w", err)
	}
	out := make(map[pair]enrolmentRow, len(rows))
	for _, r := range rows {
		out[pair{r.Exam, r.Person}] = r
	}
	return out, nil
}

func (t *Tx) upsertEnrolments(ctx context.Context, actor domain.Actor, specs []domain.EnrolmentSpec) (c domain.Tally, entries []*domain.Entry, err error) {
	exams, people := make([]string, len(specs)), make([]string, len(specs))
	for i, s := range specs {
		exams[i], people[i] = s.Exam, s.Person
	}
	known, err := t.resolve(ctx, exams, people)
	if err != nil {
		return c, nil, err
	}
	stored, err := t.enrolled(ctx, known)
	if err != nil {
		return c, nil, err
	}
	now := t.s.clock.Now()
	var values []enrolmentRow
	upserted, moved := grouped[domain.PersonNo]{}, grouped[domain.ProgressChange]{}
	for _, spec := range specs {
		exam, person, ok := known.find(spec.Where, spec.Exam, spec.Person, domain.KindCandidate)
		if !ok {
			continue
		}
		old, exists := stored[pair{exam.ID, person.No}]
		r := old
		if !exists {
			r = enrolmentRow{Exam: exam.ID, Person: person.No, Progress: string(domain.NotStarted)}
		}
		r.Room, r.Seat, r.ExtraMinutes = set(spec.Room, r.Room), set(spec.Seat, r.Seat), set(spec.ExtraMinutes, r.ExtraMinutes)
		placed := !exists || r != old
		if spec.Progress != nil && string(*spec.Progress) != r.Progress {
			r.Progress, r.ProgressAt = string(*spec.Progress), micros(now)
		}
		switch {
		case !exists:
			c.Created++
		case r != old:
			c.Updated++
		default:
			c.Unchanged++
			continue
		}
		values = append(values, r)
		if placed {
			upserted.add(r.Exam, domain.PersonNo(r.Person))
		}
		if exists && r.Progress != old.Progress {
			moved.add(r.Exam, progressChange(r, person))
		}
	}
	if err := known.wrong.err(fault.Invalid); err != nil {
		return c, nil, err
	}
	if err := t.writeEnrolments(ctx, values); err != nil {
		return c, nil, err
	}
	for _, exam := range upserted.exams {
		e := &domain.Entry{Kind: domain.EntryEnrolmentsUpserted, Actor: actor.Ref(), Exam: domain.ExamID(exam),
			Payload: payload(domain.EnrolmentsUpserted{People: upserted.items[exam]})}
		if err := t.Append(ctx, e); err != nil {
			return c, nil, err
		}
		entries = append(entries, e)
	}
	progress, err := t.appendProgress(ctx, actor, moved)
	return c, append(entries, progress...), err
}

func progressChange(r enrolmentRow, person personRow) domain.ProgressChange {
	return domain.ProgressChange{Person: domain.PersonNo(r.Person), ID: domain.PersonID(person.ID), Room: r.Room,
		Progress: domain.Progress(r.Progress), At: timeOf(r.ProgressAt)}
}

func (t *Tx) writeEnrolments(ctx context.Context, rows []enrolmentRow) error {
	if len(rows) == 0 {
		return nil
	}
	values := make([][]any, len(rows))
	for i, r := range rows {
		values[i] = []any{r.Exam, r.Person, r.Progress, r.ProgressAt, r.Room, r.Seat, r.ExtraMinutes}
	}
	_, err := t.Exec(ctx, `INSERT INTO enrolments (organisation_id, group_id, person_no, progress, progress_at, room, seat, extra_minutes)
		SELECT $1, r.group_id, r.person_no, r.progress, r.progress_at, r.room, r.seat, r.extra_minutes
		FROM `+t.s.d.Rows("$2", "group_id text", "person_no", "progress text", "progress_at", "room text", "seat text", "extra_minutes")+` AS r WHERE true
		ON CONFLICT (organisation_id, group_id, person_no) DO UPDATE SET progress = excluded.progress, progress_at = excluded.progress_at,
			room = excluded.room, seat = excluded.seat, extra_minutes = excluded.extra_minutes`, t.org, jsonOf(values))
	if err != nil {
		return fmt.Errorf("write enrolments: %w", err)
	}
	return nil
}

// SetProgress notes where candidates stand, all or none, and records it. The same
// candidate may occur several times. A change that does not follow from what is
// stored (domain.Progress.After) counts as unchanged. Errors: Invalid with details
// (unknown test or person, a candidate who is not in the test).
func (s *Store) SetProgress(ctx context.Context, actor domain.Actor, specs []domain.ProgressSpec) (c domain.Tally, entries []*domain.Entry, err error) {
	err = s.write(ctx, actor.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		c, entries, err = tx.setProgress(ctx, actor, specs)
		return err
	})
	return c, entries, err
}

func (t *Tx) setProgress(ctx context.Context, actor domain.Actor, specs []domain.ProgressSpec) (c domain.Tally, entries []*domain.Entry, err error) {
	exams, people := make([]string, len(specs)), make([]string, len(specs))
	for i, s := range specs {
		exams[i], people[i] = s.Exam, s.Person
	}
	known, err := t.resolve(ctx, exams, people)
	if err != nil {
		return c, nil, err
	}
	stored, err := t.enrolled(ctx, known)
	if err != nil {
		return c, nil, err
	}
	changed := map[pair]personRow{}
	var order []pair
	for _, spec := range specs {
		exam, person, ok := known.find(spec.Where, spec.Exam, spec.Person, domain.KindCandidate)
		if !ok {
			continue
		}
		key := pair{exam.ID, person.No}
		r, exists := stored[key]
		if !exists {
			known.wrong.add(spec.Where, "person", "%q is not in the test %q", spec.Person, spec.Exam)
			continue
		}
		if !spec.Progress.After(spec.At, domain.Progress(r.Progress), timeOf(r.ProgressAt)) {
			c.Unchanged++
			continue
		}
		if r.Progress == string(spec.Progress) {
			c.Unchanged++ // still so, since before
			continue
		}
		c.Updated++
		r.Progress, r.ProgressAt = string(spec.Progress), micros(spec.At)
		stored[key] = r
		if _, again := changed[key]; !again {
			order = append(order, key)
		}
		changed[key] = person
	}
	if err := known.wrong.err(fault.Invalid); err != nil {
		return c, nil, err
	}
	var values []enrolmentRow
	moved := grouped[domain.ProgressChange]{}
	for _, key := range order {
		values = append(values, stored[key])
		moved.add(key.exam, progressChange(stored[key], changed[key]))
	}
	if err := t.writeEnrolments(ctx, values); err != nil {
		return c, nil, err
	}
	entries, err = t.appendProgress(ctx, actor, moved)
	return c, entries, err
}

func (t *Tx) appendProgress(ctx context.Context, actor domain.Actor, moved grouped[domain.ProgressChange]) ([]*domain.Entry, error) {
	var entries []*domain.Entry
	for _, exam := range moved.exams {
		for _, part := range chunks(moved.items[exam], perEntry) {
			e := &domain.Entry{Kind: domain.EntryEnrolmentsProgress, Actor: actor.Ref(), Exam: domain.ExamID(exam), Payload: payload(domain.ProgressChanged{Changes: part})}
			if err := t.Append(ctx, e); err != nil {
				return nil, err
			}
			entries = append(entries, e)
		}
	}
	return entries, nil
}

// grouped keeps things by test, in the order in which tests came.
type grouped[T any] struct {
	exams []string
	items map[string][]T
}

func (g *grouped[T]) add(exam string, item T) {
	if g.items == nil {
		g.items = map[string][]T{}
	}
	if _, known := g.items[exam]; !known {
		g.exams = append(g.exams, exam)
	}
	g.items[exam] = append(g.items[exam], item)
}

// Import stores a roster's people, tests and enrolments in one transaction. Errors
// are those of UpsertPeople, UpsertExams and UpsertEnrolments.
func (s *Store) Import(ctx context.Context, actor domain.Actor, people []domain.PersonSpec, exams []domain.ExamSpec, enrolments []domain.EnrolmentSpec) (c domain.ImportTally, entries []*domain.Entry, err error) {
	err = s.write(ctx, actor.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		var more []*domain.Entry
		if c.People, more, err = tx.upsertPeople(ctx, actor, people); err != nil {
			return err
		}
		entries = append(entries, more...)
		if c.Exams, more, err = tx.upsertExams(ctx, actor, exams); err != nil {
			return err
		}
		entries = append(entries, more...)
		if c.Enrolments, more, err = tx.upsertEnrolments(ctx, actor, enrolments); err != nil {
			return err
		}
		entries = append(entries, more...)
		return nil
	})
	return c, entries, err
}
