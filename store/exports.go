package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// AddExport stores a waiting export and its entry in one transaction, unless its staff
// member has most that are not done: then RateLimited.
func (s *Store) AddExport(ctx context.Context, x domain.Export, by domain.ActorRef, most int) error {
	request, err := json.Marshal(x.Request)
	if err != nil {
		return err
	}
	payload, err := json.Marshal(journal.ExportRequested{Export: x.ID, People: x.Request.People, Conversations: len(x.Request.People), Transcript: x.Request.Transcript, Filter: x.Request.Filter})
	if err != nil {
		return err
	}
	entry := &journal.Entry{Kind: journal.KindExportRequested, Actor: by, Payload: payload}
	err = s.write(ctx, x.Organisation, func(tx *Tx) error {
		if err := tx.Append(ctx, entry); err != nil {
			return err
		}
		var n int
		if err := tx.Get(ctx, &n, `SELECT count(*) FROM exports WHERE organisation_id = $1 AND staff_no = $2 AND state IN ('waiting', 'running')`, x.Organisation, x.Staff); err != nil {
			return err
		}
		if n >= most {
			return &fault.Error{Code: fault.RateLimited, Limit: int64(most), Actual: int64(n) + 1, RetryAfter: 10 * time.Second,
				Message: fmt.Sprintf("%d of your exports are not done yet; wait for one or cancel it", n)}
		}
		_, err := tx.Exec(ctx, `INSERT INTO exports (organisation_id, id, staff_no, state, request, created_at) VALUES ($1, $2, $3, 'waiting', $4, $5)`,
			x.Organisation, x.ID, x.Staff, string(request), micros(x.CreatedAt))
		return err
	})
	if err != nil {
		return fmt.Errorf("store an export: %w", err)
	}
	return nil
}

// Export returns one of a staff member's exports. Errors: NotFound.
func (s *Store) Export(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, id string) (domain.Export, error) {
	var row exportRow
	err := s.get(ctx, &row, `SELECT `+exportColumns+` FROM exports WHERE organisation_id = $1 AND id = $2 AND staff_no = $3`, org, id, staff)
	if errors.Is(err, sql.ErrNoRows) {
		return domain.Export{}, fault.New(fault.NotFound, "no such export of yours")
	}
	if err != nil {
		return domain.Export{}, fmt.Errorf("read an export: %w", err)
	}
	return row.export()
}

// Exports returns a staff member's latest exports, newest first.
func (s *Store) Exports(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, limit int) ([]domain.Export, error) {
	var rows []exportRow
	err := s.list(ctx, &rows, `SELECT `+exportColumns+` FROM exports WHERE organisation_id = $1 AND staff_no = $2 ORDER BY created_at DESC, id DESC LIMIT $3`, org, staff, limit)
	if err != nil {
		return nil, fmt.Errorf("read exports: %w", err)
	}
	return exports(rows)
}

// CancelExport ends an export that is not done, with its entry; nil if it was done.
func (s *Store) CancelExport(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, id string, by domain.ActorRef) (*journal.Entry, error) {
	return s.endExport(ctx, org, by, journal.ExportEnded{Export: id, State: domain.ExportCancelled}, nil,
		`UPDATE exports SET state = 'cancelled', ended_at = $3 WHERE organisation_id = $1 AND id = $2 AND staff_no = $4 AND state IN ('waiting', 'running')`,
		org, id, micros(s.clock.Now()), staff)
}

// ExpireExport makes a ready export's file no longer available from now on.
func (s *Store) ExpireExport(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, id string) error {
	return s.changeExport(ctx, org, `UPDATE exports SET expires_at = $4 WHERE organisation_id = $1 AND id = $2 AND staff_no = $3 AND state = 'ready' AND expires_at > $4`,
		org, id, staff, micros(s.clock.Now()))
}

