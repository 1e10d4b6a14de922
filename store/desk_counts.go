package store

import (
	"context"
	"fmt"

	"crier/internal/domain"
)

// DeskCounts counts what waits for a staff member among the conversations they see; none
// over domain.DeskCountMost. What is archived or snoozed does not count.
func (s *Store) DeskCounts(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, seen domain.Seen) (domain.DeskCounts, error) {
	var out domain.DeskCounts
	if err := s.Expand(ctx, org); err != nil {
		return out, err
	}
	no := false
	for _, c := range []struct {
		into *int
		f    domain.DeskFilter
	}{
		{&out.Unread, domain.DeskFilter{Folder: domain.FolderUnread}},
		{&out.Unprocessed, domain.DeskFilter{Processed: &no}},
		{&out.Mine, domain.DeskFilter{Mine: true}},
	} {
		q := s.deskQuery(org, staff, seen, c.f)
		if err := q.few(ctx); err != nil {
			return out, fmt.Errorf("count conversations: %w", err)
		}
		q.v = "c"
		text, args := q.count()
		if err := s.get(ctx, c.into, text, args...); err != nil {
			return out, fmt.Errorf("count conversations: %w", err)
		}
		*c.into = min(*c.into, domain.DeskCountMost)
	}
	args := []any{org, staff}
	err := s.get(ctx, &out.Mentions, `SELECT count(*) FROM (SELECT 1`+s.mentionsFrom("", seen, &args)+` AND `+unreadMention+
		fmt.Sprintf(` LIMIT %d) AS x`, domain.DeskCountMost), args...)
	if err != nil {
		return out, fmt.Errorf("count mentions: %w", err)
	}
	return out, nil
}

// count is the statement that counts what the filter chooses. What the conversation
// does not meet, what is seen of it does not meet either, so that is asked first.
func (q deskQuery) count() (string, []any) {
	args := []any{q.org}
	where := " WHERE c.organisation_id = $1 AND c.shelf = 0" + q.conditions(&args)
	unread := q.f.Folder == domain.FolderUnread
	if q.only != nil {
		args = append(args, jsonOf(q.only))
		where += " AND " + q.s.d.AmongInts("c.person_no", fmt.Sprintf("$%d", len(args)))
	}
	if q.narrowed() {
		fits := ""
		if q.f.Processed != nil {
			fits = ` AND t.in_offset <> 0`
		}
		if unread {
			fits = ` AND (t.in_offset > coalesce(r.read_offset, 0) OR coalesce(r.marked, 0) <> 0)`
		}
		where += q.s.seesPerson("c.person_no", q.seen, &args) + ` AND EXISTS (SELECT 1 FROM threads t WHERE t.organisation_id = $1 AND t.person_no = c.person_no` +
			q.s.seesGroup("t.group_id", "t.person_no", q.seen, &args) + fits + `)`
	}
	from := " FROM conversations c" + q.joins(&args, false) + where
	if !unread || q.only != nil {
		return "SELECT count(*) FROM (SELECT 1" + from + fmt.Sprintf(" LIMIT %d) AS x", domain.DeskCountMost), args
	}
	// Most have read nearly everything: then a limit would only lead the planner to look
	// everything up one by one. Those who have not reach the most among the newest.
	newest := fmt.Sprintf(" ORDER BY c.in_offset DESC, c.person_no DESC LIMIT %d", 2*domain.DeskCountMost)
	return "WITH newest AS MATERIALIZED (SELECT count(*) AS n FROM (SELECT c.person_no, c.in_offset, c.shelf, c.organisation_id FROM conversations c WHERE c.organisation_id = $1 AND c.shelf = 0" + newest + ") c" +
		q.joins(&args, false) + where + ") SELECT CASE WHEN newest.n >= " + fmt.Sprint(domain.DeskCountMost) + " THEN newest.n ELSE (SELECT count(*)" + from + ") END FROM newest", args
}
