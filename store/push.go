package store

import (
	"context"
	"fmt"
	"time"

	"crier/internal/domain"
)

// maxSubscriptions is how many browsers of one person take pushes; a further one takes the place of the oldest.
const maxSubscriptions = 10

// SavePush keeps a browser's subscription. A browser has one: whoever subscribes there last gets its pushes.
func (s *Store) SavePush(ctx context.Context, org domain.OrganisationID, person domain.PersonNo, sub domain.PushSubscription, at time.Time) error {
	err := s.write(ctx, org, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO push_subscriptions (organisation_id, id, person_no, endpoint, keys, created_at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (organisation_id, endpoint) DO UPDATE SET person_no = excluded.person_no, keys = excluded.keys, created_at = excluded.created_at`,
			org, sub.ID, person, sub.Endpoint, sub.Keys, micros(at))
		if err != nil {
			return err
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
