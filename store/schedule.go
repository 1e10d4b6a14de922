package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Assignments returns a candidate's shifts and test sittings that have not ended for them, by start
// and name.
func (s *Store) Assignments(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) ([]domain.Assignment, error) {
	var rows []struct {
		ID, Kind, Name, Place, State, Progress, Room, Seat string
		ExternalID                                         string `db:"external_id"`
		StartsAt                                           int64  `db:"starts_at"`
		EndsAt                                             int64  `db:"ends_at"`
		Reported                                           bool
	}
	err := s.list(ctx, &rows, `SELECT g.id, g.kind, g.name, g.place, g.external_id, g.starts_at, g.ends_at, e.state, e.progress, e.room, e.seat,
			EXISTS (SELECT 1 FROM messages m JOIN entries x ON x.organisation_id = m.organisation_id AND x."offset" = m."offset"
				WHERE m.organisation_id = e.organisation_id AND m.person_no = e.person_no AND m.group_id = e.group_id AND m.inbound = 1
				AND m.delivered_at >= e.state_at AND `+s.d.Nested("x.payload", "about", "kind")+` = 'unavailable') AS reported
		FROM enrolments e JOIN groups g ON g.organisation_id = e.organisation_id AND g.id = e.group_id
		WHERE e.organisation_id = $1 AND e.person_no = $2 AND g.kind IN ('test', 'activity') AND e.state <> 'left' ORDER BY g.starts_at, g.name, g.id`, org, no)
	if err != nil {
		return nil, fmt.Errorf("read a schedule: %w", err)
	}
	out := make([]domain.Assignment, len(rows))
	for i, r := range rows {
		out[i] = domain.Assignment{
			Group: domain.Group{Organisation: org, ID: domain.GroupID(r.ID), Kind: domain.GroupKind(r.Kind), Name: r.Name, Place: r.Place, ExternalID: r.ExternalID,
				StartsAt: timeOf(r.StartsAt), EndsAt: timeOf(r.EndsAt)},
			State: domain.EnrolmentState(r.State), Room: r.Room, Seat: r.Seat, Reported: r.Reported,
		}
		if out[i].Group.Kind == domain.KindTest {
			out[i].State, out[i].Progress = domain.EnrolmentAssigned, domain.Progress(r.Progress)
		}
	}
	return out, nil
}

// Unavailabilities returns when a candidate cannot be assigned, by start.
func (s *Store) Unavailabilities(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) ([]domain.Unavailability, error) {
	var rows []struct {
		ID, Group, Kind, Name string
		StartsAt              int64 `db:"starts_at"`
		EndsAt                int64 `db:"ends_at"`
	}
	err := s.list(ctx, &rows, `SELECT u.id, u.starts_at, u.ends_at, coalesce(g.id, '') AS "group", coalesce(g.kind, '') AS kind, coalesce(g.name, '') AS name
		FROM unavailabilities u LEFT JOIN groups g ON g.organisation_id = u.organisation_id AND g.id = u.group_id
		WHERE u.organisation_id = $1 AND u.person_no = $2 AND u.removed_at = 0 ORDER BY u.starts_at, u.id`, org, no)
	if err != nil {
		return nil, fmt.Errorf("read when someone is unavailable: %w", err)
	}
	out := make([]domain.Unavailability, len(rows))
	for i, r := range rows {
		out[i] = domain.Unavailability{ID: r.ID, StartsAt: timeOf(r.StartsAt), EndsAt: timeOf(r.EndsAt),
			Group: domain.GroupMark{ID: domain.GroupID(r.Group), Kind: domain.GroupKind(r.Kind), Name: r.Name}}
	}
	return out, nil
}

// assignmentRow is an enrolment that is, or was, an assignment.
type assignmentRow struct {
	No             int64
	ID, Kind, Name string
	State, Room    string
	StateAt        int64 `db:"state_at"`
	StartsAt       int64 `db:"starts_at"`
	EndsAt         int64 `db:"ends_at"`
}

