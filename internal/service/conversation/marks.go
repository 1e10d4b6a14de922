package conversation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// marksMost is how many conversations one action changes at most.
const marksMost = 500

// markStore is what marks need of the database.
type markStore interface {
	MarkConversations(ctx context.Context, by domain.Actor, mark domain.ConversationMark, until time.Time, people []domain.PersonNo) (changed int, entry *journal.Entry, err error)
	MarkRead(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, people []domain.PersonNo, unread bool) (changed []domain.PersonNo, err error)
	Remind(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, people []domain.PersonNo, at time.Time) (changed []domain.PersonNo, err error)
	// MarkReadTo is MarkRead up to an offset; it returns those who are not unread any more.
	MarkReadTo(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, people []domain.PersonNo, upTo int64) (read []domain.PersonNo, err error)
}

// Action is what a staff member does to conversations that they have ticked.
type Action struct {
	Action string            `json:"action"` // one of actionNames
	People []domain.PersonID `json:"people"`
	Until  time.Time         `json:"until"`           // of snooze, and of remind; at most a year ahead
	UpTo   domain.ItemID     `json:"up_to,omitempty"` // of read: the last item on the reader's screen; what came in later stays unread. "": all
}

// actionMarks are the actions that are the team's.
var actionMarks = map[string]domain.ConversationMark{
	"process": domain.MarkProcessed, "unprocess": domain.MarkNotProcessed, "archive": domain.MarkArchived, "unarchive": domain.MarkUnarchived,
	"snooze": domain.MarkSnoozed, "unsnooze": domain.MarkUnsnoozed,
}

// actionNames are the actions, as a refusal lists them.
const actionNames = "read, unread, remind, unremind, archive, unarchive, process, unprocess, snooze or unsnooze"

// untilMax is how far ahead a snooze or a reminder may be.
const untilMax = 366 * 24 * time.Hour

// Act does an action to all of the conversations or, if one of them is not the actor's
// to see, to none. read, unread, remind and unremind are the actor's own; the others are the
// team's and recorded. snooze hides a conversation from the inbox until a time, or until the
// candidate writes; remind makes it unread for the actor at a time. It returns for how many
// conversations it changed anything.
//
// Errors: Forbidden; Invalid or TooLarge naming action, people, people[i], until or up_to;
// Unavailable.
func (s *Service) Act(ctx context.Context, actor domain.Actor, a Action) (changed int, err error) {
	reminds := a.Action == "remind" || a.Action == "unremind"
	own := a.Action == "read" || a.Action == "unread" || reminds
	mark, team := actionMarks[a.Action]
	may := domain.ActConversationWork
	if own {
		may = domain.ActConversationView
	}
	seen, err := actor.Seen(may)
	if err != nil {
		return 0, err
	}
	if !own && !team {
		return 0, fault.Field("action", "action must be %s", actionNames)
	}
	if own && actor.No == 0 {
		return 0, fault.New(fault.Forbidden, "only a person reads conversations")
	}
	if err := s.checkUntil(a); err != nil {
		return 0, err
	}
	var upTo int64
	if a.UpTo != "" {
		if a.Action != "read" {
			return 0, fault.Field("up_to", "up_to belongs to read alone")
		}
		if upTo, err = s.position(actor, "up_to", string(a.UpTo)); err != nil || upTo < 1 {
			return 0, fault.Field("up_to", "not an id of an item of a conversation")
		}
	}
	people, err := s.people(ctx, actor, seen, a.People)
	if err != nil {
		return 0, err
	}
	if upTo > 0 {
		read, err := s.o.Store.MarkReadTo(ctx, actor.Organisation, actor.No, people, upTo)
		if err == nil && len(read) > 0 {
			ids := make([]domain.PersonID, 0, len(read))
			for i, no := range people {
				if slices.Contains(read, no) {
					ids = append(ids, a.People[i])
				}
			}
			s.wasRead(actor, ids, false)
		}
		return len(read), err
	}
	if reminds {
		done, err := s.o.Store.Remind(ctx, actor.Organisation, actor.No, people, a.Until)
		return len(done), err
	}
	if own {
		done, err := s.o.Store.MarkRead(ctx, actor.Organisation, actor.No, people, a.Action == "unread")
		if err == nil && len(done) > 0 {
			s.wasRead(actor, a.People, a.Action == "unread")
		}
		return len(done), err
	}
	changed, _, err = s.o.Store.MarkConversations(ctx, actor, mark, a.Until, people)
	return changed, err
}

// checkUntil refuses a time that the action does not take, or that is not ahead.
func (s *Service) checkUntil(a Action) error {
	if a.Action != "snooze" && a.Action != "remind" {
		if !a.Until.IsZero() {
			return fault.Field("until", "until belongs to snooze and remind alone")
		}
		return nil
	}
	now := s.o.Clock.Now()
	switch {
	case a.Until.IsZero():
		return fault.Field("until", "say until when: a time with its time zone")
	case !a.Until.After(now):
		return fault.Field("until", "until must be in the future")
	case a.Until.After(now.Add(untilMax)):
		return fault.Field("until", "until is at most 366 days ahead")
	}
	return nil
}

// people finds the candidates of an action.
func (s *Service) people(ctx context.Context, actor domain.Actor, seen domain.Seen, ids []domain.PersonID) ([]domain.PersonNo, error) {
	switch n := len(ids); {
	case n == 0:
		return nil, fault.Field("people", "name at least one person")
	case n > marksMost:
		return nil, fault.Over("people", marksMost, int64(n), "%d conversations; at most %d can be changed at once", n, marksMost)
	}
	if err := checkIDs("people", ids); err != nil {
		return nil, err
	}
	found, err := s.o.Store.SeenCandidates(ctx, actor.Organisation, seen, ids)
	if err != nil {
		return nil, err
	}
	out := make([]domain.PersonNo, 0, len(ids))
	for i, id := range ids {
		ref, ok := found[id]
		if !ok {
			return nil, fault.Field(fmt.Sprintf("people[%d]", i), "no such candidate among yours")
		}
		out = append(out, ref.No)
	}
	return out, nil
}

// wasRead tells the reader's other pages.
func (s *Service) wasRead(actor domain.Actor, people []domain.PersonID, unread bool) {
	if s.o.Read != nil {
		s.o.Read(actor.Organisation, actor.No, people, unread)
	}
}
