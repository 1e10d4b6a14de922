package hub_test

import (
	"fmt"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crier/hub"
)

// watcher gathers what a node's listeners are told of presence.
type watcher struct {
	mu    sync.Mutex
	state map[int64]hub.State
	told  int
	same  int // changes that changed nothing
}

func (p *watcher) hear(_ int64, changes []hub.Presence) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range changes {
		p.told++
		if p.state[c.Person] == c.State {
			p.same++
		}
		if p.state[c.Person] = c.State; c.State == hub.Offline {
			delete(p.state, c.Person)
		}
	}
}

// expect checks what was told and what PresenceOf says.
func (p *watcher) expect(t *testing.T, h *hub.Hub, when string, want map[int64]hub.State) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !maps.Equal(p.state, want) || p.same > 0 {
		t.Errorf("%s: told %v (%d changes changed nothing), not %v", when, p.state, p.same, want)
	}
	for person := range int64(5) {
		if got, _ := h.PresenceOf(acme, person); got != want[person] {
			t.Errorf("%s: person %d is %d, not %d", when, person, got, want[person])
		}
	}
}

type states = map[int64]hub.State

func watched(t *testing.T, n int, broker hub.Broker) (*world, []*watcher) {
	watchers := make([]*watcher, n)
	w := newWorld(t, n, broker, func(i int, o *hub.Options) {
		watchers[i] = &watcher{state: states{}}
		o.Presence = watchers[i].hear
	})
	return w, watchers
}

// gathered is when changes have been told and carried to the other nodes.
const gathered = 600 * time.Millisecond

func TestPresence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, watchers := watched(t, 2, nil)
		defer w.stop()
		expect := func(when string, want states) {
			t.Helper()
			pass(gathered)
			for i, p := range watchers {
				p.expect(t, w.hubs[i], fmt.Sprint(when, ", node ", i), want)
			}
		}
		w.staff(0, 4)
		w.staff(1, 4)
		expect("staff are there", states{4: hub.Online})
		a, tab, b := w.candidate(0, 1), w.candidate(0, 1), w.candidate(1, 2)
		expect("joined", states{1: hub.Online, 2: hub.Online, 4: hub.Online})
		a.conn.SetAway(true)
		a.conn.SetAway(true)
		b.conn.SetAway(true)
		expect("one tab of two away", states{1: hub.Online, 2: hub.Away, 4: hub.Online})
		tab.conn.SetAway(true)
		expect("both tabs away", states{1: hub.Away, 2: hub.Away, 4: hub.Online})
		elsewhere := w.candidate(1, 1)
		expect("online on another node", states{1: hub.Online, 2: hub.Away, 4: hub.Online})
		elsewhere.Close(1000, "")
		tab.Close(1000, "")
		b.conn.SetAway(false)
		expect("left, and back", states{1: hub.Away, 2: hub.Online, 4: hub.Online})
		a.conn.SetAway(false)
		a.Close(1000, "")
		expect("left", states{2: hub.Online, 4: hub.Online})
		left := time.Now().Add(-gathered)
		a.conn.SetAway(true) // too late: it is gone
		expect("away after the end", states{2: hub.Online, 4: hub.Online})
		for i, h := range w.hubs {
			if _, at := h.PresenceOf(acme, 1); at.Before(left.Add(-gathered)) || at.After(left.Add(gathered)) {
				t.Errorf("node %d saw person 1 last at %v, not about %v", i, at, left)
			}
			if s, at := h.PresenceOf(acme+1, 1); s != hub.Offline || !at.IsZero() {
				t.Errorf("person 1 of another organisation: %v, %v", s, at)
			}
		}
		if told := watchers[0].told; told > 12 {
			t.Errorf("told %d changes; whole announcements seem to tell again", told)
		}
	})
}

func TestPresenceAsTabsComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, watchers := watched(t, 1, nil)
		defer w.stop()
		s := w.candidate(0, 1)
		for range 10 { // a page that is loaded again within the gathering time
			s.Close(1000, "")
			synctest.Wait()
			s = w.candidate(0, 1)
		}
		pass(gathered)
		watchers[0].expect(t, w.hubs[0], "reloaded", states{1: hub.Online})
		if watchers[0].told != 1 {
			t.Errorf("told %d times", watchers[0].told)
		}
	})
}

// TestPresenceOfADeadNode: its people are offline once its lease has run out, not before.
func TestPresenceOfADeadNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broker := newHostile(1, 0, 0, 0)
		w, watchers := watched(t, 2, broker)
		defer w.stop()
		w.staff(0, 4)
		w.candidate(1, 1)
		both := w.candidate(1, 2)
		w.candidate(0, 2)
		pass(7 * time.Second)
		watchers[0].expect(t, w.hubs[0], "alive", states{1: hub.Online, 2: hub.Online, 4: hub.Online})
		w.hubs[1].Stop() // as suddenly as a death: nothing is said
		pass(9 * time.Second)
		watchers[0].expect(t, w.hubs[0], "within the lease", states{1: hub.Online, 2: hub.Online, 4: hub.Online})
		pass(7 * time.Second)
		watchers[0].expect(t, w.hubs[0], "after the lease", states{2: hub.Online, 4: hub.Online})
		if both.closed() == 0 {
			t.Error("the dead node's connection is open")
		}
	})
}

// TestPresenceOnStart: a node that begins to follow an organisation asks, and knows at once.
func TestPresenceOnStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, watchers := watched(t, 2, nil)
		defer w.stop()
		w.candidate(1, 1)
		away := w.candidate(1, 2)
		away.conn.SetAway(true)
		pass(6 * time.Second) // in the middle between two whole announcements
		w.staff(0, 4)
		pass(gathered)
		watchers[0].expect(t, w.hubs[0], "just started", states{1: hub.Online, 2: hub.Away, 4: hub.Online})
	})
}

// TestWholeAnnouncements mend what a broker lost, in both directions.
func TestWholeAnnouncements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broker := newHostile(1, 0, 0, 0)
		w, watchers := watched(t, 2, broker)
		defer w.stop()
		w.staff(0, 4)
		stays, leaves := w.candidate(1, 1), w.candidate(1, 2)
		pass(gathered)
		watchers[0].expect(t, w.hubs[0], "at first", states{1: hub.Online, 2: hub.Online, 4: hub.Online})
		broker.refuse(true)
		leaves.Close(1000, "")
		stays.conn.SetAway(true)
		w.candidate(1, 3)
		pass(gathered)
		watchers[0].expect(t, w.hubs[0], "not heard", states{1: hub.Online, 2: hub.Online, 4: hub.Online})
		broker.refuse(false)
		pass(6 * time.Second)
		watchers[0].expect(t, w.hubs[0], "told whole", states{1: hub.Away, 3: hub.Online, 4: hub.Online})
	})
}

// TestPresenceAfterTheBrokerReturns: who came meanwhile is asked for at once.
func TestPresenceAfterTheBrokerReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broker := newHostile(1, 0, 0, 0)
		w, watchers := watched(t, 2, broker)
		defer w.stop()
		w.staff(0, 4)
		w.staff(1, 4)
		pass(3 * time.Second)
		broker.deafen(false)
		w.candidate(1, 1)
		pass(4500 * time.Millisecond) // deaf after 3 s, noticed and rebuilt within another
		watchers[0].expect(t, w.hubs[0], "rebuilt", states{1: hub.Online, 4: hub.Online})
	})
}
