package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/testkit"
)

// faulty is a proxy before PostgreSQL that does something when a client says a
// word.
type faulty struct {
	listener net.Listener
	to       string
	direct   string // the database's own address

	mu    sync.Mutex
	word  []byte // guarded by mu; nil: forward everything
	then  func(client, server net.Conn, said []byte) (goOn bool)
	conns map[net.Conn]bool // guarded by mu
	all   sync.WaitGroup
}

func newFaulty(t *testing.T, dsn string) (*faulty, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &faulty{listener: l, to: u.Host, direct: dsn, conns: map[net.Conn]bool{}}
	f.all.Go(f.accept)
	t.Cleanup(func() {
		_ = l.Close()
		f.cut()
		f.all.Wait()
	})
	u.Host = l.Addr().String()
	return f, u.String()
}

// on makes the proxy call then once when a client says word.
func (f *faulty) on(word string, then func(client, server net.Conn, said []byte) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.word, f.then = []byte(word), then
}

// cut closes all connections.
func (f *faulty) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		_ = c.Close()
	}
	clear(f.conns)
}

func (f *faulty) accept() {
	for {
		client, err := f.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", f.to)
		if err != nil {
			_ = client.Close()
			continue
		}
		f.mu.Lock()
		f.conns[client], f.conns[server] = true, true
		f.mu.Unlock()
		f.all.Go(func() {
			_, _ = io.Copy(client, server)
			_ = client.Close()
		})
		f.all.Go(func() {
			f.forward(client, server)
			_ = server.Close()
		})
	}
}

func (f *faulty) forward(client, server net.Conn) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		said := buffer[:n]
		f.mu.Lock()
		var then func(client, server net.Conn, said []byte) bool
		if f.word != nil && bytes.Contains(said, f.word) {
			then, f.word = f.then, nil
		}
		f.mu.Unlock()
		if then != nil {
			if !then(client, server, said) {
				return
			}
			continue
		}
		if _, err := server.Write(said); err != nil {
			return
		}
	}
}

func lossy(t *testing.T) (*faulty, *Store, domain.OrganisationID, domain.ExamID) {
	t.Helper()
	f, dsn := newFaulty(t, testkit.Postgres(t))
	s, err := Open(t.Context(), Options{DSN: dsn, Log: zerolog.Nop(), Silence: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	org, exam := hall(t, s, 3)
	return f, s, org, exam
}

// A connection lost during COMMIT is "unknown", whether the server committed or
// not; the retry with the same key finds out and never makes a second sending.
func TestLostDuringCommit(t *testing.T) {
	for name, c := range map[string]struct {
		then      func(client, server net.Conn, said []byte) bool
		committed bool
	}{
		"after the server committed": {func(client, server net.Conn, said []byte) bool {
			_ = client.(*net.TCPConn).CloseWrite() // nothing comes back
			_, _ = server.Write(said)
			return false
		}, true},
		"before it reached the server": {func(client, _ net.Conn, _ []byte) bool { _ = client.Close(); return false }, false},
		"swallowed by the network":     {func(net.Conn, net.Conn, []byte) bool { return true }, false},
	} {
		t.Run(name, func(t *testing.T) {
			f, s, org, exam := lossy(t)
			f.on("COMMIT", c.then)
			_, _, err := s.Append(t.Context(), sending(org, exam, 3, "x", "the-key-1"))
			got, ok := errors.AsType[*fault.Error](err)
			if !ok || got.Code != fault.Unavailable || !got.Unknown || got.RetryAfter <= 0 {
				t.Fatalf("got %v", err)
			}
			if c.committed { // what was written to the server has been obeyed, before its connection goes
				direct := open(t, f.direct)
				testkit.Eventually(t, 20*time.Second, "the server commits", func() error {
					if head, err := direct.Head(t.Context(), org); err != nil || head != 1 {
						return fmt.Errorf("head %d, %w", head, err)
					}
					return nil
				})
			}
			f.cut()
			// Where the server keeps the row until it notices that the client is gone, the
			// retry waits for it, at most until it is itself unavailable.
			testkit.Eventually(t, 20*time.Second, "the retry is answered", func() error {
				e, fresh, err := s.Append(t.Context(), sending(org, exam, 3, "x", "the-key-1"))
				if err != nil {
					return err
				}
				if e.Offset != 1 || fresh == c.committed {
					t.Errorf("offset %d, fresh %v", e.Offset, fresh)
				}
				return nil
			})
			if head, err := s.Head(t.Context(), org); err != nil || head != 1 {
				t.Errorf("head %d, %v", head, err)
			}
		})
	}
}

// A connection lost before COMMIT certainly changed nothing.
func TestLostBeforeCommit(t *testing.T) {
	f, s, org, exam := lossy(t)
	f.on("INSERT INTO entries", func(client, _ net.Conn, _ []byte) bool { _ = client.Close(); return false })
	_, _, err := s.Append(t.Context(), sending(org, exam, 3, "x", "the-key-1"))
	if got, ok := errors.AsType[*fault.Error](err); !ok || got.Code != fault.Unavailable || got.Unknown {
		t.Fatalf("got %v", err)
	}
	if e, fresh, err := s.Append(t.Context(), sending(org, exam, 3, "x", "the-key-1")); err != nil || !fresh || e.Offset != 1 {
		t.Errorf("%+v %v %v", e, fresh, err)
	}
}

// A statement that is cancelled returns the context's error, and the store goes on.
func TestCancelledStatement(t *testing.T) {
	s := open(t, testkit.Postgres(t))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var x string
	if err := s.get(ctx, &x, `SELECT pg_sleep(5)::text`); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// While the server is down everything is unavailable; afterwards all goes on.
func TestServerRestarts(t *testing.T) {
	server := testkit.StartPostgres(t)
	s := open(t, server.DSN())
	org, exam := hall(t, s, 3)
	send(t, s, sending(org, exam, 3, "x", ""))
	server.Kill()
	if _, _, err := s.Append(t.Context(), sending(org, exam, 3, "y", "the-key-1")); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	if err := s.Ping(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	server.Start()
	testkit.Eventually(t, 10*time.Second, "the store is back", func() error { return s.Ping(t.Context()) })
	if e := send(t, s, sending(org, exam, 3, "y", "the-key-1")); e.Offset != 2 {
		t.Errorf("offset %d", e.Offset)
	}
}

// A SQLite file that another process keeps locked is unavailable, not a fault of
// ours.
func TestSQLiteBusy(t *testing.T) {
	dsn := sqliteDSN(t)
	s := open(t, dsn)
	org, exam := hall(t, s, 3)
	other, err := Open(t.Context(), Options{DSN: dsn, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	if _, err := other.w.ExecContext(t.Context(), `PRAGMA busy_timeout = 10`); err != nil {
		t.Fatal(err)
	}
	err = s.write(t.Context(), org, func(tx *Tx) error {
		_, _, err := other.Append(t.Context(), sending(org, exam, 3, "x", ""))
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("got %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
