package access

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"crier/internal/auth"
	"crier/internal/domain"
	"crier/internal/fault"
)

// Options is what the sign-in page needs to know before anyone has signed in.
type Options struct {
	Organisation *OrganisationName `json:"organisation,omitempty"` // the only one; nil when there are several
}

// OrganisationName names an organisation.
type OrganisationName struct {
	Slug string `json:"slug"`
	Name string `json:"name"`
}

// Options returns the organisation if exactly one exists: with several, their
// names are nobody's business.
func (s *Service) Options(ctx context.Context) (Options, error) {
	orgs, err := s.store.Organisations(ctx, 2)
	if err != nil || len(orgs) != 1 {
		return Options{}, err
	}
	return Options{Organisation: &OrganisationName{Slug: orgs[0].Slug, Name: orgs[0].Name}}, nil
}

// Me is who is signed in, and what they may do.
type Me struct {
	ID           string          `json:"id"`
	Name         string          `json:"name"`
	Role         domain.Role     `json:"role"`
	Kind         string          `json:"kind"` // staff, candidate, api_key
	Locale       string          `json:"locale"`
	Email        string          `json:"email,omitempty"` // of staff: where mails about replies would go
	Organisation MyOrganisation  `json:"organisation"`
	Permissions  []domain.Action `json:"permissions"`
}

// MyOrganisation is what its people need to know of it.
type MyOrganisation struct {
	OrganisationName
	SubjectRequired bool `json:"subject_required"` // of a sending to many
	ChatSubject     bool `json:"chat_subject"`     // of a message in a conversation
	// DefaultChannels are ticked in a new message; staff alone are told.
	DefaultChannels []domain.Channel `json:"default_channels,omitempty"`
	// Language is the one by whose rules names are sorted; staff alone are told.
	Language string `json:"language,omitempty"`
}

// Me describes the actor.
func (s *Service) Me(ctx context.Context, actor domain.Actor) (Me, error) {
	org, err := s.store.Organisation(ctx, actor.Organisation)
	if err != nil {
		return Me{}, err
	}
	me := Me{ID: actor.ID, Name: actor.Name, Role: actor.Role, Kind: string(actor.Kind), Permissions: actor.Permissions(),
		Organisation: MyOrganisation{OrganisationName: OrganisationName{org.Slug, org.Name},
			SubjectRequired: !org.Settings.SubjectOptional, ChatSubject: org.Settings.ChatSubject}}
	if actor.Role != domain.RoleCandidate {
		me.Organisation.DefaultChannels = org.Settings.DefaultChannels
		me.Organisation.Language = org.Settings.SortLanguage()
	}
	if actor.Kind != domain.ActorPerson {
		return me, nil
	}
	p, err := s.store.PersonByNo(ctx, actor.Organisation, actor.No)
	if err != nil {
		return Me{}, err
	}
	me.Kind, me.Locale = string(p.Kind), p.Locale
	if p.Kind == domain.KindStaff {
		me.Email = p.Email
	}
	return me, nil
}

// SignOut ends the actor's own session; its sockets close on every node. A session
// that has ended already is no error. Errors: Invalid (an API key has no session).
func (s *Service) SignOut(ctx context.Context, actor domain.Actor) error {
	if actor.Kind != domain.ActorPerson || actor.Session == "" {
		return fault.New(fault.Invalid, "there is no session to end: an API key is revoked instead")
	}
	_, err := s.store.EndSession(ctx, actor, actor.Session, "signed_out")
	return err
}

// EndSessions ends all sessions of a person. Errors: Forbidden, NotFound.
func (s *Service) EndSessions(ctx context.Context, actor domain.Actor, person domain.PersonID) error {
	if err := actor.May(domain.ActPeopleManage); err != nil {
		return err
	}
	p, err := s.store.Person(ctx, actor.Organisation, person)
	if err != nil {
		return err
	}
	_, err = s.store.EndSessionsOf(ctx, actor, p.No, "revoked")
	return err
}

// NewPassword makes a password for the server to give out. It is checked fast, and nobody guesses it.
func (s *Service) NewPassword() string { return s.hasher.NewCode() }

// ResetPassword gives the person of a login a new password and ends their sessions.
// Errors: Forbidden, NotFound, Invalid (password).
func (s *Service) ResetPassword(ctx context.Context, actor domain.Actor, login, password string) error {
	if err := actor.May(domain.ActStaffManage); err != nil {
		return err
	}
	p, _, err := s.store.PersonByLogin(ctx, actor.Organisation, strings.ToLower(domain.Tidy(login)))
	if err != nil {
		return err
	}
	least := auth.Hard
	if p.Kind == domain.KindCandidate {
		least = auth.AnyUncommon
	}
	if err := auth.CheckPassword("password", password, least, login, p.GivenName, p.FamilyName); err != nil {
		return err
	}
	hash, err := s.hasher.Hash(ctx, auth.Lane{Group: auth.Setting, Key: fmt.Sprint(actor.Organisation)}, password)
	if err != nil {
		return err
	}
	_, err = s.store.SetPassword(ctx, actor, p.No, hash)
	return err
}

// Sweep ends sessions and API keys that have expired, forgets tickets and wrong passwords that no
// longer matter, and records failed sign-ins. An expired ticket is kept for an hour, so that whoever comes with it
// learns that it expired.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.clock.Now()
	if _, err := s.store.SweepSessions(ctx, now); err != nil {
		return err
	}
	if _, err := s.store.EndExpiredAPIKeys(ctx, now); err != nil {
		return err
	}
	if err := s.store.SweepTickets(ctx, now.Add(-time.Hour)); err != nil {
		return err
	}
	s.guard.sweep()
	return s.recordFailures(ctx)
}

// Start sweeps every minute until Stop or the context's end. A second Start does nothing.
func (s *Service) Start(parent context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop != nil {
		return
	}
	ctx, cancel := context.WithCancel(parent)
	done := make(chan struct{})
	s.stop, s.done = cancel, done
	go func() {
		defer close(done)
		t := time.NewTicker(sweepEvery)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
					s.log.Warn().Err(err).Msg("sweeping sessions failed")
				}
			}
		}
	}()
}

// Stop ends the sweeping, waits for it, and records the failed sign-ins that are left. Tickets are
// refused afterwards. It may be called without Start.
func (s *Service) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	within, end := context.WithTimeout(context.Background(), stopTime)
	defer end()
	if err := errors.Join(s.adding.Stop(within), s.redeeming.Stop(within)); err != nil {
		s.log.Warn().Err(err).Msg("tickets were cut off")
	}
	if s.stop != nil {
		s.stop()
		<-s.done
		s.stop = nil
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		_ = s.recordFailures(ctx) // logged there
	}
}
