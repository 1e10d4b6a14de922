package e2e

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"crier/internal/protocol"
	"crier/internal/testkit"
)

// TestDrain stops a node in good order: its screens are told, and come back elsewhere.
func TestDrain(t *testing.T) {
	w := build(t, testkit.Postgres(t), 60)
	screens := w.screens()
	w.mustSend(w.nodes[0], "before-the-drain")
	w.reached(screens, limit)
	leaving := w.nodes[0]
	leaving.Stop()
	w.mustSend(w.nodes[1], "after-the-drain")
	w.settled(screens)
	w.verify(screens)
	for i, s := range screens {
		s.mu.Lock()
		byes, closes, opened, base := s.byes, slices.Clone(s.closes), s.opened, s.base
		s.mu.Unlock()
		if i%2 == 1 {
			if opened != 1 {
				t.Errorf("%s, on the node that stayed, connected %d times", s.person, opened)
			}
			continue
		}
		if byes != 1 || len(closes) == 0 || closes[0] != 4503 || base != w.nodes[1].base {
			t.Errorf("%s: %d byes, closed with %v, now at %s", s.person, byes, closes, base)
		}
	}
}

// TestRevokedElsewhere signs out on one node while a socket of the session, and one of a
// ticket made with it, are open on the other.
func TestRevokedElsewhere(t *testing.T) {
	w := build(t, testkit.Postgres(t), 2)
	a, b := w.nodes[0], w.nodes[1]
	token := w.signIn(a, w.people[0], candidatePassword)
	bystander := w.signIn(a, w.people[1], candidatePassword)
	var out struct {
		Ticket string `json:"ticket"`
	}
	w.call(a, token, http.MethodPost, "/tickets", nil, &out)
	ctx, cancel := context.WithTimeout(context.Background(), 4*limit)
	defer cancel()
	cookie := func(token string) http.Header {
		return http.Header{"Cookie": {"crier_session=" + token}, "Origin": {b.base}}
	}
	byCookie := w.open(ctx, b, cookie(token), item{"type": "hello"})
	byTicket := w.open(ctx, b, nil, item{"type": "hello", "ticket": out.Ticket})
	other := w.open(ctx, b, cookie(bystander), item{"type": "hello"})
	w.call(a, token, http.MethodDelete, "/session", nil, nil)
	for what, conn := range map[string]*websocket.Conn{"cookie": byCookie, "ticket": byTicket} {
		for {
			_, _, err := conn.Read(ctx)
			if err == nil {
				continue // caught_up
			}
			if got := websocket.CloseStatus(err); got != 4401 {
				t.Errorf("the socket by %s ended with %v (%v), want 4401", what, got, err)
			}
			break
		}
	}
	if err := write(ctx, other, item{"type": "presence", "id": "p", "state": "away"}); err != nil {
		t.Fatal(err)
	}
	for {
		_, frame, err := other.Read(ctx)
		if err != nil {
			t.Fatalf("somebody else's socket: %v", err)
		}
		if strings.Contains(string(frame), `"reply"`) {
			break
		}
	}
	w.discreet()
}

// open opens a socket by hand and reads its welcome.
func (w *world) open(ctx context.Context, n *node, header http.Header, hello item) *websocket.Conn {
	w.t.Helper()
	conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(n.base, "http")+"/socket", &websocket.DialOptions{
		HTTPHeader: header, Subprotocols: []string{protocol.Subprotocol},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = conn.CloseNow() })
	if err := write(ctx, conn, hello); err != nil {
		w.t.Fatal(err)
	}
	if _, frame, err := conn.Read(ctx); err != nil || !strings.Contains(string(frame), `"welcome"`) {
		w.t.Fatalf("hello is answered %s, %v", frame, err)
	}
	return conn
}
