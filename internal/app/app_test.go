package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/rs/zerolog"

	"crier/internal/config"
	"crier/internal/domain"
	"crier/internal/journal"
	"crier/internal/service/access"
	"crier/internal/service/roster"
)

type running struct {
	base  string
	node  *Node
	stop  context.CancelFunc
	ended chan error
}

func serve(t *testing.T, cfg config.Config) *running {
	t.Helper()
	n, err := Open(t.Context(), cfg, zerolog.Nop(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{node: n, stop: cancel, ended: make(chan error, 1)}
	at := make(chan net.Addr, 1)
	go func() { r.ended <- n.Serve(ctx, func(a net.Addr) { at <- a }) }()
	select {
	case a := <-at:
		r.base = a.String()
	case err := <-r.ended:
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(cancel)
	return r
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b)
}

func configured(t *testing.T) config.Config {
	cfg := config.Default()
	cfg.Addr, cfg.Data, cfg.DrainTime = "127.0.0.1:0", t.TempDir(), 0
	return cfg
}

// candidate makes an organisation with one candidate and returns a ticket for them.
func candidate(t *testing.T, n *Node) (domain.Organisation, string) {
	t.Helper()
	org, err := n.Roster.EnsureOrganisation(t.Context(), "north", "North")
	if err != nil {
		t.Fatal(err)
	}
	sys, name := domain.System(org.ID), "T1"
	for _, err := range []error{
		second(n.Roster.PutPeople(t.Context(), sys, []roster.Person{{ExternalID: "c1", Kind: domain.KindCandidate, GivenName: "Sara", FamilyName: "Amin"}})),
		second(n.Roster.PutExams(t.Context(), sys, []roster.Exam{{ExternalID: "T1", Name: &name}})),
		second(n.Roster.PutEnrolments(t.Context(), sys, []roster.Enrolment{{Exam: "T1", Person: "c1"}})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	tickets, err := n.Access.Tickets(t.Context(), sys, []string{"c1"}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return org, tickets.Tickets[0].Ticket
}

func second(_ roster.Counts, err error) error { return err }

// read reads frames until one of the type.
func read(t *testing.T, c *websocket.Conn, kind string) map[string]any {
	t.Helper()
	for {
		_, b, err := c.Read(t.Context())
		if err != nil {
			t.Fatalf("waiting for %s: %v", kind, err)
		}
		var f map[string]any
		if err := json.Unmarshal(b, &f); err != nil {
			t.Fatal(err)
		}
		if f["type"] == kind {
			return f
		}
	}
}

// TestANodesLife: a socket opens, gets what is sent, its receipt is durable after the
// stop, and the stop is graceful: the socket is told when to come back, nothing new is
// taken.
func TestANodesLife(t *testing.T) {
	cfg := configured(t)
	r := serve(t, cfg)
	for _, path := range []string{"/livez", "/readyz"} {
		if code, body := get(t, "http://"+r.base+path); code != 200 {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	org, ticket := candidate(t, r.node)
	c, _, err := websocket.Dial(t.Context(), "ws://"+r.base+"/socket", &websocket.DialOptions{Subprotocols: []string{"crier.v1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	say := func(v string) {
		t.Helper()
		if err := c.Write(t.Context(), websocket.MessageText, []byte(v)); err != nil {
			t.Fatal(err)
		}
	}
	say(`{"type":"hello","ticket":"` + ticket + `"}`)
	read(t, c, "caught_up")

	key, err := r.node.Access.CreateAPIKey(t.Context(), domain.System(org.ID), access.NewAPIKey{Name: "test", Rights: domain.Rights})
	if err != nil {
		t.Fatal(err)
	}
	exams, err := r.node.Monitor.Exams(t.Context(), domain.System(org.ID))
	if err != nil {
		t.Fatal(err)
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.base+"/api/v1/tests/"+string(exams[0].ID)+"/broadcasts",
		strings.NewReader(`{"key":"life-00001","subject":"s","body":"b","recipients":{"filter":{}}}`))
	req.Header.Set("Authorization", "Bearer "+key.Secret)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatalf("send: %v %v", resp, err)
	}
	resp.Body.Close()
	m := read(t, c, "message")
	say(fmt.Sprintf(`{"type":"receipt","state":"acknowledged","cursors":[%q]}`, m["cursor"]))

	// A beat is answered to nobody, but what came before it has been taken in: the
	// presence command's reply says so.
	say(`{"type":"presence","id":"p","state":"online"}`)
	read(t, c, "reply")
	r.stop()
	if bye := read(t, c, "bye"); bye["come_back_ms"] == nil {
		t.Errorf("bye without a time: %v", bye)
	}
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != 4503 {
		t.Errorf("the socket ended with %v, want 4503", err)
	}
	if err := <-r.ended; err != nil {
		t.Fatal(err)
	}
	if err := r.node.Ready(t.Context()); err == nil {
		t.Error("a stopped node calls itself ready")
	}

	again := serve(t, cfg)
	defer func() { again.stop(); <-again.ended }()
	entries, err := again.node.Store.Entries(t.Context(), org.ID, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	last := entries[len(entries)-1]
	if last.Kind != journal.KindReceiptsRecorded || !strings.Contains(string(last.Payload), `"acknowledged"`) {
		t.Errorf("the receipt was lost in the stop: last is %s %s", last.Kind, last.Payload)
	}
}

func TestAdminAddress(t *testing.T) {
	cfg := configured(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg.AdminAddr = l.Addr().String()
	l.Close()
	r := serve(t, cfg)
	defer func() { r.stop(); <-r.ended }()
	if code, body := get(t, "http://"+cfg.AdminAddr+"/metrics"); code != 200 || !strings.Contains(body, "crier_connections 0") || !strings.Contains(body, "crier_broker_degraded") {
		t.Errorf("%d %.300s", code, body)
	}
	if code, _ := get(t, "http://"+r.base+"/metrics"); code != 404 {
		t.Errorf("metrics on the public address: %d", code)
	}
}

func TestOpenFailsClearly(t *testing.T) {
	cfg := configured(t)
	cfg.Database = "postgres://nobody:hunter2@127.0.0.1:1/none?sslmode=disable&connect_timeout=1"
	_, err := Open(t.Context(), cfg, zerolog.Nop(), Options{})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
	cfg = configured(t)
	cfg.Addr = "127.0.0.1:99999"
	n, err := Open(t.Context(), cfg, zerolog.Nop(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Serve(t.Context(), nil); err == nil {
		t.Error("served on a port that does not exist")
	}
}
