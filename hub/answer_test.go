package hub_test

import (
	"testing"
	"testing/synctest"
	"time"

	"crier/hub"
)

// TestFrozenPage: a page whose browser answers pings and which answers no beat is unresponsive
// after a minute, on all nodes; it is online again as soon as it answers.
func TestFrozenPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, watchers := watched(t, 2, nil)
		defer w.stop()
		pages := []*screen{w.staff(1, 4), w.candidate(0, 1), w.candidate(0, 2), w.candidate(0, 2), w.candidate(0, 3)}
		watch, frozen, tab, second, away := pages[0], pages[1], pages[2], pages[3], pages[4]
		away.conn.SetAway(true)
		live := func(d time.Duration, answering ...*screen) {
			for range int(d / (10 * time.Second)) {
				pass(10 * time.Second)
				for _, s := range pages {
					s.pong()
				}
				for _, s := range answering {
					s.conn.Answered()
				}
			}
			pass(2 * time.Second)
		}
		expect := func(when string, want states) {
			t.Helper()
			for i, p := range watchers {
				p.expect(t, w.hubs[i], when, want)
			}
		}
		live(50*time.Second, watch, tab)
		expect("within a minute", states{1: hub.Online, 2: hub.Online, 3: hub.Away, 4: hub.Online})
		live(20*time.Second, watch, tab)
		expect("after a minute", states{1: hub.Unresponsive, 2: hub.Online, 3: hub.Unresponsive, 4: hub.Online})
		away.conn.SetAway(true) // says nothing new of a page that does not answer
		frozen.conn.Answered()
		pass(gathered)
		expect("one answers again", states{1: hub.Online, 2: hub.Online, 3: hub.Unresponsive, 4: hub.Online})
		away.conn.Answered()
		pass(gathered)
		expect("the other too", states{1: hub.Online, 2: hub.Online, 3: hub.Away, 4: hub.Online})
		live(70*time.Second, watch, away)
		expect("both tabs of one are frozen", states{1: hub.Unresponsive, 2: hub.Unresponsive, 3: hub.Away, 4: hub.Online})
		second.Close(1000, "")
		frozen.Close(1000, "")
		pass(gathered)
		expect("frozen pages are closed", states{2: hub.Unresponsive, 3: hub.Away, 4: hub.Online})
		if tab.closed() != 0 {
			t.Error("a page that does not answer was closed")
		}
	})
}

// TestThrottledTab: a hidden tab whose timers run once a minute answers each beat as it comes.
func TestThrottledTab(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, watchers := watched(t, 1, nil)
		defer w.stop()
		s := w.candidate(0, 1)
		s.conn.SetAway(true)
		for range 300 {
			pass(time.Second)
			for range len(s.others()) - count(s, "caught_up") { // answers are driven by frames
				s.pong()
				s.conn.Answered()
			}
			s.mu.Lock()
			s.frames = nil
			s.mu.Unlock()
		}
		watchers[0].expect(t, w.hubs[0], "hidden for five minutes", states{1: hub.Away})
	})
}

// TestWhoNeverReadsIsClosed: whatever they send.
func TestWhoNeverReadsIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, nil)
		defer w.stop()
		talks, guesses, repeats, reads := w.candidate(0, 1), w.staff(0, 2), w.staff(0, 3), w.candidate(0, 4)
		pass(30 * time.Second)
		repeats.mu.Lock()
		first := repeats.ping
		repeats.mu.Unlock()
		for range 16 {
			pass(10 * time.Second)
			reads.pong()
			talks.conn.Answered()
			guesses.conn.Ponged([]byte("000000000000"))
			guesses.conn.Ponged(nil)
			guesses.conn.Heard()
			if repeats.closed() == 0 {
				repeats.conn.Ponged(first)
			}
		}
		for name, s := range map[string]*screen{"who only talks": talks, "who guesses": guesses} {
			if s.closed() != hub.CloseSlow {
				t.Errorf("%s: close %d", name, s.closed())
			}
		}
		if reads.closed() != 0 {
			t.Errorf("who reads: close %d", reads.closed())
		}
		for range 20 {
			pass(10 * time.Second)
			repeats.conn.Ponged(first)
		}
		if repeats.closed() != hub.CloseSlow {
			t.Error("who repeats an old pong is still there")
		}
	})
}

// TestPresenceWithoutTheBroker: while the broker is away, people who are connected elsewhere are
// unknown, not offline, and staff's pages read again what they show.
func TestPresenceWithoutTheBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broker := newHostile(1, 0, 0, 0)
		w, watchers := watched(t, 3, broker)
		defer w.stop()
		staff := w.staff(0, 4)
		pages := []*screen{staff, w.candidate(1, 1), w.candidate(2, 2), w.candidate(0, 3)}
		alive := func(d time.Duration) {
			for range int(d / time.Second) {
				pass(time.Second)
				for _, s := range pages {
					s.pong()
					s.conn.Answered()
				}
			}
		}
		expect := func(when string, nodes int, want ...hub.State) { // of persons 1, 2, 3 and 9, whom nobody has ever seen
			t.Helper()
			for i, person := range []int64{1, 2, 3, 9} {
				if got, _ := w.hubs[0].PresenceOf(acme, person); got != want[i] {
					t.Errorf("%s: person %d is %d, not %d", when, person, got, want[i])
				}
				watchers[0].mu.Lock()
				if told := watchers[0].state[person]; person != 9 && told != want[i] {
					t.Errorf("%s: told that person %d is %d, not %d", when, person, told, want[i])
				}
				watchers[0].mu.Unlock()
			}
			if n := w.hubs[0].UnknownNodes(acme); n != nodes {
				t.Errorf("%s: %d nodes are unknown, not %d", when, n, nodes)
			}
		}
		alive(20 * time.Second)
		expect("in good order", 0, hub.Online, hub.Online, hub.Online, hub.Offline)
		broker.refuse(true)
		broker.deafen(true)
		alive(5 * time.Second)
		expect("within the lease", 0, hub.Online, hub.Online, hub.Online, hub.Offline)
		before := count(staff, "resync")
		alive(20 * time.Second)
		expect("away", 2, hub.Unknown, hub.Unknown, hub.Online, hub.Unknown)
		if n := count(staff, "resync") - before; n < 1 || n > 2 { // each node's lease ends when it ends
			t.Errorf("staff were told %d times to read again", n)
		}
		w.hubs[2].Stop() // and dies meanwhile
		pages = []*screen{pages[0], pages[1], pages[3]}
		broker.refuse(false)
		broker.hear()
		alive(8 * time.Second)
		expect("just back", 1, hub.Online, hub.Unknown, hub.Online, hub.Unknown)
		alive(20 * time.Second)
		expect("back", 0, hub.Online, hub.Offline, hub.Online, hub.Offline)
	})
}

// TestNodeThatStartsWithoutTheBroker knows that it does not know.
func TestNodeThatStartsWithoutTheBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broker := newHostile(1, 0, 0, 0)
		broker.refuse(true)
		broker.deafen(true)
		w, _ := watched(t, 1, broker)
		defer w.stop()
		s := w.staff(0, 4)
		for range 4 {
			pass(5 * time.Second)
			s.pong()
			s.conn.Answered()
		}
		if got, _ := w.hubs[0].PresenceOf(acme, 1); got != hub.Unknown || w.hubs[0].UnknownNodes(acme) != 1 {
			t.Errorf("state %d, %d nodes unknown", got, w.hubs[0].UnknownNodes(acme))
		}
	})
}
