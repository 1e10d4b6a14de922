package app

import (
	"time"

	"crier/hub"
	"crier/internal/domain"
	"crier/internal/journal"
	"crier/internal/protocol"
	"crier/internal/service/conversation"
	"crier/internal/service/monitor"
)

// presence shows services who is connected.
type presence struct{ hub *hub.Hub }

// Presence says who is connected; lastSeen is zero when not known.
func (p presence) Presence(org domain.OrganisationID, no domain.PersonNo) (domain.Presence, time.Time) {
	state, seen := p.hub.PresenceOf(int64(org), int64(no))
	return presenceOf(state), seen
}

// UnknownNodes returns how many other nodes cannot be heard because the broker is away.
func (p presence) UnknownNodes(org domain.OrganisationID) int { return p.hub.UnknownNodes(int64(org)) }

func presenceOf(s hub.State) domain.Presence {
	switch s {
	case hub.Unresponsive:
		return domain.Unresponsive
	case hub.Unknown:
		return domain.Unknown
	case hub.Online:
		return domain.Online
	case hub.Away:
		return domain.Away
	}
	return domain.Offline
}

// publisher sends services' events to the connections of this node.
type publisher struct{ hub *hub.Hub }

// Publish sends an event to the connections that listen to the topic.
func (p publisher) Publish(org domain.OrganisationID, topic string, event any) {
	p.hub.Publish(int64(org), topic, hub.NewFrame(protocol.Encode(event)))
}

// PublishAny sends an event to the connections that listen to any of the topics, to each once.
func (p publisher) PublishAny(org domain.OrganisationID, topics []string, event any) {
	p.hub.PublishAny(int64(org), topics, hub.NewFrame(protocol.Encode(event)))
}

// Listening reports whether any connection of this node listens to any of the topics.
func (p publisher) Listening(org domain.OrganisationID, topics []string) bool {
	return p.hub.Listening(int64(org), topics...)
}

// Signal sends an event to the connections of all nodes that listen to any of the topics; other nodes
// may lose it.
func (p publisher) Signal(org domain.OrganisationID, topics []string, event any) {
	p.hub.Signal(int64(org), topics, hub.NewFrame(protocol.Encode(event)))
}

// everywhere sends services' events to people's open pages on all nodes; other nodes may
// lose them. For what stands in no journal: an entry is followed by every node, and pages
// tell of it on each.
type everywhere struct{ hub *hub.Hub }

// Person sends an event to the pages of one person.
func (p everywhere) Person(org domain.OrganisationID, no domain.PersonNo, event any) {
	publisher(p).Signal(org, []string{domain.PersonTopic(no)}, event)
}

// pages sends services' events to people's open pages on this node.
type pages struct{ hub *hub.Hub }

// Person sends an event to the pages of one person.
func (p pages) Person(org domain.OrganisationID, no domain.PersonNo, event any) {
	p.hub.PublishAny(int64(org), []string{domain.PersonTopic(no)}, hub.NewFrame(protocol.Encode(event)))
}

// Team sends an event to the pages of a group's staff.
func (p pages) Team(org domain.OrganisationID, group domain.GroupID, event any) {
	p.hub.PublishAny(int64(org), []string{domain.TeamTopic(""), domain.TeamTopic(group)}, hub.NewFrame(protocol.Encode(event)))
}

// presenceChanged hears the hub.
func (n *Node) presenceChanged(org int64, changes []hub.Presence) {
	out := make([]monitor.Change, len(changes))
	talks := make([]conversation.Change, len(changes))
	for i, c := range changes {
		out[i] = monitor.Change{No: domain.PersonNo(c.Person), Presence: presenceOf(c.State), At: c.At}
		talks[i] = conversation.Change(out[i])
	}
	n.Monitor.PresenceChanged(domain.OrganisationID(org), out)
	n.Live.PresenceChanged(domain.OrganisationID(org), talks)
}

// entryFollowed hears every entry that the hub follows, of this node and others.
func (n *Node) entryFollowed(_ int64, e hub.Entry) {
	if entry, ok := e.Value.(*journal.Entry); ok {
		n.Store.Bus().Tell(journal.Followed, entry)
	}
}

// reconnect closes connections whose people may do something else from now on: of people who are
// locked, those too that a ticket of an API key opened, since none of theirs is let in again; and of
// staff whose scopes changed, whose pages come back and hear of what they may see now.
func (n *Node) reconnect(e *journal.Entry) {
	var people []int64
	switch p := e.Event().(type) {
	case *journal.PeopleUpserted:
		for _, r := range p.People {
			if r.Locked {
				people = append(people, int64(r.No))
			}
		}
	case *journal.ScopesChanged:
		for _, c := range p.Changes {
			people = append(people, int64(c.Person))
		}
	}
	if len(people) > 0 {
		n.hub.Restart(int64(e.Organisation), people)
	}
}

// statusChanged tells every page whether the database can be reached.
func (n *Node) statusChanged(sending bool) {
	state := "unavailable"
	if sending {
		state = "ok"
	}
	n.log.Warn().Bool("reachable", sending).Msg("the database's reachability changed")
	n.hub.Everyone(hub.NewFrame(protocol.Encode(protocol.Status{Type: "status", Sending: state})))
}

// measureReceipts counts a batch of receipts that this node wrote.
func (n *Node) measureReceipts(e *journal.Entry) {
	p, err := journal.As[journal.ReceiptsRecorded](e)
	if err != nil {
		return
	}
	count := 0
	for _, item := range p.Items {
		count += len(item.People)
	}
	n.metrics.ReceiptBatch(count)
}
