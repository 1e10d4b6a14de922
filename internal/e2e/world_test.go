package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crier/internal/testkit"
)

// What no frame, answer or log may ever show.
const (
	adminPassword     = "admin-canary-Ghj27Kq"
	candidatePassword = "candidate-canary-Wm83Zx"
)

func phone(i int) string { return fmt.Sprintf("+4790055%03d", i) }

// world is two nodes over one database and one Redis, with one test and its candidates.
type world struct {
	t     testing.TB
	dsn   string
	redis *testkit.RedisServer
	way   string // host and port by which the nodes reach Redis
	nodes []*node

	key, spare   string // API keys: one that sends, and one for the rest
	boss         string // the admin's session, which makes more keys
	keys         int
	test         string   // its public id
	people       []string // external ids
	acknowledged []string // keys of the sendings that were answered 2xx, in order
	heard        heard
	secrets      heard // every ticket, token and key that was handed out
}

// heard collects texts. Safe for concurrent use.
type heard struct {
	mu    sync.Mutex
	texts []string
}

func (h *heard) add(b []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.texts = append(h.texts, string(b))
}

func (h *heard) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.texts)
}

// node is one process that serves.
type node struct {
	*testkit.Process
	base, admin string
}

// build makes a world of n candidates on the database at dsn.
func build(t *testing.T, dsn string, n int) *world {
	t.Helper()
	redis := testkit.StartRedis(t)
	return buildWith(t, dsn, n, redis, redis.Addr())
}

// buildWith makes a world whose nodes reach Redis at the address way.
func buildWith(t *testing.T, dsn string, n int, redis *testkit.RedisServer, way string) *world {
	t.Helper()
	w := &world{t: t, dsn: dsn, redis: redis, way: way}
	w.command("create-organisation", "--slug", "north", "--name", "North")
	w.spare = strings.TrimSpace(w.command("create-api-key", "--organisation", "north", "--name", "e2e",
		"--right", "provision,staff,tickets,send,read,settings,sessions"))
	w.key = w.spare
	w.secrets.add([]byte(w.spare))
	w.start("")
	w.start("")
	a := w.nodes[0]
	var people, enrolments []item
	for i := range n {
		id := fmt.Sprintf("c%03d", i)
		w.people = append(w.people, id)
		person := item{"external_id": id, "kind": "candidate", "given_name": "Given" + id, "family_name": "Family", "phone": phone(i)}
		if i < 2 { // passwords cost time
			person["login"], person["password"] = id, candidatePassword
		}
		people = append(people, person)
		enrolments = append(enrolments, item{"test": "t1", "person": id, "room": "A", "seat": fmt.Sprint(i), "progress": "in_progress"})
	}
	w.call(a, w.key, http.MethodPut, "/provisioning/people", item{"items": people}, nil)
	w.call(a, w.key, http.MethodPut, "/provisioning/tests", item{"items": []item{{"external_id": "t1", "name": "Test 1"}}}, nil)
	w.call(a, w.key, http.MethodPut, "/provisioning/enrolments", item{"items": enrolments}, nil)
	var list struct {
		Tests []struct {
			ID string `json:"id"`
		} `json:"tests"`
	}
	w.call(a, w.key, http.MethodGet, "/tests", nil, &list)
	w.test = list.Tests[0].ID
	w.command("create-admin", "--organisation", "north", "--login", "admin", "--name", "Ada Berg", "--password-file", "-")
	w.boss = w.signIn(a, "admin", adminPassword)
	w.freshKey()
	return w
}

// command runs an admin command and returns its standard output.
func (w *world) command(args ...string) string {
	w.t.Helper()
	cmd := exec.Command(binary, append([]string{"admin", "--database", w.dsn}, args...)...)
	cmd.Stdin = strings.NewReader(adminPassword + "\n")
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("crier admin %v: %v\n%s", args, err, errs.String())
	}
	return string(out)
}

// freshKey gives the sender a new API key: a sender has a budget, tests have none.
func (w *world) freshKey() {
	w.t.Helper()
	w.keys++
	for _, n := range w.nodes {
		if n.PID() == 0 {
			continue
		}
		var out struct {
			Key struct {
				Secret string `json:"secret"`
			} `json:"key"`
		}
		w.call(n, w.boss, http.MethodPost, "/api-keys", item{"name": fmt.Sprint("sender ", w.keys), "rights": []string{"provision", "staff", "tickets", "send", "read", "settings", "sessions"}}, &out)
		w.key = out.Key.Secret
		w.secrets.add([]byte(w.key))
		return
	}
	w.t.Fatal("no node is alive")
}

// start starts one more node, with these flags besides the usual ones, to die at the failpoint if one is named.
func (w *world) start(failpoint string, flags ...string) *node {
	w.t.Helper()
	addr, admin := fmt.Sprintf("127.0.0.1:%d", testkit.Port(w.t)), fmt.Sprintf("127.0.0.1:%d", testkit.Port(w.t))
	n := &node{base: "http://" + addr, admin: "http://" + admin}
	n.Process = testkit.StartProcess(w.t, "crier", func() *exec.Cmd {
		args := append([]string{"serve", "--database", w.dsn, "--redis", "redis://" + w.way,
			"--addr", addr, "--admin-addr", admin, "--log-level", "debug", "--drain-time", "1s"}, flags...)
		cmd := exec.Command(binary, args...)
		cmd.Env = append(os.Environ(), "CRIER_FAILPOINT="+failpoint)
		return cmd
	}, func(ctx context.Context) error {
		_, err := get(ctx, n.base+"/readyz")
		return err
	})
	w.nodes = append(w.nodes, n)
	return n
}

