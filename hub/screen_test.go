package hub_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"

	"crier/hub"
)

// screen is a hub.Socket in memory together with the client at its other end, which reads
// the bytes as a browser would and checks each message against its own cursor.
type screen struct {
	org, person int64
	conn        *hub.Conn
	gone        chan struct{} // closed when the connection ends
	busy        atomic.Bool   // TryWrite or Write runs

	mu     sync.Mutex
	moved  *sync.Cond // blocked or code changed
	room   int        // bytes that TryWrite and Write take before they wait; -1: any number
	broken bool       // writing fails
	code   int        // the close code; 0 while open

	bytes    []byte   // not yet a whole frame
	cursor   int64    // of the last message; -1: none yet
	got      []int64  // offsets of messages, in order
	texts    []string // and their JSON
	frames   []string // JSON of all other frames, and "ping", in order
	ping     []byte   // payload of the last ping
	problems []error
}

// newScreen makes one whose client's cursor is since; -1 for none.
func newScreen(org, person, since int64) *screen {
	s := &screen{org: org, person: person, cursor: since, room: -1, gone: make(chan struct{})}
	s.moved = sync.NewCond(&s.mu)
	return s
}

// again returns the same client with a new socket.
func (s *screen) again() *screen {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := newScreen(s.org, s.person, s.cursor)
	n.got, n.problems = slices.Clone(s.got), slices.Clone(s.problems)
	return n
}

// take sets how many bytes it takes from now on; -1: any number.
func (s *screen) take(room int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.room = room
	s.moved.Broadcast()
}

func (s *screen) breaks() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = true
}

func (s *screen) TryWrite(p []byte) (int, error) {
	defer s.enter()()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(p)
}

func (s *screen) Write(p []byte) error {
	defer s.enter()()
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		n, err := s.write(p)
		if p = p[n:]; err != nil || len(p) == 0 {
			return err
		}
		s.moved.Wait()
	}
}

// enter notes when two writes overlap, which the hub promises not to do.
func (s *screen) enter() (leave func()) {
	if s.busy.Swap(true) {
		s.mu.Lock()
		s.problems = append(s.problems, errors.New("two writes at the same time"))
		s.mu.Unlock()
	}
	return func() { s.busy.Store(false) }
}

func (s *screen) write(p []byte) (int, error) {
	if s.code != 0 || s.broken {
		return 0, net.ErrClosed
	}
	n := len(p)
	if s.room >= 0 {
		n = min(n, s.room)
		s.room -= n
	}
	s.bytes = append(s.bytes, p[:n]...)
	s.read()
	return n, nil
}

func (s *screen) Close(code int, _ string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.code == 0 {
		s.code = code
		close(s.gone)
		s.moved.Broadcast()
	}
}

// read takes in all whole frames.
func (s *screen) read() {
	for len(s.bytes) >= 2 {
		op, size, head := s.bytes[0], int(s.bytes[1]), 2
		switch size {
		case 126:
			if len(s.bytes) < 4 {
				return
			}
			size, head = int(binary.BigEndian.Uint16(s.bytes[2:])), 4
		case 127:
			if len(s.bytes) < 10 {
				return
			}
			size, head = int(binary.BigEndian.Uint64(s.bytes[2:])), 10
		}
		if len(s.bytes) < head+size {
			return
		}
		text := s.bytes[head : head+size]
		switch op {
		case 0x81:
			s.frame(text)
		case 0x89:
			s.frames = append(s.frames, "ping")
			s.ping = append([]byte(nil), text...)
		default:
			s.problems = append(s.problems, fmt.Errorf("a frame that begins with %#x", op))
		}
		s.bytes = append([]byte(nil), s.bytes[head+size:]...)
	}
}

func (s *screen) frame(text []byte) {
	var f struct{ Type, Cursor, Prev string }
	if err := json.Unmarshal(text, &f); err != nil {
		s.problems = append(s.problems, fmt.Errorf("frame %q: %w", text, err))
		return
	}
	if f.Type != "message" {
		s.frames = append(s.frames, string(text))
		return
	}
	at := s.position(f.Cursor)
	before := s.position(f.Prev)
	switch {
	case s.cursor >= 0 && before != s.cursor:
		s.problems = append(s.problems, fmt.Errorf("message %d follows %d, but this screen stands at %d", at, before, s.cursor))
	case at <= before:
		s.problems = append(s.problems, fmt.Errorf("message %d after %d", at, before))
	}
	s.cursor = at
	s.got = append(s.got, at)
	s.texts = append(s.texts, string(text))
}

func (s *screen) position(cursor string) int64 {
	org, person, offset, err := openPlain(cursor)
	if err != nil || org != s.org || person != s.person {
		s.problems = append(s.problems, fmt.Errorf("cursor %q on the screen of %d/%d (%v)", cursor, s.org, s.person, err))
	}
	return offset
}

// seen returns the offsets of the messages so far and the first problem, if any.
func (s *screen) seen() ([]int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got), errors.Join(s.problems...)
}

// bodies returns the messages so far as JSON.
func (s *screen) bodies() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.texts)
}

// others returns the frames that are no messages.
func (s *screen) others() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.frames)
}

// pong answers the last ping, as a browser does by itself.
func (s *screen) pong() {
	s.mu.Lock()
	payload := slices.Clone(s.ping)
	s.mu.Unlock()
	s.conn.Ponged(payload)
}

// closed returns the close code, 0 while open.
func (s *screen) closed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.code
}
