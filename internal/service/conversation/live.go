package conversation

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
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
	MessagesAt(ctx context.Context, org domain.OrganisationID, asked [][2]int64) ([]domain.TimelineRow, error)
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
	done   chan struct{}

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

// told is one change of one conversation, on its way to pages.
type told struct {
	entry    *domain.Entry
	of       domain.PersonRef // name "" where the entry does not say
	kind     domain.GroupKind // of the entry's group
	topics   []string
	mentions []domain.PersonNo
	assigned domain.PersonNo // to whom it was given by somebody else
	by       domain.PersonName
	times    *domain.ItemTimes     // of a message that is told again, nil: it is new
	copies   []domain.DeliveryItem // what became of copies: messages that are told again, which are still to be read
}

type openKey struct {
	org domain.OrganisationID
	no  domain.PersonNo
}

type opened struct {
	id    domain.PersonID
	count int
}

// NewLive makes the live side of a service. Its Start and Stop are the caller's.
func NewLive(s *Service, store liveStore, to Publisher) *Live {
	return &Live{s: s, store: store, to: to, wake: make(chan struct{}, 1), missed: map[domain.OrganisationID]bool{}, open: map[openKey]*opened{}}
}

// Start tells what has happened until Stop or until ctx ends.
func (l *Live) Start(ctx context.Context) {
	ctx, l.cancel = context.WithCancel(ctx)
	l.done = make(chan struct{})
	go func() {
		defer close(l.done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-l.wake:
			}
			for l.tellSome(ctx) {
			}
		}
	}()
}

// Stop ends what Start began, and waits for it.
func (l *Live) Stop() {
	if l.cancel != nil {
		l.cancel()
		<-l.done
	}
}

// Frame types; internal/protocol/README.md describes them.

type conversationFrame struct {
	Type         string                    `json:"type"` // conversation
	Conversation domain.PersonID           `json:"conversation"`
	Name         string                    `json:"name"`
	Item         domain.Item               `json:"item"`
	State        *domain.ConversationState `json:"state,omitempty"` // nil: it could not be read
}

type conversationsFrame struct {
	Type  string         `json:"type"` // conversations
	Group domain.GroupID `json:"group,omitempty"`
}

type mentionFrame struct {
	Type         string            `json:"type"` // mention
	Conversation domain.PersonID   `json:"conversation"`
	Name         string            `json:"name"`
	Item         domain.ItemID     `json:"item"`
	By           domain.PersonName `json:"by"`
	Line         string            `json:"line"`
}

type assignedFrame struct {
	Type         string            `json:"type"` // assigned
	Conversation domain.PersonID   `json:"conversation"`
	Name         string            `json:"name"`
	By           domain.PersonName `json:"by"`
}

type readFrame struct {
	Type   string            `json:"type"` // read
	People []domain.PersonID `json:"people"`
	Unread bool              `json:"unread"`
}

type receiptsFrame struct {
	Type         string          `json:"type"` // receipts
	Conversation domain.PersonID `json:"conversation"`
}

type presenceFrame struct {
	Type         string          `json:"type"` // presence
	Conversation domain.PersonID `json:"conversation"`
	Presence     domain.Presence `json:"presence"`
	At           time.Time       `json:"at"`
}

// Entry hears every entry that this node follows, in order. It does not wait.
func (l *Live) Entry(e *domain.Entry) {
	if e.Kind == domain.EntryBroadcastSent {
		l.broadcast(e)
		return
	}
	if e.Kind == domain.EntryDeliveriesRecorded {
		l.delivered(e)
		return
	}
	if e.Kind == domain.EntryReceiptsRecorded {
		l.received(e)
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
func (l *Live) delivered(e *domain.Entry) {
	var p domain.DeliveriesRecorded
	if json.Unmarshal(e.Payload, &p) != nil || !l.to.Listening(e.Organisation, []string{domain.StaffTopic}) {
		return
	}
	copies := slices.DeleteFunc(p.Items, func(i domain.DeliveryItem) bool { return i.Message == 0 || i.Channel == domain.ChannelPush })
	if len(copies) > 0 {
		l.add(e.Organisation, told{entry: e, copies: copies})
	}
}

// received has those who have a conversation open here read it again, since its candidate has got or seen
// something. It does not say what: not everyone sees every message of it.
func (l *Live) received(e *domain.Entry) {
	l.mu.Lock()
	none := len(l.open) == 0
	l.mu.Unlock()
	var p domain.ReceiptsRecorded
	if none || json.Unmarshal(e.Payload, &p) != nil {
		return
	}
	told := map[domain.PersonNo]bool{}
	for _, item := range p.Items {
		for _, no := range item.People {
			if told[no] {
				continue
			}
			told[no] = true
			if o := l.openAt(e.Organisation, no); o != nil {
				l.to.PublishAny(e.Organisation, []string{domain.ConversationTopic(no)}, receiptsFrame{Type: "receipts", Conversation: o.id})
			}
		}
	}
}

// openAt is the conversation that stands open on a page of this node, nil if none does.
func (l *Live) openAt(org domain.OrganisationID, no domain.PersonNo) *opened {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open[openKey{org, no}]
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
			change.times = &r.Times
			out = append(out, change)
		}
	}
	return out
}

