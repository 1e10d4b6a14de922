package gateway

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"slices"

	"github.com/coder/websocket"

	"crier/internal/protocol"
)

// Bytes that an idle connection keeps for reading and writing. The library needs room for
// a frame header; larger reads go past the buffer.
const (
	readBuffer  = 512
	writeBuffer = 160 // a control frame, whole: it must leave in one write
)

// leanWriter is a ResponseWriter whose Hijack hands over small buffers and our
// socket: net/http's own are 8 KiB for the life of the connection.
type leanWriter struct {
	http.ResponseWriter
	sock *socket
}

// Hijack implements http.Hijacker.
func (w *leanWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.sock = newSocket(c)
	early, _ := rw.Reader.Peek(rw.Reader.Buffered()) // frames sent right behind the request
	r := bufio.NewReaderSize(w.sock, max(readBuffer, len(early)))
	if len(early) > 0 {
		r.Reset(&prefixed{early: append([]byte(nil), early...), Conn: w.sock})
		_, _ = r.Peek(len(early))
	}
	if err := rw.Writer.Flush(); err != nil { // the 101 stands in net/http's buffer
		return nil, nil, err
	}
	return w.sock, bufio.NewReadWriter(r, bufio.NewWriterSize(w.sock, writeBuffer)), nil
}

// prefixed reads what was read too early first.
type prefixed struct {
	early []byte
	net.Conn
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.early) > 0 {
		n := copy(b, p.early)
		p.early = p.early[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}

// upgrade accepts a WebSocket. The library's own origin check is off: it lets a missing
// Origin and any scheme of the same host pass; originAllowed does not.
func upgrade(w http.ResponseWriter, r *http.Request, heard func()) (*socket, error) {
	lean := &leanWriter{ResponseWriter: w}
	ws, err := websocket.Accept(lean, r, &websocket.AcceptOptions{
		Subprotocols:       []string{protocol.Subprotocol},
		InsecureSkipVerify: true,
		CompressionMode:    websocket.CompressionDisabled,
		OnPongReceived:     func(context.Context, []byte) { heard() },
	})
	if err != nil {
		return nil, err
	}
	lean.sock.ws = ws
	return lean.sock, nil
}

// originAllowed reports whether the request's Origin is exactly one of ours. A
// missing Origin comes from no browser: allowed only where no cookie speaks.
func originAllowed(r *http.Request, allowed []string, cookie bool) bool {
	switch origins := r.Header.Values("Origin"); len(origins) {
	case 0:
		return !cookie
	case 1:
		return slices.Contains(allowed, origins[0])
	}
	return false
}
