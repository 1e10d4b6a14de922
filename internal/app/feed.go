package app

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"crier/hub"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/protocol"
	"crier/store"
)

// feed shows the hub the journal: it reads entries and missed messages from the
// store and says, in the socket protocol's words, what they mean to connections.
type feed struct {
	store  *store.Store
	sealer *cursor.Sealer
}

// Heads implements hub.Journal.
func (f *feed) Heads(ctx context.Context, orgs []int64) (map[int64]int64, error) {
	ids := make([]domain.OrganisationID, len(orgs))
	for i, o := range orgs {
		ids[i] = domain.OrganisationID(o)
	}
	heads, err := f.store.Heads(ctx, ids...)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]int64, len(heads))
	for o, h := range heads {
		out[int64(o)] = h
	}
	return out, nil
}

// Entries implements hub.Journal.
func (f *feed) Entries(ctx context.Context, org, after int64, limit int) ([]hub.Entry, error) {
	entries, err := f.store.Entries(ctx, domain.OrganisationID(org), after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]hub.Entry, len(entries))
	for i, e := range entries {
		out[i] = hub.Entry{Offset: e.Offset, Value: e}
	}
	return out, nil
}

// Missed implements hub.Journal.
func (f *feed) Missed(ctx context.Context, org, person, after int64, limit int) ([]hub.Missed, int64, error) {
	messages, head, err := f.store.MessagesSince(ctx, domain.OrganisationID(org), domain.PersonNo(person), after, limit)
	if err != nil {
		return nil, 0, err
	}
	out := make([]hub.Missed, len(messages))
	for i, m := range messages {
		out[i] = hub.Missed{Offset: m.Offset, Frame: messageFrame(m)}
	}
	return out, head, nil
}

// Start implements hub.Journal.
func (f *feed) Start(ctx context.Context, org, person int64) (int64, error) {
	c, err := f.store.Conversation(ctx, domain.OrganisationID(org), domain.PersonNo(person))
	if err != nil || c.FirstUnread == 0 {
		return c.Last, err
	}
	return f.store.LastOffsetBefore(ctx, domain.OrganisationID(org), domain.PersonNo(person), c.FirstUnread)
}

// The frame of a message begins the same for everyone, so that the places of its
// cursors are known: only what follows differs in width.
const (
	frameBegin = `{"type":"message","cursor":"`
	framePrev  = `","prev":"`
	frameID    = `","message":{"id":"`
	slotOwn    = len(frameBegin)
	slotPrev   = slotOwn + cursor.Width + len(framePrev)
	slotID     = slotPrev + cursor.Width + len(frameID)
)

// blank stands where a recipient's cursor will be stamped.
const blank = "______________________"

func messageFrame(m domain.Message) *hub.Frame {
	b := protocol.Encode(protocol.MessageFrame{Type: "message", Cursor: blank, Prev: blank, Message: protocol.Message{
		ID: blank, Test: protocol.Test{ID: string(m.Exam), Name: m.Text.ExamName}, Room: m.Room, Subject: m.Text.Subject, Body: m.Text.Body,
		Level: string(m.Text.Level), From: protocol.From{Name: m.Text.SenderName, Role: string(m.Text.SenderRole)}, At: m.At,
		Reminder: m.Text.Reminds != 0, State: string(m.State()),
	}})
	return hub.NewMessage(b, []int{slotOwn, slotID}, slotPrev)
}

// Plan implements hub.Translator. An entry that cannot be read means nothing to
// anyone; the journal's verification is what finds it.
func (f *feed) Plan(org int64, entry hub.Entry) hub.Plan {
	e, ok := entry.Value.(*domain.Entry)
	if !ok {
		return hub.Plan{}
	}
	switch e.Kind {
	case domain.EntryBroadcastSent:
		return f.broadcast(e)
	case domain.EntryReceiptsRecorded:
		return f.receipts(org, e)
	case domain.EntrySessionEnded:
		var p domain.SessionChanged
		if json.Unmarshal(e.Payload, &p) == nil {
			return hub.Plan{Sessions: p.Sessions}
		}
	}
	return hub.Plan{}
}

// broadcast makes one frame per room, since the room is part of the message.
func (f *feed) broadcast(e *domain.Entry) hub.Plan {
	var text domain.BroadcastSent
	var audience []domain.AudienceRoom
	if json.Unmarshal(e.Payload, &text) != nil || json.Unmarshal(e.Audience, &audience) != nil {
		return hub.Plan{}
	}
	plan := hub.Plan{Messages: make([]hub.Group, len(audience))}
	for i, room := range audience {
		people := make([]int64, len(room.People))
		for j, no := range room.People {
			people[j] = int64(no)
		}
		plan.Messages[i] = hub.Group{People: people, Frame: messageFrame(domain.Message{Offset: e.Offset, Exam: e.Exam, Room: room.Room, At: e.At, Text: text})}
	}
	return plan
}

// receipts tells a candidate's other tabs and devices what was acknowledged.
func (f *feed) receipts(org int64, e *domain.Entry) hub.Plan {
	var p domain.ReceiptsRecorded
	if json.Unmarshal(e.Payload, &p) != nil {
		return hub.Plan{}
	}
	var plan hub.Plan
	for _, item := range p.Items {
		if item.State != domain.Acknowledged {
			continue
		}
		for _, no := range item.People {
			frame := protocol.Encode(protocol.ReceiptFrame{Type: "receipt", Cursor: f.sealer.Seal(org, int64(no), item.Broadcast), State: string(item.State), At: item.At})
			plan.Direct = append(plan.Direct, hub.Direct{Person: int64(no), Frame: hub.NewFrame(frame)})
		}
	}
	return plan
}

// bellMost is the size in bytes over which an entry does not travel with its bell:
// the other nodes read it from the journal.
const bellMost = 128 << 10

// carried is an entry as it travels between nodes.
type carried struct {
	Kind     domain.EntryKind `json:"k"`
	At       int64            `json:"t"` // microseconds
	Actor    domain.ActorRef  `json:"a"`
	Exam     domain.ExamID    `json:"e,omitempty"`
	Payload  json.RawMessage  `json:"p"`
	Audience json.RawMessage  `json:"r,omitempty"`
}

// Encode implements hub.Translator.
func (f *feed) Encode(_ int64, entry hub.Entry) []byte {
	e, ok := entry.Value.(*domain.Entry)
	if !ok || len(e.Payload)+len(e.Audience) > bellMost {
		return nil
	}
	b, err := json.Marshal(struct {
		Offset int64 `json:"o"`
		carried
	}{e.Offset, carried{e.Kind, e.At.UnixMicro(), e.Actor, e.Exam, e.Payload, e.Audience}})
	if err != nil {
		return nil
	}
	return b
}

// Decode implements hub.Translator. The hashes do not travel: nothing that a
// connection sees needs them.
func (f *feed) Decode(org int64, b []byte) (hub.Entry, error) {
	var in struct {
		Offset int64 `json:"o"`
		carried
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return hub.Entry{}, fmt.Errorf("decode an entry from another node: %w", err)
	}
	e := &domain.Entry{Organisation: domain.OrganisationID(org), Offset: in.Offset, Kind: in.Kind, At: time.UnixMicro(in.At).UTC(),
		Actor: in.Actor, Exam: in.Exam, Payload: in.Payload, Audience: in.Audience}
	return hub.Entry{Offset: e.Offset, Value: e}, nil
}
