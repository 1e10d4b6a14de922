package schedule

import (
	"cmp"
	"context"
	"crypto/sha256"
	"strings"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Ask writes a question about one of the actor's assignments into their conversation. It may be
// asked whatever the policy of replies is. fresh is false for a retry under the same key. Errors:
// Forbidden; NotFound (no such assignment of theirs); Invalid naming key or body; Conflict (key; group:
// who has left or is locked); RateLimited; Unavailable.
func (s *Service) Ask(ctx context.Context, actor domain.Actor, group domain.GroupID, key, body string) (m domain.Message, fresh bool, err error) {
	return s.write(ctx, actor, group, domain.AboutQuestion, key, body)
}

// Report writes that the actor cannot come to one of their assignments; body may be empty. Staff decide
// what follows. Errors as of Ask; Conflict (group) as well when the assignment is over.
func (s *Service) Report(ctx context.Context, actor domain.Actor, group domain.GroupID, key, body string) (m domain.Message, fresh bool, err error) {
	return s.write(ctx, actor, group, domain.AboutUnavailable, key, body)
}

func (s *Service) write(ctx context.Context, actor domain.Actor, group domain.GroupID, kind domain.AboutKind, key, body string) (m domain.Message, fresh bool, err error) {
	if err := own(actor, domain.ActReplySend); err != nil {
		return m, false, err
	}
	if err := domain.CheckKey(key); err != nil {
		return m, false, err
	}
	body = strings.ReplaceAll(body, "\r\n", "\n")
	if err := domain.CheckText("body", body, s.Limits.Body, kind == domain.AboutUnavailable, true); err != nil {
		return m, false, err
	}
	hash := sha256.Sum256([]byte("schedule\x00" + string(kind) + "\x00" + string(group) + "\x00" + body))
	of, err := s.allowed(ctx, actor, group, kind)
	if err != nil { // unless it was allowed before, and is stored
		earlier, unknown := s.Store.EntryByKey(ctx, actor.Organisation, actor.ID, key, hash[:])
		if unknown != nil || earlier == nil {
			return m, false, cmp.Or(unknown, err)
		}
		m, err = journal.MessageOf(earlier)
		return m, false, err
	}
	sent, err := s.Writer.Write(ctx, actor.Organisation, domain.NewMessage{
		Actor: actor.Ref(), ActorNo: actor.No, Person: domain.PersonID(actor.ID), Inbound: true, Key: key, Hash: hash[:], Body: body, Group: group,
		About: &domain.About{Kind: kind, Group: group, StartsAt: of.Group.StartsAt, EndsAt: of.Group.EndsAt},
	})
	if err != nil {
		return m, false, err
	}
	m, err = journal.MessageOf(sent.Entry)
	return m, sent.Fresh, err
}

// allowed returns the actor's assignment if they may write about it now.
func (s *Service) allowed(ctx context.Context, actor domain.Actor, group domain.GroupID, kind domain.AboutKind) (domain.Assignment, error) {
	of, err := s.find(ctx, actor, group)
	if err != nil {
		return of, err
	}
	if kind == domain.AboutUnavailable && of.Over(s.Clock.Now()) {
		return of, &fault.Error{Code: fault.Conflict, Field: "group", Message: of.Group.Name + " is over"}
	}
	if ok, after := s.Limiter.Allow(actor.Organisation, actor.ID); !ok {
		return of, &fault.Error{Code: fault.RateLimited, RetryAfter: max(after, time.Millisecond), Message: "too many messages at once; wait a moment and send again"}
	}
	return of, nil
}

func (s *Service) find(ctx context.Context, actor domain.Actor, group domain.GroupID) (domain.Assignment, error) {
	list, err := s.Store.Assignments(ctx, actor.Organisation, actor.No)
	if err != nil {
		return domain.Assignment{}, err
	}
	for _, a := range list {
		if a.Group.ID == group {
			return a, nil
		}
	}
	return domain.Assignment{}, fault.New(fault.NotFound, "no such assignment of yours")
}
