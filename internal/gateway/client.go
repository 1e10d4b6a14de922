package gateway

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"crier/hub"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/protocol"
)

// client is one connection's reading side.
type client struct {
	g     *Gateway
	sock  *socket
	token string // of the session cookie, "" without; until the hello is through
	actor domain.Actor
	conn  atomic.Pointer[hub.Conn] // nil until the hello is through

	limit   *rate.Limiter
	refused int // commands over the limit in a row
	bad     int // frames not understood since badAt
	badAt   time.Time
	watched map[domain.ExamID]watching
	ends    *time.Timer // when the first of the actor's scopes must be read again; nil: never

	mu     sync.Mutex
	opened map[domain.PersonID]*window // conversations in windows of this page; guarded by mu
	own    *attention                  // a candidate's own typing; nil until they type
}

type watching struct {
	topics []string
	end    func()
}

// Commands a connection may send: design.md section 5. A client far over the limit
// is closed.
const (
	candidateRate, candidateBurst = 5, 10
	staffRate, staffBurst         = 10, 20
	refusedMost                   = 100
	badMost                       = 10 // frames not understood in a minute
)

// pinged answers a ping through the hub's queue. The library would wait until the hub's writing
// is done, read nothing meanwhile, and cut the connection after 5 s.
func (c *client) pinged(payload []byte) (answerIt bool) {
	conn := c.conn.Load()
	if conn == nil {
		return true
	}
	conn.Heard()
	conn.Send(hub.NewPong(payload))
	return false
}

func (c *client) ponged(payload []byte) {
	if conn := c.conn.Load(); conn != nil {
		conn.Ponged(payload)
	}
}

// serve greets the connection; live then reads it in a goroutine of its own, since the
// handler's stack is many times the size of one that waits for frames.
func (c *client) serve() {
	conn, err := c.hello()
	if err == nil {
		go c.live(conn)
		return
	}
	defer c.g.conns.Done()
	if !gone(err) {
		c.g.opt.Log.Debug().Err(err).Msg("socket refused")
		code, reason := closeFor(err)
		out{c.sock}.Close(code, reason)
		return
	}
	_ = c.sock.ws.CloseNow()
}

// live lasts as long as the connection.
func (c *client) live(conn *hub.Conn) {
	defer c.g.conns.Done()
	began := c.g.opt.Clock.Now()
	err := c.loop(conn)
	conn.Detach()
	c.falls()
	for _, w := range c.watched {
		w.end()
	}
	c.forget()
	_ = c.sock.ws.CloseNow()
	c.g.opt.Log.Debug().Int64("organisation", int64(c.actor.Organisation)).Str("person", c.actor.ID).
		Dur("lasted", c.g.opt.Clock.Now().Sub(began)).Int("close", int(websocket.CloseStatus(err))).Msg("socket ended")
}

// tell writes frames before the hub has the connection, all in one write.
func (c *client) tell(frames ...[]byte) {
	var p []byte
	for _, json := range frames {
		p = append(p, hub.NewFrame(json).Bytes()...)
	}
	_ = out{c.sock}.Write(p)
}

// beat is the answer to a beat, as our own clients write it. Others may write it otherwise.
const beat = `{"type":"beat"}`

// loop reads commands until the connection ends, and returns why.
func (c *client) loop(conn *hub.Conn) error {
	for {
		// No context of ours: it would cost each idle connection a place among its children. The hub closes whoever
		// is silent for too long, and everyone when the node stops.
		frame, err := c.sock.read(context.Background())
		if err != nil && !errors.Is(err, errBinary) {
			return err
		}
		if c.sock.closing.Load() { // a login that has ended commands nothing
			continue
		}
		if err != nil {
			c.complain(conn, "", notText())
			continue
		}
		conn.Answered()
		if string(frame) == beat { // what nearly every frame is: decoding would deepen every idle stack
			continue
		}
		cmd, err := protocol.Decode(frame)
		if err != nil {
			c.complain(conn, cmd.ID, err)
			continue
		}
		if cmd.Type == protocol.Beat {
			continue
		}
		if !c.limit.AllowN(c.g.opt.Clock.Now(), 1) {
			e := fault.New(fault.RateLimited, "too many commands: %v a second", c.limit.Limit())
			e.RetryAfter = time.Second
			c.answer(conn, cmd.ID, e)
			if c.refused++; c.refused > refusedMost {
				conn.Close(closeTooMuch, "too many commands")
			}
			continue
		}
		c.refused = 0
		c.obey(conn, cmd)
	}
}

// complain answers a frame that was not understood; too many of them end the connection.
func (c *client) complain(conn *hub.Conn, id string, err error) {
	if id == "" {
		conn.Send(hub.NewFrame(protocol.Error(err)))
	} else {
		conn.Send(hub.NewFrame(protocol.Reply(id, err)))
	}
	now := c.g.opt.Clock.Now()
	if now.Sub(c.badAt) > time.Minute {
		c.badAt, c.bad = now, 0
	}
	if c.bad++; c.bad >= badMost {
		conn.Close(closeBadFrames, "too many bad frames")
	}
}

