// Package schedule is a candidate's shifts and test sittings: what they see of them, a
// question about one or the report that they cannot come, and what staff do about it
// (product row C5, seed 004).
package schedule

import (
	"context"
	"time"

	"crier/internal/clock"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Store is what this service needs of the database.
type Store interface {
	Assignments(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) ([]domain.Assignment, error)
	Unavailabilities(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) ([]domain.Unavailability, error)
	EntryByKey(ctx context.Context, org domain.OrganisationID, actorID, key string, hash []byte) (*journal.Entry, error)
	DeleteAssignment(ctx context.Context, by domain.Actor, seen domain.Seen, d domain.Deletion) (*journal.Entry, error)
	RestoreAssignment(ctx context.Context, by domain.Actor, seen domain.Seen, deletion int64) error
	AddUnavailability(ctx context.Context, by domain.Actor, seen domain.Seen, person domain.PersonID, u domain.Unavailability) (id string, e *journal.Entry, err error)
	RemoveUnavailability(ctx context.Context, by domain.Actor, seen domain.Seen, person domain.PersonID, id string) error
}

// Writer writes into conversations.
type Writer interface {
	// Write stores a message that has been checked.
	Write(ctx context.Context, org domain.OrganisationID, m domain.NewMessage) (journal.Sent, error)
}

// Limiter bounds how often one candidate may write. Allow takes one message from the writer's
// budget, or says when to come again.
type Limiter interface {
	Allow(org domain.OrganisationID, writer string) (ok bool, retryAfter time.Duration)
}

// Deps are what a Service is made of.
type Deps struct {
	Store   Store
	Writer  Writer
	Limiter Limiter
	Sealer  *cursor.Sealer
	Clock   clock.Clock
	Limits  domain.Limits
}

// Service is safe for concurrent use.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{d} }

// Schedule is what a candidate sees.
type Schedule struct {
	Assignments []Assignment     `json:"assignments"`
	Unavailable []Unavailability `json:"unavailable"`
}

// Assignment is one shift or test sitting. Absent times are not known.
type Assignment struct {
	Group    domain.GroupMark      `json:"group"`
	StartsAt *time.Time            `json:"starts_at"`
	EndsAt   *time.Time            `json:"ends_at"`
	Place    string                `json:"place"`
	State    domain.EnrolmentState `json:"state"`
	Progress domain.Progress       `json:"progress,omitempty"`
	Room     string                `json:"room,omitempty"`
	Seat     string                `json:"seat,omitempty"`
	Reported bool                  `json:"reported"` // they have said that they cannot come
	Over     bool                  `json:"over"`
}

// Unavailability is a time in which they are not assigned.
type Unavailability struct {
	ID       string            `json:"id"`
	StartsAt time.Time         `json:"starts_at"`
	EndsAt   time.Time         `json:"ends_at"`
	Group    *domain.GroupMark `json:"group,omitempty"`
}

// Schedule returns the actor's own assignments, by start, and when they are not available. Errors:
// Forbidden, Unavailable.
func (s *Service) Schedule(ctx context.Context, actor domain.Actor) (Schedule, error) {
	if err := own(actor, domain.ActScheduleView); err != nil {
		return Schedule{}, err
	}
	assignments, err := s.Store.Assignments(ctx, actor.Organisation, actor.No)
	if err != nil {
		return Schedule{}, err
	}
	away, err := s.Store.Unavailabilities(ctx, actor.Organisation, actor.No)
	if err != nil {
		return Schedule{}, err
	}
	out := Schedule{Assignments: make([]Assignment, len(assignments)), Unavailable: make([]Unavailability, len(away))}
	now := s.Clock.Now()
	for i, a := range assignments {
		out.Assignments[i] = Assignment{Group: domain.GroupMark{ID: a.Group.ID, Kind: a.Group.Kind, Name: a.Group.Name}, StartsAt: optional(a.Group.StartsAt),
			EndsAt: optional(a.Group.EndsAt), Place: a.Group.Place, State: a.State, Progress: a.Progress, Room: a.Room, Seat: a.Seat, Reported: a.Reported, Over: a.Over(now)}
	}
	for i, u := range away {
		out.Unavailable[i] = Unavailability{ID: u.ID, StartsAt: u.StartsAt, EndsAt: u.EndsAt}
		if u.Group.ID != "" {
			out.Unavailable[i].Group = &u.Group
		}
	}
	return out, nil
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// own refuses whoever is not a person acting for themselves.
func own(actor domain.Actor, action domain.Action) error {
	if err := actor.May(action); err != nil {
		return err
	}
	if actor.Kind != domain.ActorPerson || actor.No == 0 {
		return fault.New(fault.Forbidden, "only a candidate has a schedule")
	}
	return nil
}
