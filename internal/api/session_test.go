package api_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"crier/internal/app"
	"crier/internal/clock"
	"crier/internal/config"
)

func (f *fixture) raw(t *testing.T, method, path string, body []byte, headers map[string]string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, f.base+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range headers {
		if k == "Host" {
			r.Host = v
		}
		r.Header.Set(k, v)
	}
	tr := &http.Transport{DisableCompression: true}
	defer tr.CloseIdleConnections()
	resp, err := tr.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, b}
}

func TestSignInAndOut(t *testing.T) {
	f := start(t, nil)
	body := toJSON(t, item{"organisation": "north", "login": "anna", "password": password})
	a := f.raw(t, "POST", "/api/v1/session", body, map[string]string{"Content-Type": "application/json"})
	if a.status != 201 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	cookie := a.header.Get("Set-Cookie")
	for _, want := range []string{"crier_session=", "HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("cookie %q lacks %s", cookie, want)
		}
	}
	if strings.Contains(string(a.body), "token") {
		t.Errorf("the token is in a body that nobody asked for it in: %s", a.body)
	}
	if strings.Contains(cookie, "Secure") {
		t.Errorf("a Secure cookie would not be stored on http: %q", cookie)
	}
	value, _, _ := strings.Cut(cookie, ";")

	var me struct {
		Me struct {
			Name, Role, Kind string
			Permissions      []string
			Organisation     struct{ Slug string }
		}
	}
	a = f.raw(t, "GET", "/api/v1/session", nil, map[string]string{"Cookie": value})
	a.into(t, &me)
	if a.status != 200 || me.Me.Role != "invigilator" || me.Me.Kind != "staff" || me.Me.Organisation.Slug != "north" || len(me.Me.Permissions) == 0 {
		t.Errorf("who am I: %d %s", a.status, a.body)
	}
	a = f.raw(t, "DELETE", "/api/v1/session", nil, map[string]string{"Cookie": value})
	if a.status != 204 || !strings.Contains(a.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("sign out: %d, cookie %q", a.status, a.header.Get("Set-Cookie"))
	}
	if a = f.raw(t, "GET", "/api/v1/session", nil, map[string]string{"Cookie": value}); a.status != 401 {
		t.Errorf("after signing out: %d %s", a.status, a.body)
	}
	// Two organisations exist, so neither is told to strangers.
	if a = f.must(t, "", "GET", "/session/options", nil); strings.TrimSpace(string(a.body)) != "{}" {
		t.Errorf("options with two organisations: %s", a.body)
	}
}

func TestSecureCookies(t *testing.T) {
	f := start(t, func(c *config.Config) { c.Origins = []string{"https://crier.example.org"} })
	a := f.raw(t, "POST", "/api/v1/session", toJSON(t, item{"organisation": "north", "login": "anna", "password": password}), map[string]string{"Content-Type": "application/json"})
	for _, cookie := range a.header.Values("Set-Cookie") { // as a browser demands of the name: Secure, Path=/, no Domain
		if !strings.HasPrefix(cookie, "__Host-crier_") || !strings.Contains(cookie, "; Secure") || !strings.Contains(cookie, "; Path=/;") || strings.Contains(cookie, "Domain") {
			t.Errorf("cookie %q", cookie)
		}
	}
	value, _, _ := strings.Cut(a.header.Get("Set-Cookie"), ";")
	if me := f.raw(t, "GET", "/api/v1/session", nil, map[string]string{"Cookie": value}); me.status != 200 {
		t.Errorf("the cookie does not sign in: %d %s", me.status, me.body)
	}
	plain := "crier_session" + value[strings.Index(value, "="):]
	if me := f.raw(t, "GET", "/api/v1/session", nil, map[string]string{"Cookie": plain}); me.status != 401 {
		t.Errorf("a cookie that another host of the domain may set signs in: %d", me.status)
	}
	if !strings.Contains(a.header.Get("Set-Cookie"), "Secure") || a.header.Get("Strict-Transport-Security") == "" {
		t.Errorf("cookie %q, HSTS %q", a.header.Get("Set-Cookie"), a.header.Get("Strict-Transport-Security"))
	}
}

