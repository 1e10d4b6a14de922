// Command pushnode is the demo with one local address in the place of all push services: for the browser tests, which
// are to see what a browser gets. A node of the product reaches public addresses alone.
//
//	pushnode ADDR FOLDER http://127.0.0.1:PORT
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/app"
	"crier/internal/config"
	"crier/internal/demo"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pushnode:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("%d arguments instead of an address, a folder and where pushes go", len(args))
	}
	to, err := url.Parse(args[2])
	if err != nil {
		return err
	}
	cfg := config.Default()
	cfg.Addr, cfg.Data = args[0], args[1]
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	client := &http.Client{Transport: instead{to}, Timeout: 10 * time.Second}
	return demo.RunWith(ctx, cfg, app.Options{PushClient: client}, zerolog.New(os.Stderr).Level(zerolog.WarnLevel), os.Stdout)
}

// instead sends every request to one place.
type instead struct{ to *url.URL }

// RoundTrip implements http.RoundTripper.
func (i instead) RoundTrip(r *http.Request) (*http.Response, error) {
	there := r.Clone(r.Context())
	there.URL.Scheme, there.URL.Host = i.to.Scheme, i.to.Host
	return http.DefaultTransport.RoundTrip(there)
}
