// Package people shows staff whom they may see: groups of every kind, people lists
// with filters, what the filters offer, and profiles. Each row says whether the person
// can be written to, and if not why (product rows V11–V14, V18).
package people

import (
	"context"
	"time"

	"crier/internal/cursor"
	"crier/internal/domain"
)

// Store is what this service needs of the database.
type Store interface {
	Organisation(ctx context.Context, id domain.OrganisationID) (domain.Organisation, error)
	Groups(ctx context.Context, org domain.OrganisationID, kinds []domain.GroupKind, ids []domain.GroupID) ([]domain.Group, error)
	GroupCounts(ctx context.Context, org domain.OrganisationID, seen domain.Seen, ids []domain.GroupID) (map[domain.GroupID]domain.GroupCounts, error)
	People(ctx context.Context, org domain.OrganisationID, q domain.PeopleQuery) ([]domain.Listed, error)
	CountPeople(ctx context.Context, org domain.OrganisationID, f domain.PeopleFilter, seen domain.Seen) (int, error)
	PeopleNumbers(ctx context.Context, org domain.OrganisationID, q domain.PeopleQuery) ([]domain.Placed, error)
	PeopleNumbered(ctx context.Context, org domain.OrganisationID, nos []domain.PersonNo) ([]domain.Listed, error)
	PeopleOf(ctx context.Context, org domain.OrganisationID, seen domain.Seen, group domain.GroupID, ids []domain.PersonID) ([]domain.Listed, error)
	PeopleFacets(ctx context.Context, org domain.OrganisationID, seen domain.Seen, group domain.GroupID) (domain.PeopleFacets, error)
	Attendances(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) ([]domain.Attendance, error)
	Unavailabilities(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) ([]domain.Unavailability, error)
}

// Presence says who is connected: advice. lastSeen is zero when not known.
type Presence interface {
	Presence(org domain.OrganisationID, no domain.PersonNo) (p domain.Presence, lastSeen time.Time)
}

// Service is safe for concurrent use.
type Service struct {
	store    Store
	presence Presence
	sealer   *cursor.Sealer
}

// New makes the service.
func New(s Store, p Presence, sealer *cursor.Sealer) *Service {
	return &Service{store: s, presence: p, sealer: sealer}
}

// seen is whom the actor may see. Errors: Forbidden.
func seen(actor domain.Actor) (domain.Seen, error) { return actor.Seen(domain.ActPeopleView) }

// seesGroup reports whether the group is the actor's.
func seesGroup(s domain.Seen, id domain.GroupID) bool {
	if s.All {
		return true
	}
	for _, p := range s.Places {
		if p.Group == id {
			return true
		}
	}
	return false
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}
