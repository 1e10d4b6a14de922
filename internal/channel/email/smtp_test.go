package email

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"crier/internal/channel"
	"crier/internal/channel/channeltest"
	"crier/internal/clock"
)

var testTime = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// far is a mail server whose answers are set, step by step.
type far struct {
	addr string
	end  chan struct{}

	mu       sync.Mutex
	answers  map[string]error // by step: connect, mail, rcpt, data, end, or rcpt:ADDRESS
	silent   string           // the step at which nothing is answered any more
	drop     string           // the step at which the connection ends
	taken    map[string][]string
	raw      []string // what was taken, whole
	froms    []string
	sessions int
	auths    []string
	live     int
	most     int
}

func (f *far) set(answers map[string]error, silent, drop string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers, f.silent, f.drop = answers, silent, drop
}

func (f *far) step(c *smtp.Conn, name string) error {
	f.mu.Lock()
	err, silent, drop := f.answers[name], f.silent == name, f.drop == name
	f.mu.Unlock()
	if silent {
		<-f.end
	}
	if drop {
		_ = c.Conn().Close()
	}
	return err
}

func (f *far) Taken() map[string][]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.taken
}

func (f *far) Behave(b channeltest.Behaviour) {
	switch b {
	case channeltest.BadAddress:
		f.set(map[string]error{"rcpt": &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}}, "", "")
	case channeltest.Busy:
		f.set(map[string]error{"rcpt": &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted"}}, "", "")
	case channeltest.Broken:
		f.set(nil, "", "mail")
	case channeltest.Refuses:
		f.set(map[string]error{"mail": &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "not from you"}}, "", "")
	case channeltest.Silent:
		f.set(nil, "data", "")
	default:
		f.set(nil, "", "")
	}
}

type session struct {
	f    *far
	c    *smtp.Conn
	from string
	to   []string
}

func (f *far) NewSession(c *smtp.Conn) (smtp.Session, error) {
	f.mu.Lock()
	f.sessions++
	f.live++
	f.most = max(f.most, f.live)
	f.mu.Unlock()
	return &session{f: f, c: c}, f.step(c, "connect")
}

func (s *session) Reset() { s.to = nil }
func (s *session) Logout() error {
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	s.f.live--
	return nil
}

func (s *session) Mail(from string, o *smtp.MailOptions) error {
	s.from = from
	if o != nil && o.UTF8 {
		s.from += " utf8"
	}
	return s.f.step(s.c, "mail")
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	if err := s.f.step(s.c, "rcpt:"+to); err != nil {
		return err
	}
	return s.f.step(s.c, "rcpt")
}

func (s *session) Data(r io.Reader) error {
	if err := s.f.step(s.c, "data"); err != nil {
		return err
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.f.step(s.c, "end"); err != nil {
		return err
	}
	m, err := netmail.ReadMessage(strings.NewReader(string(b)))
	if err != nil {
		return err
	}
	text := parts(m)["text/plain"]
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	for _, to := range s.to {
		s.f.taken[to] = append(s.f.taken[to], spoken(text))
	}
	s.f.raw = append(s.f.raw, string(b))
	s.f.froms = append(s.f.froms, s.from)
	return nil
}

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		s.f.mu.Lock()
		s.f.auths = append(s.f.auths, user+":"+password)
		s.f.mu.Unlock()
		if password != "secret" {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "wrong password"}
		}
		return nil
	}), nil
}

// spoken is the text between the heading lines and the signature.
func spoken(text string) string {
	text, _, _ = strings.Cut(strings.ReplaceAll(text, "\r\n", "\n"), "\n-- \n")
	return strings.TrimSpace(text)
}

// listen starts a mail server; with a certificate it offers STARTTLS, or with implicit speaks TLS at once.
func listen(t testing.TB, cert *tls.Certificate, implicit bool) *far {
	t.Helper()
	f := &far{taken: map[string][]string{}, end: make(chan struct{})}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.addr = l.Addr().String()
	s := smtp.NewServer(f)
	s.Domain, s.AllowInsecureAuth, s.EnableSMTPUTF8 = "far.test", true, true
	s.ErrorLog = quiet{}
	if cert != nil {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12}
	}
	if implicit {
		l = tls.NewListener(l, s.TLSConfig)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		close(f.end)
		_ = s.Close()
		<-done
	})
	return f
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func sender(t *testing.T, s Server) *Sender {
	t.Helper()
	out, err := NewSender(s, &Composer{From: "crier@mail.example.org", Clock: clock.NewFixed(testTime)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = out.Close() })
	return out
}

