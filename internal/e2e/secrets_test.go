package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"crier/internal/testkit"
)

// discreet holds that the nodes' logs, at their most talkative, name no password, token,
// text or phone number.
func (w *world) discreet() {
	w.t.Helper()
	never := map[string]string{"Body of ": "a body", adminPassword: "a password", candidatePassword: "a password", phone(0)[:9]: "a phone number"}
	for _, s := range w.secrets.all() {
		never[s] = "a token"
	}
	for _, n := range w.nodes {
		log := n.Log()
		if !strings.Contains(log, `"message":"serving"`) {
			w.t.Errorf("the log of %s was not captured", n.base)
		}
		for text, what := range never {
			if i := strings.Index(log, text); i >= 0 {
				w.t.Errorf("a log holds %s: …%s…", what, log[max(0, i-200):min(len(log), i+60)])
			}
		}
	}
}

// TestOthersThings sends in a second organisation and to one candidate alone, and looks
// for it everywhere else.
func TestOthersThings(t *testing.T) {
	w := build(t, testkit.Postgres(t), 20)
	screens := w.screens()
	south := w.south()

	var list struct {
		Candidates []struct {
			ID         string `json:"id"`
			ExternalID string `json:"external_id"`
		} `json:"candidates"`
	}
	w.call(w.nodes[0], w.key, http.MethodGet, "/tests/"+w.test+"/candidates", nil, &list)
	ids := map[string]string{}
	for _, c := range list.Candidates {
		ids[c.ExternalID] = c.ID
	}
	private := item{"key": "canary-private", "subject": "canary-private", "body": "Body of canary-private", "recipients": item{"people": []string{ids[w.people[0]]}}}
	w.call(w.nodes[0], w.key, http.MethodPost, "/tests/"+w.test+"/broadcasts", private, nil)
	w.mustSend(w.nodes[1], "for-everybody")
	w.reached(screens, limit)

	testkit.Eventually(t, limit, "the one candidate sees both", func() error {
		if got := screens[0].subjects(); len(got) != 2 {
			return fmt.Errorf("%q", got)
		}
		return nil
	})
	for i, s := range screens {
		s.mu.Lock()
		frames := strings.Join(s.frames, "\n")
		s.mu.Unlock()
		if got := strings.Contains(frames, "canary-private"); got != (i == 0) {
			t.Errorf("%s sees the private message: %v", s.person, got)
		}
		for j, p := range w.people {
			if i != j && (strings.Contains(frames, "Given"+p) || strings.Contains(frames, ids[p])) {
				t.Errorf("%s is named in a frame to %s", p, s.person)
			}
		}
	}
	// Everybody else's answers: what belongs to the other organisation is not even named.
	other := w.signIn(w.nodes[0], w.people[1], candidatePassword)
	if a, err := w.request(w.nodes[1].base, other, http.MethodGet, "/inbox", nil); err != nil || a.status != http.StatusOK || strings.Contains(string(a.body), "canary") {
		t.Errorf("another's message centre: %v, %v", a, err)
	}
	for _, path := range []string{"/tests/" + south.test, "/tests/" + south.test + "/candidates", "/tests/" + south.test + "/broadcasts"} {
		for _, token := range []string{w.key, w.boss, other} {
			if a, err := w.request(w.nodes[1].base, token, http.MethodGet, path, nil); err != nil || a.status != http.StatusNotFound && a.status != http.StatusForbidden {
				t.Errorf("%s: %v, %v", path, a, err)
			}
		}
	}
	for _, path := range []string{"/tests", "/log", "/log.csv", "/log?q=canary-south"} {
		for _, n := range w.nodes {
			w.call(n, w.boss, http.MethodGet, path, nil, nil)
		}
	}
	for _, text := range w.heard.all() {
		if strings.Contains(text, "canary-south") {
			t.Errorf("the other organisation shows: %s", text)
		}
	}
	wrong := item{"organisation": "north", "login": w.people[0], "password": candidatePassword + "x"}
	if a, err := w.request(w.nodes[0].base, "", http.MethodPost, "/session", wrong); err != nil || a.status != http.StatusUnauthorized {
		t.Errorf("a wrong password: %v, %v", a, err)
	}
	w.discreet()
}

// south makes a second organisation on the same nodes, with one test, one candidate and
// one sending, all named canary-south.
func (w *world) south() *world {
	w.t.Helper()
	s := &world{t: w.t, dsn: w.dsn, redis: w.redis, nodes: w.nodes}
	s.command("create-organisation", "--slug", "south", "--name", "canary-south")
	s.key = strings.TrimSpace(s.command("create-api-key", "--organisation", "south", "--name", "canary-south",
		"--right", "provision,read,send"))
	w.secrets.add([]byte(s.key))
	n := s.nodes[0]
	s.call(n, s.key, http.MethodPut, "/provisioning/people", item{"items": []item{
		{"external_id": "c000", "kind": "candidate", "given_name": "canary-south", "family_name": "canary-south", "phone": phone(999)}}}, nil)
	s.call(n, s.key, http.MethodPut, "/provisioning/tests", item{"items": []item{{"external_id": "t1", "name": "canary-south"}}}, nil)
	s.call(n, s.key, http.MethodPut, "/provisioning/enrolments", item{"items": []item{{"test": "t1", "person": "c000", "room": "canary-south"}}}, nil)
	var list struct {
		Tests []struct {
			ID string `json:"id"`
		} `json:"tests"`
	}
	s.call(n, s.key, http.MethodGet, "/tests", nil, &list)
	s.test = list.Tests[0].ID
	if a, err := s.send(n, "canary-south"); err != nil || a.status != http.StatusCreated {
		s.t.Fatalf("%v, %v", a, err)
	}
	return s
}
