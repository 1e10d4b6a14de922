package cli

import "crier/internal/bench"

type benchMailsCmd struct {
	Mails int  `default:"5000" help:"Mails, each to somebody else."`
	JSON  bool `name:"json" help:"Print the result as one line of JSON; else indented."`
}

// Run measures mails.
func (c benchMailsCmd) Run(w *world) error {
	r, err := bench.Mails{Config: *w.config, Mails: c.Mails}.Run(w.ctx, w.stderr)
	if err != nil {
		return err
	}
	return w.result(r, c.JSON)
}