func TestWrongPasswords(t *testing.T) {
	f := start(t, nil)
	try := func(slug, login, pass string) answer {
		return f.send(t, "", "POST", "/session", "application/json", toJSON(t, item{"organisation": slug, "login": login, "password": pass}))
	}
	for _, c := range [][3]string{{"north", "anna", "wrong"}, {"north", "nobody", password}, {"nowhere", "anna", password}, {"south", "bert", ""}} {
		if a := try(c[0], c[1], c[2]); a.status != 401 && a.status != 422 {
			t.Errorf("%v: %d %s", c, a.status, a.body)
		}
	}
	for range 9 {
		try("north", "anna", "wrong")
		try("nowhere", "anna", "wrong")
	}
	a, b := try("north", "anna", password), try("nowhere", "anna", "wrong")
	if a.status != 429 || a.header.Get("Retry-After") == "" || a.refused(t).Error.Code != "rate_limited" {
		t.Errorf("after ten wrong passwords: %d %s, Retry-After %q", a.status, a.body, a.header.Get("Retry-After"))
	}
	if b.status != a.status || b.refused(t).Error.Message != a.refused(t).Error.Message {
		t.Errorf("an organisation that does not exist is told apart: %d %s, %d %s", b.status, b.body, a.status, a.body)
	}
	if a := try("north", "bert", password); a.status != 201 {
		t.Errorf("another login from the same place: %d %s", a.status, a.body)
	}
}

// TestKnownDevice: the cookie of a sign-in lets the account in again while strangers try its password.
func TestKnownDevice(t *testing.T) {
	f := start(t, nil)
	try := func(pass, cookies string) answer {
		return f.raw(t, "POST", "/api/v1/session", toJSON(t, item{"organisation": "north", "login": "anna", "password": pass}),
			map[string]string{"Content-Type": "application/json", "Cookie": cookies})
	}
	var device string
	for _, c := range try(password, "").header.Values("Set-Cookie") {
		if value, rest, _ := strings.Cut(c, ";"); strings.HasPrefix(value, "crier_device=") {
			device = value
			for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=34560000"} {
				if !strings.Contains(rest, want) {
					t.Errorf("cookie %q lacks %s", c, want)
				}
			}
		}
	}
	for range 12 {
		try("wrong", "")
	}
	if a := try(password, ""); a.status != 429 {
		t.Errorf("a stranger: %d %s", a.status, a.body)
	}
	if a := try(password, device); a.status != 201 {
		t.Errorf("at the known device: %d %s", a.status, a.body)
	}
	for _, bad := range []string{strings.Replace(device, "=", "=A", 1), "crier_device=", "crier_device=" + strings.Repeat("A", 5000), "crier_device=" + strings.Repeat("A.", 40)} {
		if a := try(password, bad); a.status != 429 {
			t.Errorf("%.40s: %d %s", bad, a.status, a.body)
		}
	}
}

func TestBadTokens(t *testing.T) {
	f := start(t, nil)
	for _, h := range []string{"Bearer", "Bearer ", "Basic YTpi", "Bearer nonsense", "Bearer " + strings.Repeat("x", 500), "bearer cs_" + strings.Repeat("A", 43)} {
		a := f.raw(t, "GET", "/api/v1/tests", nil, map[string]string{"Authorization": h})
		if a.status != 401 || a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%q: %d %s", h, a.status, a.body)
		}
	}
	// A session ended by an administrator is over at once.
	tok := f.signIn(t, "north", "a1")
	f.must(t, "north/admin", "DELETE", "/people/"+f.ids["north/a1"]+"/sessions", nil)
	if a := f.send(t, tok, "GET", "/dashboard", "", nil); a.status != 401 {
		t.Errorf("an ended session: %d %s", a.status, a.body)
	}
}

func TestSessionsExpire(t *testing.T) {
	c := clock.NewFixed(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC))
	f := start(t, nil, app.Options{Clock: c})
	tok := f.signIn(t, "north", "anna")
	if a := f.send(t, tok, "GET", "/tests", "", nil); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	c.Advance(12*time.Hour + time.Minute)
	if a := f.send(t, tok, "GET", "/tests", "", nil); a.status != 401 || a.refused(t).Error.Code != "unauthenticated" {
		t.Errorf("after its time: %d %s", a.status, a.body)
	}
}

