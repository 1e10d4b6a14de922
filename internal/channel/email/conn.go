package email

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"crier/internal/channel"
)

// conn is a connection to the mail server, used by one mail after the other.
type conn struct {
	client *mail.Client
	smtp   *smtp.Client
	since  time.Time // it lies idle

	mu      sync.Mutex // guards below
	raw     net.Conn
	dropped bool
}

// hold notes the connection beneath; one that was given up meanwhile is ended.
func (c *conn) hold(raw net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw = raw
	if c.dropped {
		_ = raw.Close() // nothing is lost by it
	}
}

// send hands over one mail; accepted says that the server has taken it, whatever came after that.
func (c *conn) send(ctx context.Context, m *mail.Msg) (accepted bool, err error) {
	stop := context.AfterFunc(ctx, c.drop)
	defer stop()
	// A server that was asked for SMTPUTF8 (RFC 6531) may refuse to hand on to one that has none: only an address that
	// needs it asks for it.
	c.smtp.SkipSMTPUTF8(ascii(m.GetToString()...))
	err = c.client.SendWithSMTPClient(c.smtp, m)
	return m.IsDelivered(), err
}

// drop ends the connection at once.
func (c *conn) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropped = true
	if c.raw != nil {
		_ = c.raw.Close() // nothing is lost by it
	}
}

// quit ends it as RFC 5321 says, if the server answers soon.
func (c *conn) quit() {
	_ = c.raw.SetDeadline(time.Now().Add(time.Second))
	_ = c.smtp.Quit()
	c.drop()
}

// auth proves who we are by PLAIN (RFC 4616) or, where the server knows that alone, LOGIN. The password goes over an encrypted
// connection, or to this machine.
type auth struct {
	user, password string
	secure         bool // the connection is encrypted though the library does not know it
	login          bool
}

// Start implements smtp.Auth.
func (a *auth) Start(server *smtp.ServerInfo) (string, []byte, error) {
	host := server.Name
	if ip := net.ParseIP(host); !server.TLS && !a.secure && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", nil, errors.New("the password is not sent over a connection that is not encrypted")
	}
	if slices.Contains(server.Auth, "LOGIN") && !slices.Contains(server.Auth, "PLAIN") {
		a.login = true
		return "LOGIN", nil, nil
	}
	return "PLAIN", []byte("\x00" + a.user + "\x00" + a.password), nil
}

// Next implements smtp.Auth.
func (a *auth) Next(challenge []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	if !a.login {
		return nil, errors.New("the server asks for more than a name and a password")
	}
	switch text := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(string(challenge)), ":")); text {
	case "username", "user name":
		return []byte(a.user), nil
	case "password":
		return []byte(a.password), nil
	default:
		return nil, fmt.Errorf("the server asks for %q", clean(text))
	}
}

// unreachable is the failure to get a connection: nobody's address is at fault.
func unreachable(err error) error {
	code, detail := answered(err)
	if code == 0 {
		detail = clean(err.Error())
	}
	return &channel.Error{Kind: channel.Provider, Code: codeOf(code, detail, "connect"), Detail: detail, Err: err}
}

// failure says whose fault it is that a mail was not taken.
//
//	answer 4xx                          the moment
//	answer 5xx to RCPT, DATA, the end   the address, or the mail
//	answer 5xx to MAIL, or on password  the server refuses us
//	no answer before the mail's text    the server
//	no answer to the mail's text        the moment: it may have been taken
func failure(ctx context.Context, err error) error {
	var send *mail.SendError
	if !errors.As(err, &send) {
		return &channel.Error{Kind: channel.Temporary, Code: "smtp", Detail: clean(err.Error()), Err: err}
	}
	code := send.ErrorCode()
	detail := said(code, err)
	e := &channel.Error{Kind: channel.Temporary, Code: codeOf(code, detail, "smtp"), Detail: detail, Err: err}
	late := send.Reason == mail.ErrWriteContent || send.Reason == mail.ErrSMTPDataClose
	switch {
	case code == 530 || code == 535 || code == 538: // RFC 4954, section 6
		e.Kind = channel.Provider
	case code >= 500 && code < 600:
		e.Kind = channel.Permanent
		if send.Reason == mail.ErrSMTPMailFrom {
			e.Kind = channel.Provider
		}
	case code == 421 && !late:
		e.Kind = channel.Provider // it closes, whoever asks
	case code != 0, late:
	case send.Reason == mail.ErrGetRcpts, send.Reason == mail.ErrGetSender, send.Reason == mail.ErrNoUnencoded:
		e.Kind = channel.Permanent
	default:
		e.Kind = channel.Provider
	}
	if ctx.Err() != nil && code == 0 {
		e.Code, e.Detail = "timeout", "the mail server did not answer in time"
	}
	return e
}

// refusedOne says that the server refused the recipient and waits for the next mail.
func refusedOne(err error) bool {
	var send *mail.SendError
	return errors.As(err, &send) && send.Reason == mail.ErrSMTPRcptTo && send.ErrorCode() >= 400 && send.ErrorCode() != 421
}

// untouched says that the server has taken nothing of the mail: its connection had ended, or it ends it.
func untouched(err error) bool {
	var send *mail.SendError
	if !errors.As(err, &send) {
		return false
	}
	return send.Reason == mail.ErrConnCheck || send.Reason == mail.ErrSMTPMailFrom && (send.ErrorCode() == 0 || send.ErrorCode() == 421)
}

// said is the server's answer to a mail, as in 550 5.1.1 no such user, without what the library puts around it.
func said(code int, err error) string {
	text := err.Error()
	for _, end := range []string{", affected recipient(s): ", ", affected message ID: "} {
		if i := strings.LastIndex(text, end); i >= 0 {
			text = text[:i]
		}
	}
	if code != 0 {
		if _, rest, ok := strings.Cut(text, strconv.Itoa(code)+" "); ok {
			if q, err := strconv.QuotedPrefix(rest); err == nil {
				rest, _ = strconv.Unquote(q) // it is quoted
			}
			text = strconv.Itoa(code) + " " + rest
		}
	}
	return clean(text)
}

// answered is the server's answer in an error, 0 if it gave none.
func answered(err error) (code int, text string) {
	var t *textproto.Error
	if errors.As(err, &t) {
		return t.Code, said(t.Code, t)
	}
	return 0, ""
}

// ascii reports whether addresses need no SMTPUTF8. Names do not count: they are encoded.
func ascii(list ...string) bool {
	for _, a := range list {
		if i := strings.LastIndexByte(a, '<'); i >= 0 {
			a = a[i:]
		}
		for i := range len(a) {
			if a[i] >= 0x80 {
				return false
			}
		}
	}
	return true
}

// codeOf is an answer's code with its enhanced status (RFC 3463), as in 550 5.1.1.
func codeOf(code int, detail, none string) string {
	if code == 0 {
		return none
	}
	out := strconv.Itoa(code)
	_, rest, ok := strings.Cut(detail, out)
	if !ok {
		return out
	}
	status, _, _ := strings.Cut(strings.TrimLeft(rest, " -"), " ")
	parts := strings.Split(status, ".")
	if len(parts) != 3 || parts[0] != out[:1] {
		return out
	}
	for _, p := range parts {
		if n, err := strconv.Atoi(p); err != nil || n < 0 || n > 999 {
			return out
		}
	}
	return out + " " + status
}
