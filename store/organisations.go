package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

type organisationRow struct {
	ID        int64
	Slug      string
	Name      string
	Settings  string
	CreatedAt int64 `db:"created_at"`
}

func (r organisationRow) organisation() (domain.Organisation, error) {
	o := domain.Organisation{ID: domain.OrganisationID(r.ID), Slug: r.Slug, Name: r.Name, CreatedAt: timeOf(r.CreatedAt)}
	if err := json.Unmarshal([]byte(r.Settings), &o.Settings); err != nil {
		return o, fmt.Errorf("read the settings of organisation %d: %w", r.ID, err)
	}
	return o, nil
}

// EnsureOrganisation returns the organisation of that slug, and makes it if there
// is none: then the entry that records it is returned too. An existing one keeps its name.
func (s *Store) EnsureOrganisation(ctx context.Context, slug, name string) (domain.Organisation, *journal.Entry, error) {
	o, err := s.OrganisationBySlug(ctx, slug)
	if !fault.Is(err, fault.NotFound) {
		return o, nil, err
	}
	var entry *journal.Entry
	err = s.write(ctx, 0, func(tx *Tx) error {
		var id int64
		err := tx.Get(ctx, &id, `INSERT INTO organisations (slug, name, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id`,
			slug, name, micros(s.clock.Now()))
		if errors.Is(err, sql.ErrNoRows) {
			return nil // another node was faster
		}
		if err != nil {
			return fmt.Errorf("insert organisation: %w", err)
		}
		tx.org = domain.OrganisationID(id)
		for _, table := range []string{"journals", "expansions"} {
			if _, err := tx.Exec(ctx, `INSERT INTO `+table+` (organisation_id) VALUES ($1)`, id); err != nil {
				return fmt.Errorf("start the organisation's journal: %w", err)
			}
		}
		entry = &journal.Entry{Kind: journal.KindOrganisationCreated, Actor: domain.System(tx.org).Ref(),
			Payload: payload(journal.OrganisationCreated{Slug: slug, Name: name})}
		return tx.Append(ctx, entry)
	})
	if err != nil {
		return domain.Organisation{}, nil, err
	}
	o, err = s.OrganisationBySlug(ctx, slug)
	return o, entry, err
}

// Organisation returns one organisation, or NotFound.
func (s *Store) Organisation(ctx context.Context, id domain.OrganisationID) (domain.Organisation, error) {
	return s.organisation(ctx, `WHERE id = $1`, id)
}

// OrganisationBySlug returns one organisation, or NotFound.
func (s *Store) OrganisationBySlug(ctx context.Context, slug string) (domain.Organisation, error) {
	return s.organisation(ctx, `WHERE slug = $1`, slug)
}

func (s *Store) organisation(ctx context.Context, where string, arg any) (domain.Organisation, error) {
	var r organisationRow
	err := s.get(ctx, &r, `SELECT id, slug, name, settings, created_at FROM organisations `+where, arg)
	if errors.Is(err, sql.ErrNoRows) {
		return domain.Organisation{}, fault.New(fault.NotFound, "no such organisation")
	}
	if err != nil {
		return domain.Organisation{}, fmt.Errorf("read organisation: %w", err)
	}
	return r.organisation()
}

// Organisations returns up to limit organisations, oldest first.
func (s *Store) Organisations(ctx context.Context, limit int) ([]domain.Organisation, error) {
	var rows []organisationRow
	err := s.list(ctx, &rows, `SELECT id, slug, name, settings, created_at FROM organisations ORDER BY id LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("read organisations: %w", err)
	}
	out := make([]domain.Organisation, len(rows))
	for i, r := range rows {
		if out[i], err = r.organisation(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// payload is an entry's payload.
func payload(v any) json.RawMessage { return json.RawMessage(jsonOf(v)) }

// faults gathers what is wrong with a request that only the store can see.
type faults []fault.Detail

func (f *faults) add(where domain.Where, field, format string, args ...any) {
	*f = append(*f, fault.Detail{Field: where(field), Message: fmt.Sprintf(format, args...)})
}

// err returns all of them as one fault, nil if there are none.
func (f faults) err(code fault.Code) error {
	switch len(f) {
	case 0:
		return nil
	case 1:
		return &fault.Error{Code: code, Field: f[0].Field, Message: f[0].Message, Details: f}
	default:
		return fault.Many(code, f, "%d items cannot be stored; nothing was changed", len(f))
	}
}

// set returns the field's value: what is asked for, or else what is stored.
func set[T any](asked *T, stored T) T {
	if asked != nil {
		return *asked
	}
	return stored
}

// chunks cuts a list into parts of at most n, so that no entry grows without bound.
func chunks[T any](list []T, n int) [][]T {
	var out [][]T
	for len(list) > n {
		out, list = append(out, list[:n]), list[n:]
	}
	if len(list) > 0 {
		out = append(out, list)
	}
	return out
}

// weighed cuts a list into parts of at most n whose members are at most ten times as many; an item with more is a part
// of its own.
func weighed[T any](list []T, n int, members func(T) int) [][]T {
	var out [][]T
	begin, sum := 0, 0
	for i, one := range list {
		if more := members(one); i > begin && (i-begin == n || sum+more > 10*n) {
			out, begin, sum = append(out, list[begin:i]), i, more
		} else {
			sum += more
		}
	}
	if begin < len(list) {
		out = append(out, list[begin:])
	}
	return out
}

// perEntry is how many people, tests or changes one entry names at most.
const perEntry = 1000
