package email

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"crier/internal/channel"
	"crier/internal/clock"
	"crier/internal/shorten"
)

// TLS says how a connection to the mail server is encrypted.
type TLS string

// The ways. Opportunistic protects from listeners only: the server's name is proven where a password is sent, else not.
const (
	TLSOpportunistic TLS = "opportunistic" // STARTTLS where it is offered
	TLSRequired      TLS = "required"      // STARTTLS with a certificate that is valid for the server's name, or nothing goes
	TLSImplicit      TLS = "implicit"      // TLS from the first byte (RFC 8314, port 465), with a valid certificate
	TLSNone          TLS = "none"
)

// Defaults of Server.
const (
	connectionsUsual = 16
	dialTimeout      = 20 * time.Second
	talkTimeout      = time.Minute // of one mail, if the caller has no deadline
	talkMost         = 10 * time.Minute
	idleMost         = 20 * time.Second // a connection that lay idle for longer is not used again
)

// Server is the mail server that mails are handed to.
type Server struct {
	Addr     string // host:port
	User     string // "": no authentication
	Password string
	TLS      TLS
	Hello    string // the name that we say in EHLO, "" = localhost

	Connections  int         // at once, 0 = 16
	Roots        *tls.Config // for tests: what certificates are held against; nil = the machine's
	DKIMDomain   string
	DKIMSelector string
	DKIMKey      string // path of the private key as PEM (RSA or Ed25519), "": mails are not signed here
}

// Sender hands mails to an SMTP server (RFC 5321). It keeps connections open and opens no more than Server.Connections; a mail that was refused, or whose
// connection broke, costs its connection. Safe for concurrent use.
type Sender struct {
	server   Server
	host     string
	port     int
	composer *Composer
	signers  *signers // nil: mails are not signed
	tls      *tls.Config
	places   chan struct{} // one for each connection that may be in use
	idle     chan *conn
}

var _ channel.Sender = (*Sender)(nil)

