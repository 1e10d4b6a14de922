package domain

import "crier/internal/fault"

// AssignStep is a way to change who works on a conversation.
type AssignStep string

// The steps.
const (
	StepClaim    AssignStep = "claim"     // take it, if nobody has it
	StepTakeOver AssignStep = "take_over" // take it, whoever has it
	StepAssign   AssignStep = "assign"    // give it to somebody
	StepRelease  AssignStep = "release"   // nobody has it any more
)

// Assigning asks for one step.
type Assigning struct {
	Step AssignStep
	By   Actor
	To   PersonRef // of StepAssign
}

// Decide says who has the conversation afterwards, given who has it now; At is left to
// the caller. changed is false where there is nothing to record. Ask it under the
// journal's lock. Errors: Conflict (field assigned) names who has claimed it; Forbidden.
func (a Assigning) Decide(now Assigned) (to Assigned, changed bool, err error) {
	me := Assigned{No: a.By.No, ID: PersonID(a.By.ID), Name: a.By.Name}
	switch a.Step {
	case StepClaim:
		if now.No != 0 && now.No != me.No {
			return now, false, &fault.Error{Code: fault.Conflict, Field: "assigned", Message: now.Name + " has claimed this conversation"}
		}
		to = me
	case StepTakeOver:
		to = me
	case StepAssign:
		to = Assigned{No: a.To.No, ID: a.To.ID, Name: a.To.Name}
	case StepRelease:
		if now.No != 0 && now.No != me.No && a.By.Role != RoleAdmin && a.By.Role != RolePlanner {
			return now, false, fault.New(fault.Forbidden, "%s has this conversation; only they, a planner or an admin can release it", now.Name)
		}
	}
	if to.No == now.No {
		return now, false, nil
	}
	return to, true, nil
}
