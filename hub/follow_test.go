package hub_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"crier/hub"
)

// TestAttachDuringStorm: connections come, with every kind of cursor, while messages are
// committed without pause. None misses or doubles any.
func TestAttachDuringStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, nil, func(_ int, o *hub.Options) { o.Page = 10 })
		defer w.stop()
		w.journal.hasty = func(int64) { // the journal grows between the reading of its head and of its messages
			if rand.IntN(6) == 0 {
				w.send(rand.IntN(2), 1, 2, 3)
			}
		}
		var storm sync.WaitGroup
		for range 4 {
			storm.Go(func() {
				for range 80 {
					w.send(rand.IntN(2), 1, 2, 3)
					pass(time.Duration(rand.IntN(3)) * time.Millisecond)
				}
			})
		}
		var screens []*screen
		since := map[*screen]int64{}
		for i := range 60 {
			person := int64(1 + i%3)
			after := int64(0)
			if past := w.journal.conversation(acme, person, 0); len(past) > 0 {
				after = past[rand.IntN(len(past))]
			}
			s := w.attach(rand.IntN(2), newScreen(acme, person, after), hub.Identity{Stream: true})
			screens, since[s] = append(screens, s), after
			pass(time.Duration(rand.IntN(5)) * time.Millisecond)
		}
		storm.Wait()
		synctest.Wait()
		for _, s := range screens {
			if err := w.complete(s, since[s]); err != nil {
				t.Error(err)
			}
			if n := count(s, "caught_up"); n != 1 {
				t.Errorf("told %d times that they are up to date", n)
			}
		}
	})
}

// TestCommitBeforeGoingLive: what is dispatched after a page was read and before its connection is
// live was noted, and is read.
func TestCommitBeforeGoingLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, nil)
		defer w.stop()
		w.candidate(0, 2) // the node follows already
		synctest.Wait()
		times := 0
		w.journal.late = func() {
			if times++; times <= 3 {
				w.send(0, 1)
				pass(time.Millisecond) // it is dispatched
			}
		}
		s := w.candidate(0, 1)
		pass(time.Second)
		w.expectComplete(s)
		if got, _ := s.seen(); len(got) != 3 {
			t.Errorf("saw %v", got)
		}
	})
}

// TestFirstOfAnOrganisation: what is committed after the first connection came and before the
// following began is not lost between the two.
func TestFirstOfAnOrganisation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, nil)
		defer w.stop()
		w.journal.slow = time.Second
		s := w.attach(0, newScreen(acme, 1, 0), hub.Identity{Stream: true})
		pass(500 * time.Millisecond)
		w.journal.append(acme, sending{People: []int64{1}})
		pass(5 * time.Second)
		w.expectComplete(s)
	})
}

// TestHostileBroker: three nodes share a journal and a broker that drops, doubles, delays
// and reorders. Clients stall, drop out and return to another node. Each sees each of
// their messages exactly once, in order.
func TestHostileBroker(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		broker := newHostile(rapid.Uint64().Draw(rt, "seed"),
			rapid.IntRange(0, 60).Draw(rt, "dropped %"), rapid.IntRange(0, 60).Draw(rt, "doubled %"), rapid.IntRange(0, 60).Draw(rt, "held back %"))
		people := rapid.IntRange(1, 5).Draw(rt, "people")
		steps := rapid.SliceOfN(rapid.Custom(drawStep), 1, 80).Draw(rt, "steps")
		if err := play(t, broker, people, steps); err != nil {
			rt.Fatal(err)
		}
	})
}

// step is something that happens to the nodes or to a client.
type step struct {
	Kind   string // send, stall, read, leave, wait
	Node   int
	Who    []bool        // send: the recipients among the people
	Client int           // stall, read, leave
	Time   time.Duration // wait
}

func drawStep(rt *rapid.T) step {
	return step{
		Kind:   rapid.SampledFrom([]string{"send", "send", "send", "send", "stall", "read", "leave", "wait"}).Draw(rt, "kind"),
		Node:   rapid.IntRange(0, 2).Draw(rt, "node"),
		Who:    rapid.SliceOfN(rapid.Bool(), 5, 5).Draw(rt, "who"),
		Client: rapid.IntRange(0, 9).Draw(rt, "client"),
		Time:   time.Duration(rapid.IntRange(0, 1500).Draw(rt, "ms")) * time.Millisecond,
	}
}

