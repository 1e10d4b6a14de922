package bench

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"
)

// raw is the raw writer's process and the sockets that this process reads from it.
type raw struct {
	*child
	screens []*screen
}

// startRaw starts the writer and connects n sockets to it.
func startRaw(ctx context.Context, r *reader, n int, stderr io.Writer) (w *raw, err error) {
	c, err := spawn(ctx, stderr, nil, "limit")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			c.end()
		}
	}()
	w = &raw{child: c}
	line, err := c.line()
	if err != nil {
		return nil, err
	}
	to, err := net.ResolveTCPAddr("tcp4", line)
	if err != nil {
		return nil, err
	}
	// The kernel queues only so many connections that nobody has accepted.
	for from := 0; from < n; from += opening {
		some := min(opening, n-from)
		for i := range some {
			s := &screen{fd: -1, index: from + i, raw: true}
			if err := r.open(ctx, s, to, source(to, from+i)); err != nil {
				return nil, err
			}
			w.screens = append(w.screens, s)
		}
		if err := c.ask(fmt.Sprintf("accept %d", some), fmt.Sprintf("accepted %d", some)); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// frame tells the writer what to write: a frame that a screen got from the server.
func (w *raw) frame(payload []byte) error { return w.ask("frame "+string(payload), "framed") }

// measure has one frame written to every socket and returns when the last was read.
func (w *raw) measure(ctx context.Context, r *reader) (last time.Duration, err error) {
	round := newRound(len(w.screens), 0)
	round.raw = true
	round.start = time.Now()
	r.round.Store(round)
	defer r.round.Store(nil)
	if err := w.say("write"); err != nil {
		return 0, err
	}
	if err := round.wait(ctx); err != nil {
		return 0, fmt.Errorf("the raw writer's sockets: %w", err)
	}
	return round.last(), r.err()
}
