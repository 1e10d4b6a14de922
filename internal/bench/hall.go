package bench

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// hall is a provisioned test and its candidates' screens.
type hall struct {
	servers []*server
	reader  *reader
	run     string // name of this run: part of every external id
	test    string // id of the test
	screens []*screen
}

// newName makes a name for a run that no other run has.
func newName() string { return "bench-" + strings.ToLower(rand.Text()[:10]) }

const (
	itemsMost = 5000 // of one provisioning request
	seats     = 60   // of a room
	opening   = 64   // screens that may be between connect and caught_up at once
)

func (h *hall) rest() rest { return rest{h.servers[0].address} }

func (h *hall) candidate(i int) string { return fmt.Sprintf("%s-c%05d", h.run, i) }

// provision makes a test with n candidates over the REST API, as an exam platform would.
func (h *hall) provision(ctx context.Context, n int) error {
	c := h.rest()
	err := c.call(ctx, http.MethodPut, "/provisioning/tests", object{"items": []object{{"external_id": h.run, "name": "Benchmark " + h.run}}}, nil)
	if err != nil {
		return err
	}
	for from := 0; from < n; from += itemsMost {
		var people, enrolments []object
		for i := from; i < min(from+itemsMost, n); i++ {
			people = append(people, object{"external_id": h.candidate(i), "kind": "candidate", "given_name": "Candidate", "family_name": fmt.Sprintf("No. %05d", i)})
			enrolments = append(enrolments, object{"test": h.run, "person": h.candidate(i), "room": fmt.Sprintf("Hall %02d", i/seats), "seat": fmt.Sprint(i%seats + 1)})
		}
		if err := c.call(ctx, http.MethodPut, "/provisioning/people", object{"items": people}, nil); err != nil {
			return err
		}
		if err := c.call(ctx, http.MethodPut, "/provisioning/enrolments", object{"items": enrolments}, nil); err != nil {
			return err
		}
	}
	var out struct {
		Tests []struct {
			ID         string `json:"id"`
			ExternalID string `json:"external_id"`
		} `json:"tests"`
	}
	if err := c.call(ctx, http.MethodGet, "/tests", nil, &out); err != nil {
		return err
	}
	for _, t := range out.Tests {
		if t.ExternalID == h.run {
			h.test = t.ID
			return nil
		}
	}
	return fmt.Errorf("the test %s was provisioned and is not listed", h.run)
}

// tickets mints one socket ticket for each of n candidates, in bulk.
func (h *hall) tickets(ctx context.Context, n int) ([]string, error) {
	byPerson := make(map[string]string, n)
	for from := 0; from < n; from += itemsMost {
		var people []string
		for i := from; i < min(from+itemsMost, n); i++ {
			people = append(people, h.candidate(i))
		}
		var out struct {
			Tickets []struct {
				Person string `json:"person"`
				Ticket string `json:"ticket"`
			} `json:"tickets"`
		}
		if err := h.rest().call(ctx, http.MethodPost, "/provisioning/tickets", object{"people": people, "ttl_seconds": 3600}, &out); err != nil {
			return nil, err
		}
		for _, t := range out.Tickets {
			byPerson[t.Person] = t.Ticket
		}
	}
	tickets := make([]string, n)
	for i := range tickets {
		if tickets[i] = byPerson[h.candidate(i)]; tickets[i] == "" {
			return nil, fmt.Errorf("no ticket came for %s", h.candidate(i))
		}
	}
	return tickets, nil
}

const openLimit = 2 * time.Minute

// seat connects n candidates, spread evenly over the nodes, and waits until every one has caught up.
func (h *hall) seat(ctx context.Context, n int) error {
	tickets, err := h.tickets(ctx, n)
	if err != nil {
		return err
	}
	return h.connect(ctx, tickets, false)
}

// connect opens a socket by each of the tickets, spread evenly over the nodes, and waits until every one is ready. Staff hear
// of conversations.
func (h *hall) connect(ctx context.Context, tickets []string, staff bool) error {
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	for i, ticket := range tickets {
		hello, err := json.Marshal(object{"type": "hello", "id": "hello", "ticket": ticket, "client": "bench/1"})
		if err != nil {
			return err
		}
		s := &screen{fd: -1, index: i, node: i % len(h.servers), hello: masked(opText, hello), staff: staff}
		h.screens = append(h.screens, s)
		to := h.servers[s.node].tcp
		if err := h.reader.open(ctx, s, to, source(to, i)); err != nil {
			return err
		}
	}
	return h.reader.caughtUp(ctx, len(tickets))
}

// source is the loopback address that the i-th socket comes from: a port range serves one pair of addresses only.
func source(to *net.TCPAddr, i int) net.IP {
	if !to.IP.IsLoopback() {
		return nil
	}
	return net.IPv4(127, 0, 0, byte(1+i/itemsMost))
}

// clean has every node of ours collect its garbage, and returns their memory in KiB: what provisioning left behind would
// otherwise be reused by the connections, and hide what they cost.
func (h *hall) clean(ctx context.Context) (int64, error) {
	for _, s := range h.servers {
		if err := s.ask("free", "ok"); err != nil {
			return 0, err
		}
	}
	return h.resident(ctx)
}

// resident is the memory of all nodes, in KiB, once it stands still.
func (h *hall) resident(ctx context.Context) (sum int64, err error) {
	for _, s := range h.servers {
		kb, err := settledKB(ctx, s.pid())
		if err != nil {
			return 0, err
		}
		sum += kb
	}
	return sum, nil
}
