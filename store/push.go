package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

// maxSubscriptions is how many browsers of one person take pushes; a further one takes the place of the oldest.
const maxSubscriptions = 10

// SavePush keeps a browser's subscription for as long as the sign-in it names lasts. A browser has
// one: the person who subscribes there last gets its pushes. Errors: NotFound (the sign-in has ended).
func (s *Store) SavePush(ctx context.Context, org domain.OrganisationID, person domain.PersonNo, sub domain.PushSubscription, at time.Time) error {
	err := s.write(ctx, org, func(tx *Tx) error {
		n, err := tx.Exec(ctx, `INSERT INTO push_subscriptions (organisation_id, id, person_no, session_id, endpoint, keys, created_at)
			SELECT $1, $2, n.person_no, n.id, $5, $6, $7 FROM sessions n
			WHERE n.organisation_id = $1 AND n.id = $4 AND n.person_no = $3 AND n.expires_at > $7
			ON CONFLICT (organisation_id, endpoint) DO UPDATE SET person_no = excluded.person_no,
				session_id = excluded.session_id, keys = excluded.keys, created_at = excluded.created_at`,
			org, sub.ID, person, sub.Session, sub.Endpoint, sub.Keys, micros(at))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.NotFound, "the sign-in that this subscription belongs to has ended")
		}
		_, err = tx.Exec(ctx, `DELETE FROM push_subscriptions WHERE organisation_id = $1 AND person_no = $2
			AND (created_at, id) <= (SELECT s.created_at, s.id FROM push_subscriptions s WHERE s.organisation_id = $1 AND s.person_no = $2
				ORDER BY s.created_at DESC, s.id DESC LIMIT 1 OFFSET $3)`, org, person, maxSubscriptions)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a push subscription: %w", err)
	}
	return nil
}

