package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// ServeLimit is the raw writer: the limit that a server which stores nothing, checks nothing and encodes nothing would have
// here. It listens on a loopback port, prints the address, and obeys lines from in:
//
//	accept N     accept N connections                     → "accepted N"
//	frame TEXT   the text of the frame to be written      → "framed"
//	write        write the frame to every connection, with bare write(2), from two threads
//
// "write" is not answered: whoever gave the order reads the connections. It returns when in ends.
func ServeLimit(ctx context.Context, in io.Reader, out io.Writer) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	if _, err := fmt.Fprintln(out, listener.Addr()); err != nil {
		return err
	}
	w := newRawWriter()
	defer w.stop()
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 64<<10), 64<<10)
	for lines.Scan() {
		order, rest, _ := strings.Cut(lines.Text(), " ")
		switch order {
		case "accept":
			n, err := strconv.Atoi(rest)
			if err != nil {
				return err
			}
			for range n {
				if err := w.accept(listener); err != nil {
					return err
				}
			}
			if _, err := fmt.Fprintln(out, "accepted", n); err != nil {
				return err
			}
		case "frame":
			w.frame = plain([]byte(rest))
			if _, err := fmt.Fprintln(out, "framed"); err != nil {
				return err
			}
		case "write":
			w.write()
		default:
			return fmt.Errorf("bench limit: no such order: %q", order)
		}
	}
	return lines.Err()
}

const rawThreads = 2

type rawWriter struct {
	frame []byte
	conns []net.Conn // keeps the descriptors open
	fds   [rawThreads][]int
	turn  [rawThreads]chan struct{}
	done  sync.WaitGroup
}

func newRawWriter() *rawWriter {
	w := &rawWriter{}
	for i := range w.turn {
		w.turn[i] = make(chan struct{})
		go func() {
			runtime.LockOSThread()
			for range w.turn[i] {
				for _, fd := range w.fds[i] {
					if n, err := syscall.Write(fd, w.frame); n != len(w.frame) {
						panic(fmt.Sprintf("bench limit: wrote %d of %d bytes: %v", n, len(w.frame), err))
					}
				}
				w.done.Done()
			}
		}()
	}
	return w
}

func (w *rawWriter) accept(l net.Listener) error {
	c, err := l.Accept()
	if err != nil {
		return err
	}
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return err
	}
	i := len(w.conns) % rawThreads
	w.conns = append(w.conns, c)
	return raw.Control(func(fd uintptr) { w.fds[i] = append(w.fds[i], int(fd)) })
}

func (w *rawWriter) write() {
	w.done.Add(rawThreads)
	for _, turn := range w.turn {
		turn <- struct{}{}
	}
	w.done.Wait()
}

func (w *rawWriter) stop() {
	for _, turn := range w.turn {
		close(turn)
	}
}
