// Package broadcast is the use-case of reaching many candidates at once, of a live test
// (Preview, Send) or of any other group or of all of one's own (PreviewMany, SendMany); the
// delivery board, Remind and Told in person, and the replies.
// Each method checks the actor's permission first, then asks the store.
package broadcast

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"crier/internal/clock"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Store is what this service needs of the database.
type Store interface {
	Prepare(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, actorID, key string, hash []byte) (brief domain.ExamBrief, earlier *journal.Entry, err error)
	Audience(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, rooms []string) (json.RawMessage, int, error)
	// Locked is who of the test's candidates is locked, by number.
	Locked(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, rooms []string) ([]domain.PersonNo, error)
	Enrolled(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, rooms []string) ([]domain.Candidate, error)
	OtherGroups(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, seen domain.Seen) (map[domain.PersonNo][]domain.GroupMark, error)
	// Strays are those of the named people who are or were in the test, in whatever room.
	Strays(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, ids []domain.PersonID) ([]domain.Stray, error)
	Places(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, rooms []string, ids []domain.PersonID) ([]domain.Placed, error)
	PrepareSending(ctx context.Context, org domain.OrganisationID, group domain.GroupID, actorID, key string, hash []byte) (domain.SendingBrief, *journal.Entry, error)
	People(ctx context.Context, org domain.OrganisationID, q domain.PeopleQuery) ([]domain.Listed, error)
	CountPeople(ctx context.Context, org domain.OrganisationID, f domain.PeopleFilter, seen domain.Seen) (int, error)
	PeopleNumbers(ctx context.Context, org domain.OrganisationID, q domain.PeopleQuery) ([]domain.Placed, error)
	PeopleNumbered(ctx context.Context, org domain.OrganisationID, nos []domain.PersonNo) ([]domain.Listed, error)
	PeopleOf(ctx context.Context, org domain.OrganisationID, seen domain.Seen, group domain.GroupID, ids []domain.PersonID) ([]domain.Listed, error)
	PersonRefs(ctx context.Context, org domain.OrganisationID, nos []domain.PersonNo) (map[domain.PersonNo]domain.PersonRef, error)
	ExamNames(ctx context.Context, org domain.OrganisationID, ids []domain.ExamID) (map[domain.ExamID]string, error)
	SeenAmong(ctx context.Context, org domain.OrganisationID, seen domain.Seen, group domain.GroupID, nos []domain.PersonNo) (map[domain.PersonNo]bool, error)
	RepliesTo(ctx context.Context, org domain.OrganisationID, offset int64) (map[domain.PersonNo]int64, error)
	EntriesAt(ctx context.Context, org domain.OrganisationID, offsets []int64) (map[int64]*journal.Entry, error)
	// AppendWithFiles is Append for a sending with files that the actor has uploaded for one.
	AppendWithFiles(ctx context.Context, e *journal.Entry, ids []domain.AttachmentID, payload func([]domain.Attachment) (json.RawMessage, error)) (*journal.Entry, bool, error)
	// AppendParts stores the parts of a sending: all or none. first is the one with the request key.
	AppendParts(ctx context.Context, parts []*journal.Entry) (first *journal.Entry, fresh bool, err error)
	Append(ctx context.Context, e *journal.Entry) (*journal.Entry, bool, error)
	Broadcast(ctx context.Context, org domain.OrganisationID, offset int64) (*journal.Entry, error)
	Broadcasts(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, rooms []string, before int64, limit int) ([]*journal.Entry, error)
	BroadcastCounts(ctx context.Context, org domain.OrganisationID, rooms []string, offsets ...int64) (map[int64]domain.ReceiptCounts, error)
	Recipients(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, offset int64, rooms []string) ([]domain.Recipient, error)
	// SendingStates says how the copies of a sending stand, by person.
	SendingStates(ctx context.Context, org domain.OrganisationID, offset int64) (map[domain.PersonNo][]domain.DeliveryView, error)
	Told(ctx context.Context, org domain.OrganisationID, by domain.ActorRef, exam domain.ExamID, offset int64, people []domain.PersonNo, note string) (*journal.Entry, error)
	Untold(ctx context.Context, org domain.OrganisationID, by domain.ActorRef, exam domain.ExamID, offset int64, people []domain.PersonNo, since time.Time) (*journal.Entry, error)
	Reminders(ctx context.Context, org domain.OrganisationID, offset int64) (domain.Reminders, error)
	AppendReminder(ctx context.Context, e *journal.Entry, root, known int64, people []domain.PersonNo) (*journal.Entry, bool, error)
}

// Presence says who is connected: advice, never a reason not to deliver. lastSeen
// is zero when not known.
type Presence interface {
	Presence(org domain.OrganisationID, no domain.PersonNo) (p domain.Presence, lastSeen time.Time)
}

// Limiter bounds how often one sender may send. Allow takes one sending from the
// sender's budget, or says when to come again.
type Limiter interface {
	Allow(org domain.OrganisationID, sender string) (ok bool, retryAfter time.Duration)
}

// Options are what a Service is made of. All are needed but CheckReach.
type Options struct {
	Store    Store
	Presence Presence
	Sealer   *cursor.Sealer
	Clock    clock.Clock
	Limits   domain.Limits
	Limiter  Limiter
	// CheckReach refuses what would reach nobody; nil asks nobody. Errors: Invalid (channels), Unavailable.
	CheckReach func(ctx context.Context, actor domain.Actor, group domain.GroupID, people []domain.PersonID, channels []domain.Channel) error
}

