package access

import (
	"context"
	"time"

	"github.com/google/uuid"

	"crier/internal/auth"
	"crier/internal/domain"
	"crier/internal/fault"
)

// APIKey is a key as lists show it.
type APIKey struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Secret     string    `json:"secret,omitempty"` // only when it is made
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at,omitzero"` // to about ten minutes
}

// keysMost is how many keys an organisation may have at a time.
const keysMost = 100

// mayManageKeys: an API key that could make others could never be revoked.
func mayManageKeys(actor domain.Actor) error {
	if actor.Kind == domain.ActorAPIKey {
		return fault.New(fault.Forbidden, "an API key may not manage API keys")
	}
	return actor.May(domain.ActPeopleManage)
}

// APIKeys lists the organisation's keys. Errors: Forbidden.
func (s *Service) APIKeys(ctx context.Context, actor domain.Actor) ([]APIKey, error) {
	if err := mayManageKeys(actor); err != nil {
		return nil, err
	}
	keys, err := s.store.APIKeys(ctx, actor.Organisation)
	out := make([]APIKey, len(keys))
	for i, k := range keys {
		out[i] = APIKey{ID: k.ID, Name: k.Name, CreatedAt: k.CreatedAt, LastUsedAt: k.UsedAt}
	}
	return out, err
}

// CreateAPIKey makes a key; its secret is in this answer only. Errors: Forbidden,
// Invalid (name), TooLarge (too many keys).
func (s *Service) CreateAPIKey(ctx context.Context, actor domain.Actor, name string) (APIKey, error) {
	if err := mayManageKeys(actor); err != nil {
		return APIKey{}, err
	}
	if err := domain.CheckText("name", name, 100, false, false); err != nil {
		return APIKey{}, err
	}
	keys, err := s.store.APIKeys(ctx, actor.Organisation)
	if err != nil {
		return APIKey{}, err
	}
	if len(keys) >= keysMost {
		return APIKey{}, fault.Over("name", keysMost, int64(len(keys)+1), "there are %d keys already; revoke one first", len(keys))
	}
	k := domain.APIKey{Organisation: actor.Organisation, ID: uuid.Must(uuid.NewV7()).String(), Name: name, CreatedAt: s.clock.Now()}
	secret := auth.NewToken(auth.APIKey)
	e, err := s.store.AddAPIKey(ctx, actor, k, auth.HashToken(secret))
	if err != nil {
		return APIKey{}, err
	}
	s.told(e)
	return APIKey{ID: k.ID, Name: k.Name, Secret: secret, CreatedAt: k.CreatedAt}, nil
}

// RevokeAPIKey ends a key, and the tickets it made. Errors: Forbidden, NotFound.
func (s *Service) RevokeAPIKey(ctx context.Context, actor domain.Actor, id string) error {
	if err := mayManageKeys(actor); err != nil {
		return err
	}
	e, err := s.store.RevokeAPIKey(ctx, actor, id)
	if err != nil {
		return err
	}
	s.told(e)
	return nil
}
