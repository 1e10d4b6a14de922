package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/rs/zerolog"

	"crier/internal/app"
	"crier/internal/config"
	"crier/internal/domain"
	"crier/internal/service/access"
	"crier/internal/testkit"
)

// password is every fixture person's.
const password = "correct horse battery"

// fixture is a node with two organisations whose texts carry canaries: what belongs
// to one says its slug in capitals.
type fixture struct {
	base   string
	node   *app.Node
	logs   *lockedBuffer
	doc    *openapi3.T
	router routers.Router
	mu     sync.Mutex
	tokens map[string]string // "north/anna" → session token; "north/key" → API key
	ids    map[string]string // "north/a1" → person id; "north/T1" → test id
	sms    int               // how many SMS were made
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start runs a node on the embedded database and provisions north and south alike:
// tests T1 (rooms A and B) and T2, the pool P1 with a1 and b1, the shift S1 with a1; staff
// of every role; chief and the invigilators work in T1 alone, anna in room A, bert in
// room B; the coordinator in T1, P1 and S1.
func start(t *testing.T, change func(*config.Config), options ...app.Options) *fixture {
	t.Helper()
	cfg := config.Default()
	cfg.Addr, cfg.Data, cfg.DrainTime = "127.0.0.1:0", t.TempDir(), 0
	if change != nil {
		change(&cfg)
	}
	f := &fixture{logs: &lockedBuffer{}, tokens: map[string]string{}, ids: map[string]string{}}
	options = append(options, app.Options{})
	node, err := app.Open(t.Context(), cfg, zerolog.New(f.logs).Level(zerolog.DebugLevel), options[0])
	if err != nil {
		t.Fatal(err)
	}
	f.node = node
	ctx, cancel := context.WithCancel(context.Background())
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() { ended <- node.Serve(ctx, func(a net.Addr) { listening <- a }) }()
	select {
	case a := <-listening:
		f.base = "http://" + a.String()
	case err := <-ended:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the node ended with %v", err)
		}
	})
	f.describe(t)
	for _, org := range []string{"north", "south"} {
		f.provision(t, org)
	}
	return f
}

// both runs fn with a node on each database.
func both(t *testing.T, fn func(*testing.T, *fixture)) {
	t.Run("sqlite", func(t *testing.T) { fn(t, start(t, nil)) })
	t.Run("postgres", func(t *testing.T) { fn(t, start(t, nil, app.Options{DSN: testkit.Postgres(t)})) })
}

func (f *fixture) describe(t *testing.T) {
	t.Helper()
	source, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(source)
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = openapi3.Servers{{URL: f.base}}
	f.doc = doc
	if f.router, err = gorillamux.NewRouter(doc); err != nil {
		t.Fatal(err)
	}
}

// addresses are all described operations, as "GET /tests/{test}", with the names of their
// parameters in the path.
func (f *fixture) addresses(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for path, at := range f.doc.Paths.Map() {
		for method := range at.Operations() {
			out[method+" "+strings.TrimPrefix(path, "/api/v1")] = parameter.FindAllString(path, -1)
		}
	}
	return out
}

var parameter = regexp.MustCompile(`\{[^}]+\}`)

