package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// ScopesOf returns the groups and rooms a staff member works in, and whether the reach through
// them has ended.
func (s *Store) ScopesOf(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) ([]domain.Scope, error) {
	of, err := s.scopesOf(ctx, s.list, org, []domain.PersonNo{no})
	return of[no], err
}

// AttendedRooms returns the rooms of a test that invigilators are assigned to, "" for all of them. A chief
// invigilator counts in rooms that they are assigned to by name.
func (s *Store) AttendedRooms(ctx context.Context, org domain.OrganisationID, exam domain.ExamID) ([]string, error) {
	var out []string
	err := s.list(ctx, &out, `SELECT DISTINCT x.room FROM staff_scopes x JOIN people p ON p.organisation_id = x.organisation_id AND p.no = x.person_no
		WHERE x.organisation_id = $1 AND x.group_id = $2 AND p.state = 'active'
		AND (p.role = 'invigilator' OR p.role = 'chief_invigilator' AND x.room <> '') ORDER BY x.room`, org, exam)
	if err != nil {
		return nil, fmt.Errorf("read the rooms of invigilators: %w", err)
	}
	return out, nil
}

// maxExtra is no less than the extra time that anyone can have.
const maxExtra = 24 * time.Hour

// scopesOf is ScopesOf for several. It reads who has extra time only in tests that ended lately.
func (s *Store) scopesOf(ctx context.Context, list selector, org domain.OrganisationID, staff []domain.PersonNo) (map[domain.PersonNo][]domain.Scope, error) {
	var rows []struct {
		No       int64  `db:"person_no"`
		Group    string `db:"group_id"`
		Room     string
		Kind     string
		EndsAt   int64 `db:"ends_at"`
		Settings string
	}
	err := list(ctx, &rows, `SELECT x.person_no, x.group_id, x.room, g.kind, g.ends_at, o.settings FROM staff_scopes x
		JOIN groups g ON g.organisation_id = x.organisation_id AND g.id = x.group_id JOIN organisations o ON o.id = x.organisation_id
		WHERE x.organisation_id = $1 AND x.person_no IN `+s.d.Ints("$2")+` ORDER BY x.person_no, x.group_id, x.room`, org, jsonOf(staff))
	if err != nil {
		return nil, fmt.Errorf("read scopes: %w", err)
	}
	cache, now := settingsCache{}, s.clock.Now()
	out := map[domain.PersonNo][]domain.Scope{}
	doubtful := map[string]bool{}
	for _, r := range rows {
		scope := domain.Scope{Exam: domain.ExamID(r.Group), Room: r.Room, Kind: domain.GroupKind(r.Kind)}
		if scope.Kind == domain.KindTest && r.EndsAt != 0 {
			set, err := cache.of(r.Settings)
			if err != nil {
				return nil, err
			}
			scope.Until = timeOf(r.EndsAt).Add(set.TestReach())
			scope.Over = !now.Before(scope.Until.Add(maxExtra))
			if !scope.Over && !now.Before(scope.Until) {
				doubtful[r.Group] = true
			}
		}
		out[domain.PersonNo(r.No)] = append(out[domain.PersonNo(r.No)], scope)
	}
	if len(doubtful) == 0 {
		return out, nil
	}
	var extras []struct {
		Group string `db:"group_id"`
		Extra int64
	}
	err = list(ctx, &extras, `SELECT e.group_id, max(e.extra_minutes) AS extra FROM enrolments e
		WHERE e.organisation_id = $1 AND e.group_id IN `+s.d.Texts("$2")+sits+` GROUP BY e.group_id`, org, jsonOf(slices.Collect(maps.Keys(doubtful))))
	if err != nil {
		return nil, fmt.Errorf("read who has extra time: %w", err)
	}
	extra := map[string]time.Duration{}
	for _, e := range extras {
		extra[e.Group] = time.Duration(e.Extra) * time.Minute
	}
	for _, scopes := range out {
		for i := range scopes {
			if c := &scopes[i]; doubtful[string(c.Exam)] {
				c.Until = c.Until.Add(extra[string(c.Exam)])
				c.Over = !now.Before(c.Until)
			}
		}
	}
	return out, nil
}