// assignment reads one that is seen, under the journal's lock. Errors: NotFound.
func (t *Tx) assignment(ctx context.Context, seen domain.Seen, group domain.GroupID, person domain.PersonID) (a assignmentRow, err error) {
	missing := fault.New(fault.NotFound, "no such assignment among yours")
	err = t.Get(ctx, &a, `SELECT p.no, p.id, g.kind, g.name, g.starts_at, g.ends_at, e.state, e.room, e.state_at
		FROM enrolments e JOIN people p ON p.organisation_id = e.organisation_id AND p.no = e.person_no
		JOIN groups g ON g.organisation_id = e.organisation_id AND g.id = e.group_id
		WHERE e.organisation_id = $1 AND e.group_id = $2 AND p.id = $3 AND g.kind IN ('test', 'activity')`, t.org, group, person)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !seen.Holds([]domain.Place{{Group: group, Room: a.Room}}) {
		return a, missing
	}
	return a, err
}

func assignmentConflict(message string) error {
	return &fault.Error{Code: fault.Conflict, Field: "group", Message: message}
}

// DeleteAssignment takes a candidate out of a shift or test, sets them unavailable in its time if asked,
// and records it in their conversation. What is queued for them there is stopped. Errors: NotFound;
// Conflict (group: deleted already); Invalid (set_unavailable: it has no times; message: not one of theirs about
// this assignment).
func (s *Store) DeleteAssignment(ctx context.Context, by domain.Actor, seen domain.Seen, d domain.Deletion) (e *journal.Entry, err error) {
	err = s.write(ctx, by.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		a, err := tx.assignment(ctx, seen, d.Group, d.Person)
		if err != nil {
			return err
		}
		if domain.EnrolmentState(a.State) == domain.EnrolmentLeft {
			return assignmentConflict("this assignment is deleted already")
		}
		if err := tx.aboutAssignment(ctx, d, a.No); err != nil {
			return err
		}
		p := journal.AssignmentChanged{GroupName: a.Name, GroupKind: domain.GroupKind(a.Kind), State: domain.EnrolmentState(a.State), StartsAt: timeOf(a.StartsAt), EndsAt: timeOf(a.EndsAt), Message: d.Message}
		if p.Reached, err = tx.reachedOne(ctx, a.No); err != nil {
			return err
		}
		if d.SetUnavailable {
			if a.StartsAt == 0 || a.EndsAt == 0 {
				return fault.Field("set_unavailable", "the assignment has no start and end, so there is no time slot")
			}
			p.Unavailable = uuid.Must(uuid.NewV7()).String()
		}
		if err := tx.stopQueued(ctx, d.Group, []int64{a.No}, domain.BlockedLeft); err != nil {
			return err
		}
		e = &journal.Entry{Kind: journal.KindAssignmentDeleted, Actor: by.Ref(), Group: d.Group, Payload: payload(p)}
		if err := tx.Append(ctx, e); err != nil {
			return err
		}
		if err := tx.addFacts(ctx, e, d.Group, domain.PersonNo(a.No)); err != nil {
			return err
		}
		if p.Unavailable != "" {
			_, err := tx.Exec(ctx, `INSERT INTO unavailabilities (organisation_id, id, person_no, starts_at, ends_at, group_id, "offset") VALUES ($1, $2, $3, $4, $5, $6, $7)`,
				tx.org, p.Unavailable, a.No, a.StartsAt, a.EndsAt, d.Group, e.Offset)
			if err != nil {
				return err
			}
		}
		return tx.setState(ctx, d.Group, a.No, domain.EnrolmentLeft, e)
	})
	if err != nil {
		return nil, fmt.Errorf("delete an assignment: %w", err)
	}
	return e, nil
}

