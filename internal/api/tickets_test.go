package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"crier/internal/testkit"
)

// socket opens a socket with a ticket and waits until it has caught up.
func (f *fixture) socket(t *testing.T, ticket string) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), strings.Replace(f.base, "http", "ws", 1)+"/socket",
		&websocket.DialOptions{Subprotocols: []string{"crier.v1"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	f.say(t, c, item{"type": "hello", "ticket": ticket})
	frame(t, c, "caught_up")
	return c
}

func (f *fixture) say(t *testing.T, c *websocket.Conn, v any) {
	t.Helper()
	if err := c.Write(t.Context(), websocket.MessageText, toJSON(t, v)); err != nil {
		t.Fatal(err)
	}
}

// frame reads until a frame of a type comes.
func frame(t *testing.T, c *websocket.Conn, kind string) map[string]any {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		_, b, err := c.Read(ctx)
		if err != nil {
			t.Fatalf("waiting for %s: %v", kind, err)
		}
		var out map[string]any
		if err := json.Unmarshal(b, &out); err != nil {
			t.Fatal(err)
		}
		if out["type"] == kind {
			return out
		}
	}
}

// ended reads until the socket ends, and returns its close code.
func ended(t *testing.T, c *websocket.Conn) websocket.StatusCode {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		if _, _, err := c.Read(ctx); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}

// tickets makes a ticket for each of the people as who.
func (f *fixture) tickets(t *testing.T, who string, people ...string) (out []string) {
	t.Helper()
	var made struct{ Tickets []struct{ Ticket string } }
	f.must(t, who, "POST", "/provisioning/tickets", item{"people": people, "ttl_seconds": 600}).into(t, &made)
	for _, m := range made.Tickets {
		out = append(out, m.Ticket)
	}
	return out
}

type maker struct{ Kind, Name string }

type boardRow struct {
	ExternalID string           `json:"external_id"`
	State      string           `json:"state"`
	By         map[string]maker `json:"by_ticket_of"`
}

