// Command withservers runs a command with an empty PostgreSQL database and a Redis server of its own, told to it as
// CRIER_DATABASE and CRIER_REDIS, and ends with the command's exit code:
//
//	go run ./internal/testkit/withservers -postgres min_wal_size=1GB -- ./bin/crier serve
//
// Servers and data are gone when the command is.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"crier/internal/testkit"
)

func main() {
	// The command gets the terminal's interrupt itself and is waited for; without it, ctx passes the word on.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var settings []string
	flags := flag.NewFlagSet("withservers", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Func("postgres", "a PostgreSQL `setting`, as in fsync=off; may be repeated", func(s string) error {
		settings = append(settings, s)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() == 0 {
		fmt.Fprintln(stderr, "usage: withservers [-postgres setting]... -- command [argument]...")
		return 2
	}
	err := testkit.WithServers(settings, func(dsn, redisAddr string) error {
		cmd := exec.CommandContext(ctx, flags.Arg(0), flags.Args()[1:]...)
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
		cmd.Env = append(os.Environ(), "CRIER_DATABASE="+dsn, "CRIER_REDIS=redis://"+redisAddr)
		return cmd.Run()
	})
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() > 0 {
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(stderr, "withservers:", err)
		return 1
	}
	return 0
}
