package people

import (
	"context"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

// Group is a group as lists show it. The counts are of the people the actor may see.
type Group struct {
	ID         domain.GroupID     `json:"id"`
	Kind       domain.GroupKind   `json:"kind"`
	Name       string             `json:"name"`
	ExternalID string             `json:"external_id"`
	StartsAt   *time.Time         `json:"starts_at"`
	EndsAt     *time.Time         `json:"ends_at"`
	Place      string             `json:"place"`
	Counts     domain.GroupCounts `json:"counts"`
	Policy     Policy             `json:"policy"`
	// ReplyMinutes is the expected reply time, 0 for none.
	ReplyMinutes int `json:"reply_minutes"`
}

// Policy is what the group says about its candidates' writing; "" = as the organisation.
type Policy struct {
	Replies domain.Choice `json:"replies"`
	Starts  domain.Choice `json:"starts"`
}

// Groups returns the actor's groups of these kinds (none: of all), those that start first
// first. Errors: Forbidden; Invalid (field "kind").
func (s *Service) Groups(ctx context.Context, actor domain.Actor, kinds []domain.GroupKind) ([]Group, error) {
	see, err := seen(actor)
	if err != nil {
		return nil, err
	}
	for _, k := range kinds {
		if _, err := domain.ParseGroupKind("kind", string(k)); err != nil {
			return nil, err
		}
	}
	var ids []domain.GroupID
	if !see.All {
		ids = []domain.GroupID{}
		for _, p := range see.Places {
			ids = append(ids, p.Group)
		}
	}
	return s.groups(ctx, actor.Organisation, see, kinds, ids)
}

// Group returns one group. Errors: Forbidden; NotFound.
func (s *Service) Group(ctx context.Context, actor domain.Actor, id domain.GroupID) (Group, error) {
	see, err := seen(actor)
	if err != nil {
		return Group{}, err
	}
	if !seesGroup(see, id) {
		return Group{}, noGroup()
	}
	found, err := s.groups(ctx, actor.Organisation, see, nil, []domain.GroupID{id})
	if err != nil {
		return Group{}, err
	}
	if len(found) == 0 {
		return Group{}, noGroup()
	}
	return found[0], nil
}

func noGroup() error { return fault.New(fault.NotFound, "no such group among yours") }

func (s *Service) groups(ctx context.Context, org domain.OrganisationID, see domain.Seen, kinds []domain.GroupKind, ids []domain.GroupID) ([]Group, error) {
	found, err := s.store.Groups(ctx, org, kinds, ids)
	if err != nil {
		return nil, err
	}
	of := make([]domain.GroupID, len(found))
	for i, g := range found {
		of[i] = g.ID
	}
	counts, err := s.store.GroupCounts(ctx, org, see, of)
	if err != nil {
		return nil, err
	}
	out := make([]Group, len(found))
	for i, g := range found {
		c := counts[g.ID]
		if c.ByState == nil {
			c.ByState = map[domain.EnrolmentState]int{}
		}
		out[i] = Group{ID: g.ID, Kind: g.Kind, Name: g.Name, ExternalID: g.ExternalID, StartsAt: optional(g.StartsAt), EndsAt: optional(g.EndsAt), Place: g.Place,
			Counts: c, Policy: Policy{Replies: g.Policy.Replies, Starts: g.Policy.Starts}, ReplyMinutes: g.ReplyMinutes}
	}
	return out, nil
}
