// Package api is Crier over HTTP: REST version 1 (README.md is its contract,
// openapi.yaml its description), the readable pages made from it, and the front end's
// files. Handlers call services and return errors; one place turns those into answers.
package api

import (
	"context"
	"io/fs"
	"net/http"
	"net/netip"
	"time"

	"github.com/gorilla/mux"
	"github.com/rs/zerolog"

	"crier/internal/clock"
	"crier/internal/domain"
	"crier/internal/fault"
)

// Sizes of requests, in bytes.
const (
	bodyLimit      = 1 << 20
	provisionLimit = 16 << 20
)

// Options are what the API is built from. Every field but AsyncAPI, Web, Outbox and
// Observe is needed.
type Options struct {
	Access       Access
	Roster       Roster
	Broadcast    Broadcast
	Inbox        Inbox
	Monitor      Monitor
	Record       Record
	Schedule     Schedule
	Settings     Settings
	Attachment   Attachment
	Team         Team
	Conversation Conversation
	Desk         Desk
	People       People
	Delivery     Delivery
	Outbox       Outbox // nil: nothing is captured
	Pushes       Pushes
	Unmatched    Unmatched
	Originals    Originals
	Webhooks     Webhooks
	Stops        Stops
	Downloads    Downloads

	Log           zerolog.Logger
	Clock         clock.Clock
	Origins       []string       // the pages' public origins; unsafe requests from any other are refused
	Proxies       []netip.Prefix // proxies whose X-Forwarded-For is believed
	CSPReport     string         // where browsers report what the Content-Security-Policy stopped; "": nowhere
	SecureCookies bool           // the session cookie is for https alone
	Web           fs.FS          // the built front end; nil: no pages
	AsyncAPI      []byte         // the socket protocol's description; nil: not served
	Ready         func(context.Context) error
	Degraded      func() bool // other nodes are not heard; nil: never
	// Reads bounds how often one candidate may read, Tickets how often one person may ask for
	// socket tickets; nil: as often as they like.
	Reads, Tickets Limiter
	Observe        func(method, route string, status int, took time.Duration)
}

// Limiter bounds how often somebody may do something. Allow takes one from who's budget; if
// nothing is left, after is when to come again.
type Limiter interface {
	Allow(org domain.OrganisationID, who string) (ok bool, after time.Duration)
}

// Server answers HTTP. Safe for concurrent use.
type Server struct {
	Options
	router *mux.Router
	cross  *http.CrossOriginProtection
	spec   *description
	web    *files
	policy string // Content-Security-Policy
}

// New builds the server. An error means that an origin is malformed or that
// the embedded description cannot be read.
func New(o Options) (*Server, error) {
	s := &Server{Options: o, cross: http.NewCrossOriginProtection(), policy: reporting(policy, o.CSPReport)}
	for _, origin := range o.Origins {
		if err := s.cross.AddTrustedOrigin(origin); err != nil {
			return nil, err
		}
	}
	var err error
	if s.spec, err = readDescription(); err != nil {
		return nil, err
	}
	if o.Web != nil {
		if s.web, err = readFiles(o.Web); err != nil {
			return nil, err
		}
	}
	s.router = mux.NewRouter()
	for _, r := range s.routes() {
		s.router.Handle(r.path, s.serve(r.path, r.do)).Methods(r.method)
	}
	s.router.PathPrefix("/api/").Handler(s.serve("/api/", func(*exchange) error {
		return fault.New(fault.NotFound, "there is nothing at this address with this method; /docs lists what there is")
	}))
	s.router.PathPrefix("/").Handler(s.serve("/", s.page))
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.router.ServeHTTP(w, r) }

// route is one address with one method.
type route struct {
	method, path string
	do           func(*exchange) error
}

// signedIn makes a handler that needs an actor: a session or an API key.
func (s *Server) signedIn(do func(*exchange, domain.Actor) error) func(*exchange) error {
	return func(x *exchange) error {
		actor, err := s.identify(x)
		if err != nil {
			return err
		}
		return do(x, actor)
	}
}

// routes is every address of the API; the test compares it with openapi.yaml.
func (s *Server) routes() []route {
	all := []route{
		{"GET", "/livez", s.livez},
		{"GET", "/readyz", s.readyz},
		{"GET", "/openapi.json", s.openAPI},
		{"GET", "/asyncapi.yaml", s.asyncAPI},
		{"GET", "/docs", s.docs},
		{"GET", "/docs.css", s.docsStyle},
		{"GET", "/download/{token}", s.askDownload},
		{"POST", "/download/{token}", s.takeDownload},
	}
	for _, of := range [][]route{s.sessionRoutes(), s.testRoutes(), s.broadcastRoutes(), s.logRoutes(), s.inboxRoutes(), s.provisioningRoutes(), s.peopleRoutes(), s.apiKeyRoutes(), s.scheduleRoutes(), s.settingsRoutes(), s.teamRoutes(), s.deskRoutes(), s.deliveryRoutes(), s.conversationRoutes(), s.attachmentRoutes(), s.unmatchedRoutes(), s.webhookRoutes(), s.stopRoutes(), s.exportRoutes(), s.outboxRoutes()} {
		for _, r := range of {
			r.path = "/api/v1" + r.path
			all = append(all, r)
		}
	}
	return all
}
