package hub_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crier/hub"
)

func TestMessageReachesItsPeopleOnAllNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, nil, nil)
		defer w.stop()
		here, tab, there, other := w.candidate(0, 1), w.candidate(0, 1), w.candidate(1, 2), w.candidate(1, 3)
		staff := w.staff(0, 4)
		synctest.Wait()
		began := time.Now()
		w.send(0, 1, 2, 4)
		w.expectComplete(here, tab, there, other)
		if took := time.Since(began); took != 0 {
			t.Errorf("it took %v: somebody waited for a timer", took)
		}
		if got, _ := there.seen(); len(got) != 1 {
			t.Errorf("the other node's candidate saw %v", got)
		}
		if got, _ := staff.seen(); len(got) != 0 {
			t.Errorf("a message in a conversation reached a staff connection: %v", got)
		}
		for _, s := range []*screen{here, tab, there, other} {
			if n := count(s, "caught_up"); n != 1 {
				t.Errorf("person %d was told %d times that they are up to date", s.person, n)
			}
		}
	})
}

func TestCaughtUpFollowsWhatWasMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, func(_ int, o *hub.Options) { o.Page = 3 })
		defer w.stop()
		for range 8 {
			w.send(0, 1)
		}
		w.journal.displayed[1] = 2
		s := w.candidate(0, 1)
		synctest.Wait()
		if err := w.complete(s, 2); err != nil {
			t.Error(err)
		}
		if got, want := s.others(), `{"type":"caught_up","cursor":"0007000001000000000008"}`; len(got) != 1 || got[0] != want {
			t.Errorf("after the messages came %q, not %q", got, want)
		}
	})
}

func TestNobodyGetsWhatIsForAnotherOrganisation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, nil)
		defer w.stop()
		ours := w.candidate(0, 1)
		// 23 shares a broker channel with 7.
		theirs := w.attach(0, newScreen(23, 1, -1), hub.Identity{Stream: true, Session: "s"})
		w.send(0, 1)
		w.commit(0, sending{Sessions: []string{"s"}, Direct: []int64{1}})
		w.expectComplete(ours, theirs)
		if got, _ := theirs.seen(); len(got) > 0 || count(theirs, "direct") > 0 || theirs.closed() != 0 {
			t.Errorf("person 1 of another organisation saw %v %q, close %d", got, theirs.others(), theirs.closed())
		}
	})
}

// TestCommitsInAnyOrder has many goroutines tell of commits in an order that is not the
// journal's, on three nodes.
func TestCommitsInAnyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const messages = 400
		w := newWorld(t, 3, nil, nil)
		defer w.stop()
		var screens []*screen
		for h := range 3 {
			for p := range int64(10) {
				screens = append(screens, w.candidate(h, p))
			}
		}
		synctest.Wait()
		var entries []hub.Entry
		for range messages {
			people := rand.Perm(10)[:1+rand.IntN(10)]
			var to []int64
			for _, p := range people {
				to = append(to, int64(p))
			}
			entries = append(entries, w.journal.append(acme, sending{People: to}))
		}
		rand.Shuffle(messages, func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
		var wg sync.WaitGroup
		for part := range slices.Chunk(entries, messages/8) {
			h := w.hubs[rand.IntN(3)]
			wg.Go(func() {
				for _, e := range part {
					h.Committed(acme, e)
				}
			})
		}
		wg.Wait()
		w.expectComplete(screens...)
	})
}

func TestDirectFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, nil, nil)
		defer w.stop()
		a, b, other := w.candidate(0, 1), w.candidate(1, 1), w.candidate(0, 2)
		synctest.Wait()
		w.commit(0, sending{Direct: []int64{1}, Body: "dismiss"})
		synctest.Wait()
		if count(a, "dismiss") != 1 || count(b, "dismiss") != 1 || count(other, "dismiss") != 0 {
			t.Errorf("got %q, %q and %q", a.others(), b.others(), other.others())
		}
	})
}

