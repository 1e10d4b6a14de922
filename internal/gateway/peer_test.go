package gateway

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// peer is a WebSocket client of bare bytes: it sees what really travels.
type peer struct {
	t testing.TB
	net.Conn
	r *bufio.Reader
}

const limit = 20 * time.Second // for what must happen

// small is the size of the kernel's buffers at both ends, so that writing must wait.
const small = 8 << 10

// serveTiny serves h over TCP with small send buffers.
func serveTiny(t testing.TB, h http.Handler) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: limit}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(tiny{l})
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return l.Addr().String()
}

type tiny struct{ net.Listener }

func (l tiny) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		err = tcp.SetWriteBuffer(small)
	}
	return c, err
}

// dial connects with a small receive buffer and asks for the upgrade; early is sent in the same segment. It returns the answer's status.
func dial(t testing.TB, addr string, header []string, early []byte) (*peer, int) {
	t.Helper()
	d := net.Dialer{Timeout: limit, Control: func(_, _ string, raw syscall.RawConn) error {
		var set error
		err := raw.Control(func(fd uintptr) { set = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, small) })
		if err != nil {
			return err
		}
		return set
	}}
	c, err := d.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(limit)); err != nil {
		t.Fatal(err)
	}
	lines := append([]string{
		"GET /socket HTTP/1.1", "Host: crier.test", "Connection: Upgrade", "Upgrade: websocket",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
	}, header...)
	p := &peer{t: t, Conn: c, r: bufio.NewReader(c)}
	p.send(append([]byte(strings.Join(lines, "\r\n")+"\r\n\r\n"), early...))
	resp, err := http.ReadResponse(p.r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		_ = resp.Body.Close()
	}
	return p, resp.StatusCode
}

// open dials and expects the upgrade.
func open(t testing.TB, addr string, early []byte) *peer {
	t.Helper()
	p, status := dial(t, addr, []string{"Sec-WebSocket-Protocol: crier.v1"}, early)
	if status != http.StatusSwitchingProtocols {
		t.Fatalf("status %d", status)
	}
	return p
}

func (p *peer) send(b []byte) {
	p.t.Helper()
	if _, err := p.Write(b); err != nil {
		p.t.Errorf("the peer cannot write: %v", err)
	}
}

// Opcodes of RFC 6455 section 5.2.
const (
	opText, opBinary, opClose, opPing, opPong = 1, 2, 8, 9, 10
)

// masked makes a frame as a client must send it.
func masked(op byte, payload string) []byte {
	b := []byte{0x80 | op}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	mask := [4]byte{0xde, 0xad, 0xbe, 0xef}
	b = append(b, mask[:]...)
	for i := range len(payload) {
		b = append(b, payload[i]^mask[i%4])
	}
	return b
}

type frame struct {
	op      byte
	payload string
}

// next reads one frame and refuses everything that RFC 6455 forbids a server.
func (p *peer) next() (frame, error) {
	var h [2]byte
	if _, err := io.ReadFull(p.r, h[:]); err != nil {
		return frame{}, err
	}
	op, size := h[0]&0x0f, uint64(h[1])
	switch {
	case h[0]&0xf0 != 0x80 || h[1]&0x80 != 0:
		return frame{}, fmt.Errorf("a frame begins with % x", h)
	case op != opText && op != opClose && op != opPing && op != opPong:
		return frame{}, fmt.Errorf("opcode %d", op)
	case op >= 8 && size > 125:
		return frame{}, fmt.Errorf("a control frame of %d bytes", size)
	}
	var err error
	switch size {
	case 126:
		var b [2]byte
		_, err = io.ReadFull(p.r, b[:])
		size = uint64(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		_, err = io.ReadFull(p.r, b[:])
		size = binary.BigEndian.Uint64(b[:])
	}
	if err != nil {
		return frame{}, err
	}
	if size > 1<<24 {
		return frame{}, fmt.Errorf("a frame of %d bytes", size)
	}
	payload := make([]byte, size)
	if _, err := io.ReadFull(p.r, payload); err != nil {
		return frame{}, err
	}
	return frame{op, string(payload)}, nil
}

// expect reads one frame of a kind.
func (p *peer) expect(op byte) string {
	p.t.Helper()
	f, err := p.next()
	if err != nil || f.op != op {
		p.t.Fatalf("frame %d %.100q (%v), not one of kind %d", f.op, f.payload, err, op)
	}
	return f.payload
}

// closed reads to the close frame and answers it as a client must; it returns the code
// and checks that nothing follows.
func (p *peer) closed() int {
	p.t.Helper()
	for {
		f, err := p.next()
		if err != nil {
			p.t.Fatalf("ended without a close frame: %v", err)
		}
		if f.op != opClose {
			continue
		}
		p.send(masked(opClose, f.payload))
		if f, err := p.next(); err == nil {
			p.t.Errorf("after the close frame came %d %.100q", f.op, f.payload)
		}
		return int(binary.BigEndian.Uint16([]byte(f.payload)))
	}
}

// upgraded serves upgrade alone and returns each connection's reading side.
func upgraded(t testing.TB) (addr string, clients <-chan *client) {
	t.Helper()
	made := make(chan *client, 1)
	addr = serveTiny(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &client{}
		s, err := upgrade(w, r, c.pinged, c.ponged)
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { _ = s.ws.CloseNow() })
		c.sock = s
		made <- c
	}))
	return addr, made
}

// pump reads a socket until it ends, as the gateway does.
func pump(s *socket) (ended <-chan struct{}) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			if _, err := s.read(context.Background()); err != nil {
				return
			}
		}
	}()
	return done
}
