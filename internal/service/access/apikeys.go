package access

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/google/uuid"

	"crier/internal/auth"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/peer"
)

// APIKey is a key as lists show it.
type APIKey struct {
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	SenderName string         `json:"sender_name,omitempty"` // the name that candidates see
	Rights     []domain.Right `json:"rights"`
	Addresses  []netip.Prefix `json:"addresses"`        // from which it may be used; empty = from everywhere
	Secret     string         `json:"secret,omitempty"` // only when it is made
	CreatedAt  time.Time      `json:"created_at"`
	ExpiresAt  time.Time      `json:"expires_at,omitzero"`
	LastUsedAt time.Time      `json:"last_used_at,omitzero"` // to about a minute
}

// NewAPIKey asks for a key.
type NewAPIKey struct {
	Name       string         `json:"name"`
	SenderName string         `json:"sender_name"` // of a key that may send; "" = the organisation's name
	Rights     []domain.Right `json:"rights"`
	Addresses  []string       `json:"addresses"`  // addresses and CIDR networks; none = from everywhere
	ExpiresAt  *time.Time     `json:"expires_at"` // nil = never
}

func shown(k domain.APIKey) APIKey {
	return APIKey{ID: k.ID, Name: k.Name, SenderName: k.SenderName, Rights: append([]domain.Right{}, k.Rights...),
		Addresses: append([]netip.Prefix{}, k.Addresses...), CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt, LastUsedAt: k.UsedAt}
}

// keysMost is how many keys an organisation may have at a time.
const keysMost = 100

// maxAddresses is how many addresses a key's list may have.
const maxAddresses = 50

// mayManageKeys: an API key that could make others could never be revoked, and could give
// them rights that it lacks itself.
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
		out[i] = shown(k)
	}
	return out, err
}

// CreateAPIKey makes a key; its secret is in this answer only. Errors: Forbidden,
// Invalid (naming the field), TooLarge (too many keys, too many addresses).
func (s *Service) CreateAPIKey(ctx context.Context, actor domain.Actor, in NewAPIKey) (APIKey, error) {
	if err := mayManageKeys(actor); err != nil {
		return APIKey{}, err
	}
	k, err := s.newKey(ctx, actor, in)
	if err != nil {
		return APIKey{}, err
	}
	keys, err := s.store.APIKeys(ctx, actor.Organisation)
	if err != nil {
		return APIKey{}, err
	}
	if len(keys) >= keysMost {
		return APIKey{}, fault.Over("name", keysMost, int64(len(keys)+1), "there are %d keys already; revoke one first", len(keys))
	}
	secret := auth.NewToken(auth.APIKey)
	if _, err := s.store.AddAPIKey(ctx, actor, k, auth.HashToken(secret)); err != nil {
		return APIKey{}, err
	}
	out := shown(k)
	out.Secret = secret
	return out, nil
}

// newKey checks what is asked for.
func (s *Service) newKey(ctx context.Context, actor domain.Actor, in NewAPIKey) (k domain.APIKey, err error) {
	in.Name, in.SenderName = domain.Tidy(in.Name), domain.Tidy(in.SenderName)
	k = domain.APIKey{Organisation: actor.Organisation, ID: uuid.Must(uuid.NewV7()).String(), Name: in.Name, CreatedAt: s.clock.Now()}
	if err := domain.CheckText("name", in.Name, 100, false, false); err != nil {
		return k, err
	}
	if k.Rights, err = domain.CheckRights("rights", in.Rights); err != nil {
		return k, err
	}
	if k.Addresses, err = prefixes(in.Addresses); err != nil {
		return k, err
	}
	if in.ExpiresAt != nil {
		if k.ExpiresAt = in.ExpiresAt.UTC().Truncate(time.Microsecond); k.Expired(k.CreatedAt) {
			return k, fault.Field("expires_at", "expires_at must be in the future")
		}
	}
	sends := slices.Contains(k.Rights, domain.RightSend)
	if k.SenderName = in.SenderName; k.SenderName != "" {
		if !sends {
			return k, fault.Field("sender_name", "only a key with the right send has a sender name")
		}
		return k, domain.CheckText("sender_name", k.SenderName, 200, false, false)
	}
	if sends {
		org, err := s.store.Organisation(ctx, actor.Organisation)
		k.SenderName = org.Name
		return k, err
	}
	return k, nil
}

// prefixes reads a list of addresses and networks.
func prefixes(list []string) ([]netip.Prefix, error) {
	if len(list) > maxAddresses {
		return nil, fault.Over("addresses", maxAddresses, int64(len(list)), "%d addresses; at most %d are possible", len(list), maxAddresses)
	}
	var out []netip.Prefix
	for i, text := range list {
		p, err := peer.ParsePrefix(text)
		if err != nil {
			return nil, fault.Field(fmt.Sprintf("addresses[%d]", i), "must be an address or a network, as in 192.0.2.7 or 192.0.2.0/24")
		}
		out = append(out, p)
	}
	return out, nil
}

// RevokeAPIKey ends a key, and the tickets it made. Errors: Forbidden, NotFound.
func (s *Service) RevokeAPIKey(ctx context.Context, actor domain.Actor, id string) error {
	if err := mayManageKeys(actor); err != nil {
		return err
	}
	_, err := s.store.RevokeAPIKey(ctx, actor, id)
	return err
}