// get reads a page; anything but 200 is an error.
func get(ctx context.Context, url string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := calls.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close() //nolint:errcheck // it has been read
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %d %s", url, resp.StatusCode, b)
	}
	return string(b), err
}

// ticket mints a socket ticket for one candidate at one node.
func (w *world) ticket(base, person string) (string, error) {
	a, err := w.request(base, w.spare, http.MethodPost, "/provisioning/tickets", item{"people": []string{person}})
	if err != nil {
		return "", err
	}
	var out struct {
		Tickets []struct {
			Ticket string `json:"ticket"`
		} `json:"tickets"`
	}
	if err := json.Unmarshal(a.body, &out); err != nil || len(out.Tickets) != 1 {
		return "", fmt.Errorf("ticket: %v", a)
	}
	w.secrets.add([]byte(out.Tickets[0].Ticket))
	return out.Tickets[0].Ticket, nil
}

// signIn opens a session and returns its token. Of the candidates the first two have a password.
func (w *world) signIn(n *node, login, password string) string {
	w.t.Helper()
	var out struct {
		Session struct {
			Token string `json:"token"`
		} `json:"session"`
	}
	w.call(n, "", http.MethodPost, "/session", item{"organisation": "north", "login": login, "password": password, "token": true}, &out)
	w.secrets.add([]byte(out.Session.Token))
	return out.Session.Token
}

// screens opens a screen for each candidate, taking turns between the nodes.
func (w *world) screens() []*screen {
	w.t.Helper()
	list := make([]*screen, len(w.people))
	for i, p := range w.people {
		list[i] = w.screen(p, i)
	}
	w.settled(list)
	return list
}

// settled waits until every screen is connected and up to date.
func (w *world) settled(list []*screen) {
	w.t.Helper()
	testkit.Eventually(w.t, time.Minute, "screens are up to date", func() error {
		for _, s := range list {
			if !s.isLive() {
				return fmt.Errorf("%s is not", s.person)
			}
		}
		return nil
	})
}

// reached waits until every screen shows every acknowledged sending, and returns how long that took.
func (w *world) reached(list []*screen, limit time.Duration) time.Duration {
	w.t.Helper()
	began := time.Now()
	testkit.Eventually(w.t, limit, "acknowledged sendings are on every screen", func() error {
		for _, s := range list {
			if got := s.subjects(); len(got) < len(w.acknowledged) {
				return fmt.Errorf("%s shows %q of %q", s.person, got, w.acknowledged)
			}
		}
		return nil
	})
	return time.Since(began)
}

// verify holds what every fault must leave behind: each acknowledged sending is on each
// screen, in each inbox read afresh on any node, and on the board, once and in order; the
// chain of the journal holds.
func (w *world) verify(list []*screen) {
	w.t.Helper()
	w.reached(list, 20*time.Second)
	for _, s := range list {
		if got := s.subjects(); !slices.Equal(got, w.acknowledged) {
			w.t.Errorf("the screen of %s shows %q, want %q", s.person, got, w.acknowledged)
		}
		for _, f := range s.faultsSeen() {
			w.t.Errorf("the screen of %s: %s", s.person, f)
		}
	}
	afresh := make([]*screen, len(w.people))
	for i, p := range w.people {
		afresh[i] = w.screen(p, i+1)
	}
	w.settled(afresh)
	for _, s := range afresh {
		if got := s.subjects(); !slices.Equal(got, w.acknowledged) {
			w.t.Errorf("read afresh, %s has %q, want %q", s.person, got, w.acknowledged)
		}
		s.leave()
	}
	for _, n := range w.nodes {
		if n.PID() != 0 {
			w.verifyInbox(n)
		}
	}
	if out := w.command("verify", "--organisation", "north"); !strings.Contains(out, "all in order") {
		w.t.Errorf("verify: %s", out)
	}
	w.discreet()
}

// verifyInbox reads a message centre and the list of sendings over REST.
func (w *world) verifyInbox(n *node) {
	w.t.Helper()
	type subject struct {
		Subject string `json:"subject"`
		Counts  struct {
			Recipients int `json:"recipients"`
		} `json:"counts"`
	}
	var inbox struct {
		Messages []subject `json:"messages"`
	}
	w.call(n, w.signIn(n, w.people[0], candidatePassword), http.MethodGet, "/inbox?limit=100", nil, &inbox)
	var board struct {
		Broadcasts []subject `json:"broadcasts"`
	}
	w.call(n, w.key, http.MethodGet, "/tests/"+w.test+"/broadcasts?limit=100", nil, &board)
	for what, list := range map[string][]subject{"inbox": inbox.Messages, "board": board.Broadcasts} {
		var got []string
		for _, s := range slices.Backward(list) { // newest first
			got = append(got, s.Subject)
			if what == "board" && s.Counts.Recipients != len(w.people) {
				w.t.Errorf("%s went to %d, want %d", s.Subject, s.Counts.Recipients, len(w.people))
			}
		}
		if !slices.Equal(got, w.acknowledged) {
			w.t.Errorf("the %s holds %q, want %q", what, got, w.acknowledged)
		}
	}
}
