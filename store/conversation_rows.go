package store

import (
	"context"
	"encoding/json"
	"fmt"

	"crier/internal/domain"
	"crier/internal/journal"
)

// ConversationRows returns the conversations of these candidates as a staff member's
// list shows them; unknown people, and staff, are absent. What seen leaves out is in
// no row. It checks neither whether the people are seen, nor whether sendings are
// expanded: the caller has done both. Four statements whatever their number, five
// with a limited reach, one more if a message waits for an answer.
func (s *Store) ConversationRows(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, seen domain.Seen, people []domain.PersonNo) (map[domain.PersonNo]domain.ConversationRow, error) {
	return s.ConversationRowsWithin(ctx, org, staff, seen, domain.Within{}, people)
}

// ConversationRowsWithin is ConversationRows of what belongs to some groups alone.
func (s *Store) ConversationRowsWithin(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, seen domain.Seen, within domain.Within, people []domain.PersonNo) (map[domain.PersonNo]domain.ConversationRow, error) {
	if len(people) == 0 {
		return map[domain.PersonNo]domain.ConversationRow{}, nil
	}
	rows, err := s.conversationRows(ctx, org, staff, people)
	if err != nil {
		return nil, err
	}
	if !seen.All || !within.Empty() {
		if err := s.narrow(ctx, org, seen, within, people, rows); err != nil {
			return nil, err
		}
	}
	out := make(map[domain.PersonNo]domain.ConversationRow, len(rows))
	moments, err := s.moments(ctx, org, rows)
	if err != nil {
		return nil, err
	}
	for no, r := range rows {
		out[no] = r.row(moments)
	}
	if err := s.addReplyDue(ctx, org, seen, within, out); err != nil {
		return nil, err
	}
	return out, s.addGroups(ctx, org, seen, people, out)
}

// conversationRow is a row of conversations with its person, and what a reader has read.
type conversationRow struct {
	No          int64
	ID          string
	ExternalID  string `db:"external_id"`
	GivenName   string `db:"given_name"`
	FamilyName  string `db:"family_name"`
	State       string
	LastOffset  int64 `db:"last_offset"`
	InOffset    int64 `db:"in_offset"`
	OutOffset   int64 `db:"out_offset"`
	Waiting     int64 `db:"waiting_offset"`
	Shelf       int
	Open        bool
	SnoozedTo   int64  `db:"snoozed_until"`
	SnoozedBy   string `db:"snoozed_by"`
	RemindAt    int64  `db:"remind_at"`
	ProcessedAt int64  `db:"processed_at"`
	ProcessedBy string `db:"processed_by"`
	AssignedNo  int64  `db:"assigned_no"`
	AssignedAt  int64  `db:"assigned_at"`
	AssignedID  string `db:"assigned_id"`
	AssignedG   string `db:"assigned_given"`
	AssignedF   string `db:"assigned_family"`
	ReadOffset  int64  `db:"read_offset"`
	Marked      bool
	Channels    string
}

func (s *Store) conversationRows(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, people []domain.PersonNo) (map[domain.PersonNo]*conversationRow, error) {
	var list []conversationRow
	err := s.list(ctx, &list, `SELECT p.no, p.id, p.external_id, p.given_name, p.family_name, p.state,
			coalesce(c.last_offset, 0) AS last_offset, coalesce(c.in_offset, 0) AS in_offset, coalesce(c.out_offset, 0) AS out_offset,
			coalesce(c.waiting_offset, 0) AS waiting_offset, coalesce(c.shelf, 0) AS shelf, coalesce(c.open, 0) <> 0 AS open,
			coalesce(c.snoozed_until, 0) AS snoozed_until, coalesce(c.snoozed_by, '') AS snoozed_by, coalesce(r.remind_at, 0) AS remind_at,
			coalesce(c.processed_at, 0) AS processed_at, coalesce(c.processed_by, '') AS processed_by,
			coalesce(c.assigned_no, 0) AS assigned_no, coalesce(c.assigned_at, 0) AS assigned_at, coalesce(a.id, '') AS assigned_id,
			coalesce(a.given_name, '') AS assigned_given, coalesce(a.family_name, '') AS assigned_family,
			coalesce(r.read_offset, 0) AS read_offset, coalesce(r.marked, 0) <> 0 AS marked, coalesce(c.channels, '') AS channels
		FROM people p
		LEFT JOIN conversations c ON c.organisation_id = p.organisation_id AND c.person_no = p.no
		LEFT JOIN people a ON a.organisation_id = c.organisation_id AND a.no = c.assigned_no
		LEFT JOIN reads r ON r.organisation_id = p.organisation_id AND r.staff_no = $2 AND r.person_no = p.no
		WHERE p.organisation_id = $1 AND p.kind = 'candidate' AND p.no IN `+s.d.Ints("$3"), org, staff, jsonOf(people))
	if err != nil {
		return nil, fmt.Errorf("read conversations: %w", err)
	}
	out := make(map[domain.PersonNo]*conversationRow, len(list))
	for i := range list {
		out[domain.PersonNo(list[i].No)] = &list[i]
	}
	return out, nil
}

