package roster

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"crier/internal/auth"
	"crier/internal/domain"
	"crier/internal/fault"
)

// staleTries is how often a write is tried again when somebody changed the same
// people's passwords meanwhile.
const staleTries = 3

func passwordsOf(items []Person) []string {
	out := make([]string, len(items))
	for i, p := range items {
		if p.Password != nil {
			out[i] = *p.Password
		}
	}
	return out
}

// withPasswords fills in the hashes of the passwords that are new ("" = none given)
// and writes. Hashing happens before the transaction, in half of the hasher's places,
// so that people can sign in meanwhile; a password that is the stored one already is
// not hashed again.
func (s *Service) withPasswords(ctx context.Context, org domain.OrganisationID, specs []domain.PersonSpec, passwords []string,
	write func() (domain.Tally, error),
) (c domain.Tally, err error) {
	for range staleTries {
		if err = s.hash(ctx, org, specs, passwords); err != nil {
			return c, err
		}
		c, err = write()
		if !errors.Is(err, domain.ErrStale) {
			return c, err
		}
	}
	return c, fault.Wrap(err, fault.Conflict, "someone else changed the same people at the same time; send the request again")
}

func (s *Service) hash(ctx context.Context, org domain.OrganisationID, specs []domain.PersonSpec, passwords []string) error {
	var ids []string
	for i, p := range passwords {
		if p != "" {
			ids = append(ids, specs[i].ExternalID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	stored, err := s.Store.PasswordHashes(ctx, org, ids)
	if err != nil {
		return err
	}
	lane := auth.Lane{Group: auth.Setting, Key: fmt.Sprint(org)}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, s.Hasher.Parallel()/2))
	for i, password := range passwords {
		if password == "" {
			continue
		}
		g.Go(func() error {
			spec := &specs[i]
			spec.PasswordWas, spec.PasswordHash = stored[spec.ExternalID], nil
			if spec.PasswordWas != "" {
				if same, err := s.Hasher.Verify(ctx, lane, spec.PasswordWas, password); err != nil || same {
					return err
				}
			}
			h, err := s.Hasher.Hash(ctx, lane, password)
			spec.PasswordHash = &h
			return err
		})
	}
	return g.Wait()
}
