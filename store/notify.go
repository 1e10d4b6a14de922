package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"crier/internal/domain"
)

// Notifiables returns the staff of all organisations who asked for mails about replies, can be mailed, and where there is a reply later
// than their last mail told of. Whether they see it, and have read it, is another question.
func (s *Store) Notifiables(ctx context.Context) ([]domain.Notifiable, error) {
	var rows []struct {
		Organisation int64 `db:"organisation_id"`
		No           int64
		ID           string
		GivenName    string `db:"given_name"`
		FamilyName   string `db:"family_name"`
		Role         string
		Newest       int64
		Payload      string
		Mailed       int64
	}
	const last = `FROM deliveries d WHERE d.organisation_id = p.organisation_id AND d.person_no = p.no AND d."offset" = 0 AND d.kind = 'notify' AND d.channel = 'email'
		ORDER BY d.created_at DESC, d.id DESC LIMIT 1`
	err := s.list(ctx, &rows, `SELECT p.organisation_id, p.no, p.id, p.given_name, p.family_name, p.role,
			coalesce((SELECT max(c.in_offset) FROM conversations c WHERE c.organisation_id = p.organisation_id AND c.shelf = 0), 0) AS newest,
			coalesce((SELECT d.payload `+last+`), '{}') AS payload, coalesce((SELECT d.created_at `+last+`), 0) AS mailed
		FROM preferences f
		JOIN people p ON p.organisation_id = f.organisation_id AND p.no = f.person_no AND p.kind = 'staff' AND p.state = 'active' AND p.email <> '' AND p.email_state = ''
		WHERE f.name = $1 AND f.value = $2 ORDER BY p.organisation_id, p.no`, domain.NotifyEmail, domain.NotifyEmailGrouped)
	if err != nil {
		return nil, fmt.Errorf("read whom to notify: %w", err)
	}
	var out []domain.Notifiable
	staff := map[domain.OrganisationID][]domain.PersonNo{}
	for _, r := range rows {
		org, no := domain.OrganisationID(r.Organisation), domain.PersonNo(r.No)
		var p domain.NotifyPayload
		if err := json.Unmarshal([]byte(r.Payload), &p); err != nil {
			return nil, fmt.Errorf("a notification of organisation %d: %w", org, err)
		}
		if r.Newest <= p.UpTo {
			continue
		}
		staff[org] = append(staff[org], no)
		out = append(out, domain.Notifiable{Organisation: org, No: no, Newest: r.Newest, UpTo: p.UpTo, Mailed: timeOf(r.Mailed), Actor: domain.Actor{
			Organisation: org, Kind: domain.ActorPerson, ID: r.ID, No: no, Name: domain.Person{GivenName: r.GivenName, FamilyName: r.FamilyName}.Name(), Role: domain.Role(r.Role),
		}})
	}
	return out, s.scopeAll(ctx, staff, out)
}

// NewReplies returns the conversations that a staff member sees with replies they have not read, later than an offset: at most
// domain.NotifyMost of them, the newest first, and how many there are (at most domain.DeskCountMost). oldest is when the first of the replies
// that are named came, newest when the last.
func (s *Store) NewReplies(ctx context.Context, n domain.Notifiable, seen domain.Seen) (p domain.NotifyPayload, oldest, newest time.Time, err error) {
	q := domain.DeskFilter{Folder: domain.FolderUnread, Sort: domain.SortLastReceived}
	places, err := s.Desk(ctx, n.Organisation, n.No, seen, q, nil, domain.DeskCountMost)
	if err != nil {
		return p, oldest, newest, err
	}
	var people []domain.PersonNo
	var offsets []int64
	for _, at := range places {
		if at.Segment != 0 || at.Key <= n.UpTo { // never written; or told of
			continue
		}
		p.UpTo = max(p.UpTo, at.Key)
		if p.Count++; len(people) < domain.NotifyMost {
			people, offsets = append(people, at.Person), append(offsets, at.Key)
		}
	}
	if p.Count == 0 {
		return p, oldest, newest, nil
	}
	rows, err := s.ConversationRows(ctx, n.Organisation, n.No, seen, people)
	if err != nil {
		return p, oldest, newest, err
	}
	for _, no := range people {
		if r, ok := rows[no]; ok {
			p.Conversations = append(p.Conversations, domain.NotifyConversation{Person: r.ID, Name: r.Name()})
		}
	}
	var at struct{ First, Last int64 }
	err = s.get(ctx, &at, `SELECT coalesce(min(e.at), 0) AS first, coalesce(max(e.at), 0) AS last FROM entries e WHERE e.organisation_id = $1 AND e."offset" IN `+s.d.Ints("$2"), n.Organisation, jsonOf(offsets))
	if err != nil {
		return p, oldest, newest, fmt.Errorf("read when replies came: %w", err)
	}
	return p, timeOf(at.First), timeOf(at.Last), nil
}