// TestLargeFrames sends frames of every header size of RFC 6455, the largest of them more
// than a whole queue.
func TestLargeFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, func(_ int, o *hub.Options) { o.Backlog = 1 << 10 })
		defer w.stop()
		s, slow := w.candidate(0, 1), w.candidate(0, 1)
		synctest.Wait()
		slow.take(10)
		for _, size := range []int{1, 60, 61, 62, 500, 2000, 65_400, 65_500, 70_000} {
			w.commit(0, sending{People: []int64{1}, Body: strings.Repeat("x", size)})
			synctest.Wait()
		}
		w.expectComplete(s)
		slow.take(-1)
		w.expectComplete(slow)
	})
}

func TestTopics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, nil, nil)
		defer w.stop()
		both, one, elsewhere := w.staff(0, 1, "a", "b"), w.staff(0, 2, "b"), w.staff(1, 3, "a", "b")
		w.hubs[0].Publish(acme, "a", hub.NewFrame([]byte(`{"type":"a"}`)))
		w.hubs[0].Publish(acme+1, "a", hub.NewFrame([]byte(`{"type":"foreign"}`)))
		w.hubs[0].Publish(acme, "b", hub.NewFrame([]byte(`{"type":"b"}`)))
		both.conn.Unlisten("b")
		both.conn.Listen("a") // twice is once
		w.hubs[0].Publish(acme, "b", hub.NewFrame([]byte(`{"type":"b"}`)))
		w.hubs[0].Publish(acme, "a", hub.NewFrame([]byte(`{"type":"a"}`)))
		for s, want := range map[*screen][]string{
			both:      {`{"type":"a"}`, `{"type":"b"}`, `{"type":"a"}`},
			one:       {`{"type":"b"}`, `{"type":"b"}`},
			elsewhere: nil,
		} {
			if got := s.others(); !slices.Equal(got, want) {
				t.Errorf("staff %d heard %q, not %q", s.person, got, want)
			}
		}
		both.Close(1000, "")
		synctest.Wait()
		both.conn.Listen("b") // too late: nothing may be kept for it
		w.hubs[0].Publish(acme, "b", hub.NewFrame([]byte(`{"type":"b"}`)))
		if got := both.others(); len(got) != 3 {
			t.Errorf("a connection that has ended heard %q", got)
		}
	})
}

// TestEntryHook hears every entry once, in order, whether it came here, from another
// node or from the journal.
func TestEntryHook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var heard []int64
		w := newWorld(t, 2, nil, func(i int, o *hub.Options) {
			if i == 0 {
				o.Entry = func(org int64, e hub.Entry) {
					if org == acme {
						heard = append(heard, e.Offset)
					}
				}
			}
		})
		defer w.stop()
		w.staff(0, 1)
		synctest.Wait()
		w.send(0, 9)
		w.send(1, 9)
		w.journal.append(acme, sending{}) // nobody told
		w.journal.append(acme, sending{})
		w.send(1, 9)
		synctest.Wait()
		if want := []int64{1, 2, 3, 4, 5}; !slices.Equal(heard, want) {
			t.Errorf("heard %v, not %v", heard, want)
		}
	})
}

func TestCarriesWithoutEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, nil, nil)
		defer w.stop()
		s := w.candidate(1, 1)
		synctest.Wait()
		// What Encode refuses, as for a large entry, is read from the journal at once.
		h := hub.New(hub.Options{Node: "third", Epoch: "test", Key: nodesKey}, w.journal, mute{w.journal}, plain{}, w.broker)
		h.Start()
		defer h.Stop()
		h.Committed(acme, w.journal.append(acme, sending{People: []int64{1}}))
		w.expectComplete(s)
	})
}

// mute is a translator that encodes nothing.
type mute struct{ *journal }

func (mute) Encode(int64, hub.Entry) []byte { return nil }

func TestNodesOfAnotherDatabaseAreNotHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, nil, func(i int, o *hub.Options) { o.Epoch = string(rune('a' + i)) })
		defer w.stop()
		s := w.candidate(1, 1)
		synctest.Wait()
		before := w.journal.called()
		w.hubs[0].Committed(acme, hub.Entry{Offset: 1, Value: sending{Offset: 1, People: []int64{1}}})
		synctest.Wait()
		if got, _ := s.seen(); len(got) > 0 || w.journal.called() != before {
			t.Errorf("another database's entry reached a screen (%v) or made us read", got)
		}
	})
}
