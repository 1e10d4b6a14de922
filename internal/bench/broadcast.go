// Package bench measures what Crier promises: how soon a sending is on the last of many screens and durable, what that is
// compared to a writer that does nothing but write, and what an idle connection costs. It uses nodes from outside, as
// processes of their own, over their REST API and their sockets.
package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// What the candidates' pages say about a message that came.
const (
	ReceiptsAfter  = "after"   // "delivered", once every screen has the message: the receipts' cost is not in the times
	ReceiptsAtOnce = "at-once" // "delivered", as soon as it has been read: competes with the sending for the two cores
	ReceiptsNone   = "none"
)

// Broadcast says what to measure.
type Broadcast struct {
	Servers
	Recipients int           // screens, all of which get every sending
	Publishes  int           // measured sendings
	WarmUp     int           // sendings before those, at least 1; checked like the others, not timed
	Size       int           // characters of a body
	Pause      time.Duration // between sendings, beyond what settling takes
	Receipts   string        // one of the above
	NoLimit    bool          // leaves the raw writer out
	Profile    string        // where the first node's CPU profile of the measured sendings goes; empty: none
}

// run is a broadcast being measured.
type run struct {
	Broadcast
	hall
	raw     *raw
	poster  poster
	sent    int // sendings so far
	times   times
	size    int      // bytes of a frame's text
	ids     []string // of the measured sendings
	replies int64    // receipts answered when the round began
	out     io.Writer
}

// times are the measured rounds'.
type times struct{ last, each, same, other, commit, limit []time.Duration }

