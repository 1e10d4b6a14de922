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

// LastOffsetBefore returns the offset of the person's newest message before an
// offset, 0 if there is none.
func (s *Store) LastOffsetBefore(ctx context.Context, org domain.OrganisationID, no domain.PersonNo, offset int64) (int64, error) {
	if err := s.ExpandFor(ctx, org, no); err != nil {
		return 0, err
	}
	var last int64
	err := s.get(ctx, &last, `SELECT coalesce(max("offset"), 0) FROM messages WHERE organisation_id = $1 AND person_no = $2 AND stopped = '' AND elsewhere = 0 AND "offset" < $3`, org, no, offset)
	if err != nil {
		return 0, fmt.Errorf("read the message before: %w", err)
	}
	return last, nil
}

// Beginning returns the offset after which a connection without a cursor starts:
// that of the message before the first one the person has not displayed, or of their
// last; 0 if there is none.
func (s *Store) Beginning(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) (int64, error) {
	c, err := s.Conversation(ctx, org, no)
	if err != nil || c.FirstUndisplayed == 0 {
		return c.Last, err
	}
	return s.LastOffsetBefore(ctx, org, no, c.FirstUndisplayed)
}
