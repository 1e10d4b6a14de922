package mailin

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/fault"
)

// desk is a receiver that knows some addresses and fails as it is told.
type desk struct {
	mu   sync.Mutex
	fail map[string]error
	got  []Envelope
}

func (d *desk) Known(address string) bool {
	return strings.HasPrefix(address, "reply+") && strings.HasSuffix(address, "@mail.example.org")
}

func (d *desk) Receive(_ context.Context, e Envelope) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.fail[e.To]; err != nil {
		return err
	}
	d.got = append(d.got, e)
	return nil
}

func listen(t *testing.T, d *desk, lmtp bool) *client {
	t.Helper()
	c := dial(t, serve(t, Options{LMTP: lmtp, Receiver: d}), "127.0.0.1")
	c.want("220")
	return c
}

// serve listens until the test ends and returns where.
func serve(t *testing.T, o Options) string {
	t.Helper()
	_, at := server(t, o)
	return at
}

func server(t *testing.T, o Options) (s *Server, at string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.Domain, o.Log, o.MaxBytes = "mail.example.org", zerolog.Nop(), 1<<20
	s = NewServer(o)
	s.Start(l)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return s, l.Addr().String()
}

// dial connects from an address of this machine.
func dial(t *testing.T, to, from string) *client {
	t.Helper()
	conn, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).DialContext(t.Context(), "tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &client{t: t, conn: conn, r: bufio.NewReader(conn)}
}

type client struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

// want reads one answer and asks for how it begins.
func (c *client) want(begins string) {
	c.t.Helper()
	if err := c.conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		c.t.Fatal(err)
	}
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			c.t.Fatalf("want %s: %v", begins, err)
		}
		if len(line) > 3 && line[3] == '-' {
			continue
		}
		if !strings.HasPrefix(line, begins) {
			c.t.Fatalf("%q, want %s", line, begins)
		}
		return
	}
}

func (c *client) say(line, begins string) {
	c.t.Helper()
	if _, err := fmt.Fprintf(c.conn, "%s\r\n", line); err != nil {
		c.t.Fatal(err)
	}
	c.want(begins)
}

const one, two, three = "reply+one@mail.example.org", "reply+two@mail.example.org", "reply+three@mail.example.org"

func TestLMTP(t *testing.T) {
	d := &desk{fail: map[string]error{two: fault.New(fault.Unavailable, "the store is away"), three: fault.New(fault.NotFound, "gone")}}
	c := listen(t, d, true)
	c.say("EHLO x", "500")
	c.say("LHLO x", "250")
	c.say("MAIL FROM:<sara@example.org>", "250")
	for to, want := range map[string]string{"other@mail.example.org": "550 5.1.1", "reply+one@elsewhere.example": "550 5.1.1", "postmaster@mail.example.org": "550 5.1.1"} {
		c.say("RCPT TO:<"+to+">", want)
	}
	c.say("DATA", "50")
	for _, to := range []string{one, two, three} {
		c.say("RCPT TO:<"+to+">", "250")
	}
	c.say("DATA", "354")
	c.say(strings.ReplaceAll(head, "\r\n\r\n", "")+"\r\nYes\r\n.", "250")
	c.want("451 4.3.0 <" + two)
	c.want("550 5.1.1 <" + three)
	if len(d.got) != 1 || d.got[0].To != one || d.got[0].From != "sara@example.org" || d.got[0].Mail.Reply != "Yes" {
		t.Errorf("%+v", d.got)
	}
	// It comes again for the one that it did not arrive for.
	d.fail = nil
	c.say("MAIL FROM:<>", "250")
	c.say("RCPT TO:<"+two+">", "250")
	c.say("DATA", "354")
	c.say(head+"\r\nYes\r\n.", "250")
	if len(d.got) != 2 || d.got[1].From != "" {
		t.Errorf("%+v", d.got)
	}
}

func TestSMTP(t *testing.T) {
	d := &desk{fail: map[string]error{}}
	c := listen(t, d, false)
	c.say("LHLO x", "500")
	c.say("EHLO x", "250")
	c.say("MAIL FROM:<sara@example.org> SIZE=99999999", "552")
	send := func(text, want string) {
		t.Helper()
		c.say("MAIL FROM:<sara@example.org>", "250")
		c.say("RCPT TO:<"+one+">", "250")
		c.say("RCPT TO:<"+two+">", "452") // one answer is for one recipient
		c.say("DATA", "354")
		c.say(text+"\r\n.", want)
	}
	send(head+"\r\nYes", "250")
	send(strings.Repeat("Received: by x\r\n", ReceivedMost+1)+head+"\r\nround", "554 5.4.6")
	send(strings.Repeat("Received: by x\r\n", ReceivedMost)+head+"\r\nlong way", "250")
	send(OwnHeader+": 1\r\n"+head+"\r\nround", "554 5.4.6")
	send("Message-ID: <01980000-0000-7000-8000-000000000001@Mail.Example.org>\r\nFrom: a@b.org\r\n\r\nour own", "554 5.4.6")
	// Somebody whose own mail is in the same domain, from a program that makes other ids.
	send("Message-ID: <B5A7C3F0-1111-4A2B-9C3D-2E4F5A6B7C8D@mail.example.org>\r\nFrom: a@b.org\r\n\r\na neighbour", "250")
	send(head+"\r\n"+strings.Repeat(strings.Repeat("a", 900)+"\r\n", 1300), "552")
	d.fail[one] = fault.New(fault.TooLarge, "too large")
	send(head+"\r\nYes", "552")
	d.fail[one] = fmt.Errorf("secret of the database")
	send(head+"\r\nYes", "451 4.3.0 Not now")
	if len(d.got) != 3 {
		t.Errorf("%d mails were taken", len(d.got))
	}
}
