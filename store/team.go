package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"crier/internal/domain"
	"crier/internal/journal"
)

// TeamSend stores a message among staff: its entry, its place in the thread, and for whom it is
// unread. members are those who get the thread into their list. A retry returns the earlier entry,
// and fresh is false. Errors: Conflict (field "key").
func (s *Store) TeamSend(ctx context.Context, e *journal.Entry, thread domain.TeamThread, by domain.PersonNo, members []domain.PersonNo) (stored *journal.Entry, fresh bool, err error) {
	err = s.write(ctx, e.Organisation, func(tx *Tx) error {
		if err := tx.Append(ctx, e); err != nil {
			return err
		}
		key := thread.Key()
		if _, err := tx.Exec(ctx, `INSERT INTO team_messages (organisation_id, thread, "offset") VALUES ($1, $2, $3)`, e.Organisation, key, e.Offset); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO team_threads (organisation_id, thread, last_offset) VALUES ($1, $2, $3)
			ON CONFLICT (organisation_id, thread) DO UPDATE SET last_offset = excluded.last_offset`, e.Organisation, key, e.Offset); err != nil {
			return err
		}
		rows := make([][2]int64, len(members))
		for i, m := range members {
			if rows[i][0] = int64(m); m == by {
				rows[i][1] = e.Offset
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO team_members (organisation_id, person_no, thread, read_offset) SELECT $1, r.no, $2, r.read FROM `+s.d.Rows("$3", "no", "read")+` AS r WHERE true
			ON CONFLICT (organisation_id, person_no, thread) DO UPDATE SET read_offset = CASE WHEN excluded.read_offset > team_members.read_offset THEN excluded.read_offset ELSE team_members.read_offset END`,
			e.Organisation, key, jsonOf(rows))
		return err
	})
	if d, ok := errors.AsType[*Duplicate](err); ok {
		return d.Entry, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("store a team message: %w", err)
	}
	return e, true, nil
}

// TeamThreads returns the threads that a staff member sees, newest first: their direct ones, and the
// back channels of these groups (nil: of every group) that have begun. Unread counts up to 100.
func (s *Store) TeamThreads(ctx context.Context, org domain.OrganisationID, me domain.PersonNo, meID domain.PersonID, groups []domain.GroupID) ([]journal.TeamSummary, error) {
	args := []any{org, me, string(meID)}
	mine := `t.thread LIKE 'group:%'`
	if groups != nil {
		keys := make([]string, len(groups))
		for i, g := range groups {
			keys[i] = domain.TeamThread{Group: g}.Key()
		}
		args = append(args, jsonOf(keys))
		mine = `t.thread IN ` + s.d.Texts("$4")
	}
	var rows []struct {
		teamRow
		Thread string
		Unread int
	}
	err := s.list(ctx, &rows, `SELECT t.thread, `+teamColumns+`,
			(SELECT count(*) FROM (SELECT 1 FROM team_messages m JOIN entries u ON u.organisation_id = m.organisation_id AND u."offset" = m."offset"
				WHERE m.organisation_id = $1 AND m.thread = t.thread AND m."offset" > coalesce(r.read_offset, 0) AND u.actor_id <> $3 LIMIT 100) AS recent) AS unread
		FROM team_threads t JOIN entries e ON e.organisation_id = t.organisation_id AND e."offset" = t.last_offset
		LEFT JOIN team_members r ON r.organisation_id = t.organisation_id AND r.person_no = $2 AND r.thread = t.thread
		WHERE t.organisation_id = $1 AND (t.thread LIKE 'direct:%' AND r.thread IS NOT NULL OR `+mine+`) ORDER BY t.last_offset DESC LIMIT 200`, args...)
	if err != nil {
		return nil, fmt.Errorf("read team threads: %w", err)
	}
	out := make([]journal.TeamSummary, 0, len(rows))
	for _, r := range rows {
		thread, ok := domain.ParseTeamThread(r.Thread)
		if !ok {
			continue
		}
		last, err := r.item()
		if err != nil {
			return nil, err
		}
		out = append(out, journal.TeamSummary{Thread: thread, Last: last, Unread: r.Unread})
	}
	return out, nil
}

type teamRow struct {
	Offset    int64
	At        int64
	ActorKind string `db:"actor_kind"`
	ActorID   string `db:"actor_id"`
	ActorName string `db:"actor_name"`
	ActorRole string `db:"actor_role"`
	Payload   string
}

const teamColumns = `e."offset", e.at, e.actor_kind, e.actor_id, e.actor_name, e.actor_role, e.payload`

func (r teamRow) item() (journal.TeamItem, error) {
	i := journal.TeamItem{Offset: r.Offset, At: timeOf(r.At),
		From: domain.ActorRef{Kind: domain.ActorKind(r.ActorKind), ID: r.ActorID, Name: r.ActorName, Role: domain.Role(r.ActorRole)}}
	if err := json.Unmarshal([]byte(r.Payload), &i.Text); err != nil {
		return i, fmt.Errorf("entry %d: %w", r.Offset, err)
	}
	return i, nil
}

