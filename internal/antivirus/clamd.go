// Package antivirus asks clamd, the ClamAV daemon, whether bytes are malware. It is
// optional: without an address nothing is asked.
package antivirus

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"crier/internal/fault"
)

const (
	chunkSize  = 64 << 10
	answerSize = 4 << 10
	retryAfter = 10 * time.Second
)

// Clamd is a clamd that listens on a socket. Safe for concurrent use: each question is
// a connection of its own.
type Clamd struct {
	network, address string
	timeout          time.Duration
}

// New returns the clamd at an address: a path of a Unix socket ("/run/clamav/clamd.ctl",
// with or without "unix:") or host:port. timeout is how long one file may take
// altogether; 0 means 30 s. It asks nothing yet.
func New(address string, timeout time.Duration) (*Clamd, error) {
	if timeout <= 0 {
		timeout = 30 * time.Second
	}
	address = strings.TrimPrefix(address, "tcp:")
	path, named := strings.CutPrefix(address, "unix:")
	if named || strings.HasPrefix(path, "/") {
		return &Clamd{"unix", path, timeout}, nil
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		return nil, fmt.Errorf("the address of clamd must be a path or host:port")
	}
	return &Clamd{"tcp", address, timeout}, nil
}

// Scan sends what r gives and returns nil if clamd finds nothing in it. Errors: Invalid
// (field "file") naming what was found; Unavailable when clamd gave no answer, in
// which case the file must not be taken; r's own.
func (c *Clamd) Scan(ctx context.Context, r io.Reader) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, c.network, c.address)
	if err != nil {
		return away(err)
	}
	defer conn.Close()
	// The connection ends with the context, whatever it waits for.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	source := &source{r: r}
	sent := send(conn, source)
	if source.failed != nil {
		return source.failed
	}
	// A clamd that has enough answers and closes before it has read everything, so the
	// answer counts, and only without one does what went wrong with sending.
	answer, err := io.ReadAll(io.LimitReader(conn, answerSize))
	if len(answer) == 0 {
		return away(errors.Join(sent, err, ctx.Err()))
	}
	return verdict(string(bytes.TrimRight(answer, "\x00\n")))
}

// send speaks INSTREAM (clamd(8)): chunks led by their length, ended by an empty one.
func send(w io.Writer, r io.Reader) error {
	if _, err := io.WriteString(w, "zINSTREAM\x00"); err != nil {
		return err
	}
	buf := make([]byte, 4+chunkSize)
	for {
		n, err := io.ReadFull(r, buf[4:])
		if n > 0 {
			binary.BigEndian.PutUint32(buf, uint32(n))
			if _, err := w.Write(buf[:4+n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	_, err := w.Write([]byte{0, 0, 0, 0})
	return err
}

func verdict(answer string) error {
	answer = strings.TrimPrefix(answer, "stream: ")
	if answer == "OK" {
		return nil
	}
	if name, ok := strings.CutSuffix(answer, " FOUND"); ok {
		return fault.Field("file", "the file was refused: the virus scanner found %s in it", plain(name))
	}
	return away(fmt.Errorf("clamd answered %q", answer))
}

// plain keeps a signature's name to what can be shown.
func plain(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, name)
	return name[:min(len(name), 100)]
}

func away(err error) error {
	e := fault.Wrap(err, fault.Unavailable, "files cannot be checked for viruses at the moment, so none is taken; try again later")
	e.RetryAfter = retryAfter
	return e
}

// source notes an error that is the reader's own.
type source struct {
	r      io.Reader
	failed error
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.failed = err
	}
	return n, err
}
