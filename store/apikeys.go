package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

type apiKeyRow struct {
	Organisation int64 `db:"organisation_id"`
	ID           string
	Name         string
	CreatedAt    int64 `db:"created_at"`
	UsedAt       int64 `db:"used_at"`
}

func (r apiKeyRow) key() domain.APIKey {
	return domain.APIKey{Organisation: domain.OrganisationID(r.Organisation), ID: r.ID, Name: r.Name, CreatedAt: timeOf(r.CreatedAt), UsedAt: timeOf(r.UsedAt)}
}

const apiKeyColumns = `organisation_id, id, name, created_at, used_at`

// AddAPIKey stores a key and records it.
func (s *Store) AddAPIKey(ctx context.Context, actor domain.Actor, k domain.APIKey, secretHash []byte) (*domain.Entry, error) {
	e := &domain.Entry{Kind: domain.EntryAPIKeyCreated, Actor: actor.Ref(), Payload: payload(domain.APIKeyChanged{ID: k.ID, Name: k.Name})}
	err := s.write(ctx, actor.Organisation, func(tx *Tx) error {
		if err := tx.Append(ctx, e); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO api_keys (organisation_id, id, name, secret_hash, created_at) VALUES ($1, $2, $3, $4, $5)`,
			actor.Organisation, k.ID, k.Name, secretHash, micros(k.CreatedAt))
		return err
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// APIKeyBySecret returns the key of a secret's SHA-256, or NotFound; a revoked one
// is not found.
func (s *Store) APIKeyBySecret(ctx context.Context, secretHash []byte) (domain.APIKey, error) {
	return s.apiKey(ctx, `secret_hash = $1`, secretHash)
}

// APIKey returns a key by public id, or NotFound; a revoked one is not found.
func (s *Store) APIKey(ctx context.Context, org domain.OrganisationID, id string) (domain.APIKey, error) {
	return s.apiKey(ctx, `organisation_id = $1 AND id = $2`, org, id)
}

func (s *Store) apiKey(ctx context.Context, where string, args ...any) (domain.APIKey, error) {
	var r apiKeyRow
	err := s.get(ctx, &r, `SELECT `+apiKeyColumns+` FROM api_keys WHERE revoked_at = 0 AND `+where, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return domain.APIKey{}, fault.New(fault.NotFound, "no such API key")
	}
	if err != nil {
		return domain.APIKey{}, fmt.Errorf("read API key: %w", err)
	}
	return r.key(), nil
}

// APIKeys returns the keys that are not revoked, oldest first.
func (s *Store) APIKeys(ctx context.Context, org domain.OrganisationID) ([]domain.APIKey, error) {
	var rows []apiKeyRow
	err := s.list(ctx, &rows, `SELECT `+apiKeyColumns+` FROM api_keys WHERE organisation_id = $1 AND revoked_at = 0 ORDER BY created_at, id`, org)
	if err != nil {
		return nil, fmt.Errorf("read API keys: %w", err)
	}
	out := make([]domain.APIKey, len(rows))
	for i, r := range rows {
		out[i] = r.key()
	}
	return out, nil
}

// RevokeAPIKey ends a key and records it. Errors: NotFound.
func (s *Store) RevokeAPIKey(ctx context.Context, actor domain.Actor, id string) (e *domain.Entry, err error) {
	err = s.write(ctx, actor.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		var name string
		err := tx.Get(ctx, &name, `UPDATE api_keys SET revoked_at = $3 WHERE organisation_id = $1 AND id = $2 AND revoked_at = 0 RETURNING name`,
			actor.Organisation, id, micros(s.clock.Now()))
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.NotFound, "no such API key")
		}
		if err != nil {
			return fmt.Errorf("revoke API key: %w", err)
		}
		e = &domain.Entry{Kind: domain.EntryAPIKeyRevoked, Actor: actor.Ref(), Payload: payload(domain.APIKeyChanged{ID: id, Name: name})}
		return tx.Append(ctx, e)
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// TouchAPIKey notes that a key was used.
func (s *Store) TouchAPIKey(ctx context.Context, org domain.OrganisationID, id string, at time.Time) error {
	if _, err := s.w.ExecContext(ctx, `UPDATE api_keys SET used_at = $3 WHERE organisation_id = $1 AND id = $2`, org, id, micros(at)); err != nil {
		return fmt.Errorf("touch API key: %w", translate(ctx, err))
	}
	return nil
}
