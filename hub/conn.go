package hub

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Socket is the transport of one connection. TryWrite and Write are never called
// at the same time.
type Socket interface {
	// TryWrite writes what the socket takes without waiting. n < len(p) with a nil error means
	// that it would have had to wait.
	TryWrite(p []byte) (n int, err error)
	// Write writes all of p or fails; it may take up to the transport's write time-out.
	Write(p []byte) error
	// Close ends the connection with a close code; it returns at once, and only the first
	// call has an effect. The transport then calls Conn.Detach.
	Close(code int, reason string)
}

// Close codes the hub uses; internal/protocol/README.md says what clients make of them.
const (
	CloseSlow     = 4408
	CloseTooMany  = 4429
	CloseSignedIn = 4401
	CloseDrain    = 4503
	CloseRestart  = 1012
)

// Identity says whose connection it is.
type Identity struct {
	Org     int64
	Person  int64
	Session string    // the login or key behind it: ends with it
	Stream  bool      // a candidate: gets the messages of their conversation
	Sockets int       // most connections of this person on this node; the oldest gives way
	Known   time.Time // when finding out who it is began; see Restart. Zero: just now
}

// Conn is one live connection. Its methods may be called from any goroutine.
type Conn struct {
	// Fixed from Attach on.
	Identity
	hub   *Hub
	shard *shard
	sock  Socket

	// Unix seconds of the last sign of life, of the last proof that the client reads, and of the
	// last frame from the page itself.
	heard, read, answered atomic.Int64

	mute   atomic.Bool // the page has not answered for Options.Unanswered; changed under mu
	beatAt int64       // unix seconds of the next beat; owned by the shard's sweeper

	sibling *Conn // next connection of the same person; guarded by shard.mu

	first, last int32 // what the shard's worker gathered for it: 1 + place in shard.refs; owned by the worker

	mu       sync.Mutex
	sent     int64    // offset of the last message handed to the socket or queued for it
	noted    int64    // offset of the last message that arrived while catching up
	out      []byte   // bytes that wait for the writer goroutine
	topics   []string // what it listens to
	writing  bool     // a writer goroutine runs
	behind   bool     // messages are read from the journal, not from dispatch
	catching bool     // a catch-up goroutine runs
	stale    bool     // staff: events were left out; a resync frame is due
	away     bool
	closed   bool
	drained  chan struct{} // closed when out is empty, if someone waits
	greeting bool          // caught_up not yet said
}

// Heard notes a sign of life from the client.
func (c *Conn) Heard() { c.heard.Store(c.hub.now().Unix()) }

// Ponged notes a pong. Only one that repeats a ping of ours proves that the client reads.
func (c *Conn) Ponged(payload []byte) {
	now := c.hub.now()
	c.heard.Store(now.Unix())
	if c.hub.pings.sent(payload, now, c.hub.opt.Unread) {
		c.read.Store(now.Unix())
	}
}

// Answered notes a frame from the page itself. A browser answers pings whatever its page does;
// a page that is frozen answers no beat.
func (c *Conn) Answered() {
	sec := c.hub.now().Unix()
	c.heard.Store(sec)
	c.answered.Store(sec)
	if c.mute.Load() {
		c.change(func() { c.mute.Store(false) })
	}
}

// state is what the connection says of its person. c.mu is held.
func (c *Conn) state() State {
	switch {
	case c.mute.Load():
		return Unresponsive
	case c.away:
		return Away
	}
	return Online
}

// change does what changes the connection's state, and says so.
func (c *Conn) change(do func()) {
	c.mu.Lock()
	before := c.state()
	if !c.closed {
		do()
	}
	after := c.state()
	c.mu.Unlock()
	if before != after {
		c.hub.presence.moved(c.Org, c.Person, before, after)
	}
}

// unanswered notes that the page does not answer, if it does not.
func (c *Conn) unanswered(since int64) {
	c.change(func() { c.mute.Store(c.answered.Load() < since) })
}

// Send queues a frame that is not in any journal: a reply, an event. It never
// waits. A client that lets too many pile up is closed and told to come back.
func (c *Conn) Send(f *Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Messages fill the queue up to Backlog; as much again is left for answers, so that
	// one who reads slowly may still ask.
	if c.full(f, 2*c.hub.opt.Backlog) {
		c.sock.Close(CloseSlow, "too slow")
		return
	}
	c.put(f.b)
}