// TeamMessages returns a thread's messages before an offset (0 = from the newest), newest first.
func (s *Store) TeamMessages(ctx context.Context, org domain.OrganisationID, thread domain.TeamThread, before int64, limit int) ([]journal.TeamItem, error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	var rows []teamRow
	err := s.list(ctx, &rows, `SELECT `+teamColumns+` FROM team_messages m JOIN entries e ON e.organisation_id = m.organisation_id AND e."offset" = m."offset"
		WHERE m.organisation_id = $1 AND m.thread = $2 AND m."offset" < $3 ORDER BY m."offset" DESC LIMIT $4`, org, thread.Key(), before, limit)
	if err != nil {
		return nil, fmt.Errorf("read team messages: %w", err)
	}
	out := make([]journal.TeamItem, len(rows))
	for i, r := range rows {
		if out[i], err = r.item(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// TeamShared says with which colleagues a staff member has a direct chat, or works in one of these
// groups.
func (s *Store) TeamShared(ctx context.Context, org domain.OrganisationID, me domain.PersonNo, groups []domain.GroupID) (map[domain.PersonNo]bool, error) {
	var nos []domain.PersonNo
	err := s.list(ctx, &nos, `SELECT x.person_no FROM staff_scopes x WHERE x.organisation_id = $1 AND x.group_id IN `+s.d.Texts("$3")+`
		UNION SELECT o.person_no FROM team_members m JOIN team_members o ON o.organisation_id = m.organisation_id AND o.thread = m.thread
			WHERE m.organisation_id = $1 AND m.person_no = $2 AND m.thread LIKE 'direct:%'`, org, me, jsonOf(append([]domain.GroupID{}, groups...)))
	if err != nil {
		return nil, fmt.Errorf("read with whom a staff member works: %w", err)
	}
	out := make(map[domain.PersonNo]bool, len(nos))
	for _, no := range nos {
		out[no] = true
	}
	return out, nil
}

// TeamRead notes that a staff member has read a thread to its end. It never goes back.
func (s *Store) TeamRead(ctx context.Context, org domain.OrganisationID, me domain.PersonNo, thread domain.TeamThread) error {
	err := s.write(ctx, org, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO team_members (organisation_id, person_no, thread, read_offset)
			SELECT t.organisation_id, CAST($2 AS `+s.d.bigint+`), t.thread, t.last_offset FROM team_threads t WHERE t.organisation_id = $1 AND t.thread = $3
			ON CONFLICT (organisation_id, person_no, thread) DO UPDATE SET read_offset = excluded.read_offset WHERE team_members.read_offset < excluded.read_offset`, org, me, thread.Key())
		return err
	})
	if err != nil {
		return fmt.Errorf("note that a thread was read: %w", err)
	}
	return nil
}

// Staff returns the organisation's staff, by name.
func (s *Store) Staff(ctx context.Context, org domain.OrganisationID) ([]domain.Person, error) {
	var rows []struct {
		No         int64
		ID         string
		Role       string
		GivenName  string `db:"given_name"`
		FamilyName string `db:"family_name"`
	}
	err := s.list(ctx, &rows, `SELECT no, id, role, given_name, family_name FROM people WHERE organisation_id = $1 AND kind = 'staff' ORDER BY sort_name, no`, org)
	if err != nil {
		return nil, fmt.Errorf("read staff: %w", err)
	}
	out := make([]domain.Person, len(rows))
	for i, r := range rows {
		out[i] = domain.Person{Organisation: org, No: domain.PersonNo(r.No), ID: domain.PersonID(r.ID), Kind: domain.KindStaff, Role: domain.Role(r.Role), GivenName: r.GivenName, FamilyName: r.FamilyName}
	}
	return out, nil
}

// GroupMarks names groups by id. Unknown ids are absent.
func (s *Store) GroupMarks(ctx context.Context, org domain.OrganisationID, ids []domain.GroupID) (map[domain.GroupID]domain.GroupMark, error) {
	var rows []struct{ ID, Kind, Name string }
	err := s.list(ctx, &rows, `SELECT id, kind, name FROM groups WHERE organisation_id = $1 AND id IN `+s.d.Texts("$2"), org, jsonOf(ids))
	if err != nil {
		return nil, fmt.Errorf("read groups' names: %w", err)
	}
	out := make(map[domain.GroupID]domain.GroupMark, len(rows))
	for _, r := range rows {
		out[domain.GroupID(r.ID)] = domain.GroupMark{ID: domain.GroupID(r.ID), Kind: domain.GroupKind(r.Kind), Name: r.Name}
	}
	return out, nil
}
