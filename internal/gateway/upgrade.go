package gateway

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"slices"
	"strings"

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
// Origin and any scheme of the same host pass; originAllowed does not. pinged hears each ping
// and reports whether the library shall answer it; ponged hears each pong.
func upgrade(w http.ResponseWriter, r *http.Request, pinged func(payload []byte) bool, ponged func(payload []byte)) (*socket, error) {
	lean := &leanWriter{ResponseWriter: w}
	ws, err := websocket.Accept(lean, r, &websocket.AcceptOptions{
		Subprotocols:       append([]string{protocol.Subprotocol}, offered(r)...),
		InsecureSkipVerify: true,
		CompressionMode:    websocket.CompressionDisabled,
		OnPingReceived:     func(_ context.Context, payload []byte) bool { return pinged(payload) },
		OnPongReceived:     func(_ context.Context, payload []byte) { ponged(payload) },
	})
	if err != nil {
		return nil, err
	}
	lean.sock.ws = ws
	return lean.sock, nil
}

// offered lists the subprotocols of the request. One that we do not speak is taken up
// all the same, and the socket closed with a code that says why: a browser whose
// subprotocol is not taken up fails without one (WHATWG WebSockets, "establish a
// WebSocket connection"), and the page would try for ever.
func offered(r *http.Request) []string {
	var list []string
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for name := range strings.SplitSeq(line, ",") {
			list = append(list, strings.TrimSpace(name))
		}
	}
	return list
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
