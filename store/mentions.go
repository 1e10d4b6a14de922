package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"crier/internal/domain"
	"crier/internal/journal"
)

// mentionsFrom is a staff member's ($2) mentions m, with what they are in and how far it is read. Whoever may no
// longer see a note is not shown that it mentions them. joins adds tables.
func (s *Store) mentionsFrom(joins string, seen domain.Seen, args *[]any) string {
	return ` FROM mentions m
		JOIN facts f ON f.organisation_id = $1 AND f.person_no = m.person_no AND f."offset" = m."offset"
		LEFT JOIN reads r ON r.organisation_id = $1 AND r.staff_no = $2 AND r.person_no = m.person_no` + joins + `
		WHERE m.organisation_id = $1 AND m.staff_no = $2` +
		s.seesPerson("m.person_no", seen, args) + s.seesGroup("f.group_id", "f.person_no", seen, args)
}

// unreadMention says that a mention is later than its staff member has read.
const unreadMention = `m."offset" > coalesce(r.read_offset, 0)`

// Mentions returns the notes that mention a staff member and that they see, newest first.
func (s *Store) Mentions(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, seen domain.Seen, q domain.MentionQuery) ([]domain.Mention, error) {
	before := q.Before
	if before == 0 {
		before = math.MaxInt64
	}
	args := []any{org, staff, before}
	where := s.mentionsFrom(` JOIN entries e ON e.organisation_id = $1 AND e."offset" = m."offset"
		JOIN people p ON p.organisation_id = $1 AND p.no = m.person_no`, seen, &args) + ` AND m."offset" < $3`
	if q.Unmailed {
		args = append(args, micros(q.From), micros(q.To))
		where += fmt.Sprintf(` AND m.mailed = 0 AND m.at > $%d AND m.at <= $%d AND `, len(args)-1, len(args)) + unreadMention
	}
	args = append(args, q.Limit)
	var rows []struct {
		Offset     int64
		No         int64
		ID         string
		ExternalID string `db:"external_id"`
		GivenName  string `db:"given_name"`
		FamilyName string `db:"family_name"`
		Group      string `db:"group_id"`
		At         int64
		ActorKind  string `db:"actor_kind"`
		ActorID    string `db:"actor_id"`
		ActorName  string `db:"actor_name"`
		ActorRole  string `db:"actor_role"`
		Payload    string
		Unread     bool
	}
	err := s.list(ctx, &rows, `SELECT m."offset", p.no, p.id, p.external_id, p.given_name, p.family_name, f.group_id, e.at,
			e.actor_kind, e.actor_id, e.actor_name, e.actor_role, e.payload, `+unreadMention+` AS unread`+where+
		fmt.Sprintf(` ORDER BY m."offset" DESC LIMIT $%d`, len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("read mentions: %w", err)
	}
	out := make([]domain.Mention, len(rows))
	for i, r := range rows {
		var note journal.NoteAdded
		if err := json.Unmarshal([]byte(r.Payload), &note); err != nil {
			return nil, fmt.Errorf("the note of a mention: %w", err)
		}
		out[i] = domain.Mention{
			Offset: r.Offset, At: timeOf(r.At), Body: note.Body, Unread: r.Unread,
			Person: domain.PersonRef{
				No: domain.PersonNo(r.No), ID: domain.PersonID(r.ID), ExternalID: r.ExternalID,
				Name: domain.Person{GivenName: r.GivenName, FamilyName: r.FamilyName}.Name(),
			},
			Group: domain.GroupMark{ID: domain.GroupID(r.Group), Kind: note.GroupKind, Name: note.GroupName},
			By:    domain.ActorRef{Kind: domain.ActorKind(r.ActorKind), ID: r.ActorID, Name: r.ActorName, Role: domain.Role(r.ActorRole)},
		}
	}
	return out, nil
}

// Mentionables returns the staff of all organisations who have unread mentions, written after from and until to, that no
// mail has told of, who can be mailed and have not ended such mails. Whether they see the notes is another question.
func (s *Store) Mentionables(ctx context.Context, from, to time.Time) ([]domain.Notifiable, error) {
	var rows []struct {
		Organisation int64 `db:"organisation_id"`
		No           int64
		ID           string
		GivenName    string `db:"given_name"`
		FamilyName   string `db:"family_name"`
		Role         string
	}
	err := s.list(ctx, &rows, `SELECT DISTINCT p.organisation_id, p.no, p.id, p.given_name, p.family_name, p.role FROM mentions m
		JOIN people p ON p.organisation_id = m.organisation_id AND p.no = m.staff_no
			AND p.kind = 'staff' AND p.state = 'active' AND p.email <> '' AND p.email_state = ''
		LEFT JOIN reads r ON r.organisation_id = m.organisation_id AND r.staff_no = m.staff_no AND r.person_no = m.person_no
		WHERE m.mailed = 0 AND m.at > $1 AND m.at <= $2 AND `+unreadMention+`
			AND NOT EXISTS (SELECT 1 FROM preferences f WHERE f.organisation_id = p.organisation_id AND f.person_no = p.no AND f.name = $3 AND f.value = $4)
		ORDER BY p.organisation_id, p.no`, micros(from), micros(to), domain.NotifyMentions, domain.NotifyMentionsOff)
	if err != nil {
		return nil, fmt.Errorf("read whom to tell of mentions: %w", err)
	}
	out := make([]domain.Notifiable, len(rows))
	staff := map[domain.OrganisationID][]domain.PersonNo{}
	for i, r := range rows {
		org, no := domain.OrganisationID(r.Organisation), domain.PersonNo(r.No)
		staff[org] = append(staff[org], no)
		out[i] = domain.Notifiable{Organisation: org, No: no, Actor: domain.Actor{
			Organisation: org, Kind: domain.ActorPerson, ID: r.ID, No: no, Role: domain.Role(r.Role),
			Name: domain.Person{GivenName: r.GivenName, FamilyName: r.FamilyName}.Name(),
		}}
	}
	return out, s.scopeAll(ctx, staff, out)
}

// scopeAll adds their scopes to the actors of a list.
func (s *Store) scopeAll(ctx context.Context, staff map[domain.OrganisationID][]domain.PersonNo, list []domain.Notifiable) error {
	for org, nos := range staff {
		scopes, err := s.scopesOf(ctx, s.list, org, nos)
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].Organisation == org {
				list[i].Actor.Scopes = scopes[list[i].No]
			}
		}
	}
	return nil
}

