package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"crier/internal/testkit"
)

// TestTypingCrossesNodes: who types is told on the other node while Redis lives and lost without a
// word while it does not; what is written comes all the same, within the second in which a
// node looks at the journal by itself.
func TestTypingCrossesNodes(t *testing.T) {
	w := build(t, testkit.Postgres(t), 1)
	a, b := w.nodes[0], w.nodes[1]
	w.call(a, w.key, http.MethodPatch, "/settings", item{"test_replies": true, "candidates_start": true}, nil)
	session := w.signIn(a, "c000", candidatePassword)
	var me struct{ Me struct{ ID string } }
	w.call(a, session, http.MethodGet, "/session", nil, &me)
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	talk := func(n *node, session string) (*websocket.Conn, *socketPage) {
		var out struct{ Ticket string }
		w.call(n, session, http.MethodPost, "/tickets", nil, &out)
		w.secrets.add([]byte(out.Ticket))
		conn, p := w.open(ctx, n, nil, item{"type": "hello", "id": "h", "ticket": out.Ticket}), &socketPage{}
		go p.read(ctx, w, conn)
		return conn, p
	}
	candidate, theirs := talk(a, session)
	staff, ours := talk(b, w.boss)
	say := func(conn *websocket.Conn, p *socketPage, command item) {
		t.Helper()
		w.keys++
		command["id"] = fmt.Sprint("say-", w.keys)
		if err := write(ctx, conn, command); err != nil {
			t.Fatal(err)
		}
		p.await(t, `"id":"`+command["id"].(string)+`","ok":true`)
	}
	heard := func(p *socketPage, text string) (n int) {
		for _, f := range p.all() {
			if strings.Contains(f, text) {
				n++
			}
		}
		return n
	}
	const hers, someone = `"kind":"candidate"},"state":"typing"`, `{"type":"typing","state":"typing"}`
	typing := func(p *socketPage, text string, before int) {
		t.Helper()
		testkit.Eventually(t, limit, "typing", func() error {
			if heard(p, text) <= before {
				return fmt.Errorf("heard %d times", before)
			}
			return nil
		})
	}
	write := func(i int) time.Duration {
		t.Helper()
		text := fmt.Sprintf("Reply number %d.", i)
		w.call(a, session, http.MethodPost, "/inbox/messages", item{"key": "e2e-reply-" + fmt.Sprint(i), "body": text, "group": w.test}, nil)
		began := time.Now()
		ours.await(t, text)
		return time.Since(began)
	}

	say(staff, ours, item{"type": "open", "conversation": me.Me.ID})
	say(candidate, theirs, item{"type": "typing", "state": "typing"})
	typing(ours, hers, 0)
	say(staff, ours, item{"type": "typing", "conversation": me.Me.ID, "state": "typing"})
	typing(theirs, someone, 0)
	t.Logf("with Redis: from the answer to the page on the other node %v", write(0))
	say(candidate, theirs, item{"type": "typing", "state": "idle"})
	ours.await(t, `"kind":"candidate"},"state":"idle"`)

	w.redis.Pause()
	before := heard(ours, hers)
	say(candidate, theirs, item{"type": "typing", "state": "typing"})
	worst := time.Duration(0)
	for i := range 5 {
		worst = max(worst, write(1+i))
	}
	t.Logf("Redis frozen: at worst %v", worst)
	if worst > 1500*time.Millisecond {
		t.Errorf("Redis frozen: a reply took %v to the page on the other node", worst)
	}
	if n := heard(ours, hers); n != before {
		t.Errorf("Redis frozen: typing was heard %d times", n-before)
	}
	say(candidate, theirs, item{"type": "typing", "state": "idle"}) // and nobody is told that it is lost
	w.degraded("1", 20*time.Second)
	w.redis.Resume()
	w.degraded("0", 20*time.Second)
	before = heard(ours, hers)
	say(candidate, theirs, item{"type": "typing", "state": "typing"})
	typing(ours, hers, before)
	t.Logf("Redis back: %v", write(6))
	for _, f := range theirs.all() {
		if strings.Contains(f, `"kind"`) && strings.Contains(f, `"typing"`) || strings.Contains(f, "Ada Berg") {
			t.Errorf("the candidate was told who types: %s", f)
		}
	}
	w.discreet()
}