// aboutAssignment refuses a deletion that names a message which its candidate has not written about the assignment.
func (t *Tx) aboutAssignment(ctx context.Context, d domain.Deletion, no int64) error {
	if d.Message == 0 {
		return nil
	}
	var about string
	err := t.Get(ctx, &about, `SELECT coalesce(`+t.s.d.Nested("e.payload", "about", "group")+`, '') FROM messages m
		JOIN entries e ON e.organisation_id = m.organisation_id AND e."offset" = m."offset" AND e.kind = 'message.sent'
		WHERE m.organisation_id = $1 AND m."offset" = $2 AND m.person_no = $3 AND m.inbound = 1`, t.org, d.Message, no)
	if errors.Is(err, sql.ErrNoRows) || err == nil && about != string(d.Group) {
		return fault.Field("message", "no message of theirs about this assignment")
	}
	return err
}

func (t *Tx) setState(ctx context.Context, group domain.GroupID, no int64, state domain.EnrolmentState, e *journal.Entry) error {
	_, err := t.Exec(ctx, `UPDATE enrolments SET state = $4, state_at = $5 WHERE organisation_id = $1 AND group_id = $2 AND person_no = $3`, t.org, group, no, state, micros(e.At))
	return err
}

// reachedOne is reached for one person who is known to exist.
func (t *Tx) reachedOne(ctx context.Context, no int64) (journal.Reached, error) {
	list, err := t.reached(ctx, []domain.PersonNo{domain.PersonNo(no)})
	if err != nil || len(list) == 0 {
		return journal.Reached{Person: domain.PersonNo(no), Reach: []domain.Place{}}, err
	}
	return list[0], nil
}

// RestoreAssignment undoes a deletion. Errors: NotFound; Conflict (group) when it was undone already or
// the enrolment has changed since.
func (s *Store) RestoreAssignment(ctx context.Context, by domain.Actor, seen domain.Seen, deletion int64) error {
	err := s.write(ctx, by.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		list, err := queryEntries(ctx, tx.Select, `WHERE organisation_id = $1 AND "offset" = $2 AND kind = 'assignment.deleted'`, tx.org, deletion)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return fault.New(fault.NotFound, "no such deletion")
		}
		was := list[0]
		p, err := journal.As[journal.AssignmentChanged](was)
		if err != nil {
			return fmt.Errorf("entry %d: %w", deletion, err)
		}
		a, err := tx.assignment(ctx, seen, was.Group, p.PersonID)
		if err != nil {
			return err
		}
		if domain.EnrolmentState(a.State) != domain.EnrolmentLeft || a.StateAt != micros(was.At) {
			return assignmentConflict("the deletion was undone already, or the assignment has changed since")
		}
		p.Deleted = deletion
		e := &journal.Entry{Kind: journal.KindAssignmentRestored, Actor: by.Ref(), Group: was.Group, Payload: payload(p)}
		if err := tx.Append(ctx, e); err != nil {
			return err
		}
		if err := tx.addFacts(ctx, e, was.Group, domain.PersonNo(a.No)); err != nil {
			return err
		}
		if p.Unavailable != "" {
			if _, err := tx.Exec(ctx, `UPDATE unavailabilities SET removed_at = $3 WHERE organisation_id = $1 AND id = $2 AND removed_at = 0`, tx.org, p.Unavailable, micros(e.At)); err != nil {
				return err
			}
		}
		return tx.setState(ctx, was.Group, a.No, p.State, e)
	})
	if err != nil {
		return fmt.Errorf("restore an assignment: %w", err)
	}
	return nil
}

