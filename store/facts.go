package store

import (
	"context"
	"fmt"

	"crier/internal/domain"
	"crier/internal/journal"
)

// addFacts says that an entry stands in the conversations of these people: a note or an
// event, which staff alone see. Group is what it belongs to, "" for nothing.
func (t *Tx) addFacts(ctx context.Context, e *journal.Entry, group domain.GroupID, people ...domain.PersonNo) error {
	_, err := t.Exec(ctx, `INSERT INTO facts (organisation_id, person_no, "offset", kind, group_id)
		SELECT $1, p.value, $3, $4, $5 FROM `+t.s.d.Ints("$2")+` AS p WHERE true`, t.org, jsonOf(people), e.Offset, e.Kind, group)
	if err != nil {
		return fmt.Errorf("note what stands in conversations: %w", err)
	}
	return nil
}

// reached says whose staff hear of these people's conversations: the groups and rooms
// that they are in and have not left. In the order asked; unknown people are absent.
func (t *Tx) reached(ctx context.Context, people []domain.PersonNo) ([]journal.Reached, error) {
	var list []struct {
		No    int64
		ID    string
		Group string `db:"group_id"`
		Room  string
	}
	err := t.Select(ctx, &list, `SELECT p.no, p.id, coalesce(e.group_id, '') AS group_id, coalesce(e.room, '') AS room
		FROM people p LEFT JOIN enrolments e ON e.organisation_id = p.organisation_id AND e.person_no = p.no AND e.state <> 'left'
		WHERE p.organisation_id = $1 AND p.no IN `+t.s.d.Ints("$2")+` ORDER BY e.group_id`, t.org, jsonOf(people))
	if err != nil {
		return nil, fmt.Errorf("read where people are: %w", err)
	}
	all := map[domain.PersonNo]*journal.Reached{}
	for _, r := range list {
		no := domain.PersonNo(r.No)
		if all[no] == nil {
			all[no] = &journal.Reached{Person: no, PersonID: domain.PersonID(r.ID), Reach: []domain.Place{}}
		}
		if r.Group != "" {
			all[no].Reach = append(all[no].Reach, domain.Place{Group: domain.GroupID(r.Group), Room: r.Room})
		}
	}
	out := make([]journal.Reached, 0, len(people))
	for _, no := range people {
		if r := all[no]; r != nil {
			out = append(out, *r)
		}
	}
	return out, nil
}