// narrow puts what the seen groups' threads say in the place of what is said of the
// whole conversations.
func (s *Store) narrow(ctx context.Context, org domain.OrganisationID, seen domain.Seen, within domain.Within, people []domain.PersonNo, rows map[domain.PersonNo]*conversationRow) error {
	args := []any{org, jsonOf(people)}
	var list []struct {
		No         int64 `db:"person_no"`
		LastOffset int64 `db:"last_offset"`
		InOffset   int64 `db:"in_offset"`
		OutOffset  int64 `db:"out_offset"`
		Waiting    int64 `db:"waiting_offset"`
	}
	err := s.list(ctx, &list, `SELECT t.person_no, max(t.last_offset) AS last_offset, max(t.in_offset) AS in_offset, max(t.out_offset) AS out_offset,
			coalesce(min(CASE WHEN t.waiting_offset <> 0 THEN t.waiting_offset END), 0) AS waiting_offset
		FROM threads t WHERE t.organisation_id = $1 AND t.person_no IN `+s.d.Ints("$2")+s.seesGroup("t.group_id", "t.person_no", seen, &args)+s.counting("t.group_id", within, &args)+`
		GROUP BY t.person_no`, args...)
	if err != nil {
		return fmt.Errorf("read threads: %w", err)
	}
	for _, r := range rows {
		r.LastOffset, r.InOffset, r.OutOffset, r.Waiting = 0, 0, 0, 0
	}
	for _, t := range list {
		if r := rows[domain.PersonNo(t.No)]; r != nil {
			r.LastOffset, r.InOffset, r.OutOffset, r.Waiting = t.LastOffset, t.InOffset, t.OutOffset, t.Waiting
		}
	}
	for _, r := range rows {
		if !seen.All && r.InOffset == 0 { // what is to be processed is elsewhere
			r.Open, r.ProcessedAt, r.ProcessedBy = false, 0, ""
		}
	}
	return nil
}

// moment is what a row says of an entry: its time, and its text if it is a last one.
type moment struct {
	Offset  int64
	Kind    string
	At      int64
	Payload string
}

// moments reads the entries that rows speak of.
func (s *Store) moments(ctx context.Context, org domain.OrganisationID, rows map[domain.PersonNo]*conversationRow) (map[int64]moment, error) {
	asked := map[int64]int64{} // offset → 1 where the text is needed
	for _, r := range rows {
		for _, o := range []int64{r.InOffset, r.OutOffset, r.Waiting} {
			asked[o] |= 0
		}
		asked[r.LastOffset] = 1
	}
	delete(asked, 0)
	if len(asked) == 0 {
		return nil, nil
	}
	values := make([][2]int64, 0, len(asked))
	for o, text := range asked {
		values = append(values, [2]int64{o, text})
	}
	var list []moment
	err := s.list(ctx, &list, `SELECT e."offset", e.kind, e.at, CASE WHEN a.wanted <> 0 THEN e.payload ELSE '' END AS payload
		FROM `+s.d.Rows("$2", "o", "wanted")+` AS a JOIN entries e ON e.organisation_id = $1 AND e."offset" = a.o`, org, jsonOf(values))
	if err != nil {
		return nil, fmt.Errorf("read conversations' last messages: %w", err)
	}
	out := make(map[int64]moment, len(list))
	for _, m := range list {
		out[m.Offset] = m
	}
	return out, nil
}

