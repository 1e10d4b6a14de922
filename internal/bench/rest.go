package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// rest calls a node's REST API with an API key: everything but the measured POSTs.
type rest struct{ address }

type object = map[string]any

// calls is the client of all nodes. Provisioning thousands of people may take a while.
var calls = &http.Client{Timeout: 2 * time.Minute}

// call sends in as JSON and reads the answer into out; either may be nil. It comes back as often as 429 tells it to.
func (c rest) call(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	for {
		r, err := http.NewRequestWithContext(ctx, method, c.URL+"/api/v1"+path, bytes.NewReader(body))
		if err != nil {
			return err
		}
		if in == nil {
			r.Body, r.ContentLength = http.NoBody, 0
		} else {
			r.Header.Set("Content-Type", "application/json")
		}
		r.Header.Set("Authorization", "Bearer "+c.Key)
		resp, err := calls.Do(r)
		if err != nil {
			return err
		}
		answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
		_ = resp.Body.Close() // read to its end
		switch {
		case err != nil:
			return err
		case resp.StatusCode == http.StatusTooManyRequests:
			if err := pause(ctx, retryAfter(resp.Header)); err != nil {
				return err
			}
			continue
		case resp.StatusCode >= 300:
			return fmt.Errorf("%s %s: %d: %.400s", method, path, resp.StatusCode, answer)
		case out == nil:
			return nil
		}
		return json.Unmarshal(answer, out)
	}
}

func retryAfter(h http.Header) time.Duration {
	s, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || s < 1 {
		s = 1
	}
	return time.Duration(s) * time.Second
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
