package hub

import (
	"context"
	"math/rand/v2"
	"time"
)

// catchUp brings a connection from where it is to live. It reads the journal in
// pages, a bounded number at a time per node, and goes live under the
// connection's lock once it has read past everything dispatch noted meanwhile. Resume
// after hello and recovery of a slow screen are this one path.
func (c *Conn) catchUp() {
	h := c.hub
	pause := 100 * time.Millisecond
	for {
		done, err := c.catchUpOnce()
		if done {
			return
		}
		if err == nil {
			pause = 100 * time.Millisecond
			continue
		}
		if !h.sleep(pause/2 + rand.N(pause)) { // the store is away: all come back spread out
			return
		}
		pause = min(pause*2, 2*time.Second)
	}
}

// catchUpOnce reads and hands over one page. done: live, or gone.
func (c *Conn) catchUpOnce() (done bool, err error) {
	h := c.hub
	c.mu.Lock()
	after, closed := c.sent, c.closed
	c.mu.Unlock()
	if closed {
		return true, nil
	}
	page, head, err := c.readPage(after)
	if err != nil {
		return false, err
	}
	var chunk []byte
	for i := range page {
		m := &page[i]
		chunk = m.Frame.stamp(chunk, h.stamper, c.Org, c.Person, m.Offset, after)
		after = m.Offset
		if len(chunk) < h.opt.Backlog && i < len(page)-1 {
			continue
		}
		if !c.putWait(chunk, after) {
			return true, nil
		}
		chunk = chunk[:0]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return true, nil
	}
	if len(page) == h.opt.Page || c.noted > head {
		return false, nil
	}
	c.behind, c.catching = false, false
	if c.greeting {
		c.greeting = false
		c.put(caughtUp.stamp(nil, h.stamper, c.Org, c.Person, c.sent, 0))
	}
	return true, nil
}

// readPage reads the next page; only so many do it at once, so that a hall that
// returns within a second does not take every database connection.
func (c *Conn) readPage(after int64) ([]Missed, int64, error) {
	h := c.hub
	select {
	case h.catchUps <- struct{}{}:
		defer func() { <-h.catchUps }()
	case <-h.ctx.Done():
		return nil, 0, h.ctx.Err()
	}
	h.stats.catchUps.Add(1)
	ctx, cancel := context.WithTimeout(h.ctx, readTime)
	defer cancel()
	return h.journal.Missed(ctx, c.Org, c.Person, after, h.opt.Page)
}

// putWait hands over a chunk that ends with offset and waits until the socket took it. False: the
// connection is gone.
func (c *Conn) putWait(chunk []byte, offset int64) bool {
	c.mu.Lock()
	c.put(chunk)
	c.sent = offset
	if c.closed {
		c.mu.Unlock()
		return false
	}
	if !c.writing {
		c.mu.Unlock()
		return true
	}
	c.drained = make(chan struct{})
	wait := c.drained
	c.mu.Unlock()
	<-wait
	return true
}
