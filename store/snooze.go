package store

import (
	"context"
	"fmt"
	"time"

	"crier/internal/domain"
	"crier/internal/journal"
)

// wakeMax is how many conversations of an organisation one transaction wakes at most.
const wakeMax = 500

// Remind sets when a staff member is reminded of these people's conversations: they become unread for
// them. A zero time ends it. It is one's own business and stands in no journal. It returns those for
// whom that changed anything. Whether the people are seen is the caller's to check.
func (s *Store) Remind(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, people []domain.PersonNo, at time.Time) (changed []domain.PersonNo, err error) {
	if err := s.Expand(ctx, org); err != nil {
		return nil, err
	}
	err = s.write(ctx, org, func(tx *Tx) error {
		changed = nil
		return tx.Select(ctx, &changed, `INSERT INTO reads AS r (organisation_id, staff_no, person_no, read_offset, marked, remind_at)
			SELECT p.organisation_id, CAST($2 AS bigint), p.no, 0, 0, CAST($4 AS bigint) FROM people p
			WHERE p.organisation_id = $1 AND p.no IN `+s.d.Ints("$3")+` ORDER BY p.no
			ON CONFLICT (organisation_id, staff_no, person_no) DO UPDATE SET remind_at = excluded.remind_at
				WHERE r.remind_at <> excluded.remind_at RETURNING person_no`, org, staff, jsonOf(people), micros(at))
	})
	if err != nil {
		return nil, fmt.Errorf("set a reminder: %w", err)
	}
	return changed, nil
}

// DueWakes returns the organisations in which a snooze or a reminder has come to its end.
func (s *Store) DueWakes(ctx context.Context, now time.Time) ([]domain.OrganisationID, error) {
	var out []domain.OrganisationID
	err := s.list(ctx, &out, `SELECT organisation_id FROM conversations WHERE snoozed_until <> 0 AND snoozed_until <= $1
		UNION SELECT organisation_id FROM reads WHERE remind_at <> 0 AND remind_at <= $1`, micros(now))
	if err != nil {
		return nil, fmt.Errorf("read which snoozes end: %w", err)
	}
	return out, nil
}

// Wake ends the organisation's snoozes whose time has come, up to 500, in one entry (nil: none), and
// marks each as unread for whoever snoozed it; and the reminders whose time has come, in the same way.
// Called on several nodes at once, each is ended once.
func (s *Store) Wake(ctx context.Context, org domain.OrganisationID, now time.Time) (entry *journal.Entry, reminded []domain.Reminding, err error) {
	err = s.write(ctx, org, func(tx *Tx) error {
		entry, reminded = nil, nil
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		var due []struct {
			Person int64 `db:"person_no"`
			Staff  int64 `db:"snoozed_no"`
		}
		err := tx.Select(ctx, &due, `SELECT person_no, snoozed_no FROM conversations WHERE organisation_id = $1
			AND snoozed_until <> 0 AND snoozed_until <= $2 ORDER BY person_no`+fmt.Sprintf(` LIMIT %d`, wakeMax)+s.d.forUpdate, org, micros(now))
		if err != nil {
			return err
		}
		var marks [][2]int64 // staff, person
		var people []domain.PersonNo
		for _, d := range due {
			people = append(people, domain.PersonNo(d.Person))
			if d.Staff != 0 {
				marks = append(marks, [2]int64{d.Staff, d.Person})
			}
		}
		if len(people) > 0 {
			if entry, err = tx.mark(ctx, domain.System(org), domain.MarkUnsnoozed, time.Time{}, people); err != nil {
				return err
			}
		}
		var reminders []struct {
			Staff  int64 `db:"staff_no"`
			Person int64 `db:"person_no"`
		}
		err = tx.Select(ctx, &reminders, `SELECT staff_no, person_no FROM reads WHERE organisation_id = $1
			AND remind_at <> 0 AND remind_at <= $2 ORDER BY staff_no, person_no`+fmt.Sprintf(` LIMIT %d`, wakeMax)+s.d.forUpdate, org, micros(now))
		if err != nil {
			return err
		}
		for _, r := range reminders {
			marks = append(marks, [2]int64{r.Staff, r.Person})
		}
		if len(marks) == 0 {
			return nil
		}
		_, err = tx.Exec(ctx, `INSERT INTO reads AS r (organisation_id, staff_no, person_no, read_offset, marked)
			SELECT DISTINCT CAST($1 AS bigint), m.s, m.p, 0, 1 FROM `+s.d.Rows("$2", "s", "p")+` AS m WHERE true ORDER BY 2, 3
			ON CONFLICT (organisation_id, staff_no, person_no) DO UPDATE SET marked = 1,
				remind_at = CASE WHEN r.remind_at <= $3 THEN 0 ELSE r.remind_at END`, org, jsonOf(marks), micros(now))
		if err != nil {
			return err
		}
		return tx.Select(ctx, &reminded, `SELECT DISTINCT m.s AS staff, p.no AS person, p.id FROM `+s.d.Rows("$2", "s", "p")+` AS m
			JOIN people p ON p.organisation_id = $1 AND p.no = m.p ORDER BY 1, 2`, org, jsonOf(marks))
	})
	if err != nil {
		return nil, nil, fmt.Errorf("end snoozes: %w", err)
	}
	return entry, reminded, nil
}
