package mailin

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"crier/internal/clock"
)

// Limits bound what strangers can take of a listener. All of it is answered in a way that has an honest sender come again (421, 450,
// 451). The zero value of a field has the default of Options' kind: SMTP is open to everybody, LMTP to the mail server in front.
type Limits struct {
	Connections   int           // at once; 0 = 100
	PerAddress    int           // connections at once of one remote address; 0 = no bound
	PerMinute     int           // mails of one remote address a minute, as many at once; 0 = no bound
	PerConnection int           // mails of one connection; 0 = no bound
	Refused       int           // recipients of one connection that are not ours before it is closed; 0 = no bound
	Session       time.Duration // of one connection; 0 = 15 min
	Idle          time.Duration // between two commands; 0 = 2 min
	Data          time.Duration // for a mail to arrive; 0 = 5 min
}

const (
	connectionsUsual = 100
	sessionUsual     = 15 * time.Minute
	idleUsual        = 2 * time.Minute
	dataUsual        = 5 * time.Minute
	answerTime       = time.Minute // for one answer to be taken
	remembered       = 10000       // remote addresses, before those that are idle are forgotten
)

func (l Limits) withDefaults() Limits {
	if l.Connections <= 0 {
		l.Connections = connectionsUsual
	}
	if l.Session <= 0 {
		l.Session = sessionUsual
	}
	if l.Idle <= 0 {
		l.Idle = idleUsual
	}
	if l.Data <= 0 {
		l.Data = dataUsual
	}
	return l
}

// guard counts who is connected and what they bring.
type guard struct {
	limits Limits
	clock  clock.Clock

	mu    sync.Mutex // guards all below
	open  int
	peers map[netip.Prefix]*peer
}

// peer is one remote address: of IPv6 its /64, which is one customer's.
type peer struct {
	open  int // connections
	mails int // in memory
	rate  *rate.Limiter
}

func (p *peer) idle() bool { return p.open == 0 && p.mails == 0 }

func newGuard(l Limits, c clock.Clock) *guard {
	return &guard{limits: l, clock: c, peers: map[netip.Prefix]*peer{}}
}

// peerOf names the remote address that limits count by.
func peerOf(a net.Addr) netip.Prefix {
	at, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Prefix{}
	}
	ip := at.Addr().Unmap()
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	p, err := ip.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// peer returns what is known of an address; g.mu is held.
func (g *guard) peer(of netip.Prefix) *peer {
	p := g.peers[of]
	if p != nil {
		return p
	}
	if len(g.peers) >= remembered {
		now := g.clock.Now()
		for key, old := range g.peers {
			if old.idle() && (old.rate == nil || old.rate.TokensAt(now) >= float64(g.limits.PerMinute)) {
				delete(g.peers, key)
			}
		}
		if len(g.peers) >= remembered { // a flood: then only who is connected is known
			for key, old := range g.peers {
				if old.idle() {
					delete(g.peers, key)
				}
			}
		}
	}
	p = &peer{}
	if n := g.limits.PerMinute; n > 0 {
		p.rate = rate.NewLimiter(rate.Limit(float64(n)/60), n)
	}
	g.peers[of] = p
	return p
}

// enter counts a connection, unless there are too many.
func (g *guard) enter(of netip.Prefix) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.peer(of)
	if g.open >= g.limits.Connections || g.limits.PerAddress > 0 && p.open >= g.limits.PerAddress {
		return false
	}
	g.open++
	p.open++
	return true
}

func (g *guard) leave(of netip.Prefix) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open--
	p := g.peer(of)
	if p.open--; p.idle() && p.rate == nil {
		delete(g.peers, of)
	}
}

// mail reports whether an address may bring one more mail now.
func (g *guard) mail(of netip.Prefix) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.peer(of)
	return p.rate == nil || p.rate.AllowN(g.clock.Now(), 1)
}

// hold counts a mail in memory, unless the address has most of them already: a slow sender must not keep the others out.
func (g *guard) hold(of netip.Prefix, most int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.peer(of)
	if most > 0 && p.mails >= most {
		return false
	}
	p.mails++
	return true
}

func (g *guard) release(of netip.Prefix) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.peer(of)
	if p.mails--; p.idle() && p.rate == nil {
		delete(g.peers, of)
	}
}

// wall is the machine's time, which deadlines of connections are in whatever clock is used to count.
func wall() time.Time { return clock.System{}.Now() }

// listener lets in those whom the guard lets in. The others are told to come again.
type listener struct {
	net.Listener
	g *guard
}

// Accept implements net.Listener.
func (l listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		of := peerOf(c.RemoteAddr())
		if l.g.enter(of) {
			return &conn{Conn: c, g: l.g, peer: of, end: wall().Add(l.g.limits.Session)}, nil
		}
		_ = c.SetWriteDeadline(wall().Add(time.Second))
		_, _ = io.WriteString(c, "421 4.7.0 Too many connections, please come again later\r\n")
		_ = c.Close()
	}
}

// conn is a connection that ends when its time is up, or once it is doomed and has heard why.
type conn struct {
	net.Conn
	g      *guard
	peer   netip.Prefix
	end    time.Time
	doomed atomic.Bool
	left   sync.Once

	data       atomic.Bool  // a mail's own bytes come in
	unanswered atomic.Int64 // bytes of commands since the last answer

	mails, refused int // so far; of the connection's own goroutine
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	if c.doomed.Load() {
		return 0, io.EOF
	}
	n, err := c.Conn.Read(p)
	if !c.data.Load() && c.unanswered.Add(int64(n)) > maxCommands {
		return 0, errors.New("more commands than anybody needs, without an end of a line")
	}
	return n, err
}

// Write implements net.Conn.
func (c *conn) Write(p []byte) (int, error) {
	c.unanswered.Store(0)
	return c.Conn.Write(p)
}

// maxCommands is the most bytes that come in between two answers, outside of a mail: a line of a command, and what
// is sent ahead. With TLS its own bytes count.
const maxCommands = 64 << 10

// SetReadDeadline implements net.Conn: nobody reads beyond the connection's own end.
func (c *conn) SetReadDeadline(t time.Time) error {
	if t.After(c.end) {
		t = c.end
	}
	return c.Conn.SetReadDeadline(t)
}

// Close implements net.Conn.
func (c *conn) Close() error {
	err := c.Conn.Close()
	c.left.Do(func() { c.g.leave(c.peer) })
	return err
}