// event queues an event; when the queue is full the event is dropped and staff are owed
// one resync frame instead. A candidate's page has nothing to re-read for it.
func (c *Conn) event(f *Frame) {
	if c.Stream {
		c.whisper(f)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stale || c.full(f, c.hub.opt.Backlog) {
		c.stale = true
		return
	}
	c.put(f.b)
}

// full reports whether f does not fit the queue. An empty queue takes any frame, so
// that whoever is full has a writer who will empty it. c.mu is held.
func (c *Conn) full(f *Frame, most int) bool {
	return len(c.out) > 0 && len(c.out)+len(f.b) > most
}

// deliver hands over what the shard's worker gathered for this connection, in one write if
// the socket takes it. While the connection catches up, or once its queue is full, messages
// are only noted: the journal has them. scratch is room for the write; it is returned, perhaps
// grown.
func (c *Conn) deliver(refs []ref, scratch []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	scratch = scratch[:0]
	for i := c.first; i > 0 && !c.closed; i = refs[i-1].next {
		f, offset := refs[i-1].frame, refs[i-1].offset
		if !c.writing && len(scratch) > 0 && len(scratch)+len(f.b) > c.hub.opt.Backlog {
			c.put(scratch)
			scratch = scratch[:0]
		}
		dst := &scratch
		if c.writing {
			dst = &c.out
		}
		switch {
		case offset == 0 && c.full(f, 2*c.hub.opt.Backlog):
			c.sock.Close(CloseSlow, "too slow")
		case offset == 0:
			*dst = append(*dst, f.b...)
		case offset <= c.sent:
		case c.behind:
			c.noted = max(c.noted, offset)
		case c.full(f, c.hub.opt.Backlog):
			c.behind, c.noted = true, offset // the writer starts the catch-up when it is done
			c.hub.stats.overflows.Add(1)
		default:
			*dst = f.stamp(*dst, c.hub.stamper, c.Org, c.Person, offset, c.sent)
			c.sent = offset
		}
	}
	if len(scratch) > 0 {
		c.put(scratch)
	}
	return scratch
}

// put writes p, or queues what the socket does not take now. c.mu is held.
func (c *Conn) put(p []byte) {
	if c.closed {
		return
	}
	if c.writing {
		c.out = append(c.out, p...)
		return
	}
	n, err := c.sock.TryWrite(p)
	if err != nil {
		c.fail()
		return
	}
	if n < len(p) {
		if !c.hub.spawn(c.drain) {
			c.fail()
			return
		}
		c.out = append(c.out, p[n:]...)
		c.writing = true
	}
}

// settle does what had to wait until nothing waited for the socket: it tells staff what
// they missed and starts the catch-up of a connection that fell behind. c.mu is held.
func (c *Conn) settle() {
	if c.closed {
		return
	}
	if c.stale {
		c.stale = false
		c.put(resyncFrame.b)
	}
	if c.behind && !c.catching {
		c.catching = c.hub.spawn(c.catchUp)
	}
}

// drain is the writer goroutine: it lives only while the socket makes us wait.
func (c *Conn) drain() {
	for {
		c.mu.Lock()
		if c.closed || len(c.out) == 0 {
			c.writing = false
			c.out = nil
			if c.drained != nil {
				close(c.drained)
				c.drained = nil
			}
			c.settle()
			c.mu.Unlock()
			return
		}
		p := c.out
		c.out = nil
		c.mu.Unlock()
		if err := c.sock.Write(p); err != nil {
			c.sock.Close(CloseSlow, "too slow")
			c.mu.Lock()
			c.fail()
			c.mu.Unlock()
		}
	}
}

// fail marks the connection as gone; its transport notices by itself. c.mu is held.
func (c *Conn) fail() {
	c.closed = true
	c.out = nil
	if c.drained != nil {
		close(c.drained)
		c.drained = nil
	}
	c.sock.Close(CloseSlow, "write failed")
}

// Close ends the connection with a code. Only the first call has an effect.
func (c *Conn) Close(code int, reason string) { c.sock.Close(code, reason) }

// SetAway says whether the person looks at another page or does nothing.
func (c *Conn) SetAway(away bool) { c.change(func() { c.away = away }) }

// Listen makes the connection hear the topics; Unlisten stops it.
func (c *Conn) Listen(topics ...string) { c.hub.topics.add(c, topics) }

// Unlisten makes the connection stop hearing the topics.
func (c *Conn) Unlisten(topics ...string) {
	c.mu.Lock()
	c.topics = slices.DeleteFunc(c.topics, func(name string) bool { return slices.Contains(topics, name) })
	c.mu.Unlock()
	c.hub.topics.remove(c, topics)
}

// beat says that the server is alive and asks whether the client is.
func (c *Conn) beat(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.out) == 0 { // one who does not read needs no more to read
		c.put(b)
	}
}
