package mailin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"crier/internal/clock"
	"crier/internal/fault"
)

// ReceivedMost is how many servers a mail has passed at most (RFC 5321 section 6.3 asks for a bound): more is a loop.
const ReceivedMost = 30

// Envelope is one mail for one of our addresses.
type Envelope struct {
	From    string // return path, "" of bounces
	To      string
	Relayed bool   // the mail server in front has passed it on (by LMTP): what it says of the sender can be believed
	Raw     []byte // must not be changed: other recipients share it
	Mail    *Mail  // likewise
}

// Receiver keeps mails. Safe for concurrent use.
type Receiver interface {
	// Known reports whether an address is one of ours.
	Known(address string) bool
	// Receive makes a mail durable; nil answers for it from then on. A fault Unavailable, RateLimited or Internal has it sent
	// again later, any other refuses it for good: whoever sent it gets a bounce.
	Receive(ctx context.Context, e Envelope) error
}

// Options say how to listen.
type Options struct {
	LMTP     bool // RFC 2033; else SMTP
	Domain   string
	Receiver Receiver
	TLS      *tls.Config // offers STARTTLS
	Log      zerolog.Logger
	MaxBytes int64         // of a mail; 0 = MostBytes
	Timeout  time.Duration // of one mail's turn and of keeping it; 0 = 60 s
	Parallel int           // mails in memory at once, by SMTP at most half of them one remote address's; 0 = 8
	Limits   Limits
	// Refused hears of each mail and recipient that is refused; may be nil. It must not block.
	Refused func(Refusal)
	Clock   clock.Clock // that mails a minute are counted by; nil = the machine's
}

// Refusal says what was refused.
type Refusal struct {
	To  string // the recipient, as it was given
	Why Reason
	// Detail is what the sender was told.
	Detail string
}

// Reason says why something was refused.
type Reason string

// The reasons.
const (
	UnknownAddress Reason = "address"
	TooLarge       Reason = "too_large"
	Unreadable     Reason = "malformed"
	Loop           Reason = "loop"
	TooMany        Reason = "limit" // the sender comes again
	Later          Reason = "later" // likewise: it could not be kept, or did not arrive whole
)

// Server listens for mails. Close it.
type Server struct {
	o     Options
	smtp  *smtp.Server
	guard *guard
	hands chan struct{} // holds a token per mail in memory

	base context.Context
	end  context.CancelFunc
	done sync.WaitGroup

	mu        sync.Mutex // guards listeners
	listeners []net.Listener
}

// NewServer makes a server that does not listen yet.
func NewServer(o Options) *Server {
	if o.MaxBytes <= 0 {
		o.MaxBytes = MostBytes
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Minute
	}
	if o.Parallel <= 0 {
		o.Parallel = 8
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	o.Limits = o.Limits.withDefaults()
	s := &Server{o: o, hands: make(chan struct{}, o.Parallel), guard: newGuard(o.Limits, o.Clock)}
	s.base, s.end = context.WithCancel(context.Background())
	s.smtp = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		one := &session{s: s, c: c.Conn()}
		one.wire = below(one.c)
		if o.LMTP {
			return lmtpSession{one}, nil
		}
		return one, nil
	}))
	s.smtp.LMTP, s.smtp.Domain, s.smtp.TLSConfig = o.LMTP, o.Domain, o.TLS
	// A mail's lines may be as long as the mail (0: no limit); the lines of commands are bounded by conn.
	s.smtp.MaxMessageBytes, s.smtp.MaxLineLength, s.smtp.EnableSMTPUTF8 = o.MaxBytes, 0, true
	s.smtp.ReadTimeout, s.smtp.WriteTimeout = o.Limits.Idle, answerTime
	s.smtp.ErrorLog = errorLog{o.Log}
	// By SMTP there is one answer for all recipients of a mail, so it takes one recipient at a time: the sender
	// comes again for the next (RFC 5321 section 4.5.3.1.10).
	if s.smtp.MaxRecipients = 1; o.LMTP {
		s.smtp.MaxRecipients = 100
	}
	return s
}

// Start serves what connects to l, until Close.
func (s *Server) Start(l net.Listener) {
	s.mu.Lock()
	s.listeners = append(s.listeners, l)
	s.mu.Unlock()
	s.done.Add(1)
	go func() {
		defer s.done.Done()
		if err := s.smtp.Serve(listener{l, s.guard}); err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			s.o.Log.Error().Err(err).Msg("the mail listener ended by itself")
		}
	}()
}

// Close takes no new mail and waits for those in hand until ctx ends; then they are left to be sent again.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	for _, l := range s.listeners {
		_ = l.Close() // it may have ended by itself
	}
	s.mu.Unlock()
	free := 0
	for ; free < cap(s.hands) && ctx.Err() == nil; free++ {
		select {
		case s.hands <- struct{}{}: // nobody takes it again
		case <-ctx.Done():
		}
	}
	s.end()
	err := s.smtp.Close()
	if errors.Is(err, smtp.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		err = nil
	}
	s.done.Wait()
	return err
}

// session is one connection. It takes mails for our addresses only and knows no sign-in.
type session struct {
	s    *Server
	c    net.Conn // with TLS, if there is
	wire *conn    // without
	from string
	to   []string
}

// below is the connection below TLS.
func below(c net.Conn) *conn {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	wire, _ := c.(*conn) // nothing else is accepted
	return wire
}

// refuse tells of one recipient that gets a refusal.
func (x *session) refuse(to string, why Reason, e *smtp.SMTPError) error {
	if x.s.o.Refused != nil {
		x.s.o.Refused(Refusal{To: to, Why: why, Detail: e.Message})
	}
	return e
}

