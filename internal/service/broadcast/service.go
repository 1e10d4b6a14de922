// Package broadcast is the use-case of reaching candidates of a live test: who
// would get it (Preview), Send, the delivery board, Remind and Told in person.
// Each method checks the actor's permission first, then asks the store.
package broadcast

import (
	"context"
	"encoding/json"
	"time"

	"crier/internal/clock"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
)

// Store is what this service needs of the database.
type Store interface {
	Prepare(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, actorID, key string, hash []byte) (brief domain.ExamBrief, earlier *domain.Entry, err error)
	Audience(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, rooms []string) (json.RawMessage, int, error)
	Enrolled(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, rooms []string) ([]domain.Candidate, error)
	Places(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, rooms []string, ids []domain.PersonID) ([]domain.Placed, error)
	Append(ctx context.Context, e *domain.Entry) (*domain.Entry, bool, error)
	Broadcast(ctx context.Context, org domain.OrganisationID, offset int64) (*domain.Entry, error)
	Broadcasts(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, rooms []string, before int64, limit int) ([]*domain.Entry, error)
	BroadcastCounts(ctx context.Context, org domain.OrganisationID, rooms []string, offsets ...int64) (map[int64]domain.ReceiptCounts, error)
	Recipients(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, offset int64, rooms []string) ([]domain.Recipient, error)
	Told(ctx context.Context, org domain.OrganisationID, by domain.ActorRef, exam domain.ExamID, offset int64, people []domain.PersonNo, note string) (*domain.Entry, error)
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

// Options are what a Service is made of. All but Expander are needed.
type Options struct {
	Store    Store
	Presence Presence
	Sealer   *cursor.Sealer
	Clock    clock.Clock
	Limits   domain.Limits
	Limiter  Limiter
	// Committed is called after COMMIT with each new entry: the doorbell. It must not block.
	Committed func(*domain.Entry)
	// Expander makes the message rows soon after; nil leaves it to the readers.
	Expander *Expander
}

// Service is safe for concurrent use.
type Service struct{ o Options }

// New makes the service.
func New(o Options) *Service { return &Service{o: o} }

// committed rings the doorbell for a new entry.
func (s *Service) committed(e *domain.Entry) {
	if e == nil {
		return
	}
	s.o.Committed(e)
	if s.o.Expander != nil && e.Kind == domain.EntryBroadcastSent {
		s.o.Expander.Kick(e.Organisation)
	}
}

// reach is which rooms the actor may act in: nil = all.
func reach(actor domain.Actor, action domain.Action, exam domain.ExamID) ([]string, error) {
	all, rooms, err := actor.Rooms(action, exam)
	if err != nil || all {
		return nil, err
	}
	return rooms, nil
}

// open finds the sending that id stands for and where the actor may do action to it.
func (s *Service) open(ctx context.Context, actor domain.Actor, action domain.Action, id domain.BroadcastID) (*sending, error) {
	if err := actor.May(action); err != nil {
		return nil, err
	}
	offset, err := s.o.Sealer.Open(int64(actor.Organisation), 0, string(id))
	if err != nil {
		return nil, fault.New(fault.NotFound, "no such sending")
	}
	e, err := s.o.Store.Broadcast(ctx, actor.Organisation, offset)
	if err != nil {
		return nil, err
	}
	rooms, err := reach(actor, action, e.Exam)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.New(fault.NotFound, "no such sending")
	}
	if err != nil {
		return nil, err
	}
	b := &sending{Entry: e, rooms: rooms}
	if err := json.Unmarshal(e.Payload, &b.text); err != nil {
		return nil, err
	}
	if rooms != nil && !touches(e.Audience, rooms) {
		return nil, fault.New(fault.NotFound, "no such sending")
	}
	return b, nil
}

// sending is a stored broadcast as one actor may see it.
type sending struct {
	*domain.Entry
	text  domain.BroadcastSent
	rooms []string // nil = all
}

// touches reports whether anyone of the audience sat in one of the rooms.
func touches(audience json.RawMessage, rooms []string) bool {
	var list []domain.AudienceRoom
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
