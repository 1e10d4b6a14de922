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
		WHERE p.organisation_id = $1 AND p.kind = 'candidate' AND p.id IN `+s.d.Texts("$2")+s.seesPeople("p", seen, &args), args...)
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
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []struct {
		refRow
		Role    string
		GroupID string `db:"group_id"` // a scope, one row for each
		Room    string
		In      bool // there is a scope
	}
	err := s.list(ctx, &rows, `SELECT p.no, p.id, p.external_id, p.given_name, p.family_name, p.role,
			coalesce(x.group_id, '') AS group_id, coalesce(x.room, '') AS room, x.group_id IS NOT NULL AS "in"
		FROM people p LEFT JOIN staff_scopes x ON x.organisation_id = p.organisation_id AND x.person_no = p.no
		WHERE p.organisation_id = $1 AND p.kind = 'staff' AND p.state = 'active' AND p.id IN `+s.d.Texts("$2"), org, jsonOf(ids))
	if err != nil {
		return nil, fmt.Errorf("read colleagues: %w", err)
	}
	var places []domain.Place
	var enrolled []struct {
		Group string `db:"group_id"`
		Room  string
	}
	if err := s.list(ctx, &enrolled, `SELECT group_id, room FROM enrolments WHERE organisation_id = $1 AND person_no = $2`, org, candidate); err != nil {
		return nil, fmt.Errorf("read where a candidate is: %w", err)
	}
	for _, e := range enrolled {
		places = append(places, domain.Place{Group: domain.GroupID(e.Group), Room: e.Room})
	}
	actors := map[domain.PersonID]*domain.Actor{}
	refs := map[domain.PersonID]domain.PersonRef{}
	for _, r := range rows {
		id := domain.PersonID(r.ID)
		if actors[id] == nil {
			actors[id], refs[id] = &domain.Actor{Organisation: org, Kind: domain.ActorPerson, Role: domain.Role(r.Role)}, r.ref()
		}
		if r.In {
			actors[id].Scopes = append(actors[id].Scopes, domain.Scope{Exam: domain.ExamID(r.GroupID), Room: r.Room})
		}
	}
	for id, a := range actors {
		if seen, err := a.Seen(action); err != nil || !seen.Holds(places) {
			delete(refs, id)
		}
	}
	return refs, nil
}
