package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// UpsertEnrolments puts candidates in groups, all or none, and records it: one entry
// per group. A pair of group and person must not occur twice. What still waited for
// someone who leaves with this is stopped. Errors: Invalid with details (unknown group
// or person, a staff member, a state that the kind of group does not have).
func (s *Store) UpsertEnrolments(ctx context.Context, actor domain.Actor, specs []domain.EnrolmentSpec) (domain.Tally, []*journal.Entry, error) {
	return provision(ctx, s, actor, specs, (*Tx).upsertEnrolments)
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
		AND e.group_id IN `+t.s.d.Texts("$2")+` AND e.person_no IN `+t.s.d.Ints("$3"), t.org, jsonOf(groups), jsonOf(people))
	if err != nil {
		return nil, fmt.Errorf("read enrolments: %w", err)
	}
	out := make(map[pair]enrolmentRow, len(rows))
	for _, r := range rows {
		out[pair{r.Exam, r.Person}] = r
	}
	return out, nil
}

func (t *Tx) upsertEnrolments(ctx context.Context, actor domain.Actor, specs []domain.EnrolmentSpec) (c domain.Tally, entries []*journal.Entry, err error) {
	known, groups, err := resolve(ctx, t, specs, func(s domain.EnrolmentSpec) (groupName, string) { return named(s.Kind, s.Exam), s.Person })
	if err != nil {
		return c, nil, err
	}
	stored, err := t.enrolled(ctx, known)
	if err != nil {
		return c, nil, err
	}
	rooms, err := t.rooms(ctx, known)
	if err != nil {
		return c, nil, err
	}
	now := t.s.clock.Now()
	var values []enrolmentRow
	seatsChanged := false
	upserted, moved, left := grouped[domain.PersonNo]{}, grouped[journal.ProgressChange]{}, grouped[int64]{}
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
		r.Room, r.Seat = rooms.spell(r.Exam, r.Room), domain.CleanPlace(r.Seat)
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
		seatsChanged = seatsChanged || exists && (r.Room != old.Room || r.Seat != old.Seat)
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
	if seatsChanged {
		people := make([]domain.PersonNo, len(values))
		for i, r := range values {
			people[i] = domain.PersonNo(r.Person)
		}
		if err := t.expandFor(ctx, people); err != nil { // messages keep where their people sat before
			return c, nil, err
		}
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
		text := journal.EnrolmentsUpserted{People: upserted.items[exam]}
		for _, no := range left.items[exam] {
			text.Left = append(text.Left, domain.PersonNo(no))
		}
		e := &journal.Entry{Kind: journal.KindEnrolmentsUpserted, Actor: actor.Ref(), Group: domain.ExamID(exam), Payload: payload(text)}
		if err := t.Append(ctx, e); err != nil {
			return c, nil, err
		}
		entries = append(entries, e)
	}
	progress, err := t.appendProgress(ctx, actor, moved)
	return c, append(entries, progress...), err
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

func stateWords(states []domain.EnrolmentState) string {
	out := make([]string, len(states))
	for i, s := range states {
		if out[i] = string(s); s == "" {
			out[i] = `""`
		}
	}
	return strings.Join(out, ", ")
}
