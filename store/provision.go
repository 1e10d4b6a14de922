package store

import (
	"context"

	"crier/internal/domain"
	"crier/internal/journal"
)

// provision does fn to all of specs or to none, in one transaction under the journal's lock.
func provision[S any](ctx context.Context, s *Store, actor domain.Actor, specs []S,
	fn func(t *Tx, ctx context.Context, actor domain.Actor, specs []S) (domain.Tally, []*journal.Entry, error)) (c domain.Tally, entries []*journal.Entry, err error) {
	err = s.write(ctx, actor.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		c, entries, err = fn(tx, ctx, actor, specs)
		return err
	})
	if err == nil {
		s.analyse(ctx, len(specs))
	}
	return c, entries, err
}

// pairs resolves the names of groups and people that several kinds of spec hold.
type pairs struct {
	groups map[groupName]groupRow
	people map[string]personRow
	wrong  faults
}

// resolve reads what the specs name; it also returns the groups' names, one per spec.
func resolve[S any](ctx context.Context, t *Tx, specs []S, names func(S) (groupName, string)) (*pairs, []groupName, error) {
	groups, people := make([]groupName, len(specs)), make([]string, len(specs))
	for i, s := range specs {
		groups[i], people[i] = names(s)
	}
	p := &pairs{}
	var err error
	if p.groups, err = t.groupRows(ctx, groups); err != nil {
		return nil, nil, err
	}
	p.people, err = t.s.peopleRows(ctx, t.Select, t.org, people)
	return p, groups, err
}

// find returns the group and the person, ok false with a fault noted if either is
// unknown or the person is of the other kind.
func (p *pairs) find(where domain.Where, group groupName, person string, kind domain.PersonKind) (g groupRow, who personRow, ok bool) {
	g, okGroup := p.groups[group]
	if !okGroup {
		field := "group"
		if group.kind == string(domain.KindTest) {
			field = "test"
		}
		p.wrong.add(where, field, "no %s has the external id %q", group.kind, group.external)
	}
	who, okPerson := p.people[person]
	switch {
	case !okPerson:
		p.wrong.add(where, "person", "no person has the external id %q", person)
	case who.Kind != string(kind):
		p.wrong.add(where, "person", "%q is not a %s", person, map[domain.PersonKind]string{domain.KindStaff: "staff member", domain.KindCandidate: "candidate"}[kind])
		okPerson = false
	}
	return g, who, okGroup && okPerson
}

type pair struct {
	exam   string
	person int64
}

// grouped keeps things by test, in the order in which tests came.
type grouped[T any] struct {
	exams []string
	items map[string][]T
}

func (g *grouped[T]) add(exam string, item T) {
	if g.items == nil {
		g.items = map[string][]T{}
	}
	if _, known := g.items[exam]; !known {
		g.exams = append(g.exams, exam)
	}
	g.items[exam] = append(g.items[exam], item)
}