// Run measures. What it does is told to progress, one line a step.
func (o Broadcast) Run(ctx context.Context, progress io.Writer) (res *Result, err error) {
	if o.Recipients < 1 || o.Publishes < 1 {
		return nil, fmt.Errorf("%d sendings to %d recipients: both must be at least 1", o.Publishes, o.Recipients)
	}
	b := &run{Broadcast: o, out: progress}
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
	if o.Receipts == ReceiptsAtOnce {
		b.reader.prompt = receipt()
	}
	memory, err := b.prepare(ctx)
	if err != nil {
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
	return b.result(ctx, memory)
}

func (b *run) say(format string, args ...any) { fmt.Fprintf(b.out, format+"\n", args...) }

// prepare fills the hall and starts the raw writer; it returns what a connection costs.
func (b *run) prepare(ctx context.Context) (*float64, error) {
	b.say("provisioning %d candidates", b.Recipients)
	if err := b.provision(ctx, b.Recipients); err != nil {
		return nil, err
	}
	memory, err := b.measureMemory(ctx, func() error { return b.seat(ctx, b.Recipients) })
	if err != nil {
		return nil, err
	}
	if b.NoLimit {
		return memory, nil
	}
	b.raw, err = startRaw(ctx, b.reader, b.Recipients, b.out)
	return memory, err
}

// measureMemory returns by how many KiB the nodes grow per connection that connect makes, once they have settled.
func (b *run) measureMemory(ctx context.Context, connect func() error) (*float64, error) {
	if b.URL != "" {
		return nil, connect()
	}
	before, err := b.clean(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := connect(); err != nil {
		return nil, err
	}
	b.say("%d screens connected in %v", b.Recipients, time.Since(began).Round(time.Millisecond))
	after, err := b.resident(ctx)
	if err != nil {
		return nil, err
	}
	each := ratio(float64(after-before), float64(b.Recipients))
	b.say("memory: %d KiB before, %d after: %.2f per connection", before, after, each)
	return &each, nil
}

func (b *run) rounds(ctx context.Context) error {
	b.say("sending %d times to %d screens, after %d to warm up", b.Publishes, b.Recipients, b.WarmUp)
	for range max(b.WarmUp, 1) { // the first shows the raw writer what to write
		if err := b.send(ctx); err != nil {
			return err
		}
		if b.raw != nil {
			if _, err := b.raw.measure(ctx, b.reader); err != nil {
				return err
			}
		}
	}
	b.times, b.ids = times{}, nil
	if b.Profile != "" && b.servers[0].child != nil {
		if err := b.servers[0].ask("profile "+b.Profile, "ok"); err != nil {
			return err
		}
	}
	for range b.Publishes {
		if b.raw != nil {
			last, err := b.raw.measure(ctx, b.reader)
			if err != nil {
				return err
			}
			b.times.limit = append(b.times.limit, last)
		}
		if err := b.send(ctx); err != nil {
			return err
		}
	}
	if b.Profile != "" && b.servers[0].child != nil {
		return b.servers[0].ask("profile", "ok")
	}
	return nil
}

// send makes one sending, waits until every screen has it and the receipts are durable, and notes the times. A frame that
// does not come in time is lost, and no error: the result tells.
func (b *run) send(ctx context.Context) error {
	b.sent++
	request, err := b.poster.prepare(ctx, "/tests/"+b.test+"/broadcasts", object{
		"key": fmt.Sprintf("%s-%06d", b.run, b.sent), "subject": "Benchmark", "body": bodyOf(b.sent, b.Size), "recipients": object{"filter": object{}},
	})
	if err != nil {
		return err
	}
	b.replies = b.reader.tally.replies.Load() + b.reader.tally.refused.Load()
	r, got, err := b.post(ctx, request)
	if err != nil {
		return err
	}
	if err := r.wait(ctx); err != nil {
		if ctx.Err() != nil {
			return err
		}
		b.say("sending %d: %v", b.sent, err)
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
	var sent struct {
		Broadcast struct {
			ID string `json:"id"`
		} `json:"broadcast"`
	}
	if err := json.Unmarshal(got.body, &sent); err != nil {
		return fmt.Errorf("the answer to a sending: %w", err)
	}
	b.ids = append(b.ids, sent.Broadcast.ID)
	b.take(r, got.after)
	if err := b.receipts(ctx); err != nil {
		return err
	}
	return pause(ctx, b.Pause)
}

// post sends a request until the server takes it; waiting because it said 429 is in no time.
func (b *run) post(ctx context.Context, request []byte) (*round, answer, error) {
	for {
		r := newRound(b.Recipients, b.sent)
		r.start = time.Now()
		b.reader.round.Store(r)
		got, err := b.poster.post(request, r.start)
		switch {
		case err != nil:
			return nil, got, fmt.Errorf("sending %d: %w", b.sent, err)
		case got.status == http.StatusCreated:
			return r, got, nil
		case got.status != http.StatusTooManyRequests:
			return nil, got, fmt.Errorf("sending %d: %d: %.400s", b.sent, got.status, got.body)
		}
		if err := pause(ctx, retryAfter(got.header)); err != nil {
			return nil, got, err
		}
		if err := b.poster.connect(ctx); err != nil {
			return nil, got, err
		}
	}
}

// take notes a round's times.
func (b *run) take(r *round, commit time.Duration) {
	last := r.last()
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &b.times
	t.last, t.commit = append(t.last, last), append(t.commit, commit)
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
}

// receipts says "delivered" for every screen, unless that was done at once or is not wanted, and waits until all have been
// answered: then they are durable, and the next sending does not meet them.
func (b *run) receipts(ctx context.Context) error {
	if b.Receipts == ReceiptsNone {
		return nil
	}
	if b.Receipts == ReceiptsAfter {
		fill := receipt()
		for _, s := range b.screens {
			if s.fd >= 0 {
				b.reader.write(s, fill(s.cursor[:]))
			}
		}
	}
	t := &b.reader.tally
	for began := time.Now(); t.replies.Load()+t.refused.Load()+t.closed.Load() < b.replies+int64(b.Recipients); {
		if time.Since(began) > roundLimit {
			return fmt.Errorf("sending %d: %d of %d receipts were answered within %v", b.sent, t.replies.Load()+t.refused.Load()-b.replies, b.Recipients, roundLimit)
		}
		if err := pause(ctx, 2*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
