package store

import (
	"context"
	"fmt"

	"crier/internal/domain"
	"crier/internal/journal"
)

// Timeline reads a part of one conversation: messages, sendings to many, notes and
// events, in the order of the journal. What belongs to groups that are not seen is left
// out; whether the person is seen at all is the caller's to check. It expands first.
func (s *Store) Timeline(ctx context.Context, org domain.OrganisationID, seen domain.Seen, person domain.PersonNo, p domain.TimelinePage) ([]journal.TimelineRow, error) {
	if err := s.ExpandFor(ctx, org, person); err != nil {
		return nil, err
	}
	compare, order, from := `<`, `DESC`, p.Before
	switch {
	case p.After >= 0:
		compare, order, from = `>`, `ASC`, p.After
	case p.Before == 0:
		from = 1<<63 - 1
	}
	args := []any{org, person, from, p.Limit}
	// Each side gives no more than a page, in order, from its own index.
	part := func(table, alias, receipts string, sees func(args *[]any) string) string {
		return `SELECT "offset", delivered_at, displayed_at, acknowledged_at, stopped FROM (SELECT ` + alias + `."offset", ` + receipts + ` FROM ` + table + ` ` + alias + `
			WHERE ` + alias + `.organisation_id = $1 AND ` + alias + `.person_no = $2 AND ` + alias + `."offset" ` + compare + ` $3` +
			sees(&args) + ` ORDER BY ` + alias + `."offset" ` + order + ` LIMIT $4) AS p` + alias
	}
	var rows []struct {
		entryRow
		GroupKind      string `db:"group_kind"`
		DeliveredAt    int64  `db:"delivered_at"`
		DisplayedAt    int64  `db:"displayed_at"`
		AcknowledgedAt int64  `db:"acknowledged_at"`
		Stopped        string
	}
	sees := func(args *[]any) string { return s.seesGroup("m.group_id", "m.person_no", seen, args) }
	facts := func(args *[]any) string { return s.seesFact("f", seen, args) }
	err := s.list(ctx, &rows, `SELECT `+withoutAudience+`, coalesce(g.kind, '') AS group_kind, k.delivered_at, k.displayed_at, k.acknowledged_at, k.stopped
		FROM (`+part("messages", "m", "m.delivered_at, m.displayed_at, m.acknowledged_at, m.stopped", sees)+` UNION ALL `+
		part("facts", "f", "0 AS delivered_at, 0 AS displayed_at, 0 AS acknowledged_at, '' AS stopped", facts)+`) AS k
		JOIN entries e ON e.organisation_id = $1 AND e."offset" = k."offset"
		LEFT JOIN groups g ON g.organisation_id = e.organisation_id AND g.id = e.group_id
		ORDER BY k."offset" `+order+` LIMIT $4`, args...)
	if err != nil {
		return nil, fmt.Errorf("read a conversation: %w", err)
	}
	out := make([]journal.TimelineRow, len(rows))
	for i, r := range rows {
		out[i] = journal.TimelineRow{Entry: r.entry(), Kind: domain.GroupKind(r.GroupKind), Times: domain.ItemTimes{
			Delivered: timeOf(r.DeliveredAt), Displayed: timeOf(r.DisplayedAt), Acknowledged: timeOf(r.AcknowledgedAt)}, Stopped: domain.BlockedCode(r.Stopped)}
	}
	return out, nil
}

// MessagesAt returns messages of conversations as they stand now: pairs of person and offset, in the order of the journal.
// Sendings to many are left out.
func (s *Store) MessagesAt(ctx context.Context, org domain.OrganisationID, asked [][2]int64) ([]journal.TimelineRow, error) {
	var rows []struct {
		entryRow
		GroupKind      string `db:"group_kind"`
		DeliveredAt    int64  `db:"delivered_at"`
		DisplayedAt    int64  `db:"displayed_at"`
		AcknowledgedAt int64  `db:"acknowledged_at"`
		Stopped        string
	}
	err := s.list(ctx, &rows, `SELECT `+withoutAudience+`, coalesce(g.kind, '') AS group_kind, m.delivered_at, m.displayed_at, m.acknowledged_at, m.stopped
		FROM `+s.d.Rows("$2", "p", "o")+` AS r
		JOIN messages m ON m.organisation_id = $1 AND m."offset" = r.o AND m.person_no = r.p
		JOIN entries e ON e.organisation_id = $1 AND e."offset" = r.o AND e.kind = 'message.sent'
		LEFT JOIN groups g ON g.organisation_id = e.organisation_id AND g.id = e.group_id ORDER BY r.o`, org, jsonOf(asked))
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	out := make([]journal.TimelineRow, len(rows))
	for i, r := range rows {
		out[i] = journal.TimelineRow{Entry: r.entry(), Kind: domain.GroupKind(r.GroupKind), Times: domain.ItemTimes{
			Delivered: timeOf(r.DeliveredAt), Displayed: timeOf(r.DisplayedAt), Acknowledged: timeOf(r.AcknowledgedAt)}, Stopped: domain.BlockedCode(r.Stopped)}
	}
	return out, nil
}

// AssignmentsNow says what became of a person's assignments to groups: those they are
// not in at all are absent, unless there is a deletion that can be undone.
func (s *Store) AssignmentsNow(ctx context.Context, org domain.OrganisationID, person domain.PersonNo, groups []domain.GroupID) (map[domain.GroupID]domain.AssignmentNow, error) {
	if len(groups) == 0 {
		return nil, nil
	}
	var rows []struct {
		Group   string `db:"group_id"`
		State   string
		Kind    string
		Deleted int64
	}
	// The last word about an assignment is a deletion, or the undoing of one.
	err := s.list(ctx, &rows, `SELECT e.group_id, e.state, coalesce(f.kind, '') AS kind, coalesce(f."offset", 0) AS deleted
		FROM enrolments e LEFT JOIN facts f ON f.organisation_id = e.organisation_id AND f.person_no = e.person_no AND f."offset" = (
			SELECT max(l."offset") FROM facts l WHERE l.organisation_id = e.organisation_id AND l.person_no = e.person_no AND l.group_id = e.group_id
			AND l.kind IN ('assignment.deleted', 'assignment.restored'))
		WHERE e.organisation_id = $1 AND e.person_no = $2 AND e.group_id IN `+s.d.Texts("$3"), org, person, jsonOf(groups))
	if err != nil {
		return nil, fmt.Errorf("read assignments: %w", err)
	}
	out := make(map[domain.GroupID]domain.AssignmentNow, len(rows))
	for _, r := range rows {
		now := domain.AssignmentNow{State: domain.EnrolmentState(r.State)}
		if now.State == "" {
			now.State = domain.EnrolmentAssigned
		}
		if now.State == domain.EnrolmentLeft && r.Kind == string(journal.KindAssignmentDeleted) {
			now.Deletion = r.Deleted
		}
		out[domain.GroupID(r.Group)] = now
	}
	return out, nil
}
