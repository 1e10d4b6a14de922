package schedule

import (
	"context"

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
	_, err = s.Store.RestoreAssignment(ctx, actor, seen, offset)
	return err
}

// Available removes an unavailability. Errors: Forbidden; NotFound.
func (s *Service) Available(ctx context.Context, actor domain.Actor, person domain.PersonID, id string) error {
	seen, err := actor.Seen(domain.ActAssignmentManage)
	if err != nil {
		return err
	}
	_, err = s.Store.RemoveUnavailability(ctx, actor, seen, person, id)
	return err
}
