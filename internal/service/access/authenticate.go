package access

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"crier/internal/auth"
	"crier/internal/domain"
	"crier/internal/fault"
)

// Identity is who a token stands for, by what, and until when.
type Identity struct {
	Actor   domain.Actor
	Session string    // the login's public id, "" for an API key
	Expires time.Time // zero for an API key that does not expire

	addresses []netip.Prefix // of an API key: from where it may be used; empty = from everywhere
}

// Authenticate is AuthenticateFrom where the address is not known: an API key that is bound
// to addresses is refused.
func (s *Service) Authenticate(ctx context.Context, token string) (domain.Actor, error) {
	return s.AuthenticateFrom(ctx, token, netip.Addr{})
}

// AuthenticateFrom returns who a session's token or an API key stands for. from is the
// address that the request comes from, the zero Addr if it is not known. Errors:
// Unauthenticated; Forbidden (the API key may not be used from there); Unavailable.
func (s *Service) AuthenticateFrom(ctx context.Context, token string, from netip.Addr) (domain.Actor, error) {
	id, err := s.Identify(ctx, token)
	if err != nil {
		return domain.Actor{}, err
	}
	if err := allowedFrom(id.addresses, from); err != nil {
		return domain.Actor{}, err
	}
	return id.Actor, nil
}

type unaskedKey struct{}

// Unasked marks a request that a page makes by itself, over and over: it is no use of a session, which
// would never end otherwise.
func Unasked(ctx context.Context) context.Context { return context.WithValue(ctx, unaskedKey{}, true) }

func isUnasked(ctx context.Context) bool { return ctx.Value(unaskedKey{}) != nil }

// allowedFrom checks an API key's list of addresses.
func allowedFrom(list []netip.Prefix, from netip.Addr) error {
	if len(list) == 0 || slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(from) }) {
		return nil
	}
	if !from.IsValid() {
		return fault.New(fault.Forbidden, "this API key may be used from certain addresses only, and this request's address is not known")
	}
	return fault.New(fault.Forbidden, "this API key may not be used from the address %s", from)
}

// Identify is Authenticate from any address, with all that is known about the login.
func (s *Service) Identify(ctx context.Context, token string) (Identity, error) {
	kind := auth.KindOf(token)
	if kind != auth.Session && kind != auth.APIKey {
		return Identity{}, notIn(nil)
	}
	key, now := [32]byte(auth.HashToken(token)), s.clock.Now()
	if id, ok := s.cache.get(key, now); ok {
		return id, nil
	}
	began := s.cache.generation.Load()
	id, err := s.look(ctx, kind, key[:], now)
	if fault.Is(err, fault.NotFound) {
		return Identity{}, notIn(err)
	}
	if err != nil {
		return Identity{}, err
	}
	s.cache.put(key, id, now, began)
	return id, nil
}

func (s *Service) look(ctx context.Context, kind auth.TokenKind, hash []byte, now time.Time) (Identity, error) {
	if kind == auth.APIKey {
		k, err := s.store.APIKeyBySecret(ctx, hash)
		if err != nil {
			return Identity{}, err
		}
		if k.Expired(now) {
			return Identity{}, fault.New(fault.Unauthenticated, "this API key expired at %s", k.ExpiresAt.Format(time.RFC3339))
		}
		if now.Sub(k.UsedAt) >= touchKeyEvery {
			if err := s.store.TouchAPIKey(ctx, k.Organisation, k.ID, now); err != nil {
				return Identity{}, err
			}
		}
		return Identity{Actor: integration(k), Expires: k.ExpiresAt, addresses: k.Addresses}, nil
	}
	n, p, err := s.lasting(ctx, hash, now)
	if err != nil {
		return Identity{}, err
	}
	actor, err := s.actorOf(ctx, p, n.ID)
	if err != nil {
		return Identity{}, err
	}
	if !isUnasked(ctx) && now.Sub(n.SeenAt) >= min(touchEvery, s.idle/4) {
		if n, err = s.renew(ctx, n, now); err != nil {
			return Identity{}, err
		}
	}
	return Identity{Actor: actor, Session: n.ID, Expires: n.ExpiresAt}, nil
}

// lasting returns the session of a token and whose it is. Errors: NotFound, Unauthenticated (it has
// expired).
func (s *Service) lasting(ctx context.Context, hash []byte, now time.Time) (domain.Session, domain.Person, error) {
	n, err := s.store.SessionByToken(ctx, hash)
	if err != nil {
		return n, domain.Person{}, err
	}
	p, err := s.store.PersonByNo(ctx, n.Organisation, n.Person)
	if err != nil {
		return n, p, err
	}
	n, err = s.last(ctx, n, p.Kind, now)
	return n, p, err
}

// last refuses a session that has expired, unless it is of a candidate who is in a test: such a one
// lasts until the test's end. Errors: Unauthenticated.
func (s *Service) last(ctx context.Context, n domain.Session, kind domain.PersonKind, now time.Time) (domain.Session, error) {
	if now.Before(n.ExpiresAt) {
		return n, nil
	}
	if kind != domain.KindCandidate {
		return n, notIn(nil)
	}
	until, err := s.store.InTestUntil(ctx, n.Organisation, n.Person, now)
	if err != nil {
		return n, err
	}
	if until.IsZero() {
		return n, notIn(nil)
	}
	n.ExpiresAt = until
	return n, s.store.TouchSession(ctx, n.Organisation, n.ID, now, until)
}

// renew notes that a session is used: it lasts its length from now, but not beyond its maximum. A
// later end that it has is kept.
func (s *Service) renew(ctx context.Context, n domain.Session, now time.Time) (domain.Session, error) {
	expires := now.Add(s.idle)
	if end := s.maximum(n); expires.After(end) {
		expires = end
	}
	if !expires.After(n.ExpiresAt) {
		return n, nil
	}
	n.ExpiresAt = expires
	return n, s.store.TouchSession(ctx, n.Organisation, n.ID, now, expires)
}

// maximum is when a session ends however much it is used.
func (s *Service) maximum(n domain.Session) time.Time {
	return n.CreatedAt.Add(max(SessionMost, s.idle))
}

func integration(k domain.APIKey) domain.Actor {
	return domain.Actor{Organisation: k.Organisation, Kind: domain.ActorAPIKey, ID: k.ID, Name: k.Name, Role: domain.RoleIntegration,
		Rights: k.Rights, PublicName: k.SenderName}
}
