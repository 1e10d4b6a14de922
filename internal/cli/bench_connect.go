package cli

import "crier/internal/bench"

type benchConnectCmd struct {
	Connections int    `default:"5000" help:"Candidates who connect in each round."`
	Rounds      int    `default:"5" help:"Measured rounds."`
	WarmUp      int    `default:"1" help:"Rounds before those, not timed."`
	AtOnce      int    `default:"500" help:"Sockets that are being opened at the same time; 0 means all of them."`
	Profile     string `help:"Write a CPU profile of the first node, of the last round." placeholder:"PATH"`
	Nodes       int    `default:"1" help:"Nodes to start; several need --database and --redis."`
	JSON        bool   `name:"json" help:"Print the result as one line of JSON; else indented."`
}

// Run measures a hall that connects.
func (c benchConnectCmd) Run(w *world) error {
	r, err := bench.Connect{
		Servers:     bench.Servers{Database: w.config.Database, Redis: w.config.Redis, Nodes: c.Nodes},
		Connections: c.Connections, Rounds: c.Rounds, WarmUp: c.WarmUp, AtOnce: c.AtOnce, Profile: c.Profile,
	}.Run(w.ctx, w.stderr)
	if err != nil {
		return err
	}
	return w.result(r, c.JSON)
}