// play runs the steps in a bubble and returns what went wrong.
func play(t *testing.T, broker hub.Broker, people int, steps []step) (failed error) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3, broker, func(i int, o *hub.Options) { o.Backlog, o.Page, o.Shards = 400, 3, 1+i })
		defer w.stop()
		clients := make([]*screen, 2*people) // two screens each
		for i := range clients {
			clients[i] = w.attach(i%3, newScreen(acme, int64(i%people), 0), hub.Identity{Stream: true})
		}
		for _, s := range steps {
			c := s.Client % len(clients)
			switch s.Kind {
			case "send":
				var to []int64
				for p := range people {
					if s.Who[p] {
						to = append(to, int64(p))
					}
				}
				w.send(s.Node, to...)
			case "stall":
				clients[c].take(s.Client * 20)
			case "read":
				clients[c].take(-1)
			case "leave":
				clients[c].Close(1006, "")
				clients[c] = w.attach(s.Node, clients[c].again(), hub.Identity{Stream: true})
			case "wait":
				pass(s.Time)
			}
		}
		for _, c := range clients {
			c.take(-1)
		}
		pass(5 * time.Second) // more than heads take to be compared
		synctest.Wait()
		for _, c := range clients {
			failed = errors.Join(failed, w.complete(c, 0))
		}
	})
	return failed
}

// TestStoreAway: while the store is away connections stay and are told; nothing that was
// committed before or after is lost, to those who were here and those who came.
func TestStoreAway(t *testing.T) {
	for _, hangs := range []bool{false, true} {
		t.Run(fmt.Sprint("hangs ", hangs), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var told []bool
				w := newWorld(t, 2, newHostile(1, 100, 0, 0), func(i int, o *hub.Options) {
					o.CatchUps = 2
					if i == 0 {
						o.Status = func(sending bool) {
							mu.Lock()
							told = append(told, sending)
							mu.Unlock()
						}
					}
				})
				defer w.stop()
				here := w.candidate(0, 1)
				pass(2 * time.Second)
				w.journal.set(!hangs, hangs)
				w.send(1, 1, 2, 3) // the broker drops it: here it must come from the store
				came := []*screen{w.candidate(0, 2), w.attach(0, newScreen(acme, 3, 0), hub.Identity{Stream: true})}
				other := w.attach(0, newScreen(acme+1, 1, -1), hub.Identity{Stream: true}) // its follower cannot even begin
				pass(30 * time.Second)
				if !w.hubs[0].Stats().StoreDown {
					t.Error("the store is away and nobody noticed")
				}
				w.journal.set(false, false)
				pass(10 * time.Second)
				w.expectComplete(append(came, here, other)...)
				for _, s := range append(came, other) {
					if count(s, "caught_up") != 1 {
						t.Errorf("person %d: %q", s.person, s.others())
					}
				}
				if st := w.hubs[0].Stats(); st.StoreDown || st.Connections != 4 {
					t.Errorf("afterwards: %+v", st)
				}
				if !slices.Equal(told, []bool{false, true}) {
					t.Errorf("the status was told as %v", told)
				}
			})
		})
	}
}

// TestDeafSubscription: a subscription that delivers nothing and reports nothing is rebuilt,
// and the node says that it is degraded until it hears itself again.
func TestDeafSubscription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broker := newHostile(1, 0, 0, 0)
		w := newWorld(t, 2, broker, nil)
		defer w.stop()
		s := w.candidate(0, 1)
		pass(10 * time.Second)
		if st := w.hubs[0].Stats(); st.Degraded || st.Rebuilt != 0 {
			t.Fatalf("healthy, but %+v", st)
		}
		broker.deafen(false) // the subscriptions there are
		w.send(1, 1)
		pass(1100 * time.Millisecond)
		w.expectComplete(s) // by comparing heads
		pass(5 * time.Second)
		if st := w.hubs[0].Stats(); st.Degraded || st.Rebuilt != 1 {
			t.Errorf("deaf once: %+v", st)
		}
		reads := w.hubs[0].Stats().JournalReads
		w.send(1, 1)
		w.expectComplete(s)
		if n := w.hubs[0].Stats().JournalReads - reads; n != 0 {
			t.Error("after the rebuilding the broker still brings nothing")
		}
		broker.deafen(true) // new ones too
		pass(4500 * time.Millisecond)
		for range 20 {
			if !w.hubs[0].Stats().Degraded {
				t.Fatal("deaf for good and not degraded")
			}
			w.send(1, 1)
			pass(1100 * time.Millisecond)
			w.expectComplete(s)
		}
		broker.hear()
		pass(5 * time.Second)
		if w.hubs[0].Stats().Degraded {
			t.Error("degraded although it hears itself")
		}
	})
}

