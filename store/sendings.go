package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// PrepareSending is Prepare for a sending to people of a group of any kind, or of none
// (""). Errors: NotFound for a group that the organisation does not have; Conflict if
// the key was used with another hash.
func (s *Store) PrepareSending(ctx context.Context, org domain.OrganisationID, group domain.GroupID, actorID, key string, hash []byte) (b domain.SendingBrief, earlier *journal.Entry, err error) {
	var row struct {
		ID       string
		Kind     string
		Name     string
		Settings string
		Earlier  int64
	}
	err = s.get(ctx, &row, `SELECT coalesce(g.id, '') AS id, coalesce(g.kind, '') AS kind, coalesce(g.name, '') AS name, o.settings, coalesce((SELECT "offset" FROM entries
			WHERE organisation_id = $1 AND actor_id = $3 AND request_key = $4 AND request_key <> ''), 0) AS earlier
		FROM organisations o LEFT JOIN groups g ON g.organisation_id = o.id AND g.id = $2 WHERE o.id = $1`, org, group, actorID, key)
	if errors.Is(err, sql.ErrNoRows) || err == nil && group != "" && row.ID == "" {
		return b, nil, fault.New(fault.NotFound, "no such group")
	}
	if err != nil {
		return b, nil, fmt.Errorf("read the group: %w", err)
	}
	b.Kind, b.Name = domain.GroupKind(row.Kind), row.Name
	if err := json.Unmarshal([]byte(row.Settings), &b.Settings); err != nil {
		return b, nil, fmt.Errorf("settings of organisation %d: %w", org, err)
	}
	if row.Earlier != 0 {
		earlier, err = s.EntryByKey(ctx, org, actorID, key, hash)
	}
	return b, earlier, err
}

// SeenAmong returns of which of these people that is seen which belongs to a group ("" = to none).
func (s *Store) SeenAmong(ctx context.Context, org domain.OrganisationID, seen domain.Seen, group domain.GroupID, nos []domain.PersonNo) (map[domain.PersonNo]bool, error) {
	args := []any{org, jsonOf(nos)}
	sees := ""
	if !seen.All {
		args = append(args, group)
		sees = s.seesGroup("CAST($3 AS text)", "p.no", seen, &args)
	}
	var found []domain.PersonNo
	err := s.list(ctx, &found, `SELECT p.no FROM people p WHERE p.organisation_id = $1 AND p.no IN `+s.d.Ints("$2")+sees, args...)
	if err != nil {
		return nil, fmt.Errorf("read who is seen: %w", err)
	}
	out := make(map[domain.PersonNo]bool, len(found))
	for _, no := range found {
		out[no] = true
	}
	return out, nil
}

// RepliesTo returns where the recipients of a sending have answered it: for each who has,
// the offset of their latest reply. A reply is what names the sending, or the first that
// they wrote after it in the same thread if that names nothing.
func (s *Store) RepliesTo(ctx context.Context, org domain.OrganisationID, offset int64) (map[domain.PersonNo]int64, error) {
	if err := s.Expand(ctx, org); err != nil {
		return nil, err
	}
	var rows []struct {
		No    int64 `db:"person_no"`
		Named int64
		First int64
	}
	err := s.list(ctx, &rows, `SELECT m.person_no,
			coalesce((SELECT max(r."offset") FROM messages r WHERE r.organisation_id = $1 AND r.reply_to = $2 AND r.reply_to <> 0
				AND r.person_no = m.person_no AND r.inbound = 1), 0) AS named,
			coalesce((SELECT CASE WHEN f.reply_to = 0 THEN f."offset" ELSE 0 END FROM messages f WHERE f.organisation_id = $1 AND f.person_no = m.person_no
				AND f."offset" > $2 AND f.inbound = 1 AND f.group_id = m.group_id ORDER BY f."offset" LIMIT 1), 0) AS first
		FROM messages m WHERE m.organisation_id = $1 AND m."offset" = $2 AND m.inbound = 0`, org, offset)
	if err != nil {
		return nil, fmt.Errorf("read replies: %w", err)
	}
	out := map[domain.PersonNo]int64{}
	for _, r := range rows {
		if last := max(r.Named, r.First); last > 0 {
			out[domain.PersonNo(r.No)] = last
		}
	}
	return out, nil
}

// EntriesAt returns the entries at these offsets, by offset, without their audiences.
func (s *Store) EntriesAt(ctx context.Context, org domain.OrganisationID, offsets []int64) (map[int64]*journal.Entry, error) {
	list, err := s.entriesWithoutAudience(ctx, `WHERE e.organisation_id = $1 AND e."offset" IN `+s.d.Ints("$2"), org, jsonOf(offsets))
	if err != nil {
		return nil, err
	}
	out := make(map[int64]*journal.Entry, len(list))
	for _, e := range list {
		out[e.Offset] = e
	}
	return out, nil
}
