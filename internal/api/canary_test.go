package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// closedFrame is what a listener notes when its socket has ended.
const closedFrame = `"the socket has ended"`

// listener is a page of one person: the frames that its socket got.
type listener struct {
	mu     sync.Mutex
	frames []string
	got    chan struct{}
}

func (l *listener) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.frames)
}

// await returns once a frame holds the text.
func (l *listener) await(t *testing.T, text string) {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		for _, f := range l.all() {
			if strings.Contains(f, text) {
				return
			}
		}
		select {
		case <-l.got:
		case <-late:
			t.Fatalf("no frame holds %q: %q", text, l.all())
		}
	}
}

// listen opens a socket as who and says hello.
func (f *fixture) listen(t *testing.T, who string) *listener {
	t.Helper()
	var ticket struct{ Ticket string }
	f.must(t, who, "POST", "/tickets", nil).into(t, &ticket)
	ctx, cancel := context.WithCancel(context.Background())
	c, _, err := websocket.Dial(ctx, strings.Replace(f.base, "http", "ws", 1)+"/socket", &websocket.DialOptions{Subprotocols: []string{"crier.v1"}, HTTPHeader: http.Header{"Origin": {f.base}}})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	c.SetReadLimit(1 << 20)
	l := &listener{got: make(chan struct{}, 1)}
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			_, b, err := c.Read(ctx)
			over := err != nil
			if over {
				b = []byte(closedFrame)
			}
			l.mu.Lock()
			l.frames = append(l.frames, string(b))
			l.mu.Unlock()
			select {
			case l.got <- struct{}{}:
			default:
			}
			if over {
				return
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		reading.Wait()
		_ = c.CloseNow()
	})
	hello, err := json.Marshal(item{"type": "hello", "id": "1", "ticket": ticket.Ticket})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Write(ctx, websocket.MessageText, hello); err != nil {
		t.Fatal(err)
	}
	l.await(t, `"welcome"`)
	return l
}

