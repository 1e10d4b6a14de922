package domain_test

import (
	"slices"
	"testing"

	"crier/internal/domain"
)

// What is told on the topics is heard by exactly those who see it, whatever the places,
// rooms and groups.
func TestTopicsAreHeardByThoseWhoSee(t *testing.T) {
	var places []domain.Place
	for _, g := range []domain.GroupID{"g", "h"} {
		for _, room := range []string{"", "A", "B", "A/B"} {
			places = append(places, domain.Place{Group: g, Room: room})
		}
	}
	subsets := func(of []domain.Place) (out [][]domain.Place) { // of at most two
		out = append(out, nil)
		for i, p := range of {
			out = append(out, []domain.Place{p})
			for _, q := range of[i+1:] {
				out = append(out, []domain.Place{p, q})
			}
		}
		return out
	}
	heard, silent := 0, 0
	for _, reach := range subsets(places) {
		for _, group := range []domain.GroupID{"", "g", "h", "elsewhere"} {
			topics := domain.ReachTopics(group, reach)
			seens := []domain.Seen{{All: true}}
			for _, p := range subsets(places) {
				for _, kind := range []domain.GroupKind{domain.KindTest, domain.KindPool} {
					of := slices.Clone(p)
					for i := range of {
						of[i].Kind = kind
					}
					seens = append(seens, domain.Seen{Places: of}, domain.Seen{Places: of, ContextOnly: true})
				}
			}
			for _, seen := range seens {
				want := seen.Holds(reach) && seen.HoldsGroup(group, reach)
				got := slices.ContainsFunc(seen.InboxTopics(), func(topic string) bool { return slices.Contains(topics, topic) })
				if got != want {
					t.Fatalf("reach %v, group %q, seen %v: hears %v, sees %v", reach, group, seen, got, want)
				}
				if got {
					heard++
				} else {
					silent++
				}
			}
		}
	}
	if heard < 1000 || silent < 1000 {
		t.Errorf("%d heard, %d not", heard, silent)
	}
}

func TestTeamTopics(t *testing.T) {
	all := domain.Seen{All: true}
	some := domain.Seen{Places: []domain.Place{{Group: "g", Room: "A"}, {Group: "g", Room: "B"}, {Group: "h"}}}
	if got := all.TeamTopics(); !slices.Equal(got, []string{"team"}) {
		t.Error(got)
	}
	if got := some.TeamTopics(); !slices.Equal(got, []string{"team:g", "team:h"}) {
		t.Error(got)
	}
}
