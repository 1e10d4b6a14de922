package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

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
	State        string
	StateAt      int64 `db:"state_at"`
}

func (r enrolmentRow) enrolment() domain.Enrolment {
	return domain.Enrolment{Exam: domain.ExamID(r.Exam), Person: domain.PersonNo(r.Person), Progress: domain.Progress(r.Progress), ProgressAt: timeOf(r.ProgressAt),
		Room: r.Room, Seat: r.Seat, ExtraMinutes: r.ExtraMinutes}
}

const enrolmentColumns = `e.group_id, e.person_no, e.progress, e.progress_at, e.room, e.seat, e.extra_minutes, e.state, e.state_at`

// sits is the condition that an enrolment is of someone who sits a test: those who left
// it are not counted, listed or sent to there.
const sits = ` AND e.state <> 'left'`

// Enrolments returns who sits the tests of these ids, nil means every test.
func (s *Store) Enrolments(ctx context.Context, org domain.OrganisationID, exams []domain.ExamID) ([]domain.Enrolment, error) {
	query, args := `SELECT `+enrolmentColumns+` FROM enrolments e JOIN groups g ON g.organisation_id = e.organisation_id AND g.id = e.group_id AND g.kind = 'test'
		WHERE e.organisation_id = $1`+sits, []any{org}
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
			AND m.group_id = e.group_id AND m.delivered_at = 0 AND m.inbound = 0 AND m.stopped = '') AS waiting
		FROM enrolments e JOIN people p ON p.organisation_id = e.organisation_id AND p.no = e.person_no
		WHERE e.organisation_id = $1 AND e.group_id = $2`+sits, []any{org, exam}
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
		WHERE e.organisation_id = $1 AND e.group_id = $2`+sits, org, exam)
	if err != nil {
		return nil, fmt.Errorf("read roster: %w", err)
	}
	out := make([]domain.Placed, len(rows))
	for i, r := range rows {
		out[i] = domain.Placed{No: domain.PersonNo(r.No), ID: domain.PersonID(r.ID), Room: r.Room}
	}
	return out, nil
}

// UpsertEnrolments puts candidates in groups, all or none, and records it: one entry
// per group. A pair of group and person must not occur twice. What still waited for
// someone who leaves with this is stopped. Errors: Invalid with details (unknown group
// or person, a staff member, a state that the kind of group does not have).
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

// pairs resolves the names of groups and people that several kinds of spec hold.
type pairs struct {
	groups map[groupName]groupRow
	people map[string]personRow
	wrong  faults
}

func (t *Tx) resolve(ctx context.Context, groups []groupName, people []string) (*pairs, error) {
	p := &pairs{}
	var err error
	if p.groups, err = t.groupRows(ctx, groups); err != nil {
		return nil, err
	}
	p.people, err = t.s.peopleRows(ctx, t.Select, t.org, people)
	return p, err
}

// find returns the group and the person, ok false with a fault noted if either is
// unknown or the person is of the other kind.
func (p *pairs) find(where domain.Where, group groupName, person string, kind domain.PersonKind) (g groupRow, who personRow, ok bool) {
	g, okGroup := p.groups[group]
	if !okGroup {
		field := "group"
		if group.kind == string(domain.KindTest) {
			field = "test"
		}
		p.wrong.add(where, field, "no %s has the external id %q", group.kind, group.external)
	}
	who, okPerson := p.people[person]
	switch {
	case !okPerson:
		p.wrong.add(where, "person", "no person has the external id %q", person)
	case who.Kind != string(kind):
		p.wrong.add(where, "person", "%q is not a %s", person, map[domain.PersonKind]string{domain.KindStaff: "staff member", domain.KindCandidate: "candidate"}[kind])
		okPerson = false
	}
	return g, who, okGroup && okPerson
}

type pair struct {
	exam   string
	person int64
}