// broadcast says that a sending to many was made: too many conversations to tell each.
func (l *Live) broadcast(e *domain.Entry) {
	frame := conversationsFrame{Type: "conversations", Group: e.Exam}
	if e.Exam == "" {
		l.to.PublishAny(e.Organisation, []string{domain.StaffTopic}, frame)
		return
	}
	var rooms []struct {
		Room string `json:"room"`
	}
	if json.Unmarshal(e.Audience, &rooms) != nil {
		return
	}
	reach := []domain.Place{{Group: e.Exam}}
	for _, r := range rooms {
		reach = append(reach, domain.Place{Group: e.Exam, Room: r.Room})
	}
	l.to.PublishAny(e.Organisation, domain.ReachTopics(e.Exam, reach), frame)
}

// heardOn are all the topics that the change is told on.
func (c told) heardOn() []string {
	out := slices.Clone(c.topics)
	for _, no := range c.mentions {
		out = append(out, domain.PersonTopic(no))
	}
	if c.assigned != 0 {
		out = append(out, domain.PersonTopic(c.assigned))
	}
	return out
}

// changesOf says which conversations an entry changes, and who may hear of it.
func changesOf(e *domain.Entry) []told {
	change := func(of domain.Reached, name string, group domain.GroupID) told {
		return told{entry: e, of: domain.PersonRef{No: of.Person, ID: of.PersonID, Name: name}, topics: domain.ReachTopics(group, of.Reach),
			by: domain.PersonName{ID: domain.PersonID(e.Actor.ID), Name: e.Actor.Name}}
	}
	switch e.Kind {
	case domain.EntryMessageSent:
		var p domain.MessageSent
		if json.Unmarshal(e.Payload, &p) != nil {
			return nil
		}
		c := change(domain.Reached{Person: p.Person, PersonID: p.PersonID, Reach: p.Reach}, p.PersonName, e.Exam)
		c.kind = p.GroupKind
		return []told{c}
	case domain.EntryNoteAdded:
		var p domain.NoteAdded
		if json.Unmarshal(e.Payload, &p) != nil {
			return nil
		}
		c := change(domain.Reached{Person: p.Person, PersonID: p.PersonID, Reach: p.Reach}, p.PersonName, e.Exam)
		c.mentions = p.Mentions
		return []told{c}
	case domain.EntryConversationMarked:
		var p domain.ConversationMarked
		if json.Unmarshal(e.Payload, &p) != nil {
			return nil
		}
		out := make([]told, len(p.People))
		for i, r := range p.People {
			out[i] = change(r, "", "")
		}
		return out
	case domain.EntryConversationAssigned:
		var p domain.ConversationAssigned
		if json.Unmarshal(e.Payload, &p) != nil {
			return nil
		}
		c := change(p.Reached, "", "")
		if !p.Claim {
			c.assigned = p.To
		}
		return []told{c}
	case domain.EntryAssignmentDeleted, domain.EntryAssignmentRestored:
		var p domain.AssignmentChanged
		if json.Unmarshal(e.Payload, &p) != nil {
			return nil
		}
		// The deletion itself ends the enrolment: its group's staff still hear of it.
		reach := append(slices.Clone(p.Reach), domain.Place{Group: e.Exam})
		return []told{change(domain.Reached{Person: p.Person, PersonID: p.PersonID, Reach: reach}, "", e.Exam)}
	case domain.EntryUnavailabilityRemoved:
		var p domain.UnavailabilityRemoved
		if json.Unmarshal(e.Payload, &p) != nil {
			return nil
		}
		return []told{change(p.Reached, "", "")}
	}
	return nil
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
	row := domain.TimelineRow{Entry: c.entry, Kind: c.kind}
	if c.times != nil {
		row.Times = *c.times
	}
	// As in the timeline, so that a page may put either in the other's place.
	items, err := l.s.items(ctx, org, subject{PersonRef: c.of}, []domain.TimelineRow{row})
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

// Opened is a conversation that stands open on a page.
type Opened struct {
	Person   domain.PersonNo
	Presence domain.Presence
	At       time.Time // when they were last seen, zero if that is not known
	End      func()    // call it once, when it is shut
}

// Open notes that the actor has a conversation open, so that the candidate's presence is told
// to its topic (domain.ConversationTopic) until End. It asks the database once. Errors:
// Forbidden, NotFound (no such candidate among yours), Unavailable.
func (l *Live) Open(ctx context.Context, actor domain.Actor, person domain.PersonID) (Opened, error) {
	of, err := l.s.find(ctx, actor, domain.ActConversationView, person)
	if err != nil {
		return Opened{}, err
	}
	if actor.No == 0 {
		return Opened{}, fault.New(fault.Forbidden, "only a person opens conversations")
	}
	k := openKey{actor.Organisation, of.No}
	l.mu.Lock()
	o := l.open[k]
	if o == nil {
		o = &opened{id: of.ID}
		l.open[k] = o
	}
	o.count++
	l.mu.Unlock()
	p, at := l.s.o.Presence.Presence(actor.Organisation, of.No)
	return Opened{Person: of.No, Presence: p, At: at, End: func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if o.count--; o.count == 0 {
			delete(l.open, k)
		}
	}}, nil
}

// Change is a new presence of one person.
type Change struct {
	No       domain.PersonNo
	Presence domain.Presence
	At       time.Time
}

// PresenceChanged tells those who have a candidate's conversation open here. It asks no
// database and does not wait.
func (l *Live) PresenceChanged(org domain.OrganisationID, changes []Change) {
	for _, c := range changes {
		if o := l.openAt(org, c.No); o != nil {
			l.to.PublishAny(org, []string{domain.ConversationTopic(c.No)}, presenceFrame{Type: "presence", Conversation: o.id, Presence: c.Presence, At: c.At})
		}
	}
}
