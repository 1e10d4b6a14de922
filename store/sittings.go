package store

import (
	"context"
	"fmt"

	"crier/internal/domain"
)

// Sittings returns the tests a candidate is enrolled in, by start and name.
func (s *Store) Sittings(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) ([]domain.Sitting, error) {
	var rows []struct {
		ID           string
		Name         string
		ExternalID   string `db:"external_id"`
		StartsAt     int64  `db:"starts_at"`
		EndsAt       int64  `db:"ends_at"`
		Progress     string
		Room         string
		Seat         string
		ExtraMinutes int `db:"extra_minutes"`
	}
	err := s.list(ctx, &rows, `SELECT g.id, g.name, g.external_id, g.starts_at, g.ends_at, e.progress, e.room, e.seat, e.extra_minutes
		FROM enrolments e JOIN groups g ON g.organisation_id = e.organisation_id AND g.id = e.group_id
		WHERE e.organisation_id = $1 AND e.person_no = $2 AND g.kind = 'test'`+sits+` ORDER BY g.starts_at, g.name, g.id`, org, no)
	if err != nil {
		return nil, fmt.Errorf("read a candidate's tests: %w", err)
	}
	out := make([]domain.Sitting, len(rows))
	for i, r := range rows {
		out[i] = domain.Sitting{
			Exam: domain.Exam{Organisation: org, ID: domain.ExamID(r.ID), ExternalID: r.ExternalID, Name: r.Name, StartsAt: timeOf(r.StartsAt), EndsAt: timeOf(r.EndsAt)},
			Enrolment: domain.Enrolment{Exam: domain.ExamID(r.ID), Person: no, Progress: domain.Progress(r.Progress),
				Room: r.Room, Seat: r.Seat, ExtraMinutes: r.ExtraMinutes},
		}
	}
	return out, nil
}
