package store

import (
	"context"
	"errors"

	"crier/internal/domain"
	"crier/internal/journal"
)

// errTried takes back what was only tried.
var errTried = errors.New("tried only")

// Import stores a roster's people, tests, other groups and enrolments in one
// transaction. Errors are those of UpsertPeople, UpsertExams, UpsertGroups and
// UpsertEnrolments.
func (s *Store) Import(ctx context.Context, actor domain.Actor, people []domain.PersonSpec, groups []domain.GroupSpec, enrolments []domain.EnrolmentSpec) (c domain.ImportTally, entries []*journal.Entry, err error) {
	return s.importRoster(ctx, actor, people, groups, enrolments, nil)
}

// TryImport counts what Import would store, and stores nothing. Errors as for Import.
func (s *Store) TryImport(ctx context.Context, actor domain.Actor, people []domain.PersonSpec, groups []domain.GroupSpec, enrolments []domain.EnrolmentSpec) (domain.ImportTally, error) {
	c, _, err := s.importRoster(ctx, actor, people, groups, enrolments, errTried)
	if errors.Is(err, errTried) {
		err = nil
	}
	return c, err
}

// importRoster imports and, if undo is not nil, takes everything back and returns it.
func (s *Store) importRoster(ctx context.Context, actor domain.Actor, people []domain.PersonSpec, groups []domain.GroupSpec, enrolments []domain.EnrolmentSpec, undo error) (c domain.ImportTally, entries []*journal.Entry, err error) {
	err = s.write(ctx, actor.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		var more []*journal.Entry
		if c.People, more, err = tx.upsertPeople(ctx, actor, people); err != nil {
			return err
		}
		entries = append(entries, more...)
		if c.Exams, more, err = tx.upsertExams(ctx, actor, ofKind(groups, true)); err != nil {
			return err
		}
		entries = append(entries, more...)
		if c.Groups, more, err = tx.upsertGroups(ctx, actor, ofKind(groups, false)); err != nil {
			return err
		}
		entries = append(entries, more...)
		if c.Enrolments, more, err = tx.upsertEnrolments(ctx, actor, enrolments); err != nil {
			return err
		}
		entries = append(entries, more...)
		return undo
	})
	if err == nil {
		s.analyse(ctx, len(people)+len(groups)+len(enrolments))
	}
	return c, entries, err
}

// ofKind returns the specs that are, or are not, of tests.
func ofKind(specs []domain.GroupSpec, tests bool) (out []domain.GroupSpec) {
	for _, g := range specs {
		if tests == (named(g.Kind, "").kind == string(domain.KindTest)) {
			out = append(out, g)
		}
	}
	return out
}
