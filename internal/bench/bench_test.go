package bench_test

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"crier/internal/bench"
	"crier/internal/cli"
	"crier/internal/config"
	"crier/internal/testkit"
	"crier/store/storetest"
)

// TestMain lets this binary stand for crier: the benchmark starts its own executable again.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "bench" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		code := cli.Run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}
	testkit.Template(storetest.Template)
	testkit.Main(m)
}

type progress struct{ t *testing.T }

func (p progress) Write(b []byte) (int, error) {
	p.t.Logf("%s", b)
	return len(b), nil
}

// TestBroadcast measures a little: what is counted must add up, on both kinds of nodes.
func TestBroadcast(t *testing.T) {
	for _, c := range []struct {
		name     string
		servers  func(t *testing.T) bench.Servers
		receipts string
		nodes    int
	}{
		{"embedded", func(*testing.T) bench.Servers { return bench.Servers{} }, bench.ReceiptsAtOnce, 1},
		{"two nodes", func(t *testing.T) bench.Servers {
			return bench.Servers{Database: testkit.Postgres(t), Redis: "redis://" + testkit.Redis(t), Nodes: 2}
		}, bench.ReceiptsAfter, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			r, err := bench.Broadcast{Servers: c.servers(t), Recipients: 60, Publishes: 3, WarmUp: 1, Size: 100, Receipts: c.receipts}.Run(ctx, progress{t})
			if err != nil {
				t.Fatal(err)
			}
			if r.Delivered != 180 || r.Lost != 0 || r.Duplicates != 0 || r.OutOfOrder != 0 || r.Disconnected != 0 || r.Refused != 0 {
				t.Errorf("%+v", *r)
			}
			if !r.BoardAgrees || !r.ChainOK || r.Nodes != c.nodes || r.LimitLast == nil || r.Memory == nil || (r.OtherNode != nil) != (c.nodes > 1) {
				t.Errorf("%+v", *r)
			}
			if r.Recipient.P50 <= 0 || r.Recipient.P50 > r.Last.P50 || r.Last.P50 > r.Last.Max || r.LimitLast.P50 <= 0 {
				t.Errorf("these times cannot be: %+v", *r)
			}
		})
	}
}

// TestConnect measures a little: everybody is welcomed, on both kinds of nodes.
func TestConnect(t *testing.T) {
	for name, servers := range map[string]func(t *testing.T) bench.Servers{
		"sqlite": func(*testing.T) bench.Servers { return bench.Servers{} },
		"postgres": func(t *testing.T) bench.Servers {
			return bench.Servers{Database: testkit.Postgres(t), Redis: "redis://" + testkit.Redis(t), Nodes: 2}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := bench.Connect{Servers: servers(t), Connections: 60, Rounds: 2, WarmUp: 1, AtOnce: 20}.Run(t.Context(), progress{t})
			if err != nil {
				t.Fatal(err)
			}
			if r.Database != name || len(r.Each) != 2 || r.PerSecond <= 0 || r.CaughtUp <= 0 || r.Welcome.P50 <= 0 || r.Disconnected != 0 || r.ClientMicros <= 0 {
				t.Errorf("%+v", *r)
			}
		})
	}
	for _, c := range []bench.Connect{{Rounds: 1}, {Connections: 1}, {Connections: 1, Rounds: 1, Servers: bench.Servers{URL: "http://127.0.0.1:1"}}} {
		if _, err := c.Run(t.Context(), progress{t}); err == nil {
			t.Errorf("%+v was measured", c)
		}
	}
}

func TestNothingToMeasure(t *testing.T) {
	for _, b := range []bench.Broadcast{{Publishes: 1}, {Recipients: 1}} {
		if _, err := b.Run(t.Context(), progress{t}); err == nil {
			t.Errorf("%+v was measured", b)
		}
	}
	if _, err := (bench.Idle{}).Run(t.Context(), progress{t}); err == nil {
		t.Error("no connections were measured")
	}
}

func TestServersThatCannotBe(t *testing.T) {
	for _, s := range []bench.Servers{
		{Nodes: 2},
		{Nodes: 2, Redis: "redis://127.0.0.1:1"},
		{URL: "https://127.0.0.1:1"},
	} {
		if _, err := (bench.Broadcast{Servers: s, Recipients: 1, Publishes: 1}).Run(t.Context(), progress{t}); err == nil {
			t.Errorf("%+v was measured", s)
		}
	}
}

// TestMessages measures a little: what is counted must be in the journal, on both databases.
func TestMessages(t *testing.T) {
	for name, database := range map[string]func(*testing.T) string{"sqlite": func(*testing.T) string { return "" }, "postgres": func(t *testing.T) string { return testkit.Postgres(t) }} {
		t.Run(name, func(t *testing.T) {
			c := config.Default()
			c.Database = database(t)
			r, err := bench.Messages{Config: c, Candidates: 12, Senders: 6, Turn: 200 * time.Millisecond, Rounds: 2, Size: 80}.Run(t.Context(), progress{t})
			if err != nil {
				t.Fatal(err)
			}
			if r.Database != name || !r.ChainOK || !r.Stored || r.OneByOne.Messages == 0 || r.Group.Messages == 0 || r.Entries < r.OneByOne.Messages+r.Group.Messages+12 || r.Ratio <= 0 {
				t.Errorf("%+v", r)
			}
		})
	}
	if _, err := (bench.Messages{Candidates: 3, Senders: 6, Rounds: 1}).Run(t.Context(), progress{t}); err == nil {
		t.Error("more senders than candidates")
	}
}
