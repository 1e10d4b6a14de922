package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"crier/hub"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/service/conversation"
	"crier/internal/testkit"
)

// services is all that a gateway needs, for one candidate: ticket "t", session "s".
type services struct {
	mu       sync.Mutex
	recorded []int64
	asked    chan struct{} // receives for each Authenticate, before it answers; nil: not
	answer   chan struct{} // which then waits for this
}

var sara = domain.Actor{Organisation: 1, Kind: domain.ActorPerson, ID: "p", No: 1, Name: "Sara", Role: domain.RoleCandidate, Session: "login"}

func (s *services) Authenticate(ctx context.Context, token string) (domain.Actor, error) {
	if s.asked != nil {
		s.asked <- struct{}{}
		select {
		case <-s.answer:
		case <-ctx.Done():
			return domain.Actor{}, fault.Wrap(ctx.Err(), fault.Unavailable, "not now")
		}
	}
	if token != "s" {
		return domain.Actor{}, fault.New(fault.Unauthenticated, "sign in")
	}
	return sara, nil
}

func (s *services) Redeem(_ context.Context, ticket string) (domain.Actor, error) {
	if ticket != "t" {
		return domain.Actor{}, fault.New(fault.Gone, "used")
	}
	return sara, nil
}

func (s *services) Record(_ domain.Actor, _ domain.ReceiptState, offsets []int64, done func(error)) {
	s.mu.Lock()
	s.recorded = append(s.recorded, offsets...)
	s.mu.Unlock()
	done(nil)
}

func (s *services) Watch(context.Context, domain.Actor, domain.ExamID) ([]string, func(), error) {
	return nil, nil, fault.New(fault.Forbidden, "not yours")
}

func (s *services) Open(context.Context, domain.Actor, domain.PersonID) (conversation.Opened, error) {
	return conversation.Opened{}, fault.New(fault.NotFound, "not yours")
}

func (s *services) Sees(context.Context, domain.Actor, domain.PersonID) error {
	return fault.New(fault.NotFound, "not yours")
}

func (s *services) Head(context.Context, domain.OrganisationID) (int64, error) { return 0, nil }

const ours = "https://crier.test"

// serveGateway serves a gateway over TCP.
func serveGateway(t *testing.T, s *services, o Options) (g *Gateway, h *hub.Hub, addr string) {
	t.Helper()
	o.Origins, o.Cookie = []string{ours}, "crier"
	h = newHub(t, 0)
	g = New(o, h, s, s, s, s, s, cursor.NewSealer(make([]byte, 32)))
	t.Cleanup(g.Stop)
	return g, h, serveTiny(t, g)
}

// text reads frames until a text frame whose type is kind.
func (p *peer) text(kind string) string {
	p.t.Helper()
	for {
		f, err := p.next()
		if err != nil {
			p.t.Fatalf("no %s: %v", kind, err)
		}
		var v struct{ Type string }
		if f.op == opClose {
			p.t.Fatalf("no %s, but a close frame %q", kind, f.payload)
		}
		if f.op == opText && json.Unmarshal([]byte(f.payload), &v) == nil && v.Type == kind {
			return f.payload
		}
	}
}

// signedIn opens a socket and says hello in the same segment.
func signedIn(t *testing.T, addr string) *peer {
	t.Helper()
	p := open(t, addr, masked(opText, `{"type":"hello","id":"0","ticket":"t"}`))
	p.text("welcome")
	p.text("reply")
	return p
}

func TestOpening(t *testing.T) {
	_, _, addr := serveGateway(t, &services{}, Options{})
	const version, cookie, origin = "Sec-WebSocket-Protocol: crier.v1", "Cookie: crier=s", "Origin: " + ours
	for name, test := range map[string]struct {
		header []string
		status int
	}{
		"a program":                       {[]string{version}, 101},
		"a page":                          {[]string{version, cookie, origin}, 101},
		"a page elsewhere, with a ticket": {[]string{version, origin}, 101},
		"a cookie without an origin":      {[]string{version, cookie}, 403},
		"a foreign page with our cookie":  {[]string{version, cookie, "Origin: https://evil.test"}, 403},
		"a foreign page without":          {[]string{version, "Origin: https://evil.test"}, 403},
		"two origins":                     {[]string{version, cookie, origin, "Origin: https://evil.test"}, 403},
		"null":                            {[]string{version, "Origin: null"}, 403},
		"the other scheme":                {[]string{version, cookie, "Origin: http://crier.test"}, 403},
		"another version":                 {[]string{"Sec-WebSocket-Protocol: crier.v2", origin}, 101},
		"no version":                      {[]string{origin}, 101},
	} {
		t.Run(name, func(t *testing.T) {
			p, status := dial(t, addr, test.header, nil)
			if status != test.status {
				t.Fatalf("status %d, not %d", status, test.status)
			}
			if status == http.StatusSwitchingProtocols && test.header[0] != version {
				if code := p.closed(); code != closeVersion {
					t.Errorf("closed with %d, not %d", code, closeVersion)
				}
			}
		})
	}
}