func TestSender(t *testing.T) {
	f := listen(t, nil, false)
	s := sender(t, Server{Addr: f.addr})
	channeltest.Run(t, s, f, "sara@example.org", channel.Temporary)
}

var hello = channel.Outgoing{ID: testDelivery, Address: "sara@example.org", Text: "Hello", From: "North"}

func TestWhoseFault(t *testing.T) {
	answer := func(code int) error { return &smtp.SMTPError{Code: code, Message: "as asked"} }
	for name, c := range map[string]struct {
		answers map[string]error
		silent  string
		drop    string
		want    channel.Kind
		code    string
	}{
		"4xx at RCPT":            {map[string]error{"rcpt": answer(450)}, "", "", channel.Temporary, "450"},
		"5xx at RCPT":            {map[string]error{"rcpt": &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "nobody"}}, "", "", channel.Permanent, "550 5.1.1"},
		"4xx at DATA":            {map[string]error{"data": answer(451)}, "", "", channel.Temporary, "451"},
		"5xx at DATA":            {map[string]error{"data": answer(554)}, "", "", channel.Permanent, "554"},
		"4xx at the end":         {map[string]error{"end": answer(452)}, "", "", channel.Temporary, "452"},
		"5xx at the end":         {map[string]error{"end": answer(552)}, "", "", channel.Permanent, "552"},
		"4xx at MAIL":            {map[string]error{"mail": answer(452)}, "", "", channel.Temporary, "452"},
		"5xx at MAIL":            {map[string]error{"mail": answer(553)}, "", "", channel.Provider, "553"},
		"421 at MAIL":            {map[string]error{"mail": answer(421)}, "", "", channel.Provider, "421"},
		"asks for a password":    {map[string]error{"rcpt": answer(530)}, "", "", channel.Provider, "530"},
		"4xx on connecting":      {map[string]error{"connect": answer(421)}, "", "", channel.Provider, "421"},
		"5xx on connecting":      {map[string]error{"connect": answer(554)}, "", "", channel.Provider, "554"},
		"drops at MAIL":          {nil, "", "mail", channel.Provider, "smtp"},
		"drops at RCPT":          {nil, "", "rcpt", channel.Provider, "smtp"},
		"drops after DATA":       {nil, "", "end", channel.Temporary, "smtp"},
		"silent at MAIL":         {nil, "mail", "", channel.Provider, "timeout"},
		"silent after DATA":      {nil, "end", "", channel.Temporary, "timeout"},
		"silent on connecting":   {nil, "connect", "", channel.Provider, "connect"},
		"drops while connecting": {nil, "", "connect", channel.Provider, "connect"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := listen(t, nil, false)
			f.set(c.answers, c.silent, c.drop)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			if c.silent != "" {
				cancel()
				ctx, cancel = context.WithTimeout(t.Context(), 2*time.Second) // the steps before it are done by then
			}
			defer cancel()
			_, err := sender(t, Server{Addr: f.addr}).Send(ctx, hello)
			e, ok := errors.AsType[*channel.Error](err)
			if !ok || e.Kind != c.want || !strings.HasPrefix(e.Code, c.code) {
				t.Fatalf("%#v", err)
			}
			if e.Detail == "" || strings.Contains(e.Detail, "sara") || strings.HasPrefix(c.code, "5") && !strings.HasPrefix(e.Detail, c.code+" ") {
				t.Errorf("detail %q", e.Detail)
			}
		})
	}
	_, err := sender(t, Server{Addr: "127.0.0.1:1"}).Send(t.Context(), hello)
	if channel.KindOf(err) != channel.Provider {
		t.Errorf("nobody there: %v", err)
	}
	bad := hello
	bad.Address = "sara@example.org\r\nRCPT TO:<eve@evil.test>"
	if _, err := sender(t, Server{Addr: "127.0.0.1:1"}).Send(t.Context(), bad); channel.KindOf(err) != channel.Permanent {
		t.Errorf("an address that is none: %v", err)
	}
}

