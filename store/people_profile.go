package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"crier/internal/domain"
)

// facetsMost is how many values of one kind PeopleFacets names.
const facetsMost = 500

// PeopleFacets returns the values that the candidates of a group ("" = of all) have, of
// those who are seen: at most 500 of each kind, sorted.
func (s *Store) PeopleFacets(ctx context.Context, org domain.OrganisationID, seen domain.Seen, group domain.GroupID) (domain.PeopleFacets, error) {
	f := domain.PeopleFilter{}
	if group != "" {
		f.Group = []domain.GroupID{group}
	}
	distinct := func(column string) (out []string, err error) {
		args := []any{org}
		err = s.list(ctx, &out, `SELECT DISTINCT `+column+s.candidates(f, seen, &args), args...)
		return out, err
	}
	found := map[string]map[string]bool{"tags": {}, "skills": {}, "cities": {}, "states": {}}
	fields := map[string]map[string]bool{}
	for _, of := range []struct {
		column string
		note   func(value string)
	}{
		{"p.tags", func(v string) { note(found["tags"], tagsOf(v)...) }},
		{"p.skills", func(v string) { note(found["skills"], tagsOf(v)...) }},
		{"p.city", func(v string) { note(found["cities"], v) }},
		{"p.state", func(v string) { note(found["states"], v) }},
		{"p.fields", func(v string) {
			for name, value := range fieldsOf(v) {
				if fields[name] == nil {
					fields[name] = map[string]bool{}
				}
				note(fields[name], value)
			}
		}},
	} {
		values, err := distinct(of.column)
		if err != nil {
			return domain.PeopleFacets{}, fmt.Errorf("read what people have: %w", err)
		}
		for _, v := range values {
			of.note(v)
		}
	}
	states, err := s.statesIn(ctx, org, seen, group)
	if err != nil {
		return domain.PeopleFacets{}, err
	}
	note(found["states"], states...)
	out := domain.PeopleFacets{Tags: facet(found["tags"]), Skills: facet(found["skills"]), Cities: facet(found["cities"]), States: facet(found["states"]),
		Fields: map[string][]string{}}
	for name, values := range fields {
		out.Fields[name] = facet(values)
	}
	return out, nil
}

// statesIn returns the states that occur in a group, or in all that are seen.
func (s *Store) statesIn(ctx context.Context, org domain.OrganisationID, seen domain.Seen, group domain.GroupID) (out []string, err error) {
	args := []any{org, group}
	only := ""
	if !seen.All {
		only = ` AND EXISTS (SELECT 1 FROM ` + s.places(seen, &args) + ` sp WHERE sp.g = e.group_id AND (sp.r = '' OR sp.r = e.room))`
	}
	err = s.list(ctx, &out, `SELECT DISTINCT e.state FROM enrolments e WHERE e.organisation_id = $1 AND (CAST($2 AS text) = '' OR e.group_id = $2)`+only, args...)
	if err != nil {
		return nil, fmt.Errorf("read states: %w", err)
	}
	return out, nil
}

func note(set map[string]bool, values ...string) {
	for _, v := range values {
		if v != "" {
			set[v] = true
		}
	}
}

func facet(set map[string]bool) []string {
	out := append([]string{}, slices.Sorted(maps.Keys(set))...)
	return out[:min(len(out), facetsMost)]
}

// Attendances returns every enrolment of a candidate, by start and name.
func (s *Store) Attendances(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) ([]domain.Attendance, error) {
	var rows []struct {
		groupRow
		Progress     string
		ProgressAt   int64 `db:"progress_at"`
		Room         string
		Seat         string
		ExtraMinutes int `db:"extra_minutes"`
		State        string
	}
	err := s.list(ctx, &rows, `SELECT g.id, g.kind, g.external_id, g.name, g.starts_at, g.ends_at, g.place, g.replies, g.starts, g.created_at,
			e.progress, e.progress_at, e.room, e.seat, e.extra_minutes, e.state
		FROM enrolments e JOIN groups g ON g.organisation_id = e.organisation_id AND g.id = e.group_id
		WHERE e.organisation_id = $1 AND e.person_no = $2 ORDER BY g.starts_at, g.name, g.id`, org, no)
	if err != nil {
		return nil, fmt.Errorf("read a candidate's groups: %w", err)
	}
	out := make([]domain.Attendance, len(rows))
	for i, r := range rows {
		out[i] = domain.Attendance{Group: r.group(org), State: domain.EnrolmentState(r.State),
			Enrolment: domain.Enrolment{Exam: domain.ExamID(r.ID), Person: no, Progress: domain.Progress(r.Progress), ProgressAt: timeOf(r.ProgressAt),
				Room: r.Room, Seat: r.Seat, ExtraMinutes: r.ExtraMinutes}}
	}
	return out, nil
}