// Who makes tickets for others is on record, and so is what comes through them: the board and
// the log name the maker. When a key ends, its tickets and their sockets end.
func TestTicketsForOthers(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		k := f.key(t, "north/admin", item{"name": "load generator", "rights": []string{"tickets"}})
		key := f.as("generator", k)
		soon := f.key(t, "north/admin", item{"name": "soon over", "rights": []string{"tickets"}, "expires_at": time.Now().Add(3 * time.Second)})
		brief := f.socket(t, f.tickets(t, f.as("soon", soon), "b2")[0])
		var own struct{ Ticket string }
		f.must(t, "north/a1", "POST", "/tickets", nil).into(t, &own)
		tickets := f.tickets(t, key, "b1", "z1")
		mine, admins, keys := f.socket(t, own.Ticket), f.socket(t, f.tickets(t, "north/admin", "a2")[0]), f.socket(t, tickets[0])

		var sent struct{ Broadcast struct{ ID string } }
		f.must(t, "north/planner", "POST", "/tests/"+f.ids["north/T1"]+"/broadcasts",
			item{"key": "tickets-0001", "subject": "s", "body": "b", "recipients": item{"filter": item{}}}).into(t, &sent)
		for _, c := range []*websocket.Conn{mine, admins, keys} {
			f.say(t, c, item{"type": "receipt", "id": "1", "state": "displayed", "cursors": []any{frame(t, c, "message")["cursor"]}})
			if r := frame(t, c, "reply"); r["error"] != nil {
				t.Errorf("%v", r)
			}
		}
		// What the candidate does with a sign-in of their own stays theirs.
		var inbox struct{ Messages []struct{ ID string } }
		f.must(t, "north/b1", "GET", "/inbox", nil).into(t, &inbox)
		f.must(t, "north/b1", "POST", "/receipts", item{"items": []item{{"id": inbox.Messages[0].ID, "state": "acknowledged"}}})

		rows := f.board(t, sent.Broadcast.ID)
		if r := rows["a1"]; r.State != "displayed" || r.By != nil {
			t.Errorf("by a ticket of their own: %+v", r)
		}
		admin := maker{"person", "admin " + canary("north", "admin")}
		if r := rows["a2"]; r.State != "displayed" || r.By["displayed"] != admin || r.By["delivered"] != admin {
			t.Errorf("by a ticket of an admin: %+v", r)
		}
		generator, acknowledged := maker{"api_key", "load generator"}, maker{}
		if r := rows["b1"]; r.State != "acknowledged" || r.By["displayed"] != generator || r.By["acknowledged"] != acknowledged {
			t.Errorf("by a ticket of a key, then by a sign-in: %+v", r)
		}

		made := f.entry(t, "tickets.made", "2 tickets made for 2 candidates, good until ")
		if len(made.People) != 2 || made.Actor.Name != "load generator" || made.Actor.Kind != "api_key" || made.People[0].ExternalID != "b1" {
			t.Errorf("%+v", made)
		}
		heard := f.entry(t, "receipts.recorded", "by a ticket of API key load generator")
		if i := slices.IndexFunc(heard.People, func(p concerned) bool { return p.ExternalID == "b1" }); i < 0 ||
			!strings.Contains(heard.People[i].What, "by a ticket of API key load generator") {
			t.Errorf("%+v", heard.People)
		}

		f.must(t, "north/admin", "DELETE", "/api-keys/"+k.ID, nil)
		if code := ended(t, keys); code != 4401 {
			t.Errorf("the socket of a revoked key's ticket ends with %d", code)
		}
		late, _, err := websocket.Dial(t.Context(), strings.Replace(f.base, "http", "ws", 1)+"/socket", &websocket.DialOptions{Subprotocols: []string{"crier.v1"}})
		if err != nil {
			t.Fatal(err)
		}
		defer late.CloseNow()
		f.say(t, late, item{"type": "hello", "ticket": tickets[1]})
		if code := ended(t, late); code != 4401 {
			t.Errorf("a revoked key's ticket opens a socket, which ends with %d", code)
		}
		testkit.Eventually(t, 10*time.Second, "the key's end is on record", func() error {
			if err := f.node.Access.Sweep(t.Context()); err != nil {
				return err
			}
			if a := f.must(t, "north/admin", "GET", "/log?kind=apikey.revoked&q=expired", nil); !strings.Contains(string(a.body), "API key soon over expired") {
				return errors.New(string(a.body))
			}
			return nil
		})
		if code := ended(t, brief); code != 4401 {
			t.Errorf("the socket of an expired key's ticket ends with %d", code)
		}
		if a := f.call(t, "north/soon", "POST", "/provisioning/tickets", item{"people": []string{"b2"}}); a.status != 401 || !strings.Contains(string(a.body), "expired") {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}

type concerned struct {
	ExternalID string `json:"external_id"`
	What       string
}

type logged struct {
	ID, Summary string
	Actor       struct{ Name, Kind string }
	People      []concerned
}

// entry is the newest entry of a kind whose summary holds a text.
func (f *fixture) entry(t *testing.T, kind, text string) (out logged) {
	t.Helper()
	var list struct{ Entries []logged }
	f.must(t, "north/admin", "GET", "/log?kind="+kind, nil).into(t, &list)
	i := slices.IndexFunc(list.Entries, func(e logged) bool { return strings.Contains(e.Summary, text) })
	if i < 0 {
		t.Fatalf("no %s says %q: %+v", kind, text, list)
	}
	f.must(t, "north/admin", "GET", "/log/"+list.Entries[i].ID, nil).into(t, &out)
	return out
}

func (f *fixture) board(t *testing.T, id string) map[string]boardRow {
	t.Helper()
	var list struct{ Recipients []boardRow }
	f.must(t, "north/planner", "GET", "/broadcasts/"+id+"/recipients", nil).into(t, &list)
	out := map[string]boardRow{}
	for _, r := range list.Recipients {
		out[r.ExternalID] = r
	}
	return out
}