// described is the address of addresses that a request belongs to.
func (f *fixture) described(t *testing.T, method, path string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, f.base+"/api/v1"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	route, _, err := f.router.FindRoute(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return method + " " + strings.TrimPrefix(route.Path, "/api/v1")
}

type item = map[string]any

func (f *fixture) provision(t *testing.T, slug string) {
	t.Helper()
	org, err := f.node.Roster.EnsureOrganisation(t.Context(), slug, canary(slug, "organisation"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := f.node.Access.CreateAPIKey(t.Context(), domain.System(org.ID), access.NewAPIKey{Name: "exam platform", Rights: domain.Rights})
	if err != nil {
		t.Fatal(err)
	}
	f.tokens[slug+"/key"] = key.Secret
	as := slug + "/key"

	var people, enrolments []item
	for login, role := range staffRoles {
		people = append(people, item{"external_id": "s-" + login, "kind": "staff", "role": role, "given_name": login, "family_name": canary(slug, login), "login": login})
		if slug == "north" || login == "planner" { // each password costs a hash
			people[len(people)-1]["password"] = password
		}
	}
	for id, room := range seats {
		people = append(people, item{"external_id": id, "kind": "candidate", "given_name": id, "family_name": canary(slug, id), "login": id, "email": canary(slug, id) + "@example.org"})
		if slug == "north" {
			people[len(people)-1]["password"] = password
		}
		test := "T1"
		if id == "z1" {
			test = "T2"
		}
		enrolments = append(enrolments, item{"test": test, "person": id, "room": room, "seat": strings.ToUpper(id)})
	}
	f.must(t, as, "PUT", "/provisioning/people", item{"items": people})
	f.must(t, as, "PUT", "/provisioning/tests", item{"items": []item{
		{"external_id": "T1", "name": canary(slug, "T1"), "starts_at": "2026-05-04T09:00:00Z", "ends_at": "2099-05-04T13:00:00Z"},
		{"external_id": "T2", "name": canary(slug, "T2")},
	}})
	f.must(t, as, "PUT", "/provisioning/groups", item{"items": []item{
		{"external_id": "P1", "kind": "pool", "name": canary(slug, "P1")},
		{"external_id": "S1", "kind": "activity", "name": canary(slug, "S1"), "starts_at": "2099-05-05T09:00:00Z", "ends_at": "2099-05-05T17:00:00Z"},
	}})
	enrolments = append(enrolments, item{"group": "P1", "kind": "pool", "person": "a1"}, item{"group": "P1", "kind": "pool", "person": "b1"},
		item{"group": "S1", "kind": "activity", "person": "a1"})
	f.must(t, as, "PUT", "/provisioning/enrolments", item{"items": enrolments})
	f.must(t, as, "PUT", "/provisioning/staff-scopes", item{"items": []item{
		{"person": "s-chief", "test": "T1"},
		{"person": "s-anna", "test": "T1", "rooms": []string{"A"}},
		{"person": "s-bert", "test": "T1", "rooms": []string{"B"}},
		{"person": "s-coordinator", "test": "T1"},
		{"person": "s-coordinator", "group": "P1", "kind": "pool"},
		{"person": "s-coordinator", "group": "S1", "kind": "activity"},
	}})
	var groups struct {
		Groups []struct {
			ID       string
			External string `json:"external_id"`
		}
	}
	f.must(t, as, "GET", "/groups", nil).into(t, &groups)
	for _, g := range groups.Groups {
		f.ids[slug+"/"+g.External] = g.ID
	}
	var tests struct {
		Tests []struct {
			ID, Name string
			External string `json:"external_id"`
		}
	}
	f.must(t, as, "GET", "/tests", nil).into(t, &tests)
	for _, test := range tests.Tests {
		f.ids[slug+"/"+test.External] = test.ID
		var list struct {
			Candidates []struct {
				ID       string
				External string `json:"external_id"`
			}
		}
		f.must(t, as, "GET", "/tests/"+test.ID+"/candidates", nil).into(t, &list)
		for _, c := range list.Candidates {
			f.ids[slug+"/"+c.External] = c.ID
		}
	}
}

// staffRoles are the staff's logins.
var staffRoles = map[string]string{"admin": "admin", "planner": "planner", "chief": "chief_invigilator", "anna": "invigilator", "bert": "invigilator", "coordinator": "coordinator"}

// seats are the candidates' rooms; z1 sits T2, the others T1.
var seats = map[string]string{"a1": "A", "a2": "A", "b1": "B", "b2": "B", "z1": "A"}

func canary(slug, what string) string { return strings.ToUpper(slug) + "-canary-" + what }

// token signs in once per person and test.
func (f *fixture) token(t *testing.T, who string) string {
	t.Helper()
	if who == "" {
		return ""
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if tok, ok := f.tokens[who]; ok {
		return tok
	}
	slug, login, _ := strings.Cut(who, "/")
	tok := f.signIn(t, slug, login)
	f.tokens[who] = tok
	return tok
}

func (f *fixture) signIn(t *testing.T, slug, login string) string {
	t.Helper()
	a := f.send(t, "", "POST", "/session", "application/json", toJSON(t, item{"organisation": slug, "login": login, "password": password, "token": true}))
	if a.status != http.StatusCreated {
		t.Fatalf("sign in as %s/%s: %d %s", slug, login, a.status, a.body)
	}
	var out struct{ Session struct{ Token string } }
	a.into(t, &out)
	return out.Session.Token
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
}

func toJSON(t *testing.T, v any) []byte {
	t.Helper()
	if v == nil {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// must calls as who and fails unless it succeeds.
func (f *fixture) must(t *testing.T, who, method, path string, body any) answer {
	t.Helper()
	a := f.call(t, who, method, path, body)
	if a.status >= 300 {
		t.Fatalf("%s %s as %q: %d %s", method, path, who, a.status, a.body)
	}
	return a
}

// call calls as who with a JSON body.
func (f *fixture) call(t *testing.T, who, method, path string, body any) answer {
	t.Helper()
	kind := ""
	if body != nil {
		kind = "application/json"
	}
	return f.send(t, f.token(t, who), method, path, kind, toJSON(t, body))
}

// send makes one request and holds it against the description: the answer always,
// the request when it was accepted.
func (f *fixture) send(t *testing.T, token, method, path, kind string, body []byte) answer {
	t.Helper()
	if !strings.HasPrefix(path, "//") {
		path = "/api/v1" + path
	} else {
		path = path[1:]
	}
	request := func() *http.Request {
		r, err := http.NewRequestWithContext(t.Context(), method, f.base+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if kind != "" {
			r.Header.Set("Content-Type", kind)
		}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		return r
	}
	resp, err := http.DefaultClient.Do(request())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{resp.StatusCode, resp.Header, b}
	if err := f.conforms(t, request(), a); err != nil {
		t.Errorf("%s %s: %v", method, path, err)
	}
	return a
}

// undecoded reports whether the description says nothing about a body of the type but its type.
func undecoded(kind string) bool {
	kind, _, _ = strings.Cut(kind, ";")
	return kind == "text/csv" || kind == "text/html" || kind == "text/css" || kind == "application/yaml"
}

func (f *fixture) conforms(t *testing.T, r *http.Request, a answer) error {
	route, params, err := f.router.FindRoute(r)
	if err != nil {
		if a.status == http.StatusNotFound {
			return nil
		}
		return fmt.Errorf("not described: %w", err)
	}
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: &openapi3filter.Options{
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, RejectWhenRequestBodyNotSpecified: true,
		ExcludeRequestBody: r.Header.Get("Content-Type") == "text/csv",
	}}
	if a.status < 300 {
		if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil {
			return fmt.Errorf("accepted, but the description refuses it: %w", err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: a.status, Header: a.header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: undecoded(a.header.Get("Content-Type"))}}
	out.SetBodyBytes(a.body)
	if err := openapi3filter.ValidateResponse(t.Context(), out); err != nil {
		return fmt.Errorf("answered against the description: %w\n%s", err, a.body)
	}
	if a.header.Get("X-Request-Id") == "" {
		return fmt.Errorf("no X-Request-Id")
	}
	return nil
}

// refused reads an error answer.
type refused struct {
	Error struct {
		Code, Message, Field string
		Limit, Actual        int64
		RetryAfter           int64 `json:"retry_after"`
		Details              []struct{ Field, Message string }
	}
}

func (a answer) refused(t *testing.T) refused {
	t.Helper()
	var r refused
	a.into(t, &r)
	return r
}
