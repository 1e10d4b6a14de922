package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// Idle measures what a connection costs that nothing happens on.
type Idle struct {
	Servers
	Connections int
	Hold        time.Duration // how long they are left alone before their memory counts; a beat comes every 20 s
	Profile     string        // where the first node's heap profile goes, with all connected; empty: none
}

// IdleResult is what was measured.
type IdleResult struct {
	Connections  int     `json:"connections"`
	Memory       float64 `json:"rss_kb_per_conn"` // of the nodes' processes, settled before and after
	BeforeKB     int64   `json:"rss_before_kb"`
	AfterKB      int64   `json:"rss_after_kb"`
	Seconds      float64 `json:"connect_s"` // for all to be welcomed and to have caught up
	Disconnected int64   `json:"disconnected"`
}

// Run connects that many candidates and looks at the nodes' memory before and after. Each takes one descriptor here and
// one in a node.
func (o Idle) Run(ctx context.Context, progress io.Writer) (*IdleResult, error) {
	if o.URL != "" {
		return nil, errors.New("the memory of a node that runs already cannot be seen from here: leave the URL out")
	}
	if o.Connections < 1 {
		return nil, fmt.Errorf("%d connections: there must be at least 1", o.Connections)
	}
	h := &hall{run: newName()}
	servers, stop, err := o.start(ctx, h.run, progress)
	if err != nil {
		return nil, err
	}
	defer stop()
	h.servers = servers
	if h.reader, err = newReader(); err != nil {
		return nil, err
	}
	defer h.reader.close()
	fmt.Fprintf(progress, "provisioning %d candidates\n", o.Connections)
	if err := h.provision(ctx, o.Connections); err != nil {
		return nil, err
	}
	res := &IdleResult{Connections: o.Connections}
	if res.BeforeKB, err = h.clean(ctx); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := h.seat(ctx, o.Connections); err != nil {
		return nil, err
	}
	res.Seconds = math.Round(time.Since(began).Seconds()*1000) / 1000
	fmt.Fprintf(progress, "%d connected in %.1f s\n", o.Connections, res.Seconds)
	if err := pause(ctx, o.Hold); err != nil {
		return nil, err
	}
	if res.AfterKB, err = h.resident(ctx); err != nil {
		return nil, err
	}
	if o.Profile != "" {
		if err := h.servers[0].ask("heap "+o.Profile, "ok"); err != nil {
			return nil, err
		}
	}
	res.Disconnected = h.reader.tally.closed.Load()
	res.Memory = ratio(float64(res.AfterKB-res.BeforeKB), float64(o.Connections))
	fmt.Fprintf(progress, "memory: %d KiB before, %d after: %.2f per connection\n", res.BeforeKB, res.AfterKB, res.Memory)
	return res, h.reader.err()
}
