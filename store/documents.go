package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"crier/internal/domain"
	"crier/internal/journal"
)

// SentFiles returns up to limit files of a candidate's conversation, as far as it is
// seen. That the candidate is seen is the caller's to know.
func (s *Store) SentFiles(ctx context.Context, org domain.OrganisationID, no domain.PersonNo, seen domain.Seen, q domain.FileQuery, limit int) ([]domain.SentFile, error) {
	if err := s.ExpandFor(ctx, org, no); err != nil {
		return nil, err
	}
	args := []any{org, no, limit}
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	where, order, than := "", `m."offset" DESC, a.id DESC`, "<"
	if q.Oldest {
		order, than = `m."offset", a.id`, ">"
	}
	if q.UpTo > 0 {
		where += ` AND m."offset" <= ` + arg(q.UpTo)
	}
	if q.AtOffset > 0 {
		at, id := arg(q.AtOffset), arg(q.AtID)
		where += ` AND m."offset" ` + than + `= ` + at + ` AND (m."offset" ` + than + ` ` + at + ` OR a.id ` + than + ` ` + id + `)`
	}
	if len(q.Terms) > 0 {
		senders, err := s.fileSenders(ctx, org, no)
		if err != nil {
			return nil, err
		}
		for _, t := range q.Terms {
			of := slices.DeleteFunc(slices.Clone(senders), func(name string) bool { return !domain.MatchTerms([]domain.Term{t}, name) })
			ways := []string{s.d.Among("e.actor_name", arg(jsonOf(of)))}
			for _, w := range t {
				ways = append(ways, `a.folded LIKE `+arg("% "+w+"%")) // words hold letters, digits, marks and symbols alone
			}
			where += ` AND (` + strings.Join(ways, " OR ") + `)`
		}
	}
	where += s.seesGroup("m.group_id", "m.person_no", seen, &args)
	var rows []struct {
		fileRow
		At        int64
		Inbound   int64
		ActorName string `db:"actor_name"`
		ActorRole string `db:"actor_role"`
		Payload   string // of what came in
	}
	err := s.list(ctx, &rows, `SELECT a.organisation_id, a.id, a.person_no, a.uploader, a."offset", a.name, a.type, a.size, a.width, a.height, a.sha256, a.created_at,
			e.at, m.inbound, e.actor_name, e.actor_role, CASE WHEN m.inbound <> 0 THEN e.payload ELSE '' END AS payload
		FROM messages m JOIN attachments a ON a.organisation_id = m.organisation_id AND a."offset" = m."offset" AND a."offset" <> 0
		JOIN entries e ON e.organisation_id = m.organisation_id AND e."offset" = m."offset"
		WHERE m.organisation_id = $1 AND m.person_no = $2 AND (a.person_no = 0 OR a.person_no = $2)`+where+` ORDER BY `+order+` LIMIT $3`, args...)
	if err != nil {
		return nil, fmt.Errorf("read a conversation's files: %w", err)
	}
	out := make([]domain.SentFile, len(rows))
	for i, r := range rows {
		f := r.file()
		out[i] = domain.SentFile{Attachment: f.Attachment, Offset: f.Offset, Shared: f.Person == 0, SHA256: f.SHA256,
			At: timeOf(r.At), Inbound: r.Inbound != 0, From: r.ActorName, FromRole: domain.Role(r.ActorRole)}
		if r.Payload == "" {
			continue
		}
		var sent journal.MessageSent
		if err := json.Unmarshal([]byte(r.Payload), &sent); err != nil {
			return nil, fmt.Errorf("entry %d: %w", f.Offset, err)
		}
		out[i].Via = sent.Via
	}
	return out, nil
}

// fileSenders returns the names of those who sent files in a candidate's conversation.
func (s *Store) fileSenders(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) ([]string, error) {
	var out []string
	err := s.list(ctx, &out, `SELECT DISTINCT e.actor_name
		FROM messages m JOIN attachments a ON a.organisation_id = m.organisation_id AND a."offset" = m."offset" AND a."offset" <> 0
		JOIN entries e ON e.organisation_id = m.organisation_id AND e."offset" = m."offset"
		WHERE m.organisation_id = $1 AND m.person_no = $2`, org, no)
	if err != nil {
		return nil, fmt.Errorf("read who sent a conversation's files: %w", err)
	}
	return out, nil
}

// SentTexts returns up to limit messages of a candidate's conversation after an offset
// and up to another, oldest first, with the files of each, as far as it is seen. Notes
// and events of the team are no messages. That the candidate is seen is the caller's to know.
func (s *Store) SentTexts(ctx context.Context, org domain.OrganisationID, no domain.PersonNo, seen domain.Seen, after, upTo int64, limit int) ([]domain.SentText, error) {
	if err := s.ExpandFor(ctx, org, no); err != nil {
		return nil, err
	}
	args := []any{org, no, after, upTo, limit}
	var rows []struct {
		Offset  int64
		Inbound int64
		Kind    string
		Stopped string
		At      int64
		Payload string
	}
	err := s.list(ctx, &rows, `SELECT m."offset", m.inbound, m.stopped, e.kind, e.at, e.payload
		FROM messages m JOIN entries e ON e.organisation_id = m.organisation_id AND e."offset" = m."offset"
		WHERE m.organisation_id = $1 AND m.person_no = $2 AND m."offset" > $3 AND m."offset" <= $4`+
		s.seesGroup("m.group_id", "m.person_no", seen, &args)+` ORDER BY m."offset" LIMIT $5`, args...)
	if err != nil {
		return nil, fmt.Errorf("read a conversation's messages: %w", err)
	}
	out := make([]domain.SentText, len(rows))
	offsets, at := make([]int64, len(rows)), make(map[int64]int, len(rows))
	for i, r := range rows {
		var text struct {
			ExamName   string `json:"test_name"`
			GroupName  string `json:"group_name"`
			Via        domain.Channel
			Trial      *domain.PersonName
			Subject    string      `json:"subject"`
			Body       string      `json:"body"`
			SenderName string      `json:"sender_name"`
			SenderRole domain.Role `json:"sender_role"`
		}
		if err := json.Unmarshal([]byte(r.Payload), &text); err != nil {
			return nil, fmt.Errorf("entry %d: %w", r.Offset, err)
		}
		offsets[i], at[r.Offset] = r.Offset, i
		out[i] = domain.SentText{Offset: r.Offset, At: timeOf(r.At), Inbound: r.Inbound != 0, Stopped: r.Stopped != "", Many: journal.Kind(r.Kind) == journal.KindBroadcastSent,
			Group: text.GroupName + text.ExamName, Subject: text.Subject, Body: text.Body, From: text.SenderName, FromRole: text.SenderRole, Via: text.Via}
		if text.Trial != nil {
			out[i].Trial = text.Trial.Name
		}
	}
	var found []fileRow
	err = s.list(ctx, &found, `SELECT `+fileColumns+` FROM attachments
		WHERE organisation_id = $1 AND "offset" <> 0 AND "offset" IN `+s.d.Ints("$2")+` AND (person_no = 0 OR person_no = $3) ORDER BY "offset", id`, org, jsonOf(offsets), no)
	if err != nil {
		return nil, fmt.Errorf("read the messages' files: %w", err)
	}
	for _, f := range files(found) {
		t := &out[at[f.Offset]]
		t.Files = append(t.Files, f.Attachment)
	}
	return out, nil
}
