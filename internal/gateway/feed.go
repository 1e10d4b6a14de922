package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"crier/hub"
	"crier/internal/batch"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/journal"
	"crier/internal/protocol"
)

// Journal is what the hub follows, as the store keeps it.
type Journal interface {
	Heads(ctx context.Context, orgs ...domain.OrganisationID) (map[domain.OrganisationID]int64, error)
	Entries(ctx context.Context, org domain.OrganisationID, after int64, limit int) ([]*journal.Entry, error)
	// MessagesSince returns a person's messages after an offset, oldest first, and the head as
	// it was before they were read.
	MessagesSince(ctx context.Context, org domain.OrganisationID, no domain.PersonNo, after int64, limit int) ([]domain.Message, int64, error)
	// Missing reports, for each position, whether the person has messages after it, and the head
	// as it was before they were looked for.
	Missing(ctx context.Context, org domain.OrganisationID, at []domain.Position) (missing []bool, head int64, err error)
	// Beginnings returns the offsets after which connections without a cursor start; 0 is left out.
	Beginnings(ctx context.Context, org domain.OrganisationID, people []domain.PersonNo) (map[domain.PersonNo]int64, error)
}

// maxPages is how many connections read a page of messages at once.
const maxPages = 16

// together says how many connections of a crowd are asked about in one statement, and how often.
var together = batch.Options{Max: 512, Pace: 25 * time.Millisecond}

// Feed says to the hub, in frames, what the journals hold (hub.Journal,
// hub.Translator). Connections that arrive at the same time are looked up together.
type Feed struct {
	journal Journal
	sealer  *cursor.Sealer

	starting *batch.Batcher[domain.OrganisationID, domain.PersonNo, int64]
	missing  *batch.Batcher[domain.OrganisationID, domain.Position, missing]
	asking   *batch.Batcher[domain.OrganisationID, struct{}, int64]
	pages    chan struct{}
}

// missing is what is known of the messages after a position.
type missing struct {
	some bool
	head int64
}

// NewFeed makes a feed over the store's journals.
func NewFeed(j Journal, s *cursor.Sealer) *Feed {
	f := &Feed{journal: j, sealer: s, pages: make(chan struct{}, maxPages)}
	f.starting = batch.New(together, f.starts)
	f.missing = batch.New(together, f.looks)
	f.asking = batch.New(together, f.heads)
	return f
}

// Stop ends what is being looked up. Call it after the hub has stopped.
func (f *Feed) Stop(ctx context.Context) error {
	return errors.Join(f.starting.Stop(ctx), f.missing.Stop(ctx), f.asking.Stop(ctx))
}

func (f *Feed) starts(ctx context.Context, org domain.OrganisationID, people []domain.PersonNo) ([]int64, error) {
	at, err := f.journal.Beginnings(ctx, org, people)
	if err != nil {
		return nil, err
	}
	out := make([]int64, len(people))
	for i, no := range people {
		out[i] = at[no]
	}
	return out, nil
}

func (f *Feed) looks(ctx context.Context, org domain.OrganisationID, at []domain.Position) ([]missing, error) {
	found, head, err := f.journal.Missing(ctx, org, at)
	if err != nil {
		return nil, err
	}
	out := make([]missing, len(at))
	for i, some := range found {
		out[i] = missing{some, head}
	}
	return out, nil
}

func (f *Feed) heads(ctx context.Context, org domain.OrganisationID, asked []struct{}) ([]int64, error) {
	heads, err := f.journal.Heads(ctx, org)
	return slices.Repeat([]int64{heads[org]}, len(asked)), err
}

// Head returns how long a journal is.
func (f *Feed) Head(ctx context.Context, org domain.OrganisationID) (int64, error) {
	return f.asking.Do(ctx, org, struct{}{})
}

// Heads implements hub.Journal.
func (f *Feed) Heads(ctx context.Context, orgs []int64) (map[int64]int64, error) {
	ids := make([]domain.OrganisationID, len(orgs))
	for i, o := range orgs {
		ids[i] = domain.OrganisationID(o)
	}
	heads, err := f.journal.Heads(ctx, ids...)
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
func (f *Feed) Entries(ctx context.Context, org, after int64, limit int) ([]hub.Entry, error) {
	list, err := f.journal.Entries(ctx, domain.OrganisationID(org), after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]hub.Entry, len(list))
	for i, e := range list {
		out[i] = EntryOf(e)
	}
	return out, nil
}

