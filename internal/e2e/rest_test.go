package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

type item = map[string]any

// answer is what a node said to one request.
type answer struct {
	status int
	body   []byte
	header http.Header
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

var calls = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// request asks one node; an error means that no answer came.
func (w *world) request(base, token, method, path string, in any) (answer, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return answer{}, err
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(context.Background(), method, base+"/api/v1"+path, body)
	if err != nil {
		return answer{}, err
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := calls.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close() //nolint:errcheck // it has been read
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	w.heard.add(b)
	return answer{resp.StatusCode, b, resp.Header}, nil
}

// call asks one node and fails the test unless it is answered with a 2xx; out may be nil.
func (w *world) call(n *node, token, method, path string, in, out any) {
	w.t.Helper()
	a, err := w.request(n.base, token, method, path, in)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	if a.status/100 != 2 {
		w.t.Fatalf("%s %s: %v", method, path, a)
	}
	if out != nil {
		if err := json.Unmarshal(a.body, out); err != nil {
			w.t.Fatalf("%s %s: %v in %s", method, path, err, a.body)
		}
	}
}

// sending is the part of a broadcast request that the tests vary.
func sending(key string) item {
	return item{"key": key, "subject": key, "body": "Body of " + key, "recipients": item{"filter": item{}}}
}

// send asks one node, once.
func (w *world) send(n *node, key string) (answer, error) {
	return w.request(n.base, w.key, http.MethodPost, "/tests/"+w.test+"/broadcasts", sending(key))
}

// mustSend sends by one node until it is answered; being sent too much is waited for.
func (w *world) mustSend(n *node, key string) {
	w.t.Helper()
	for range 20 {
		a, err := w.send(n, key)
		switch {
		case err != nil:
			w.t.Fatalf("send %s: %v", key, err)
		case a.status == http.StatusTooManyRequests:
			w.freshKey()
		case a.status/100 == 2:
			w.sent(key)
			return
		default:
			w.t.Fatalf("send %s: %v", key, a)
		}
	}
	w.t.Fatalf("send %s: no budget left", key)
}

// sent notes a sending that was acknowledged.
func (w *world) sent(key string) { w.acknowledged = append(w.acknowledged, key) }