// answer replies to a command that wants it. Errors are told even without an id.
func (c *client) answer(conn *hub.Conn, id string, err error) {
	switch {
	case id != "":
		conn.Send(hub.NewFrame(protocol.Reply(id, err)))
	case err != nil:
		conn.Send(hub.NewFrame(protocol.Error(err)))
	}
	if fault.Is(err, fault.Internal) && !errors.Is(err, context.Canceled) { // cancelled: the node stops
		c.g.opt.Log.Error().Err(err).Str("person", c.actor.ID).Msg("socket command")
	}
}

func (c *client) obey(conn *hub.Conn, cmd protocol.Command) {
	switch cmd.Type {
	case protocol.Receipt:
		c.receipt(conn, cmd)
	case protocol.Presence:
		if err := c.actor.May(domain.ActReceiptWrite); err != nil {
			c.answer(conn, cmd.ID, err)
			return
		}
		conn.SetAway(cmd.State == "away")
		c.answer(conn, cmd.ID, nil)
	case protocol.Watch:
		c.answer(conn, cmd.ID, c.watch(conn, domain.ExamID(cmd.Test)))
	case protocol.Unwatch:
		c.unwatch(conn, domain.ExamID(cmd.Test))
		c.answer(conn, cmd.ID, nil)
	case protocol.Open:
		of, err := c.open(conn, domain.PersonID(cmd.Conversation))
		c.answer(conn, cmd.ID, err)
		if of != nil {
			conn.Send(hub.NewFrame(protocol.Encode(protocol.CandidatePresence{
				Type: "presence", Conversation: cmd.Conversation, Presence: string(of.Presence), At: of.At,
			})))
			for _, frame := range c.g.attending.here(int64(c.actor.Organisation), domain.ConversationTopic(of.Person), c.actor.ID, c.g.opt.Clock.Now()) {
				conn.Send(hub.NewFrame(frame))
			}
		}
	case protocol.Shut:
		err := c.actor.May(domain.ActConversationView)
		if err == nil {
			c.shut(conn, domain.PersonID(cmd.Conversation))
		}
		c.answer(conn, cmd.ID, err)
	case protocol.Typing:
		c.answer(conn, cmd.ID, c.typing(cmd))
	case protocol.Hello:
		c.answer(conn, cmd.ID, fault.Field("type", "hello was said already"))
	}
}

func (c *client) receipt(conn *hub.Conn, cmd protocol.Command) {
	if err := c.actor.May(domain.ActReceiptWrite); err != nil {
		c.answer(conn, cmd.ID, err)
		return
	}
	state, err := domain.ParseReceipt(cmd.State)
	if err != nil {
		c.answer(conn, cmd.ID, err)
		return
	}
	offsets := make([]int64, len(cmd.Cursors))
	for i, s := range cmd.Cursors {
		if offsets[i], err = c.g.sealer.Open(int64(c.actor.Organisation), int64(c.actor.No), s); err != nil {
			c.answer(conn, cmd.ID, fault.Field("cursors["+strconv.Itoa(i)+"]", "no such message"))
			return
		}
	}
	c.g.receipts.Record(c.actor, state, offsets, func(err error) { c.answer(conn, cmd.ID, err) })
}

func (c *client) watch(conn *hub.Conn, exam domain.ExamID) error {
	if _, ok := c.watched[exam]; ok {
		return nil
	}
	if len(c.watched) >= protocol.WatchesMost {
		return fault.Over("test", protocol.WatchesMost, int64(len(c.watched)+1), "one connection may watch %d tests", protocol.WatchesMost)
	}
	ctx, cancel := context.WithTimeout(c.g.ctx, 5*time.Second)
	defer cancel()
	topics, end, err := c.g.monitor.Watch(ctx, c.actor, exam)
	if err != nil {
		return err
	}
	conn.Listen(topics...)
	if c.watched == nil {
		c.watched = map[domain.ExamID]watching{}
	}
	c.watched[exam] = watching{topics, end}
	return nil
}

func (c *client) unwatch(conn *hub.Conn, exam domain.ExamID) {
	if w, ok := c.watched[exam]; ok {
		conn.Unlisten(w.topics...)
		w.end()
		delete(c.watched, exam)
	}
}

func notText() error { return fault.New(fault.Malformed, "frames are text, not binary") }

// gone reports whether the socket simply ended. A look-up that took too long is a reason to say so.
func gone(err error) bool {
	var f *fault.Error
	return !errors.As(err, &f) && !errors.Is(err, context.DeadlineExceeded)
}
