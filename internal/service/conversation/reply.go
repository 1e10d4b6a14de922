package conversation

import (
	"context"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Reply is what a candidate writes.
type Reply struct {
	Key         string                `json:"key"` // made by the client, unique per sender for good; 8–100 characters
	Body        string                `json:"body"`
	Subject     string                `json:"subject,omitempty"`
	Group       domain.GroupID        `json:"group,omitempty"`    // "": that of the message that is answered, else see Addressee.answerable
	ReplyTo     string                `json:"reply_to,omitempty"` // id of the message that is answered, as the candidate has it; "": none
	Attachments []domain.AttachmentID `json:"attachments,omitempty"`
}

// Reply stores one message of a candidate durably. fresh is false
// when the key was used before for the same request. The message is returned as its
// candidate has it, with its offset.
//
// Errors: Forbidden; Invalid naming key, body, subject, group, reply_to or
// attachments[i]; Conflict naming key, or group with the reason in words; RateLimited;
// Unavailable, with Unknown when nobody knows whether it was stored.
func (s *Service) Reply(ctx context.Context, actor domain.Actor, r Reply) (message domain.Message, fresh bool, err error) {
	if err := own(actor, domain.ActReplySend); err != nil {
		return message, false, err
	}
	m := domain.NewMessage{
		Actor: actor.Ref(), ActorNo: actor.No, Person: domain.PersonID(actor.ID), Inbound: true, Key: r.Key, Hash: requestHash("reply", actor.ID, r),
		Subject: r.Subject, Body: r.Body, Group: r.Group, Attachments: r.Attachments,
	}
	if err := s.check(&m); err != nil {
		return message, false, err
	}
	if r.ReplyTo != "" {
		if m.ReplyTo, err = s.o.Sealer.Open(int64(actor.Organisation), int64(actor.No), r.ReplyTo); err != nil || m.ReplyTo < 1 {
			return message, false, fault.Field("reply_to", "not an id of one of your messages")
		}
	}
	if err := s.budget(ctx, actor, m); err != nil {
		return message, false, err
	}
	sent, err := s.Write(ctx, actor.Organisation, m)
	if err != nil {
		return message, false, err
	}
	message, err = journal.MessageOf(sent.Entry)
	return message, sent.Fresh, err
}

// budget refuses a candidate who writes too fast. A retry of what is stored costs
// nothing: it is asked about only once the budget is spent.
func (s *Service) budget(ctx context.Context, actor domain.Actor, m domain.NewMessage) error {
	ok, after := s.o.Limiter.Allow(actor.Organisation, actor.ID)
	if ok {
		return nil
	}
	earlier, err := s.o.Store.EntryByKey(ctx, actor.Organisation, actor.ID, m.Key, m.Hash)
	if err != nil || earlier != nil {
		return err
	}
	return &fault.Error{Code: fault.RateLimited, RetryAfter: max(after, time.Millisecond), Message: "too many messages at once; wait a moment and send again"}
}

// own refuses whoever is not a person acting for themselves.
func own(actor domain.Actor, action domain.Action) error {
	if err := actor.May(action); err != nil {
		return err
	}
	if actor.Kind != domain.ActorPerson || actor.No == 0 {
		return fault.New(fault.Forbidden, "only a candidate has messages")
	}
	return nil
}

// Thread is one place where a candidate writes: one of their groups, or none.
type Thread struct {
	Group    *domain.GroupMark `json:"group,omitempty"`
	MayWrite bool              `json:"may_write"`
	Reason   *domain.Blocked   `json:"reason,omitempty"` // why not
}

// Threads says where the candidate may answer or begin, and if not why: of each of
// their groups, and of none. Errors: Forbidden, Unavailable.
func (s *Service) Threads(ctx context.Context, actor domain.Actor) ([]Thread, error) {
	if err := own(actor, domain.ActReplySend); err != nil {
		return nil, err
	}
	a, err := s.o.Store.Addressee(ctx, actor.Organisation, actor.No)
	if err != nil {
		return nil, err
	}
	out := make([]Thread, 0, len(a.Groups)+1)
	add := func(in *domain.Membership, group domain.GroupID) {
		t := Thread{}
		if in != nil {
			t.Group = &domain.GroupMark{ID: in.Group, Kind: in.Kind, Name: in.Name}
		}
		s := a.Standing(in)
		b := s.ReplyBlocked(a.Spoken[group] != 0)
		if !b.Is() {
			b = s.ElsewhereBlocked()
		}
		if b.Is() {
			t.Reason = &b
		}
		t.MayWrite = t.Reason == nil
		out = append(out, t)
	}
	for i := range a.Groups {
		add(&a.Groups[i], a.Groups[i].Group)
	}
	add(nil, "")
	return out, nil
}
