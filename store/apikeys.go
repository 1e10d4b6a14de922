package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

type apiKeyRow struct {
	Organisation int64 `db:"organisation_id"`
	ID           string
	Name         string
	SenderName   string `db:"sender_name"`
	Rights       string
	Addresses    string
	CreatedAt    int64 `db:"created_at"`
	ExpiresAt    int64 `db:"expires_at"`
	UsedAt       int64 `db:"used_at"`
}

func (r apiKeyRow) key() (domain.APIKey, error) {
	k := domain.APIKey{Organisation: domain.OrganisationID(r.Organisation), ID: r.ID, Name: r.Name, SenderName: r.SenderName,
		CreatedAt: timeOf(r.CreatedAt), ExpiresAt: timeOf(r.ExpiresAt), UsedAt: timeOf(r.UsedAt)}
	// A list that cannot be read must not widen what a key may do.
	err := errors.Join(json.Unmarshal([]byte(r.Rights), &k.Rights), json.Unmarshal([]byte(r.Addresses), &k.Addresses))
	if err != nil {
		return domain.APIKey{}, fmt.Errorf("read API key %s: %w", r.ID, err)
	}
	return k, nil
}

const apiKeyColumns = `organisation_id, id, name, sender_name, rights, addresses, created_at, expires_at, used_at`

// keyRecord is how the journal keeps a key.
func keyRecord(k domain.APIKey) journal.APIKeyChanged {
	p := journal.APIKeyChanged{ID: k.ID, Name: k.Name, SenderName: k.SenderName, Rights: k.Rights, Addresses: k.Addresses}
	if !k.ExpiresAt.IsZero() {
		p.ExpiresAt = &k.ExpiresAt
	}
	return p
}

// AddAPIKey stores a key and records it.
func (s *Store) AddAPIKey(ctx context.Context, actor domain.Actor, k domain.APIKey, secretHash []byte) (*journal.Entry, error) {
	e := &journal.Entry{Kind: journal.KindAPIKeyCreated, Actor: actor.Ref(), Payload: payload(keyRecord(k))}
	err := s.write(ctx, actor.Organisation, func(tx *Tx) error {
		if err := tx.Append(ctx, e); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO api_keys
				(organisation_id, id, name, secret_hash, created_at, sender_name, rights, addresses, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			actor.Organisation, k.ID, k.Name, secretHash, micros(k.CreatedAt), k.SenderName,
			jsonOf(append([]domain.Right{}, k.Rights...)), jsonOf(append([]netip.Prefix{}, k.Addresses...)), micros(k.ExpiresAt))
		return err
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// APIKeyBySecret returns the key of a secret's SHA-256, or NotFound. A revoked one is not
// found; an expired one is.
func (s *Store) APIKeyBySecret(ctx context.Context, secretHash []byte) (domain.APIKey, error) {
	return s.apiKey(ctx, `secret_hash = $1 AND (revoked_at = 0 OR revoked_at = expires_at)`, secretHash)
}

func (s *Store) apiKey(ctx context.Context, where string, args ...any) (domain.APIKey, error) {
	var r apiKeyRow
	err := s.get(ctx, &r, `SELECT `+apiKeyColumns+` FROM api_keys WHERE `+where, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return domain.APIKey{}, fault.New(fault.NotFound, "no such API key")
	}
	if err != nil {
		return domain.APIKey{}, fmt.Errorf("read API key: %w", err)
	}
	return r.key()
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
		if out[i], err = r.key(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// RevokeAPIKey ends a key and records it. Errors: NotFound.
func (s *Store) RevokeAPIKey(ctx context.Context, actor domain.Actor, id string) (e *journal.Entry, err error) {
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
		e = &journal.Entry{Kind: journal.KindAPIKeyRevoked, Actor: actor.Ref(), Payload: payload(journal.APIKeyChanged{ID: id, Name: name})}
		return tx.Append(ctx, e)
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// EndExpiredAPIKeys ends the keys that expired before a time and records it. An expired key
// is refused in any case; the entry also closes the sockets that its tickets opened.
func (s *Store) EndExpiredAPIKeys(ctx context.Context, before time.Time) (entries []*journal.Entry, err error) {
	var due []apiKeyRow
	err = s.list(ctx, &due, `SELECT `+apiKeyColumns+` FROM api_keys
		WHERE revoked_at = 0 AND expires_at <> 0 AND expires_at <= $1 ORDER BY expires_at, id LIMIT $2`, micros(before), sweepBatch)
	if err != nil {
		return nil, fmt.Errorf("find expired API keys: %w", err)
	}
	for _, k := range due {
		org := domain.OrganisationID(k.Organisation)
		err := s.write(ctx, org, func(tx *Tx) error {
			if _, err := tx.Lock(ctx); err != nil {
				return err
			}
			n, err := tx.Exec(ctx, `UPDATE api_keys SET revoked_at = expires_at WHERE organisation_id = $1 AND id = $2 AND revoked_at = 0`, org, k.ID)
			if err != nil || n == 0 { // another node was first
				return err
			}
			e := &journal.Entry{Kind: journal.KindAPIKeyRevoked, Actor: domain.System(org).Ref(),
				Payload: payload(journal.APIKeyChanged{ID: k.ID, Name: k.Name, Reason: "expired"})}
			if err := tx.Append(ctx, e); err != nil {
				return err
			}
			entries = append(entries, e)
			return nil
		})
		if err != nil {
			return entries, fmt.Errorf("end expired API key: %w", err)
		}
	}
	return entries, nil
}

// TouchAPIKey notes that a key was used.
func (s *Store) TouchAPIKey(ctx context.Context, org domain.OrganisationID, id string, at time.Time) error {
	if _, err := s.w.ExecContext(ctx, `UPDATE api_keys SET used_at = $3 WHERE organisation_id = $1 AND id = $2`, org, id, micros(at)); err != nil {
		return fmt.Errorf("touch API key: %w", translate(ctx, err))
	}
	return nil
}