// enrolled reads the enrolments of these people in these tests.
func (t *Tx) enrolled(ctx context.Context, p *pairs) (map[pair]enrolmentRow, error) {
	var groups []string
	for _, g := range p.groups {
		groups = append(groups, g.ID)
	}
	var people []int64
	for _, who := range p.people {
		people = append(people, who.No)
	}
	var rows []enrolmentRow
	err := t.Select(ctx, &rows, `SELECT `+enrolmentColumns+` FROM enrolments e WHERE e.organisation_id = $1
		AND e.group_id IN `+t.s.d.Texts("$2")+` AND e.person_no IN `+t.s.d.Ints("$3"), t.org, jsonOf(append([]string{}, groups...)), jsonOf(append([]int64{}, people...)))
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
	groups, people := make([]groupName, len(specs)), make([]string, len(specs))
	for i, s := range specs {
		groups[i], people[i] = named(s.Kind, s.Exam), s.Person
	}
	known, err := t.resolve(ctx, groups, people)
	if err != nil {
		return c, nil, err
	}
	stored, err := t.enrolled(ctx, known)
	if err != nil {
		return c, nil, err
	}
	now := t.s.clock.Now()
	var values []enrolmentRow
	upserted, moved, left := grouped[domain.PersonNo]{}, grouped[domain.ProgressChange]{}, grouped[int64]{}
	for i, spec := range specs {
		group, person, ok := known.find(spec.Where, groups[i], spec.Person, domain.KindCandidate)
		if !ok {
			continue
		}
		states := domain.EnrolmentStates(domain.GroupKind(group.Kind))
		old, exists := stored[pair{group.ID, person.No}]
		r := old
		if !exists {
			r = enrolmentRow{Exam: group.ID, Person: person.No, Progress: string(domain.NotStarted), State: string(states[0]), StateAt: micros(now)}
		}
		if spec.State != nil {
			if !slices.Contains(states, *spec.State) {
				known.wrong.add(spec.Where, "state", "the state of someone in a %s can be %s, not %q", group.Kind, stateWords(states), *spec.State)
				continue
			}
			if r.State = string(*spec.State); r.State != old.State {
				r.StateAt = micros(now)
			}
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
		if r.State == string(domain.EnrolmentLeft) && old.State != r.State {
			left.add(r.Exam, r.Person)
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
	for _, group := range left.exams {
		if err := t.stopQueued(ctx, domain.GroupID(group), left.items[group], domain.BlockedLeft); err != nil {
			return c, nil, err
		}
	}
	for _, exam := range upserted.exams {
		text := domain.EnrolmentsUpserted{People: upserted.items[exam]}
		for _, no := range left.items[exam] {
			text.Left = append(text.Left, domain.PersonNo(no))
		}
		e := &domain.Entry{Kind: domain.EntryEnrolmentsUpserted, Actor: actor.Ref(), Exam: domain.ExamID(exam), Payload: payload(text)}
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
		values[i] = []any{r.Exam, r.Person, r.Progress, r.ProgressAt, r.Room, r.Seat, r.ExtraMinutes, r.State, r.StateAt}
	}
	_, err := t.Exec(ctx, `INSERT INTO enrolments (organisation_id, group_id, person_no, progress, progress_at, room, seat, extra_minutes, state, state_at)
		SELECT $1, r.group_id, r.person_no, r.progress, r.progress_at, r.room, r.seat, r.extra_minutes, r.state, r.state_at
		FROM `+t.s.d.Rows("$2", "group_id text", "person_no", "progress text", "progress_at", "room text", "seat text", "extra_minutes", "state text", "state_at")+` AS r WHERE true
		ON CONFLICT (organisation_id, group_id, person_no) DO UPDATE SET progress = excluded.progress, progress_at = excluded.progress_at,
			room = excluded.room, seat = excluded.seat, extra_minutes = excluded.extra_minutes, state = excluded.state, state_at = excluded.state_at`, t.org, jsonOf(values))
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
	groups, people := make([]groupName, len(specs)), make([]string, len(specs))
	for i, s := range specs {
		groups[i], people[i] = named(domain.KindTest, s.Exam), s.Person
	}
	known, err := t.resolve(ctx, groups, people)
	if err != nil {
		return c, nil, err
	}
	stored, err := t.enrolled(ctx, known)
	if err != nil {
		return c, nil, err
	}
	changed := map[pair]personRow{}
	var order []pair
	for i, spec := range specs {
		exam, person, ok := known.find(spec.Where, groups[i], spec.Person, domain.KindCandidate)
		if !ok {
			continue
		}
		key := pair{exam.ID, person.No}
		r, exists := stored[key]
		if !exists || r.State == string(domain.EnrolmentLeft) {
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

func stateWords(states []domain.EnrolmentState) string {
	out := make([]string, len(states))
	for i, s := range states {
		if out[i] = string(s); s == "" {
			out[i] = `""`
		}
	}
	return strings.Join(out, ", ")
}

// Import stores a roster's people, tests, other groups and enrolments in one
// transaction. Errors are those of UpsertPeople, UpsertExams, UpsertGroups and
// UpsertEnrolments.
func (s *Store) Import(ctx context.Context, actor domain.Actor, people []domain.PersonSpec, groups []domain.GroupSpec, enrolments []domain.EnrolmentSpec) (c domain.ImportTally, entries []*domain.Entry, err error) {
	err = s.write(ctx, actor.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		var more []*domain.Entry
		if c.People, more, err = tx.upsertPeople(ctx, actor, people); err != nil {
			return err
		}
		entries = append(entries, more...)
		if c.Exams, more, err = tx.upsertExams(ctx, actor, ofKind(groups, true)); err != nil {
			return err
		}
		entries = append(entries, more...)
		if c.Groups, more, err = tx.upsertGroups(ctx, actor, ofKind(groups, false)); err != nil {
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

// ofKind returns the specs that are, or are not, of tests.
func ofKind(specs []domain.GroupSpec, tests bool) (out []domain.GroupSpec) {
	for _, g := range specs {
		if tests == (named(g.Kind, "").kind == string(domain.KindTest)) {
			out = append(out, g)
		}
	}
	return out
}
