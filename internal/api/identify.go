package api

import (
	"net/http"
	"strings"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/peer"
)

// CookieName is the cookie that holds the session's token.
const CookieName = "crier_session"

// token returns what the request proves itself with: the Authorization header
// when there is one, else the cookie; "" when there is neither.
func (x *exchange) token() (string, error) {
	if h := x.r.Header.Get("Authorization"); h != "" {
		scheme, token, ok := strings.Cut(h, " ")
		if !ok || !strings.EqualFold(scheme, "Bearer") || token == "" {
			return "", fault.New(fault.Unauthenticated, "the Authorization header must be: Bearer, a space, and a session's token or an API key")
		}
		return strings.TrimSpace(token), nil
	}
	if c, err := x.r.Cookie(CookieName); err == nil {
		return c.Value, nil
	}
	return "", nil
}

// identify finds out who asks. Errors: unauthenticated, forbidden (see Access), unavailable.
func (s *Server) identify(x *exchange) (domain.Actor, error) {
	token, err := x.token()
	if err != nil {
		return domain.Actor{}, err
	}
	if token == "" || len(token) > 200 {
		return domain.Actor{}, fault.New(fault.Unauthenticated, "you are not signed in")
	}
	actor, err := s.Access.AuthenticateFrom(x.r.Context(), token, peer.Of(x.r, s.Proxies))
	if err != nil {
		return domain.Actor{}, err
	}
	x.actor = actor
	return actor, nil
}

// setCookie gives the browser a session's token, or takes it away when token is "".
func (s *Server) setCookie(x *exchange, token string, expires time.Time) {
	c := &http.Cookie{Name: CookieName, Value: token, Path: "/", HttpOnly: true, Secure: s.SecureCookies, SameSite: http.SameSiteStrictMode, Expires: expires}
	if token == "" {
		c.MaxAge, c.Expires = -1, time.Time{}
	}
	http.SetCookie(x.w, c)
}
