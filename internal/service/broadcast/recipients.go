package broadcast

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sort"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Recipients says who is to get a sending: exactly one of the two.
type Recipients struct {
	People []domain.PersonID       `json:"people,omitempty"`
	Filter *domain.CandidateFilter `json:"filter,omitempty"`
}

// namedPeople bounds the explicit list of a request before anything is read; it
// is above any useful limit of recipients, so that the fault can say how many.
const namedPeople = 20000

// validate checks the shape alone.
func (r Recipients) validate() error {
	switch {
	case r.Filter != nil && r.People != nil:
		return fault.Field("recipients", "give people or a filter, not both")
	case r.Filter != nil:
		return r.Filter.Validate("recipients.filter")
	case len(r.People) == 0:
		return fault.Field("recipients", "no recipients are given")
	case len(r.People) > namedPeople:
		return fault.Over("recipients", namedPeople, int64(len(r.People)), "%d people are named; at most %d can be", len(r.People), namedPeople)
	}
	for i, id := range r.People {
		if err := domain.CheckText(fmt.Sprintf("recipients.people[%d]", i), string(id), 100, false, false); err != nil {
			return err
		}
	}
	return nil
}

// distinct returns the people without repetition, in order.
func (r Recipients) distinct() []domain.PersonID {
	seen := make(map[domain.PersonID]bool, len(r.People))
	var out []domain.PersonID
	for _, id := range r.People {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

// words says the recipients in words where a filter was used, with the names of its groups.
func (s *Service) words(ctx context.Context, org domain.OrganisationID, r Recipients) (string, error) {
	if r.Filter == nil {
		return "", nil
	}
	f := *r.Filter
	if len(f.Group) > 0 {
		names, err := s.o.Store.ExamNames(ctx, org, f.Group)
		if err != nil {
			return "", err
		}
		f.Group = nil
		for _, id := range r.Filter.Group {
			if name, ok := names[id]; ok {
				f.Group = append(f.Group, domain.GroupID(name))
			}
		}
	}
	return f.Words(), nil
}

// audience is who gets a sending to a test: the list as an entry keeps it, how many they are, and who is
// left out and why.
type audience struct {
	list    json.RawMessage
	people  []domain.PersonNo // unless everyone was meant
	n       int
	left    map[domain.BlockedCode][]domain.PersonNo
	strange []domain.PersonID // named, and not of the test at all
}

func (a *audience) leave(code domain.BlockedCode, no domain.PersonNo) {
	if a.left == nil {
		a.left = map[domain.BlockedCode][]domain.PersonNo{}
	}
	a.left[code] = append(a.left[code], no)
}

// audience resolves and freezes the recipients. It refuses none, more than fit the parts, and a list of whom all are left
// out: who is locked and, with leaveOut, who is not the actor's. Without leaveOut it refuses anyone who is not the actor's.
func (s *Service) audience(
	ctx context.Context, actor domain.Actor, exam domain.ExamID, rooms []string, r Recipients, parts int, leaveOut bool,
) (audience, error) {
	org := actor.Organisation
	locked, err := s.o.Store.Locked(ctx, org, exam, rooms)
	if err != nil {
		return audience{}, err
	}
	if r.Filter != nil && r.Filter.Empty() && len(locked) == 0 {
		list, n, err := s.o.Store.Audience(ctx, org, exam, rooms)
		if err == nil {
			err = s.count(n, parts)
		}
		return audience{list: list, n: n}, err
	}
	var out audience
	byRoom := map[string][]domain.PersonNo{}
	add := func(no domain.PersonNo, room string) {
		if _, found := slices.BinarySearch(locked, no); found {
			out.leave(domain.BlockedLocked, no)
			return
		}
		byRoom[room] = append(byRoom[room], no)
		out.people = append(out.people, no)
		out.n++
	}
	if r.Filter != nil {
		matching, err := s.matching(ctx, actor, exam, rooms, *r.Filter)
		if err != nil {
			return audience{}, err
		}
		for _, c := range matching {
			add(c.Person, c.Room)
		}
	} else {
		ids := r.distinct()
		if len(ids) > maxParts*s.o.Limits.Recipients {
			return audience{}, s.count(len(ids), parts)
		}
		places, err := s.o.Store.Places(ctx, org, exam, rooms, ids)
		if err != nil {
			return audience{}, err
		}
		found := make(map[domain.PersonID]bool, len(places))
		for _, p := range places {
			found[p.ID] = true
			add(p.No, p.Room)
		}
		strays, strange, err := s.strays(ctx, org, exam, ids, found)
		if err != nil {
			return audience{}, err
		}
		if !leaveOut {
			if n := len(ids) - len(out.left[domain.BlockedLocked]); n > 0 {
				if err := s.count(n, parts); err != nil {
					return audience{}, err
				}
			}
			if len(places) < len(ids) {
				return audience{}, notYours(r.People, found, strays, rooms != nil)
			}
		}
		for _, one := range strays {
			out.leave(one.Code, one.No)
		}
		out.strange = strange
	}
	if out.n == 0 && len(out.left) > 0 {
		left, err := s.blocked(ctx, org, out.left)
		if err != nil {
			return audience{}, err
		}
		return audience{}, allBlocked(left)
	}
	if err := s.count(out.n, parts); err != nil {
		return audience{}, err
	}
	list := make([]journal.AudienceRoom, 0, len(byRoom))
	for room, people := range byRoom {
		slices.Sort(people)
		list = append(list, journal.AudienceRoom{Room: room, People: people})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Room < list[j].Room })
	out.list, err = json.Marshal(list)
	return out, err
}

// strays parts those of the ids that were not found: who is or was in the test, and who is strange to it.
func (s *Service) strays(
	ctx context.Context, org domain.OrganisationID, exam domain.ExamID, ids []domain.PersonID, found map[domain.PersonID]bool,
) (strays []domain.Stray, strange []domain.PersonID, err error) {
	var missing []domain.PersonID
	for _, id := range ids {
		if !found[id] {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return nil, nil, nil
	}
	if strays, err = s.o.Store.Strays(ctx, org, exam, missing); err != nil {
		return nil, nil, err
	}
	for _, id := range missing {
		if !slices.ContainsFunc(strays, func(one domain.Stray) bool { return one.ID == id }) {
			strange = append(strange, id)
		}
	}
	return strays, strange, nil
}

// notYours says of everyone of the list who was not found why, by name who is or was in the test.
// Whether the others exist elsewhere is not told.
func notYours(people []domain.PersonID, found map[domain.PersonID]bool, strays []domain.Stray, limited bool) error {
	words := make(map[domain.PersonID]string, len(strays))
	for _, one := range strays {
		words[one.ID] = one.Name + ": " + domain.Block(one.Code).Text
	}
	var details []fault.Detail
	for i, id := range people {
		if !found[id] {
			details = append(details, fault.Detail{
				Field: fmt.Sprintf("recipients.people[%d]", i), Message: cmp.Or(words[id], reasonNotYours(limited)),
			})
		}
	}
	err := fault.Many(fault.Invalid, details, "%d of the people cannot be reached by you in this test; nothing was sent", len(details))
	err.Field = "recipients"
	return err
}

func reasonNotYours(limited bool) string {
	if limited {
		return "not a candidate of this test in your rooms"
	}
	return "not a candidate of this test"
}

// matching returns the candidates within rooms that the filter chooses, with their presence.
func (s *Service) matching(ctx context.Context, actor domain.Actor, exam domain.ExamID, rooms []string, f domain.CandidateFilter) ([]domain.Candidate, error) {
	org := actor.Organisation
	all, err := s.o.Store.Enrolled(ctx, org, exam, rooms)
	if err != nil {
		return nil, err
	}
	if len(f.Group) > 0 {
		seen, err := actor.Seen(domain.ActBroadcastSend)
		if err != nil {
			return nil, err
		}
		groups, err := s.o.Store.OtherGroups(ctx, org, exam, seen)
		if err != nil {
			return nil, err
		}
		for i := range all {
			all[i].Groups = groups[all[i].Person]
		}
	}
	domain.SortCandidates(all)
	match := f.Matcher()
	out := all[:0]
	for _, c := range all {
		c.Presence, c.LastSeen = s.o.Presence.Presence(org, c.Person)
		if match(c) {
			out = append(out, c)
		}
	}
	return out, nil
}
