package cli

import (
	"crier/internal/config"
	"crier/internal/demo"
	"crier/internal/telemetry"
)

type demoCmd struct{}

// Run runs the demo until the process is told to stop. Unless a log level is asked
// for, it logs only what goes wrong: its table of logins should stay in sight.
func (demoCmd) Run(w *world) error {
	log := w.log
	if w.config.LogLevel == config.Default().LogLevel {
		log = telemetry.NewLogger(w.stderr, "warn", "text")
	}
	return demo.Run(w.ctx, *w.config, log, w.out)
}
