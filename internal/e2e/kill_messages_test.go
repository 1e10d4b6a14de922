package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crier/internal/testkit"
)

// TestKilledWhileWriting kills the node that stores messages of many conversations, with
// SIGKILL, while a transaction of several is open or just committed. Nobody was
// answered; everybody sends the same key to the other node, and each candidate has their
// message exactly once.
func TestKilledWhileWriting(t *testing.T) {
	const writers = 24
	for _, c := range []struct {
		failpoint string
		before    bool // whether any message was durable when the node died
	}{
		{"message.before_commit:2", true}, // the first, alone; the second transaction holds the others
		{"message.after_commit:2", true},
		{"message.before_commit", false},
	} {
		t.Run(c.failpoint, func(t *testing.T) {
			w := build(t, testkit.Postgres(t), writers)
			victim := w.start(c.failpoint)
			screens := w.screens()
			var list struct {
				Candidates []struct {
					ID         string `json:"id"`
					ExternalID string `json:"external_id"`
				} `json:"candidates"`
			}
			w.call(w.nodes[0], w.key, http.MethodGet, "/tests/"+w.test+"/candidates", nil, &list)
			ids := map[string]string{}
			for _, p := range list.Candidates {
				ids[p.ExternalID] = p.ID
			}
			write := func(n *node, person string) (answer, error) {
				return w.request(n.base, w.key, http.MethodPost, "/conversations/"+ids[person]+"/messages",
					item{"key": "message-to-" + person, "subject": "To " + person, "body": "Only you."})
			}
			var all sync.WaitGroup
			answered := make([]bool, writers)
			for i, p := range w.people {
				all.Go(func() {
					a, err := write(victim, p)
					if answered[i] = err == nil; answered[i] && a.status != http.StatusCreated {
						t.Errorf("the dying node answered %v", a)
					}
				})
			}
			all.Wait()
			w.deadBefore(victim)
			fresh, known := 0, 0
			for i, p := range w.people {
				var a answer
				testkit.Eventually(t, limit, "the retry is answered", func() (err error) {
					if a, err = write(w.nodes[1], p); err == nil && a.status/100 != 2 {
						err = fmt.Errorf("answered %v", a)
					}
					return err
				})
				switch a.status {
				case http.StatusCreated:
					fresh++
					if answered[i] {
						t.Errorf("the message to %s was answered, and is stored only now", p)
					}
				default:
					known++
				}
			}
			if (known > 0) != c.before {
				t.Errorf("%d messages were durable before, %d are new", known, fresh)
			}
			t.Logf("%d messages were durable before the node died, %d are new", known, fresh)
			testkit.Eventually(t, 10*time.Second, "every screen has its message", func() error {
				for i, s := range screens {
					if got := s.subjects(); !slices.Equal(got, []string{"To " + w.people[i]}) {
						return fmt.Errorf("%s shows %q", w.people[i], got)
					}
				}
				return nil
			})
			for i, s := range screens {
				for _, f := range s.faultsSeen() {
					t.Errorf("the screen of %s: %s", w.people[i], f)
				}
				s.leave()
			}
			for i, p := range w.people {
				s := w.screen(p, i+1)
				w.settled([]*screen{s})
				if got := s.subjects(); !slices.Equal(got, []string{"To " + p}) {
					t.Errorf("read afresh, %s has %q", p, got)
				}
				s.leave()
			}
			if out := w.command("verify", "--organisation", "north"); !strings.Contains(out, "all in order") {
				t.Errorf("verify: %s", out)
			}
		})
	}
}
