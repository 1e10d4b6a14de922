package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"crier/internal/bench"
	"crier/internal/config"
)

// benchCmd measures. The settings database and redis say what the nodes that it starts run on.
type benchCmd struct {
	Broadcast benchBroadcastCmd `cmd:"" help:"How soon a sending is on every screen, compared to a writer that stores nothing."`
	Connect   benchConnectCmd   `cmd:"" help:"How many candidates a second connect with a ticket."`
	Idle      benchIdleCmd      `cmd:"" help:"What an idle connection costs in memory."`

	Desk benchDeskCmd `cmd:"" help:"How soon the Messages page and the search answer, over a history it makes."`

	Messages benchMessagesCmd `cmd:"" help:"How many one-to-one messages a second one organisation stores, one by one and by group commit."`

	Replies benchRepliesCmd `cmd:"" help:"How soon what a candidate writes is on the pages of all staff, compared to a writer that stores nothing."`

	Mails benchMailsCmd `cmd:"" help:"How many mails a second a node hands to a mail server beside it."`

	Node  benchNodeCmd  `cmd:"" hidden:""`
	Limit benchLimitCmd `cmd:"" hidden:""`
}

type benchBroadcastCmd struct {
	Recipients int           `default:"1500" help:"Connected candidates, all of whom get every sending."`
	Publishes  int           `default:"30" help:"Measured sendings."`
	WarmUp     int           `default:"3" help:"Sendings before those, not timed."`
	Size       int           `default:"300" help:"Characters of a body."`
	Pause      time.Duration `default:"100ms" help:"Wait between sendings."`
	Receipts   string        `default:"after" enum:"after,at-once,none" help:"When a screen says delivered: after the sending is on all screens (not in the times), at-once, or none."`
	NoLimit    bool          `help:"Leave the raw writer out."`
	Profile    string        `help:"Write a CPU profile of the first node." placeholder:"PATH"`
	URL        string        `name:"url" help:"Measure a node that runs already; needs an API key." placeholder:"URL"`
	APIKey     string        `name:"api-key" help:"API key for that node; better in CRIER_API_KEY." env:"CRIER_API_KEY" placeholder:"SECRET"`
	Nodes      int           `default:"1" help:"Nodes to start; several need --database and --redis."`
	JSON       bool          `name:"json" help:"Print the result as one line of JSON; else indented."`
}

// Run measures a broadcast.
func (c benchBroadcastCmd) Run(w *world) error {
	r, err := bench.Broadcast{
		Servers:    bench.Servers{URL: c.URL, Key: c.APIKey, Database: w.config.Database, Redis: w.config.Redis, Nodes: c.Nodes, Largest: max(c.Recipients, config.Default().MaxRecipients)},
		Recipients: c.Recipients, Publishes: c.Publishes, WarmUp: c.WarmUp, Size: c.Size, Pause: c.Pause, Receipts: c.Receipts, NoLimit: c.NoLimit, Profile: c.Profile,
	}.Run(w.ctx, w.stderr)
	if err != nil {
		return err
	}
	return w.result(r, c.JSON)
}

type benchIdleCmd struct {
	Connections int           `default:"10000" help:"Idle candidates."`
	Hold        time.Duration `default:"25s" help:"How long they are left alone before memory counts; every connection hears a beat each 20 s."`
	Profile     string        `help:"Write a heap profile of the node." placeholder:"PATH"`
	JSON        bool          `name:"json" help:"Print the result as one line of JSON; else indented."`
}

// Run measures idle connections.
func (c benchIdleCmd) Run(w *world) error {
	r, err := bench.Idle{Servers: bench.Servers{Database: w.config.Database, Redis: w.config.Redis}, Connections: c.Connections, Hold: c.Hold, Profile: c.Profile}.Run(w.ctx, w.stderr)
	if err != nil {
		return err
	}
	return w.result(r, c.JSON)
}

type benchDeskCmd struct {
	Candidates int    `default:"50000" help:"Candidates, each with a conversation."`
	Messages   int    `default:"2000000" help:"Messages in them."`
	Rounds     int    `default:"100" help:"Times that each question is asked."`
	Only       string `help:"Only questions whose name begins so." placeholder:"NAME"`
	Keep       string `help:"Ask the organisation that an earlier run made." placeholder:"SLUG"`
	JSON       bool   `name:"json" help:"Print the result as one line of JSON instead of a table."`
}

// Run measures the Messages page and the search.
func (c benchDeskCmd) Run(w *world) error {
	if !strings.HasPrefix(w.config.Database, "postgres") {
		return errors.New("this measures PostgreSQL: give --database with an empty one")
	}
	table := w.out
	if c.JSON {
		table = io.Discard
	}
	r, err := bench.Desk{Config: *w.config, Candidates: c.Candidates, Messages: c.Messages, Rounds: c.Rounds, Only: c.Only, Keep: c.Keep}.Run(w.ctx, w.stderr, table)
	if err != nil || !c.JSON {
		return err
	}
	return w.result(r, true)
}

type benchMessagesCmd struct {
	Candidates int           `default:"2000" help:"Candidates, each with a conversation."`
	Senders    int           `default:"128" help:"Who write at the same time: half of them staff, half candidates who answer."`
	Turn       time.Duration `default:"5s" help:"How long each way has, in each round."`
	Rounds     int           `default:"2" help:"Rounds, each with both ways."`
	Size       int           `default:"200" help:"Characters of a body."`
	JSON       bool          `name:"json" help:"Print the result as one line of JSON; else indented."`
}

// Run measures messages of conversations.
func (c benchMessagesCmd) Run(w *world) error {
	r, err := bench.Messages{Config: *w.config, Candidates: c.Candidates, Senders: c.Senders, Turn: c.Turn, Rounds: c.Rounds, Size: c.Size}.Run(w.ctx, w.stderr)
	if err != nil {
		return err
	}
	return w.result(r, c.JSON)
}

// result prints what was measured.
func (w *world) result(r any, line bool) error {
	e := json.NewEncoder(w.out)
	if !line {
		e.SetIndent("", "  ")
	}
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("print the result: %w", err)
	}
	return nil
}

// benchNodeCmd is a node to be measured; bench starts it.
type benchNodeCmd struct {
	Organisation string `required:""`
}

// Run serves until standard input ends.
func (c benchNodeCmd) Run(w *world) error {
	return bench.ServeNode(w.ctx, *w.config, w.log, c.Organisation, w.stdin, w.out)
}

// benchLimitCmd is the raw writer; bench starts it.
type benchLimitCmd struct{}

// Run obeys standard input until it ends.
func (benchLimitCmd) Run(w *world) error { return bench.ServeLimit(w.ctx, w.stdin, w.out) }
