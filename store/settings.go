package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// ChangeSettings changes the organisation's settings and records it, unless change left everything
// as it was.
func (s *Store) ChangeSettings(ctx context.Context, by domain.Actor, change func(*domain.Settings)) (now domain.Settings, err error) {
	err = s.write(ctx, by.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		var text string
		if err := tx.Get(ctx, &text, `SELECT settings FROM organisations WHERE id = $1`, by.Organisation); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(text), &now); err != nil {
			return fmt.Errorf("settings of organisation %d: %w", by.Organisation, err)
		}
		before := now
		before.FieldVisibility = maps.Clone(now.FieldVisibility)
		before.DefaultChannels = slices.Clone(now.DefaultChannels)
		if change(&now); jsonOf(now) == jsonOf(before) {
			return nil
		}
		if now.PhoneRegion() != before.PhoneRegion() {
			if err := tx.renumber(ctx, now.PhoneRegion()); err != nil {
				return err
			}
		}
		if lang := now.SortLanguage(); lang != before.SortLanguage() {
			if err := tx.reorder(ctx, lang); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE organisations SET settings = $2 WHERE id = $1`, by.Organisation, jsonOf(now)); err != nil {
			return err
		}
		return tx.Append(ctx, &journal.Entry{Kind: journal.KindSettingsChanged, Actor: by.Ref(), Payload: payload(journal.SettingsChanged{Settings: now})})
	})
	if err != nil {
		return now, fmt.Errorf("change settings: %w", err)
	}
	return now, nil
}

// CannedReplies returns the shared replies and the owner's own, by title.
func (s *Store) CannedReplies(ctx context.Context, org domain.OrganisationID, owner domain.PersonNo) ([]domain.CannedReply, error) {
	var rows []struct {
		ID, Title, Shortcut, Subject, Body string
		Owner                              int64 `db:"owner_no"`
		UpdatedAt                          int64 `db:"updated_at"`
	}
	err := s.list(ctx, &rows, `SELECT id, owner_no, title, shortcut, subject, body, updated_at FROM canned_replies
		WHERE organisation_id = $1 AND owner_no IN (0, $2) ORDER BY title, id`, org, owner)
	if err != nil {
		return nil, fmt.Errorf("read canned replies: %w", err)
	}
	out := make([]domain.CannedReply, len(rows))
	for i, r := range rows {
		out[i] = domain.CannedReply{ID: r.ID, Owner: domain.PersonNo(r.Owner), Title: r.Title, Shortcut: r.Shortcut, Subject: r.Subject, Body: r.Body, UpdatedAt: timeOf(r.UpdatedAt)}
	}
	return out, nil
}

// PutCanned adds a reply, or replaces the one of the same id and owner. A change of a shared one
// is recorded. Errors: NotFound; TooLarge when the owner has most
// already; Conflict (field "shortcut") when a shared one or one of the owner's has it.
func (s *Store) PutCanned(ctx context.Context, by domain.Actor, r domain.CannedReply, isNew bool, most int) error {
	org := by.Organisation
	err := s.write(ctx, org, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		var have struct{ Mine, Taken, Here int }
		err := tx.Get(ctx, &have, `SELECT coalesce(sum(CASE WHEN owner_no = $2 THEN 1 ELSE 0 END), 0) AS mine,
				coalesce(sum(CASE WHEN shortcut = $4 AND shortcut <> '' AND id <> $3 AND (owner_no IN (0, $2) OR $2 = 0) THEN 1 ELSE 0 END), 0) AS taken,
				coalesce(sum(CASE WHEN id = $3 AND owner_no = $2 THEN 1 ELSE 0 END), 0) AS here
			FROM canned_replies WHERE organisation_id = $1`, org, int64(r.Owner), r.ID, r.Shortcut)
		switch {
		case err != nil:
			return err
		case !isNew && have.Here == 0:
			return fault.New(fault.NotFound, "no such canned reply")
		case isNew && have.Mine >= most:
			return fault.Over("title", int64(most), int64(have.Mine+1), "there are %d canned replies already; remove one first", have.Mine)
		case have.Taken > 0:
			return &fault.Error{Code: fault.Conflict, Field: "shortcut", Message: "another canned reply has this shortcut"}
		}
		_, err = tx.Exec(ctx, `INSERT INTO canned_replies (organisation_id, id, owner_no, title, shortcut, subject, body, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (organisation_id, id) DO UPDATE SET title = excluded.title, shortcut = excluded.shortcut, subject = excluded.subject, body = excluded.body, updated_at = excluded.updated_at`,
			org, r.ID, r.Owner, r.Title, r.Shortcut, r.Subject, r.Body, micros(r.UpdatedAt))
		if err != nil || r.Owner != 0 {
			return err
		}
		return tx.Append(ctx, &journal.Entry{Kind: journal.KindCannedChanged, Actor: by.Ref(),
			Payload: payload(journal.CannedChanged{ID: r.ID, Title: r.Title, Shortcut: r.Shortcut, Subject: r.Subject, Body: r.Body})})
	})
	if err != nil {
		return fmt.Errorf("store a canned reply: %w", err)
	}
	return nil
}

// RemoveCanned removes a reply of the owner (0: a shared one, which is recorded). Errors: NotFound.
func (s *Store) RemoveCanned(ctx context.Context, by domain.Actor, owner domain.PersonNo, id string) error {
	err := s.write(ctx, by.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		var titles []string
		err := tx.Select(ctx, &titles, `DELETE FROM canned_replies WHERE organisation_id = $1 AND id = $2 AND owner_no = $3 RETURNING title`, by.Organisation, id, owner)
		if err != nil {
			return err
		}
		if len(titles) == 0 {
			return fault.New(fault.NotFound, "no such canned reply")
		}
		if owner != 0 {
			return nil
		}
		return tx.Append(ctx, &journal.Entry{Kind: journal.KindCannedChanged, Actor: by.Ref(), Payload: payload(journal.CannedChanged{ID: id, Title: titles[0], Removed: true})})
	})
	if err != nil {
		return fmt.Errorf("remove a canned reply: %w", err)
	}
	return nil
}

// SavedViews returns a staff member's saved filters, by name.
func (s *Store) SavedViews(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo) ([]domain.SavedView, error) {
	var out []domain.SavedView
	err := s.list(ctx, &out, `SELECT id, name, query FROM saved_views WHERE organisation_id = $1 AND staff_no = $2 ORDER BY name, id`, org, staff)
	if err != nil {
		return nil, fmt.Errorf("read saved views: %w", err)
	}
	return out, nil
}

// AddView keeps a filter. Errors: TooLarge when there are most already.
func (s *Store) AddView(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, v domain.SavedView, most int) error {
	err := s.write(ctx, org, func(tx *Tx) error {
		var n int
		if err := tx.Get(ctx, &n, `SELECT count(*) FROM saved_views WHERE organisation_id = $1 AND staff_no = $2`, org, staff); err != nil {
			return err
		}
		if n >= most {
			return fault.Over("name", int64(most), int64(n+1), "there are %d saved filters already; remove one first", n)
		}
		_, err := tx.Exec(ctx, `INSERT INTO saved_views (organisation_id, id, staff_no, name, query, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			org, v.ID, staff, v.Name, v.Query, micros(s.clock.Now()))
		return err
	})
	if err != nil {
		return fmt.Errorf("save a view: %w", err)
	}
	return nil
}

