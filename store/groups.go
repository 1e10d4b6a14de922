package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

type groupRow struct {
	ID         string
	Kind       string
	ExternalID string `db:"external_id"`
	Name       string
	StartsAt   int64 `db:"starts_at"`
	EndsAt     int64 `db:"ends_at"`
	Place      string
	Replies    string
	Starts     string
	Reply      int   `db:"reply_minutes"`
	CreatedAt  int64 `db:"created_at"`
}

const groupColumns = `id, kind, external_id, name, starts_at, ends_at, place, replies, starts, reply_minutes, created_at`

func (r groupRow) group(org domain.OrganisationID) domain.Group {
	return domain.Group{Organisation: org, ID: domain.GroupID(r.ID), Kind: domain.GroupKind(r.Kind), ExternalID: r.ExternalID, Name: r.Name,
		StartsAt: timeOf(r.StartsAt), EndsAt: timeOf(r.EndsAt), Place: r.Place,
		Policy: domain.GroupPolicy{Replies: domain.Choice(r.Replies), Starts: domain.Choice(r.Starts)}, ReplyMinutes: r.Reply}
}

// Groups returns the organisation's groups of these kinds (none: all), those that start
// first first; ids nil means all. Unknown ids are absent.
func (s *Store) Groups(ctx context.Context, org domain.OrganisationID, kinds []domain.GroupKind, ids []domain.GroupID) ([]domain.Group, error) {
	query, args := `SELECT `+groupColumns+` FROM groups WHERE organisation_id = $1`, []any{org}
	if len(kinds) > 0 {
		args = append(args, jsonOf(kinds))
		query += ` AND kind IN ` + s.d.Texts(fmt.Sprintf("$%d", len(args)))
	}
	if ids != nil {
		args = append(args, jsonOf(ids))
		query += ` AND id IN ` + s.d.Texts(fmt.Sprintf("$%d", len(args)))
	}
	var rows []groupRow
	if err := s.list(ctx, &rows, query+` ORDER BY starts_at, name, id`, args...); err != nil {
		return nil, fmt.Errorf("read groups: %w", err)
	}
	out := make([]domain.Group, len(rows))
	for i, r := range rows {
		out[i] = r.group(org)
	}
	return out, nil
}

// Group returns one group of any kind, or NotFound.
func (s *Store) Group(ctx context.Context, org domain.OrganisationID, id domain.GroupID) (domain.Group, error) {
	found, err := s.Groups(ctx, org, nil, []domain.GroupID{id})
	if err != nil {
		return domain.Group{}, err
	}
	if len(found) == 0 {
		return domain.Group{}, fault.New(fault.NotFound, "no such group")
	}
	return found[0], nil
}

// UpsertGroups creates and changes groups of any kind, all or none, and records it. A
// pair of kind and external id must not occur twice. Errors: Invalid with details (an
// end before its start, an activity without its times).
func (s *Store) UpsertGroups(ctx context.Context, actor domain.Actor, specs []domain.GroupSpec) (domain.Tally, []*journal.Entry, error) {
	return provision(ctx, s, actor, specs, (*Tx).upsertGroups)
}

func (t *Tx) upsertGroups(ctx context.Context, actor domain.Actor, specs []domain.GroupSpec) (domain.Tally, []*journal.Entry, error) {
	c, records, err := t.writeGroups(ctx, specs)
	if err != nil {
		return c, nil, err
	}
	var entries []*journal.Entry
	for _, part := range weighed(records, perEntry, func(r journal.GroupRecord) int { return len(r.Members) }) {
		e := &journal.Entry{Kind: journal.KindGroupsUpserted, Actor: actor.Ref(), Payload: payload(journal.GroupsUpserted{Groups: part})}
		if err := t.Append(ctx, e); err != nil {
			return c, nil, err
		}
		entries = append(entries, e)
	}
	return c, entries, nil
}

// groupName is how other systems name a group.
type groupName struct{ kind, external string }

// named is the name of a group in a spec, where no kind means a test.
func named(kind domain.GroupKind, external string) groupName {
	if kind == "" {
		kind = domain.KindTest
	}
	return groupName{string(kind), external}
}

// groupRows reads the groups of these names; unknown ones are absent.
func (t *Tx) groupRows(ctx context.Context, names []groupName) (map[groupName]groupRow, error) {
	ids := make([]string, len(names))
	for i, n := range names {
		ids[i] = n.external
	}
	var rows []groupRow
	err := t.Select(ctx, &rows, `SELECT `+groupColumns+` FROM groups
		WHERE organisation_id = $1 AND external_id <> '' AND external_id IN `+t.s.d.Texts("$2"), t.org, jsonOf(ids))
	if err != nil {
		return nil, fmt.Errorf("read groups: %w", err)
	}
	out := make(map[groupName]groupRow, len(rows))
	for _, r := range rows {
		out[groupName{r.Kind, r.ExternalID}] = r
	}
	return out, nil
}

