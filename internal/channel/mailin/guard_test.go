package mailin

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"testing"
	"time"

	"crier/internal/clock"
	"crier/internal/testkit"
)

const here, there = "127.0.0.1", "127.0.0.2"

// greeted dials and says hello.
func greeted(t *testing.T, to, from string) *client {
	t.Helper()
	c := dial(t, to, from)
	c.want("220")
	c.say("EHLO x", "250")
	return c
}

// ended asks for the end of the connection.
func (c *client) ended() {
	c.t.Helper()
	if err := c.conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		c.t.Fatal(err)
	}
	if line, err := c.r.ReadString('\n'); err == nil {
		c.t.Errorf("the connection goes on: %q", line)
	}
}

func (c *client) mail(want string) {
	c.t.Helper()
	c.say("MAIL FROM:<sara@example.org>", "250")
	c.say("RCPT TO:<"+one+">", "250")
	c.say("DATA", "354")
	c.say(head+"\r\nYes\r\n.", want)
}

func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"mail.example.org"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, of, of, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, pool
}

// TestStartTLS: a mail comes in under TLS; what was sent in the clear behind STARTTLS is not taken for it (CVE-2011-0411).
func TestStartTLS(t *testing.T) {
	config, pool := certificate(t)
	for _, lmtp := range []bool{false, true} {
		d := &desk{}
		hello := map[bool]string{false: "EHLO x", true: "LHLO x"}[lmtp]
		at := serve(t, Options{LMTP: lmtp, Receiver: d, TLS: config})
		c := dial(t, at, here)
		c.want("220")
		c.say(hello, "250")
		c.say("STARTTLS\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<"+one+">", "220")
		secure := tls.Client(c.conn, &tls.Config{RootCAs: pool, ServerName: "mail.example.org", MinVersion: tls.VersionTLS12})
		if err := secure.HandshakeContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		s := &client{t: t, conn: secure, r: bufio.NewReader(secure)}
		s.say("RCPT TO:<"+one+">", "502")
		s.say(hello, "250")
		s.say("STARTTLS", "502")
		s.mail("250")
		if len(d.got) != 1 || d.got[0].From != "sara@example.org" {
			t.Errorf("%+v", d.got)
		}
	}
	c := greeted(t, serve(t, Options{Receiver: &desk{}}), here)
	c.say("STARTTLS", "502")
}

// TestConnections: there are only so many at once, of all and of one address; whoever is too many is told to come again.
func TestConnections(t *testing.T) {
	at := serve(t, Options{Receiver: &desk{}, Limits: Limits{Connections: 3, PerAddress: 2}})
	first, second := greeted(t, at, here), greeted(t, at, here)
	third := dial(t, at, here)
	third.want("421 4.7.0")
	third.ended()
	greeted(t, at, there)
	full := dial(t, at, there)
	full.want("421 4.7.0")
	first.say("QUIT", "221")
	first.ended()
	second.say("NOOP", "250")
	// The server counts a connection out just after it has closed it.
	for again := dial(t, at, here); ; again = dial(t, at, here) {
		line, err := again.r.ReadString('\n')
		if err == nil && line[:3] == "220" {
			break
		}
		if err != nil || line[:3] != "421" {
			t.Fatalf("%q %v", line, err)
		}
	}
}

// TestRate: an address brings only so many mails a minute, over all of its connections; others are not held up, and time heals it.
func TestRate(t *testing.T) {
	now := clock.NewFixed(time.Date(2026, 5, 5, 9, 0, 0, 0, time.UTC))
	d := &desk{}
	at := serve(t, Options{Receiver: d, Clock: now, Limits: Limits{PerMinute: 3}})
	a, b := greeted(t, at, here), greeted(t, at, here)
	a.mail("250")
	b.mail("250")
	a.mail("250")
	b.say("MAIL FROM:<sara@example.org>", "450 4.7.1")
	a.say("MAIL FROM:<sara@example.org>", "450 4.7.1")
	greeted(t, at, there).mail("250")
	now.Advance(20 * time.Second)
	a.mail("250")
	a.say("MAIL FROM:<sara@example.org>", "450 4.7.1")
	if len(d.got) != 5 {
		t.Errorf("%d mails", len(d.got))
	}
}

