package broadcast

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

// unknown is the reason of someone named who is not one of the sender's people here.
var unknown = domain.Blocked{Code: "unknown", Text: "not one of your people here"}

func (p People) validate(group domain.GroupID) error {
	if err := domain.CheckText("group", string(group), 100, true, false); err != nil {
		return err
	}
	switch {
	case p.Filter != nil && p.People != nil:
		return fault.Field("recipients", "give people or a filter, not both")
	case p.Filter == nil:
		return Recipients{People: p.People}.validate()
	case group != "" && len(p.Filter.Group) > 0 && !slices.Equal(p.Filter.Group, []domain.GroupID{group}):
		return fault.Field("recipients.filter.group", "must be the group of the sending, or left out")
	}
	return p.Filter.Validate("recipients.filter")
}

// people finds who is meant, those who cannot be written to included; missing are those
// named who are not the actor's. Errors: TooLarge.
func (s *Service) people(ctx context.Context, org domain.OrganisationID, seen domain.Seen, group domain.GroupID, p People) (found []domain.Listed, missing []domain.PersonID, err error) {
	most := maxParts * s.o.Limits.Recipients
	if p.Filter == nil {
		ids := Recipients{People: p.People}.distinct()
		if len(ids) > most {
			return nil, nil, s.count(len(ids), 0)
		}
		if found, err = s.o.Store.PeopleOf(ctx, org, seen, group, ids); err != nil {
			return nil, nil, err
		}
		have := make(map[domain.PersonID]bool, len(found))
		for _, r := range found {
			have[r.ID] = true
		}
		for _, id := range ids {
			if !have[id] {
				missing = append(missing, id)
			}
		}
		return found, missing, nil
	}
	f := *p.Filter
	if group != "" {
		f.Group = []domain.GroupID{group}
	}
	q := domain.PeopleQuery{Filter: f, Seen: seen, Sort: domain.SortPeopleLastName}
	if len(f.Presence) > 0 {
		all, err := s.o.Store.PeopleNumbers(ctx, org, q)
		if err != nil {
			return nil, nil, err
		}
		var nos []domain.PersonNo
		for _, r := range all {
			if now, _ := s.o.Presence.Presence(org, r.No); slices.Contains(f.Presence, now) {
				nos = append(nos, r.No)
			}
		}
		if len(nos) > most {
			return nil, nil, s.count(len(nos), 0)
		}
		found, err = s.o.Store.PeopleNumbered(ctx, org, nos)
		return found, nil, err
	}
	n, err := s.o.Store.CountPeople(ctx, org, f, seen)
	if err != nil {
		return nil, nil, err
	}
	if n > most {
		return nil, nil, s.count(n, 0)
	}
	found, err = s.o.Store.People(ctx, org, q)
	return found, nil, err
}

// choice parts those who can be written to in one group, or in none, from those who cannot.
type choice struct {
	group domain.GroupID
	reach domain.SendingReach
}

// choose returns the choice of a request. Errors: Forbidden.
func choose(actor domain.Actor, group domain.GroupID, filter *domain.PeopleFilter) (choice, error) {
	var chosen []domain.GroupID
	if filter != nil {
		chosen = filter.Group
	}
	reach, err := actor.SendingReach(chosen)
	return choice{group: group, reach: reach}, err
}

// blocked says why a person cannot be written to.
func (c choice) blocked(p domain.Listed) domain.Blocked {
	if b := p.Standing(c.group).SendBlocked(); b.Is() || c.group != "" {
		return b
	}
	return c.reach.Blocked(p)
}

// split parts those who can be written to from those who cannot.
func (c choice) split(found []domain.Listed) (to []domain.Listed, left []Blocked) {
	for _, r := range found {
		if b := c.blocked(r); b.Is() {
			left = append(left, Blocked{ID: r.ID, Name: r.Name(), Reason: b})
		} else {
			to = append(to, r)
		}
	}
	return to, left
}

// leftOut is who cannot be written to, as an entry keeps it.
func (c choice) leftOut(found []domain.Listed) map[domain.BlockedCode][]domain.PersonNo {
	var out map[domain.BlockedCode][]domain.PersonNo
	for _, r := range found {
		if b := c.blocked(r); b.Is() {
			if out == nil {
				out = map[domain.BlockedCode][]domain.PersonNo{}
			}
			out[b.Code] = append(out[b.Code], r.No)
		}
	}
	for _, nos := range out {
		slices.Sort(nos)
	}
	return out
}

// audienceOf is the recipients as an entry keeps them: outside tests there are no rooms.
func audienceOf(to []domain.Listed) json.RawMessage {
	nos := make([]domain.PersonNo, len(to))
	for i, r := range to {
		nos[i] = r.No
	}
	slices.Sort(nos)
	b, err := json.Marshal([]journal.AudienceRoom{{People: nos}})
	if err != nil {
		panic(err) // numbers
	}
	return b
}

// filterWords says the filter in words, with the names of its groups. They stand on record for all
// who see the sending, so that the values of fields that administrators alone see are left out.
func (s *Service) filterWords(ctx context.Context, org domain.OrganisationID, set domain.Settings, r ManyRequest) (string, error) {
	f := r.Recipients.Filter
	if f == nil {
		return "", nil
	}
	plain := *f
	if r.Group != "" {
		plain.Group = nil // the entry names it
	}
	plain.Fields = maps.Clone(plain.Fields)
	for name := range plain.Fields {
		if set.FieldVisibility[name] == domain.VisibleAdmins {
			plain.Fields[name] = []string{"(not shown)"}
		}
	}
	names := map[domain.GroupID]string{}
	if ids := append(slices.Clone(plain.Group), plain.Activity...); len(ids) > 0 {
		var err error
		if names, err = s.o.Store.ExamNames(ctx, org, ids); err != nil {
			return "", err
		}
	}
	return plain.Words(names), nil
}

// detailsMost is how many people one fault names.
const detailsMost = 100

func allBlocked(left []Blocked) *fault.Error {
	var details []fault.Detail
	for _, b := range left[:min(len(left), detailsMost)] {
		details = append(details, fault.Detail{Field: "recipients", Message: b.Name + ": " + b.Reason.Text})
	}
	e := fault.Many(fault.Conflict, details, "none of the %d people can be written to; nothing was sent", len(left))
	e.Field = "recipients"
	return e
}

// notMine names everyone of the list who is not the sender's. Whether they exist
// elsewhere is not told.
func notMine(people, missing []domain.PersonID) error {
	var details []fault.Detail
	for i, id := range people {
		if slices.Contains(missing, id) && len(details) < detailsMost {
			details = append(details, fault.Detail{Field: fmt.Sprintf("recipients.people[%d]", i), Message: unknown.Text})
		}
	}
	e := fault.Many(fault.Invalid, details, "%d of the people are not yours to write to here; nothing was sent", len(missing))
	e.Field = "recipients"
	return e
}
