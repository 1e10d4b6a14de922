package gateway

import (
	"context"
	"time"

	"crier/hub"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/protocol"
	"crier/internal/service/conversation"
)

// Conversations says what of conversations an actor may have open.
type Conversations interface {
	// Open notes that the actor has a person's conversation open. It is the only question that
	// the database is asked for who looks and types. Errors: forbidden, not_found, unavailable.
	Open(ctx context.Context, actor domain.Actor, person domain.PersonID) (conversation.Opened, error)
}

// window is a conversation that stands open on this connection.
type window struct {
	*attention
	person domain.PersonNo
	end    func()
}

// topics are what a connection hears of by itself.
func topics(actor domain.Actor) []string {
	if actor.Role == domain.RoleCandidate {
		return nil
	}
	list := []string{domain.PersonTopic(actor.No)}
	if seen, err := actor.Seen(domain.ActConversationView); err == nil {
		list = append(append(list, domain.StaffTopic), seen.InboxTopics()...)
	}
	if seen, err := actor.Seen(domain.ActTeamChat); err == nil {
		list = append(list, seen.TeamTopics()...)
	}
	if actor.May(domain.ActDeliveryManage) == nil {
		list = append(list, domain.DeliveryTopic)
	}
	return list
}

func (c *client) open(conn *hub.Conn, person domain.PersonID) (*conversation.Opened, error) {
	if err := c.actor.May(domain.ActConversationView); err != nil {
		return nil, err
	}
	if c.opened[person] != nil {
		return nil, nil
	}
	if len(c.opened) >= protocol.OpenMost {
		return nil, fault.Over("conversation", protocol.OpenMost, int64(len(c.opened)+1), "%d conversations may stand open on one connection", protocol.OpenMost)
	}
	ctx, cancel := context.WithTimeout(c.g.ctx, 5*time.Second)
	defer cancel()
	of, err := c.g.conversations.Open(ctx, c.actor, person)
	if err != nil {
		return nil, err
	}
	conn.Listen(domain.ConversationTopic(of.Person))
	if c.opened == nil {
		c.opened = map[domain.PersonID]*window{}
	}
	c.opened[person] = &window{person: of.Person, end: of.End, attention: newAttention(viewing, func(before, now string) {
		c.g.attends(c.actor, of.Person, person, "staff", now)
		if before == typing || now == typing {
			state := idle
			if now == typing {
				state = typing
			}
			c.g.hub.SignalPerson(int64(c.actor.Organisation), int64(of.Person), hub.NewFrame(protocol.Encode(protocol.StaffTyping{Type: "typing", State: state})))
		}
	})}
	return &of, nil
}

func (c *client) shut(conn *hub.Conn, person domain.PersonID) {
	o := c.opened[person]
	if o == nil {
		return
	}
	delete(c.opened, person)
	conn.Unlisten(domain.ConversationTopic(o.person))
	o.attention.end()
	o.end()
}

// typing notes that somebody types, or no longer does. It asks no database.
func (c *client) typing(cmd protocol.Command) error {
	yes := cmd.State == typing
	if c.actor.Role == domain.RoleCandidate {
		if cmd.Conversation != "" {
			return fault.Field("conversation", "a candidate has one conversation and does not name it")
		}
		if err := c.actor.May(domain.ActReplySend); err != nil {
			return err
		}
		if c.own == nil {
			if !yes {
				return nil
			}
			c.own = newAttention(idle, func(_, now string) {
				c.g.attends(c.actor, c.actor.No, domain.PersonID(c.actor.ID), "candidate", now)
			})
		}
		c.own.types(yes)
		return nil
	}
	if err := c.actor.May(domain.ActConversationSend); err != nil {
		return err
	}
	if cmd.Conversation == "" {
		return fault.Field("conversation", "conversation is missing")
	}
	o := c.opened[domain.PersonID(cmd.Conversation)]
	if o == nil {
		return fault.Field("conversation", "this conversation is not open here")
	}
	o.types(yes)
	return nil
}

// forget ends everything that the connection says of its attention.
func (c *client) forget() {
	for _, o := range c.opened {
		o.attention.end()
		o.end()
	}
	if c.own != nil {
		c.own.end()
	}
}

// attends tells those who have a conversation open what somebody does there.
func (g *Gateway) attends(who domain.Actor, of domain.PersonNo, id domain.PersonID, kind, state string) {
	org, topic := int64(who.Organisation), domain.ConversationTopic(of)
	f := protocol.TypingFrame{Type: "typing", Conversation: string(id), Who: protocol.Who{ID: who.ID, Name: who.Name, Kind: kind}, State: state}
	frame := protocol.Encode(f)
	g.attending.note(org, topic, f, frame, g.opt.Clock.Now())
	g.hub.Signal(org, []string{topic}, hub.NewFrame(frame))
}