// writeGroups stores what the specs ask for and returns what was created or changed.
func (t *Tx) writeGroups(ctx context.Context, specs []domain.GroupSpec) (c domain.Tally, records []journal.GroupRecord, err error) {
	names := make([]groupName, len(specs))
	for i, g := range specs {
		names[i] = named(g.Kind, g.ExternalID)
	}
	stored, err := t.groupRows(ctx, names)
	if err != nil {
		return c, nil, err
	}
	var values [][]any
	var wrong faults
	for i, spec := range specs {
		old, exists := stored[names[i]]
		r := old
		if !exists {
			r = groupRow{ID: uuid.Must(uuid.NewV7()).String(), Kind: names[i].kind, ExternalID: spec.ExternalID, Name: spec.ExternalID, CreatedAt: micros(t.s.clock.Now())}
		}
		r.apply(spec, &wrong)
		switch {
		case !exists:
			c.Created++
		case r != old:
			c.Updated++
		default:
			c.Unchanged++
			continue
		}
		values = append(values, []any{r.ID, r.Kind, r.ExternalID, r.Name, r.StartsAt, r.EndsAt, r.Place, r.Replies, r.Starts, r.Reply, r.CreatedAt})
		records = append(records, journal.GroupRecord{ID: domain.GroupID(r.ID), Kind: domain.GroupKind(r.Kind), ExternalID: r.ExternalID, Name: r.Name,
			EndMoved: exists && r.EndsAt != old.EndsAt})
	}
	if err := wrong.err(fault.Invalid); err != nil || len(values) == 0 {
		return c, nil, err
	}
	if err := t.addMembers(ctx, records); err != nil {
		return c, nil, err
	}
	_, err = t.Exec(ctx, `INSERT INTO groups (organisation_id, id, kind, external_id, name, starts_at, ends_at, place, replies, starts, reply_minutes, created_at)
		SELECT $1, r.id, r.kind, r.external_id, r.name, r.starts_at, r.ends_at, r.place, r.replies, r.starts, r.reply_minutes, r.created_at
		FROM `+t.s.d.Rows("$2", "id text", "kind text", "external_id text", "name text", "starts_at", "ends_at", "place text", "replies text", "starts text", "reply_minutes", "created_at")+` AS r WHERE true
		ON CONFLICT (organisation_id, id) DO UPDATE SET name = excluded.name, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
			place = excluded.place, replies = excluded.replies, starts = excluded.starts, reply_minutes = excluded.reply_minutes`, t.org, jsonOf(values))
	if err != nil {
		return c, nil, fmt.Errorf("write groups: %w", err)
	}
	return c, records, nil
}

// addMembers names the candidates of groups that are about to change.
func (t *Tx) addMembers(ctx context.Context, records []journal.GroupRecord) error {
	at := make(map[string]int, len(records))
	ids := make([]string, len(records))
	for i, r := range records {
		at[string(r.ID)], ids[i] = i, string(r.ID)
	}
	var rows []struct {
		Group  string `db:"group_id"`
		Person int64  `db:"person_no"`
	}
	err := t.Select(ctx, &rows, `SELECT e.group_id, e.person_no FROM enrolments e WHERE e.organisation_id = $1
		AND e.group_id IN `+t.s.d.Texts("$2")+sits+` ORDER BY e.group_id, e.person_no`, t.org, jsonOf(ids))
	if err != nil {
		return fmt.Errorf("read the members of groups: %w", err)
	}
	for _, r := range rows {
		m := &records[at[r.Group]].Members
		*m = append(*m, domain.PersonNo(r.Person))
	}
	return nil
}

// apply changes what the spec names, and notes times that cannot be.
func (r *groupRow) apply(spec domain.GroupSpec, wrong *faults) {
	r.Name, r.Place = set(spec.Name, r.Name), set(spec.Place, r.Place)
	if spec.Replies != nil {
		r.Replies = string(*spec.Replies)
	}
	if spec.Starts != nil {
		r.Starts = string(*spec.Starts)
	}
	r.Reply = set(spec.ReplyMinutes, r.Reply)
	if spec.StartsAt != nil {
		r.StartsAt = micros(*spec.StartsAt)
	}
	if spec.EndsAt != nil {
		r.EndsAt = micros(*spec.EndsAt)
	}
	switch {
	case r.Kind == string(domain.KindActivity) && r.StartsAt == 0:
		wrong.add(spec.Where, "starts_at", "an activity needs its start")
	case r.Kind == string(domain.KindActivity) && r.EndsAt == 0:
		wrong.add(spec.Where, "ends_at", "an activity needs its end")
	case r.Kind == string(domain.KindActivity) && r.EndsAt <= r.StartsAt:
		wrong.add(spec.Where, "ends_at", "the activity must end after it starts")
	case r.StartsAt != 0 && r.EndsAt != 0 && r.EndsAt < r.StartsAt:
		wrong.add(spec.Where, "ends_at", "the %s would end before it starts", r.Kind)
	}
}
