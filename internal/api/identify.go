package api

import (
	"net/http"
	"strings"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/peer"
	"crier/internal/service/access"
)

// SessionCookie names the cookie that holds the session's token. A browser takes a cookie whose
// name begins with __Host- from this host over https alone, so that no other host of the
// domain can set it.
func SessionCookie(secure bool) string { return hostOnly(secure) + "crier_session" }

// deviceCookie names the cookie that marks devices where people have signed in.
func deviceCookie(secure bool) string { return hostOnly(secure) + "crier_device" }

func hostOnly(secure bool) string {
	if secure {
		return "__Host-"
	}
	return ""
}

// deviceLife is how long a device is known; browsers keep no cookie longer.
const deviceLife = 400 * 24 * time.Hour

// token returns what the request proves itself with: the Authorization header
// when there is one, else the cookie; "" when there is neither.
func (s *Server) token(x *exchange) (string, error) {
	if h := x.r.Header.Get("Authorization"); h != "" {
		scheme, token, ok := strings.Cut(h, " ")
		if !ok || !strings.EqualFold(scheme, "Bearer") || token == "" {
			return "", fault.New(fault.Unauthenticated, "the Authorization header must be: Bearer, a space, and a session's token or an API key")
		}
		return strings.TrimSpace(token), nil
	}
	if c, err := x.r.Cookie(SessionCookie(s.SecureCookies)); err == nil {
		return c.Value, nil
	}
	return "", nil
}

// identify finds out who asks. Errors: unauthenticated, forbidden (see Access), unavailable.
func (s *Server) identify(x *exchange) (domain.Actor, error) {
	token, err := s.token(x)
	if err != nil {
		return domain.Actor{}, err
	}
	if token == "" || len(token) > 200 {
		return domain.Actor{}, fault.New(fault.Unauthenticated, "you are not signed in")
	}
	ctx := x.r.Context()
	if x.r.Header.Get("Crier-Unasked") != "" {
		ctx = access.Unasked(ctx)
	}
	actor, err := s.Access.AuthenticateFrom(ctx, token, peer.Of(x.r, s.Proxies))
	if err != nil {
		return domain.Actor{}, err
	}
	x.actor = actor
	if actor.Role == domain.RoleCandidate && (x.r.Method == http.MethodGet || x.r.Method == http.MethodHead) {
		err = within(s.Reads, actor, "too many requests at once; wait a moment")
	}
	return actor, err
}

// within refuses an actor whose budget is spent. Errors: rate_limited.
func within(l Limiter, actor domain.Actor, message string) error {
	if l == nil {
		return nil
	}
	if ok, after := l.Allow(actor.Organisation, actor.ID); !ok {
		return &fault.Error{Code: fault.RateLimited, RetryAfter: max(after, time.Millisecond), Message: message}
	}
	return nil
}

// setCookie gives the browser a session's token, or takes it away when token is "".
func (s *Server) setCookie(x *exchange, token string, expires time.Time) {
	c := s.cookie(SessionCookie(s.SecureCookies), token)
	c.Expires = expires
	if token == "" {
		c.MaxAge, c.Expires = -1, time.Time{}
	}
	http.SetCookie(x.w, c)
}

// cookie makes one that scripts cannot read and other sites do not send.
func (s *Server) cookie(name, value string) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, Secure: s.SecureCookies, SameSite: http.SameSiteStrictMode}
}

// device returns the cookie that marks this device, "" without.
func (s *Server) device(x *exchange) string {
	c, err := x.r.Cookie(deviceCookie(s.SecureCookies))
	if err != nil {
		return ""
	}
	return c.Value
}

// setDevice keeps the device's marks.
func (s *Server) setDevice(x *exchange, marks string) {
	c := s.cookie(deviceCookie(s.SecureCookies), marks)
	c.MaxAge = int(deviceLife / time.Second)
	http.SetCookie(x.w, c)
}

// address is where a request comes from, behind trusted proxies too: of IPv6 its /64, which is one
// customer's; "" if it cannot be read.
func (s *Server) address(x *exchange) string {
	from := peer.Of(x.r, s.Proxies)
	if !from.Is6() {
		if !from.IsValid() {
			return ""
		}
		return from.String()
	}
	p, err := from.Prefix(64)
	if err != nil {
		return ""
	}
	return p.String()
}
