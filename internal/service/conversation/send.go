package conversation

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// attachmentsMost is how many files one message carries at most.
const attachmentsMost = 10

// sendStore is what writing needs of the database.
type sendStore interface {
	// SendMessages stores several messages in one transaction; a refused one leaves nothing
	// and does not stop the others.
	SendMessages(ctx context.Context, org domain.OrganisationID, batch []domain.NewMessage) ([]journal.Sent, error)
	EntryByKey(ctx context.Context, org domain.OrganisationID, actorID, key string, hash []byte) (*journal.Entry, error)
	Addressee(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) (*domain.Addressee, error)
}

// Request is what staff write to one candidate.
type Request struct {
	Key         string                `json:"key"` // made by the client, unique per sender for good; 8–100 characters
	Body        string                `json:"body"`
	Subject     string                `json:"subject,omitempty"`
	Group       domain.GroupID        `json:"group,omitempty"` // "": the only one of mine that the candidate is in, else none
	Attachments []domain.AttachmentID `json:"attachments,omitempty"`
	Channels    []domain.Channel      `json:"channels,omitempty"`  // copies; absent: none, and what was chosen before stays chosen
	Seen        domain.ItemID         `json:"seen,omitempty"`      // the last item on the sender's screen; "": not asked
	TakeOver    bool                  `json:"take_over,omitempty"` // although a colleague has claimed it
}

// content is what makes two requests the same: what is written, not on which conditions.
func (r Request) content() Request {
	r.Seen, r.TakeOver = "", false
	return r
}

// Send stores one message to a candidate durably. fresh is false
// when the key was used before for the same request: the first message is returned again.
// Whoever answers has read: up to Seen, or if that is not said up to their own message.
//
// Errors: Forbidden; NotFound (no such candidate among yours); Invalid naming key, body,
// subject, group, seen or attachments[i]; Conflict naming key, person (blocked, with the
// reason), assigned (a colleague has claimed it) or seen (a colleague has answered since);
// Unavailable, with Unknown when nobody knows whether it was stored.
func (s *Service) Send(ctx context.Context, actor domain.Actor, person domain.PersonID, r Request) (item domain.Item, fresh bool, err error) {
	seen, err := actor.Seen(domain.ActConversationSend)
	if err != nil {
		return domain.Item{}, false, err
	}
	m := domain.NewMessage{
		Actor: actor.Ref(), SenderName: actor.SenderName(), ActorNo: actor.No, Seen: seen, Person: person, Key: r.Key, Hash: requestHash("send", person, r.content()),
		Subject: r.Subject, Body: r.Body, Group: r.Group, Attachments: r.Attachments, Channels: r.Channels, TakeOver: r.TakeOver,
	}
	if err := s.check(&m); err != nil {
		return domain.Item{}, false, err
	}
	if r.Seen != "" {
		if m.SeenUpTo, err = s.o.Sealer.Open(int64(actor.Organisation), 0, string(r.Seen)); err != nil || m.SeenUpTo < 1 {
			return domain.Item{}, false, fault.Field("seen", "not an id of an item of this conversation")
		}
	}
	if err := s.checkReach(ctx, actor, m); err != nil {
		return domain.Item{}, false, err
	}
	sent, err := s.Write(ctx, actor.Organisation, m)
	if err != nil {
		return domain.Item{}, false, err
	}
	item, err = journal.ItemOf(sent.Entry, journal.ItemContext{Person: sent.Message.Person, ID: sent.Message.PersonID, Kind: sent.Message.GroupKind,
		Seal: func(offset int64) domain.ItemID { return s.itemID(actor.Organisation, offset) }})
	if sent.Read {
		s.wasRead(actor, []domain.PersonID{person}, false)
	}
	return item, sent.Fresh, err
}

// checkReach refuses a message that would reach nobody. A retry of what is stored is none.
func (s *Service) checkReach(ctx context.Context, actor domain.Actor, m domain.NewMessage) error {
	if s.o.CheckReach == nil {
		return nil
	}
	refused := s.o.CheckReach(ctx, actor, m.Group, []domain.PersonID{m.Person}, m.Channels)
	if refused == nil {
		return nil
	}
	earlier, err := s.o.Store.EntryByKey(ctx, actor.Organisation, actor.ID, m.Key, m.Hash)
	if err != nil || earlier != nil {
		return err
	}
	return refused
}

// Write stores a message that has been checked, even if ctx ends
// meanwhile: for services that write into conversations for their own reasons. Errors as of Send and Reply.
func (s *Service) Write(ctx context.Context, org domain.OrganisationID, m domain.NewMessage) (journal.Sent, error) {
	sent := s.batches.Send(ctx, org, m)
	if sent.Err != nil {
		return journal.Sent{}, sent.Err
	}
	return sent, nil
}

// check refuses what can be refused without asking the database, and tidies the texts.
func (s *Service) check(m *domain.NewMessage) error {
	if err := domain.CheckKey(m.Key); err != nil {
		return err
	}
	m.Subject = domain.Subject(m.Subject)
	m.Body = strings.ReplaceAll(m.Body, "\r\n", "\n")
	if err := domain.CheckText("subject", m.Subject, s.o.Limits.Subject, true, false); err != nil {
		return err
	}
	if err := domain.CheckText("body", m.Body, s.o.Limits.Body, true, true); err != nil {
		return err
	}
	if err := domain.CheckText("group", string(m.Group), 100, true, false); err != nil {
		return err
	}
	if err := domain.CheckChannels(m.Channels); err != nil {
		return err
	}
	if n := len(m.Attachments); n > attachmentsMost {
		return fault.Over("attachments", attachmentsMost, int64(n), "%d files; at most %d are possible in one message", n, attachmentsMost)
	}
	have := map[domain.AttachmentID]bool{}
	for i, id := range m.Attachments {
		field := fmt.Sprintf("attachments[%d]", i)
		if err := domain.CheckText(field, string(id), 100, false, false); err != nil {
			return err
		}
		if have[id] {
			return fault.Field(field, "the same file is named twice")
		}
		have[id] = true
	}
	return nil
}

// requestHash tells two requests under one key apart.
func requestHash(what string, about any, request any) []byte {
	b, err := json.Marshal([]any{what, about, request})
	if err != nil {
		panic(err) // plain structs
	}
	h := sha256.Sum256(b)
	return h[:]
}
