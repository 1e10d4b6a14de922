package e2e

import (
	"database/sql"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	_ "github.com/lib/pq" // registers the driver "postgres"

	"crier/internal/testkit"
)

// gateway takes SMS as a Kannel gateway does, and counts them.
type gateway struct {
	*httptest.Server
	mu   sync.Mutex
	got  map[string]int // by number and text
	hold chan struct{}  // what arrives is answered when it is closed; nil: at once
}

func startGateway(t *testing.T) *gateway {
	g := &gateway{got: map[string]int{}}
	g.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		_, text, _ := strings.Cut(q.Get("text"), ": ")
		subject, _, _ := strings.Cut(text, "\n")
		g.mu.Lock()
		g.got[q.Get("to")+" "+subject]++
		hold := g.hold
		g.mu.Unlock()
		if hold != nil {
			<-hold
		}
		rw.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(g.Close)
	return g
}

// holding has what arrives from now on wait for the channel; nil: no more.
func (g *gateway) holding(c chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hold = c
}

// arrived counts what has arrived of a sending, by number.
func (g *gateway) arrived(subject string) (by map[string]int, all int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	by = map[string]int{}
	for key, n := range g.got {
		if number, of, _ := strings.Cut(key, " "); of == subject {
			by[number] += n
			all += n
		}
	}
	return by, all
}

// copyRow is a copy as the database has it.
type copyRow struct {
	number, state  string
	fence, changed int64
	lost, accepted int // attempts
}

// copiesWorld is a world whose candidates take SMS, which only nodes with its flags send.
type copiesWorld struct {
	*world
	gateway *gateway
	db      *sql.DB
	flags   []string
}

func buildCopies(t *testing.T, n int) *copiesWorld {
	t.Helper()
	w := &copiesWorld{world: build(t, testkit.Postgres(t), n), gateway: startGateway(t)}
	w.flags = []string{"--kannel-url", w.gateway.URL, "--kannel-user", "crier", "--kannel-password", "canary-of-the-gateway", "--kannel-from", "1234", "--kannel-token", "canary-token-of-the-gateway"}
	people := make([]item, n)
	for i, p := range w.people {
		people[i] = item{"external_id": p, "kind": "candidate", "given_name": "Given" + p, "family_name": "Family", "sms_consent": item{"state": "in", "words": "Yes, I want to be contacted via SMS"}}
	}
	w.call(w.nodes[0], w.spare, http.MethodPut, "/provisioning/people", item{"items": people}, nil)
	db, err := sql.Open("postgres", w.dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w.db = db
	return w
}

// send sends to all, with a copy by SMS; it returns its place in the journal.
func (w *copiesWorld) send(key string) (offset int64) {
	w.t.Helper()
	w.freshKey()
	body := sending(key)
	body["channels"] = []string{"sms"}
	w.call(w.nodes[0], w.key, http.MethodPost, "/tests/"+w.test+"/broadcasts", body, nil)
	if err := w.db.QueryRowContext(w.t.Context(), `SELECT max("offset") FROM entries WHERE kind = 'broadcast.sent'`).Scan(&offset); err != nil {
		w.t.Fatal(err)
	}
	return offset
}

// rows are the copies of a sending.
func (w *copiesWorld) rows(offset int64) map[string]copyRow {
	w.t.Helper()
	const tried = `(SELECT count(*) FROM delivery_attempts a WHERE a.organisation_id = d.organisation_id AND a.delivery_id = d.id AND a.outcome = `
	list, err := w.db.QueryContext(w.t.Context(), `SELECT p.phone_e164, d.state, d.fence, d.changed_at, `+tried+`'lost'), `+tried+`'accepted')
		FROM deliveries d JOIN people p ON p.organisation_id = d.organisation_id AND p.no = d.person_no WHERE d."offset" = $1 AND d.channel = 'sms'`, offset)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = list.Close() }()
	out := map[string]copyRow{}
	for list.Next() {
		var r copyRow
		if err := list.Scan(&r.number, &r.state, &r.fence, &r.changed, &r.lost, &r.accepted); err != nil {
			w.t.Fatal(err)
		}
		out[r.number] = r
	}
	if err := list.Err(); err != nil {
		w.t.Fatal(err)
	}
	return out
}

// leaseOver moves the leases of what is in hand into the past, as five minutes would; it says how many there are.
func (w *copiesWorld) leaseOver() int {
	w.t.Helper()
	r, err := w.db.ExecContext(w.t.Context(), `UPDATE deliveries SET lease_until = 1 WHERE state = 'sending'`)
	if err != nil {
		w.t.Fatal(err)
	}
	n, err := r.RowsAffected()
	if err != nil {
		w.t.Fatal(err)
	}
	return int(n)
}