func TestHello(t *testing.T) {
	for name, test := range map[string]struct {
		header []string
		first  []byte // the first frame; nil: none is sent
		says   string // the type of the frame before the end; "": none
		code   int    // 0: it stays open
	}{
		"a ticket":           {nil, masked(opText, `{"type":"hello","ticket":"t"}`), "welcome", 0},
		"the cookie":         {[]string{"Cookie: crier=s", "Origin: " + ours}, masked(opText, `{"type":"hello"}`), "welcome", 0},
		"a dead session":     {[]string{"Cookie: crier=old", "Origin: " + ours}, masked(opText, `{"type":"hello"}`), "reply", closeSignedOut},
		"a used ticket":      {nil, masked(opText, `{"type":"hello","id":"1","ticket":"old"}`), "reply", closeSignedOut},
		"nothing to sign in": {nil, masked(opText, `{"type":"hello","id":"1"}`), "reply", closeSignedOut},
		"another command":    {nil, masked(opText, `{"type":"beat"}`), "error", closeBadFrames},
		"no JSON":            {nil, masked(opText, `hello`), "error", closeBadFrames},
		"binary":             {nil, masked(opBinary, `{"type":"hello","ticket":"t"}`), "error", closeBadFrames},
		"no hello":           {nil, nil, "", closeSignedOut},
		"only pings":         {nil, masked(opPing, "x"), "", closeSignedOut},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{}
			if test.says == "" {
				o.HelloTime = 50 * time.Millisecond
			}
			_, _, addr := serveGateway(t, &services{}, o)
			p, status := dial(t, addr, append(test.header, "Sec-WebSocket-Protocol: crier.v1"), test.first)
			if status != http.StatusSwitchingProtocols {
				t.Fatalf("status %d", status)
			}
			if test.says != "" {
				p.text(test.says)
			}
			if test.code == 0 {
				p.send(masked(opText, `{"type":"presence","id":"7","state":"online"}`))
				p.text("reply")
				return
			}
			if code := p.closed(); code != test.code {
				t.Errorf("closed with %d, not %d", code, test.code)
			}
		})
	}
}

// TestSilentConnectionsHoldUpNobody: of those who say no hello, a few may wait; more end the oldest, and
// whoever says hello gets in.
func TestSilentConnectionsHoldUpNobody(t *testing.T) {
	g, _, addr := serveGateway(t, &services{}, Options{Unknown: 3, HelloTime: time.Hour})
	newest := func() (c any) {
		g.unknown.mu.Lock()
		defer g.unknown.mu.Unlock()
		if e := g.unknown.list.Back(); e != nil {
			c = e.Value
		}
		return c
	}
	silent := make([]*peer, 6)
	for i := range silent {
		before := newest()
		silent[i] = open(t, addr, nil)
		testkit.Eventually(t, 20*time.Second, "the gateway knows of the connection", func() error {
			if newest() == before {
				return errors.New("it does not")
			}
			return nil
		})
	}
	for i, p := range silent[:3] {
		if code := p.closed(); code != closeSignedOut {
			t.Errorf("silent connection %d was closed with %d", i, code)
		}
	}
	p := signedIn(t, addr) // ends a fourth
	p.send(masked(opText, `{"type":"presence","id":"7","state":"online"}`))
	p.text("reply")
	if code := silent[3].closed(); code != closeSignedOut {
		t.Errorf("closed with %d", code)
	}
	silent[5].send(masked(opText, `{"type":"hello","ticket":"t"}`))
	silent[5].text("welcome")
}

