package store

import (
	"context"
	"fmt"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// A thread whose oldest unanswered message came in at t is to be answered by t plus the expected
// reply time of its group. Groups without one, and messages of no group, are never overdue.

// dueThreads is the row source of threads with such a time, t, their groups g, and the entry e of
// the message that waits.
const dueThreads = ` FROM groups g JOIN threads t ON t.organisation_id = g.organisation_id AND t.group_id = g.id AND t.waiting_offset <> 0
	JOIN entries e ON e.organisation_id = t.organisation_id AND e."offset" = t.waiting_offset
	WHERE g.organisation_id = $1 AND g.reply_minutes > 0`

// dueAt is when a thread of dueThreads is to be answered, in microseconds.
const dueAt = `(e.at + CAST(g.reply_minutes AS bigint) * 60000000)`

// overdue selects the people with a thread that is seen, counts and is overdue.
func (q deskQuery) overdue(args *[]any) string {
	*args = append(*args, micros(q.s.clock.Now()))
	return `SELECT DISTINCT t.person_no` + dueThreads + fmt.Sprintf(` AND `+dueAt+` < $%d`, len(*args)) +
		q.s.seesGroup("t.group_id", "t.person_no", q.seen, args) + q.s.counting("t.group_id", q.f.Within(), args)
}

// addReplyDue says by when the conversations that wait should be answered.
func (s *Store) addReplyDue(ctx context.Context, org domain.OrganisationID, seen domain.Seen, within domain.Within, rows map[domain.PersonNo]domain.ConversationRow) error {
	var waiting []domain.PersonNo
	for no, r := range rows {
		if !r.WaitingSince.IsZero() {
			waiting = append(waiting, no)
		}
	}
	if len(waiting) == 0 {
		return nil
	}
	args := []any{org, jsonOf(waiting)}
	var list []struct {
		No  int64 `db:"person_no"`
		Due int64
	}
	err := s.list(ctx, &list, `SELECT t.person_no, min(`+dueAt+`) AS due`+dueThreads+` AND t.person_no IN `+s.d.Ints("$2")+
		s.seesGroup("t.group_id", "t.person_no", seen, &args)+s.counting("t.group_id", within, &args)+` GROUP BY t.person_no`, args...)
	if err != nil {
		return fmt.Errorf("read when answers are due: %w", err)
	}
	for _, d := range list {
		r := rows[domain.PersonNo(d.No)]
		r.ReplyDue = timeOf(d.Due)
		rows[domain.PersonNo(d.No)] = r
	}
	return nil
}

// SetReplyMinutes changes the expected reply time of a group that is seen, and records it. The entry is
// nil if it is what it was. Errors: NotFound.
func (s *Store) SetReplyMinutes(ctx context.Context, by domain.Actor, seen domain.Seen, group domain.GroupID, minutes int) (e *journal.Entry, err error) {
	err = s.write(ctx, by.Organisation, func(tx *Tx) error {
		e = nil
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		var rows []groupRow
		args, where := []any{tx.org, group}, ""
		if !seen.All {
			where = " AND " + s.seenGroups("id", seen, &args)
		}
		err := tx.Select(ctx, &rows, `SELECT `+groupColumns+` FROM groups WHERE organisation_id = $1 AND id = $2`+where, args...)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return fault.New(fault.NotFound, "no such group among yours")
		}
		r := rows[0]
		if r.Reply == minutes {
			return nil
		}
		if _, err := tx.Exec(ctx, `UPDATE groups SET reply_minutes = $3 WHERE organisation_id = $1 AND id = $2`, tx.org, group, minutes); err != nil {
			return err
		}
		records := []journal.GroupRecord{{ID: domain.GroupID(r.ID), Kind: domain.GroupKind(r.Kind), ExternalID: r.ExternalID, Name: r.Name}}
		if err := tx.addMembers(ctx, records); err != nil {
			return err
		}
		e = &journal.Entry{Kind: journal.KindGroupsUpserted, Actor: by.Ref(), Payload: payload(journal.GroupsUpserted{Groups: records})}
		return tx.Append(ctx, e)
	})
	if err != nil {
		return nil, fmt.Errorf("set an expected reply time: %w", err)
	}
	return e, nil
}
