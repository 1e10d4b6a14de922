package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/rs/zerolog"
)

// hall is the simulated room: one goroutine per candidate, each with a socket of
// its own, a pace of its own and, now and then, a lost connection.
type hall struct {
	client *client
	log    zerolog.Logger
	people []candidate
	wg     sync.WaitGroup
}

// run plays the hall until ctx ends.
func (h *hall) run(ctx context.Context) {
	for i, p := range h.people {
		if _, mine := yours[p.id]; mine || i%16 == 9 { // some never turn up
			continue
		}
		h.wg.Go(func() { h.attend(ctx, p, time.Duration(rand.IntN(2500))*time.Millisecond) })
	}
	h.wg.Go(func() { h.progress(ctx) })
	h.wg.Wait()
}

// attend keeps one candidate connected, with breaks.
func (h *hall) attend(ctx context.Context, p candidate, wait time.Duration) {
	since := ""
	for {
		if !rest(ctx, wait) {
			return
		}
		stay := time.Duration(120+rand.IntN(1800)) * time.Second
		if rand.IntN(4) > 0 {
			stay = 12 * time.Hour // most laptops hold out
		}
		connected, cancel := context.WithTimeout(ctx, stay)
		err := h.connect(connected, p, &since)
		cancel()
		if ctx.Err() != nil {
			return
		}
		h.log.Debug().Err(err).Str("seat", p.seat).Msg("a simulated candidate dropped out")
		wait = time.Duration(4+rand.IntN(40)) * time.Second
	}
}

// heard is what a candidate's page needs of any frame.
type heard struct {
	Type    string `json:"type"`
	Cursor  string `json:"cursor"`
	Reason  string `json:"reason"`
	Message struct {
		State string `json:"state"`
	} `json:"message"`
}

// connect opens one socket with a ticket and lives on it until it closes.
func (h *hall) connect(ctx context.Context, p candidate, since *string) error {
	var minted struct {
		Tickets []struct {
			Ticket string `json:"ticket"`
		} `json:"tickets"`
	}
	if err := h.client.call(ctx, http.MethodPost, "/provisioning/tickets", item{"people": []string{p.id}, "ttl_seconds": 60}, &minted); err != nil {
		return err
	}
	if len(minted.Tickets) != 1 {
		return fmt.Errorf("%d tickets for one candidate", len(minted.Tickets))
	}
	conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(h.client.base, "http")+"/socket", &websocket.DialOptions{Subprotocols: []string{"crier.v1"}})
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	// A candidate answers at leisure, while the page goes on reading.
	say := make(chan item, 64)
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case m := <-say:
				b, _ := json.Marshal(m)
				if conn.Write(ctx, websocket.MessageText, b) != nil {
					cancel()
					return
				}
			}
		}
	})
	tell := func(m item) {
		select {
		case say <- m:
		case <-ctx.Done():
		}
	}
	hello := item{"type": "hello", "id": "1", "ticket": minted.Tickets[0].Ticket, "client": "demo/1"}
	if *since != "" {
		hello["since"] = *since
	}
	tell(hello)
	wg.Go(func() { wander(ctx, tell) })
	for {
		_, b, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		var f heard
		if err := json.Unmarshal(b, &f); err != nil {
			return err
		}
		switch f.Type {
		case "beat":
			tell(item{"type": "beat"})
		case "reset":
			*since = ""
		case "message":
			*since = f.Cursor
			wg.Go(func() { read(ctx, f.Cursor, f.Message.State, tell) })
		}
	}
}

// read is a candidate with a message: the device has it at once, the screen soon,
// and most press OK after some seconds.
func read(ctx context.Context, cursor, state string, tell func(item)) {
	if state == "acknowledged" {
		return
	}
	receipt := func(state string) { tell(item{"type": "receipt", "state": state, "cursors": []string{cursor}}) }
	receipt("delivered")
	if !rest(ctx, time.Duration(150+rand.IntN(1200))*time.Millisecond) {
		return
	}
	receipt("displayed")
	if rand.IntN(100) < 12 {
		return // reads it, and goes on writing
	}
	if rest(ctx, time.Duration(1500+int(rand.ExpFloat64()*6000))*time.Millisecond) {
		receipt("acknowledged")
	}
}

// wander lets a candidate look away from the page now and then.
func wander(ctx context.Context, tell func(item)) {
	for {
		if !rest(ctx, time.Duration(60+rand.IntN(900))*time.Second) {
			return
		}
		tell(item{"type": "presence", "state": "away"})
		if !rest(ctx, time.Duration(5+rand.IntN(40))*time.Second) {
			return
		}
		tell(item{"type": "presence", "state": "online"})
	}
}

// progress lets those who have not begun begin, and some submit, about one
// every half minute.
func (h *hall) progress(ctx context.Context) {
	states, err := h.states(ctx)
	if err != nil {
		if ctx.Err() == nil {
			h.log.Warn().Err(err).Msg("the simulated hall could not read progress")
		}
		return
	}
	for rest(ctx, time.Duration(15+rand.IntN(30))*time.Second) {
		i := rand.IntN(len(h.people))
		p := h.people[i]
		_, mine := yours[p.id]
		switch {
		case mine || states[i] == "submitted":
			continue
		case states[i] == "not_started":
			states[i] = "in_progress"
		case rand.IntN(3) == 0:
			states[i] = "submitted"
		default:
			continue
		}
		if err := h.client.call(ctx, http.MethodPost, "/provisioning/progress", item{"items": []item{{"test": mathematics, "person": p.id, "progress": states[i]}}}, nil); err != nil && ctx.Err() == nil {
			h.log.Warn().Err(err).Msg("the simulated hall could not report progress")
		}
	}
}

// states reads where each candidate stands now.
func (h *hall) states(ctx context.Context) ([]string, error) {
	id, err := testID(ctx, h.client, mathematics)
	if err != nil {
		return nil, err
	}
	var out struct {
		Candidates []struct {
			ExternalID string `json:"external_id"`
			Progress   string `json:"progress"`
		} `json:"candidates"`
	}
	if err := h.client.call(ctx, http.MethodGet, "/tests/"+id+"/candidates", nil, &out); err != nil {
		return nil, err
	}
	now := map[string]string{}
	for _, c := range out.Candidates {
		now[c.ExternalID] = c.Progress
	}
	states := make([]string, len(h.people))
	for i, p := range h.people {
		states[i] = now[p.id]
	}
	return states, nil
}

// testID finds a test by its external id; "" when it does not exist.
func testID(ctx context.Context, c *client, external string) (string, error) {
	var out struct {
		Tests []struct {
			ID         string `json:"id"`
			ExternalID string `json:"external_id"`
		} `json:"tests"`
	}
	if err := c.call(ctx, http.MethodGet, "/tests", nil, &out); err != nil {
		return "", err
	}
	for _, t := range out.Tests {
		if t.ExternalID == external {
			return t.ID, nil
		}
	}
	return "", nil
}

// rest waits for d; false means that ctx ended first.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