// TestHelloWaitsForTheDatabase: a crowd that has said hello is not silent, however long finding out
// who they are takes.
func TestHelloWaitsForTheDatabase(t *testing.T) {
	svc := &services{asked: make(chan struct{}), answer: make(chan struct{})}
	_, _, addr := serveGateway(t, svc, Options{Unknown: 3, HelloTime: time.Hour, CandidateSockets: 8})
	crowd := make([]*peer, 8)
	for i := range crowd {
		crowd[i], _ = dial(t, addr, []string{"Sec-WebSocket-Protocol: crier.v1", "Cookie: crier=s", "Origin: " + ours}, masked(opText, `{"type":"hello"}`))
		<-svc.asked
	}
	close(svc.answer)
	for _, p := range crowd {
		p.text("welcome")
	}
}

// TestCommandsRightAfterHello: the whole burst is there from the beginning.
func TestCommandsRightAfterHello(t *testing.T) {
	_, _, addr := serveGateway(t, &services{}, Options{})
	p := signedIn(t, addr)
	for i := range candidateBurst {
		p.send(masked(opText, fmt.Sprintf(`{"type":"presence","id":"%d","state":"online"}`, i)))
	}
	for i := range candidateBurst {
		if got, want := p.text("reply"), fmt.Sprintf(`{"type":"reply","id":"%d","ok":true}`, i); got != want {
			t.Fatalf("%s, not %s", got, want)
		}
	}
	p.send(masked(opText, strings.Repeat(" ", 100)+`{"type":"presence","id":"over","state":"online"}`))
	if got := p.text("reply"); !strings.Contains(got, `"rate_limited"`) {
		t.Errorf("over the limit: %s", got)
	}
}

// TestEndedLoginCommandsNothing: between our close frame and the client's, nothing it says
// counts.
func TestEndedLoginCommandsNothing(t *testing.T) {
	s := &services{}
	g, _, addr := serveGateway(t, s, Options{})
	p := signedIn(t, addr)
	receipt := func(offset int64) []byte {
		return masked(opText, fmt.Sprintf(`{"type":"receipt","id":"%d","state":"displayed","cursors":["%s"]}`, offset, g.sealer.Seal(1, 1, offset)))
	}
	p.send(receipt(1))
	p.text("reply")
	ended := endSession(t, p, g)
	p.send(receipt(2))
	p.send(masked(opClose, ended))
	if _, err := p.next(); err == nil {
		t.Error("something follows the close frame")
	}
	g.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.recorded) != 1 {
		t.Errorf("recorded %v", s.recorded)
	}
}

// endSession has the hub close all connections and returns the close frame's payload.
func endSession(t *testing.T, p *peer, g *Gateway) string {
	t.Helper()
	g.hub.Drain(time.Second)
	p.text("bye")
	return p.expect(opClose)
}

// TestStopDuringHello: a node that stops waits for nobody who is signing in, and does not tell
// them that they are signed out.
func TestStopDuringHello(t *testing.T) {
	s := &services{asked: make(chan struct{}), answer: make(chan struct{})}
	g, h, addr := serveGateway(t, s, Options{})
	p, _ := dial(t, addr, []string{"Sec-WebSocket-Protocol: crier.v1", "Cookie: crier=s", "Origin: " + ours}, masked(opText, `{"type":"hello"}`))
	<-s.asked
	silent := open(t, addr, nil)
	began := time.Now()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		g.Stop()
	}()
	for _, p := range []*peer{p, silent} {
		for {
			f, err := p.next()
			if err != nil {
				break
			}
			if f.op == opClose && (f.payload[0] != 0x03 || f.payload[1] != 0xf4) { // 1012
				t.Errorf("close frame % x", f.payload)
			}
			if f.op == opClose {
				p.send(masked(opClose, f.payload))
			}
		}
	}
	<-stopped
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("Stop took %v", took)
	}
	if n := h.Stats().Connections; n != 0 {
		t.Errorf("%d connections left", n)
	}
	if _, status := dial(t, addr, []string{"Sec-WebSocket-Protocol: crier.v1"}, nil); status != http.StatusServiceUnavailable {
		t.Errorf("a stopped gateway answers %d", status)
	}
}
