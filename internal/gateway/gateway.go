// Package gateway is the WebSocket end point: it checks who opens a socket and from
// where, reads commands, calls the services, and hands the connection to the hub, which
// writes to it. internal/protocol/README.md describes what travels.
package gateway

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"crier/hub"
	"crier/internal/clock"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/protocol"
)

// Access says who is behind a session cookie or a ticket.
type Access interface {
	// Authenticate returns who a session token stands for. Errors: unauthenticated, unavailable.
	Authenticate(ctx context.Context, token string) (domain.Actor, error)
	// Redeem uses up a one-use ticket. Errors: unauthenticated, gone, unavailable.
	Redeem(ctx context.Context, ticket string) (domain.Actor, error)
}

// Receipts takes candidates' receipts.
type Receipts interface {
	// Record notes that the actor's messages at the offsets reached state; done is called once
	// that is durable, or with the reason why it will not be. It does not wait.
	Record(actor domain.Actor, state domain.ReceiptState, offsets []int64, done func(error))
}

// Monitor serves staff who watch a test.
type Monitor interface {
	// Watch returns the topics of the test that the actor may hear, and a func that ends the
	// watching. Errors: forbidden, not_found, unavailable.
	Watch(ctx context.Context, actor domain.Actor, exam domain.ExamID) (topics []string, end func(), err error)
}

// Heads tells how long a journal is.
type Heads interface {
	Head(ctx context.Context, org domain.OrganisationID) (int64, error)
}

// Options are a gateway's settings. Zero values of the numbers mean the defaults of
// design.md section 5.
type Options struct {
	Origins          []string      // exactly these may open sockets
	Cookie           string        // name of the session cookie
	CandidateSockets int           // per person; default 5
	StaffSockets     int           // default 20
	HelloTime        time.Duration // default 10 s
	Unknown          int           // sockets without a hello yet; default 1000. A further one ends the oldest
	Clock            clock.Clock
	Log              zerolog.Logger
}

// Gateway accepts sockets. Make one with New.
type Gateway struct {
	opt      Options
	hub      *hub.Hub
	access   Access
	receipts Receipts
	monitor  Monitor
	heads    Heads
	sealer   *cursor.Sealer

	conversations Conversations
	attending     attending
	standing      standing
	unknown       unknown

	ctx    context.Context
	cancel context.CancelFunc

	mu     sync.Mutex
	closed bool           // guarded by mu
	conns  sync.WaitGroup // added to under mu, while not closed
}

// New makes a gateway over a hub and the services.
func New(o Options, h *hub.Hub, a Access, r Receipts, m Monitor, conv Conversations, heads Heads, s *cursor.Sealer) *Gateway {
	if o.CandidateSockets == 0 {
		o.CandidateSockets = 5
	}
	if o.StaffSockets == 0 {
		o.StaffSockets = 20
	}
	if o.Unknown == 0 {
		o.Unknown = 1000
	}
	if o.HelloTime == 0 {
		o.HelloTime = 10 * time.Second
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	g := &Gateway{opt: o, hub: h, access: a, receipts: r, monitor: m, conversations: conv, heads: heads, sealer: s}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	h.Overhear(g.overhears)
	return g
}

// Refuse makes the gateway answer new sockets with 503: the node is going.
func (g *Gateway) Refuse() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
}

// enter counts one more connection; false: the node is going.
func (g *Gateway) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.conns.Add(1)
	}
	return !g.closed
}

// Stop ends all connections and waits for their goroutines. Drain the hub before.
func (g *Gateway) Stop() {
	g.Refuse()
	g.cancel()
	g.hub.Drain(time.Millisecond) // closes whoever is left or comes late
	g.conns.Wait()
}

// ServeHTTP opens a socket and greets it. It returns once the socket is welcomed or refused: the
// connection lives on in a goroutine of its own, so that the handler's stack and buffers go.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !g.enter() {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "this node is going; come back", http.StatusServiceUnavailable)
		return
	}
	c := g.open(w, r)
	if c == nil {
		g.conns.Done()
		return
	}
	c.serve()
}

// open upgrades the request; nil: it was refused and answered.
func (g *Gateway) open(w http.ResponseWriter, r *http.Request) *client {
	token := ""
	if c, err := r.Cookie(g.opt.Cookie); err == nil {
		token = c.Value
	}
	if !originAllowed(r, g.opt.Origins, token != "") {
		g.opt.Log.Info().Str("origin", r.Header.Get("Origin")).Msg("socket from a foreign origin refused")
		http.Error(w, "this origin may not open a socket here", http.StatusForbidden)
		return nil
	}
	c := &client{g: g, token: token}
	sock, err := upgrade(w, r, c.pinged, c.ponged)
	if err != nil {
		return nil // answered by the library
	}
	c.sock = sock
	if sock.ws.Subprotocol() != protocol.Subprotocol {
		out{sock}.Close(closeVersion, "speak "+protocol.Subprotocol)
		return nil
	}
	sock.ws.SetReadLimit(4 * protocol.FrameLimit) // what is a little too large gets an answer; see protocol.Decode
	return c
}

// Close codes the gateway uses; see internal/protocol/README.md.
const (
	closeBadFrames = 4400
	closeSignedOut = 4401
	closeForbidden = 4403
	closeVersion   = 4406
	closeTooMuch   = 4429
	closeRestart   = 1012
)

// closeFor says how a hello that failed ends the socket.
func closeFor(err error) (int, string) {
	switch fault.CodeOf(err) {
	case fault.Unauthenticated, fault.Gone:
		return closeSignedOut, "not signed in"
	case fault.Forbidden:
		return closeForbidden, "not allowed"
	case fault.Unavailable, fault.Internal, fault.RateLimited:
		return closeRestart, "try again"
	default:
		return closeBadFrames, "bad hello"
	}
}