// row makes the row; entries that cannot be read are left out of it.
func (r *conversationRow) row(moments map[int64]moment) domain.ConversationRow {
	at := func(offset int64) int64 { return moments[offset].At }
	out := domain.ConversationRow{
		Person: domain.PersonNo(r.No), ID: domain.PersonID(r.ID), GivenName: r.GivenName, FamilyName: r.FamilyName, ExternalID: r.ExternalID,
		State: domain.PersonState(r.State), LastReceived: timeOf(at(r.InOffset)), LastSent: timeOf(at(r.OutOffset)), WaitingSince: timeOf(at(r.Waiting)),
		Unread: r.InOffset > r.ReadOffset || r.Marked, Open: r.Open, ProcessedAt: timeOf(r.ProcessedAt), ProcessedBy: r.ProcessedBy,
		Archived: r.Shelf == shelfArchive, RemindAt: timeOf(r.RemindAt),
	}
	if r.Channels != "" { // null: the default
		_ = json.Unmarshal([]byte(r.Channels), &out.Channels) // written by this program alone
	}
	if r.Shelf == shelfSnoozed {
		out.Snoozed = domain.Snoozed{Until: timeOf(r.SnoozedTo), By: r.SnoozedBy}
	}
	if r.AssignedNo != 0 {
		out.Assigned = domain.Assigned{No: domain.PersonNo(r.AssignedNo), ID: domain.PersonID(r.AssignedID), At: timeOf(r.AssignedAt),
			Name: domain.Person{GivenName: r.AssignedG, FamilyName: r.AssignedF}.Name()}
	}
	if m, ok := moments[r.LastOffset]; ok {
		var text struct {
			Inbound     bool
			Via         domain.Channel
			Body        string
			SenderName  string `json:"sender_name"`
			Attachments []domain.Attachment
		}
		_ = json.Unmarshal([]byte(m.Payload), &text) // written by this program alone
		out.Last = &domain.LastMessage{Offset: m.Offset, Broadcast: m.Kind == string(journal.KindBroadcastSent), Inbound: text.Inbound, Via: text.Via, At: timeOf(m.At),
			Line: domain.Line(text.Body, text.Attachments), From: text.SenderName}
	}
	return out
}

// addGroups names the seen groups of each person, and whether they can be written to.
func (s *Store) addGroups(ctx context.Context, org domain.OrganisationID, seen domain.Seen, people []domain.PersonNo, rows map[domain.PersonNo]domain.ConversationRow) error {
	var list []struct {
		No    int64 `db:"person_no"`
		ID    string
		Kind  string
		Name  string
		Reply int `db:"reply_minutes"`
		State string
		Room  string
	}
	err := s.list(ctx, &list, `SELECT e.person_no, g.id, g.kind, g.name, g.reply_minutes, e.state, e.room
		FROM enrolments e JOIN groups g ON g.organisation_id = e.organisation_id AND g.id = e.group_id
		WHERE e.organisation_id = $1 AND e.person_no IN `+s.d.Ints("$2")+` ORDER BY g.name, g.id`, org, jsonOf(people))
	if err != nil {
		return fmt.Errorf("read conversations' groups: %w", err)
	}
	standings := map[domain.PersonNo]domain.Standing{}
	for _, e := range list {
		no, state := domain.PersonNo(e.No), domain.EnrolmentState(e.State)
		st := standings[no]
		st.Groups++
		if state != domain.EnrolmentLeft && state != domain.EnrolmentInvited {
			st.Active++
		}
		standings[no] = st
		r, ok := rows[no]
		if !ok || !seen.HoldsMember(domain.GroupID(e.ID), e.Room, domain.GroupKind(e.Kind), state) {
			continue
		}
		r.Groups = append(r.Groups, domain.GroupMark{ID: domain.GroupID(e.ID), Kind: domain.GroupKind(e.Kind), Name: e.Name, State: state, ReplyMinutes: e.Reply})
		rows[no] = r
	}
	for no, r := range rows {
		st := standings[no]
		st.Person = r.State
		r.Blocked = st.SendBlocked()
		rows[no] = r
	}
	return nil
}