// EntryOf is a journal's entry as the hub follows it.
func EntryOf(e *journal.Entry) hub.Entry {
	return hub.Entry{Offset: e.Offset, Prev: e.Prev, Hash: e.Hash, Value: e}
}

// Start implements hub.Journal.
func (f *Feed) Start(ctx context.Context, org, person int64) (int64, error) {
	return f.starting.Do(ctx, domain.OrganisationID(org), domain.PersonNo(person))
}

// Missed implements hub.Journal.
func (f *Feed) Missed(ctx context.Context, org, person, after int64, limit int) ([]hub.Missed, int64, error) {
	m, err := f.missing.Do(ctx, domain.OrganisationID(org), domain.Position{Person: domain.PersonNo(person), After: after})
	if err != nil || !m.some {
		return nil, m.head, err
	}
	select {
	case f.pages <- struct{}{}:
		defer func() { <-f.pages }()
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	list, head, err := f.journal.MessagesSince(ctx, domain.OrganisationID(org), domain.PersonNo(person), after, limit)
	if err != nil {
		return nil, 0, err
	}
	out := make([]hub.Missed, len(list))
	for i, m := range list {
		out[i] = hub.Missed{Offset: m.Offset, Frame: messageFrame(MessageOf(m))}
	}
	return out, head, nil
}

// MessageOf is a message as its candidate sees it; the id is left to the frame's slot.
func MessageOf(m domain.Message) protocol.Message {
	out := protocol.Message{
		Group: groupOf(m), Room: m.Room,
		Subject: m.Text.Subject, Body: m.Text.Body, Level: string(m.Text.Level),
		From: protocol.From{Name: m.Text.SenderName, Role: string(m.Text.SenderRole)},
		At:   m.At, Reminder: m.Text.Reminds > 0, State: string(m.State()), Mine: m.Inbound, Via: string(m.Via),
	}
	for _, f := range m.Attachments {
		out.Attachments = append(out.Attachments, protocol.Attachment{ID: string(f.ID), Name: f.Name, Type: f.Type, Size: f.Size,
			Width: f.Width, Height: f.Height, Picture: f.Picture()})
	}
	if a := m.About; a != nil {
		out.About = &protocol.About{Kind: string(a.Kind), Group: protocol.Group{ID: string(a.Group), Kind: string(m.Kind), Name: m.Text.GroupName},
			StartsAt: known(a.StartsAt), EndsAt: known(a.EndsAt)}
	}
	return out
}

// groupOf names the group that a message belongs to; nil: none.
func groupOf(m domain.Message) *protocol.Group {
	if m.Exam == "" {
		return nil
	}
	return &protocol.Group{ID: string(m.Exam), Kind: string(m.Kind), Name: m.Text.GroupName}
}

// known leaves out a time that is not.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// blank fills a cursor's slot until it is stamped: 22 bytes.
const blank = "                      "

// messageFrame encodes the frame of a message, with slots for its cursors. The
// beginning is written by hand so that the slots are where we say.
func messageFrame(m protocol.Message) *hub.Frame {
	const (
		upToCursor = `{"type":"message","cursor":"`
		upToPrev   = upToCursor + blank + `","prev":"`
		upToID     = upToPrev + blank + `","message":{"id":"`
	)
	m.ID = blank
	body := protocol.Encode(m) // {"id":"…",…
	text := append([]byte(upToID), body[len(`{"id":"`):]...)
	return hub.NewMessage(append(text, '}'), []int{len(upToCursor), len(upToID)}, len(upToPrev))
}

// Plan implements hub.Translator.
func (f *Feed) Plan(org int64, e hub.Entry) hub.Plan {
	entry, ok := e.Value.(*journal.Entry)
	if !ok || !journal.Candidates.Hears(entry.Kind) {
		return hub.Plan{}
	}
	switch p := entry.Event().(type) {
	case *journal.BroadcastSent:
		return planBroadcast(entry)
	case *journal.MessageSent:
		return planMessage(entry, p)
	case *journal.ReceiptsRecorded:
		return f.planReceipts(org, p)
	case *journal.AssignmentChanged:
		return planSchedule(p.Person)
	case *journal.UnavailabilityAdded:
		return planSchedule(p.Person)
	case *journal.UnavailabilityRemoved:
		return planSchedule(p.Person)
	case *journal.ExamsUpserted:
		var members []domain.PersonNo
		for _, r := range p.Exams {
			members = append(members, r.Members...)
		}
		return planRoster(members)
	case *journal.GroupsUpserted:
		var members []domain.PersonNo
		for _, r := range p.Groups {
			members = append(members, r.Members...)
		}
		return planRoster(members)
	case *journal.EnrolmentsUpserted:
		return planRoster(slices.Clone(p.People))
	case *journal.ProgressChanged:
		return planProgress(entry.Group, p)
	case *journal.PeopleUpserted:
		return planSelf(p)
	case *journal.SessionChanged:
		if entry.Kind == journal.KindSessionEnded {
			return hub.Plan{Sessions: p.Sessions}
		}
	case *journal.APIKeyChanged:
		if entry.Kind == journal.KindAPIKeyRevoked {
			return hub.Plan{Sessions: []string{p.ID}}
		}
	}
	return hub.Plan{}
}

// planBroadcast makes one frame per room of the audience: the room is the only thing that
// differs besides the cursors.
func planBroadcast(e *journal.Entry) hub.Plan {
	m, err := journal.MessageOf(e)
	if err != nil || m.Elsewhere {
		return hub.Plan{}
	}
	rooms, err := e.Rooms()
	if err != nil {
		return hub.Plan{}
	}
	plan := hub.Plan{Messages: make([]hub.Group, len(rooms))}
	for i, r := range rooms {
		m.Room = r.Room
		plan.Messages[i] = hub.Group{Frame: messageFrame(MessageOf(m)), People: numbers(r.People)}
	}
	return plan
}

// planMessage is one message of a conversation, for its candidate: of staff, or their own
// for their other pages.
func planMessage(e *journal.Entry, to *journal.MessageSent) hub.Plan {
	m, err := journal.MessageOf(e)
	if err != nil || m.Elsewhere || to.Person == 0 {
		return hub.Plan{}
	}
	return hub.Plan{Messages: []hub.Group{{Frame: messageFrame(MessageOf(m)), People: []int64{int64(to.Person)}}}}
}

// numbers are people as the hub names them.
func numbers(people []domain.PersonNo) []int64 {
	out := make([]int64, len(people))
	for i, no := range people {
		out[i] = int64(no)
	}
	return out
}

// planReceipts tells a candidate's tabs and devices what was acknowledged on one of
// them.
func (f *Feed) planReceipts(org int64, p *journal.ReceiptsRecorded) hub.Plan {
	var plan hub.Plan
	for _, item := range p.Items {
		if item.State != domain.Acknowledged {
			continue
		}
		for _, no := range item.People {
			plan.Direct = append(plan.Direct, hub.Direct{Person: int64(no), Frame: hub.NewFrame(protocol.Encode(protocol.ReceiptFrame{
				Type: "receipt", Cursor: f.sealer.Seal(org, int64(no), item.Broadcast), State: string(item.State), At: item.At,
			}))})
		}
	}
	return plan
}

// planSchedule tells a candidate's pages that their schedule is another.
func planSchedule(no domain.PersonNo) hub.Plan {
	if no == 0 {
		return hub.Plan{}
	}
	return hub.Plan{Direct: []hub.Direct{{Person: int64(no), Frame: scheduleFrame(1)}}}
}

// carryMost is the largest entry that travels through the broker; larger ones are read from
// the journal.
const carryMost = 64 << 10

// Encode implements hub.Translator.
func (f *Feed) Encode(_ int64, e hub.Entry) []byte {
	entry, ok := e.Value.(*journal.Entry)
	if !ok || len(entry.Payload)+len(entry.Audience) > carryMost {
		return nil
	}
	b, err := json.Marshal(carried{Entry: entry, Payload: entry.Payload, Audience: entry.Audience})
	if err != nil {
		return nil
	}
	return b
}

// carried is an entry on its way to another node. Its JSON fields travel as bytes: as
// JSON they would be compacted, and no JSON at all would become null, and neither is
// what was hashed.
type carried struct {
	*journal.Entry
	Payload, Audience []byte
}

var errForeign = errors.New("gateway: an entry that is not what it claims")

// Decode implements hub.Translator. An entry whose hash does not fit its content is
// refused: the journal has the true one.
func (f *Feed) Decode(org int64, b []byte) (hub.Entry, error) {
	var e journal.Entry
	c := carried{Entry: &e}
	if err := json.Unmarshal(b, &c); err != nil {
		return hub.Entry{}, fmt.Errorf("decode an entry from another node: %w", err)
	}
	e.Payload, e.Audience = c.Payload, c.Audience
	if int64(e.Organisation) != org || string(journal.HashOf(&e)) != string(e.Hash) {
		return hub.Entry{}, errForeign
	}
	return EntryOf(&e), nil
}
