package people

import (
	"context"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

// Profile is one candidate with all that the actor may see of where they are and were.
type Profile struct {
	Person      Person        `json:"person"`
	Enrolments  []Attendance  `json:"enrolments"`
	Unavailable []Unavailable `json:"unavailable"`
}

// Attendance is one group of a person, of now or of before.
type Attendance struct {
	Group    Name                  `json:"group"`
	State    domain.EnrolmentState `json:"state"`
	Progress domain.Progress       `json:"progress,omitempty"` // of a test
	Room     string                `json:"room,omitempty"`
	Seat     string                `json:"seat,omitempty"`
	StartsAt *time.Time            `json:"starts_at"`
	EndsAt   *time.Time            `json:"ends_at"`
	Place    string                `json:"place"`
	Blocked  *domain.Blocked       `json:"blocked,omitempty"` // why they cannot be written to in it
}

// Name names a group.
type Name struct {
	ID   domain.GroupID   `json:"id"`
	Kind domain.GroupKind `json:"kind"`
	Name string           `json:"name"`
}

// Unavailable is a time in which they cannot be assigned.
type Unavailable struct {
	ID       string    `json:"id"`
	StartsAt time.Time `json:"starts_at"`
	EndsAt   time.Time `json:"ends_at"`
	Group    *Name     `json:"group,omitempty"` // the assignment that it came from, if the actor sees it
}

// Profile returns one candidate of the actor's. Errors: Forbidden; NotFound.
func (s *Service) Profile(ctx context.Context, actor domain.Actor, id domain.PersonID) (Profile, error) {
	see, err := seen(actor)
	if err != nil {
		return Profile{}, err
	}
	found, err := s.store.PeopleOf(ctx, actor.Organisation, see, "", []domain.PersonID{id})
	if err != nil {
		return Profile{}, err
	}
	if len(found) == 0 {
		return Profile{}, fault.New(fault.NotFound, "no such person among yours")
	}
	org, err := s.store.Organisation(ctx, actor.Organisation)
	if err != nil {
		return Profile{}, err
	}
	r := found[0]
	out := Profile{Person: s.person(actor, org.Settings, see, "", r), Enrolments: []Attendance{}, Unavailable: []Unavailable{}}
	groups, err := s.store.Attendances(ctx, actor.Organisation, r.No)
	if err != nil {
		return Profile{}, err
	}
	visible := map[domain.GroupID]bool{}
	for _, a := range groups {
		if !see.HoldsMember(a.Group.ID, a.Enrolment.Room, a.Group.Kind, a.State) {
			continue
		}
		visible[a.Group.ID] = true
		line := Attendance{Group: Name{ID: a.Group.ID, Kind: a.Group.Kind, Name: a.Group.Name}, State: a.State, Room: a.Enrolment.Room, Seat: a.Enrolment.Seat,
			StartsAt: optional(a.Group.StartsAt), EndsAt: optional(a.Group.EndsAt), Place: a.Group.Place}
		if a.Group.Kind == domain.KindTest {
			line.Progress = a.Enrolment.Progress
		}
		if b := r.Standing(a.Group.ID).SendBlocked(); b.Is() {
			line.Blocked = &b
		}
		out.Enrolments = append(out.Enrolments, line)
	}
	times, err := s.store.Unavailabilities(ctx, actor.Organisation, r.No)
	if err != nil {
		return Profile{}, err
	}
	for _, u := range times {
		if see.ContextOnly && !visible[u.Group.ID] {
			continue
		}
		line := Unavailable{ID: u.ID, StartsAt: u.StartsAt, EndsAt: u.EndsAt}
		if visible[u.Group.ID] {
			line.Group = &Name{ID: u.Group.ID, Kind: u.Group.Kind, Name: u.Group.Name}
		}
		out.Unavailable = append(out.Unavailable, line)
	}
	return out, nil
}
