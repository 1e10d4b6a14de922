// Package settings keeps what people choose: the organisation's rules for messages,
// canned replies, and a staff member's own saved filters and habits.
package settings

import (
	"context"

	"crier/internal/clock"
	"crier/internal/domain"
)

// Store is what this service needs of the database.
type Store interface {
	Organisation(ctx context.Context, id domain.OrganisationID) (domain.Organisation, error)
	// ChangeSettings changes the choices under the journal's lock; the entry is nil if change changed nothing.
	ChangeSettings(ctx context.Context, by domain.Actor, change func(*domain.Settings)) (domain.Settings, error)

	CannedReplies(ctx context.Context, org domain.OrganisationID, owner domain.PersonNo) ([]domain.CannedReply, error)
	// PutCanned adds or replaces a reply; most bounds how many its owner has. Errors: NotFound, TooLarge, Conflict (shortcut).
	PutCanned(ctx context.Context, by domain.Actor, r domain.CannedReply, isNew bool, most int) error
	RemoveCanned(ctx context.Context, by domain.Actor, owner domain.PersonNo, id string) error

	SavedViews(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo) ([]domain.SavedView, error)
	AddView(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, v domain.SavedView, most int) error
	RemoveView(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, id string) error

	Preferences(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) (map[string]string, error)
	SetPreferences(ctx context.Context, org domain.OrganisationID, no domain.PersonNo, values map[string]string, most int) error
}

// Deps are what a Service is made of.
type Deps struct {
	Store  Store
	Clock  clock.Clock
	Limits domain.Limits
}

// Service is safe for concurrent use.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{d} }
