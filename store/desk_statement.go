package store

import (
	"fmt"
	"strconv"
	"strings"

	"crier/internal/domain"
)

// deskColumns are what conditions ask of a conversation.
const deskColumns = "c.organisation_id, c.person_no, c.sort_name, c.last_offset, c.in_offset, c.out_offset, c.waiting_offset, c.shelf, c.open, c.processed_at, c.assigned_no"

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
	where := " WHERE c.organisation_id = $1 AND c.shelf = " + q.shelf()
	if seg.where != "" {
		where += " AND " + seg.where
	}
	if q.only != nil && !q.narrowed() {
		where += " AND " + q.s.d.AmongInts("c.person_no", arg(jsonOf(q.only)))
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
		from = fmt.Sprintf("(SELECT "+deskColumns+" FROM conversations c%s%s LIMIT %d) c", where, order, deskWindow)
		where = " WHERE c.organisation_id = $1"
	case !looked:
		with = q.asked(&args)
	}
	if !walk && !q.narrowed() && (q.only != nil || q.residual()) {
		order = ways(q.s.d.unordered(seg.key, seg.text))
	}
	return with + "SELECT " + q.v + ".person_no, " + number + " AS key, " + name + " AS name FROM " + from + q.joins(&args, looked) + where + conditions + order + fmt.Sprintf(" LIMIT %d", limit), args
}

// shelf is what the folder asks of conversations.shelf.
func (q deskQuery) shelf() string {
	shelf := shelfInbox
	switch q.f.Folder {
	case domain.FolderArchived:
		shelf = shelfArchive
	case domain.FolderSnoozed:
		shelf = shelfSnoozed
	}
	return strconv.Itoa(shelf)
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
	case q.only != nil: // few: looked up one by one
		from = columns + only + within + ` AND EXISTS (SELECT 1 FROM enrolments se WHERE se.organisation_id = $1 AND se.person_no = t.person_no AND ` +
			q.s.inPlaces("se", q.seen, args) + `)` + q.s.seesGroup("t.group_id", "t.person_no", q.seen, args)
	default:
		places := q.s.inPlaces("se", q.seen, args)
		from = columns + only + within + ` AND ` + q.s.seenGroups("t.group_id", q.seen, args) +
			` AND (t.group_id, t.person_no) IN (SELECT se.group_id, se.person_no FROM enrolments se WHERE se.organisation_id = $1 AND ` + places + `)`
		if loose := q.seen.Loose(); within == "" && len(loose.Places) > 0 {
			from += ` UNION ALL ` + columns + only + ` AND t.group_id = ''` + q.s.seesPerson("t.person_no", loose, args)
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
	case !asked || q.met:
	case looked:
		out += ` JOIN people p ON p.organisation_id = $1 AND p.no = ` + q.v + `.person_no` + q.s.matches(people, q.seen, args)
	default:
		out += ` JOIN asked p ON p.no = ` + q.v + `.person_no`
	}
	return out
}

// people is what the filter asks about the candidates themselves, and whether it asks anything. Where
// only what was written in a group counts, that they are in it follows from what belongs to it there.
func (q deskQuery) people() (domain.PeopleFilter, bool) {
	p := q.f.People
	p.Presence = nil
	switch {
	case !q.f.Written:
		p.Kind = q.f.Kind
	case len(p.State) == 0:
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
	return `WITH asked AS MATERIALIZED (SELECT p.no FROM people p WHERE p.organisation_id = $1 AND p.kind = 'candidate'` + q.s.matches(people, q.seen, args) + `) `
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
	case domain.FolderAll, domain.FolderArchived, domain.FolderSnoozed:
	}
	if q.f.Overdue {
		out += ` AND c.waiting_offset <> 0 AND c.person_no IN (` + q.overdue(args) + `)`
	}
	if p := q.f.Processed; p != nil {
		if *p {
			out += ` AND c.open = 0 AND c.processed_at <> 0`
		} else {
			out += ` AND c.open = 1`
		}
		if !q.seen.All {
			out += ` AND ` + q.v + `.in_offset <> 0`
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
