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
	"runtime/pprof"
	"strings"

	"github.com/rs/zerolog"

	"crier/internal/app"
	"crier/internal/config"
	"crier/internal/domain"
	"crier/internal/service/broadcast"
)

// address is what a measured node says of itself when it is ready, as one line of JSON.
type address struct {
	URL string `json:"url"`
	Key string `json:"key"` // an API key of the organisation
}

// ServeNode runs a node to be measured, a process of its own: an ordinary node, but for the budget of sendings of one
// sender, which is lifted. It makes the organisation and an API key, prints its [address], and serves until in ends, so
// that it goes with whoever started it. A line "profile PATH" on in starts a CPU profile, "profile" ends it; both are
// answered with "ok".
func ServeNode(ctx context.Context, cfg config.Config, log zerolog.Logger, slug string, in io.Reader, out io.Writer) error {
	n, err := app.Open(ctx, cfg, log, app.Options{Limiter: broadcast.Unlimited{}})
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
	key, err := n.Access.CreateAPIKey(ctx, domain.System(org.ID), "benchmark")
	if err != nil {
		return "", err
	}
	return key.Secret, nil
}

func obey(in io.Reader, out io.Writer, log zerolog.Logger) {
	var profile *os.File
	end := func() error {
		if profile == nil {
			return nil
		}
		pprof.StopCPUProfile()
		err := profile.Close()
		profile = nil
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		path, isProfile := strings.CutPrefix(lines.Text(), "profile")
		err := fmt.Errorf("no such order: %q", lines.Text())
		if isProfile {
			err = end()
		}
		if path = strings.TrimSpace(path); isProfile && err == nil && path != "" {
			if profile, err = os.Create(path); err == nil {
				err = pprof.StartCPUProfile(profile)
			}
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
