package store

import (
	"context"
	"fmt"

	"crier/internal/domain"
	"crier/internal/fault"
)

// sortLanguage is the language by whose rules the organisation's names are sorted.
func (t *Tx) sortLanguage(ctx context.Context) (string, error) {
	set, err := t.settings(ctx)
	return set.SortLanguage(), err
}

// sortLanguage is Tx.sortLanguage outside a transaction.
func (s *Store) sortLanguage(ctx context.Context, org domain.OrganisationID) (string, error) {
	o, err := s.Organisation(ctx, org)
	return o.Settings.SortLanguage(), err
}

// otherOrder refuses a page of a list by name that was begun in another language.
func otherOrder() error {
	return fault.Field("after", "the organisation's language was changed, and names have another order now; "+
		"read the list from its beginning")
}

// sameOrder refuses a page of a list by name if the organisation's language is no longer lang. Asked
// after the page was read, it also refuses one that was read while the language changed.
func (s *Store) sameOrder(ctx context.Context, org domain.OrganisationID, lang string) error {
	now, err := s.sortLanguage(ctx, org)
	if err == nil && now != lang {
		err = otherOrder()
	}
	return err
}

// reorder makes the sort keys of everyone in the organisation anew, a slice at a time, and writes
// those that differ. All slices are in one transaction, so that a reader sees every key in one
// language. The caller has the journal's lock.
func (t *Tx) reorder(ctx context.Context, lang string) error {
	// An expansion copies keys into conversations. It takes this row too, and so waits.
	var expanded int64
	err := t.Get(ctx, &expanded, `SELECT expanded FROM expansions WHERE organisation_id = $1`+t.s.d.forUpdate, t.org)
	if err != nil {
		return fmt.Errorf("keep expansions away: %w", err)
	}
	keys := domain.NewCollation(lang)
	for after := int64(0); ; {
		var page []struct {
			No         int64
			GivenName  string `db:"given_name"`
			FamilyName string `db:"family_name"`
			City       string
			SortName   string `db:"sort_name"`
			SortFirst  string `db:"sort_first"`
			SortCity   string `db:"sort_city"`
		}
		err := t.Select(ctx, &page, `SELECT no, given_name, family_name, city, sort_name, sort_first, sort_city FROM people
			WHERE organisation_id = $1 AND no > $2 ORDER BY no LIMIT $3`, t.org, after, foldPage)
		if err != nil {
			return fmt.Errorf("read names: %w", err)
		}
		if len(page) == 0 {
			return nil
		}
		var rows [][]any
		var renamed []int64
		for _, r := range page {
			after = r.No
			p := domain.Person{GivenName: r.GivenName, FamilyName: r.FamilyName}
			name, first, city := keys.LastName(p), keys.FirstName(p), keys.Text(r.City)
			if name == r.SortName && first == r.SortFirst && city == r.SortCity {
				continue
			}
			rows = append(rows, []any{r.No, name, first, city})
			if name != r.SortName {
				renamed = append(renamed, r.No)
			}
		}
		if len(rows) == 0 {
			continue
		}
		_, err = t.Exec(ctx, `UPDATE people SET sort_name = r.name, sort_first = r.first, sort_city = r.city
			FROM `+t.s.d.Rows("$2", "rno", "name text", "first text", "city text")+` AS r
			WHERE people.organisation_id = $1 AND people.no = r.rno`, t.org, jsonOf(rows))
		if err != nil {
			return fmt.Errorf("write sort keys: %w", err)
		}
		if err := t.renameConversations(ctx, renamed); err != nil {
			return err
		}
	}
}

// ordered is the key in meta whose value says how the stored sort keys are made. A new value makes
// them anew.
const (
	ordered      = "sort_keys"
	orderVersion = "1"
)

// reorderAll makes sort keys of the people who were stored before these keys were made.
func (s *Store) reorderAll(ctx context.Context) error {
	return s.oncePerOrganisation(ctx, ordered, orderVersion, func(tx *Tx) error {
		lang, err := tx.sortLanguage(ctx)
		if err != nil {
			return err
		}
		return tx.reorder(ctx, lang)
	})
}
