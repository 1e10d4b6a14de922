package bench

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// reader reads all screens from one thread: one epoll set, one buffer, no goroutine and no allocation per frame. What a
// load client costs is taken from the server it shares two cores with, so it costs as little as it can; the raw writer's
// sockets are read by the same thread in the same way.
type reader struct {
	ep     int                        // the epoll set
	prompt func(cursor []byte) []byte // makes the receipt to write for a message at once; nil: none. Set before any screen opens

	tally tally
	round atomic.Pointer[round]
	stop  atomic.Bool
	ended sync.WaitGroup

	mu      sync.Mutex
	screens []*screen // by the number that the epoll set knows them by; append only

	ready  chan struct{} // one token per screen that has caught up
	window chan struct{} // bounds the screens that are being opened
	failed atomic.Pointer[error]
	broken chan struct{} // closed with the first failure
}

func newReader() (*reader, error) {
	ep, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	r := &reader{ep: ep, ready: make(chan struct{}, 1<<16), window: make(chan struct{}, opening), broken: make(chan struct{})}
	r.ended.Go(r.run)
	return r, nil
}

// allow sets how many of n screens may be opened at once, 0 = all. Call it before any opens.
func (r *reader) allow(atOnce, n int) {
	if atOnce == 0 {
		atOnce = n
	}
	r.window = make(chan struct{}, atOnce)
}

// close ends the thread and closes every socket.
func (r *reader) close() {
	r.stop.Store(true)
	r.ended.Wait()
	for _, s := range r.screens {
		if s.fd >= 0 {
			_ = syscall.Close(s.fd)
		}
	}
	_ = syscall.Close(r.ep)
}

// open connects one screen to addr from a loopback source address of its own choice and starts the upgrade. It waits while
// too many others are being opened. A raw screen is ready at once.
func (r *reader) open(ctx context.Context, s *screen, addr *net.TCPAddr, source net.IP) error {
	if !s.raw {
		select {
		case r.window <- struct{}{}:
		case <-r.broken:
			return r.err()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.opened = time.Now()
	fd, err := dial(addr, source)
	if err != nil {
		return fmt.Errorf("connect a screen to %v: %w", addr, err)
	}
	s.fd = fd
	if !s.raw {
		if _, err := syscall.Write(fd, upgradeRequest(addr.String())); err != nil {
			return fmt.Errorf("ask for an upgrade: %w", err)
		}
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		return err
	}
	r.mu.Lock()
	r.screens = append(r.screens, s)
	n := len(r.screens) - 1
	r.mu.Unlock()
	return syscall.EpollCtl(r.ep, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(n)})
}

// caughtUp waits until n screens more have caught up.
func (r *reader) caughtUp(ctx context.Context, n int) error {
	for range n {
		select {
		case <-r.ready:
		case <-r.broken:
			return r.err()
		case <-ctx.Done():
			return fmt.Errorf("screens that opened did not catch up: %w", ctx.Err())
		}
	}
	return r.err()
}

func (r *reader) err() error {
	if p := r.failed.Load(); p != nil {
		return *p
	}
	return nil
}

func (r *reader) fail(err error) {
	if r.failed.CompareAndSwap(nil, &err) {
		close(r.broken)
	}
}

func (r *reader) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	events := make([]syscall.EpollEvent, 512)
	buffer := make([]byte, 256<<10)
	const look = 100 // ms between looks at stop
	for !r.stop.Load() {
		n, err := syscall.EpollWait(r.ep, events, look)
		if err != nil {
			if errors.Is(err, syscall.EINTR) {
				continue
			}
			r.fail(fmt.Errorf("epoll: %w", err))
			return
		}
		if n == 0 {
			continue
		}
		r.mu.Lock()
		screens := r.screens
		r.mu.Unlock()
		for _, e := range events[:n] {
			r.read(screens[e.Fd], buffer)
		}
	}
}

// read takes what a socket has and hears every whole frame of it.
func (r *reader) read(s *screen, buffer []byte) {
	if s.fd < 0 {
		return
	}
	kept := copy(buffer, s.partial)
	n, err := syscall.Read(s.fd, buffer[kept:])
	now := time.Now()
	current := r.round.Load()
	switch {
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
		return
	case err != nil, n == 0:
		r.lose(s, fmt.Errorf("a screen's socket ended: %w", cmp.Or(err, io.EOF)))
		return
	}
	in := buffer[:kept+n]
	if s.hello != nil {
		if in = r.upgraded(s, in); in == nil {
			return
		}
	}
	for {
		op, payload, rest, ok, err := cut(in)
		if err != nil {
			r.lose(s, err)
			return
		}
		if !ok {
			break
		}
		if op == opClose {
			r.lose(s, fmt.Errorf("the server closed a screen: % x", payload))
			return
		}
		answer, ready, fresh := s.hear(op, payload, now, current, &r.tally)
		if fresh && r.prompt != nil {
			answer = r.prompt(s.cursor[:])
		}
		if answer != nil {
			r.write(s, answer)
		}
		if ready {
			r.ready <- struct{}{}
			<-r.window
		}
		in = rest
	}
	if len(in) == 0 {
		s.partial = s.partial[:0]
		return
	}
	s.partial = append(s.partial[:0], in...)
}

// upgraded waits for the whole answer to the upgrade, then says hello. It returns what came behind the answer, nil as long
// as it is not whole.
func (r *reader) upgraded(s *screen, in []byte) []byte {
	head, rest, whole := bytes.Cut(in, []byte("\r\n\r\n"))
	if !whole {
		s.partial = append(s.partial[:0], in...)
		return nil
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
		line, _, _ := bytes.Cut(head, []byte("\r\n"))
		r.lose(s, fmt.Errorf("the server refused a socket: %s", line))
		return nil
	}
	hello := s.hello
	s.hello, s.partial = nil, nil
	r.write(s, hello)
	return rest
}

// write sends a small frame; a socket that does not take it at once is no screen of this run any more.
func (r *reader) write(s *screen, frame []byte) {
	if n, err := syscall.Write(s.fd, frame); n != len(frame) {
		r.lose(s, fmt.Errorf("write to the server: %d of %d bytes: %w", n, len(frame), err))
	}
}

// lose ends a screen before its time.
func (r *reader) lose(s *screen, err error) {
	r.fail(err)
	r.tally.closed.Add(1)
	_ = syscall.Close(s.fd)
	s.fd = -1
}

func upgradeRequest(host string) []byte {
	return []byte("GET /socket HTTP/1.1\r\nHost: " + host + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: Y3JpZXItYmVuY2gtc29jaw==\r\nSec-WebSocket-Protocol: crier.v1\r\n\r\n")
}

// dial makes a connected, blocking socket. Go's own dialler would register it with its poller, and duplicate its
// descriptor to hand it out.
func dial(addr *net.TCPAddr, source net.IP) (int, error) {
	ip := addr.IP.To4()
	if ip == nil {
		return -1, fmt.Errorf("%v is not an IPv4 address", addr)
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	err = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	if err == nil && source != nil {
		const bindAddressNoPort = 24 // IP_BIND_ADDRESS_NO_PORT, <linux/in.h>: the port is chosen at connect, so more fit
		_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_IP, bindAddressNoPort, 1)
		err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte(source.To4())})
	}
	if err == nil {
		err = syscall.Connect(fd, &syscall.SockaddrInet4{Port: addr.Port, Addr: [4]byte(ip)})
	}
	if err != nil {
		_ = syscall.Close(fd)
		return -1, err
	}
	return fd, nil
}
