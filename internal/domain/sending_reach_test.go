package domain

import (
	"testing"
)

// TestSendingReach is the matrix of who may reach whom by a sending that names no group.
func TestSendingReach(t *testing.T) {
	test := func(room string) Membership { return Membership{Group: "test", Kind: KindTest, Room: room} }
	pool := Membership{Group: "pool", Kind: KindPool, State: EnrolmentMember}
	left := Membership{Group: "pool", Kind: KindPool, State: EnrolmentLeft}
	in := func(g ...Membership) Listed { return Listed{Groups: g} }
	people := map[string]Listed{
		"test": in(test("A")), "other room": in(test("B")), "both": in(test("A"), pool), "left the pool": in(test("A"), left), "pool": in(pool), "nothing": in(),
	}
	scopes := []Scope{{Exam: "test", Room: "A"}, {Exam: "pool"}}
	const chosenTest, chosenBoth = "test", "test pool"
	for _, c := range []struct {
		role    Role
		chosen  string
		reached string // of people, in the order below
	}{
		{RolePlanner, "", "test, other room, both, left the pool, pool, nothing"},
		{RolePlanner, chosenTest, "test, other room, both, left the pool, pool, nothing"},
		{RoleIntegration, chosenTest, "test, other room, both, left the pool, pool, nothing"},
		{RoleAdmin, "", "both, pool, nothing"},
		{RoleAdmin, chosenTest, "pool, nothing"},
		{RoleAdmin, chosenBoth, "both, pool, nothing"},
		{RoleCoordinator, "", "both, pool, nothing"},
		{RoleCoordinator, chosenTest, "pool, nothing"},
		{RoleChiefInvigilator, chosenTest, "test, other room, both, left the pool, pool, nothing"},
		{RoleInvigilator, chosenTest, "test, other room, both, left the pool, pool, nothing"},
		{RoleInvigilator, "", "test, other room, both, left the pool, pool, nothing"},
	} {
		var chosen []GroupID
		switch c.chosen {
		case chosenTest:
			chosen = []GroupID{"test"}
		case chosenBoth:
			chosen = []GroupID{"test", "pool"}
		}
		r, err := (Actor{Role: c.role, Scopes: scopes, Rights: Rights}).SendingReach(chosen)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, name := range []string{"test", "other room", "both", "left the pool", "pool", "nothing"} {
			if b := r.Blocked(people[name]); !b.Is() {
				if got != "" {
					got += ", "
				}
				got += name
			} else if b.Code != BlockedTest || b.Text == "" {
				t.Errorf("%s, %s: %+v", c.role, name, b)
			}
		}
		if got != c.reached {
			t.Errorf("%s through %q reaches %s; want %s", c.role, c.chosen, got, c.reached)
		}
	}
	if _, err := (Actor{Role: RoleCandidate}).SendingReach(nil); err == nil {
		t.Error("a candidate may send to many")
	}
}