// ReplaceScopes sets staff members' rooms in tests and other groups, all or none, and
// records it: one entry per group. A pair of group and person must not occur twice.
// Errors: Invalid with details (unknown group or person, a candidate).
func (s *Store) ReplaceScopes(ctx context.Context, actor domain.Actor, specs []domain.ScopeSpec) (domain.Tally, []*journal.Entry, error) {
	return provision(ctx, s, actor, specs, (*Tx).replaceScopes)
}

func (t *Tx) replaceScopes(ctx context.Context, actor domain.Actor, specs []domain.ScopeSpec) (c domain.Tally, entries []*journal.Entry, err error) {
	known, groups, err := resolve(ctx, t, specs, func(s domain.ScopeSpec) (groupName, string) { return named(s.Kind, s.Exam), s.Person })
	if err != nil {
		return c, nil, err
	}
	stored, err := t.scoped(ctx, known)
	if err != nil {
		return c, nil, err
	}
	spelt, err := t.rooms(ctx, known)
	if err != nil {
		return c, nil, err
	}
	changes := grouped[journal.ScopeChange]{}
	var gone, values [][]any
	for i, spec := range specs {
		exam, person, ok := known.find(spec.Where, groups[i], spec.Person, domain.KindStaff)
		if !ok {
			continue
		}
		old, exists := stored[pair{exam.ID, person.No}]
		spec.Rooms = spelt.spellAll(exam.ID, spec.Rooms)
		rooms := spec.Rooms
		if len(rooms) == 0 {
			rooms = []string{""}
		}
		if spec.Remove {
			rooms = nil
		}
		switch {
		case slices.Equal(old, rooms):
			c.Unchanged++
			continue
		case exists:
			c.Updated++
		default:
			c.Created++
		}
		gone = append(gone, []any{person.No, exam.ID})
		for _, room := range rooms {
			values = append(values, []any{person.No, exam.ID, room})
		}
		changes.add(exam.ID, journal.ScopeChange{Person: domain.PersonNo(person.No), Rooms: spec.Rooms, Removed: spec.Remove})
	}
	if err := known.wrong.err(fault.Invalid); err != nil || len(gone) == 0 {
		return c, nil, err
	}
	_, err = t.Exec(ctx, `DELETE FROM staff_scopes WHERE organisation_id = $1 AND (person_no, group_id) IN
		(SELECT r.person_no, r.group_id FROM `+t.s.d.Rows("$2", "person_no", "group_id text")+` AS r)`, t.org, jsonOf(gone))
	if err != nil {
		return c, nil, fmt.Errorf("clear scopes: %w", err)
	}
	_, err = t.Exec(ctx, `INSERT INTO staff_scopes (organisation_id, person_no, group_id, room) SELECT $1, r.person_no, r.group_id, r.room
		FROM `+t.s.d.Rows("$2", "person_no", "group_id text", "room text")+` AS r`, t.org, jsonOf(values))
	if err != nil {
		return c, nil, fmt.Errorf("write scopes: %w", err)
	}
	for _, exam := range changes.exams {
		e := &journal.Entry{Kind: journal.KindScopesChanged, Actor: actor.Ref(), Group: domain.ExamID(exam), Payload: payload(journal.ScopesChanged{Changes: changes.items[exam]})}
		if err := t.Append(ctx, e); err != nil {
			return c, nil, err
		}
		entries = append(entries, e)
	}
	return c, entries, nil
}

// scoped reads the rooms of these people, sorted.
func (t *Tx) scoped(ctx context.Context, p *pairs) (map[pair][]string, error) {
	people := []int64{}
	for _, who := range p.people {
		people = append(people, who.No)
	}
	var rows []struct {
		No   int64  `db:"person_no"`
		Exam string `db:"group_id"`
		Room string
	}
	err := t.Select(ctx, &rows, `SELECT person_no, group_id, room FROM staff_scopes WHERE organisation_id = $1 AND person_no IN `+t.s.d.Ints("$2"), t.org, jsonOf(people))
	if err != nil {
		return nil, fmt.Errorf("read scopes: %w", err)
	}
	out := map[pair][]string{}
	for _, r := range rows {
		key := pair{r.Exam, r.No}
		out[key] = append(out[key], r.Room)
	}
	for _, rooms := range out {
		slices.Sort(rooms) // as ScopeSpec.Rooms, whatever the database's collation
	}
	return out, nil
}