// Service is safe for concurrent use.
type Service struct{ o Options }

// New makes the service.
func New(o Options) *Service { return &Service{o: o} }

// reach is which rooms the actor may act in: nil = all.
func reach(actor domain.Actor, action domain.Action, exam domain.ExamID) ([]string, error) {
	all, rooms, err := actor.Rooms(action, exam)
	if err != nil || all {
		return nil, err
	}
	return rooms, nil
}

// doing is what an actor does to a sending, in a test and elsewhere: who may write to
// people follows up what was sent to them.
type doing struct{ test, elsewhere domain.Action }

var (
	viewing   = doing{domain.ActBroadcastView, domain.ActBroadcastView}
	following = doing{domain.ActBroadcastSend, domain.ActConversationSend}
)

// open finds the sending that id stands for and where the actor may do this to it.
func (s *Service) open(ctx context.Context, actor domain.Actor, what doing, id domain.BroadcastID) (*sending, error) {
	if err := actor.May(what.test); err != nil && actor.May(what.elsewhere) != nil {
		return nil, err
	}
	offset, err := s.o.Sealer.Open(int64(actor.Organisation), 0, string(id))
	if err != nil {
		return nil, noSending()
	}
	e, err := s.o.Store.Broadcast(ctx, actor.Organisation, offset)
	if err != nil {
		return nil, err
	}
	b, err := sendingOf(e)
	if err != nil {
		return nil, err
	}
	action := what.elsewhere
	if b.kind() == domain.KindTest {
		action = what.test
	}
	if b.Group == "" {
		return b, s.narrow(ctx, actor, action, b)
	}
	b.rooms, err = reach(actor, action, e.Group)
	if fault.Is(err, fault.NotFound) {
		return nil, noSending()
	}
	if err != nil || b.rooms == nil || touches(e.Audience, b.rooms) {
		return b, err
	}
	// Of those who were sent it elsewhere, some may sit in the actor's rooms by now.
	counts, err := s.o.Store.BroadcastCounts(ctx, actor.Organisation, b.rooms, b.Offset)
	if err == nil && counts[b.Offset].Recipients == 0 {
		err = noSending()
	}
	return b, err
}

func noSending() error { return fault.New(fault.NotFound, "no such sending") }

// narrow limits a sending that belongs to no group to those recipients whom the actor
// sees; its sender sees all. Errors: Forbidden; NotFound if there are none.
func (s *Service) narrow(ctx context.Context, actor domain.Actor, action domain.Action, b *sending) error {
	seen, err := actor.Seen(action)
	if err != nil || seen.All || b.Actor.Kind == domain.ActorPerson && b.Actor.ID == actor.ID {
		return err
	}
	if b.only, err = s.o.Store.SeenAmong(ctx, actor.Organisation, seen, "", everyone(b.Audience)); err != nil {
		return err
	}
	if len(b.only) == 0 {
		return noSending()
	}
	return nil
}

// sending is a stored broadcast as one actor may see it.
type sending struct {
	*journal.Entry
	text  journal.BroadcastSent
	rooms []string                 // of a test; nil = all
	only  map[domain.PersonNo]bool // of no group; nil = all
}

// sendingOf is the sending that an entry records.
func sendingOf(e *journal.Entry) (*sending, error) {
	text, err := journal.As[journal.BroadcastSent](e)
	if err != nil {
		return nil, err
	}
	return &sending{Entry: e, text: *text}, nil
}

// follow says why the actor cannot remind a recipient; the zero value: nothing stands in the way. Of
// those who sit in rooms that are not the actor's, they cannot note either that they were told in person.
func (b *sending) follow(r domain.Recipient) domain.Blocked {
	if b.rooms != nil && !slices.Contains(b.rooms, r.Room) {
		return domain.Block(domain.BlockedRoom)
	}
	if r.Unreachable != "" {
		return domain.Block(r.Unreachable)
	}
	return domain.Blocked{}
}

// kind is that of the group it belongs to, "" if to none.
func (b *sending) kind() domain.GroupKind {
	if b.Group != "" && b.text.GroupKind == "" {
		return domain.KindTest
	}
	return b.text.GroupKind
}

// recipients reads whom it went to, as far as the actor sees them.
func (s *Service) recipients(ctx context.Context, b *sending) ([]domain.Recipient, error) {
	rows, err := s.o.Store.Recipients(ctx, b.Organisation, b.Group, b.Offset, b.rooms)
	if err != nil || b.only == nil {
		return rows, err
	}
	return slices.DeleteFunc(rows, func(r domain.Recipient) bool { return !b.only[r.No] }), nil
}

// everyone is who is in an audience.
func everyone(audience json.RawMessage) (out []domain.PersonNo) {
	var list []journal.AudienceRoom
	if json.Unmarshal(audience, &list) != nil {
		return nil
	}
	for _, a := range list {
		out = append(out, a.People...)
	}
	return out
}

// touches reports whether anyone of the audience sat in one of the rooms.
func touches(audience json.RawMessage, rooms []string) bool {
	var list []journal.AudienceRoom
	if json.Unmarshal(audience, &list) != nil {
		return false
	}
	for _, a := range list {
		for _, r := range rooms {
			if a.Room == r {
				return true
			}
		}
	}
	return false
}

func (s *Service) seal(org domain.OrganisationID, offset int64) domain.BroadcastID {
	return domain.BroadcastID(s.o.Sealer.Seal(int64(org), 0, offset))
}
