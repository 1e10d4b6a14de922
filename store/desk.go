package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"crier/internal/domain"
)

// deskWindow is how many conversations, in the order that is asked for, are looked at
// one by one before the whole is gathered and sorted. A condition that many meet fills its page
// long before, one that few meet is cheaper to gather. Tests make it small.
var deskWindow = 1500

// Desk returns where up to limit conversations stand that the filter chooses and staff
// sees, in the filter's order, after a place (nil: from the beginning). A conversation that
// moves forward between two pages is in one of them or was in an earlier one. Errors:
// none but the database's.
func (s *Store) Desk(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, seen domain.Seen, f domain.DeskFilter, after *domain.DeskPlace, limit int) ([]domain.DeskPlace, error) {
	if err := s.Expand(ctx, org); err != nil {
		return nil, err
	}
	q := s.deskQuery(org, staff, seen, f)
	var out []domain.DeskPlace
	for i, seg := range segments(f, q.v) {
		if after != nil && i < after.Segment {
			continue
		}
		from := after
		if after != nil && i > after.Segment {
			from = nil
		}
		page, err := q.segment(ctx, i, seg, from, limit-len(out))
		if err != nil {
			return nil, fmt.Errorf("read the desk: %w", err)
		}
		if out = append(out, page...); len(out) >= limit {
			break
		}
	}
	return out, nil
}

// segment is a part of a sorted list: the conversations that a condition chooses, by one
// key.
type segment struct {
	where string
	key   string
	desc  bool
	text  bool // the key is a text
}

// segments are the parts of the filter's order, one after the other; v is the row of
// what is seen of a conversation, c that of the conversation. What the filter leaves empty
// anyway is left out.
func segments(f domain.DeskFilter, v string) []segment {
	by := func(column string, desc bool) segment {
		return segment{where: v + column + " <> 0", key: v + column, desc: desc}
	}
	newest := func(where string) segment { return segment{where: where, key: v + ".last_offset", desc: true} }
	switch f.Order() {
	case domain.SortOldest:
		return []segment{{key: v + ".last_offset"}}
	case domain.SortLastReceived:
		out := []segment{by(".in_offset", true)}
		if f.Folder != domain.FolderReceived {
			out = append(out, newest(v+".in_offset = 0"))
		}
		return out
	case domain.SortLastSent:
		out := []segment{by(".out_offset", true)}
		if f.Folder != domain.FolderSent {
			out = append(out, newest(v+".out_offset = 0"))
		}
		return out
	case domain.SortLastName:
		return []segment{{key: "c.sort_name", text: true}}
	case domain.SortUnprocessed:
		if f.Processed != nil {
			return []segment{newest("")}
		}
		return []segment{newest("c.open = 1"), newest("c.open = 0")}
	case domain.SortWaiting:
		return []segment{by(".waiting_offset", false), newest(v + ".waiting_offset = 0")}
	default:
		return []segment{newest("")}
	}
}

// deskQuery makes the statements of one question.
type deskQuery struct {
	s     *Store
	org   domain.OrganisationID
	staff domain.PersonNo
	seen  domain.Seen
	f     domain.DeskFilter
	v     string            // alias of what is seen of a conversation
	only  []domain.PersonNo // of these people alone; nil: of all
}

func (s *Store) deskQuery(org domain.OrganisationID, staff domain.PersonNo, seen domain.Seen, f domain.DeskFilter) deskQuery {
	q := deskQuery{s: s, org: org, staff: staff, seen: seen, f: f, v: "c"}
	if q.narrowed() {
		q.v = "v"
	}
	return q
}

// narrowed reports whether only threads count, not whole conversations.
func (q deskQuery) narrowed() bool { return !q.seen.All || !q.f.Within().Empty() }

// segment reads one segment's part of a page.
func (q deskQuery) segment(ctx context.Context, i int, seg segment, after *domain.DeskPlace, limit int) ([]domain.DeskPlace, error) {
	walk := !q.narrowed() && q.residual() && limit < deskWindow
	if walk {
		out, err := q.read(ctx, i, seg, after, limit, true)
		if err != nil || len(out) == limit {
			return out, err
		}
	}
	if q.narrowed() && limit < deskWindow {
		out, enough, err := q.glance(ctx, i, seg, after, limit)
		if err != nil || enough {
			return out, err
		}
		if q.only, err = q.picks(ctx); err != nil {
			return nil, err
		}
	}
	return q.read(ctx, i, seg, after, limit, false)
}

// residual reports whether there are conditions that no index of conversations follows.
func (q deskQuery) residual() bool {
	_, asked := q.people()
	return len(q.f.Assigned) == 0 && !q.f.Mine && (asked || q.f.Folder == domain.FolderUnread || q.f.Nobody || q.f.Processed != nil)
}

