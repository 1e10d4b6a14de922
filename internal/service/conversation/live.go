package conversation

import (
	"context"
	"slices"
	"sync"
	"time"

	"crier/internal/domain"
	"crier/internal/journal"
)

// Publisher reaches the open pages of staff. Who listens to a topic may hear what is
// published on it (domain.Seen.InboxTopics).
type Publisher interface {
	// PublishAny sends an event to the pages of this node that listen to any of the topics, to
	// each once.
	PublishAny(org domain.OrganisationID, topics []string, event any)
	// Listening reports whether any page of this node listens to any of the topics.
	Listening(org domain.OrganisationID, topics []string) bool
	// Signal is PublishAny on all nodes, by a way that may lose it.
	Signal(org domain.OrganisationID, topics []string, event any)
}

// liveStore is what the live side needs of the database.
type liveStore interface {
	TeamStates(ctx context.Context, org domain.OrganisationID, people []domain.PersonNo) (map[domain.PersonNo]domain.ConversationRow, error)
	// MessagesAt returns messages of conversations as they stand now, by pairs of person and offset.
	MessagesAt(ctx context.Context, org domain.OrganisationID, asked [][2]int64) ([]journal.TimelineRow, error)
}

// Live tells staff's pages what happens in conversations: entries become frames, on
// every node for the pages it has. It never holds up whoever brings an entry: a goroutine
// reads how the conversations stand, for all that waits at once, and tells in the
// order of the journal.
type Live struct {
	s     *Service
	store liveStore
	to    Publisher

	wake   chan struct{}
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu     sync.Mutex
	queue  []told
	missed map[domain.OrganisationID]bool // more happened than could be told
	open   map[openKey]*opened
}

const (
	queueMost = 4096            // changes that wait to be told; beyond that pages are asked to read again
	tellMost  = 256             // changes told in one go
	readTime  = 2 * time.Second // for how the conversations stand
	readMost  = 80              // people in one frame that crosses nodes: they must fit 4 KiB
)

// NewLive makes the live side of a service. Its Start and Stop are the caller's.
func NewLive(s *Service, store liveStore, to Publisher) *Live {
	return &Live{s: s, store: store, to: to, wake: make(chan struct{}, 1), missed: map[domain.OrganisationID]bool{}, open: map[openKey]*opened{}}
}

// Start tells what has happened, and ends snoozes and reminders in time, until Stop or until ctx ends.
func (l *Live) Start(ctx context.Context) {
	ctx, l.cancel = context.WithCancel(ctx)
	l.work.Go(func() { l.wakes(ctx) })
	l.work.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-l.wake:
			}
			for l.tellSome(ctx) {
			}
		}
	})
}

// Stop ends what Start began, and waits for it.
func (l *Live) Stop() {
	if l.cancel != nil {
		l.cancel()
		l.work.Wait()
	}
}

// Frame types; internal/protocol/README.md describes them.

// Entry hears of what happens in conversations, in the order of the journal. It does not wait.
func (l *Live) Entry(e *journal.Entry) {
	switch p := e.Event().(type) {
	case *journal.BroadcastSent:
		l.broadcast(e)
		return
	case *journal.DeliveriesRecorded:
		l.delivered(e, p)
		return
	case *journal.ReceiptsRecorded:
		l.received(e.Organisation, p)
		return
	case *journal.InboundReceived, *journal.InboundHandled:
		l.to.PublishAny(e.Organisation, []string{domain.DeliveryTopic}, unmatchedFrame{Type: "unmatched"})
		return
	}
	changes := changesOf(e)
	changes = slices.DeleteFunc(changes, func(c told) bool { return !l.to.Listening(e.Organisation, c.heardOn()) })
	if len(changes) == 0 {
		return
	}
	l.add(e.Organisation, changes...)
}

