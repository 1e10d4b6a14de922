package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// poster sends the measured requests over one connection that stays open: a request is one write, so that the time before
// it is the time of "writing the POST".
type poster struct {
	server *server
	conn   net.Conn
	in     *bufio.Reader
}

// answer is what came back for a request.
type answer struct {
	status int
	header http.Header
	body   []byte
	after  time.Duration // from writing the request to having read the answer
}

const postLimit = 30 * time.Second

// prepare makes the bytes of a request.
func (p *poster) prepare(ctx context.Context, path string, in any) ([]byte, error) {
	return p.prepareAs(ctx, p.server.Key, path, in)
}

// prepareAs is prepare for whoever the token is of.
func (p *poster) prepareAs(ctx context.Context, token, path string, in any) ([]byte, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	head := fmt.Sprintf("POST /api/v1%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
		path, p.server.tcp, token, len(body))
	return append([]byte(head), body...), p.connect(ctx)
}

// connect opens the connection unless it is open.
func (p *poster) connect(ctx context.Context) (err error) {
	if p.conn != nil {
		return nil
	}
	p.conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", p.server.tcp.String())
	if err == nil {
		p.in = bufio.NewReader(p.conn)
	}
	return err
}

// post writes a prepared request at start and reads its answer.
func (p *poster) post(request []byte, start time.Time) (a answer, err error) {
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if err := p.conn.SetDeadline(start.Add(postLimit)); err != nil {
		return a, err
	}
	if _, err := p.conn.Write(request); err != nil {
		return a, err
	}
	resp, err := http.ReadResponse(p.in, nil)
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	a.status, a.header = resp.StatusCode, resp.Header
	a.body, err = io.ReadAll(resp.Body)
	a.after = time.Since(start)
	if resp.Close {
		p.close()
	}
	return a, err
}

func (p *poster) close() {
	if p.conn != nil {
		_ = p.conn.Close()
		p.conn = nil
	}
}
