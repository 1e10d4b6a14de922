package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crier/hub"
	"crier/internal/cursor"
	"crier/internal/testkit"
)

// quiet is a journal in which nothing happens.
type quiet struct{}

func (quiet) Heads(context.Context, []int64) (map[int64]int64, error) { return nil, nil }
func (quiet) Entries(context.Context, int64, int64, int) ([]hub.Entry, error) {
	return nil, nil
}
func (quiet) Missed(context.Context, int64, int64, int64, int) ([]hub.Missed, int64, error) {
	return nil, 0, nil
}
func (quiet) Start(context.Context, int64, int64) (int64, error) { return 0, nil }
func (quiet) Plan(int64, hub.Entry) hub.Plan                     { return hub.Plan{} }
func (quiet) Encode(int64, hub.Entry) []byte                     { return nil }
func (quiet) Decode(int64, []byte) (hub.Entry, error)            { return hub.Entry{}, nil }

func newHub(t testing.TB, backlog int) *hub.Hub {
	h := hub.New(hub.Options{Node: "n", Backlog: backlog}, quiet{}, quiet{}, cursor.NewSealer(make([]byte, 32)), hub.NewLocal())
	h.Start()
	t.Cleanup(h.Stop)
	return h
}

// TestFramesNeverInterleave: the hub writes long frames through small buffers while the peer
// pings without pause, answered by the hub and, until it has the connection, by the library. The
// peer decodes every frame whole: all of the hub's and all pongs, each in order.
func TestFramesNeverInterleave(t *testing.T) {
	for _, library := range []bool{false, true} {
		t.Run(fmt.Sprint("library ", library), func(t *testing.T) {
			const frames, pings = 200, 1000
			addr, clients := upgraded(t)
			p := open(t, addr, nil)
			c := <-clients
			conn := newHub(t, 1<<30).Attach(out{c.sock}, hub.Identity{Org: 1, Person: 1}, 0, true)
			if !library {
				c.conn.Store(conn)
			}
			ended := pump(c.sock)
			read := make(chan struct{}, 10) // so that no pong of the library's waits for 5 s of the hub's frames
			var writers sync.WaitGroup
			writers.Go(func() {
				for i := range frames {
					select {
					case read <- struct{}{}:
						conn.Send(hub.NewFrame(fmt.Appendf(nil, `{"n":%d,"x":%q}`, i, strings.Repeat("x", i*37%9000))))
					case <-ended:
						return
					}
				}
			})
			writers.Go(func() {
				for i := range pings {
					p.send(masked(opPing, fmt.Sprintf("%0*d", 1+i%125, i%10)))
				}
			})
			text, pong := 0, 0
			for text < frames || pong < pings {
				f, err := p.next()
				if err != nil {
					t.Fatalf("after %d frames and %d pongs: %v", text, pong, err)
				}
				switch f.op {
				case opPong:
					if want := fmt.Sprintf("%0*d", 1+pong%125, pong%10); f.payload != want {
						t.Fatalf("pong %d is %q, not %q", pong, f.payload, want)
					}
					pong++
				case opText:
					var v struct{ N int }
					if err := json.Unmarshal([]byte(f.payload), &v); err != nil || v.N != text {
						t.Fatalf("frame %d is %.100q (%v)", text, f.payload, err)
					}
					text++
					<-read
				default:
					t.Fatalf("opcode %d %q", f.op, f.payload)
				}
			}
			writers.Wait()
			conn.Close(4408, "enough")
			if code := p.closed(); code != 4408 {
				t.Errorf("closed with %d", code)
			}
			<-ended
			conn.Detach()
		})
	}
}

