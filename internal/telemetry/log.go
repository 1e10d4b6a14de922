// Package telemetry sets up logs (zerolog) and metrics (Prometheus). It holds no
// global: what is made here is handed on.
package telemetry

import (
	"io"

	"github.com/rs/zerolog"

	"crier/internal/clock"
)

// NewLogger returns a logger that writes to w. Level is debug, info, warn or
// error (else info); format is json or text.
func NewLogger(w io.Writer, level, format string) zerolog.Logger {
	l, err := zerolog.ParseLevel(level)
	if err != nil || level == "" {
		l = zerolog.InfoLevel
	}
	if format == "text" {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: "15:04:05.000"}
	}
	return zerolog.New(unfailing{w}).Level(l).Hook(zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) {
		e.Str(zerolog.TimestampFieldName, clock.System{}.Now().Format("2006-01-02T15:04:05.000Z"))
	}))
}

// unfailing takes every line as written, so that a failing log never fails a
// request.
type unfailing struct{ io.Writer }

// Write implements io.Writer and reports every line as written.
func (t unfailing) Write(p []byte) (int, error) {
	_, _ = t.Writer.Write(p)
	return len(p), nil
}