// TestDeafAndFarFromComparing: heads are compared at once when a subscription stands again.
func TestDeafAndFarFromComparing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broker := newHostile(1, 0, 0, 0)
		w := newWorld(t, 2, broker, func(_ int, o *hub.Options) { o.Compare = time.Hour })
		defer w.stop()
		s := w.candidate(0, 1)
		pass(2 * time.Second)
		broker.deafen(false)
		w.send(1, 1)
		pass(4500 * time.Millisecond) // deaf after 3 s, noticed and rebuilt within another
		w.expectComplete(s)
	})
}

// TestPublishThatFails: sends do not suffer, others find the entries by comparing heads.
func TestPublishThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broker := newHostile(1, 0, 0, 0)
		w := newWorld(t, 2, broker, nil)
		defer w.stop()
		s := w.candidate(0, 1)
		pass(2 * time.Second)
		broker.refuse(true)
		began := time.Now()
		for range 1000 { // more than may wait
			w.send(1, 1)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("1000 commits waited %v for the broker", took)
		}
		pass(1100 * time.Millisecond)
		w.expectComplete(s)
		if st := w.hubs[1].Stats(); !st.Degraded || st.BellsLost == 0 {
			t.Errorf("cannot publish, but %+v", st)
		}
		broker.refuse(false)
		pass(2 * time.Second)
		if st := w.hubs[1].Stats(); st.Degraded {
			t.Errorf("publishes again, but %+v", st)
		}
	})
}

// TestBellsPileUp: while a publish hangs, bells are cut down to the highest head, and that
// is enough.
func TestBellsPileUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broker := newHostile(1, 0, 0, 0)
		w := newWorld(t, 2, broker, func(_ int, o *hub.Options) { o.Compare = time.Hour })
		defer w.stop()
		s := w.candidate(0, 1)
		pass(2 * time.Second)
		broker.hang(true)
		w.send(1, 1)
		synctest.Wait() // it hangs in Publish now
		for range 3000 {
			w.send(1, 1)
		}
		broker.hang(false)
		pass(10 * time.Second)
		w.expectComplete(s)
	})
}

// TestHeadThatIsNotThere: a bell for an entry that the journal does not have does no harm.
func TestHeadThatIsNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, nil)
		defer w.stop()
		s := w.candidate(0, 1)
		synctest.Wait()
		channel := fmt.Sprintf("crier:test:%d", acme)
		for _, bell := range []string{`{"k":"bell","n":"x","o":7,"h":99}`, `{"k":"bell","n":"x","o":7,"h":3,"e":{"Offset":2}}`, `{"k":"bell","n":"x","o":7,"h":1,"e":17}`, `{"k":`, `{"k":"new","n":"x","o":7}`, ``} {
			if err := w.broker.Publish(t.Context(), channel, []byte(bell)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		reads := w.hubs[0].Stats().JournalReads
		for range 5 {
			w.send(0, 1)
			w.expectComplete(s)
		}
		if n := w.hubs[0].Stats().JournalReads; n != reads {
			t.Errorf("still reads the journal: %d times after, %d before", n, reads)
		}
	})
}

// TestNothingToDo: a hub without connections leaves the store alone.
func TestNothingToDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, nil, nil)
		defer w.stop()
		pass(time.Minute)
		w.send(0, 1)
		pass(time.Minute)
		if n := w.journal.called(); n != 0 {
			t.Errorf("the journal was called %d times", n)
		}
		if st := w.hubs[1].Stats(); st != (hub.Stats{}) {
			t.Errorf("%+v", st)
		}
	})
}