func (q deskQuery) read(ctx context.Context, i int, seg segment, after *domain.DeskPlace, limit int, walk bool) ([]domain.DeskPlace, error) {
	text, args := q.statement(seg, after, limit, walk)
	var rows []struct {
		No   int64 `db:"person_no"`
		Key  int64
		Name string
	}
	if err := q.s.list(ctx, &rows, text, args...); err != nil {
		return nil, err
	}
	out := make([]domain.DeskPlace, len(rows))
	for j, r := range rows {
		out[j] = domain.DeskPlace{Segment: i, Key: r.Key, Name: r.Name, Person: domain.PersonNo(r.No)}
	}
	return out, nil
}

// statement is the SELECT of a segment's rows. walk: look at no more than deskWindow
// conversations in their order; else, where conditions may make that long, the planner is kept
// from following the order's index.
func (q deskQuery) statement(seg segment, after *domain.DeskPlace, limit int, walk bool) (string, []any) {
	args := []any{q.org}
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	number, name := seg.key, "''"
	if seg.text {
		number, name = "0", seg.key
	}
	ways := func(key string) string {
		if seg.desc {
			return " ORDER BY " + key + " DESC, " + q.v + ".person_no DESC"
		}
		return " ORDER BY " + key + ", " + q.v + ".person_no"
	}
	where := " WHERE c.organisation_id = $1 AND c.archived = " + q.archived()
	if seg.where != "" {
		where += " AND " + seg.where
	}
	if after != nil {
		value, compare := any(after.Key), ">"
		if seg.text {
			value = after.Name
		}
		if seg.desc {
			compare = "<"
		}
		where += " AND (" + seg.key + ", " + q.v + ".person_no) " + compare + " (" + arg(value) + ", " + arg(after.Person) + ")"
	}
	conditions, order, with := q.conditions(&args), ways(seg.key), ""
	from, looked := q.from(&args), walk || q.only != nil
	switch {
	case walk:
		from = fmt.Sprintf("(SELECT c.* FROM conversations c%s%s LIMIT %d) c", where, order, deskWindow)
		where = " WHERE c.organisation_id = $1"
	case !looked:
		if with = q.asked(&args); !q.narrowed() && q.residual() {
			order = ways(q.s.d.unordered(seg.key, seg.text))
		}
	}
	return with + "SELECT " + q.v + ".person_no, " + number + " AS key, " + name + " AS name FROM " + from + q.joins(&args, looked) + where + conditions + order + fmt.Sprintf(" LIMIT %d", limit), args
}

// archived is what the folder asks of conversations.archived.
func (q deskQuery) archived() string {
	if q.f.Folder == domain.FolderArchived {
		return "1"
	}
	return "0"
}

// from is the row source of conversations, c, and of what is seen of each, q.v.
func (q deskQuery) from(args *[]any) string {
	if !q.narrowed() {
		return "conversations c"
	}
	return "(" + q.threads(args) + ") v JOIN conversations c ON c.organisation_id = $1 AND c.person_no = v.person_no"
}

// threads is the row source of what is seen of each conversation: of the groups that
// count and are seen, and, with a limited reach and no such groups, of no group.
func (q deskQuery) threads(args *[]any) string {
	const columns = `SELECT t.person_no, t.last_offset, t.in_offset, t.out_offset, t.waiting_offset FROM threads t WHERE t.organisation_id = $1`
	only := ""
	if q.only != nil {
		*args = append(*args, jsonOf(q.only))
		only = ` AND ` + q.s.d.AmongInts("t.person_no", fmt.Sprintf("$%d", len(*args)))
	}
	within := q.s.counting("t.group_id", q.f.Within(), args)
	var from string
	switch {
	case q.seen.All:
		from = columns + only + within
	default:
		places := q.s.inPlaces("se", q.seen, args)
		from = columns + only + within + ` AND ` + q.s.seenGroups("t.group_id", q.seen, args) +
			` AND (t.group_id, t.person_no) IN (SELECT se.group_id, se.person_no FROM enrolments se WHERE se.organisation_id = $1 AND ` + places + `)`
		if within == "" {
			from += ` UNION ALL ` + columns + only + ` AND t.group_id = '' AND t.person_no IN (SELECT se.person_no FROM enrolments se WHERE se.organisation_id = $1 AND ` + places + `)`
		}
	}
	if q.seen.All && len(q.f.People.Group) == 1 { // a person has one thread in a group
		return from
	}
	return `SELECT t.person_no, max(t.last_offset) AS last_offset, max(t.in_offset) AS in_offset, max(t.out_offset) AS out_offset,
		coalesce(min(CASE WHEN t.waiting_offset <> 0 THEN t.waiting_offset END), 0) AS waiting_offset FROM (` + from + `) t GROUP BY t.person_no`
}

// counting adds "the group in column is one that counts" to a statement that names the
// organisation as $1; it appends the arguments.
func (s *Store) counting(column string, w domain.Within, args *[]any) string {
	out := ""
	if len(w.Group) > 0 {
		*args = append(*args, jsonOf(w.Group))
		out += " AND " + s.d.Among(column, fmt.Sprintf("$%d", len(*args)))
	}
	if len(w.Kind) > 0 {
		*args = append(*args, jsonOf(w.Kind))
		out += " AND " + column + " IN (SELECT kg.id FROM groups kg WHERE kg.organisation_id = $1 AND " + s.d.Among("kg.kind", fmt.Sprintf("$%d", len(*args))) + ")"
	}
	return out
}