// QueueNotify asks for a mail to a staff member, unless one was asked for since a time: then it reports false, as another node was
// first. It is given up when it could not go by expires.
func (s *Store) QueueNotify(ctx context.Context, n domain.Notifiable, p domain.NotifyPayload, since, expires time.Time) (queued bool, err error) {
	err = s.write(ctx, n.Organisation, func(tx *Tx) error {
		queued = false
		if _, err := tx.Lock(ctx); err != nil { // two nodes ask one after the other
			return err
		}
		var known int
		err := tx.Get(ctx, &known, `SELECT count(*) FROM deliveries WHERE organisation_id = $1 AND person_no = $2 AND "offset" = 0 AND kind = 'notify' AND channel = 'email' AND created_at > $3`,
			n.Organisation, n.No, micros(since))
		if err != nil || known > 0 {
			return err
		}
		queued = true
		at := s.clock.Now()
		return tx.queue(ctx, at, []newDelivery{{kind: domain.DeliverNotify, person: int64(n.No), channel: domain.ChannelEmail, payload: jsonOf(p), due: at, expires: expires}})
	})
	if err != nil {
		return false, fmt.Errorf("ask for a notification: %w", err)
	}
	return queued, nil
}

// QueueAnswer asks for the server's own answer to what came in as id, once however often that is dealt with, and not if one that says the same was asked
// for since a time (zero: whenever) to the same person: then it reports false. It is given up when it could not go by expires.
func (s *Store) QueueAnswer(ctx context.Context, org domain.OrganisationID, person domain.PersonNo, c domain.Channel, id string, p domain.AnswerPayload, since, expires time.Time) (queued bool, err error) {
	from := micros(since)
	if since.IsZero() {
		from = math.MaxInt64
	}
	err = s.write(ctx, org, func(tx *Tx) error {
		queued = false
		if _, err := tx.Lock(ctx); err != nil { // two nodes ask one after the other
			return err
		}
		var known []struct{ ID, Payload string }
		err := tx.Select(ctx, &known, `SELECT id, payload FROM deliveries WHERE organisation_id = $1 AND person_no = $2 AND "offset" = 0 AND kind = 'answer' AND channel = $3
			AND (id = $4 OR created_at > $5)`, org, person, c, id, from)
		if err != nil {
			return err
		}
		for _, k := range known {
			var before domain.AnswerPayload
			if err := json.Unmarshal([]byte(k.Payload), &before); err != nil {
				return err
			}
			if k.ID == id || before.Says == p.Says {
				return nil
			}
		}
		queued = true
		at := s.clock.Now()
		return tx.queue(ctx, at, []newDelivery{{id: id, kind: domain.DeliverAnswer, person: int64(person), channel: c, payload: jsonOf(p), due: at, expires: expires}})
	})
	if err != nil {
		return false, fmt.Errorf("ask for an automatic answer: %w", err)
	}
	return queued, nil
}

// StopNotify ends a staff member's mails: sets the preference that they go by. Whoever is not there is no fault.
func (s *Store) StopNotify(ctx context.Context, org domain.OrganisationID, no domain.PersonNo, preference string) error {
	off := map[string]string{domain.NotifyEmail: domain.NotifyEmailOff, domain.NotifyMentions: domain.NotifyMentionsOff}[preference]
	err := s.write(ctx, org, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO preferences (organisation_id, person_no, name, value)
			SELECT p.organisation_id, p.no, $3, $4 FROM people p WHERE p.organisation_id = $1 AND p.no = $2 AND p.kind = 'staff'
			ON CONFLICT (organisation_id, person_no, name) DO UPDATE SET value = excluded.value`, org, no, preference, off)
		return err
	})
	if err != nil {
		return fmt.Errorf("end notifications: %w", err)
	}
	return nil
}

// queueExport asks for the mail that an export is ready, if whoever asked for it has an address.
func (t *Tx) queueExport(ctx context.Context, x domain.Export) error {
	var found []int64
	err := t.Select(ctx, &found, `SELECT p.no FROM people p WHERE p.organisation_id = $1 AND p.no = $2 AND p.kind = 'staff' AND p.email <> ''`, t.org, x.Staff)
	if err != nil || len(found) == 0 {
		return err
	}
	at := t.s.clock.Now()
	return t.queue(ctx, at, []newDelivery{{kind: domain.DeliverExport, person: found[0], channel: domain.ChannelEmail,
		payload: jsonOf(domain.ExportPayload{Export: x.ID, Expires: x.ExpiresAt}), due: at, expires: x.ExpiresAt}})
}