// TestExpiry: asking when a session ends does not make it last, renewing does; keys have none.
func TestExpiry(t *testing.T) {
	c := clock.NewFixed(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC))
	f := start(t, nil, app.Options{Clock: c})
	tok := f.signIn(t, "north", "anna")
	var e struct {
		Now       time.Time `json:"now"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	c.Advance(11 * time.Hour)
	f.send(t, tok, "GET", "/session/expiry", "", nil).into(t, &e)
	if !e.Now.Equal(c.Now()) || !e.ExpiresAt.Equal(c.Now().Add(time.Hour)) {
		t.Errorf("%+v", e)
	}
	f.send(t, tok, "POST", "/session/renewal", "", nil).into(t, &e)
	if !e.ExpiresAt.Equal(c.Now().Add(12 * time.Hour)) {
		t.Errorf("renewed: %+v", e)
	}
	if a := f.send(t, "", "GET", "/session/expiry", "", nil); a.status != 401 {
		t.Errorf("nobody: %d %s", a.status, a.body)
	}
	if a := f.call(t, "north/key", "GET", "/session/expiry", nil); a.status != 422 {
		t.Errorf("an API key: %d %s", a.status, a.body)
	}
}

func TestOtherSitesAreRefused(t *testing.T) {
	f := start(t, nil)
	cookie := "crier_session=" + f.token(t, "north/planner")
	body := toJSON(t, item{"name": "stolen"})
	for _, c := range []struct {
		headers map[string]string
		refused bool
	}{
		{map[string]string{"Sec-Fetch-Site": "cross-site"}, true},
		{map[string]string{"Sec-Fetch-Site": "same-site"}, true},
		{map[string]string{"Origin": "https://evil.example"}, true},
		{map[string]string{"Origin": "null"}, true},
		{map[string]string{"Sec-Fetch-Site": "same-origin"}, false},
		{map[string]string{"Origin": f.base}, false},
		{nil, false},
	} {
		h := map[string]string{"Cookie": cookie, "Content-Type": "application/json"}
		for k, v := range c.headers {
			h[k] = v
		}
		a := f.raw(t, "POST", "/api/v1/tickets", nil, h)
		if refused := a.status == 403; refused != c.refused {
			t.Errorf("%v: %d %s", c.headers, a.status, a.body)
		}
	}
	if a := f.raw(t, "POST", "/api/v1/api-keys", body, map[string]string{"Cookie": "crier_session=" + f.token(t, "north/admin"), "Content-Type": "text/plain"}); a.status != 400 {
		t.Errorf("a form's content type: %d %s", a.status, a.body)
	}
}

func TestRetriesMakeOneSending(t *testing.T) {
	f := start(t, nil)
	path := "/tests/" + f.ids["north/T1"] + "/broadcasts"
	in := item{"key": "retry-0001", "subject": "once", "body": "b", "recipients": item{"filter": item{}}}
	first := f.call(t, "north/planner", "POST", path, in)
	again := f.call(t, "north/planner", "POST", path, in)
	if first.status != 201 || again.status != 200 {
		t.Fatalf("first %d, again %d %s", first.status, again.status, again.body)
	}
	var a, b struct{ Broadcast struct{ ID string } }
	first.into(t, &a)
	again.into(t, &b)
	if a.Broadcast.ID == "" || a.Broadcast.ID != b.Broadcast.ID {
		t.Errorf("%s and %s", first.body, again.body)
	}
	in["body"] = "other"
	if c := f.call(t, "north/planner", "POST", path, in); c.status != 409 || c.refused(t).Error.Field != "key" {
		t.Errorf("same key, other text: %d %s", c.status, c.body)
	}
	var inbox struct{ Messages []struct{ ID string } }
	f.must(t, "north/a1", "GET", "/inbox", nil).into(t, &inbox)
	if len(inbox.Messages) != 1 {
		t.Fatalf("a1 has %d messages", len(inbox.Messages))
	}
	f.must(t, "north/a1", "POST", "/receipts", item{"items": []item{{"id": inbox.Messages[0].ID, "state": "acknowledged"}}})
	var board struct {
		Recipients []struct{ Name, State string }
		Total      int
	}
	f.must(t, "north/planner", "GET", "/broadcasts/"+a.Broadcast.ID+"/recipients?missing=acknowledged", nil).into(t, &board)
	if board.Total != 3 {
		t.Errorf("%d have not acknowledged, want 3: %+v", board.Total, board)
	}
	if a := f.call(t, "north/a2", "POST", "/receipts", item{"items": []item{{"id": inbox.Messages[0].ID, "state": "displayed"}}}); a.status < 400 {
		t.Errorf("a2 wrote a receipt for a1's message: %d", a.status)
	}
}

func TestLogAsCSV(t *testing.T) {
	f := start(t, nil)
	for i, subject := range []string{"=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "plain, \"quoted\""} {
		f.must(t, "north/key", "POST", "/tests/"+f.ids["north/T1"]+"/broadcasts", item{"key": "formula-000" + string(rune('0'+i)), "subject": subject, "body": "\t=1+1\nsecond line", "recipients": item{"filter": item{}}})
	}
	a := f.must(t, "north/planner", "GET", "/log.csv?kind=broadcast.sent", nil)
	if got := a.header.Get("Content-Type"); got != "text/csv; charset=utf-8" || !strings.Contains(a.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("served as %q, %q", got, a.header.Get("Content-Disposition"))
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(a.body), "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 6 {
		t.Fatalf("%d rows, %v\n%s", len(rows), err, a.body)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("a spreadsheet would compute %q", cell)
			}
		}
	}
	if !strings.Contains(string(a.body), "'=cmd|") {
		t.Errorf("the subject is not there: %s", a.body)
	}
	if a := f.call(t, "north/planner", "GET", "/log.csv?nonsense=1", nil); a.status != 422 {
		t.Errorf("an unknown parameter: %d", a.status)
	}
	if a := f.must(t, "north/planner", "GET", "/log/verify", nil); !strings.Contains(string(a.body), `"ok":true`) {
		t.Errorf("verification: %s", a.body)
	}
}

func TestPagesAndHeaders(t *testing.T) {
	f := start(t, nil)
	for _, c := range []struct {
		path   string
		status int
		kind   string
	}{
		{"/", 200, "text/html; charset=utf-8"}, {"/sign-in", 200, "text/html; charset=utf-8"}, {"/test/123", 200, "text/html; charset=utf-8"},
		{"/staff", 200, "text/html; charset=utf-8"}, {"/staff/tests/1", 200, "text/html; charset=utf-8"}, {"/favicon.svg", 200, "image/svg+xml"},
		{"/files/123", 200, "text/html; charset=utf-8"},
		{"/docs", 200, "text/html; charset=utf-8"}, {"/docs.css", 200, "text/css; charset=utf-8"}, {"/openapi.json", 200, "application/json"},
		{"/asyncapi.yaml", 200, "application/yaml"}, {"/livez", 200, "text/plain; charset=utf-8"}, {"/readyz", 200, "text/plain; charset=utf-8"},
		{"/nothing", 404, "application/json"}, {"/api/v1/nothing", 404, "application/json"}, {"/assets/none.js", 404, "application/json"},
		{"/metrics", 404, "application/json"}, {"/debug/pprof/", 404, "application/json"},
	} {
		a := f.raw(t, "GET", c.path, nil, nil)
		if a.status != c.status || a.header.Get("Content-Type") != c.kind {
			t.Errorf("%s: %d %q, want %d %q", c.path, a.status, a.header.Get("Content-Type"), c.status, c.kind)
		}
		csp := a.header.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'; script-src 'self'; style-src 'self';") || strings.Contains(csp, "unsafe") || a.header.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.Contains(a.header.Get("Permissions-Policy"), "camera=(), ") || strings.Contains(csp, "report") || a.header.Get("X-Request-Id") == "" {
			t.Errorf("%s: headers %v", c.path, a.header)
		}
	}
	if got := f.raw(t, "GET", "/", nil, nil).header.Get("Reporting-Endpoints"); got != "" {
		t.Errorf("reports go to %s", got)
	}
	reporting := start(t, func(c *config.Config) { c.CSPReport = "https://reports.example.org/csp" }).raw(t, "GET", "/", nil, nil).header
	if got := reporting.Get("Content-Security-Policy"); !strings.HasSuffix(got, "; report-to csp; report-uri https://reports.example.org/csp") ||
		reporting.Get("Reporting-Endpoints") != `csp="https://reports.example.org/csp"` {
		t.Errorf("reports: %s, %s", got, reporting.Get("Reporting-Endpoints"))
	}
	page := f.raw(t, "GET", "/", nil, nil)
	etag := page.header.Get("ETag")
	if etag == "" || page.header.Get("Cache-Control") != "no-cache" {
		t.Fatalf("headers %v", page.header)
	}
	if a := f.raw(t, "GET", "/", nil, map[string]string{"If-None-Match": etag}); a.status != 304 || len(a.body) != 0 {
		t.Errorf("unchanged: %d, %d bytes", a.status, len(a.body))
	}
	zipped := f.raw(t, "GET", "/openapi.json", nil, map[string]string{"Accept-Encoding": "br, gzip"})
	if zipped.header.Get("Content-Encoding") != "gzip" || zipped.header.Get("ETag") == f.raw(t, "GET", "/openapi.json", nil, nil).header.Get("ETag") {
		t.Errorf("headers %v", zipped.header)
	}
	if a := f.raw(t, "POST", "/", nil, nil); a.status != 404 {
		t.Errorf("POST /: %d", a.status)
	}
	if a := f.raw(t, "GET", "/livez", nil, map[string]string{"X-Request-Id": "caller-1"}); a.header.Get("X-Request-Id") != "caller-1" {
		t.Errorf("request id %q", a.header.Get("X-Request-Id"))
	}
	if a := f.raw(t, "GET", "/livez", nil, map[string]string{"X-Request-Id": "a b\"c"}); a.header.Get("X-Request-Id") == "a b\"c" {
		t.Error("a strange request id was taken over")
	}
}
