package schedule

import (
	"context"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Deleted names a deletion, by which it can be undone.
type Deleted struct {
	ID          domain.ItemID `json:"id"`
	Unavailable string        `json:"unavailable,omitempty"` // id of the unavailability made with it
}

// Delete takes an assignment away from a candidate, and sets them unavailable in its time if asked;
// message names what of theirs led to it, "" for nothing. Errors: Forbidden; NotFound; Conflict (group:
// it is deleted already); Invalid (set_unavailable: the assignment has no times; message).
func (s *Service) Delete(ctx context.Context, actor domain.Actor, group domain.GroupID, person domain.PersonID, setUnavailable bool, message domain.ItemID) (Deleted, error) {
	seen, err := actor.Seen(domain.ActAssignmentManage)
	if err != nil {
		return Deleted{}, err
	}
	d := domain.Deletion{Group: group, Person: person, SetUnavailable: setUnavailable}
	if message != "" {
		if d.Message, err = s.Sealer.Open(int64(actor.Organisation), 0, string(message)); err != nil {
			return Deleted{}, fault.Field("message", "no such message")
		}
	}
	e, err := s.Store.DeleteAssignment(ctx, actor, seen, d)
	if err != nil {
		return Deleted{}, err
	}
	p, err := journal.As[journal.AssignmentChanged](e)
	if err != nil {
		return Deleted{}, err
	}
	return Deleted{ID: domain.ItemID(s.Sealer.Seal(int64(actor.Organisation), 0, e.Offset)), Unavailable: p.Unavailable}, nil
}

// Undo gives a deleted assignment back as it was, and removes the unavailability made with it. Errors:
// Forbidden; NotFound; Conflict (it was undone, or they were assigned anew).
func (s *Service) Undo(ctx context.Context, actor domain.Actor, deletion domain.ItemID) error {
	seen, err := actor.Seen(domain.ActAssignmentManage)
	if err != nil {
		return err
	}
	offset, err := s.Sealer.Open(int64(actor.Organisation), 0, string(deletion))
	if err != nil {
		return fault.New(fault.NotFound, "no such deletion")
	}
	err = s.Store.RestoreAssignment(ctx, actor, seen, offset)
	return err
}

// Unavailable notes a time in which a candidate cannot be assigned. The same period again is the one
// that is there. Errors: Forbidden; NotFound; Invalid (starts_at, ends_at); Conflict (starts_at: they have
// domain.UnavailabilitiesMax).
func (s *Service) Unavailable(ctx context.Context, actor domain.Actor, person domain.PersonID, from, to time.Time) (Unavailability, error) {
	seen, err := actor.Seen(domain.ActAssignmentManage)
	if err != nil {
		return Unavailability{}, err
	}
	from, to = from.UTC().Truncate(time.Microsecond), to.UTC().Truncate(time.Microsecond)
	switch {
	case from.IsZero():
		return Unavailability{}, fault.Field("starts_at", "say from when: a time with its time zone")
	case to.IsZero():
		return Unavailability{}, fault.Field("ends_at", "say until when: a time with its time zone")
	case !to.After(from):
		return Unavailability{}, fault.Field("ends_at", "the end must be after the start")
	case to.Sub(from) > domain.UnavailabilityMax:
		return Unavailability{}, fault.Field("ends_at", "an unavailability lasts at most 366 days")
	case !to.After(s.Clock.Now()):
		return Unavailability{}, fault.Field("ends_at", "this time is over already")
	}
	id, _, err := s.Store.AddUnavailability(ctx, actor, seen, person, domain.Unavailability{StartsAt: from, EndsAt: to})
	if err != nil {
		return Unavailability{}, err
	}
	return Unavailability{ID: id, StartsAt: from, EndsAt: to}, nil
}

// Available removes an unavailability. Errors: Forbidden; NotFound.
func (s *Service) Available(ctx context.Context, actor domain.Actor, person domain.PersonID, id string) error {
	seen, err := actor.Seen(domain.ActAssignmentManage)
	if err != nil {
		return err
	}
	err = s.Store.RemoveUnavailability(ctx, actor, seen, person, id)
	return err
}
