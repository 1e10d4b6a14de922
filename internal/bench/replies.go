package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Replies says what to measure: how soon what a candidate writes is on the pages of all staff who may see it.
type Replies struct {
	Servers
	Staff   int           // pages of staff: a quarter reach the organisation, the others the test or a room of it
	Replies int           // measured replies
	WarmUp  int           // replies before those, at least 1; checked like the others, not timed
	Size    int           // characters of a body
	Pause   time.Duration // between replies
	NoLimit bool          // leaves the raw writer out
}

// RepliesResult is what was measured. Times count from just before the POST is written.
type RepliesResult struct {
	Staff   int `json:"staff"`
	Replies int `json:"replies"`

	Delivered  int64 `json:"delivered"`    // frames of measured replies, each once
	Lost       int64 `json:"lost"`         // of all replies, warm-up too: frames that never came
	Duplicates int64 `json:"duplicates"`   // … that came twice
	OutOfOrder int64 `json:"out_of_order"` // … whose number was not higher than the one before

	Page      Spread   `json:"page_ms"` // until a page has it, per page and reply
	Last      Spread   `json:"last_ms"` // until the last page has it, per reply
	SameNode  *Spread  `json:"same_node_ms,omitempty"`
	OtherNode *Spread  `json:"other_node_ms,omitempty"` // pages on the nodes that did not get the POST
	Commit    Spread   `json:"commit_ms"`               // until the candidate has read the answer, which follows COMMIT
	LimitLast *Spread  `json:"limit_last_ms,omitempty"` // the raw writer: until the last socket has it
	RatioLast *float64 `json:"ratio_last_p50,omitempty"`

	Nodes        int    `json:"nodes"`
	Database     string `json:"database"`
	Broker       string `json:"broker"`
	FrameBytes   int    `json:"frame_bytes"`
	Disconnected int64  `json:"disconnected"`
}

const (
	repliers  = 20 // candidates who write in turn: one alone would soon have spent their budget
	benchPass = "Bench-password-1"
)

// answering is replies being measured.
type answering struct {
	Replies
	hall
	raw      *raw
	poster   poster
	sessions []string // of the candidates
	sent     int
	times    times
	size     int // bytes of a frame's text
	out      io.Writer
}

// Run measures. What it does is told to progress, one line a step.
func (o Replies) Run(ctx context.Context, progress io.Writer) (*RepliesResult, error) {
	if o.Staff < 1 || o.Replies < 1 {
		return nil, fmt.Errorf("%d replies to %d pages: both must be at least 1", o.Replies, o.Staff)
	}
	if o.URL != "" {
		return nil, fmt.Errorf("replies are measured on nodes of its own")
	}
	b := &answering{Replies: o, out: progress}
	b.run = newName()
	servers, stop, err := o.start(ctx, b.run, progress)
	if err != nil {
		return nil, err
	}
	defer stop()
	b.servers, b.poster.server = servers, servers[0]
	defer b.poster.close()
	if b.reader, err = newReader(); err != nil {
		return nil, err
	}
	defer b.reader.close()
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if b.raw != nil {
			b.raw.end()
		}
	}()
	if err := b.rounds(ctx); err != nil {
		return nil, err
	}
	return b.result(), nil
}

// prepare makes the test, its candidates and its staff, and opens the staff's pages.
func (b *answering) prepare(ctx context.Context) (err error) {
	fmt.Fprintf(b.out, "provisioning %d candidates and %d staff\n", repliers, b.Staff)
	c := b.rest()
	if err := b.provision(ctx, repliers); err != nil {
		return err
	}
	if err := c.call(ctx, http.MethodPatch, "/settings", object{"test_replies": true, "candidates_start": true}, nil); err != nil {
		return err
	}
	var people, scopes []object
	for i := range repliers {
		people = append(people, object{"external_id": b.candidate(i), "kind": "candidate", "given_name": "Candidate", "family_name": fmt.Sprintf("No. %05d", i),
			"login": b.candidate(i), "password": benchPass})
	}
	roles := []string{"planner", "chief_invigilator", "coordinator", "invigilator"}
	for i := range b.Staff {
		id := fmt.Sprintf("%s-s%05d", b.run, i)
		role := roles[i%len(roles)]
		people = append(people, object{"external_id": id, "kind": "staff", "role": role, "given_name": "Staff", "family_name": fmt.Sprintf("No. %05d", i),
			"login": id, "password": benchPass})
		switch role {
		case "planner":
		case "invigilator":
			scopes = append(scopes, object{"person": id, "test": b.run, "rooms": []string{"Hall 00"}})
		default:
			scopes = append(scopes, object{"person": id, "test": b.run})
		}
	}
	if err := c.call(ctx, http.MethodPut, "/provisioning/people", object{"items": people}, nil); err != nil {
		return err
	}
	if len(scopes) > 0 {
		if err := c.call(ctx, http.MethodPut, "/provisioning/staff-scopes", object{"items": scopes}, nil); err != nil {
			return err
		}
	}
	var tickets []string
	for _, p := range people {
		session, err := b.signIn(ctx, p["login"].(string))
		if err != nil {
			return err
		}
		if p["kind"] == "candidate" {
			b.sessions = append(b.sessions, session)
			continue
		}
		var out struct {
			Ticket string `json:"ticket"`
		}
		mine := rest{address{URL: b.servers[0].URL, Key: session}}
		if err := mine.call(ctx, http.MethodPost, "/tickets", nil, &out); err != nil {
			return err
		}
		tickets = append(tickets, out.Ticket)
	}
	if err := b.connect(ctx, tickets, true); err != nil || b.NoLimit {
		return err
	}
	b.raw, err = startRaw(ctx, b.reader, b.Staff, b.out)
	return err
}