// NewSender makes the sender and reads the DKIM key. Nothing is connected yet.
func NewSender(s Server, c *Composer) (*Sender, error) {
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return nil, fmt.Errorf("the mail server's address: %w", err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("the mail server's port %q is no number", port)
	}
	if s.Connections <= 0 {
		s.Connections = connectionsUsual
	}
	if s.Hello == "" {
		s.Hello = "localhost"
	}
	out := &Sender{server: s, host: host, port: n, composer: c, places: make(chan struct{}, s.Connections), idle: make(chan *conn, s.Connections)}
	out.tls = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if s.Roots != nil {
		out.tls.RootCAs = s.Roots.RootCAs
	}
	if s.TLS == TLSOpportunistic && s.User == "" {
		out.tls.InsecureSkipVerify = true //nolint:gosec // RFC 7435: who could show a false certificate could as well hide STARTTLS
	}
	if s.DKIMKey != "" {
		if out.signers, err = readSigners(s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// What signatures cover; From and Subject, named once more than they occur, cannot be added afterwards. The library folds a list of more
// than 70 characters so that no signature holds: hence two of them. One-click links must be covered (RFC 8058, section 4).
var (
	signed        = []string{"From", "To", "Subject", "Date", "Message-ID", "Reply-To", "Content-Type", "From", "Subject"}
	signedStopped = []string{"From", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post"}
)

// tagMost is the most characters of a signature's tag, as above.
const tagMost = 70

// signers sign mails with a DKIM key: those that can be stopped by a link, and the others.
type signers struct{ usual, stopped *mail.DKIMSigner }

func readSigners(s Server) (*signers, error) {
	if len(s.DKIMDomain) > tagMost || len(s.DKIMSelector) > tagMost {
		return nil, fmt.Errorf("the domain and the selector of DKIM have at most %d characters", tagMost)
	}
	pem, err := os.ReadFile(s.DKIMKey)
	if err != nil {
		return nil, fmt.Errorf("read the DKIM key: %w", err)
	}
	key, err := mail.PrivKeyFromPEM(pem)
	if err != nil {
		return nil, fmt.Errorf("the DKIM key in %s: %w", s.DKIMKey, err)
	}
	signer := func(fields []string) (*mail.DKIMSigner, error) {
		d := mail.NewDKIMSigner(s.DKIMDomain, s.DKIMSelector, key)
		d.SignHeaders(fields...)
		if err := d.ValidateConfig(); err != nil {
			return nil, fmt.Errorf("the settings of DKIM: %w", err)
		}
		// The first signature writes into the signer; later ones, side by side, only read.
		if _, err := d.Sign([]byte("From: crier\r\n"), nil); err != nil {
			return nil, fmt.Errorf("sign with the DKIM key: %w", err)
		}
		return d, nil
	}
	usual, err := signer(signed)
	if err != nil {
		return nil, err
	}
	stopped, err := signer(signedStopped)
	return &signers{usual, stopped}, err
}

// Name implements channel.Sender.
func (s *Sender) Name() string { return "smtp" }

// Send implements channel.Sender. A connection that turns out to have ended while it lay idle is replaced once, as long as the server
// has taken nothing of the mail.
func (s *Sender) Send(ctx context.Context, o channel.Outgoing) (channel.Accepted, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, talkTimeout)
		defer cancel()
	}
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	case <-ctx.Done():
		return channel.Accepted{}, &channel.Error{Kind: channel.Temporary, Code: "busy", Detail: "all connections to the mail server are in use", Err: ctx.Err()}
	}
	m, err := s.composer.Compose(ctx, o)
	if err != nil {
		return channel.Accepted{}, err
	}
	switch {
	case s.signers == nil:
	case link(o.Stop) != "":
		m.msg.SetDKIM(s.signers.stopped)
	default:
		m.msg.SetDKIM(s.signers.usual)
	}
	for {
		c, used := s.take()
		if c == nil {
			if c, err = s.dial(ctx); err != nil {
				return channel.Accepted{}, err
			}
		}
		accepted, err := c.send(ctx, m.msg)
		if accepted {
			if err == nil {
				s.keep(c)
			} else {
				c.drop()
			}
			return channel.Accepted{}, nil
		}
		f := failure(ctx, err)
		if refusedOne(err) && ctx.Err() == nil {
			s.keep(c)
			return channel.Accepted{}, f
		}
		c.drop()
		if used && untouched(err) && ctx.Err() == nil {
			continue // ends: those that lay idle are used up one by one
		}
		return channel.Accepted{}, f
	}
}

// Close ends the connections that lie idle. The sender can still be used.
func (s *Sender) Close() error {
	for {
		select {
		case c := <-s.idle:
			c.quit()
		default:
			return nil
		}
	}
}

// take returns a connection that lies idle, nil if there is none.
func (s *Sender) take() (c *conn, used bool) {
	for {
		select {
		case c := <-s.idle:
			if (clock.System{}).Now().Sub(c.since) < idleMost {
				return c, true
			}
			c.drop()
		default:
			return nil, false
		}
	}
}

func (s *Sender) keep(c *conn) {
	c.since = clock.System{}.Now()
	select {
	case s.idle <- c:
	default:
		c.drop()
	}
}

func (s *Sender) dial(ctx context.Context) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	c := &conn{}
	opts := []mail.Option{
		mail.WithPort(s.port), mail.WithHELO(s.server.Hello), mail.WithTLSConfig(s.tls), mail.WithTimeout(talkMost), mail.WithoutNoop(), mail.WithoutRset(),
		mail.WithDialContextFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
			raw, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			c.hold(raw)
			if s.server.TLS != TLSImplicit {
				return raw, nil
			}
			t := tls.Client(raw, s.tls)
			return t, t.HandshakeContext(ctx)
		}),
	}
	switch s.server.TLS {
	case TLSRequired:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory))
	case TLSNone, TLSImplicit:
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
	default:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSOpportunistic))
	}
	if s.server.User != "" {
		opts = append(opts, mail.WithUsername(s.server.User), mail.WithPassword(s.server.Password), mail.WithSMTPAuth(mail.SMTPAuthCustom),
			mail.WithSMTPAuthCustom(&auth{user: s.server.User, password: s.server.Password, secure: s.server.TLS == TLSImplicit}))
	}
	client, err := mail.NewClient(s.host, opts...)
	if err != nil {
		return nil, &channel.Error{Kind: channel.Provider, Code: "settings", Detail: clean(err.Error()), Err: err}
	}
	c.client = client
	// Whoever gives up does not wait for a server that says nothing.
	stop := context.AfterFunc(ctx, c.drop)
	c.smtp, err = client.DialToSMTPClientWithContext(ctx)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		c.drop()
		return nil, unreachable(err)
	}
	return c, nil
}

func clean(text string) string {
	const most = 500
	return shorten.Clip(strings.TrimSpace(line(text, 2*most)), most)
}