// joins are the tables that conditions need beside q.v and c. looked: the candidates are
// looked at one by one, and not gathered before.
func (q deskQuery) joins(args *[]any, looked bool) string {
	out := ""
	if q.f.Folder == domain.FolderUnread {
		*args = append(*args, q.staff)
		out += fmt.Sprintf(` LEFT JOIN reads r ON r.organisation_id = $1 AND r.staff_no = $%d AND r.person_no = %s.person_no`, len(*args), q.v)
	}
	people, asked := q.people()
	switch {
	case !asked:
	case looked:
		out += ` JOIN people p ON p.organisation_id = $1 AND p.no = ` + q.v + `.person_no` + q.s.matches("p", people, q.seen, args)
	default:
		out += ` JOIN asked p ON p.no = ` + q.v + `.person_no`
	}
	return out
}

// people is what the filter asks about the candidates themselves, and whether it asks
// anything. That they are in a group follows from what belongs to it there.
func (q deskQuery) people() (domain.PeopleFilter, bool) {
	p := q.f.People
	p.Presence = nil
	if len(p.State) == 0 {
		p.Group = nil
	}
	return p, !p.Empty()
}

// asked is the WITH of those who fit what is asked about the candidates themselves.
func (q deskQuery) asked(args *[]any) string {
	people, asked := q.people()
	if !asked {
		return ""
	}
	return `WITH asked AS MATERIALIZED (SELECT p.no FROM people p WHERE p.organisation_id = $1` + q.s.matches("p", people, q.seen, args) + `) `
}

// conditions are those of the filter that are not the order's.
func (q deskQuery) conditions(args *[]any) string {
	arg := func(v any) string {
		*args = append(*args, v)
		return fmt.Sprintf("$%d", len(*args))
	}
	out := ""
	switch q.f.Folder {
	case domain.FolderUnread:
		out += ` AND (` + q.v + `.in_offset > coalesce(r.read_offset, 0) OR coalesce(r.marked, 0) <> 0)`
	case domain.FolderReceived:
		out += ` AND ` + q.v + `.in_offset <> 0`
	case domain.FolderSent:
		out += ` AND ` + q.v + `.out_offset <> 0`
	case domain.FolderAll, domain.FolderArchived:
	}
	if p := q.f.Processed; p != nil {
		if *p {
			out += ` AND c.open = 0 AND c.processed_at <> 0`
		} else {
			out += ` AND c.open = 1`
		}
	}
	var assigned []string
	if q.f.Mine {
		assigned = append(assigned, `c.assigned_no = `+arg(q.staff)+` AND c.assigned_no <> 0`)
	}
	if q.f.Nobody {
		assigned = append(assigned, `c.assigned_no = 0`)
	}
	if len(q.f.Assigned) > 0 {
		assigned = append(assigned, `c.assigned_no <> 0 AND c.assigned_no IN (SELECT ap.no FROM people ap WHERE ap.organisation_id = $1 AND ap.id IN `+q.s.d.Texts(arg(jsonOf(q.f.Assigned)))+`)`)
	}
	if len(assigned) > 0 {
		out += ` AND (` + strings.Join(assigned, " OR ") + `)`
	}
	return out
}

// deskPicks is how many conversations are picked before what is seen of them is read.
const deskPicks = 2000

// picks are those who meet the conditions as whole conversations: who does not, does not
// by a part either. nil: nothing is asked of them, or too many meet it.
func (q deskQuery) picks(ctx context.Context) ([]domain.PersonNo, error) {
	q.v = "c"
	args := []any{q.org}
	conditions := q.conditions(&args)
	with := q.asked(&args)
	if conditions == "" && with == "" {
		return nil, nil
	}
	text := with + "SELECT c.person_no FROM conversations c" + q.joins(&args, false) + " WHERE c.organisation_id = $1 AND c.archived = " + q.archived() + conditions +
		q.s.seesPerson("c.person_no", q.seen, &args) + fmt.Sprintf(" LIMIT %d", deskPicks+1)
	out := []domain.PersonNo{}
	if err := q.s.list(ctx, &out, text, args...); err != nil {
		return nil, err
	}
	if len(out) > deskPicks {
		return nil, nil
	}
	return out, nil
}

// DeskPeople returns the numbers of up to limit people whose conversations the filter
// chooses, in its order: what an export of a filter is about.
func (s *Store) DeskPeople(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, seen domain.Seen, f domain.DeskFilter, limit int) ([]domain.PersonNo, error) {
	places, err := s.Desk(ctx, org, staff, seen, f, nil, limit)
	out := make([]domain.PersonNo, len(places))
	for i, p := range places {
		out[i] = p.Person
	}
	return slices.Clip(out), err
}