// AddUnavailability notes a time in which a candidate cannot be assigned, and records it in their
// conversation. The same period again changes nothing: the entry is nil. Errors: NotFound; Conflict
// (ends_at: they have domain.UnavailabilitiesMax already).
func (s *Store) AddUnavailability(ctx context.Context, by domain.Actor, seen domain.Seen, person domain.PersonID, u domain.Unavailability) (id string, e *journal.Entry, err error) {
	err = s.write(ctx, by.Organisation, func(tx *Tx) error {
		e = nil
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		args := []any{tx.org, person}
		var nos []int64
		err := tx.Select(ctx, &nos, `SELECT p.no FROM people p WHERE p.organisation_id = $1 AND p.id = $2 AND p.kind = 'candidate'`+s.seesPerson("p.no", seen, &args), args...)
		if err != nil {
			return err
		}
		if len(nos) == 0 {
			return fault.New(fault.NotFound, "no such candidate among yours")
		}
		var stored []struct {
			ID       string
			StartsAt int64 `db:"starts_at"`
			EndsAt   int64 `db:"ends_at"`
		}
		err = tx.Select(ctx, &stored, `SELECT id, starts_at, ends_at FROM unavailabilities WHERE organisation_id = $1 AND person_no = $2 AND removed_at = 0`, tx.org, nos[0])
		if err != nil {
			return err
		}
		for _, r := range stored {
			if r.StartsAt == micros(u.StartsAt) && r.EndsAt == micros(u.EndsAt) {
				id = r.ID
				return nil
			}
		}
		if len(stored) >= domain.UnavailabilitiesMax {
			return &fault.Error{Code: fault.Conflict, Field: "starts_at",
				Message: fmt.Sprintf("a candidate has at most %d unavailabilities; remove one first", domain.UnavailabilitiesMax)}
		}
		p := journal.UnavailabilityAdded{ID: uuid.Must(uuid.NewV7()).String(), StartsAt: u.StartsAt, EndsAt: u.EndsAt}
		if p.Reached, err = tx.reachedOne(ctx, nos[0]); err != nil {
			return err
		}
		e = &journal.Entry{Kind: journal.KindUnavailabilityAdded, Actor: by.Ref(), Payload: payload(p)}
		if err := tx.Append(ctx, e); err != nil {
			return err
		}
		if err := tx.addFacts(ctx, e, "", domain.PersonNo(nos[0])); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO unavailabilities (organisation_id, id, person_no, starts_at, ends_at, group_id, "offset") VALUES ($1, $2, $3, $4, $5, '', $6)`,
			tx.org, p.ID, nos[0], micros(u.StartsAt), micros(u.EndsAt), e.Offset)
		id = p.ID
		return err
	})
	if err != nil {
		return "", nil, fmt.Errorf("add an unavailability: %w", err)
	}
	return id, e, nil
}

// RemoveUnavailability makes a candidate available again. One that stands for an assignment is its group's: whoever sees the
// candidate elsewhere alone does not remove it. Errors: NotFound.
func (s *Store) RemoveUnavailability(ctx context.Context, by domain.Actor, seen domain.Seen, person domain.PersonID, id string) error {
	err := s.write(ctx, by.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		missing := fault.New(fault.NotFound, "no such unavailability among yours")
		args := []any{tx.org, person, id}
		var row struct {
			No    int64
			Group string
		}
		err := tx.Get(ctx, &row, `SELECT p.no, u.group_id AS "group" FROM unavailabilities u JOIN people p ON p.organisation_id = u.organisation_id AND p.no = u.person_no
			WHERE u.organisation_id = $1 AND p.id = $2 AND u.id = $3 AND u.removed_at = 0`+s.seesPerson("p.no", seen, &args)+s.seesGroup("u.group_id", "p.no", seen, &args), args...)
		if errors.Is(err, sql.ErrNoRows) {
			return missing
		}
		if err != nil {
			return err
		}
		p := journal.UnavailabilityRemoved{ID: id}
		if p.Reached, err = tx.reachedOne(ctx, row.No); err != nil {
			return err
		}
		e := &journal.Entry{Kind: journal.KindUnavailabilityRemoved, Actor: by.Ref(), Group: domain.GroupID(row.Group), Payload: payload(p)}
		if err := tx.Append(ctx, e); err != nil {
			return err
		}
		if err := tx.addFacts(ctx, e, domain.GroupID(row.Group), domain.PersonNo(row.No)); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE unavailabilities SET removed_at = $3 WHERE organisation_id = $1 AND id = $2`, tx.org, id, micros(e.At))
		return err
	})
	if err != nil {
		return fmt.Errorf("remove an unavailability: %w", err)
	}
	return nil
}
