package store

import (
	"context"
	"encoding/json"
	"fmt"

	"crier/internal/domain"
	"crier/internal/journal"
)

// What was stopped before it reached the person (stop.go), and what they meet by its copies alone, is in none of these.

// MessagesSince returns up to limit messages of a person after an offset, oldest
// first, and the head of the journal as it was before they were read: unless the
// page is full, everything up to that head is included.
func (s *Store) MessagesSince(ctx context.Context, org domain.OrganisationID, no domain.PersonNo, after int64, limit int) ([]domain.Message, int64, error) {
	head, err := s.Head(ctx, org)
	if err != nil {
		return nil, 0, err
	}
	if err := s.ExpandFor(ctx, org, no); err != nil {
		return nil, 0, err
	}
	list, err := s.messages(ctx, `m."offset" > $3 ORDER BY m."offset" LIMIT $4`, org, no, after, limit)
	return list, head, err
}

// MessagesBefore returns up to limit messages of a person before an offset (0 = from
// the newest), newest first; of one test, or "" for all.
func (s *Store) MessagesBefore(ctx context.Context, org domain.OrganisationID, no domain.PersonNo, exam domain.ExamID, before int64, limit int) ([]domain.Message, error) {
	if err := s.ExpandFor(ctx, org, no); err != nil {
		return nil, err
	}
	if before == 0 {
		before = 1<<63 - 1
	}
	return s.messages(ctx, `m."offset" < $3 AND (CAST($5 AS text) = '' OR m.group_id = $5) ORDER BY m."offset" DESC LIMIT $4`, org, no, before, limit, exam)
}

func (s *Store) messages(ctx context.Context, where string, args ...any) ([]domain.Message, error) {
	var rows []struct {
		Offset         int64
		Kind           string
		GroupID        string `db:"group_id"`
		Room           string
		At             int64
		Payload        string
		DeliveredAt    int64 `db:"delivered_at"`
		DisplayedAt    int64 `db:"displayed_at"`
		AcknowledgedAt int64 `db:"acknowledged_at"`
	}
	err := s.list(ctx, &rows, `SELECT m."offset", e.kind, m.group_id, m.room, e.at, e.payload, m.delivered_at, m.displayed_at, m.acknowledged_at
		FROM messages m JOIN entries e ON e.organisation_id = m.organisation_id AND e."offset" = m."offset"
		WHERE m.organisation_id = $1 AND m.person_no = $2 AND m.stopped = '' AND m.elsewhere = 0 AND `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	out := make([]domain.Message, len(rows))
	for i, r := range rows {
		out[i], err = journal.MessageOf(&journal.Entry{Offset: r.Offset, Kind: journal.Kind(r.Kind), At: timeOf(r.At), Group: domain.GroupID(r.GroupID), Payload: json.RawMessage(r.Payload)})
		if err != nil {
			return nil, err
		}
		out[i].Room, out[i].Delivered, out[i].Displayed, out[i].Acknowledged = r.Room, timeOf(r.DeliveredAt), timeOf(r.DisplayedAt), timeOf(r.AcknowledgedAt)
	}
	return out, nil
}

// Conversation returns where a person's messages stand.
func (s *Store) Conversation(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) (domain.Conversation, error) {
	if err := s.ExpandFor(ctx, org, no); err != nil {
		return domain.Conversation{}, err
	}
	var row struct {
		Unread           int
		FirstUndisplayed int64 `db:"first_undisplayed"`
		Last             int64
	}
	err := s.get(ctx, &row, `SELECT coalesce(sum(CASE WHEN acknowledged_at = 0 THEN 1 ELSE 0 END), 0) AS unread,
			coalesce(min(CASE WHEN displayed_at = 0 THEN "offset" END), 0) AS first_undisplayed, coalesce(max("offset"), 0) AS last
		FROM messages WHERE organisation_id = $1 AND person_no = $2 AND stopped = '' AND elsewhere = 0`, org, no)
	if err != nil {
		return domain.Conversation{}, fmt.Errorf("read a conversation's state: %w", err)
	}
	return domain.Conversation(row), nil
}

// Beginnings returns, for each of these people, the offset after which a connection without a cursor
// starts: that of the message before the first one that the person has not displayed, or of their
// last. A person without messages is absent.
func (s *Store) Beginnings(ctx context.Context, org domain.OrganisationID, people []domain.PersonNo) (map[domain.PersonNo]int64, error) {
	if err := s.ExpandFor(ctx, org, people...); err != nil {
		return nil, err
	}
	var rows []struct {
		Person domain.PersonNo
		Start  int64
	}
	err := s.list(ctx, &rows, `SELECT c.person, CASE WHEN c.first = 0 THEN c.last ELSE coalesce((SELECT max(b."offset") FROM messages b
			WHERE b.organisation_id = $1 AND b.person_no = c.person AND b.stopped = '' AND b.elsewhere = 0 AND b."offset" < c.first), 0) END AS start
		FROM (SELECT m.person_no AS person, coalesce(min(CASE WHEN m.displayed_at = 0 THEN m."offset" END), 0) AS first, max(m."offset") AS last
			FROM messages m WHERE m.organisation_id = $1 AND `+s.d.AmongInts("m.person_no", "$2")+` AND m.stopped = '' AND m.elsewhere = 0
			GROUP BY m.person_no) AS c`, org, jsonOf(people))
	if err != nil {
		return nil, fmt.Errorf("read where connections start: %w", err)
	}
	out := make(map[domain.PersonNo]int64, len(rows))
	for _, r := range rows {
		out[r.Person] = r.Start
	}
	return out, nil
}

// Missing reports, for each of these positions, whether the person has messages after it. head is
// that of the journal before they were looked for: everything up to it is included.
func (s *Store) Missing(ctx context.Context, org domain.OrganisationID, at []domain.Position) (missing []bool, head int64, err error) {
	values, people := make([][]int64, len(at)), make([]domain.PersonNo, len(at))
	for i, p := range at {
		values[i], people[i] = []int64{int64(i), int64(p.Person), p.After}, p.Person
	}
	head, behind, missing, err := s.missing(ctx, org, values)
	if err == nil && behind {
		if err = s.ExpandFor(ctx, org, people...); err == nil {
			_, _, missing, err = s.missing(ctx, org, values)
		}
	}
	if err != nil {
		return nil, 0, fmt.Errorf("look for missed messages: %w", err)
	}
	return missing, head, nil
}

// missing is Missing as the tables are. behind: a sending up to head may not be expanded yet. One
// statement sees one state of the database, so that head and messages belong together.
func (s *Store) missing(ctx context.Context, org domain.OrganisationID, at [][]int64) (head int64, behind bool, missing []bool, err error) {
	var rows []struct {
		Head   int64
		Behind int
		Found  int
	}
	err = s.list(ctx, &rows, `SELECT j.head, CASE WHEN (`+toExpand+`) THEN 1 ELSE 0 END AS behind, coalesce(f.i, -1) AS found
		FROM journals j LEFT JOIN (SELECT r.i FROM `+s.d.Rows("$2", "i", "person", "after")+` AS r
			WHERE EXISTS (SELECT 1 FROM messages m WHERE m.organisation_id = $1 AND m.person_no = r.person AND m."offset" > r.after
				AND m.stopped = '' AND m.elsewhere = 0)) AS f ON true
		WHERE j.organisation_id = $1`, org, jsonOf(at))
	missing = make([]bool, len(at))
	for _, r := range rows {
		if head, behind = r.Head, r.Behind != 0; r.Found >= 0 {
			missing[r.Found] = true
		}
	}
	return head, behind, missing, err
}