// TestCandidatesSeeNoNotes: a note, a colleague's claim, a mark, another candidate's words and what staff say among
// themselves stand in no answer that a candidate can get and in no frame of their socket. Staff's pages do get them,
// so that the canaries are known to be alive.
func TestCandidatesSeeNoNotes(t *testing.T) {
	f := start(t, nil)
	f.openReplies(t, "north")
	staff, mine := f.listen(t, "north/planner"), f.listen(t, "north/a1")
	others := f.listen(t, "north/a2")

	a1, a2, t1 := f.ids["north/a1"], f.ids["north/a2"], f.ids["north/T1"]
	ids := map[string]bool{}
	for _, id := range f.ids {
		ids[id] = true
	}
	keep := func(a answer) {
		for _, id := range quotedIDs(string(a.body)) {
			ids[id] = true
		}
	}
	first := f.write(t, "north/planner", "a1", "HELLO-to-a1", item{"group": t1})
	f.write(t, "north/planner", "a2", "SECRET-to-a2", item{"group": t1})
	f.reply(t, "a2", "SECRET-of-a2")
	f.reply(t, "a1", "OWN-of-a1")
	keep(f.must(t, "north/chief", "POST", "/conversations/"+a1+"/notes", item{"key": "canary-note-1", "body": "SECRET-note", "mentions": []string{f.staffID(t, "north", "planner")}}))
	keep(f.must(t, "north/chief", "POST", "/conversations/"+a1+"/claim", item{}))
	keep(f.must(t, "north/planner", "POST", "/conversations/"+a1+"/assign", item{"to": f.staffID(t, "north", "anna")}))
	for _, action := range []string{"process", "archive", "unarchive", "unprocess", "unread"} {
		f.must(t, "north/bert", "POST", "/conversations/actions", item{"action": action, "people": []string{f.ids["north/b1"]}})
		f.must(t, "north/anna", "POST", "/conversations/actions", item{"action": action, "people": []string{a1, a2}})
	}
	keep(f.must(t, "north/anna", "POST", "/team/group."+t1+"/messages", item{"key": "canary-team-1", "body": "SECRET-team"}))
	keep(f.must(t, "north/anna", "POST", "/canned-replies", item{"title": "SECRET-canned", "body": "SECRET-canned", "shared": false}))
	for _, path := range []string{"/conversations/" + a1, "/conversations/" + a2, "/conversations", "/search?q=secret", "/log", "/team", "/people/" + a1} {
		keep(f.must(t, "north/planner", "GET", path, nil))
	}

	// What no candidate may read. A member of staff stands in a1's messages as their sender only.
	never := []string{"SECRET", `"a2"`, canary("north", "a2"), a2, "chief", "anna", "bert", `"note"`, `"event"`, `"mentions"`, `"processed"`, `"archived"`, `"unread":true`, canary("south", "")}

	asked := 0
	for name, parameters := range f.addresses(t) {
		path, get := strings.CutPrefix(name, "GET ")
		if !get || unasked[name] && path != "/session" {
			continue
		}
		for _, filled := range fillAll(path, parameters, ids) {
			queries := []string{"", "?before=" + first}
			if len(parameters) == 0 {
				queries = append(queries, "?q=secret", "?q=SECRET-note&limit=5", "?since="+first, "?person="+a2, "?group="+t1)
			}
			for _, query := range queries {
				a := f.send(t, f.token(t, "north/a1"), "GET", filled+query, "", nil)
				asked++
				for _, n := range never {
					if strings.Contains(string(a.body), n) && !(a.status >= 400 && !strings.HasPrefix(n, "SECRET")) {
						t.Errorf("GET %s tells a1 %q: %d %s", filled+query, n, a.status, a.body)
					}
				}
			}
		}
	}
	if asked < 500 {
		t.Errorf("only %d requests were made", asked)
	}

	f.write(t, "north/planner", "a1", "LAST-to-a1", item{"group": t1, "take_over": true})
	f.write(t, "north/planner", "a2", "LAST-to-a2", item{"group": t1, "take_over": true})
	mine.await(t, "LAST-to-a1")
	others.await(t, "LAST-to-a2")
	for _, text := range []string{"SECRET-note", "SECRET-of-a2", `"claimed"`, `"assigned"`, `"not_processed"`, "LAST-to-a2"} {
		staff.await(t, text)
	}
	mine.await(t, "OWN-of-a1")
	for _, frame := range mine.all() {
		for _, n := range never {
			if strings.Contains(frame, n) {
				t.Errorf("a frame tells a1 %q: %s", n, frame)
			}
		}
	}
	for _, frame := range others.all() {
		for _, n := range []string{"SECRET-note", "SECRET-team", "OWN-of-a1", "HELLO-to-a1", a1, canary("north", "a1")} {
			if strings.Contains(frame, n) {
				t.Errorf("a frame tells a2 %q: %s", n, frame)
			}
		}
	}
}

// quotedIDs are what looks like an id in JSON.
func quotedIDs(s string) []string {
	var out []string
	for _, part := range strings.Split(s, `"`) {
		if (len(part) == 22 || len(part) == 36) && !strings.ContainsAny(part, " :{}[],.") {
			out = append(out, part)
		}
	}
	return out
}

// fillAll puts every id in the place of a path's one parameter, or of both.
func fillAll(path string, parameters []string, ids map[string]bool) []string {
	paths := []string{path}
	for _, p := range parameters {
		var next []string
		for _, q := range paths {
			for id := range ids {
				switch p {
				case "{thread}":
					next = append(next, strings.Replace(q, p, "direct."+id, 1), strings.Replace(q, p, "group."+id, 1))
				default:
					next = append(next, strings.Replace(q, p, id, 1))
				}
			}
		}
		paths = next
	}
	return paths
}
