package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Everything here takes rooms: nil means every room of the test, else only those
// listed.

// inRooms adds "column is one of rooms" to a statement; it appends the argument.
func (s *Store) inRooms(column string, rooms []string, args *[]any) string {
	if rooms == nil {
		return ""
	}
	*args = append(*args, jsonOf(rooms))
	return " AND " + column + " IN " + s.d.Texts(fmt.Sprintf("$%d", len(*args)))
}

// Prepare reads the test's name, the organisation's settings and what the actor stored under key before (nil for
// nothing, or for key ""). Errors: NotFound for a test that the organisation does not
// have; Conflict if the key was used with another hash.
func (s *Store) Prepare(ctx context.Context, org domain.OrganisationID, id domain.ExamID, actorID, key string, hash []byte) (exam domain.ExamBrief, earlier *journal.Entry, err error) {
	var row struct {
		Name     string
		Settings string
		Earlier  int64
	}
	err = s.get(ctx, &row, `SELECT g.name, o.settings, coalesce((SELECT "offset" FROM entries
			WHERE organisation_id = $1 AND actor_id = $3 AND request_key = $4 AND request_key <> ''), 0) AS earlier
		FROM groups g JOIN organisations o ON o.id = g.organisation_id
		WHERE g.organisation_id = $1 AND g.id = $2 AND g.kind = 'test'`, org, id, actorID, key)
	if errors.Is(err, sql.ErrNoRows) {
		return exam, nil, fault.New(fault.NotFound, "no such test")
	}
	if err != nil {
		return exam, nil, fmt.Errorf("read the test: %w", err)
	}
	exam.Name = row.Name
	if err := json.Unmarshal([]byte(row.Settings), &exam.Settings); err != nil {
		return exam, nil, fmt.Errorf("settings of organisation %d: %w", org, err)
	}
	if row.Earlier != 0 {
		earlier, err = s.EntryByKey(ctx, org, actorID, key, hash)
	}
	return exam, earlier, err
}

// Audience is everyone enrolled in the test, by room, as a broadcast's entry keeps
// them, and how many they are. The database makes the lists: this is the hot path
// of "send to all".
func (s *Store) Audience(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, rooms []string) (json.RawMessage, int, error) {
	args := []any{org, exam}
	var rows []struct {
		Room   string
		People string
		N      int
	}
	err := s.list(ctx, &rows, `SELECT room, `+s.d.aggregate+`(person_no ORDER BY person_no) AS people, count(*) AS n FROM enrolments e
		WHERE organisation_id = $1 AND group_id = $2`+sits+s.inRooms("room", rooms, &args)+` GROUP BY room ORDER BY room`, args...)
	if err != nil {
		return nil, 0, fmt.Errorf("read the audience: %w", err)
	}
	list := make([]struct {
		Room   string          `json:"room"`
		People json.RawMessage `json:"people"`
	}, len(rows))
	total := 0
	for i, r := range rows {
		list[i].Room, list[i].People = r.Room, json.RawMessage(r.People)
		total += r.N
	}
	b, err := json.Marshal(list)
	return b, total, err
}

// Locked returns the numbers of the test's candidates who are locked.
func (s *Store) Locked(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, rooms []string) ([]domain.PersonNo, error) {
	args := []any{org, exam}
	var out []domain.PersonNo
	err := s.list(ctx, &out, `SELECT p.no FROM people p JOIN enrolments e ON e.organisation_id = p.organisation_id AND e.person_no = p.no
		WHERE p.organisation_id = $1 AND p.state = 'locked' AND e.group_id = $2`+sits+s.inRooms("e.room", rooms, &args)+` ORDER BY p.no`, args...)
	if err != nil {
		return nil, fmt.Errorf("read who is locked: %w", err)
	}
	return out, nil
}

// Enrolled returns the test's candidates, without presence, by number.
func (s *Store) Enrolled(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, rooms []string) ([]domain.Candidate, error) {
	args := []any{org, exam}
	var rows []struct {
		No           int64
		ID           string
		ExternalID   string `db:"external_id"`
		GivenName    string `db:"given_name"`
		FamilyName   string `db:"family_name"`
		Tags         string
		Progress     string
		ProgressAt   int64 `db:"progress_at"`
		Room         string
		Seat         string
		ExtraMinutes int `db:"extra_minutes"`
		Locked       bool
	}
	err := s.list(ctx, &rows, `SELECT p.state = 'locked' AS locked, p.no, p.id, p.external_id, p.given_name, p.family_name, p.tags, e.progress, e.progress_at, e.room, e.seat, e.extra_minutes
		FROM enrolments e JOIN people p ON p.organisation_id = e.organisation_id AND p.no = e.person_no
		WHERE e.organisation_id = $1 AND e.group_id = $2`+sits+s.inRooms("e.room", rooms, &args)+` ORDER BY p.no`, args...)
	if err != nil {
		return nil, fmt.Errorf("read enrolled candidates: %w", err)
	}
	out := make([]domain.Candidate, len(rows))
	for i, r := range rows {
		out[i] = domain.Candidate{
			Enrolment: domain.Enrolment{Exam: exam, Person: domain.PersonNo(r.No), Progress: domain.Progress(r.Progress), ProgressAt: timeOf(r.ProgressAt),
				Room: r.Room, Seat: r.Seat, ExtraMinutes: r.ExtraMinutes},
			ID: domain.PersonID(r.ID), ExternalID: r.ExternalID, GivenName: r.GivenName, FamilyName: r.FamilyName, Locked: r.Locked,
		}
		if r.Tags != "" && r.Tags != "[]" {
			if err := json.Unmarshal([]byte(r.Tags), &out[i].Tags); err != nil {
				return nil, fmt.Errorf("tags of person %d: %w", r.No, err)
			}
		}
	}
	return out, nil
}

