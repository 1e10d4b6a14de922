package cli

import (
	"crier/internal/demo"
)

type demoCmd struct{}

// Run runs the demo until the process is told to stop.
func (demoCmd) Run(w *world) error { return demo.Run(w.ctx, *w.config, w.log, w.out) }
