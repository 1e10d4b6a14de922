package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"crier/internal/domain"
	"crier/internal/fault"
)

type examRow struct {
	ID         string
	ExternalID string `db:"external_id"`
	Name       string
	StartsAt   int64 `db:"starts_at"`
	EndsAt     int64 `db:"ends_at"`
	CreatedAt  int64 `db:"created_at"`
}

const examColumns = `id, external_id, name, starts_at, ends_at, created_at`

func (r examRow) exam(org domain.OrganisationID) domain.Exam {
	return domain.Exam{Organisation: org, ID: domain.ExamID(r.ID), ExternalID: r.ExternalID, Name: r.Name, StartsAt: timeOf(r.StartsAt), EndsAt: timeOf(r.EndsAt)}
}

// Exams returns the organisation's tests, those that start first first; ids nil means
// all. Unknown ids are absent.
func (s *Store) Exams(ctx context.Context, org domain.OrganisationID, ids []domain.ExamID) ([]domain.Exam, error) {
	query, args := `SELECT `+examColumns+` FROM groups WHERE organisation_id = $1 AND kind = 'test'`, []any{org}
	if ids != nil {
		query, args = query+` AND id IN `+s.d.Texts("$2"), append(args, jsonOf(ids))
	}
	var rows []examRow
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
func (s *Store) UpsertExams(ctx context.Context, actor domain.Actor, specs []domain.ExamSpec) (c domain.Tally, entries []*domain.Entry, err error) {
	err = s.write(ctx, actor.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		c, entries, err = tx.upsertExams(ctx, actor, specs)
		return err
	})
	return c, entries, err
}

func (t *Tx) examRows(ctx context.Context, ids []string) (map[string]examRow, error) {
	var rows []examRow
	err := t.Select(ctx, &rows, `SELECT `+examColumns+` FROM groups
		WHERE organisation_id = $1 AND kind = 'test' AND external_id <> '' AND external_id IN `+t.s.d.Texts("$2"), t.org, jsonOf(ids))
	if err != nil {
		return nil, fmt.Errorf("read tests: %w", err)
	}
	out := make(map[string]examRow, len(rows))
	for _, r := range rows {
		out[r.ExternalID] = r
	}
	return out, nil
}

func (t *Tx) upsertExams(ctx context.Context, actor domain.Actor, specs []domain.ExamSpec) (c domain.Tally, entries []*domain.Entry, err error) {
	ids := make([]string, len(specs))
	for i, e := range specs {
		ids[i] = e.ExternalID
	}
	stored, err := t.examRows(ctx, ids)
	if err != nil {
		return c, nil, err
	}
	var values [][]any
	var records []domain.ExamRecord
	var wrong faults
	for _, spec := range specs {
		old, exists := stored[spec.ExternalID]
		r := old
		if !exists {
			r = examRow{ID: uuid.Must(uuid.NewV7()).String(), ExternalID: spec.ExternalID, Name: spec.ExternalID, CreatedAt: micros(t.s.clock.Now())}
		}
		r.Name = set(spec.Name, r.Name)
		if spec.StartsAt != nil {
			r.StartsAt = micros(*spec.StartsAt)
		}
		if spec.EndsAt != nil {
			r.EndsAt = micros(*spec.EndsAt)
		}
		if r.StartsAt != 0 && r.EndsAt != 0 && r.EndsAt < r.StartsAt {
			wrong.add(spec.Where, "ends_at", "the test would end before it starts")
		}
		switch {
		case !exists:
			c.Created++
		case r != old:
			c.Updated++
		default:
			c.Unchanged++
			continue
		}
		values = append(values, []any{r.ID, r.ExternalID, r.Name, r.StartsAt, r.EndsAt, r.CreatedAt})
		records = append(records, domain.ExamRecord{ID: domain.ExamID(r.ID), ExternalID: r.ExternalID, Name: r.Name})
	}
	if err := wrong.err(fault.Invalid); err != nil || len(values) == 0 {
		return c, nil, err
	}
	_, err = t.Exec(ctx, `INSERT INTO groups (organisation_id, id, kind, external_id, name, starts_at, ends_at, created_at)
		SELECT $1, r.id, 'test', r.external_id, r.name, r.starts_at, r.ends_at, r.created_at
		FROM `+t.s.d.Rows("$2", "id text", "external_id text", "name text", "starts_at", "ends_at", "created_at")+` AS r WHERE true
		ON CONFLICT (organisation_id, id) DO UPDATE SET name = excluded.name, starts_at = excluded.starts_at, ends_at = excluded.ends_at`,
		t.org, jsonOf(values))
	if err != nil {
		return c, nil, fmt.Errorf("write tests: %w", err)
	}
	for _, part := range chunks(records, perEntry) {
		e := &domain.Entry{Kind: domain.EntryExamsUpserted, Actor: actor.Ref(), Payload: payload(domain.ExamsUpserted{Exams: part})}
		if err := t.Append(ctx, e); err != nil {
			return c, nil, err
		}
		entries = append(entries, e)
	}
	return c, entries, nil
}
