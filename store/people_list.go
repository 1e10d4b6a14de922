package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"crier/internal/domain"
	"crier/internal/fault"
)

// peopleOrders is how a PeopleSort is written, without the last key, which is the number.
var peopleOrders = map[domain.PeopleSort]string{
	domain.SortPeopleLastName:  `p.sort_name`,
	domain.SortPeopleFirstName: `p.sort_first`,
	domain.SortPeopleCity:      `p.sort_city, p.sort_name`,
}

// candidates is the condition of a list of people, for a statement whose $1 is the
// organisation.
func (s *Store) candidates(f domain.PeopleFilter, seen domain.Seen, args *[]any) string {
	return ` FROM people p WHERE p.organisation_id = $1 AND p.kind = 'candidate'` + s.seesPeople(seen, args) + s.matches(f, seen, args)
}

// People returns a page of the candidates who are seen and whom the filter chooses.
// Errors: Invalid (field "after") for a place that is nobody's, or in a list that was sorted by the
// rules of another language.
func (s *Store) People(ctx context.Context, org domain.OrganisationID, q domain.PeopleQuery) ([]domain.Listed, error) {
	args := []any{org}
	where := s.candidates(q.Filter, q.Seen, &args)
	order := peopleOrders[q.Sort]
	if q.After != "" {
		more, err := s.after(ctx, org, q, &args)
		if err != nil {
			return nil, err
		}
		where += more
	}
	where += ` ORDER BY ` + order + `, p.no`
	if q.Limit > 0 {
		args = append(args, q.Limit)
		where += fmt.Sprintf(` LIMIT $%d`, len(args))
	}
	var rows []personRow
	if err := s.list(ctx, &rows, `SELECT `+personColumns+where, args...); err != nil {
		return nil, fmt.Errorf("list people: %w", err)
	}
	if q.After != "" {
		if err := s.sameOrder(ctx, org, q.Language); err != nil {
			return nil, err
		}
	}
	return s.listed(ctx, org, rows)
}

// after is the condition that people stand behind the page's beginning.
func (s *Store) after(ctx context.Context, org domain.OrganisationID, q domain.PeopleQuery, args *[]any) (string, error) {
	var at struct {
		No        int64
		SortName  string `db:"sort_name"`
		SortFirst string `db:"sort_first"`
		SortCity  string `db:"sort_city"`
	}
	who := []any{org, q.After}
	err := s.get(ctx, &at, `SELECT p.no, p.sort_name, p.sort_first, p.sort_city FROM people p WHERE p.organisation_id = $1 AND p.id = $2`+s.seesPerson("p.no", q.Seen, &who), who...)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fault.Field("after", "not where a page of this list ends")
	}
	if err != nil {
		return "", fmt.Errorf("read where the page begins: %w", err)
	}
	keys := []any{at.SortName}
	switch q.Sort {
	case domain.SortPeopleFirstName:
		keys = []any{at.SortFirst}
	case domain.SortPeopleCity:
		keys = []any{at.SortCity, at.SortName}
	}
	values := ""
	for _, k := range append(keys, at.No) {
		*args = append(*args, k)
		values += fmt.Sprintf(`, $%d`, len(*args))
	}
	return ` AND (` + peopleOrders[q.Sort] + `, p.no) > (` + values[2:] + `)`, nil
}

// CountPeople counts the candidates who are seen and whom the filter chooses.
func (s *Store) CountPeople(ctx context.Context, org domain.OrganisationID, f domain.PeopleFilter, seen domain.Seen) (n int, err error) {
	args := []any{org}
	if err := s.get(ctx, &n, `SELECT count(*)`+s.candidates(f, seen, &args), args...); err != nil {
		return 0, fmt.Errorf("count people: %w", err)
	}
	return n, nil
}

