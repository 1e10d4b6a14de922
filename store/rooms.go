package store

import (
	"context"
	"fmt"
	"slices"

	"crier/internal/domain"
)

// rooms are the spellings of rooms of tests. A room keeps the spelling under which it came first, so
// that everything else can compare rooms as texts.
type rooms map[roomKey]string

type roomKey struct{ group, key string }

// rooms reads those in which somebody sits or works.
func (t *Tx) rooms(ctx context.Context, p *pairs) (rooms, error) {
	var groups []string
	for _, g := range p.groups {
		groups = append(groups, g.ID)
	}
	var rows []struct {
		Group string `db:"group_id"`
		Room  string
	}
	among := ` WHERE organisation_id = $1 AND room <> '' AND group_id IN ` + t.s.d.Texts("$2")
	err := t.Select(ctx, &rows, `SELECT group_id, room FROM enrolments`+among+` UNION SELECT group_id, room FROM staff_scopes`+among+
		` ORDER BY group_id, room`, t.org, jsonOf(groups))
	if err != nil {
		return nil, fmt.Errorf("read rooms: %w", err)
	}
	out := rooms{}
	for _, r := range rows {
		out.spell(r.Group, r.Room)
	}
	return out, nil
}

// spell returns the spelling of a room of a test, which is this one if the room is new.
func (r rooms) spell(group, room string) string {
	key := roomKey{group, domain.PlaceKey(room)}
	if key.key == "" {
		return ""
	}
	if known, ok := r[key]; ok {
		return known
	}
	r[key] = domain.CleanPlace(room)
	return r[key]
}

// spellAll is spell for several, sorted, each once.
func (r rooms) spellAll(group string, names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = r.spell(group, n)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// EmptyScopes returns those of the scopes that nobody is in.
func (s *Store) EmptyScopes(ctx context.Context, org domain.OrganisationID, specs []domain.ScopeSpec) ([]domain.EmptyScope, error) {
	groups := make([][2]string, len(specs))
	for i, spec := range specs {
		name := named(spec.Kind, spec.Exam)
		groups[i] = [2]string{name.kind, name.external}
	}
	var rows []struct {
		Kind     string
		External string `db:"external_id"`
		Room     string
	}
	err := s.list(ctx, &rows, `SELECT DISTINCT g.kind, g.external_id, e.room FROM groups g
		JOIN enrolments e ON e.organisation_id = g.organisation_id AND e.group_id = g.id
		WHERE g.organisation_id = $1 AND (g.kind, g.external_id) IN (SELECT r.k, r.x FROM `+s.d.Rows("$2", "k text", "x text")+` AS r)`+sits, org, jsonOf(groups))
	if err != nil {
		return nil, fmt.Errorf("read whom scopes match: %w", err)
	}
	taken := map[roomKey]bool{}
	for _, r := range rows {
		group := r.Kind + "/" + r.External
		taken[roomKey{group, ""}], taken[roomKey{group, domain.PlaceKey(r.Room)}] = true, true
	}
	var out []domain.EmptyScope
	for i, spec := range specs {
		if spec.Remove {
			continue
		}
		names := spec.Rooms
		if len(names) == 0 {
			names = []string{""}
		}
		for _, room := range names {
			if !taken[roomKey{groups[i][0] + "/" + groups[i][1], domain.PlaceKey(room)}] {
				out = append(out, domain.EmptyScope{Item: i, Room: room})
			}
		}
	}
	return out, nil
}