// signIn opens a session and returns its token.
func (b *answering) signIn(ctx context.Context, login string) (string, error) {
	var in struct {
		Session struct {
			Token string `json:"token"`
		} `json:"session"`
	}
	err := b.rest().call(ctx, http.MethodPost, "/session", object{"organisation": b.run, "login": login, "password": benchPass, "token": true}, &in)
	return in.Session.Token, err
}

func (b *answering) rounds(ctx context.Context) error {
	fmt.Fprintf(b.out, "%d replies to %d pages, after %d to warm up\n", b.Replies.Replies, b.Staff, b.WarmUp)
	warm := max(b.WarmUp, 1) // the first shows the raw writer what to write
	for i := range warm + b.Replies.Replies {
		if i == warm {
			b.times = times{}
		}
		if b.raw != nil && b.size > 0 {
			last, err := b.raw.measure(ctx, b.reader)
			if err != nil {
				return err
			}
			b.times.limit = append(b.times.limit, last)
		}
		if err := b.reply(ctx); err != nil {
			return err
		}
		if err := pause(ctx, b.Pause); err != nil {
			return err
		}
	}
	return nil
}

// reply has the next candidate write, waits until every page has it, and notes the times. A frame that does not come in
// time is lost, and no error: the result tells.
func (b *answering) reply(ctx context.Context) error {
	b.sent++
	request, err := b.poster.prepareAs(ctx, b.sessions[b.sent%repliers], "/inbox/messages", object{
		"key": fmt.Sprintf("%s-%06d", b.run, b.sent), "body": bodyOf(b.sent, b.Size), "group": b.test,
	})
	if err != nil {
		return err
	}
	r := newRound(b.Staff, b.sent)
	r.start = time.Now()
	b.reader.round.Store(r)
	got, err := b.poster.post(request, r.start)
	if err != nil {
		return fmt.Errorf("reply %d: %w", b.sent, err)
	}
	if got.status != http.StatusCreated {
		return fmt.Errorf("reply %d: %d: %.400s", b.sent, got.status, got.body)
	}
	if err := r.wait(ctx); err != nil {
		if ctx.Err() != nil {
			return err
		}
		fmt.Fprintf(b.out, "reply %d: %v\n", b.sent, err)
	}
	b.reader.round.Store(nil)
	if b.size == 0 && r.sample != nil {
		b.size = len(r.sample)
		if b.raw != nil {
			if err := b.raw.frame(r.sample); err != nil {
				return err
			}
		}
	}
	last := r.last()
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &b.times
	t.last, t.commit = append(t.last, last), append(t.commit, got.after)
	for i, at := range r.at {
		switch {
		case at == 0:
			continue
		case b.screens[i].node == 0:
			t.same = append(t.same, at)
		default:
			t.other = append(t.other, at)
		}
		t.each = append(t.each, at)
	}
	return b.reader.err()
}

func (b *answering) result() *RepliesResult {
	t, all := &b.reader.tally, int64(b.Staff)*int64(b.sent)
	r := &RepliesResult{
		Staff: b.Staff, Replies: b.Replies.Replies, Delivered: int64(len(b.times.each)),
		Lost:       all - (t.messages.Load() - t.duplicates.Load() - t.foreign.Load()),
		Duplicates: t.duplicates.Load(), OutOfOrder: t.outOfOrder.Load(),
		Page: spread(b.times.each), Last: spread(b.times.last), Commit: spread(b.times.commit),
		Nodes: len(b.servers), FrameBytes: b.size, Disconnected: t.closed.Load(), Database: "sqlite", Broker: "local",
	}
	if b.Servers.Database != "" {
		r.Database = "postgres"
	}
	if b.Redis != "" {
		r.Broker = "redis"
	}
	if len(b.servers) > 1 {
		same, other := spread(b.times.same), spread(b.times.other)
		r.SameNode, r.OtherNode = &same, &other
	}
	if b.raw != nil {
		limit := spread(b.times.limit)
		over := ratio(r.Last.P50, limit.P50)
		r.LimitLast, r.RatioLast = &limit, &over
	}
	return r
}
