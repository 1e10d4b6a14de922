package store

import (
	"context"
	"fmt"

	"crier/internal/domain"
)

// SeenCandidates finds candidates by public id; those that are unknown, of another
// organisation, or not seen are absent.
func (s *Store) SeenCandidates(ctx context.Context, org domain.OrganisationID, seen domain.Seen, ids []domain.PersonID) (map[domain.PersonID]domain.PersonRef, error) {
	args := []any{org, jsonOf(ids)}
	var rows []refRow
	err := s.list(ctx, &rows, `SELECT p.no, p.id, p.external_id, p.given_name, p.family_name FROM people p
		WHERE p.organisation_id = $1 AND p.kind = 'candidate' AND p.id IN `+s.d.Texts("$2")+s.seesPeople(seen, &args), args...)
	if err != nil {
		return nil, fmt.Errorf("read candidates: %w", err)
	}
	out := make(map[domain.PersonID]domain.PersonRef, len(rows))
	for _, r := range rows {
		out[domain.PersonID(r.ID)] = r.ref()
	}
	return out, nil
}

type refRow struct {
	No         int64
	ID         string
	ExternalID string `db:"external_id"`
	GivenName  string `db:"given_name"`
	FamilyName string `db:"family_name"`
}

func (r refRow) ref() domain.PersonRef {
	return domain.PersonRef{No: domain.PersonNo(r.No), ID: domain.PersonID(r.ID), ExternalID: r.ExternalID,
		Name: domain.Person{GivenName: r.GivenName, FamilyName: r.FamilyName}.Name()}
}

// StaffSeeing returns those of the staff of these ids who may do action to the candidate
// now, whichever of their groups it is that they see them in.
func (s *Store) StaffSeeing(ctx context.Context, org domain.OrganisationID, action domain.Action, candidate domain.PersonNo, ids []domain.PersonID) (map[domain.PersonID]domain.PersonRef, error) {
	return s.staffSeeing(ctx, org, action, candidate, ids, domain.Seen.Holds)
}

// StaffSeeingGroup is StaffSeeing of what belongs to a group ("" = to none) in the candidate's
// conversation.
func (s *Store) StaffSeeingGroup(ctx context.Context, org domain.OrganisationID, action domain.Action, candidate domain.PersonNo, group domain.GroupID, ids []domain.PersonID) (map[domain.PersonID]domain.PersonRef, error) {
	return s.staffSeeing(ctx, org, action, candidate, ids, func(seen domain.Seen, places []domain.Place) bool {
		return seen.Holds(places) && seen.HoldsGroup(group, places)
	})
}

func (s *Store) staffSeeing(ctx context.Context, org domain.OrganisationID, action domain.Action, candidate domain.PersonNo, ids []domain.PersonID,
	sees func(domain.Seen, []domain.Place) bool) (map[domain.PersonID]domain.PersonRef, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []struct {
		refRow
		Role string
	}
	err := s.list(ctx, &rows, `SELECT p.no, p.id, p.external_id, p.given_name, p.family_name, p.role FROM people p
		WHERE p.organisation_id = $1 AND p.kind = 'staff' AND p.state = 'active' AND p.id IN `+s.d.Texts("$2"), org, jsonOf(ids))
	if err != nil {
		return nil, fmt.Errorf("read colleagues: %w", err)
	}
	nos := make([]domain.PersonNo, len(rows))
	for i, r := range rows {
		nos[i] = domain.PersonNo(r.No)
	}
	scopes, err := s.scopesOf(ctx, s.list, org, nos)
	if err != nil {
		return nil, err
	}
	places, err := s.placesOf(ctx, org, candidate)
	if err != nil {
		return nil, err
	}
	refs := map[domain.PersonID]domain.PersonRef{}
	for _, r := range rows {
		a := domain.Actor{Organisation: org, Kind: domain.ActorPerson, Role: domain.Role(r.Role), Scopes: scopes[domain.PersonNo(r.No)]}
		if seen, err := a.Seen(action); err == nil && sees(seen, places) {
			refs[domain.PersonID(r.ID)] = r.ref()
		}
	}
	return refs, nil
}

// placesOf are the places through which staff see a candidate.
func (s *Store) placesOf(ctx context.Context, org domain.OrganisationID, candidate domain.PersonNo) ([]domain.Place, error) {
	var rows []struct {
		Group string `db:"group_id"`
		Room  string
		State string
		Kind  string
	}
	err := s.list(ctx, &rows, `SELECT e.group_id, e.room, e.state, g.kind FROM enrolments e JOIN groups g ON g.organisation_id = e.organisation_id AND g.id = e.group_id
		WHERE e.organisation_id = $1 AND e.person_no = $2`, org, candidate)
	if err != nil {
		return nil, fmt.Errorf("read where a candidate is: %w", err)
	}
	var out []domain.Place
	for _, r := range rows {
		if domain.EnrolmentState(r.State).Reaches(domain.GroupKind(r.Kind)) {
			out = append(out, domain.Place{Group: domain.GroupID(r.Group), Room: r.Room})
		}
	}
	return out, nil
}