// ClaimExport gives the oldest export that waits, or whose worker has died, to a
// worker until a time; nil if there is none. blob is where this attempt will lie;
// earlier is where an attempt of a dead worker may lie.
func (s *Store) ClaimExport(ctx context.Context, worker, blob string, until time.Time) (x *domain.Export, earlier string, err error) {
	now := micros(s.clock.Now())
	// Workers look often, and seldom find anything: looking takes no writer's place.
	var waiting []int
	if err := s.list(ctx, &waiting, `SELECT 1 FROM exports WHERE `+claimable+` LIMIT 1`, now); err != nil || len(waiting) == 0 {
		return nil, "", err
	}
	var row exportRow
	err = s.write(ctx, 0, func(tx *Tx) error {
		skip := ""
		if s.d == postgres {
			skip = " FOR UPDATE SKIP LOCKED"
		}
		var found struct {
			Organisation int64 `db:"organisation_id"`
			ID           string
			Blob         string
		}
		err := tx.Get(ctx, &found, `SELECT organisation_id, id, blob FROM exports
			WHERE `+claimable+` ORDER BY created_at, id LIMIT 1`+skip, now)
		if err != nil {
			return err
		}
		earlier = found.Blob
		return tx.Get(ctx, &row, `UPDATE exports SET state = 'running', lease_by = $3, lease_until = $4, blob = $5, done = 0, total = 0, tries = tries + 1
			WHERE organisation_id = $1 AND id = $2 RETURNING `+exportColumns, found.Organisation, found.ID, worker, micros(until), blob)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("claim an export: %w", err)
	}
	claimed, err := row.export()
	return &claimed, earlier, err
}

// claimable are exports that a worker may begin at $1.
const claimable = `(state = 'waiting' OR (state = 'running' AND lease_until < $1))`

// KeepExport notes how far a worker has come and that it lives; false if the export is
// no longer its own (cancelled, or taken over).
func (s *Store) KeepExport(ctx context.Context, x domain.Export, worker string, until time.Time) (bool, error) {
	var n int64
	err := s.write(ctx, x.Organisation, func(tx *Tx) (err error) {
		n, err = tx.Exec(ctx, `UPDATE exports SET done = $4, total = $5, lease_until = $6
			WHERE organisation_id = $1 AND id = $2 AND lease_by = $3 AND blob = $7 AND state = 'running'`, x.Organisation, x.ID, worker, x.Done, x.Total, micros(until), x.Blob)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("note an export's progress: %w", err)
	}
	return n > 0, nil
}

// EndExport ends a worker's export as x says (ready or failed), with its entry, and if it is ready with the mail to
// whoever asked for it; nil if the export is no longer its own.
func (s *Store) EndExport(ctx context.Context, x domain.Export, worker string, by domain.ActorRef, ended journal.ExportEnded) (*journal.Entry, error) {
	request, err := json.Marshal(x.Request)
	if err != nil {
		return nil, err
	}
	var mail func(context.Context, *Tx) error
	if x.State == domain.ExportReady {
		mail = func(ctx context.Context, tx *Tx) error { return tx.queueExport(ctx, x) }
	}
	return s.endExport(ctx, x.Organisation, by, ended, mail, `UPDATE exports SET state = $4, done = $5, total = $6, size = $7, error = $8, ended_at = $9, expires_at = $10, request = $12
		WHERE organisation_id = $1 AND id = $2 AND lease_by = $3 AND blob = $11 AND state = 'running'`,
		x.Organisation, x.ID, worker, x.State, x.Done, x.Total, x.Size, x.Error, micros(x.EndedAt), micros(x.ExpiresAt), x.Blob, string(request))
}

func (s *Store) endExport(ctx context.Context, org domain.OrganisationID, by domain.ActorRef, ended journal.ExportEnded, also func(context.Context, *Tx) error, update string, args ...any) (*journal.Entry, error) {
	payload, err := json.Marshal(ended)
	if err != nil {
		return nil, err
	}
	var entry *journal.Entry
	err = s.write(ctx, org, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, update, args...)
		if err != nil || n == 0 {
			return err
		}
		entry = &journal.Entry{Kind: journal.KindExportEnded, Actor: by, Payload: payload}
		if err := tx.Append(ctx, entry); err != nil || also == nil {
			return err
		}
		return also(ctx, tx)
	})
	if err != nil {
		return nil, fmt.Errorf("end an export: %w", err)
	}
	return entry, nil
}

// UselessExports returns up to limit exports of any organisation that are over and
// still have a file that nobody can get: cancelled, failed or expired.
func (s *Store) UselessExports(ctx context.Context, limit int) ([]domain.Export, error) {
	var rows []exportRow
	err := s.list(ctx, &rows, `SELECT `+exportColumns+` FROM exports
		WHERE blob <> '' AND (state IN ('failed', 'cancelled') OR (state = 'ready' AND expires_at <= $1)) ORDER BY created_at LIMIT $2`, micros(s.clock.Now()), limit)
	if err != nil {
		return nil, fmt.Errorf("read useless exports: %w", err)
	}
	return exports(rows)
}

// ForgetExportFile notes that an export's file is removed.
func (s *Store) ForgetExportFile(ctx context.Context, x domain.Export) error {
	return s.changeExport(ctx, x.Organisation, `UPDATE exports SET blob = '' WHERE organisation_id = $1 AND id = $2 AND blob = $3 AND state NOT IN ('waiting', 'running')`, x.Organisation, x.ID, x.Blob)
}

// DropExports removes the rows of exports that ended before a time and have no file any
// more. Their entries stay.
func (s *Store) DropExports(ctx context.Context, before time.Time) error {
	return s.changeExport(ctx, 0, `DELETE FROM exports WHERE blob = '' AND ended_at > 0 AND ended_at < $1`, micros(before))
}

func (s *Store) changeExport(ctx context.Context, org domain.OrganisationID, statement string, args ...any) error {
	err := s.write(ctx, org, func(tx *Tx) error {
		_, err := tx.Exec(ctx, statement, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("change an export: %w", err)
	}
	return nil
}

const exportColumns = `organisation_id, id, staff_no, state, request, done, total, size, error, blob, tries, created_at, ended_at, expires_at`

type exportRow struct {
	Organisation int64 `db:"organisation_id"`
	ID           string
	Staff        int64 `db:"staff_no"`
	State        string
	Request      string
	Done         int64
	Total        int64
	Size         int64
	Error        string
	Blob         string
	Tries        int
	CreatedAt    int64 `db:"created_at"`
	EndedAt      int64 `db:"ended_at"`
	ExpiresAt    int64 `db:"expires_at"`
}

func (r exportRow) export() (domain.Export, error) {
	x := domain.Export{Organisation: domain.OrganisationID(r.Organisation), ID: r.ID, Staff: domain.PersonNo(r.Staff), State: domain.ExportState(r.State),
		Done: r.Done, Total: r.Total, Size: r.Size, Error: r.Error, Blob: r.Blob, Tries: r.Tries,
		CreatedAt: timeOf(r.CreatedAt), EndedAt: timeOf(r.EndedAt), ExpiresAt: timeOf(r.ExpiresAt)}
	if err := json.Unmarshal([]byte(r.Request), &x.Request); err != nil {
		return x, fmt.Errorf("request of export %s: %w", r.ID, err)
	}
	return x, nil
}

func exports(rows []exportRow) ([]domain.Export, error) {
	out := make([]domain.Export, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.export(); err != nil {
			return nil, err
		}
	}
	return out, nil
}