// OtherGroups returns the other groups that a test's candidates are in, of those that are seen.
func (s *Store) OtherGroups(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, seen domain.Seen) (map[domain.PersonNo][]domain.GroupMark, error) {
	args := []any{org, exam}
	sees := ""
	if !seen.All {
		sees = ` AND ` + s.inPlaces("o", seen, &args)
	}
	var rows []struct {
		No    int64 `db:"person_no"`
		ID    string
		Kind  string
		Name  string
		State string
	}
	err := s.list(ctx, &rows, `SELECT o.person_no, g.id, g.kind, g.name, o.state FROM enrolments e
		JOIN enrolments o ON o.organisation_id = e.organisation_id AND o.person_no = e.person_no AND o.group_id <> e.group_id AND o.state <> 'left'
		JOIN groups g ON g.organisation_id = o.organisation_id AND g.id = o.group_id
		WHERE e.organisation_id = $1 AND e.group_id = $2`+sits+sees+` ORDER BY g.name, g.id`, args...)
	if err != nil {
		return nil, fmt.Errorf("read candidates' other groups: %w", err)
	}
	out := map[domain.PersonNo][]domain.GroupMark{}
	for _, r := range rows {
		no := domain.PersonNo(r.No)
		out[no] = append(out[no], domain.GroupMark{ID: domain.GroupID(r.ID), Kind: domain.GroupKind(r.Kind), Name: r.Name, State: domain.EnrolmentState(r.State)})
	}
	return out, nil
}

// Places returns those of the named people who are enrolled in the test, by number.
func (s *Store) Places(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, rooms []string, ids []domain.PersonID) ([]domain.Placed, error) {
	args := []any{org, exam, jsonOf(ids)}
	var out []domain.Placed
	err := s.list(ctx, &out, `SELECT p.no, p.id, e.room FROM people p JOIN enrolments e ON e.organisation_id = p.organisation_id AND e.person_no = p.no
		WHERE p.organisation_id = $1 AND e.group_id = $2 AND p.id IN `+s.d.Texts("$3")+sits+s.inRooms("e.room", rooms, &args)+` ORDER BY p.no`, args...)
	if err != nil {
		return nil, fmt.Errorf("read where people sit: %w", err)
	}
	return out, nil
}

// Strays returns those of the named people who are or were in the test, in whatever room.
func (s *Store) Strays(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, ids []domain.PersonID) ([]domain.Stray, error) {
	var rows []struct {
		No         domain.PersonNo
		ID         domain.PersonID
		GivenName  string `db:"given_name"`
		FamilyName string `db:"family_name"`
		State      string
	}
	err := s.list(ctx, &rows, `SELECT p.no, p.id, p.given_name, p.family_name, e.state FROM people p
		JOIN enrolments e ON e.organisation_id = p.organisation_id AND e.person_no = p.no
		WHERE p.organisation_id = $1 AND e.group_id = $2 AND p.id IN `+s.d.Texts("$3")+` ORDER BY p.no`, org, exam, jsonOf(ids))
	if err != nil {
		return nil, fmt.Errorf("read who is elsewhere in a test: %w", err)
	}
	out := make([]domain.Stray, len(rows))
	for i, r := range rows {
		out[i] = domain.Stray{No: r.No, ID: r.ID, Name: domain.Person{GivenName: r.GivenName, FamilyName: r.FamilyName}.Name(), Code: domain.BlockedRoom}
		if r.State == string(domain.EnrolmentLeft) {
			out[i].Code = domain.BlockedLeft
		}
	}
	return out, nil
}

// PersonRefs names people by number. Unknown numbers are absent.
func (s *Store) PersonRefs(ctx context.Context, org domain.OrganisationID, nos []domain.PersonNo) (map[domain.PersonNo]domain.PersonRef, error) {
	var rows []struct {
		No         int64
		ID         string
		ExternalID string `db:"external_id"`
		GivenName  string `db:"given_name"`
		FamilyName string `db:"family_name"`
	}
	err := s.list(ctx, &rows, `SELECT no, id, external_id, given_name, family_name FROM people WHERE organisation_id = $1 AND no IN `+s.d.Ints("$2"), org, jsonOf(nos))
	if err != nil {
		return nil, fmt.Errorf("read people's names: %w", err)
	}
	out := make(map[domain.PersonNo]domain.PersonRef, len(rows))
	for _, r := range rows {
		out[domain.PersonNo(r.No)] = domain.PersonRef{No: domain.PersonNo(r.No), ID: domain.PersonID(r.ID), ExternalID: r.ExternalID,
			Name: domain.Person{GivenName: r.GivenName, FamilyName: r.FamilyName}.Name()}
	}
	return out, nil
}

// ExamNames names groups of any kind by id. Unknown ids are absent.
func (s *Store) ExamNames(ctx context.Context, org domain.OrganisationID, ids []domain.ExamID) (map[domain.ExamID]string, error) {
	var rows []struct{ ID, Name string }
	err := s.list(ctx, &rows, `SELECT id, name FROM groups WHERE organisation_id = $1 AND id IN `+s.d.Texts("$2"), org, jsonOf(ids))
	if err != nil {
		return nil, fmt.Errorf("read groups' names: %w", err)
	}
	out := make(map[domain.ExamID]string, len(rows))
	for _, r := range rows {
		out[domain.ExamID(r.ID)] = r.Name
	}
	return out, nil
}
