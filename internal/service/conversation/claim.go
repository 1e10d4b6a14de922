package conversation

import (
	"context"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// claimStore is what claims need of the database.
type claimStore interface {
	AssignConversation(ctx context.Context, a domain.Assigning, person domain.PersonNo) (entry *journal.Entry, err error)
}

// Claim takes the conversation for the actor. Errors: Forbidden; NotFound (no such
// candidate among yours); Conflict (field assigned) naming who has claimed it, unless
// takeOver.
func (s *Service) Claim(ctx context.Context, actor domain.Actor, person domain.PersonID, takeOver bool) (domain.ConversationView, error) {
	step := domain.StepClaim
	if takeOver {
		step = domain.StepTakeOver
	}
	return s.assign(ctx, actor, person, step, "")
}

// Release says that nobody has the conversation any more. Errors: Forbidden, also for
// whoever does not hold it and is no planner or admin; NotFound.
func (s *Service) Release(ctx context.Context, actor domain.Actor, person domain.PersonID) (domain.ConversationView, error) {
	return s.assign(ctx, actor, person, domain.StepRelease, "")
}

// Assign gives the conversation to a colleague. Errors: Forbidden; NotFound; Invalid
// naming to, for whoever may not see the conversation.
func (s *Service) Assign(ctx context.Context, actor domain.Actor, person, to domain.PersonID) (domain.ConversationView, error) {
	return s.assign(ctx, actor, person, domain.StepAssign, to)
}

func (s *Service) assign(ctx context.Context, actor domain.Actor, person domain.PersonID, step domain.AssignStep, to domain.PersonID) (domain.ConversationView, error) {
	of, err := s.find(ctx, actor, domain.ActConversationWork, person)
	if err != nil {
		return domain.ConversationView{}, err
	}
	a := domain.Assigning{Step: step, By: actor}
	if step == domain.StepAssign {
		if err := domain.CheckText("to", string(to), 100, false, false); err != nil {
			return domain.ConversationView{}, err
		}
		found, err := s.o.Store.StaffSeeing(ctx, actor.Organisation, domain.ActConversationWork, of.No, []domain.PersonID{to})
		if err != nil {
			return domain.ConversationView{}, err
		}
		ref, ok := found[to]
		if !ok {
			return domain.ConversationView{}, fault.Field("to", "no colleague who may see this conversation")
		}
		a.To = ref
	}
	if _, err := s.o.Store.AssignConversation(ctx, a, of.No); err != nil {
		return domain.ConversationView{}, err
	}
	return s.row(ctx, actor, of)
}