// PeopleNumbers returns who is in the whole list, in its order, and nothing else of them:
// what a filter by presence is applied to. Errors: Invalid (field "after") if q has a place in a list
// that was sorted by the rules of another language.
func (s *Store) PeopleNumbers(ctx context.Context, org domain.OrganisationID, q domain.PeopleQuery) ([]domain.Placed, error) {
	args := []any{org}
	where := s.candidates(q.Filter, q.Seen, &args)
	var out []domain.Placed
	if err := s.list(ctx, &out, `SELECT p.no, p.id`+where+` ORDER BY `+peopleOrders[q.Sort]+`, p.no`, args...); err != nil {
		return nil, fmt.Errorf("list people's numbers: %w", err)
	}
	if q.After != "" {
		if err := s.sameOrder(ctx, org, q.Language); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// PeopleNumbered returns these candidates, in this order; unknown ones are absent.
func (s *Store) PeopleNumbered(ctx context.Context, org domain.OrganisationID, nos []domain.PersonNo) ([]domain.Listed, error) {
	var rows []personRow
	err := s.list(ctx, &rows, `SELECT `+personColumns+` FROM people p WHERE p.organisation_id = $1 AND p.kind = 'candidate' AND p.no IN `+s.d.Ints("$2"), org, jsonOf(nos))
	if err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	byNo := make(map[int64]personRow, len(rows))
	for _, r := range rows {
		byNo[r.No] = r
	}
	rows = rows[:0]
	for _, no := range nos {
		if r, ok := byNo[int64(no)]; ok {
			rows = append(rows, r)
		}
	}
	return s.listed(ctx, org, rows)
}

// PeopleOf returns those of these candidates who are seen, and are or were in the
// group ("" = any or none); the others are absent.
func (s *Store) PeopleOf(ctx context.Context, org domain.OrganisationID, seen domain.Seen, group domain.GroupID, ids []domain.PersonID) ([]domain.Listed, error) {
	args := []any{org, jsonOf(ids)}
	f := domain.PeopleFilter{}
	if group != "" {
		f.Group = []domain.GroupID{group}
	}
	var rows []personRow
	err := s.list(ctx, &rows, `SELECT `+personColumns+s.candidates(f, seen, &args)+` AND p.id IN `+s.d.Texts("$2")+` ORDER BY p.no`, args...)
	if err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	return s.listed(ctx, org, rows)
}

// listed adds the groups to people.
func (s *Store) listed(ctx context.Context, org domain.OrganisationID, rows []personRow) ([]domain.Listed, error) {
	of := make([]*addressee, len(rows))
	for i, r := range rows {
		of[i] = &addressee{Addressee: &domain.Addressee{No: domain.PersonNo(r.No)}}
	}
	if len(of) > 0 {
		if err := (addresseeReader{d: s.d, list: s.list, org: org}).groups(ctx, of); err != nil {
			return nil, err
		}
	}
	out := make([]domain.Listed, len(rows))
	for i, r := range rows {
		out[i] = domain.Listed{Person: r.person(), Groups: of[i].Groups}
	}
	return out, nil
}

// GroupCounts counts the people of groups, within what is seen of each.
func (s *Store) GroupCounts(ctx context.Context, org domain.OrganisationID, seen domain.Seen, ids []domain.GroupID) (map[domain.GroupID]domain.GroupCounts, error) {
	args := []any{org, jsonOf(ids)}
	only := ""
	if !seen.All {
		only = ` AND EXISTS (SELECT 1 FROM ` + s.places(seen, &args) + ` sp WHERE sp.g = e.group_id AND (sp.r = '' OR sp.r = e.room))`
	}
	var rows []struct {
		Group string `db:"group_id"`
		State string
		N     int
	}
	err := s.list(ctx, &rows, `SELECT e.group_id, e.state, count(*) AS n FROM enrolments e
		WHERE e.organisation_id = $1 AND e.group_id IN `+s.d.Texts("$2")+only+` GROUP BY e.group_id, e.state`, args...)
	if err != nil {
		return nil, fmt.Errorf("count groups' people: %w", err)
	}
	out := map[domain.GroupID]domain.GroupCounts{}
	for _, r := range rows {
		id, state := domain.GroupID(r.Group), domain.EnrolmentState(r.State)
		c := out[id]
		if c.ByState == nil {
			c.ByState = map[domain.EnrolmentState]int{}
		}
		if state != domain.EnrolmentLeft {
			c.People += r.N
		}
		if state != "" {
			c.ByState[state] = r.N
		}
		out[id] = c
	}
	return out, nil
}
