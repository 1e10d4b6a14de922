package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"crier/internal/domain"
)

type deliveryRow struct {
	Organisation int64 `db:"organisation_id"`
	ID           string
	Kind         string
	Offset       int64
	Person       int64 `db:"person_no"`
	Channel      string
	Address      string
	Payload      string
	State        string
	OnlyUnread   int   `db:"only_unread"`
	DueAt        int64 `db:"due_at"`
	ExpiresAt    int64 `db:"expires_at"`
	Attempts     int
	Fence        int64
	Provider     string
	ProviderID   string `db:"provider_id"`
	Parts        int
	Reason       string
	Detail       string
	CreatedAt    int64 `db:"created_at"`
	ChangedAt    int64 `db:"changed_at"`
}

const deliveryColumns = `d.organisation_id, d.id, d.kind, d."offset", d.person_no, d.channel, d.address, d.payload, d.state, d.only_unread, d.due_at, d.expires_at,
	d.attempts, d.fence, d.provider, d.provider_id, d.parts, d.reason, d.detail, d.created_at, d.changed_at`

func (r deliveryRow) delivery() domain.Delivery {
	return domain.Delivery{
		Organisation: domain.OrganisationID(r.Organisation), ID: r.ID, Kind: domain.DeliveryKind(r.Kind), Offset: r.Offset, Person: domain.PersonNo(r.Person),
		Channel: domain.Channel(r.Channel), Address: r.Address, Payload: json.RawMessage(r.Payload), State: domain.DeliveryState(r.State), OnlyUnread: r.OnlyUnread == 1,
		DueAt: timeOf(r.DueAt), ExpiresAt: timeOf(r.ExpiresAt), Attempts: r.Attempts, Fence: r.Fence, Provider: r.Provider, ProviderID: r.ProviderID, Parts: r.Parts,
		Reason: r.Reason, Detail: r.Detail, CreatedAt: timeOf(r.CreatedAt), ChangedAt: timeOf(r.ChangedAt),
	}
}

// ClaimDeliveries takes up to limit deliveries of a channel that are due, those due longest first, of every organisation: until
// lease they are this worker's, under the fence they are returned with.
func (s *Store) ClaimDeliveries(ctx context.Context, c domain.Channel, now, lease time.Time, limit int) ([]domain.Delivery, error) {
	skip := ""
	if s.d == postgres {
		skip = ` FOR UPDATE SKIP LOCKED`
	}
	var rows []deliveryRow
	err := s.write(ctx, 0, func(tx *Tx) error {
		return tx.Select(ctx, &rows, `UPDATE deliveries AS d SET state = 'sending', fence = d.fence + 1, lease_until = $3, changed_at = $2
			WHERE (d.organisation_id, d.id) IN (SELECT w.organisation_id, w.id FROM deliveries w WHERE w.state = 'waiting' AND w.channel = $1 AND w.due_at <= $2
				ORDER BY w.due_at LIMIT $4`+skip+`)
			RETURNING `+strings.ReplaceAll(deliveryColumns, "d.", ""), c, micros(now), micros(lease), limit)
	})
	if err != nil {
		return nil, fmt.Errorf("claim deliveries: %w", err)
	}
	out := make([]domain.Delivery, len(rows))
	for i, r := range rows {
		out[i] = r.delivery()
	}
	return out, nil
}

// NextDelivery says when the next delivery of a channel is due; zero if none waits.
func (s *Store) NextDelivery(ctx context.Context, c domain.Channel) (time.Time, error) {
	var at int64
	err := s.get(ctx, &at, `SELECT coalesce(min(due_at), 0) FROM deliveries WHERE state = 'waiting' AND channel = $1`, c)
	if err != nil {
		return time.Time{}, fmt.Errorf("read when a delivery is due: %w", err)
	}
	return timeOf(at), nil
}
