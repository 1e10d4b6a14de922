package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coder/websocket"

	"crier/internal/protocol"
)

// screen is one candidate's page, as strict as the protocol allows: it shows a message
// only if that follows the one before, and comes back with its own cursor to any node.
type screen struct {
	w      *world
	person string
	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex // guards below
	conn   *websocket.Conn
	live   bool // caught up on the present connection
	base   string
	turn   int // which node is next
	cursor string
	seen   map[string]bool
	shown  []protocol.Message
	at     []time.Time // when each was shown
	faults []string
	frames []string // as they came
	status []string
	resets []string
	byes   int
	closes []websocket.StatusCode
	opened int
	held   chan struct{} // while not nil, it does not read
}

// narrow dials like a laptop on a wireless network: loopback's huge segments would let the
// kernel keep megabytes for a page that does not read.
var narrow = &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{Control: func(_, _ string, c syscall.RawConn) (err error) {
	outer := c.Control(func(fd uintptr) {
		err = errors.Join(
			syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, 1400),
			syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 8<<10))
	})
	return errors.Join(outer, err)
}}).DialContext}}

// screen opens a page that begins at the turn-th node and stays open until the test ends.
func (w *world) screen(person string, turn int) *screen { return w.screenAt(person, turn, "") }

// screenAt opens a page that says it has a cursor.
func (w *world) screenAt(person string, turn int, cursor string) *screen {
	ctx, cancel := context.WithCancel(context.Background())
	s := &screen{w: w, person: person, cancel: cancel, done: make(chan struct{}), seen: map[string]bool{}, turn: turn, cursor: cursor}
	go s.run(ctx)
	w.t.Cleanup(s.leave)
	return s
}

// leave closes the page and waits for it.
func (s *screen) leave() {
	s.cancel()
	<-s.done
}

func (s *screen) run(ctx context.Context) {
	defer close(s.done)
	for {
		wait := s.connect(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// connect lives on one connection and says how long to stay away after it.
func (s *screen) connect(ctx context.Context) time.Duration {
	again := time.Duration(30+rand.IntN(200)) * time.Millisecond
	s.mu.Lock()
	s.base = s.w.nodes[s.turn%len(s.w.nodes)].base
	s.turn++
	base, since := s.base, s.cursor
	s.mu.Unlock()
	ticket, err := s.w.ticket(base, s.person)
	if err != nil {
		return again
	}
	dial, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(dial, "ws"+strings.TrimPrefix(base, "http")+"/socket", &websocket.DialOptions{
		HTTPClient: narrow, Subprotocols: []string{protocol.Subprotocol},
	})
	if err != nil {
		return again
	}
	defer conn.CloseNow() //nolint:errcheck // it is over
	if got := conn.Subprotocol(); got != protocol.Subprotocol {
		s.fault("subprotocol %q", got)
	}
	hello := item{"type": "hello", "ticket": ticket, "client": "e2e/1"}
	if since != "" {
		hello["since"] = since
	}
	if write(ctx, conn, hello) != nil {
		return again
	}
	s.mu.Lock()
	s.conn = conn
	s.opened++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.conn, s.live = nil, false
		s.mu.Unlock()
	}()
	for {
		if held := s.holding(); held != nil {
			select {
			case <-held:
			case <-ctx.Done():
			}
		}
		_, b, err := conn.Read(ctx)
		if err != nil {
			s.mu.Lock()
			s.closes = append(s.closes, websocket.CloseStatus(err))
			s.mu.Unlock()
			return again
		}
		s.w.heard.add(b)
		if !s.frame(ctx, conn, b, &again) {
			return again
		}
	}
}

func write(ctx context.Context, conn *websocket.Conn, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return conn.Write(ctx, websocket.MessageText, b)
}

// frame takes one frame; false: it does not follow, so leave and come back.
func (s *screen) frame(ctx context.Context, conn *websocket.Conn, b []byte, again *time.Duration) bool {
	var f struct {
		Type, Cursor, Reason, Sending string
		ComeBackMS                    int `json:"come_back_ms"`
	}
	if err := json.Unmarshal(b, &f); err != nil {
		s.fault("%v in %s", err, b)
		return false
	}
	if f.Type == "beat" {
		return write(ctx, conn, item{"type": "beat"}) == nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frames = append(s.frames, string(b))
	switch f.Type {
	case "message":
		return s.message(b)
	case "caught_up":
		if s.cursor != "" && s.cursor != f.Cursor {
			s.faults = append(s.faults, "caught up, but elsewhere")
			return false
		}
		s.cursor, s.live = f.Cursor, true
	case "reset":
		s.resets, s.cursor = append(s.resets, f.Reason), ""
	case "status":
		s.status = append(s.status, f.Sending)
	case "bye":
		s.byes++
		*again = time.Duration(f.ComeBackMS) * time.Millisecond
	case "welcome", "receipt":
	default:
		s.faults = append(s.faults, "unexpected: "+string(b))
	}
	return true
}

// message applies one message, strictly. s.mu is held.
func (s *screen) message(b []byte) bool {
	var f protocol.MessageFrame
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		s.faults = append(s.faults, err.Error())
		return false
	}
	if s.seen[f.Cursor] {
		return true
	}
	if s.cursor != "" && f.Prev != s.cursor {
		s.faults = append(s.faults, fmt.Sprintf("%q does not follow what is shown", f.Message.Subject))
		return false
	}
	if len(f.Cursor) != 22 || f.Message.ID != f.Cursor {
		s.faults = append(s.faults, "cursor "+f.Cursor+" of message "+f.Message.ID)
	}
	s.cursor, s.seen[f.Cursor] = f.Cursor, true
	s.shown, s.at = append(s.shown, f.Message), append(s.at, time.Now())
	return true
}

func (s *screen) fault(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, fmt.Sprintf(format, args...))
}

// drop cuts the connection without a word, as a lost network does.
func (s *screen) drop() {
	s.mu.Lock()
	conn := s.conn
	s.live = false
	s.mu.Unlock()
	if conn != nil {
		_ = conn.CloseNow() // lost is lost
	}
}

// hold stops reading; the returned function goes on.
func (s *screen) hold() (release func()) {
	c := make(chan struct{})
	s.mu.Lock()
	s.held = c
	s.mu.Unlock()
	return func() {
		s.mu.Lock()
		s.held = nil
		s.mu.Unlock()
		close(c)
	}
}

func (s *screen) holding() chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held
}

func (s *screen) isLive() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live
}

func (s *screen) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened
}

func (s *screen) subjects() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]string, len(s.shown))
	for i, m := range s.shown {
		out[i] = m.Subject
	}
	return out
}

func (s *screen) faultsSeen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.faults)
}

func (s *screen) statusSeen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.status)
}