// TestOneConnection: it brings only so many mails, and guesses only so many addresses.
func TestOneConnection(t *testing.T) {
	at := serve(t, Options{Receiver: &desk{}, Limits: Limits{PerConnection: 2, Refused: 2}})
	c := greeted(t, at, here)
	c.mail("250")
	c.say("RSET", "250")
	c.mail("250")
	c.say("MAIL FROM:<sara@example.org>", "421 4.7.0")
	c.ended()
	c = greeted(t, at, here)
	c.say("MAIL FROM:<sara@example.org>", "250")
	c.say("RCPT TO:<info@mail.example.org>", "550")
	c.say("RCPT TO:<admin@mail.example.org>", "550")
	c.say("RSET", "250")
	c.say("MAIL FROM:<sara@example.org>", "250")
	c.say("RCPT TO:<root@mail.example.org>", "421 4.7.0")
	c.ended()
}

// TestTimes: who says nothing, who does not end a mail and who stays too long is not waited for.
func TestTimes(t *testing.T) {
	const short = 200 * time.Millisecond
	t.Run("idle", func(t *testing.T) {
		c := greeted(t, serve(t, Options{Receiver: &desk{}, Limits: Limits{Idle: short}}), here)
		c.want("421")
		c.ended()
	})
	t.Run("data", func(t *testing.T) {
		d := &desk{}
		c := greeted(t, serve(t, Options{Receiver: d, Limits: Limits{Data: short}}), here)
		c.say("MAIL FROM:<sara@example.org>", "250")
		c.say("RCPT TO:<"+one+">", "250")
		c.say("DATA", "354")
		c.say("Subject: half of", "451")
		if len(d.got) != 0 {
			t.Errorf("half a mail was taken: %+v", d.got)
		}
	})
	t.Run("session", func(t *testing.T) {
		c := greeted(t, serve(t, Options{Receiver: &desk{}, Limits: Limits{Session: short}}), here)
		for { // busy all the time, and yet it ends
			if _, err := fmt.Fprint(c.conn, "NOOP\r\n"); err != nil {
				return
			}
			line, err := c.r.ReadString('\n')
			if err != nil || line[:3] == "421" {
				return
			}
		}
	})
}

// TestSlowSender: one address that lets its mails drip has half of the memory at most; the others' mails come in meanwhile.
func TestSlowSender(t *testing.T) {
	d := &desk{}
	s, at := server(t, Options{Receiver: d, Parallel: 2})
	slow := greeted(t, at, here)
	slow.say("MAIL FROM:<sara@example.org>", "250")
	slow.say("RCPT TO:<"+one+">", "250")
	slow.say("DATA", "354")
	// The server says 354 before it begins to read.
	testkit.Eventually(t, 30*time.Second, "the slow mail is being read", func() error {
		s.guard.mu.Lock()
		defer s.guard.mu.Unlock()
		if n := s.guard.peer(netip.MustParsePrefix(here + "/32")).mails; n != 1 {
			return fmt.Errorf("%d mails", n)
		}
		return nil
	})
	greeted(t, at, here).mail("451")
	greeted(t, at, there).mail("250")
	slow.say(head+"\r\nYes\r\n.", "250")
}

// TestPeers: limits count by address, of IPv6 by network; however many there were, few are remembered.
func TestPeers(t *testing.T) {
	for addr, want := range map[string]string{"192.0.2.7:1": "192.0.2.7/32", "[::ffff:192.0.2.7]:1": "192.0.2.7/32", "[2001:db8:1:2:3::9]:25": "2001:db8:1:2::/64", "[fe80::1%eth0]:25": "fe80::/64"} {
		at, err := netip.ParseAddrPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		if got := peerOf(net.TCPAddrFromAddrPort(at)).String(); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
	g := newGuard(Limits{PerMinute: 1}.withDefaults(), clock.NewFixed(time.Date(2026, 5, 5, 9, 0, 0, 0, time.UTC)))
	for i := range 3 * remembered {
		g.mail(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32))
	}
	if len(g.peers) > remembered {
		t.Errorf("%d addresses are remembered", len(g.peers))
	}
}
