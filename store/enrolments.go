package store

import (
	"context"
	"fmt"

	"crier/internal/domain"
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
	if err := s.list(ctx, &found, query+` ORDER BY e.room, e.seat, p.sort_name, p.no`, args...); err != nil {
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
