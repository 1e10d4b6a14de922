package store

import (
	"context"
	"fmt"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

func (r groupRow) exam(org domain.OrganisationID) domain.Exam {
	return domain.Exam{Organisation: org, ID: domain.ExamID(r.ID), ExternalID: r.ExternalID, Name: r.Name, StartsAt: timeOf(r.StartsAt), EndsAt: timeOf(r.EndsAt)}
}

// Exams returns the organisation's tests, those that start first first; ids nil means
// all. Unknown ids are absent.
func (s *Store) Exams(ctx context.Context, org domain.OrganisationID, ids []domain.ExamID) ([]domain.Exam, error) {
	query, args := `SELECT `+groupColumns+` FROM groups WHERE organisation_id = $1 AND kind = 'test'`, []any{org}
	if ids != nil {
		query, args = query+` AND id IN `+s.d.Texts("$2"), append(args, jsonOf(ids))
	}
	var rows []groupRow
	if err := s.list(ctx, &rows, query+` ORDER BY starts_at, name, id`, args...); err != nil {
		return nil, fmt.Errorf("read tests: %w", err)
	}
	out := make([]domain.Exam, len(rows))
	for i, r := range rows {
		out[i] = r.exam(org)
	}
	return out, nil
}

// Exam returns one test, or NotFound.
func (s *Store) Exam(ctx context.Context, org domain.OrganisationID, id domain.ExamID) (domain.Exam, error) {
	found, err := s.Exams(ctx, org, []domain.ExamID{id})
	if err != nil {
		return domain.Exam{}, err
	}
	if len(found) == 0 {
		return domain.Exam{}, fault.New(fault.NotFound, "no such test")
	}
	return found[0], nil
}

// UpsertExams creates and changes tests, all or none, and records it. External ids
// must differ from each other. Errors: Invalid with details (an end before its start).
func (s *Store) UpsertExams(ctx context.Context, actor domain.Actor, specs []domain.ExamSpec) (domain.Tally, []*journal.Entry, error) {
	return provision(ctx, s, actor, specs, (*Tx).upsertExams)
}

func (t *Tx) upsertExams(ctx context.Context, actor domain.Actor, specs []domain.ExamSpec) (domain.Tally, []*journal.Entry, error) {
	c, records, err := t.writeGroups(ctx, specs)
	if err != nil {
		return c, nil, err
	}
	exams := make([]journal.ExamRecord, len(records))
	for i, r := range records {
		exams[i] = journal.ExamRecord{ID: r.ID, ExternalID: r.ExternalID, Name: r.Name, Members: r.Members, EndMoved: r.EndMoved}
	}
	var entries []*journal.Entry
	for _, part := range weighed(exams, perEntry, func(r journal.ExamRecord) int { return len(r.Members) }) {
		e := &journal.Entry{Kind: journal.KindExamsUpserted, Actor: actor.Ref(), Payload: payload(journal.ExamsUpserted{Exams: part})}
		if err := t.Append(ctx, e); err != nil {
			return c, nil, err
		}
		entries = append(entries, e)
	}
	return c, entries, nil
}
