package hub_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"crier/hub"
)

func typing(n int) *hub.Frame { return hub.NewFrame(fmt.Appendf(nil, `{"type":"typing","n":%d}`, n)) }

// A signal is heard on all nodes, once by each connection, by staff and candidates alike, and
// by nobody else.
func TestSignalCrossesNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, nil, nil)
		defer w.stop()
		here, there := w.staff(0, 1, "a", "b", "c"), w.staff(1, 2, "b", "a")
		other := w.staff(1, 3, "z")
		candidate := w.candidate(1, 4)
		candidate.conn.Listen("mine")
		elsewhere := w.attach(1, newScreen(acme+1, 5, -1), hub.Identity{}) // of another organisation
		elsewhere.conn.Listen("a", "mine")
		synctest.Wait()
		w.hubs[0].Signal(acme, []string{"a", "b", "mine"}, typing(1))
		synctest.Wait()
		for name, s := range map[string]*screen{"here": here, "there": there, "the candidate": candidate} {
			if n := count(s, `{"type":"typing","n":1}`); n != 1 {
				t.Errorf("%s heard it %d times", name, n)
			}
		}
		if n := count(other, "typing") + count(elsewhere, "typing"); n != 0 {
			t.Errorf("those who do not listen heard %d", n)
		}
		candidate.conn.Unlisten("mine")
		w.hubs[1].Signal(acme, []string{"mine"}, typing(2))
		synctest.Wait()
		if n := count(candidate, `"n":2`); n != 0 {
			t.Error("heard after Unlisten")
		}
		if st := w.hubs[0].Stats(); st.SignalsLost != 0 {
			t.Errorf("%d signals lost", st.SignalsLost)
		}
	})
}

// One to a person reaches all of their connections, on all nodes, and needs no topic.
func TestSignalToAPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, nil, nil)
		defer w.stop()
		here, there, staff := w.candidate(0, 1), w.candidate(1, 1), w.staff(1, 1)
		other := w.candidate(1, 2)
		elsewhere := w.attach(1, newScreen(acme+1, 1, -1), hub.Identity{Stream: true})
		synctest.Wait()
		w.hubs[0].SignalPerson(acme, 1, typing(1))
		w.hubs[0].SignalPerson(acme, 0, typing(2))
		w.hubs[0].SignalPerson(acme, 99, typing(3))
		w.send(0, 1)
		w.expectComplete(here, there)
		for name, s := range map[string]*screen{"here": here, "there": there, "another socket": staff} {
			if n, all := count(s, `{"type":"typing","n":1}`), count(s, "typing"); n != 1 || all != 1 {
				t.Errorf("%s heard it %d times, and %d in all", name, n, all)
			}
		}
		if n := count(other, "typing") + count(elsewhere, "typing"); n != 0 {
			t.Errorf("others heard %d", n)
		}
	})
}

// An event that follows from an entry reaches each connection of the node once, and no other
// node's.
func TestPublishAnyIsOfThisNodeAndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, nil, nil)
		defer w.stop()
		all, one, none, there := w.staff(0, 1, "a", "b", "c"), w.staff(0, 2, "c"), w.staff(0, 3), w.staff(1, 4, "a")
		w.hubs[0].PublishAny(acme, []string{"a", "nobody", "b", "c"}, typing(1))
		synctest.Wait()
		if a, b, c, d := count(all, "typing"), count(one, "typing"), count(none, "typing"), count(there, "typing"); a != 1 || b != 1 || c != 0 || d != 0 {
			t.Errorf("heard %d, %d, %d and %d times, not once, once, never and never", a, b, c, d)
		}
		if h := w.hubs[0]; !h.Listening(acme, "nobody", "c") || h.Listening(acme, "nobody") || h.Listening(acme+1, "a") {
			t.Error("who listens is not known")
		}
	})
}

