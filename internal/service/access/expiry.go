package access

import (
	"context"
	"time"

	"crier/internal/auth"
	"crier/internal/domain"
	"crier/internal/fault"
)

// Expiry is when a session ends.
type Expiry struct {
	Now       time.Time `json:"now"`
	ExpiresAt time.Time `json:"expires_at"` // unless it is used before
	WarnAt    time.Time `json:"warn_at"`    // when a page says so
	EndsAt    time.Time `json:"ends_at"`    // however much it is used
}

// Expiry says when the session of a token ends. It does not count as use. A candidate who is in a
// test is signed in until its end at least. Errors: Unauthenticated; Invalid (an API key).
func (s *Service) Expiry(ctx context.Context, token string) (Expiry, error) {
	return s.expiry(ctx, token, false)
}

// Renew lets a session last its whole length from now, up to its maximum. Errors: as Expiry.
func (s *Service) Renew(ctx context.Context, token string) (Expiry, error) {
	return s.expiry(ctx, token, true)
}

func (s *Service) expiry(ctx context.Context, token string, renew bool) (Expiry, error) {
	switch auth.KindOf(token) {
	case auth.Session:
	case auth.APIKey:
		return Expiry{}, fault.New(fault.Invalid, "there is no session: an API key lasts until it is revoked")
	default:
		return Expiry{}, notIn(nil)
	}
	now := s.clock.Now()
	n, p, err := s.lasting(ctx, auth.HashToken(token), now)
	if fault.Is(err, fault.NotFound) {
		return Expiry{}, notIn(err)
	}
	if err == nil && renew {
		n, err = s.renew(ctx, n, now)
	}
	if err != nil {
		return Expiry{}, err
	}
	if p.Kind == domain.KindCandidate {
		until, err := s.store.InTestUntil(ctx, n.Organisation, n.Person, now)
		if err != nil {
			return Expiry{}, err
		}
		if until.After(n.ExpiresAt) {
			n.ExpiresAt = until
		}
	}
	return Expiry{Now: now, ExpiresAt: n.ExpiresAt, WarnAt: n.ExpiresAt.Add(-min(warnBefore, s.idle/3)), EndsAt: s.maximum(n)}, nil
}