// QueueMentions asks for one mail about mentions of a staff member, and notes that they are told of. It reports false
// if another node was first with any of them. It is given up when it could not go by expires.
func (s *Store) QueueMentions(ctx context.Context, n domain.Notifiable, p domain.MentionPayload, offsets []int64, expires time.Time) (queued bool, err error) {
	err = s.write(ctx, n.Organisation, func(tx *Tx) error {
		queued = false
		if _, err := tx.Lock(ctx); err != nil { // two nodes ask one after the other
			return err
		}
		var open []int64
		err := tx.Select(ctx, &open, `SELECT m."offset" FROM mentions m WHERE m.organisation_id = $1 AND m.staff_no = $2 AND m.mailed = 0
			AND m."offset" IN `+s.d.Ints("$3"), n.Organisation, n.No, jsonOf(offsets))
		if err != nil || len(open) < len(slices.Compact(slices.Sorted(slices.Values(offsets)))) {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE mentions SET mailed = 1 WHERE organisation_id = $1 AND staff_no = $2
			AND "offset" IN `+s.d.Ints("$3"), n.Organisation, n.No, jsonOf(offsets)); err != nil {
			return err
		}
		queued = true
		at := s.clock.Now()
		return tx.queue(ctx, at, []newDelivery{{kind: domain.DeliverMention, person: int64(n.No), channel: domain.ChannelEmail,
			payload: jsonOf(p), due: at, expires: expires}})
	})
	if err != nil {
		return false, fmt.Errorf("ask for a mail about mentions: %w", err)
	}
	return queued, nil
}
