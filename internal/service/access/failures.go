package access

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// The most that is counted between two entries, and that one entry names.
const (
	maxFailedAccounts = 10_000
	maxFailedNamed    = 200
	maxSources        = 20
)

// failures counts failed sign-ins until the next entry. Safe for concurrent use.
type failures struct {
	mu    sync.Mutex
	since time.Time                   // of the first; guarded by mu
	by    map[string]map[string]*fail // by organisation's slug and login; guarded by mu
	size  int                         // logins in by; guarded by mu
}

type fail struct {
	wrong, refused int
	sources        []string
}

func (f *failures) add(now time.Time, slug, login, source string, refused bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.size == 0 {
		f.by, f.since = map[string]map[string]*fail{}, now
	}
	of := f.by[slug][login]
	if of == nil {
		if f.size >= maxFailedAccounts {
			return // a flood of logins: the metrics count it
		}
		if f.by[slug] == nil {
			f.by[slug] = map[string]*fail{}
		}
		of = &fail{}
		f.by[slug][login] = of
		f.size++
	}
	if refused {
		of.refused++
	} else {
		of.wrong++
	}
	if len(of.sources) < maxSources && !slices.Contains(of.sources, source) {
		of.sources = append(of.sources, source)
	}
}

func (f *failures) take() (since time.Time, by map[string]map[string]*fail) {
	f.mu.Lock()
	defer f.mu.Unlock()
	by, f.by, f.size = f.by, nil, 0
	return f.since, by
}

// recordFailures writes one entry for each organisation where sign-ins have failed since the last. A
// login that nobody has is counted and not named: people type passwords there. What cannot be
// written is gone: it is in the log.
func (s *Service) recordFailures(ctx context.Context) error {
	since, by := s.failures.take()
	var last error
	for slug, logins := range by {
		if err := s.recordFailed(ctx, since, slug, logins); err != nil {
			s.log.Warn().Err(err).Int("logins", len(logins)).Msg("failed sign-ins could not be recorded")
			last = err
		}
	}
	return last
}

func (s *Service) recordFailed(ctx context.Context, since time.Time, slug string, logins map[string]*fail) error {
	org, err := s.store.OrganisationBySlug(ctx, slug)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	p := journal.SignInsFailed{From: since, To: s.clock.Now()}
	names := make([]string, 0, len(logins))
	for login := range logins {
		names = append(names, login)
	}
	known, err := s.store.PeopleByLogin(ctx, org.ID, names)
	if err != nil {
		return err
	}
	for login, f := range logins {
		who, ok := known[login]
		if !ok {
			p.Unknown += f.wrong + f.refused
			continue
		}
		p.Accounts = append(p.Accounts, journal.SignInFailed{Person: who.No, Name: who.Name(), Login: login,
			Wrong: f.wrong, Refused: f.refused, Sources: f.sources})
	}
	slices.SortFunc(p.Accounts, func(a, b journal.SignInFailed) int {
		if n := b.Wrong + b.Refused - a.Wrong - a.Refused; n != 0 {
			return n
		}
		return strings.Compare(a.Login, b.Login)
	})
	if more := len(p.Accounts) - maxFailedNamed; more > 0 {
		for _, a := range p.Accounts[maxFailedNamed:] {
			p.More += a.Wrong + a.Refused
		}
		p.Accounts = p.Accounts[:maxFailedNamed]
	}
	_, err = s.store.RecordSignInsFailed(ctx, domain.System(org.ID), p)
	return err
}
