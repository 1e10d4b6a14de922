package store

import (
	"context"
	"encoding/json"
	"fmt"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// withoutAudience is entryColumns for lists that do not show who received it.
const withoutAudience = `e.organisation_id, e."offset", e.kind, e.at, e.actor_kind, e.actor_id, e.actor_name, e.actor_role, e.group_id, e.payload,
	'' AS audience, e.request_key, e.request_hash, e.prev_hash, e.hash, e.actor_salt, e.payload_salt, e.audience_salt`

// Broadcast returns the entry of a sending, or NotFound.
func (s *Store) Broadcast(ctx context.Context, org domain.OrganisationID, offset int64) (*journal.Entry, error) {
	list, err := queryEntries(ctx, s.list, `WHERE organisation_id = $1 AND "offset" = $2 AND kind = 'broadcast.sent'`, org, offset)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "no such sending")
	}
	return list[0], nil
}

// Broadcasts returns a test's sendings before an offset (0 = from the newest),
// newest first, without their audiences. With rooms, only those that went there, or to who sits there
// now.
func (s *Store) Broadcasts(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, rooms []string, before int64, limit int) ([]*journal.Entry, error) {
	if err := s.Expand(ctx, org); err != nil {
		return nil, err
	}
	args := []any{org, exam, before, limit}
	where := `WHERE e.organisation_id = $1 AND e.group_id = $2 AND e.kind = 'broadcast.sent' AND (CAST($3 AS bigint) = 0 OR e."offset" < $3)`
	if in := s.satOrSits(rooms, &args); in != "" {
		where += ` AND EXISTS (SELECT 1 FROM messages m ` + seated + ` WHERE m.organisation_id = e.organisation_id AND m."offset" = e."offset"` + in + `)`
	}
	return s.entriesWithoutAudience(ctx, where+` ORDER BY e."offset" DESC LIMIT $4`, args...)
}

func (s *Store) entriesWithoutAudience(ctx context.Context, where string, args ...any) ([]*journal.Entry, error) {
	var rows []entryRow
	if err := s.list(ctx, &rows, `SELECT `+withoutAudience+` FROM entries e `+where, args...); err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	out := make([]*journal.Entry, len(rows))
	for i, r := range rows {
		out[i] = r.entry()
	}
	return out, nil
}

// seated joins to messages m where their people sit in the message's group.
const seated = `LEFT JOIN enrolments here ON here.organisation_id = m.organisation_id AND here.group_id = m.group_id AND here.person_no = m.person_no`

// satOrSits is the condition that the person of message m sat in one of the rooms when it was sent, or
// sits there now; see seated.
func (s *Store) satOrSits(rooms []string, args *[]any) string {
	if rooms == nil {
		return ""
	}
	*args = append(*args, jsonOf(rooms))
	among := s.d.Texts(fmt.Sprintf("$%d", len(*args)))
	return ` AND (m.room IN ` + among + ` OR here.room IN ` + among + ` AND here.state <> 'left')`
}

// BroadcastCounts counts the recipients of each sending, within rooms: those who sat there when it was
// sent, or sit there now.
func (s *Store) BroadcastCounts(ctx context.Context, org domain.OrganisationID, rooms []string, offsets ...int64) (map[int64]domain.ReceiptCounts, error) {
	if err := s.Expand(ctx, org); err != nil {
		return nil, err
	}
	args := []any{org, jsonOf(offsets)}
	join := ""
	if rooms != nil {
		join = " " + seated
	}
	var found []struct {
		Offset int64
		domain.ReceiptCounts
	}
	err := s.list(ctx, &found, `SELECT m."offset", count(*) AS recipients,
			sum(CASE WHEN delivered_at <> 0 THEN 1 ELSE 0 END) AS delivered,
			sum(CASE WHEN displayed_at <> 0 THEN 1 ELSE 0 END) AS displayed,
			sum(CASE WHEN acknowledged_at <> 0 THEN 1 ELSE 0 END) AS acknowledged,
			sum(CASE WHEN told_at <> 0 THEN 1 ELSE 0 END) AS told,
			sum(CASE WHEN m.stopped <> '' AND delivered_at = 0 THEN 1 ELSE 0 END) AS stopped
		FROM messages m`+join+` WHERE m.organisation_id = $1 AND m."offset" IN `+s.d.Ints("$2")+s.satOrSits(rooms, &args)+` GROUP BY m."offset"`, args...)
	if err != nil {
		return nil, fmt.Errorf("count recipients: %w", err)
	}
	out := make(map[int64]domain.ReceiptCounts, len(found))
	for _, r := range found {
		out[r.Offset] = r.ReceiptCounts
	}
	return out, nil
}

// inOtherTest is the condition that person p sits a test at a time, but none that is the group: started, not
// submitted, not over.
func inOtherTest(group, now string) string {
	sits := `EXISTS (SELECT 1 FROM enrolments x JOIN groups y ON y.organisation_id = x.organisation_id AND y.id = x.group_id AND y.kind = 'test'
		WHERE x.organisation_id = p.organisation_id AND x.person_no = p.no AND x.progress = 'in_progress' AND x.state <> 'left'
		AND (y.ends_at = 0 OR y.ends_at + x.extra_minutes * 60000000 > ` + now + `)`
	return `(` + sits + `) AND NOT ` + sits + ` AND x.group_id = ` + group + `))`
}

