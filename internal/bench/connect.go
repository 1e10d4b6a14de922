package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Connect measures how fast a whole hall connects: each candidate opens a socket and says hello
// with a ticket that was made before.
type Connect struct {
	Servers
	Connections int    // per round
	Rounds      int    // measured rounds, each with new tickets
	WarmUp      int    // rounds before those, checked but not timed
	AtOnce      int    // sockets between connect and caught_up at once; 0 means all
	Profile     string // file for a CPU profile of the first node; empty: none
}

// ConnectResult is what was measured.
type ConnectResult struct {
	Connections int `json:"connections"`
	Rounds      int `json:"rounds"`

	PerSecond    float64   `json:"per_second"`             // median of the rounds: until the last socket is welcomed
	Each         []float64 `json:"per_second_each"`        // by round
	CaughtUp     float64   `json:"caught_up_per_second"`   // median of the rounds: until the last socket has caught up
	Welcome      Spread    `json:"welcome_ms"`             // from a socket's connect to its welcome
	NodeMicros   float64   `json:"node_cpu_us_per_conn"`   // of all nodes' processes, until all have caught up
	ClientMicros float64   `json:"client_cpu_us_per_conn"` // of this process, meanwhile

	Nodes        int    `json:"nodes"`
	Database     string `json:"database"`
	Disconnected int64  `json:"disconnected"`
}

// connecting is a Connect being measured.
type connecting struct {
	Connect
	hall
	welcome      []time.Duration
	caught       []float64
	node, client time.Duration
	result       ConnectResult
}

// Run measures. Each connection takes one descriptor here and one in a node.
func (o Connect) Run(ctx context.Context, progress io.Writer) (*ConnectResult, error) {
	if o.URL != "" {
		return nil, errors.New("the processor time of a node that runs already cannot be seen from here: leave the URL out")
	}
	if o.Connections < 1 || o.Rounds < 1 {
		return nil, fmt.Errorf("%d connections, %d rounds: there must be at least 1 of each", o.Connections, o.Rounds)
	}
	c := &connecting{Connect: o, hall: hall{run: newName()}}
	servers, stop, err := o.start(ctx, c.run, progress)
	if err != nil {
		return nil, err
	}
	defer stop()
	c.servers = servers
	fmt.Fprintf(progress, "provisioning %d candidates\n", o.Connections)
	if err := c.provision(ctx, o.Connections); err != nil {
		return nil, err
	}
	for i := range o.WarmUp + o.Rounds {
		if err := c.once(ctx, i >= o.WarmUp, progress); err != nil {
			return nil, err
		}
	}
	return c.sum(), nil
}

// settleConnect is how long a node has between two rounds.
const settleConnect = time.Second

// once connects everybody and disconnects them again.
func (c *connecting) once(ctx context.Context, measured bool, progress io.Writer) (err error) {
	tickets, err := c.tickets(ctx, c.Connections)
	if err != nil {
		return err
	}
	if c.reader, err = newReader(); err != nil {
		return err
	}
	defer c.reader.close()
	c.reader.allow(max(c.AtOnce, 0), c.Connections)
	c.screens = nil
	if err := pause(ctx, settleConnect); err != nil { // the sockets of the round before have gone
		return err
	}
	if c.Profile != "" && measured {
		if err := c.servers[0].ask("profile "+c.Profile, "ok"); err != nil {
			return err
		}
	}
	node, err := c.processor()
	if err != nil {
		return err
	}
	client, began := ownProcessor(), time.Now()
	if err := c.connect(ctx, tickets, false); err != nil {
		return err
	}
	took := time.Since(began)
	client = ownProcessor() - client
	after, err := c.processor()
	if err != nil {
		return err
	}
	if c.Profile != "" && measured {
		if err := c.servers[0].ask("profile", "ok"); err != nil {
			return err
		}
	}
	last := began
	for _, s := range c.screens {
		if s.welcomed.IsZero() {
			return errors.New("a socket caught up without a welcome")
		}
		if s.welcomed.After(last) {
			last = s.welcomed
		}
	}
	rate := perSecond(c.Connections, last.Sub(began))
	fmt.Fprintf(progress, "%d welcomed in %.2f s (%.0f a second), caught up in %.2f s\n", c.Connections, last.Sub(began).Seconds(), rate, took.Seconds())
	if !measured {
		return c.reader.err()
	}
	for _, s := range c.screens {
		c.welcome = append(c.welcome, s.welcomed.Sub(s.opened))
	}
	c.result.Each = append(c.result.Each, rate)
	c.caught = append(c.caught, perSecond(c.Connections, took))
	c.node, c.client = c.node+after-node, c.client+client
	c.result.Disconnected += c.reader.tally.closed.Load()
	return c.reader.err()
}

func (c *connecting) sum() *ConnectResult {
	r := c.result
	total := float64(c.Connections * c.Rounds)
	r.Connections, r.Rounds, r.Nodes, r.Database = c.Connections, c.Rounds, len(c.servers), "sqlite"
	if strings.HasPrefix(c.Database, "postgres") {
		r.Database = "postgres"
	}
	r.PerSecond, r.CaughtUp, r.Welcome = median(r.Each), median(c.caught), spread(c.welcome)
	r.NodeMicros = ratio(float64(c.node.Microseconds()), total)
	r.ClientMicros = ratio(float64(c.client.Microseconds()), total)
	return &r
}

// processor is the processor time that all nodes have used.
func (c *connecting) processor() (sum time.Duration, err error) {
	for _, s := range c.servers {
		used, err := processorTime(s.pid())
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// ownProcessor is the processor time that this process has used.
func ownProcessor() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // fails only for arguments that do not exist
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func perSecond(n int, d time.Duration) float64 { return math.Round(float64(n) / d.Seconds()) }

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)/2]
}
