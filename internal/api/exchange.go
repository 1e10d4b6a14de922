package api

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/mux"
	"github.com/rs/zerolog"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/strictjson"
)

// exchange is one request and its answer, with what the log line will say.
type exchange struct {
	w     http.ResponseWriter
	r     *http.Request
	id    string       // X-Request-Id
	actor domain.Actor // zero until identified

	status int
	bytes  int64
}

// policy is the Content-Security-Policy of every answer.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// permissions is the Permissions-Policy of every answer: what the pages never ask a browser for.
const permissions = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), " +
	"microphone=(), midi=(), payment=(), usb=()"

// reportGroup names the endpoint that browsers report to.
const reportGroup = "csp"

// reporting adds to a policy where browsers report what it stopped: report-to for those that know
// it, report-uri for the others.
func reporting(policy, address string) string {
	if address == "" {
		return policy
	}
	return policy + "; report-to " + reportGroup + "; report-uri " + address
}

// serve makes a handler of do: headers, the refusal of cross-site requests,
// errors, panics, one log line and one measurement.
func (s *Server) serve(route string, do func(*exchange) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.Clock.Now()
		x := &exchange{r: r, id: requestID(r)}
		x.w = &counted{ResponseWriter: w, x: x}
		s.headers(x)
		err := s.guarded(x, do)
		switch {
		case err != nil && x.abandoned(err):
			x.status = statusAbandoned
		case err != nil:
			s.refuse(x, err)
		}
		took := s.Clock.Now().Sub(began)
		if s.Observe != nil {
			s.Observe(r.Method, route, x.status, took)
		}
		s.line(x, route, err, took)
	})
}

// statusAbandoned is what the log and the measurements say of a request whose caller has gone before
// its answer: nobody reads the answer, and nothing is wrong with the server. (nginx's number.)
const statusAbandoned = 499

// abandoned reports whether err comes of the caller's having gone.
func (x *exchange) abandoned(err error) bool {
	return x.r.Context().Err() != nil && (errors.Is(err, context.Canceled) || fault.Is(err, fault.Unavailable))
}

// guarded runs do behind the checks that all requests share; a panic becomes an error.
func (s *Server) guarded(x *exchange, do func(*exchange) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if aborted, ok := p.(error); ok && errors.Is(aborted, http.ErrAbortHandler) {
				panic(p)
			}
			s.Log.Error().Str("request_id", x.id).Interface("panic", p).Bytes("stack", debug.Stack()).Msg("a handler panicked")
			err = fault.New(fault.Internal, "panic")
		}
	}()
	if err := s.cross.Check(x.r); err != nil {
		return fault.Wrap(err, fault.Forbidden, "requests from other sites are refused")
	}
	return do(x)
}

func (s *Server) headers(x *exchange) {
	h := x.w.Header()
	h.Set("X-Request-Id", x.id)
	h.Set("Content-Security-Policy", s.policy)
	if s.CSPReport != "" {
		h.Set("Reporting-Endpoints", reportGroup+`="`+s.CSPReport+`"`)
	}
	h.Set("Permissions-Policy", permissions)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if s.SecureCookies {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// refuse is the one place where an error becomes an answer.
func (s *Server) refuse(x *exchange, err error) {
	if x.status != 0 {
		// The answer has begun; breaking the connection is the only honest way left.
		panic(http.ErrAbortHandler)
	}
	public := fault.Public(err)
	if public.RetryAfter > 0 {
		x.w.Header().Set("Retry-After", strconv.FormatInt(int64((public.RetryAfter+time.Second-1)/time.Second), 10))
	} else if public.Code == fault.Unavailable || public.Code == fault.RateLimited {
		x.w.Header().Set("Retry-After", "1")
	}
	if public.Code == fault.Unauthenticated {
		x.w.Header().Set("WWW-Authenticate", `Bearer realm="crier"`)
	}
	_ = x.json(fault.OutcomeOf(public.Code).Status, map[string]any{"error": public})
}

// line writes the request's one log line: no body, no query, no token, no address.
func (s *Server) line(x *exchange, route string, err error, took time.Duration) {
	level := zerolog.DebugLevel
	if len(route) >= 8 && route[:8] == "/api/v1/" {
		level = zerolog.InfoLevel
	}
	if x.status == statusAbandoned {
		err = nil
	}
	if err != nil {
		if l, perr := zerolog.ParseLevel(fault.OutcomeOf(fault.CodeOf(err)).Log); perr == nil {
			level = l
		}
	}
	e := s.Log.WithLevel(level)
	e = e.Str("request_id", x.id).Str("method", x.r.Method).Str("route", route).Int("status", x.status).
		Int64("bytes", x.bytes).Float64("ms", float64(took.Microseconds())/1000)
	if x.actor.ID != "" {
		e = e.Str("actor", x.actor.ID).Str("role", string(x.actor.Role)).Int64("organisation", int64(x.actor.Organisation))
	}
	if err != nil {
		e = e.Str("code", string(fault.CodeOf(err)))
		if f, ok := errors.AsType[*fault.Error](err); !ok {
			e = e.Str("cause", err.Error())
		} else if f.Err != nil {
			e = e.Str("cause", f.Err.Error())
		}
	}
	e.Msg("request")
}

// json answers with v as JSON.
func (x *exchange) json(status int, v any) error {
	b, err := strictjson.Encode(v) // HTML is not escaped: nosniff keeps browsers from reading it as such
	if err != nil {
		return err
	}
	x.w.Header().Set("Content-Type", "application/json")
	x.w.WriteHeader(status)
	_, _ = x.w.Write(b)
	return nil
}

// empty answers 204.
func (x *exchange) empty() error {
	x.w.WriteHeader(http.StatusNoContent)
	return nil
}

// path returns a variable of the route's template.
func (x *exchange) path(name string) string { return mux.Vars(x.r)[name] }

// requestID takes over a caller's id when it is short and plain, else makes one.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	if id == "" || len(id) > 64 {
		return uuid.NewString()
	}
	for _, c := range []byte(id) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		default:
			return uuid.NewString()
		}
	}
	return id
}

// counted notes the status and size of the answer.
type counted struct {
	http.ResponseWriter
	x *exchange
}

func (c *counted) WriteHeader(status int) {
	if c.x.status == 0 {
		c.x.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *counted) Write(b []byte) (int, error) {
	if c.x.status == 0 {
		c.x.status = http.StatusOK
	}
	n, err := c.ResponseWriter.Write(b)
	c.x.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }
