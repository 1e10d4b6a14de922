package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"crier/internal/testkit"
)

// TestConversationOnTwoNodes: what a candidate answers at one node stands, once it is
// answered 2xx, in the timeline that staff read at the other, and comes to their page
// there by itself; and of staff who claim a conversation at both nodes one gets it.
func TestConversationOnTwoNodes(t *testing.T) {
	w := build(t, testkit.Postgres(t), 2)
	a, b := w.nodes[0], w.nodes[1]
	w.call(a, w.key, http.MethodPatch, "/settings", item{"test_replies": true}, nil)
	w.call(a, w.key, http.MethodPut, "/provisioning/people", item{"items": []item{
		{"external_id": "paul", "kind": "staff", "role": "planner", "given_name": "Paul", "family_name": "Berg", "login": "paul", "password": candidatePassword},
		{"external_id": "petra", "kind": "staff", "role": "planner", "given_name": "Petra", "family_name": "Dahl", "login": "petra", "password": candidatePassword},
	}}, nil)
	paul, petra, candidate := w.signIn(a, "paul", candidatePassword), w.signIn(b, "petra", candidatePassword), w.signIn(a, "c000", candidatePassword)
	var me struct{ Me struct{ ID string } }
	w.call(a, candidate, http.MethodGet, "/session", nil, &me)
	conversation := "/conversations/" + me.Me.ID

	ctx, cancel := context.WithTimeout(context.Background(), 6*limit)
	defer cancel()
	page := w.page(ctx, b, petra)
	theirs := w.page(ctx, a, candidate)

	// One question and answer after the other, each seen at the other node at once.
	for i := range 5 {
		question, answer := fmt.Sprintf("Question %d?", i), fmt.Sprintf("Answer %d.", i)
		w.call(b, petra, http.MethodPost, conversation+"/messages", item{"key": "e2e-question-" + fmt.Sprint(i), "body": question}, nil)
		theirs.await(t, question)
		w.call(a, candidate, http.MethodPost, "/inbox/messages", item{"key": "e2e-answer-" + fmt.Sprint(i), "body": answer, "group": w.test}, nil)
		var now struct {
			Conversation struct{ Unread bool }
			Items        []struct{ Body, Direction string }
		}
		w.call(b, petra, http.MethodGet, conversation+"?limit=2", nil, &now)
		if len(now.Items) != 2 || now.Items[0].Body != answer || now.Items[0].Direction != "in" || now.Items[1].Body != question || !now.Conversation.Unread {
			t.Fatalf("after %q node B says %+v", answer, now)
		}
		page.await(t, answer)
	}

	// A note goes to the colleague's page at the other node, and not to the candidate's.
	w.call(a, paul, http.MethodPost, conversation+"/notes", item{"key": "e2e-note-0001", "body": "Staff-only-canary"}, nil)
	page.await(t, "Staff-only-canary")

	// Two claim at the same moment, each at a node of their own.
	claims := make([]answer, 2)
	var both sync.WaitGroup
	for i, by := range []string{paul, petra} {
		both.Go(func() {
			got, err := w.request(w.nodes[i].base, by, http.MethodPost, conversation+"/claim", item{})
			if err != nil {
				t.Error(err)
			}
			claims[i] = got
		})
	}
	both.Wait()
	winner, loser, name := claims[0], claims[1], "Paul Berg"
	if loser.status == http.StatusOK {
		winner, loser, name = loser, winner, "Petra Dahl"
	}
	if winner.status != http.StatusOK || loser.status != http.StatusConflict || !strings.Contains(string(loser.body), name+" has claimed this conversation") {
		t.Errorf("%s has it: %v; the other is told %v", name, winner, loser)
	}
	page.await(t, `"claimed"`)

	w.call(b, petra, http.MethodPost, conversation+"/messages", item{"key": "e2e-the-last-1", "body": "The last one.", "take_over": true}, nil)
	theirs.await(t, "The last one.")
	for _, frame := range theirs.all() {
		for _, never := range []string{"canary", `"note"`, `"claimed"`, `"assigned"`} {
			if strings.Contains(frame, never) {
				t.Errorf("the candidate's page got %q: %s", never, frame)
			}
		}
	}
	w.discreet()
}

// socketPage is somebody's page: the frames it got.
type socketPage struct {
	mu     sync.Mutex
	frames []string
}

// page opens a socket at a node for whoever the session is of, and reads it until ctx ends.
func (w *world) page(ctx context.Context, n *node, session string) *socketPage {
	w.t.Helper()
	var out struct{ Ticket string }
	w.call(n, session, http.MethodPost, "/tickets", nil, &out)
	w.secrets.add([]byte(out.Ticket))
	conn := w.open(ctx, n, nil, item{"type": "hello", "ticket": out.Ticket})
	p := &socketPage{}
	go p.read(ctx, w, conn)
	return p
}

func (p *socketPage) read(ctx context.Context, w *world, conn *websocket.Conn) {
	for {
		_, b, err := conn.Read(ctx)
		if err != nil {
			return
		}
		w.heard.add(b)
		var f struct{ Type string }
		if json.Unmarshal(b, &f) == nil && f.Type == "beat" {
			_ = write(ctx, conn, item{"type": "beat"})
		}
		p.mu.Lock()
		p.frames = append(p.frames, string(b))
		p.mu.Unlock()
	}
}

func (p *socketPage) all() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.frames...)
}

// await waits for a frame that holds the text.
func (p *socketPage) await(t *testing.T, text string) {
	t.Helper()
	testkit.Eventually(t, limit, "a frame with "+text, func() error {
		for _, f := range p.all() {
			if strings.Contains(f, text) {
				return nil
			}
		}
		return fmt.Errorf("not among %d frames", len(p.all()))
	})
}