// A slow screen loses signals and is owed nothing for them; a candidate's loses events too.
func TestSlowScreensLoseSignals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, func(_ int, o *hub.Options) { o.Backlog = 100 })
		defer w.stop()
		staff, candidate := w.staff(0, 1, "a"), w.candidate(0, 2)
		candidate.conn.Listen("a")
		synctest.Wait()
		staff.take(1)
		candidate.take(1)
		for i := range 50 {
			w.hubs[0].Signal(acme, []string{"a"}, typing(100+i))
		}
		staff.take(-1)
		synctest.Wait()
		if n := count(staff, "typing"); n < 1 || n > 25 || count(staff, "resync") != 0 {
			t.Errorf("a slow screen of staff got %d signals and %d resyncs", n, count(staff, "resync"))
		}
		for i := range 50 {
			w.hubs[0].Publish(acme, "a", typing(200+i))
		}
		candidate.take(-1)
		synctest.Wait()
		if n := count(candidate, "typing"); n < 1 || n > 25 || count(candidate, "resync") != 0 || candidate.closed() != 0 {
			t.Errorf("a slow candidate's screen got %d, %d resyncs, close %d", n, count(candidate, "resync"), candidate.closed())
		}
		w.send(0, 2)
		w.expectComplete(candidate)
	})
}

// blocked is a broker whose Publish hangs while away is set.
type blocked struct {
	hub.Broker
	away atomic.Bool
}

func (b *blocked) Publish(ctx context.Context, channel string, payload []byte) error {
	if b.away.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	return b.Broker.Publish(ctx, channel, payload)
}

// While the broker is away signals are dropped: they neither wait for it nor hold up what does.
func TestSignalsDoNotWaitForTheBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &blocked{Broker: hub.NewLocal()}
		w := newWorld(t, 2, b, nil)
		defer w.stop()
		here, there := w.staff(0, 1, "a"), w.staff(1, 2, "a")
		candidate := w.candidate(1, 3)
		synctest.Wait()
		b.away.Store(true)
		for i := range 500 {
			w.hubs[0].Signal(acme, []string{"a"}, typing(i))
		}
		pass(time.Second)
		w.hubs[0].Signal(acme, []string{"a"}, typing(777))
		b.away.Store(false)
		w.send(0, 3)
		pass(3 * time.Second)
		w.expectComplete(candidate)
		if n := count(here, "typing"); n != 501 {
			t.Errorf("%d of 501 were heard on their own node", n)
		}
		if n := count(there, "typing"); n != 0 {
			t.Errorf("%d old signals came after all", n)
		}
		if st := w.hubs[0].Stats(); st.SignalsLost != 501 {
			t.Errorf("%d signals lost, not 501", st.SignalsLost)
		}
		w.hubs[0].Signal(acme, []string{"a"}, typing(1000))
		synctest.Wait()
		if n := count(there, `"n":1000`); n != 1 {
			t.Errorf("once the broker was back a signal was heard %d times", n)
		}
	})
}

func TestSignalIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, nil, nil)
		defer w.stop()
		here, there := w.staff(0, 1, "a"), w.staff(1, 2, "a")
		synctest.Wait()
		w.hubs[0].Signal(acme, []string{"a"}, hub.NewFrame([]byte(`{"type":"typing","x":"`+strings.Repeat("x", 5000)+`"}`)))
		w.hubs[0].Signal(acme, nil, typing(1))
		synctest.Wait()
		if n := count(here, "typing") + count(there, "typing"); n != 0 {
			t.Errorf("%d were heard", n)
		}
	})
}

// Restart closes the connections of the people named, and those of theirs that were let in
// before and arrive after.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, nil)
		defer w.stop()
		began := time.Now()
		one, two, other := w.staff(0, 1), w.staff(0, 1), w.staff(0, 2)
		pass(time.Second)
		w.hubs[0].Restart(acme, []int64{1, 77})
		synctest.Wait()
		late := w.attach(0, newScreen(acme, 1, -1), hub.Identity{Known: began})
		again := w.attach(0, newScreen(acme, 1, -1), hub.Identity{Known: time.Now()})
		synctest.Wait()
		if again.closed() != 0 || other.closed() != 0 {
			t.Errorf("one who came back: close %d; another person: close %d", again.closed(), other.closed())
		}
		pass(2 * time.Minute)
		w.hubs[0].Restart(acme, []int64{78}) // forgets the first
		much := w.attach(0, newScreen(acme, 1, -1), hub.Identity{Known: began})
		synctest.Wait()
		for name, s := range map[string]*screen{"one": one, "two": two, "late": late} {
			if s.closed() != hub.CloseRestart {
				t.Errorf("%s: close %d", name, s.closed())
			}
		}
		if much.closed() != 0 {
			t.Errorf("a restart of two minutes ago closed with %d", much.closed())
		}
	})
}
