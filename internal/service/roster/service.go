// Package roster takes what an organisation's own systems know: people, tests and
// other groups, who is in which and where, which staff work there, and how far candidates have
// come. Everything is idempotent by external id, and a request is done whole or not
// at all (product row A3).
package roster

import (
	"context"
	"fmt"
	"time"

	"crier/internal/auth"
	"crier/internal/clock"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Store is what this service needs of the database. Each method writes all or
// nothing, together with the entries that record it.
type Store interface {
	EnsureOrganisation(ctx context.Context, slug, name string) (domain.Organisation, *journal.Entry, error)
	PasswordHashes(ctx context.Context, org domain.OrganisationID, externalIDs []string) (map[string]string, error)
	UpsertPeople(ctx context.Context, actor domain.Actor, specs []domain.PersonSpec) (domain.Tally, []*journal.Entry, error)
	UpsertExams(ctx context.Context, actor domain.Actor, specs []domain.ExamSpec) (domain.Tally, []*journal.Entry, error)
	SetReplyMinutes(ctx context.Context, by domain.Actor, seen domain.Seen, group domain.GroupID, minutes int) (*journal.Entry, error)
	UpsertGroups(ctx context.Context, actor domain.Actor, specs []domain.GroupSpec) (domain.Tally, []*journal.Entry, error)
	UpsertEnrolments(ctx context.Context, actor domain.Actor, specs []domain.EnrolmentSpec) (domain.Tally, []*journal.Entry, error)
	ReplaceScopes(ctx context.Context, actor domain.Actor, specs []domain.ScopeSpec) (domain.Tally, []*journal.Entry, error)
	EmptyScopes(ctx context.Context, org domain.OrganisationID, specs []domain.ScopeSpec) ([]domain.EmptyScope, error)
	SetProgress(ctx context.Context, actor domain.Actor, specs []domain.ProgressSpec) (domain.Tally, []*journal.Entry, error)
	Import(ctx context.Context, actor domain.Actor, people []domain.PersonSpec, groups []domain.GroupSpec, enrolments []domain.EnrolmentSpec) (domain.ImportTally, []*journal.Entry, error)
	TryImport(ctx context.Context, actor domain.Actor, people []domain.PersonSpec, groups []domain.GroupSpec, enrolments []domain.EnrolmentSpec) (domain.ImportTally, error)
}

// Deps are what a Service is made of.
type Deps struct {
	Store  Store
	Hasher *auth.Hasher
	Clock  clock.Clock
	Limits domain.Limits
}

// Service is the use-case. Make one with New.
type Service struct{ Deps }

// New makes a service.
func New(d Deps) *Service { return &Service{Deps: d} }

// Counts says what became of a request's items.
type Counts = domain.Tally

// Imported says what became of a roster's rows, or would.
type Imported struct {
	domain.ImportTally
	Dry        bool       `json:"dry_run"`
	Recognised Recognised `json:"recognised"`
}

// EnsureOrganisation returns the organisation with that slug, made if it is new.
// Errors: Invalid naming slug or name.
func (s *Service) EnsureOrganisation(ctx context.Context, slug, name string) (domain.Organisation, error) {
	if err := checkSlug(slug); err != nil {
		return domain.Organisation{}, err
	}
	name = domain.Tidy(name)
	if err := domain.CheckText("name", name, 200, false, false); err != nil {
		return domain.Organisation{}, err
	}
	org, _, err := s.Store.EnsureOrganisation(ctx, slug, name)
	return org, err
}

// PutPeople creates and changes people. Errors: Forbidden; TooLarge (items); Invalid
// or Conflict with details; Unavailable.
func (s *Service) PutPeople(ctx context.Context, actor domain.Actor, items []Person) (Counts, error) {
	specs, err := prepare(s, actor, items)
	if err != nil {
		return Counts{}, err
	}
	return s.withPasswords(ctx, actor.Organisation, specs, passwordsOf(items), func() (domain.Tally, error) {
		c, _, err := s.Store.UpsertPeople(ctx, actor, specs)
		return c, err
	})
}

// PutExams creates and changes tests. Errors as for PutPeople.
func (s *Service) PutExams(ctx context.Context, actor domain.Actor, items []Exam) (Counts, error) {
	return put(ctx, s, actor, items, s.Store.UpsertExams)
}

// PutGroups creates and changes groups of any kind. Errors as for PutPeople.
func (s *Service) PutGroups(ctx context.Context, actor domain.Actor, items []Group) (Counts, error) {
	return put(ctx, s, actor, items, s.Store.UpsertGroups)
}

// SetReplyMinutes sets how soon candidates' messages in a group should be answered, in minutes; 0: nothing
// is expected. Errors: Forbidden; NotFound; Invalid, TooLarge (reply_minutes).
func (s *Service) SetReplyMinutes(ctx context.Context, actor domain.Actor, group domain.GroupID, minutes int) error {
	seen, err := actor.Seen(domain.ActGroupManage)
	if err != nil {
		return err
	}
	if err := domain.CheckReplyMinutes("reply_minutes", minutes); err != nil {
		return err
	}
	_, err = s.Store.SetReplyMinutes(ctx, actor, seen, group, minutes)
	return err
}

// PutEnrolments puts candidates in groups. Errors as for PutPeople.
func (s *Service) PutEnrolments(ctx context.Context, actor domain.Actor, items []Enrolment) (Counts, error) {
	return put(ctx, s, actor, items, s.Store.UpsertEnrolments)
}

// Scoped says what became of scopes.
type Scoped struct {
	Counts
	// Warnings name the scopes that nobody is in, which may be misspelt, or ahead of their enrolments.
	Warnings []fault.Detail `json:"warnings"`
}

// PutScopes replaces what staff see of a group. Errors as for PutPeople.
func (s *Service) PutScopes(ctx context.Context, actor domain.Actor, items []Scope) (out Scoped, err error) {
	specs, err := prepare(s, actor, items)
	if err != nil {
		return out, err
	}
	c, _, err := s.Store.ReplaceScopes(ctx, actor, specs)
	if err != nil {
		return out, err
	}
	out.Counts = c
	empty, err := s.Store.EmptyScopes(ctx, actor.Organisation, specs)
	for _, e := range empty {
		spec := specs[e.Item]
		w := fault.Detail{Field: spec.Where("rooms"), Message: fmt.Sprintf("nobody sits in room %q of %q yet", e.Room, spec.Exam)}
		if e.Room == "" {
			w = fault.Detail{Field: spec.Where("person"), Message: fmt.Sprintf("nobody is in %q yet", spec.Exam)}
		}
		out.Warnings = append(out.Warnings, w)
	}
	return out, err
}

// PostProgress takes in how far candidates have come. A change older than what is
// stored is counted as unchanged. Errors as for PutPeople.
func (s *Service) PostProgress(ctx context.Context, actor domain.Actor, items []Progress) (Counts, error) {
	now := s.Clock.Now()
	for i := range items {
		if items[i].At == nil {
			items[i].At = &now
		}
	}
	return put(ctx, s, actor, items, s.Store.SetProgress)
}

func put[I item[S], S any, P tidied[I]](ctx context.Context, s *Service, actor domain.Actor, items []I,
	write func(context.Context, domain.Actor, []S) (domain.Tally, []*journal.Entry, error),
) (Counts, error) {
	specs, err := prepare[I, S, P](s, actor, items)
	if err != nil {
		return Counts{}, err
	}
	c, _, err := write(ctx, actor, specs)
	return c, err
}

// latest is how far into the future a progress change may claim to be: clocks of
// other systems run ahead a little.
const latest = 5 * time.Minute
