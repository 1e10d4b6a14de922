package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/app"
	"crier/internal/config"
	"crier/internal/fault"
	"crier/internal/testkit"
)

type output struct {
	mu   sync.Mutex
	b    bytes.Buffer
	said chan struct{} // closed once the last line has come
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n, err := o.b.Write(p); err != nil {
		return n, err
	}
	if strings.Contains(string(p), "Ctrl+C") {
		close(o.said)
	}
	return len(p), nil
}

// TestDemo starts the demo twice on one folder: the hall fills by real sockets, and
// the second start makes nothing twice.
func TestDemo(t *testing.T) {
	cfg := config.Default()
	cfg.Addr, cfg.Data, cfg.DrainTime = "127.0.0.1:0", t.TempDir(), 0
	for start := range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		out := &output{said: make(chan struct{})}
		ended := make(chan error, 1)
		go func() { ended <- Run(ctx, cfg, zerolog.Nop(), out) }()
		select {
		case <-out.said:
		case err := <-ended:
			t.Fatalf("start %d: %v", start, err)
		}
		base := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(out.b.String())
		c := &client{base: base}
		var list struct {
			Tests []struct {
				Name   string
				Counts struct{ Candidates, Online int }
			}
		}
		testkit.Eventually(t, 30*time.Second, "the hall fills", func() error {
			if err := c.call(ctx, http.MethodGet, "/tests", nil, &list); err != nil {
				return err
			}
			if len(list.Tests) != 2 || list.Tests[0].Counts.Online < 60 {
				return fmt.Errorf("start %d: %+v", start, list)
			}
			return nil
		})
		if got := list.Tests[0]; got.Name != "Mathematics 1" || got.Counts.Candidates != 77 {
			t.Errorf("start %d: %+v", start, got)
		}
		copies(ctx, t, c)
		for _, l := range Logins {
			if !strings.Contains(out.b.String(), l.Login) {
				t.Errorf("the table lacks %s", l.Login)
			}
			status, body, err := c.once(ctx, http.MethodPost, "/session", item{"organisation": Slug, "login": l.Login, "password": Password}, "")
			if err != nil || status != http.StatusCreated {
				t.Errorf("sign in as %s: %d %s %v", l.Login, status, body, err)
			}
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("start %d ended with %v", start, err)
		}
	}
}

// copies holds what the demo shows of copies: mails and SMS in the outbox, and each reason why others did not go.
func copies(ctx context.Context, t *testing.T, c *client) {
	t.Helper()
	testkit.Eventually(t, 20*time.Second, "copies have gone to the outbox", func() error {
		var box struct {
			Outbox []struct{ Channel string }
		}
		var list struct {
			Deliveries []struct{ Reason string }
		}
		if err := c.call(ctx, http.MethodGet, "/outbox?limit=200", nil, &box); err != nil {
			return err
		}
		if err := c.call(ctx, http.MethodGet, "/deliveries?limit=200", nil, &list); err != nil {
			return err
		}
		count := map[string]int{}
		for _, o := range box.Outbox {
			count[o.Channel]++
		}
		for _, d := range list.Deliveries {
			count[d.Reason]++
		}
		if count["email"] < 20 || count["sms"] < 10 || count["no_opt_in"] == 0 || count["opted_out"] == 0 || count["invalid_number"] == 0 {
			return fmt.Errorf("%v", count)
		}
		return nil
	})
}

func TestHallHasSeatsForAll(t *testing.T) {
	seen := map[string]bool{}
	rooms := map[string]int{}
	for _, c := range candidates() {
		if c.given == "" || c.family == "" || seen[c.id] || seen[c.seat] {
			t.Errorf("bad candidate %+v", c)
		}
		seen[c.id], seen[c.seat] = true, true
		rooms[c.room]++
	}
	if len(candidates()) != 77 || rooms["Hall A"] != 36 || rooms["Hall B"] != 29 || rooms["Room 204"] != 12 {
		t.Errorf("%d candidates in %v", len(candidates()), rooms)
	}
}

// TestDemoAndServe checks that a node never serves a demo's data, and that the demo never takes a folder of
// other data.
func TestDemoAndServe(t *testing.T) {
	cfg := config.Default()
	cfg.Addr, cfg.Data, cfg.DrainTime = "127.0.0.1:0", t.TempDir(), 0
	demo, err := app.Open(t.Context(), cfg, zerolog.Nop(), app.Options{Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(found(t.Context(), demo), demo.Close()); err != nil {
		t.Fatal(err)
	}
	serving := func(net.Addr) { t.Error("a node serves the demo's data") }
	if err := app.Run(t.Context(), cfg, zerolog.Nop(), serving); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "--data") {
		t.Errorf("serve over the demo's folder: %v", err)
	}

	cfg.Data = t.TempDir()
	node, err := app.Open(t.Context(), cfg, zerolog.Nop(), app.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = node.Roster.EnsureOrganisation(t.Context(), "north", "North")
	if err := errors.Join(err, node.Close()); err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), cfg, zerolog.Nop(), io.Discard); !fault.Is(err, fault.Conflict) {
		t.Errorf("demo over other data: %v", err)
	}
}
