package store

import (
	"context"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

func progressChange(r enrolmentRow, person personRow) journal.ProgressChange {
	return journal.ProgressChange{Person: domain.PersonNo(r.Person), ID: domain.PersonID(person.ID), Room: r.Room,
		Progress: domain.Progress(r.Progress), At: timeOf(r.ProgressAt)}
}

// SetProgress notes where candidates stand, all or none, and records it. The same
// candidate may occur several times. A change that does not follow from what is
// stored (domain.Progress.After) counts as unchanged. Errors: Invalid with details
// (unknown test or person, a candidate who is not in the test).
func (s *Store) SetProgress(ctx context.Context, actor domain.Actor, specs []domain.ProgressSpec) (domain.Tally, []*journal.Entry, error) {
	return provision(ctx, s, actor, specs, (*Tx).setProgress)
}

func (t *Tx) setProgress(ctx context.Context, actor domain.Actor, specs []domain.ProgressSpec) (c domain.Tally, entries []*journal.Entry, err error) {
	known, groups, err := resolve(ctx, t, specs, func(s domain.ProgressSpec) (groupName, string) { return named(domain.KindTest, s.Exam), s.Person })
	if err != nil {
		return c, nil, err
	}
	stored, err := t.enrolled(ctx, known)
	if err != nil {
		return c, nil, err
	}
	changed := map[pair]personRow{}
	var order []pair
	for i, spec := range specs {
		exam, person, ok := known.find(spec.Where, groups[i], spec.Person, domain.KindCandidate)
		if !ok {
			continue
		}
		key := pair{exam.ID, person.No}
		r, exists := stored[key]
		if !exists || r.State == string(domain.EnrolmentLeft) {
			known.wrong.add(spec.Where, "person", "%q is not in the test %q", spec.Person, spec.Exam)
			continue
		}
		if !spec.Progress.After(spec.At, domain.Progress(r.Progress), timeOf(r.ProgressAt)) {
			c.Unchanged++
			continue
		}
		if r.Progress == string(spec.Progress) {
			c.Unchanged++ // still so, since before
			continue
		}
		c.Updated++
		r.Progress, r.ProgressAt = string(spec.Progress), micros(spec.At)
		stored[key] = r
		if _, again := changed[key]; !again {
			order = append(order, key)
		}
		changed[key] = person
	}
	if err := known.wrong.err(fault.Invalid); err != nil {
		return c, nil, err
	}
	var values []enrolmentRow
	moved := grouped[journal.ProgressChange]{}
	for _, key := range order {
		values = append(values, stored[key])
		moved.add(key.exam, progressChange(stored[key], changed[key]))
	}
	if err := t.writeEnrolments(ctx, values); err != nil {
		return c, nil, err
	}
	entries, err = t.appendProgress(ctx, actor, moved)
	return c, entries, err
}

func (t *Tx) appendProgress(ctx context.Context, actor domain.Actor, moved grouped[journal.ProgressChange]) ([]*journal.Entry, error) {
	var entries []*journal.Entry
	for _, exam := range moved.exams {
		for _, part := range chunks(moved.items[exam], perEntry) {
			e := &journal.Entry{Kind: journal.KindEnrolmentsProgress, Actor: actor.Ref(), Group: domain.ExamID(exam), Payload: payload(journal.ProgressChanged{Changes: part})}
			if err := t.Append(ctx, e); err != nil {
				return nil, err
			}
			entries = append(entries, e)
		}
	}
	return entries, nil
}
