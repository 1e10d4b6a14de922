package store

import (
	"context"
	"fmt"
	"time"

	"crier/internal/domain"
)

// Sittings returns the tests a candidate is enrolled in, by start and name.
func (s *Store) Sittings(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) ([]domain.Sitting, error) {
	return s.sittings(ctx, org, []domain.PersonNo{no})
}

// InTestUntil returns until when a candidate's tests that they are in at a moment last; zero: they
// are in none.
func (s *Store) InTestUntil(ctx context.Context, org domain.OrganisationID, no domain.PersonNo, at time.Time) (time.Time, error) {
	list, err := s.sittings(ctx, org, []domain.PersonNo{no})
	return lastUntil(list, at)[no], err
}

func lastUntil(list []domain.Sitting, at time.Time) map[domain.PersonNo]time.Time {
	last := map[domain.PersonNo]time.Time{}
	for _, one := range list {
		if until := one.Until(at); until.After(last[one.Enrolment.Person]) {
			last[one.Enrolment.Person] = until
		}
	}
	return last
}

func (s *Store) sittings(ctx context.Context, org domain.OrganisationID, people []domain.PersonNo) ([]domain.Sitting, error) {
	var rows []struct {
		Person       int64 `db:"person_no"`
		ID           string
		Name         string
		ExternalID   string `db:"external_id"`
		StartsAt     int64  `db:"starts_at"`
		EndsAt       int64  `db:"ends_at"`
		Progress     string
		ProgressAt   int64 `db:"progress_at"`
		Room         string
		Seat         string
		ExtraMinutes int `db:"extra_minutes"`
	}
	err := s.list(ctx, &rows, `SELECT e.person_no, g.id, g.name, g.external_id, g.starts_at, g.ends_at, e.progress, e.progress_at, e.room, e.seat, e.extra_minutes
		FROM enrolments e JOIN groups g ON g.organisation_id = e.organisation_id AND g.id = e.group_id
		WHERE e.organisation_id = $1 AND e.person_no IN `+s.d.Ints("$2")+` AND g.kind = 'test'`+sits+` ORDER BY g.starts_at, g.name, g.id`, org, jsonOf(people))
	if err != nil {
		return nil, fmt.Errorf("read candidates' tests: %w", err)
	}
	out := make([]domain.Sitting, len(rows))
	for i, r := range rows {
		out[i] = domain.Sitting{
			Exam: domain.Exam{Organisation: org, ID: domain.ExamID(r.ID), ExternalID: r.ExternalID, Name: r.Name, StartsAt: timeOf(r.StartsAt), EndsAt: timeOf(r.EndsAt)},
			Enrolment: domain.Enrolment{Exam: domain.ExamID(r.ID), Person: domain.PersonNo(r.Person), Progress: domain.Progress(r.Progress),
				ProgressAt: timeOf(r.ProgressAt), Room: r.Room, Seat: r.Seat, ExtraMinutes: r.ExtraMinutes},
		}
	}
	return out, nil
}
