//go:build !linux

package bench

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"
)

var errLinux = errors.New("the benchmark needs Linux: it reads sockets through epoll and memory from /proc")

type reader struct {
	tally  tally
	round  atomic.Pointer[round]
	prompt func([]byte) []byte
}

func newReader() (*reader, error)                                         { return nil, errLinux }
func (*reader) close()                                                    {}
func (*reader) err() error                                                { return errLinux }
func (*reader) write(*screen, []byte)                                     {}
func (*reader) open(context.Context, *screen, *net.TCPAddr, net.IP) error { return errLinux }
func (*reader) allow(int, int)                                            {}
func (*reader) caughtUp(context.Context, int) error                       { return errLinux }
func residentKB(int) (int64, error)                                       { return 0, errLinux }
func processorTime(int) (time.Duration, error)                            { return 0, errLinux }
func settledKB(context.Context, int) (int64, error)                       { return 0, errLinux }

// ServeLimit needs Linux.
func ServeLimit(context.Context, io.Reader, io.Writer) error { return errLinux }