// Recipients returns everyone a sending went to, by number; with rooms those who sat there when it was
// sent, or sit there now. The sending must be of that group, "" for none.
func (s *Store) Recipients(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, offset int64, rooms []string) ([]domain.Recipient, error) {
	if err := s.Expand(ctx, org); err != nil {
		return nil, err
	}
	args := []any{org, offset, exam, micros(s.clock.Now())}
	var rows []struct {
		No             int64
		ID             string
		ExternalID     string `db:"external_id"`
		GivenName      string `db:"given_name"`
		FamilyName     string `db:"family_name"`
		Room           string
		Seat           string
		WasRoom        string `db:"was_room"`
		WasSeat        string `db:"was_seat"`
		There          bool
		State          string
		InTest         bool   `db:"in_test"`
		DeliveredAt    int64  `db:"delivered_at"`
		DisplayedAt    int64  `db:"displayed_at"`
		AcknowledgedAt int64  `db:"acknowledged_at"`
		DeliveredBy    int64  `db:"delivered_by"`
		DisplayedBy    int64  `db:"displayed_by"`
		AcknowledgedBy int64  `db:"acknowledged_by"`
		ToldAt         int64  `db:"told_at"`
		ToldBy         string `db:"told_by"`
		ToldNote       string `db:"told_note"`
		Stopped        string
	}
	err := s.list(ctx, &rows, `SELECT p.no, p.id, p.external_id, p.given_name, p.family_name, m.room AS was_room, coalesce(m.seat, here.seat, '') AS was_seat,
			CASE WHEN here.state <> 'left' THEN here.room ELSE m.room END AS room,
			CASE WHEN here.state <> 'left' THEN here.seat ELSE coalesce(m.seat, here.seat, '') END AS seat,
			here.person_no IS NOT NULL AND here.state <> 'left' OR m.group_id = '' AS there, p.state,
			`+inOtherTest("$3", "$4")+` AS in_test,
			m.delivered_at, m.displayed_at, m.acknowledged_at, m.delivered_by, m.displayed_by, m.acknowledged_by,
			m.told_at, m.told_by, m.told_note, m.stopped
		FROM messages m JOIN people p ON p.organisation_id = m.organisation_id AND p.no = m.person_no
		`+seated+`
		WHERE m.organisation_id = $1 AND m."offset" = $2 AND m.group_id = $3 AND m.inbound = 0`+s.satOrSits(rooms, &args)+` ORDER BY p.no`, args...)
	if err != nil {
		return nil, fmt.Errorf("read recipients: %w", err)
	}
	var made []int64
	for _, r := range rows {
		made = append(made, r.DeliveredBy, r.DisplayedBy, r.AcknowledgedBy)
	}
	makers, err := s.ticketMakers(ctx, org, made)
	if err != nil {
		return nil, err
	}
	out := make([]domain.Recipient, len(rows))
	for i, r := range rows {
		out[i] = domain.Recipient{No: domain.PersonNo(r.No), ID: domain.PersonID(r.ID), ExternalID: r.ExternalID,
			Name: domain.Person{GivenName: r.GivenName, FamilyName: r.FamilyName}.Name(), Room: r.Room, Seat: r.Seat, WasRoom: r.WasRoom, WasSeat: r.WasSeat, InTest: r.InTest,
			Delivered: timeOf(r.DeliveredAt), Displayed: timeOf(r.DisplayedAt), Acknowledged: timeOf(r.AcknowledgedAt),
			Told: timeOf(r.ToldAt), ToldBy: r.ToldBy, ToldNote: r.ToldNote}
		switch {
		case !r.There:
			out[i].Unreachable = domain.BlockedLeft
		case r.State == string(domain.PersonInvited):
			out[i].Unreachable = domain.BlockedInvited
		case r.State != string(domain.PersonActive):
			out[i].Unreachable = domain.BlockedLocked
		}
		out[i].Enrolled = out[i].Unreachable == ""
		for state, entry := range map[domain.ReceiptState]int64{
			domain.Delivered: r.DeliveredBy, domain.Displayed: r.DisplayedBy, domain.Acknowledged: r.AcknowledgedBy,
		} {
			if entry == 0 {
				continue
			}
			if out[i].By == nil {
				out[i].By = map[domain.ReceiptState]domain.Ticketed{}
			}
			out[i].By[state] = makers[entry]
		}
		if r.DeliveredAt == 0 {
			out[i].Stopped = domain.BlockedCode(r.Stopped)
		}
	}
	return out, nil
}

// Told notes that by told these recipients of a sending in person, and appends an
// entry that says so. Who was told before stays as noted then; if that is everyone,
// nothing is written and the entry is nil.
func (s *Store) Told(ctx context.Context, org domain.OrganisationID, by domain.ActorRef, exam domain.ExamID, offset int64, people []domain.PersonNo, note string) (*journal.Entry, error) {
	if err := s.Expand(ctx, org); err != nil {
		return nil, err
	}
	var entry *journal.Entry
	err := s.write(ctx, org, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		var told []domain.PersonNo
		err := tx.Select(ctx, &told, `UPDATE messages SET told_at = $4, told_by = $5, told_note = $6
			WHERE organisation_id = $1 AND "offset" = $2 AND told_at = 0 AND person_no IN `+s.d.Ints("$3")+` RETURNING person_no`,
			org, offset, jsonOf(people), micros(s.clock.Now()), by.Name, note)
		if err != nil || len(told) == 0 {
			return err
		}
		payload, err := json.Marshal(journal.BroadcastTold{Broadcast: offset, People: told, Note: note})
		if err != nil {
			return err
		}
		entry = &journal.Entry{Kind: journal.KindBroadcastTold, Actor: by, Group: exam, Payload: payload}
		return tx.Append(ctx, entry)
	})
	if err != nil {
		return nil, fmt.Errorf("note who was told: %w", err)
	}
	return entry, nil
}
