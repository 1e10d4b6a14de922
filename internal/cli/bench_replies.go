package cli

import (
	"time"

	"crier/internal/bench"
)

type benchRepliesCmd struct {
	Staff   int           `default:"50" help:"Connected pages of staff, all of whom may see what the candidates write."`
	Replies int           `default:"300" help:"Measured replies."`
	WarmUp  int           `default:"10" help:"Replies before those, not timed."`
	Size    int           `default:"200" help:"Characters of a body."`
	Pause   time.Duration `default:"20ms" help:"Wait between replies."`
	NoLimit bool          `help:"Leave the raw writer out."`
	Nodes   int           `default:"1" help:"Nodes to start; several need --database and --redis."`
	JSON    bool          `name:"json" help:"Print the result as one line of JSON; else indented."`
}

// Run measures replies.
func (c benchRepliesCmd) Run(w *world) error {
	r, err := bench.Replies{
		Servers: bench.Servers{Database: w.config.Database, Redis: w.config.Redis, Nodes: c.Nodes},
		Staff:   c.Staff, Replies: c.Replies, WarmUp: c.WarmUp, Size: c.Size, Pause: c.Pause, NoLimit: c.NoLimit,
	}.Run(w.ctx, w.stderr)
	if err != nil {
		return err
	}
	return w.result(r, c.JSON)
}