// doom ends the connection after the answer that says why.
func (x *session) doom(message string) error {
	x.wire.doomed.Store(true)
	return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 7, 0}, Message: message}
}

// Reset implements smtp.Session.
func (x *session) Reset() {
	x.from, x.to = "", nil
	x.wire.data.Store(false)
}

// Logout implements smtp.Session.
func (x *session) Logout() error { return nil }

// Mail implements smtp.Session.
func (x *session) Mail(from string, _ *smtp.MailOptions) error {
	if most := x.s.o.Limits.PerConnection; most > 0 && x.wire.mails >= most {
		return x.doom("Enough for one connection, please come again")
	}
	if !x.s.guard.mail(x.wire.peer) {
		return x.refuse("", TooMany, &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Too many mails from your address, please come again later"})
	}
	x.wire.mails++
	x.from = from
	return nil
}

// Rcpt implements smtp.Session.
func (x *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if !x.s.o.Receiver.Known(to) {
		if x.wire.refused++; x.s.o.Limits.Refused > 0 && x.wire.refused > x.s.o.Limits.Refused {
			return x.doom("Too many addresses that are not here")
		}
		return x.refuse("", UnknownAddress, &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "There is no such address here"})
	}
	x.to = append(x.to, to)
	return nil
}

// Data implements smtp.Session: a mail for one recipient.
func (x *session) Data(r io.Reader) error {
	var err error
	x.each(r, func(_ string, e error) { err = errors.Join(err, e) })
	if e, ok := errors.AsType[*smtp.SMTPError](err); ok {
		return e
	}
	return err
}

// lmtpSession answers for each recipient.
type lmtpSession struct{ *session }

// LMTPData implements smtp.LMTPSession.
func (x lmtpSession) LMTPData(r io.Reader, status smtp.StatusCollector) error {
	x.each(r, status.SetStatus)
	return nil
}

// each reads a mail and hands it over for each recipient; tell gets one answer for each of them.
func (x *session) each(r io.Reader, tell func(to string, err error)) {
	x.wire.data.Store(true) // until the library has read all of it, and calls Reset
	all := func(why Reason, err *smtp.SMTPError) {
		for _, to := range x.to {
			tell(to, x.refuse(to, why, err))
		}
	}
	most := 0
	if !x.s.o.LMTP {
		most = max(1, x.s.o.Parallel/2)
	}
	if !x.s.guard.hold(x.wire.peer, most) {
		all(Later, busy())
		return
	}
	defer x.s.guard.release(x.wire.peer)
	if !x.turn() {
		all(Later, busy())
		return
	}
	defer func() { <-x.s.hands }()
	_ = x.c.SetReadDeadline(wall().Add(x.s.o.Limits.Data)) // else the last command's holds
	raw, err := io.ReadAll(r)
	if err != nil {
		if e, ok := errors.AsType[*smtp.SMTPError](err); ok {
			all(TooLarge, e)
			return
		}
		all(Later, busy())
		return
	}
	m, err := ParseFor(raw, x.s.o.Receiver.Known)
	if err != nil {
		all(Unreadable, &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "The mail cannot be read"})
		return
	}
	if m.Received > ReceivedMost || m.Loop || ownID(m.MessageID, x.s.o.Domain) {
		all(Loop, &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 4, 6}, Message: "The mail is going round in a circle"})
		return
	}
	ctx, cancel := context.WithTimeout(x.s.base, x.s.o.Timeout)
	defer cancel()
	for _, to := range x.to {
		err := x.s.o.Receiver.Receive(ctx, Envelope{From: x.from, To: to, Relayed: x.s.o.LMTP, Raw: raw, Mail: m})
		if err == nil {
			tell(to, nil)
			continue
		}
		why, told := answer(err)
		if why == Later {
			x.s.o.Log.Warn().Err(err).Int("bytes", len(raw)).Msg("a mail was not taken")
		}
		tell(to, x.refuse(to, why, told))
	}
}

// ownID reports whether a Message-ID is one that we make: a delivery's id, a UUID in lower case, in
// our domain. People who host Crier on the domain of their own mail have others.
func ownID(id, domain string) bool {
	local, at, ok := strings.Cut(id, "@")
	parsed, err := uuid.Parse(local)
	return ok && err == nil && parsed.Version() == 7 && parsed.String() == local && strings.EqualFold(at, domain)
}

// turn waits until one more mail may be in memory; false: it took too long.
func (x *session) turn() bool {
	ctx, cancel := context.WithTimeout(x.s.base, x.s.o.Timeout)
	defer cancel()
	select {
	case x.s.hands <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func busy() *smtp.SMTPError {
	return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Not now, please send it again later"}
}

// answer is an error as the sending server sees it: nothing of its cause.
func answer(err error) (Reason, *smtp.SMTPError) {
	switch fault.CodeOf(err) {
	case fault.NotFound, fault.Gone:
		return UnknownAddress, &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "There is no such address here"}
	case fault.TooLarge:
		return TooLarge, &smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 3, 4}, Message: "The mail is too large"}
	case fault.Invalid, fault.Malformed, fault.Forbidden:
		return Unreadable, &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "The mail cannot be taken"}
	case fault.RateLimited:
		return TooMany, &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Too many mails at once, please send it again later"}
	}
	return Later, busy()
}

// errorLog takes what the SMTP library would print.
type errorLog struct{ log zerolog.Logger }

// Printf implements smtp.Logger.
func (l errorLog) Printf(format string, v ...any) {
	l.log.Debug().Str("room", "mailin").Msg(fmt.Sprintf(format, v...))
}

// Println implements smtp.Logger.
func (l errorLog) Println(v ...any) { l.log.Debug().Str("room", "mailin").Msg(fmt.Sprint(v...)) }
