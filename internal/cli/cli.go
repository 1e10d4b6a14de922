// Package cli is Crier's command line: it reads flags, environment and file into one
// configuration and runs a command. It holds no logic of its own.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"
	"github.com/rs/zerolog"

	"crier/internal/app"
	"crier/internal/config"
	"crier/internal/telemetry"
)

// Version is set when the binary is built.
var Version = "dev"

// line is the whole command line.
type line struct {
	config.Config `embed:"" group:"Settings"`

	Serve   serveCmd   `cmd:"" default:"1" help:"Run a node (the default)."`
	Demo    demoCmd    `cmd:"" help:"Run a node with a demo organisation and a simulated exam hall."`
	Migrate migrateCmd `cmd:"" help:"Bring the database's schema up to date."`
	Import  importCmd  `cmd:"" help:"Import a roster (CSV): tests, candidates, seats."`
	Bench   benchCmd   `cmd:"" help:"Measure broadcasts and idle connections."`
	Admin   adminCmd   `cmd:"" help:"Organisations, admins, API keys, passwords; checking the journal."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// world is what a command may use.
type world struct {
	ctx    context.Context
	config *config.Config
	stdin  io.Reader
	out    io.Writer
	stderr io.Writer
	log    zerolog.Logger
}

// Exit codes: 0 done, 1 failed, 2 misused.
const (
	exitOK     = 0
	exitFailed = 1
	exitMisuse = 2
)

// Run runs one command line and returns the process's exit code. It does not touch
// the process: streams and environment are given.
func Run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	var l line
	loader := config.NewLoader(args, getenv)
	exited := -1
	options := append(loader.Options(),
		kong.Name("crier"), kong.Description("Messages to candidates while a test is running."), kong.UsageOnError(),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { exited = code; panic(leave{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	parser, err := kong.New(&l, options...)
	if err != nil {
		fmt.Fprintln(stderr, "crier:", err)
		return exitFailed
	}
	parsed, err := parse(parser, args)
	switch {
	case exited >= 0:
		return exited
	case err != nil:
		fmt.Fprintf(stderr, "crier: %v\nTry crier --help.\n", err)
		return exitMisuse
	}
	if err := loader.Err(&l.Config); err != nil {
		fmt.Fprintln(stderr, "crier:", message(err))
		return exitMisuse
	}
	w := &world{ctx: ctx, config: &l.Config, stdin: stdin, out: stdout, stderr: stderr, log: telemetry.NewLogger(stderr, l.LogLevel, l.LogFormat)}
	if err := parsed.Run(w); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(stderr, "crier:", message(err))
		return exitFailed
	}
	return exitOK
}

// leave unwinds from kong's --help without ending the process.
type leave struct{}

func parse(p *kong.Kong, args []string) (parsed *kong.Context, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(leave); !ok {
				panic(r)
			}
		}
	}()
	return p.Parse(args)
}

type serveCmd struct{}

// Run runs a node until the process is told to stop.
func (serveCmd) Run(w *world) error {
	return app.Run(w.ctx, *w.config, w.log, nil)
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(w *world) error {
	_, err := fmt.Fprintln(w.out, Version)
	return err
}