// RemoveView forgets a filter. Errors: NotFound.
func (s *Store) RemoveView(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, id string) error {
	err := s.write(ctx, org, func(tx *Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM saved_views WHERE organisation_id = $1 AND staff_no = $2 AND id = $3`, org, staff, id)
		if err == nil && n == 0 {
			return fault.New(fault.NotFound, "no such saved filter")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("remove a view: %w", err)
	}
	return nil
}

// Preferences returns what a person's pages remember: JSON texts by name.
func (s *Store) Preferences(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) (map[string]string, error) {
	var rows []struct{ Name, Value string }
	err := s.list(ctx, &rows, `SELECT name, value FROM preferences WHERE organisation_id = $1 AND person_no = $2`, org, no)
	if err != nil {
		return nil, fmt.Errorf("read preferences: %w", err)
	}
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.Name] = r.Value
	}
	return out, nil
}

// SetPreferences stores values by name; "" removes one. Errors: TooLarge when there would be more
// than most; then nothing is stored.
func (s *Store) SetPreferences(ctx context.Context, org domain.OrganisationID, no domain.PersonNo, values map[string]string, most int) error {
	kept, gone := [][2]string{}, []string{}
	for _, name := range slices.Sorted(maps.Keys(values)) { // rows are taken in one order, whoever writes
		if v := values[name]; v == "" {
			gone = append(gone, name)
		} else {
			kept = append(kept, [2]string{name, v})
		}
	}
	err := s.write(ctx, org, func(tx *Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM preferences WHERE organisation_id = $1 AND person_no = $2 AND name IN `+s.d.Texts("$3"), org, no, jsonOf(gone)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO preferences (organisation_id, person_no, name, value) SELECT $1, $2, r.name, r.value
			FROM `+s.d.Rows("$3", "name text", "value text")+` AS r WHERE true ON CONFLICT (organisation_id, person_no, name) DO UPDATE SET value = excluded.value`, org, no, jsonOf(kept))
		if err != nil {
			return err
		}
		var n int
		if err := tx.Get(ctx, &n, `SELECT count(*) FROM preferences WHERE organisation_id = $1 AND person_no = $2`, org, no); err != nil {
			return err
		}
		if n > most {
			return fault.Over("preferences", int64(most), int64(n), "%d preferences; at most %d are kept", n, most)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store preferences: %w", err)
	}
	return nil
}
