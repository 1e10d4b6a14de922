package hub

import (
	"context"
	"time"
)

// Attach registers a connection and starts its life. For a candidate (Stream), since is
// the offset after which messages are wanted; fresh means there is none, and the
// connection starts where Journal.Start says. The messages missed follow, then a
// caught_up frame, then live ones. The caller must call Detach when the socket ends.
func (h *Hub) Attach(sock Socket, id Identity, since int64, fresh bool) *Conn {
	c := &Conn{Identity: id, hub: h, sock: sock, sent: since}
	c.shard = h.shards[id.Person%int64(len(h.shards))]
	c.Answered()
	c.read.Store(c.heard.Load())
	c.behind, c.catching, c.greeting = id.Stream, id.Stream, id.Stream
	f := h.follow(id.Org)
	if o := c.shard.add(c); o != nil {
		h.stats.tooMany.Add(1)
		o.Close(CloseTooMany, "too many connections")
	}
	h.stats.attached.Add(1)
	h.presence.moved(id.Org, id.Person, Offline, Online)
	h.mu.Lock()
	_, over := h.ended[login{id.Org, id.Session}]
	restarted, stale := h.restarted[key{id.Org, id.Person}]
	stale = stale && !id.Known.IsZero() && id.Known.Before(restarted)
	h.mu.Unlock()
	switch spread := time.Duration(h.draining.Load()); {
	case over: // while it was on its way in
		c.Close(CloseSignedIn, "signed out")
	case stale:
		c.Close(CloseRestart, "come back")
	case spread > 0:
		c.bye(spread)
	case id.Stream && !h.spawn(func() { c.begin(f, fresh) }):
		c.Close(CloseDrain, "server stops")
	}
	return c
}

// begin finds where the connection starts and catches up. It waits for the
// follower: what is read must include everything from before the follower began.
func (c *Conn) begin(f *follower, fresh bool) {
	h := c.hub
	select {
	case <-f.ready:
	case <-h.ctx.Done():
		return
	}
	for pause := 100 * time.Millisecond; fresh; pause = min(2*pause, 2*time.Second) {
		start, err := h.start(c)
		if err == nil {
			c.mu.Lock()
			c.sent = start
			c.mu.Unlock()
			break
		}
		c.mu.Lock()
		closed := c.closed
		c.mu.Unlock()
		if closed || !h.sleep(pause) {
			return
		}
	}
	c.catchUp()
}

func (h *Hub) start(c *Conn) (int64, error) {
	select {
	case h.catchUps <- struct{}{}:
		defer func() { <-h.catchUps }()
	case <-h.ctx.Done():
		return 0, h.ctx.Err()
	}
	ctx, cancel := context.WithTimeout(h.ctx, readTime)
	defer cancel()
	return h.journal.Start(ctx, c.Org, c.Person)
}

// Detach takes the connection out. Call it once, when its socket has ended.
func (c *Conn) Detach() {
	h := c.hub
	if !c.shard.remove(c) {
		return
	}
	c.mu.Lock()
	c.closed = true
	c.out = nil
	state := c.state()
	topics := c.topics
	c.mu.Unlock()
	h.topics.remove(c, topics)
	h.stats.detached.Add(1)
	h.presence.moved(c.Org, c.Person, state, Offline)
}