// RemovePush ends a person's own subscription. One that is not there is no fault.
func (s *Store) RemovePush(ctx context.Context, org domain.OrganisationID, person domain.PersonNo, endpoint string) error {
	err := s.write(ctx, org, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM push_subscriptions WHERE organisation_id = $1 AND person_no = $2 AND endpoint = $3`, org, person, endpoint)
		return err
	})
	if err != nil {
		return fmt.Errorf("remove a push subscription: %w", err)
	}
	return nil
}

// MetaOnce returns what the database holds under a key; if nothing, it keeps and returns value. All nodes get the same.
func (s *Store) MetaOnce(ctx context.Context, key, value string) (string, error) {
	if _, err := s.w.ExecContext(ctx, `INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`, key, value); err != nil {
		return "", fmt.Errorf("keep %s: %w", key, translate(ctx, err))
	}
	var v string
	if err := s.w.GetContext(ctx, &v, `SELECT value FROM meta WHERE key = $1`, key); err != nil {
		return "", fmt.Errorf("read %s: %w", key, translate(ctx, err))
	}
	return v, nil
}

// A push to a candidate goes if the message is not on their screen by then. After a day no push is news.
const (
	pushAfter   = 30 * time.Second
	pushExpires = 24 * time.Hour
)

// pushMessage asks for a push of a message to a candidate.
func pushMessage(offset, person int64, at time.Time) newDelivery {
	return newDelivery{kind: domain.DeliverMessage, offset: offset, person: person, channel: domain.ChannelPush, onlyUnread: true, due: at.Add(pushAfter), expires: at.Add(pushExpires)}
}

// queuePushes queues those whose person has a browser that takes pushes.
func (t *Tx) queuePushes(ctx context.Context, at time.Time, asked []newDelivery) error {
	if len(asked) == 0 {
		return nil
	}
	people := map[int64]bool{}
	for _, d := range asked {
		people[d.person] = false
	}
	var found []int64
	err := t.Select(ctx, &found, `SELECT DISTINCT s.person_no FROM push_subscriptions s WHERE s.organisation_id = $1 AND s.person_no IN `+t.s.d.Ints("$2"),
		t.org, jsonOf(slices.Collect(maps.Keys(people))))
	if err != nil {
		return fmt.Errorf("read who takes pushes: %w", err)
	}
	if len(found) == 0 {
		return nil
	}
	for _, p := range found {
		people[p] = true
	}
	list := slices.DeleteFunc(asked, func(d newDelivery) bool { return !people[d.person] })
	return t.queue(ctx, at, list)
}

// expandPushes asks for pushes of sendings, to those who take them.
func (t *Tx) expandPushes(ctx context.Context, made newMessages) error {
	if len(made) == 0 {
		return nil
	}
	// Most organisations have no candidate who takes pushes.
	var some bool
	if err := t.Get(ctx, &some, `SELECT EXISTS (SELECT 1 FROM push_subscriptions WHERE organisation_id = $1)`, t.org); err != nil || !some {
		return err
	}
	var rows []struct {
		Offset int64
		Person int64 `db:"person_no"`
		At     int64
	}
	err := t.Select(ctx, &rows, `SELECT DISTINCT r.o AS "offset", r.p AS person_no, e.at FROM `+t.s.d.Rows("$2", newMessageColumns...)+` AS r
		JOIN push_subscriptions s ON s.organisation_id = $1 AND s.person_no = r.p
		JOIN entries e ON e.organisation_id = $1 AND e."offset" = r.o WHERE r.elsewhere = 0`, t.org, jsonOf(made))
	if err != nil {
		return fmt.Errorf("read who gets a push: %w", err)
	}
	list := make([]newDelivery, len(rows))
	for i, r := range rows {
		list[i] = pushMessage(r.Offset, r.Person, timeOf(r.At))
	}
	if len(list) == 0 {
		return nil
	}
	return t.queue(ctx, t.s.clock.Now(), list)
}

// staffPush asks for a push to a staff member of what is in a candidate's conversation and belongs to a group ("" = to none).
type staffPush struct {
	staff domain.PersonNo
	say   domain.StaffPush
	group domain.GroupID
	reach []domain.Place // where the candidate is
}

// queueStaffPushes queues those whose staff member takes pushes, and sees the conversation still: an assignment outlives a scope.
func (t *Tx) queueStaffPushes(ctx context.Context, at time.Time, asked []staffPush) error {
	if len(asked) == 0 {
		return nil
	}
	staff := make([]int64, len(asked))
	for i, p := range asked {
		staff[i] = int64(p.staff)
	}
	var rows []struct {
		No   domain.PersonNo
		Role string
	}
	err := t.Select(ctx, &rows, `SELECT p.no, p.role FROM people p
		WHERE p.organisation_id = $1 AND p.kind = 'staff' AND p.no IN (SELECT s.person_no FROM push_subscriptions s WHERE s.organisation_id = $1 AND s.person_no IN `+t.s.d.Ints("$2")+`)`,
		t.org, jsonOf(staff))
	if err != nil {
		return fmt.Errorf("read which staff take pushes: %w", err)
	}
	if len(rows) == 0 {
		return nil
	}
	nos := make([]domain.PersonNo, len(rows))
	for i, r := range rows {
		nos[i] = r.No
	}
	scopes, err := t.s.scopesOf(ctx, t.Select, t.org, nos)
	if err != nil {
		return err
	}
	actors := map[domain.PersonNo]*domain.Actor{}
	for _, r := range rows {
		actors[r.No] = &domain.Actor{Role: domain.Role(r.Role), Scopes: scopes[r.No]}
	}
	var list []newDelivery
	for _, p := range asked {
		a := actors[p.staff]
		if a == nil {
			continue
		}
		if seen, err := a.Seen(domain.ActConversationView); err == nil && seen.Holds(p.reach) && seen.HoldsGroup(p.group, p.reach) {
			list = append(list, newDelivery{kind: domain.DeliverNotify, person: int64(p.staff), channel: domain.ChannelPush, payload: jsonOf(p.say), due: at, expires: at.Add(pushExpires)})
		}
	}
	return t.queue(ctx, at, list)
}