// TestPongWaitsForAHalfWrittenFrame, then follows it.
func TestPongWaitsForAHalfWrittenFrame(t *testing.T) {
	addr, clients := upgraded(t)
	p := open(t, addr, nil)
	s := (<-clients).sock
	pump(s)
	long := strings.Repeat("x", 1<<20)
	b := hub.NewFrame([]byte(long)).Bytes()
	n, err := out{s}.TryWrite(b)
	if err != nil || n == 0 || n == len(b) {
		t.Fatalf("%d of %d bytes were taken (%v), not some", n, len(b), err)
	}
	p.send(masked(opPing, "are you there?"))
	testkit.Eventually(t, limit, "the library to want to write", func() error {
		s.mu.Lock() // it waits for the frame, not with the lock
		defer s.mu.Unlock()
		if !s.partly {
			return errors.New("the frame is not known to be half out")
		}
		return nil
	})
	wrote := make(chan error, 1)
	go func() { wrote <- out{s}.Write(b[n:]) }()
	if got := p.expect(opText); got != long {
		t.Errorf("a frame of %d bytes, not %d", len(got), len(long))
	}
	if got := p.expect(opPong); got != "are you there?" {
		t.Errorf("pong %q", got)
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
}

// TestPongThatWaitsStallsNobody: a peer that pings and does not read makes the library wait
// for the kernel. The hub, which serves others too, must not wait with it.
func TestPongThatWaitsStallsNobody(t *testing.T) {
	addr, clients := upgraded(t)
	p := open(t, addr, nil)
	s := (<-clients).sock
	pump(s)
	flood := make(chan struct{})
	go func() {
		defer close(flood)
		ping := masked(opPing, strings.Repeat("x", 125))
		for {
			if _, err := p.Write(ping); err != nil {
				return
			}
		}
	}()
	testkit.Eventually(t, limit, "a pong that waits for the kernel", func() error {
		for range 200 {
			if s.mu.TryLock() {
				s.mu.Unlock()
				return errors.New("the library does not write")
			}
			time.Sleep(time.Millisecond) //nolint:forbidigo // the condition is the kernel's
		}
		return nil
	})
	began := time.Now()
	_, err := out{s}.TryWrite(hub.NewFrame([]byte(`{}`)).Bytes())
	if took := time.Since(began); took > time.Second {
		t.Errorf("TryWrite took %v", took)
	}
	if err != nil {
		t.Error(err)
	}
	_ = s.ws.CloseNow()
	_ = p.Close()
	<-flood
}

// TestNothingFollowsAClose: the hub goes on writing while the connection is being closed.
func TestNothingFollowsAClose(t *testing.T) {
	addr, clients := upgraded(t)
	p := open(t, addr, nil)
	s := (<-clients).sock
	ended := pump(s)
	conn := newHub(t, 0).Attach(out{s}, hub.Identity{Org: 1, Person: 1}, 0, true)
	room := make(chan struct{}, 50) // frames on their way, few enough not to be too slow
	var writer sync.WaitGroup
	writer.Go(func() {
		for {
			select {
			case <-ended:
				return
			case room <- struct{}{}:
				conn.Send(hub.NewFrame([]byte(`{"type":"event"}`)))
			}
		}
	})
	for range 100 {
		p.expect(opText)
		<-room
	}
	conn.Close(4403, "not allowed")
	conn.Close(4400, "only the first counts")
	if code := p.closed(); code != 4403 {
		t.Errorf("closed with %d", code)
	}
	<-ended
	writer.Wait()
	conn.Detach()
	if _, err := (out{s}).TryWrite([]byte{0x81, 0}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("writing to an ended socket: %v", err)
	}
	if err := (out{s}).Write([]byte{0x81, 0}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("writing to an ended socket: %v", err)
	}
}

// TestEarlyBytes: what comes in one segment with the upgrade request is read as frames.
func TestEarlyBytes(t *testing.T) {
	for _, sizes := range [][]int{{}, {1}, {100}, {125, 126}, {readBuffer}, {600, 3, 700}, {3000}, {5000}, {100, 60_000, 1}, {1, 1, 1, 1, 1, 1, 1, 1}} {
		t.Run(fmt.Sprint(sizes), func(t *testing.T) {
			addr, clients := upgraded(t)
			var early []byte
			want := make([]string, 0, len(sizes)+1)
			for i, n := range sizes {
				want = append(want, strings.Repeat(string(rune('a'+i)), n))
				early = append(early, masked(opText, want[i])...)
			}
			p := open(t, addr, early)
			p.send(masked(opText, "later"))
			s := (<-clients).sock
			s.ws.SetReadLimit(1 << 20)
			for _, w := range append(want, "later") {
				got, err := s.read(t.Context())
				if err != nil || string(got) != w {
					t.Fatalf("read %.20q of %d bytes (%v), not %d bytes", got, len(got), err, len(w))
				}
			}
		})
	}
}

func TestHalfAnEarlyFrame(t *testing.T) {
	addr, clients := upgraded(t)
	b := masked(opText, strings.Repeat("x", 2000))
	p := open(t, addr, b[:700])
	s := (<-clients).sock
	p.send(b[700:])
	if got, err := s.read(t.Context()); err != nil || len(got) != 2000 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestBinaryFrame(t *testing.T) {
	addr, clients := upgraded(t)
	p := open(t, addr, append(masked(opBinary, "x"), masked(opText, "y")...))
	s := (<-clients).sock
	if _, err := s.read(t.Context()); !errors.Is(err, errBinary) {
		t.Errorf("%v", err)
	}
	if got, err := s.read(t.Context()); err != nil || string(got) != "y" {
		t.Errorf("after a binary frame %q, %v", got, err)
	}
	_ = p.Close()
	if _, err := s.read(t.Context()); err == nil {
		t.Error("the peer is gone")
	}
}

// TestPeerThatNeverReads is given up after the write time-out. The pipe has no buffer and no
// descriptor, as a TLS connection has none of use.
func TestPeerThatNeverReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close() //nolint:errcheck // a pipe's end
		s := newSocket(ours)
		frame := hub.NewFrame([]byte(`{}`)).Bytes()
		if n, err := (out{s}).TryWrite(frame); n != 0 || err != nil {
			t.Errorf("TryWrite: %d, %v", n, err)
		}
		began := time.Now()
		if err := (out{s}).Write(frame); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write: %v", err)
		}
		if took := time.Since(began); took != writeTime {
			t.Errorf("given up after %v, not %v", took, writeTime)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := s.Write([]byte{0x8a, 0}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the library writes to a closed socket: %v", err)
		}
	})
}

