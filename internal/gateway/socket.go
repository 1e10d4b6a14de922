package gateway

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/coder/websocket"
)

// writeTime is how long a socket may refuse to take anything before it is given up.
const writeTime = 60 * time.Second

// socket is the transport of one connection: a net.Conn on which coder/websocket reads
// and closes, and the hub writes finished frames. A frame of one never lands inside a frame of
// the other.
type socket struct {
	net.Conn
	raw syscall.RawConn // nil where writing without waiting is not possible (TLS)
	ws  *websocket.Conn // set once, before the hub knows the socket

	writeTime time.Duration // how long one write may wait

	mu      sync.Mutex // held while writing
	free    sync.Cond  // signalled when partly becomes false or closed true
	partly  bool       // the hub's frame is written in part: the library waits
	ended   bool       // a close frame is out: nothing may follow it (RFC 6455 section 5.5.1)
	closed  bool
	closing atomic.Bool // we are ending the connection: what the client still says is not heard

	// try's arguments and results, guarded by mu; a bound func spares an allocation per frame.
	try func(fd uintptr) bool
	p   []byte
	n   int
	err error
}

func newSocket(c net.Conn) *socket {
	s := &socket{Conn: c, writeTime: writeTime}
	s.free.L = &s.mu
	s.try = s.tryWrite
	if sc, ok := c.(syscall.Conn); ok {
		s.raw, _ = sc.SyscallConn()
	}
	return s
}

// Write is the library's: a control frame, whole. It waits while one of the hub's frames is
// half out, and then up to writeTime for the socket.
func (s *socket) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.partly && !s.closed {
		s.free.Wait()
	}
	if s.closed {
		return 0, net.ErrClosed
	}
	if p[0]&0x0f == 8 {
		s.ended = true
	}
	return s.bounded(p)
}

// bounded writes all of p, waiting up to writeTime. A deadline is left to nobody. s.mu is held.
func (s *socket) bounded(p []byte) (int, error) {
	if err := s.Conn.SetWriteDeadline(time.Now().Add(s.writeTime)); err != nil {
		return 0, err
	}
	n, err := s.Conn.Write(p)
	if err == nil {
		err = s.Conn.SetWriteDeadline(time.Time{})
	}
	return n, err
}

// Close ends the network connection.
func (s *socket) Close() error {
	err := s.Conn.Close() // first: it frees a writer that holds the lock
	s.mu.Lock()
	s.closed = true
	s.free.Broadcast()
	s.mu.Unlock()
	return err
}

// out is the hub's side of a socket (hub.Socket).
type out struct{ *socket }

// TryWrite writes what the kernel takes now.
func (o out) TryWrite(p []byte) (int, error) {
	s := o.socket
	if !s.mu.TryLock() { // the library may be waiting for the kernel to take a control frame
		return 0, nil
	}
	defer s.mu.Unlock()
	if s.closed || s.ended {
		return 0, net.ErrClosed
	}
	if s.raw == nil {
		return 0, nil
	}
	s.p, s.n, s.err = p, 0, nil
	err := s.raw.Write(s.try)
	s.p = nil
	if err == nil {
		err = s.err
	}
	s.partly = err == nil && s.n > 0 && s.n < len(p)
	return s.n, err
}

// tryWrite is called by RawConn.Write with the descriptor; true means: do not wait.
func (s *socket) tryWrite(fd uintptr) bool {
	for s.n < len(s.p) {
		n, err := syscall.Write(int(fd), s.p[s.n:])
		switch {
		case err == nil:
			s.n += n
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			return true
		default:
			s.err = err
			return true
		}
	}
	return true
}

// Write writes all of p, waiting up to writeTime for the socket. p ends with a whole
// frame.
func (o out) Write(p []byte) error {
	s := o.socket
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.ended {
		return net.ErrClosed
	}
	_, err := s.bounded(p)
	s.partly = false
	s.free.Broadcast()
	return err
}

// Close sends the close frame and ends the connection, in the background.
func (o out) Close(code int, reason string) {
	s := o.socket
	if s.closing.Swap(true) {
		return
	}
	go func() {
		// The library waits for the other side up to 5 s and then cuts.
		_ = s.ws.Close(websocket.StatusCode(code), reason)
		_ = s.ws.CloseNow()
	}()
}

// read returns the next text frame; ctx bounds the wait.
func (s *socket) read(ctx context.Context) ([]byte, error) {
	kind, b, err := s.ws.Read(ctx)
	if err != nil {
		return nil, err
	}
	if kind != websocket.MessageText {
		return nil, errBinary
	}
	return b, nil
}

var errBinary = errors.New("gateway: binary frame")
