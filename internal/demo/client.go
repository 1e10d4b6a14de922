package demo

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// client calls a node's REST API as one of the demo's people. Safe for concurrent use.
type client struct {
	base  string // http://host:port
	login string // "" = admin

	mu    sync.Mutex
	token string
}

// calls is the demo's own HTTP client: a node that does not answer must not hold the hall.
var calls = &http.Client{Timeout: 30 * time.Second}

// as is a client of another of the demo's people.
func (c *client) as(login string) *client { return &client{base: c.base, login: login} }

// call sends in as JSON and reads the answer into out (either may be nil). An
// expired session is signed in again, once.
func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	for again := true; ; again = false {
		status, body, err := c.once(ctx, method, path, in, c.bearer())
		if err != nil {
			return err
		}
		if status == http.StatusUnauthorized && again {
			if err := c.signIn(ctx); err != nil {
				return err
			}
			continue
		}
		if status >= 300 {
			return fmt.Errorf("%s %s: %d: %s", method, path, status, body)
		}
		if out == nil {
			return nil
		}
		return json.Unmarshal(body, out)
	}
}

func (c *client) bearer() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.token
}

func (c *client) signIn(ctx context.Context) error {
	in := map[string]any{"organisation": Slug, "login": cmp.Or(c.login, "admin"), "password": Password, "token": true}
	status, body, err := c.once(ctx, http.MethodPost, "/session", in, "")
	if err != nil {
		return err
	}
	if status != http.StatusCreated {
		return fmt.Errorf("sign in as the demo's %s: %d: %s", in["login"], status, body)
	}
	var out struct {
		Session struct {
			Token string `json:"token"`
		} `json:"session"`
	}
	if err := json.Unmarshal(body, &out); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = out.Session.Token
	return nil
}

func (c *client) once(ctx context.Context, method, path string, in any, token string) (int, []byte, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return 0, nil, err
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+"/api/v1"+path, body)
	if err != nil {
		return 0, nil, err
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := calls.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	return resp.StatusCode, b, err
}
