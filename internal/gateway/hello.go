package gateway

import (
	"context"
	"errors"
	"time"

	"golang.org/x/time/rate"

	"crier/hub"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/protocol"
)

// hello reads the first frame, finds out who it is, welcomes them and attaches the connection.
func (c *client) hello() (*hub.Conn, error) {
	known := c.g.unknown.add(c, c.g.opt.Unknown)
	// Not the read's context: the library cuts the connection when that ends, and nobody
	// would learn why.
	late := time.AfterFunc(c.g.opt.HelloTime, c.tooLate)
	frame, err := c.sock.read(c.g.ctx)
	late.Stop()
	known()
	if errors.Is(err, errBinary) {
		err = notText()
		c.tell(protocol.Error(err))
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(c.g.ctx, c.g.opt.HelloTime)
	defer cancel()
	cmd, err := protocol.Decode(frame)
	if err == nil && cmd.Type != protocol.Hello {
		err = fault.Field("type", "the first frame must be hello")
	}
	if err != nil {
		c.tell(protocol.Error(err))
		return nil, err
	}
	began, terms := c.g.opt.Clock.Now(), c.g.standing.terms.Load()
	if c.actor, err = c.authenticate(ctx, cmd.Ticket); err == nil {
		err = c.actor.May(domain.ActSocketOpen)
	}
	if err != nil {
		c.tell(protocol.Reply(cmd.ID, err))
		return nil, err
	}
	return c.attach(ctx, cmd, began, terms)
}

// tooLate ends a connection that has not said hello.
func (c *client) tooLate() { out{c.sock}.Close(closeSignedOut, "no hello in time") }

func (c *client) authenticate(ctx context.Context, ticket string) (domain.Actor, error) {
	token := c.token
	c.token = "" // no use in keeping it for hours
	switch {
	case ticket != "":
		return c.g.access.Redeem(ctx, ticket)
	case token != "":
		return c.g.access.Authenticate(ctx, token)
	}
	e := fault.New(fault.Unauthenticated, "sign in, or send a ticket with the hello")
	e.Field = "ticket"
	return domain.Actor{}, e
}

// attach hands the connection to the hub. known is when finding out who it is began, terms what
// standing.terms was then.
func (c *client) attach(ctx context.Context, cmd protocol.Command, known time.Time, terms int64) (*hub.Conn, error) {
	g := c.g
	stream := c.actor.Role == domain.RoleCandidate
	id := hub.Identity{
		Org: int64(c.actor.Organisation), Person: int64(c.actor.No), Session: c.actor.Session, Stream: stream,
		Sockets: g.opt.StaffSockets, Known: known,
	}
	r, burst := rate.Limit(staffRate), staffBurst
	if stream {
		id.Sockets = g.opt.CandidateSockets
		r, burst = candidateRate, candidateBurst
	}
	c.limit = rate.NewLimiter(r, burst)
	greeting := [][]byte{protocol.Encode(protocol.Welcome{
		Type: "welcome", V: protocol.Version, Role: string(c.actor.Role), Person: c.actor.ID, Name: c.actor.Name,
		Now: g.opt.Clock.Now(), BeatSec: 20,
	})}
	if cmd.ID != "" && stream {
		greeting = append(greeting, protocol.Reply(cmd.ID, nil))
	}
	c.tell(greeting...)
	since, fresh := int64(0), true
	if stream && cmd.Since != "" {
		offset, reason, err := c.resume(ctx, cmd.Since)
		if err != nil {
			return nil, err
		}
		if reason != "" {
			c.tell(protocol.Encode(protocol.Reset{Type: "reset", Reason: reason}))
		} else {
			since, fresh = offset, false
		}
	}
	conn := g.hub.Attach(out{c.sock}, id, since, fresh)
	c.conn.Store(conn)
	conn.Listen(topics(c.actor)...)
	if !stream {
		c.stands(conn, terms)
	}
	if cmd.ID != "" && !stream { // what a page of staff reads after this misses nothing that it hears of
		conn.Send(hub.NewFrame(protocol.Reply(cmd.ID, nil)))
	}
	return conn, nil
}

// resume finds the offset that a cursor stands for; reason says why it means nothing here.
func (c *client) resume(ctx context.Context, since string) (int64, string, error) {
	offset, unknown := c.g.sealer.Open(int64(c.actor.Organisation), int64(c.actor.No), since)
	if unknown != nil {
		return 0, "cursor_unknown", nil //nolint:nilerr // it is the client's business: told by a reset
	}
	head, err := c.g.heads.Head(ctx, c.actor.Organisation)
	if err != nil {
		return 0, "", err
	}
	if offset > head {
		return 0, "cursor_ahead", nil
	}
	return offset, "", nil
}