// add puts changes behind those that wait to be told.
func (l *Live) add(org domain.OrganisationID, changes ...told) {
	l.mu.Lock()
	if len(l.queue)+len(changes) > queueMost {
		l.missed[org] = true
	} else {
		l.queue = append(l.queue, changes...)
	}
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// delivered has messages told again whose copies have moved on. Of many at once pages are asked to read again.
func (l *Live) delivered(e *journal.Entry, p *journal.DeliveriesRecorded) {
	if !l.to.Listening(e.Organisation, []string{domain.StaffTopic}) {
		return
	}
	copies := slices.DeleteFunc(slices.Clone(p.Items), func(i journal.DeliveryItem) bool { return i.Message == 0 || i.Channel == domain.ChannelPush })
	if len(copies) > 0 {
		l.add(e.Organisation, told{entry: e, copies: copies})
	}
}

// again reads the messages whose copies have moved on.
func (l *Live) again(ctx context.Context, c told) []told {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	asked := make([][2]int64, 0, len(c.copies))
	for _, i := range c.copies {
		asked = append(asked, [2]int64{int64(i.Person), i.Message})
	}
	slices.SortFunc(asked, func(a, b [2]int64) int { return slices.Compare(a[:], b[:]) })
	asked = slices.Compact(asked)
	rows, err := l.store.MessagesAt(ctx, c.entry.Organisation, asked)
	if err != nil {
		l.s.o.Log.Warn().Err(err).Int64("organisation", int64(c.entry.Organisation)).Msg("copies of messages not told")
	}
	if len(rows) < len(asked) { // sendings to many, or nothing could be read
		l.to.PublishAny(c.entry.Organisation, []string{domain.StaffTopic}, conversationsFrame{Type: "conversations"})
	}
	var out []told
	for _, r := range rows {
		for _, change := range changesOf(r.Entry) {
			change.times, change.stopped = &r.Times, r.Stopped
			out = append(out, change)
		}
	}
	return out
}

// broadcast says that a sending to many was made: too many conversations to tell each.
func (l *Live) broadcast(e *journal.Entry) {
	frame := conversationsFrame{Type: "conversations", Group: e.Group}
	if e.Group == "" {
		l.to.PublishAny(e.Organisation, []string{domain.StaffTopic}, frame)
		return
	}
	rooms, err := e.Rooms()
	if err != nil {
		return
	}
	reach := []domain.Place{{Group: e.Group}}
	for _, r := range rooms {
		reach = append(reach, domain.Place{Group: e.Group, Room: r.Room})
	}
	l.to.PublishAny(e.Organisation, domain.ReachTopics(e.Group, reach), frame)
}

// tellSome tells a part of what waits; false when nothing is left.
func (l *Live) tellSome(ctx context.Context) bool {
	l.mu.Lock()
	batch := l.queue[:min(len(l.queue), tellMost)]
	l.queue = l.queue[len(batch):]
	var missed []domain.OrganisationID
	if len(l.queue) == 0 {
		l.queue = nil
		for org := range l.missed {
			missed = append(missed, org)
		}
		clear(l.missed)
	}
	l.mu.Unlock()
	some := len(batch) > 0
	if slices.ContainsFunc(batch, func(c told) bool { return c.copies != nil }) {
		var whole []told
		for _, c := range batch {
			if c.copies != nil {
				whole = append(whole, l.again(ctx, c)...)
			} else {
				whole = append(whole, c)
			}
		}
		batch = whole
	}
	people := map[domain.OrganisationID][]domain.PersonNo{}
	for _, c := range batch {
		org := c.entry.Organisation
		people[org] = append(people[org], c.of.No)
	}
	states := map[domain.OrganisationID]map[domain.PersonNo]domain.ConversationRow{}
	for org, nos := range people {
		slices.Sort(nos)
		states[org] = l.states(ctx, org, slices.Compact(nos))
	}
	for _, c := range batch {
		l.tell(ctx, c, states[c.entry.Organisation])
	}
	for _, org := range missed {
		l.to.PublishAny(org, []string{domain.StaffTopic}, conversationsFrame{Type: "conversations"})
	}
	return some && ctx.Err() == nil
}

// states says how the conversations stand; nothing of those of which it cannot be read now.
func (l *Live) states(ctx context.Context, org domain.OrganisationID, people []domain.PersonNo) map[domain.PersonNo]domain.ConversationRow {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	rows, err := l.store.TeamStates(ctx, org, people)
	if err != nil {
		l.s.o.Log.Warn().Err(err).Int64("organisation", int64(org)).Msg("live conversations without their state")
	}
	return rows
}

// tell publishes one change.
func (l *Live) tell(ctx context.Context, c told, states map[domain.PersonNo]domain.ConversationRow) {
	org := c.entry.Organisation
	frame := conversationFrame{Type: "conversation", Conversation: c.of.ID, Name: c.of.Name}
	if row, ok := states[c.of.No]; ok {
		state := row.TeamState()
		frame.State = &state
		frame.Name = row.Name()
	}
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	row := journal.TimelineRow{Entry: c.entry, Kind: c.kind, Stopped: c.stopped}
	if c.times != nil {
		row.Times = *c.times
	}
	// As in the timeline, so that a page may put either in the other's place.
	items, err := l.s.items(ctx, org, subject{PersonRef: c.of}, []journal.TimelineRow{row})
	if err != nil {
		l.s.o.Log.Warn().Err(err).Int64("organisation", int64(org)).Msg("live conversation not told")
		l.to.PublishAny(org, c.topics, conversationsFrame{Type: "conversations"})
		return
	}
	frame.Item = items[0]
	l.to.PublishAny(org, c.topics, frame)
	for _, no := range c.mentions {
		l.to.PublishAny(org, []string{domain.PersonTopic(no)}, mentionFrame{Type: "mention", Conversation: c.of.ID, Name: frame.Name,
			Item: frame.Item.ID, By: c.by, Line: domain.Line(frame.Item.Body, nil)})
	}
	if c.assigned != 0 {
		l.to.PublishAny(org, []string{domain.PersonTopic(c.assigned)}, assignedFrame{Type: "assigned", Conversation: c.of.ID, Name: frame.Name, By: c.by})
	}
}

// Read tells a staff member's pages, on all nodes, that they have read conversations or
// marked them unread.
func (l *Live) Read(org domain.OrganisationID, staff domain.PersonNo, people []domain.PersonID, unread bool) {
	for part := range slices.Chunk(people, readMost) {
		l.to.Signal(org, []string{domain.PersonTopic(staff)}, readFrame{Type: "read", People: part, Unread: unread})
	}
}