// TestLibraryWaitsForTheHub: a control frame waits while a frame is half out, and goes on with
// the end of the frame or of the socket.
func TestLibraryWaitsForTheHub(t *testing.T) {
	for _, closes := range []bool{false, true} {
		t.Run(fmt.Sprint("closes ", closes), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				defer theirs.Close() //nolint:errcheck // a pipe's end
				s := newSocket(ours)
				s.partly = true
				wrote := make(chan error, 1)
				go func() {
					_, err := s.Write([]byte{0x8a, 0})
					wrote <- err
				}()
				synctest.Wait()
				if len(wrote) > 0 {
					t.Fatal("the library did not wait")
				}
				if closes {
					_ = s.Close()
					if err := <-wrote; !errors.Is(err, net.ErrClosed) {
						t.Errorf("after the end of the socket: %v", err)
					}
					return
				}
				go func() {
					if err := (out{s}).Write([]byte("rest")); err != nil {
						t.Error(err)
					}
				}()
				var got [6]byte
				if _, err := io.ReadFull(theirs, got[:]); err != nil || string(got[:]) != "rest\x8a\x00" {
					t.Errorf("%q, %v", got, err)
				}
				if err := <-wrote; err != nil {
					t.Errorf("after the frame: %v", err)
				}
				_ = s.Close()
			})
		})
	}
}

