package store

import (
	"context"
	"errors"
	"fmt"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// AddNote stores a note with its mentions. e is of kind note.added, with the request's
// key and the group that it belongs to; its payload is made here, where the reach is known. For a retry it returns what
// was stored then, and fresh is false. Errors: Conflict (field "key").
func (s *Store) AddNote(ctx context.Context, e *journal.Entry, note journal.NoteAdded) (stored *journal.Entry, fresh bool, err error) {
	err = s.write(ctx, e.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		reached, err := tx.reached(ctx, []domain.PersonNo{note.Person})
		if err != nil {
			return err
		}
		if len(reached) == 0 {
			return fault.New(fault.NotFound, "no such person")
		}
		note.Reach = reached[0].Reach
		e.Payload = payload(note)
		if err := tx.Append(ctx, e); err != nil {
			return err
		}
		if err := tx.addFacts(ctx, e, e.Group, note.Person); err != nil {
			return err
		}
		if err := tx.index(ctx, []searchRow{{e.Offset, note.Person, e.Group, searchNote, searchWords(note.Body)}}); err != nil {
			return err
		}
		if len(note.Mentions) > 0 {
			_, err := tx.Exec(ctx, `INSERT INTO mentions (organisation_id, staff_no, "offset", person_no, at)
				SELECT $1, p.value, $3, $4, $5 FROM `+s.d.Ints("$2")+` AS p WHERE true`, tx.org, jsonOf(note.Mentions), e.Offset, note.Person, micros(e.At))
			if err != nil {
				return fmt.Errorf("note mentions: %w", err)
			}
			var pushes []staffPush
			for _, p := range note.Mentions {
				pushes = append(pushes, staffPush{staff: p, say: domain.StaffPush{Person: note.PersonID, Name: note.PersonName, By: e.Actor.Name}, group: e.Group, reach: note.Reach})
			}
			if err := tx.queueStaffPushes(ctx, e.At, pushes); err != nil {
				return err
			}
		}
		return nil
	})
	if d, ok := errors.AsType[*Duplicate](err); ok {
		return d.Entry, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("add a note: %w", err)
	}
	return e, true, nil
}
