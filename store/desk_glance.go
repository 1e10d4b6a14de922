package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"crier/internal/domain"
)

// With a limited reach, or within groups, a conversation's place follows from several
// threads, and no index has their order. A glance looks at the beginning of each
// group's threads in the order of its own index, and takes as candidates the people who come first
// there. Down to the floor, the first place at which some group's part breaks off, nobody can
// be missing, whether the first or the last of someone's threads counts; so what the whole statement says of the candidates alone is the page, if it
// fills above the floor. If not, everything is gathered.

// glanceGroups is how many groups are glanced at.
const glanceGroups = 60

// peek is a thread, or a conversation by its name, at the beginning of an order.
type peek struct {
	Group  string `db:"g"`
	Person int64  `db:"person_no"`
	Key    int64
	Name   string
	Seen   bool
}

// order compares two places of an order.
func (seg segment) order(a, b peek) int {
	c := cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Person, b.Person))
	if seg.desc {
		return -c
	}
	return c
}

// glance returns a page of a segment if a glance is enough.
func (q deskQuery) glance(ctx context.Context, i int, seg segment, after *domain.DeskPlace, limit int) (page []domain.DeskPlace, enough bool, err error) {
	peeks, window, err := q.peeks(ctx, seg, after, limit)
	if err != nil || window == nil {
		return nil, false, err
	}
	var floor *peek
	lower := func(p peek) {
		if floor == nil || seg.order(p, *floor) < 0 {
			floor = &p
		}
	}
	parts, last := map[string]int{}, map[string]peek{}
	for _, p := range peeks {
		parts[p.Group]++
		if l, ok := last[p.Group]; !ok || seg.order(p, l) > 0 {
			last[p.Group] = p
		}
	}
	for g, n := range parts {
		if n >= window(g) {
			lower(last[g])
		}
	}
	slices.SortFunc(peeks, seg.order)
	q.only = []domain.PersonNo{}
	taken := map[int64]bool{}
	for _, p := range peeks {
		if !p.Seen || taken[p.Person] {
			continue
		}
		if len(q.only) > 6*limit+50 {
			lower(p)
			break
		}
		taken[p.Person] = true
		q.only = append(q.only, domain.PersonNo(p.Person))
	}
	page, err = q.read(ctx, i, seg, after, limit, false)
	if err != nil || floor == nil {
		return page, true, err
	}
	for n, p := range page {
		if seg.order(peek{Key: p.Key, Name: p.Name, Person: int64(p.Person)}, *floor) >= 0 {
			return page[:n], false, nil
		}
	}
	return page, len(page) == limit, nil
}

// peeks reads the beginnings, after a place; window says how many of a group were asked
// for, nil if there is nothing to glance at.
func (q deskQuery) peeks(ctx context.Context, seg segment, after *domain.DeskPlace, limit int) (list []peek, window func(group string) int, err error) {
	args := []any{q.org}
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	beyond := func(key, way string) string {
		if after == nil {
			return ""
		}
		value := any(after.Key)
		if seg.text {
			value = after.Name
		}
		return " AND (" + key + ", t.person_no) " + way + " (" + arg(value) + ", " + arg(after.Person) + ")"
	}
	var text string
	switch {
	case seg.text:
		window = func(string) int { return deskWindow }
		beyond := beyond("t.sort_name", ">")
		text = fmt.Sprintf(`SELECT '' AS g, t.person_no, 0 AS key, t.sort_name AS name, t.person_no IN (%s) AS seen FROM (
			SELECT t.person_no, t.sort_name FROM conversations t WHERE t.organisation_id = $1 AND t.shelf = %s%s ORDER BY t.sort_name, t.person_no LIMIT %d) t`,
			q.somebody(q.seen, &args), q.shelf(), beyond, deskWindow)
	default:
		groups, err := q.groups(ctx)
		if err != nil || len(groups) > glanceGroups {
			return nil, nil, err
		}
		window = func(group string) int {
			if group == "" {
				return deskWindow
			}
			return max(2*limit, deskWindow/len(groups))
		}
		column, way, where := "t"+strings.TrimPrefix(seg.key, "v"), ">", ""
		order := column + ", t.person_no"
		if seg.desc {
			way, order = "<", column+" DESC, t.person_no DESC"
		}
		if column != "t.last_offset" {
			where = " AND " + column + " <> 0"
		}
		beyond := beyond(column, way)
		var parts []string
		for _, g := range groups {
			seen := "true"
			if g == "" {
				seen = "t.person_no IN (" + q.somebody(q.seen.Loose(), &args) + ")"
			}
			parts = append(parts, fmt.Sprintf(`SELECT t.group_id AS g, t.person_no, %s AS key, '' AS name, %s AS seen FROM (
				SELECT t.group_id, t.person_no, %s FROM threads t WHERE t.organisation_id = $1 AND t.group_id = %s%s%s
				ORDER BY %s LIMIT %d) t`, column, seen, column, arg(g), where, beyond, order, window(g)))
		}
		if text = strings.Join(parts, " UNION ALL "); text == "" {
			return nil, window, nil
		}
	}
	if err := q.s.list(ctx, &list, text, args...); err != nil {
		return nil, nil, err
	}
	return list, window, nil
}

// somebody is the sub-select of those of whom something may be seen, whom the statement
// looks at more closely.
func (q deskQuery) somebody(seen domain.Seen, args *[]any) string {
	if seen.All {
		return `SELECT st.person_no FROM threads st WHERE st.organisation_id = $1` + q.s.counting("st.group_id", q.f.Within(), args)
	}
	return `SELECT se.person_no FROM enrolments se WHERE se.organisation_id = $1 AND ` + q.s.inPlaces("se", seen, args)
}

// groups are those of which threads count, "" for none among them.
func (q deskQuery) groups(ctx context.Context) ([]string, error) {
	var out []string
	within := q.f.Within()
	switch {
	case len(within.Kind) > 0:
		args := []any{q.org}
		where := q.s.counting("g.id", within, &args)
		if err := q.s.list(ctx, &out, `SELECT g.id FROM groups g WHERE g.organisation_id = $1`+where, args...); err != nil {
			return nil, err
		}
	case len(within.Group) > 0:
		for _, g := range within.Group {
			out = append(out, string(g))
		}
	default:
		if q.seen.All || len(q.seen.Loose().Places) > 0 {
			out = append(out, "")
		}
		for _, p := range q.seen.Places {
			out = append(out, string(p.Group))
		}
	}
	if !q.seen.All {
		out = slices.DeleteFunc(out, func(g string) bool {
			return g != "" && !slices.ContainsFunc(q.seen.Places, func(p domain.Place) bool { return string(p.Group) == g })
		})
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