// TestCloseFreesTheHub, which waits for a peer that does not read.
func TestCloseFreesTheHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close() //nolint:errcheck // a pipe's end
		s := newSocket(ours)
		wrote := make(chan error, 1)
		go func() { wrote <- out{s}.Write([]byte{0x81, 0}) }()
		synctest.Wait()
		began := time.Now()
		_ = s.Close()
		if err := <-wrote; err == nil || time.Since(began) > 0 {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// TestPingDoesNotStopTheReading: while the peer takes nothing, its pings are noted and what it
// says is heard.
func TestPingDoesNotStopTheReading(t *testing.T) {
	addr, clients := upgraded(t)
	p := open(t, addr, nil)
	c := <-clients
	conn := newHub(t, 1<<30).Attach(out{c.sock}, hub.Identity{Org: 1, Person: 1}, 0, true)
	c.conn.Store(conn)
	defer conn.Detach()
	long := strings.Repeat("x", 1<<20)
	conn.Send(hub.NewFrame([]byte(long)))
	p.send(append(masked(opPing, "one"), masked(opText, "two")...))
	if got, err := c.sock.read(t.Context()); err != nil || string(got) != "two" {
		t.Fatalf("read %q, %v", got, err)
	}
	if got := p.expect(opText); got != long {
		t.Errorf("%d bytes", len(got))
	}
	if got := p.expect(opPong); got != "one" {
		t.Errorf("pong %q", got)
	}
}

// TestPeerThatStopsReadingIsReleased: a peer that takes nothing more holds no connection, be it
// the hub that writes or the library, and whatever the peer itself still sends.
func TestPeerThatStopsReadingIsReleased(t *testing.T) {
	for _, library := range []bool{false, true} {
		t.Run(fmt.Sprint("library ", library), func(t *testing.T) {
			addr, clients := upgraded(t)
			p := open(t, addr, nil)
			c := <-clients
			c.sock.writeTime = 100 * time.Millisecond
			h := newHub(t, 1<<20)
			conn := h.Attach(out{c.sock}, hub.Identity{Org: 1, Person: 1}, 0, true)
			ended := pump(c.sock)
			if library {
				go func() { // pongs of the library's, until the kernel takes no more
					for range 200_000 {
						if _, err := c.sock.Write(append([]byte{0x8a, 125}, make([]byte, 125)...)); err != nil {
							conn.Close(hub.CloseSlow, "too slow")
							return
						}
					}
				}()
			} else {
				conn.Send(hub.NewFrame([]byte(strings.Repeat("x", 16<<20))))
			}
			talking := make(chan struct{})
			go func() {
				defer close(talking)
				for {
					select {
					case <-ended:
						return
					default:
						if _, err := p.Write(masked(opText, beat)); err != nil {
							return
						}
					}
				}
			}()
			select {
			case <-ended:
			case <-time.After(limit):
				t.Fatal("the connection is held")
			}
			conn.Detach()
			if n := h.Stats().Connections; n != 0 {
				t.Errorf("%d connections", n)
			}
			_ = p.Close()
			<-talking
		})
	}
}

func TestOriginAllowed(t *testing.T) {
	allowed := []string{"https://crier.example", "http://127.0.0.1:8080"}
	for name, test := range map[string]struct {
		origin        []string
		cookie, plain bool // allowed with a cookie, and without
	}{
		"missing":            {nil, false, true},
		"exact":              {[]string{"https://crier.example"}, true, true},
		"exact with a port":  {[]string{"http://127.0.0.1:8080"}, true, true},
		"other scheme":       {[]string{"http://crier.example"}, false, false},
		"other port":         {[]string{"https://crier.example:8443"}, false, false},
		"default port named": {[]string{"https://crier.example:443"}, false, false},
		"no port":            {[]string{"http://127.0.0.1"}, false, false},
		"other host":         {[]string{"https://evil.example"}, false, false},
		"subdomain":          {[]string{"https://a.crier.example"}, false, false},
		"prefix":             {[]string{"https://crier.example.evil"}, false, false},
		"suffix":             {[]string{"https://evilcrier.example"}, false, false},
		"a path":             {[]string{"https://crier.example/"}, false, false},
		"capitals":           {[]string{"https://CRIER.example"}, false, false},
		"null":               {[]string{"null"}, false, false},
		"empty":              {[]string{""}, false, false},
		"star":               {[]string{"*"}, false, false},
		"two":                {[]string{"https://crier.example", "https://crier.example"}, false, false},
		"ours, then another": {[]string{"https://crier.example", "https://evil.example"}, false, false},
		"empty, then ours":   {[]string{"", "https://crier.example"}, false, false},
		"both in one":        {[]string{"https://crier.example, https://evil.example"}, false, false},
		"the host's own":     {[]string{"https://crier.test"}, false, false},
	} {
		for cookie, want := range map[bool]bool{true: test.cookie, false: test.plain} {
			r := &http.Request{Host: "crier.test", Header: http.Header{}}
			if test.origin != nil {
				r.Header["Origin"] = test.origin
			}
			if got := originAllowed(r, allowed, cookie); got != want {
				t.Errorf("%s, cookie %v: %v", name, cookie, got)
			}
		}
	}
	if originAllowed(&http.Request{Header: http.Header{"Origin": {""}}}, nil, false) {
		t.Error("an empty origin with nothing allowed")
	}
}