func (w *copiesWorld) allSent(offset int64) {
	w.t.Helper()
	testkit.Eventually(w.t, limit, "every copy has gone", func() error {
		rows := w.rows(offset)
		if len(rows) != len(w.people) {
			return fmt.Errorf("%d copies", len(rows))
		}
		for _, r := range rows {
			if r.state != "sent" {
				return fmt.Errorf("%+v", r)
			}
		}
		return nil
	})
}

// TestKilledWhileCopying kills the node whose worker sends copies, with SIGKILL, at each step; another takes what it had in hand once the lease
// is over. Every copy arrives, none more often than once and once for each worker that died with it, and all stand as sent.
func TestKilledWhileCopying(t *testing.T) {
	const people = 40
	w := buildCopies(t, people)
	for i, c := range []struct {
		failpoint string
		twice     bool // whether the provider had said yes to some of which nothing was recorded
	}{
		{"delivery.after_claim", false},
		{"delivery.after_send:10", true},
		{"delivery.before_commit", true},
		{"delivery.before_commit:2", true},
	} {
		t.Run(c.failpoint, func(t *testing.T) {
			key := fmt.Sprintf("copies-%d-of-us", i)
			victim := w.start(c.failpoint, w.flags...)
			offset := w.send(key)
			w.deadBefore(victim)
			_, before := w.gateway.arrived(key)
			inHand := w.leaseOver()
			if inHand == 0 {
				t.Fatal("the worker died with nothing in hand")
			}
			other := w.start("", w.flags...)
			w.allSent(offset)
			by, all := w.gateway.arrived(key)
			lost, again := 0, all-people
			for number, r := range w.rows(offset) {
				lost += r.lost
				switch n := by[number]; {
				case n < 1:
					t.Errorf("nothing came to %s", number)
				case n > 1+r.lost:
					t.Errorf("%d came to %s, with %d workers dead", n, number, r.lost)
				}
				if r.accepted != 1 || r.lost > 1 || r.fence != int64(1+r.lost) {
					t.Errorf("recorded as %+v", r)
				}
			}
			t.Logf("%d had arrived, %d were in hand when the worker died; %d arrived twice", before, inHand, again)
			if lost != inHand || again > inHand || (again > 0) != c.twice {
				t.Errorf("%d of %d in hand are told of as lost, %d came twice", lost, inHand, again)
			}
			if len(by) != people {
				t.Errorf("%d people got something, want %d", len(by), people)
			}
			other.Stop()
		})
	}
	if out := w.command("verify", "--organisation", "north"); !strings.Contains(out, "all in order") {
		t.Errorf("verify: %s", out)
	}
}

// TestLateWorker freezes a node with copies in hand until its lease is over and another has sent and recorded them: when it goes on, nothing that it
// says is heard.
func TestLateWorker(t *testing.T) {
	const people = 10 // fewer than hand-overs run at once: all are at the gateway when it freezes
	w := buildCopies(t, people)
	late := w.start("", w.flags...)
	hold := make(chan struct{})
	w.gateway.holding(hold)
	offset := w.send("late-worker")
	testkit.Eventually(t, limit, "all are at the gateway", func() error {
		if _, all := w.gateway.arrived("late-worker"); all != people {
			return fmt.Errorf("%d are", all)
		}
		return nil
	})
	late.Pause()
	if n := w.leaseOver(); n != people {
		t.Fatalf("%d are in hand", n)
	}
	w.gateway.holding(nil)
	w.start("", w.flags...)
	w.allSent(offset)
	before := w.rows(offset)
	close(hold) // the late one hears that they were taken
	late.Resume()
	testkit.Eventually(t, limit, "the late one is back", func() error { _, err := get(t.Context(), late.base+"/readyz"); return err })
	late.Stop() // it records what it has before it ends
	if after := w.rows(offset); !maps.Equal(before, after) {
		t.Errorf("what it said was heard:\n%v\n%v", before, after)
	}
	for number, r := range before {
		if r.fence != 2 || r.accepted != 1 || r.lost != 1 {
			t.Errorf("%s: %+v", number, r)
		}
	}
	if by, all := w.gateway.arrived("late-worker"); len(by) != people || all != 2*people {
		t.Errorf("%d people got %d", len(by), all)
	}
}
