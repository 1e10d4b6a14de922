package domain

import (
	"testing"

	"crier/internal/fault"
)

func TestAssigningDecide(t *testing.T) {
	actor := func(no PersonNo, name string, role Role) Actor {
		return Actor{Kind: ActorPerson, No: no, ID: name, Name: name, Role: role}
	}
	anna, bert, chief := actor(1, "Anna", RoleInvigilator), actor(2, "Bert", RoleCoordinator), actor(3, "Chief", RoleChiefInvigilator)
	planner, admin := actor(4, "Paul", RolePlanner), actor(5, "Ada", RoleAdmin)
	annas := Assigned{No: 1, ID: "Anna", Name: "Anna"}
	for _, c := range []struct {
		name    string
		step    AssignStep
		by      Actor
		to      PersonNo // of assign
		now     Assigned
		want    PersonNo
		changed bool
		code    fault.Code
	}{
		{"claim what is free", StepClaim, anna, 0, Assigned{}, 1, true, ""},
		{"claim what is mine", StepClaim, anna, 0, annas, 1, false, ""},
		{"claim what is another's", StepClaim, bert, 0, annas, 1, false, fault.Conflict},
		{"an admin claims what is another's", StepClaim, admin, 0, annas, 1, false, fault.Conflict},
		{"take over what is another's", StepTakeOver, bert, 0, annas, 2, true, ""},
		{"take over what is free", StepTakeOver, bert, 0, Assigned{}, 2, true, ""},
		{"take over what is mine", StepTakeOver, anna, 0, annas, 1, false, ""},
		{"assign what is free", StepAssign, anna, 2, Assigned{}, 2, true, ""},
		{"assign what is another's", StepAssign, bert, 3, annas, 3, true, ""},
		{"assign to whoever has it", StepAssign, bert, 1, annas, 1, false, ""},
		{"release what is mine", StepRelease, anna, 0, annas, 0, true, ""},
		{"release what is free", StepRelease, anna, 0, Assigned{}, 0, false, ""},
		{"a colleague releases it", StepRelease, bert, 0, annas, 1, false, fault.Forbidden},
		{"a chief invigilator releases it", StepRelease, chief, 0, annas, 1, false, fault.Forbidden},
		{"a planner releases it", StepRelease, planner, 0, annas, 0, true, ""},
		{"an admin releases it", StepRelease, admin, 0, annas, 0, true, ""},
	} {
		to, changed, err := Assigning{Step: c.step, By: c.by, To: PersonRef{No: c.to, ID: "to", Name: "To"}}.Decide(c.now)
		if to.No != c.want || changed != c.changed || fault.CodeOf(err) != c.code {
			t.Errorf("%s: %d, changed %v, %v; want %d, %v, %q", c.name, to.No, changed, err, c.want, c.changed, c.code)
		}
		if c.code == fault.Conflict {
			if p := fault.Public(err); p.Field != "assigned" || p.Message != "Anna has claimed this conversation" {
				t.Errorf("%s: field %q, %q", c.name, p.Field, p.Message)
			}
		}
	}
}