func TestConnectionsAreBoundedAndUsedAgain(t *testing.T) {
	f := listen(t, nil, false)
	f.set(map[string]error{"rcpt:bad@example.org": &smtp.SMTPError{Code: 550, Message: "nobody"}}, "", "")
	s := sender(t, Server{Addr: f.addr, Connections: 3})
	var wg sync.WaitGroup
	errs := make(chan error, 100)
	for i := range 100 {
		wg.Go(func() {
			o := hello
			if i%10 == 0 {
				o.Address = "bad@example.org"
			}
			_, err := s.Send(t.Context(), o)
			if (err != nil) != (i%10 == 0) {
				errs <- err
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	f.mu.Lock()
	sessions, most, taken := f.sessions, f.most, len(f.taken["sara@example.org"])
	f.mu.Unlock()
	if sessions > 3 || most > 3 || taken != 90 {
		t.Errorf("%d connections, %d at once, %d mails", sessions, most, taken)
	}
	// The server ends them all, as it may: the next mail does not notice, and nothing goes twice.
	f.set(nil, "", "mail")
	if _, err := s.Send(t.Context(), hello); channel.KindOf(err) != channel.Provider {
		t.Errorf("a server that only drops: %v", err)
	}
	f.set(nil, "", "")
	if _, err := s.Send(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	before := f.live
	f.mu.Unlock()
	if before == 0 {
		t.Error("no connection was kept")
	}
	s.take1(t).drop()
	if _, err := s.Send(t.Context(), hello); err != nil {
		t.Errorf("after a connection had ended while it lay idle: %v", err)
	}
	if got := len(f.Taken()["sara@example.org"]); got != 92 {
		t.Errorf("%d mails were taken", got)
	}
}

// take1 ends an idle connection's other half and leaves it among the idle ones.
func (s *Sender) take1(t *testing.T) *conn {
	t.Helper()
	select {
	case c := <-s.idle:
		s.idle <- c
		return c
	default:
		t.Fatal("no connection lies idle")
		return nil
	}
}

func TestPasswords(t *testing.T) {
	f := listen(t, nil, false)
	s := sender(t, Server{Addr: f.addr, User: "crier", Password: "secret"})
	if _, err := s.Send(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	s = sender(t, Server{Addr: f.addr, User: "crier", Password: "hunter2"})
	_, err := s.Send(t.Context(), hello)
	e, _ := errors.AsType[*channel.Error](err)
	if e == nil || e.Kind != channel.Provider || !strings.HasPrefix(e.Code, "535") || strings.Contains(err.Error()+e.Err.Error(), "hunter2") {
		t.Errorf("a wrong password: %#v", err)
	}
	if len(f.auths) != 2 || f.auths[0] != "crier:secret" {
		t.Errorf("asked with %q", f.auths)
	}
	a := &auth{user: "crier", password: "secret"}
	if _, _, err := a.Start(&serverInfo{Name: "mail.example.org", Auth: []string{"PLAIN"}}); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a password over a connection that is not encrypted: %v", err)
	}
	if mech, _, err := a.Start(&serverInfo{Name: "mail.example.org", TLS: true, Auth: []string{"LOGIN"}}); err != nil || mech != "LOGIN" {
		t.Errorf("%s %v", mech, err)
	}
	for challenge, want := range map[string]string{"Username:": "crier", "Password:": "secret", "password": "secret"} {
		if got, err := a.Next([]byte(challenge), true); err != nil || string(got) != want {
			t.Errorf("%s: %q %v", challenge, got, err)
		}
	}
}

func TestEncryption(t *testing.T) {
	cert, roots := certificate(t, "127.0.0.1")
	wrong, _ := certificate(t, "other.test")
	trusted := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	for name, c := range map[string]struct {
		mode     TLS
		cert     *tls.Certificate
		implicit bool
		user     string
		ok       bool
	}{
		"required":                            {TLSRequired, cert, false, "", true},
		"required, not offered":               {TLSRequired, nil, false, "", false},
		"required, another name":              {TLSRequired, wrong, false, "", false},
		"opportunistic":                       {TLSOpportunistic, cert, false, "", true},
		"opportunistic, not offered":          {TLSOpportunistic, nil, false, "", true},
		"opportunistic, another name":         {TLSOpportunistic, wrong, false, "", true},
		"opportunistic, password, wrong name": {TLSOpportunistic, wrong, false, "crier", false},
		"implicit":                            {TLSImplicit, cert, true, "crier", true},
		"implicit, another name":              {TLSImplicit, wrong, true, "", false},
		"none":                                {TLSNone, cert, false, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			f := listen(t, c.cert, c.implicit)
			s := sender(t, Server{Addr: f.addr, TLS: c.mode, Roots: trusted, User: c.user, Password: "secret"})
			_, err := s.Send(t.Context(), hello)
			if (err == nil) != c.ok || err != nil && channel.KindOf(err) != channel.Provider {
				t.Fatalf("%v", err)
			}
			if !c.ok && len(f.auths) > 0 {
				t.Errorf("the password went out: %q", f.auths)
			}
			if n := len(f.Taken()["sara@example.org"]); (n == 1) != c.ok {
				t.Errorf("%d mails were taken", n)
			}
		})
	}
}

func certificate(t *testing.T, name string) (*tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	if ip := net.ParseIP(name); ip != nil {
		tmpl.IPAddresses = []net.IP{ip}
	} else {
		tmpl.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
