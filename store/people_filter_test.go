package store

import (
	"math/rand/v2"
	"slices"
	"testing"

	"crier/internal/domain"
)

// TestPeopleFilters holds mixtures of groups, activities and states against the model: the list, its
// count, the numbers that a sending goes to, and the Messages page choose the same people.
func TestPeopleFilters(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		w := makeDeskWorld(t, s, 3, 60)
		rnd := rand.New(rand.NewPCG(5, 5))
		some := func(of []domain.Group) (out []domain.GroupID) {
			for _, g := range of {
				if rnd.IntN(3) == 0 {
					out = append(out, g.ID)
				}
			}
			return out
		}
		states := []string{"active", "locked", "invited", "member", "applied", "declined", "assigned", "waiting_list", "left"}
		for reach, seen := range w.reaches() {
			hits := 0
			for range 80 {
				f := domain.PeopleFilter{Group: some(w.groups), Activity: some(w.groups[5:])}
				for _, st := range states {
					if rnd.IntN(4) == 0 {
						f.State = append(f.State, st)
					}
				}
				var want []domain.PersonNo
				for _, p := range w.people {
					if known(p, seen) && fits(&p.Person, p.in, seen, f) {
						want = append(want, p.No)
					}
				}
				hits += len(want)
				placed, err := s.PeopleNumbers(t.Context(), w.org, domain.PeopleQuery{Filter: f, Seen: seen, Sort: domain.SortPeopleLastName})
				if err != nil {
					t.Fatal(err)
				}
				got := make([]domain.PersonNo, len(placed))
				for i, p := range placed {
					got[i] = p.No
				}
				slices.Sort(got)
				n, err := s.CountPeople(t.Context(), w.org, f, seen)
				if err != nil || n != len(want) || !slices.Equal(got, want) {
					t.Errorf("%s, %+v:\n got %v (counted %d, %v)\nwant %v", reach, f, got, n, err, want)
				}
				if len(f.State) > 0 {
					w.check(t, s, w.staff[0], seen, domain.DeskFilter{People: f}, 50)
				}
			}
			if (hits == 0) != (reach == "nobody") {
				t.Errorf("%s: %d people in all", reach, hits)
			}
		}
	})
}

// known reports whether a person is seen at all.
func known(p *deskPerson, seen domain.Seen) bool {
	if seen.All {
		return true
	}
	for g, e := range p.in {
		if seen.HoldsMember(g, e.room, e.kind, e.state) {
			return true
		}
	}
	return false
}
