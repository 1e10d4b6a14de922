package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"strings"

	"github.com/rs/zerolog"

	"crier/internal/app"
	"crier/internal/config"
	"crier/internal/domain"
	"crier/internal/limit"
	"crier/internal/service/access"
)

// address is what a measured node says of itself when it is ready, as one line of JSON.
type address struct {
	URL string `json:"url"`
	Key string `json:"key"` // an API key of the organisation
}

// ServeNode runs a node to be measured, a process of its own: an ordinary node, but for the budget of sendings of one
// sender, which is lifted. It makes the organisation and an API key, prints its [address], and serves until in ends, so
// that it goes with whoever started it. It obeys lines on in and answers each with "ok":
//
//	profile PATH   start a CPU profile; without a path: end it
//	heap PATH      write a heap profile
//	free           collect garbage and give memory back, so that what follows is measured from a clean start
func ServeNode(ctx context.Context, cfg config.Config, log zerolog.Logger, slug string, in io.Reader, out io.Writer) error {
	n, err := app.Open(ctx, cfg, log, app.Options{Limiter: limit.Unlimited{}})
	if err != nil {
		return err
	}
	secret, err := found(ctx, n, slug)
	if err != nil {
		return errors.Join(err, n.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer cancel()
		obey(in, out, log)
	}()
	return n.Serve(ctx, func(a net.Addr) {
		if err := json.NewEncoder(out).Encode(address{URL: "http://" + a.String(), Key: secret}); err != nil {
			log.Error().Err(err).Msg("nobody reads where this node is")
			cancel()
		}
	})
}

// found makes the organisation, unless another node has, and a key to it.
func found(ctx context.Context, n *app.Node, slug string) (secret string, err error) {
	org, err := n.Roster.EnsureOrganisation(ctx, slug, "Benchmark")
	if err != nil {
		return "", err
	}
	key, err := n.Access.CreateAPIKey(ctx, domain.System(org.ID), access.NewAPIKey{Name: "benchmark", Rights: domain.Rights})
	if err != nil {
		return "", err
	}
	return key.Secret, nil
}

// obey carries out orders until in ends.
func obey(in io.Reader, out io.Writer, log zerolog.Logger) {
	var cpu *os.File
	end := func() error {
		if cpu == nil {
			return nil
		}
		pprof.StopCPUProfile()
		err := cpu.Close()
		cpu = nil
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		order, path, _ := strings.Cut(lines.Text(), " ")
		var err error
		switch order {
		case "profile":
			if err = end(); err == nil && path != "" {
				if cpu, err = os.Create(path); err == nil {
					err = pprof.StartCPUProfile(cpu)
				}
			}
		case "heap":
			err = writeHeap(path)
		case "free":
			debug.FreeOSMemory()
		default:
			err = fmt.Errorf("no such order: %q", order)
		}
		answer := "ok"
		if err != nil {
			log.Error().Err(err).Msg("bench order")
			answer = "failed"
		}
		_, _ = fmt.Fprintln(out, answer) // if nobody reads, nobody waits
	}
	_ = end()
}

func writeHeap(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("heap").WriteTo(f, 0), f.Close())
}
