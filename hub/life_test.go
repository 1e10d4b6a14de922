package hub_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crier/hub"
)

func TestBeatsAndSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, nil)
		defer w.stop()
		silent, lively, stuck := w.candidate(0, 1), w.staff(0, 2), w.staff(0, 3)
		stuck.take(1)
		for range 10 {
			pass(10 * time.Second)
			lively.conn.Heard()
			stuck.conn.Heard()
		}
		pass(500 * time.Millisecond) // between two beats
		stuck.take(-1)
		synctest.Wait()
		if got := stuck.others(); len(got) > 4 { // one beat on its way, one waiting
			t.Errorf("for one who did not read %d frames were kept", len(got))
		}
		if silent.closed() != hub.CloseSlow || lively.closed() != 0 {
			t.Errorf("silent: close %d, lively: close %d", silent.closed(), lively.closed())
		}
		got := lively.others()
		if len(got) < 2*4 || len(got) > 2*6 {
			t.Fatalf("%d frames in 100 s, not about 5 pings and 5 beats: %q", len(got), got)
		}
		for i, f := range got {
			if i%2 == 0 && f != "ping" || i%2 == 1 && !strings.HasPrefix(f, `{"type":"beat","now":"`) {
				t.Errorf("frame %d is %q", i, f)
			}
		}
	})
}

func TestTooManySocketsCloseTheOldest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, nil)
		defer w.stop()
		other := w.candidate(0, 2)
		var screens []*screen
		for range 5 {
			screens = append(screens, w.attach(0, newScreen(acme, 1, -1), hub.Identity{Stream: true, Sockets: 3}))
		}
		synctest.Wait()
		for i, s := range screens {
			want := 0
			if i < 2 {
				want = hub.CloseTooMany
			}
			if s.closed() != want {
				t.Errorf("socket %d: close %d, not %d", i, s.closed(), want)
			}
		}
		if other.closed() != 0 {
			t.Error("another person's socket was closed")
		}
		// One in the middle of the list leaves; the rest still hear.
		screens[3].Close(1000, "")
		synctest.Wait()
		w.send(0, 1)
		w.expectComplete(screens[2], screens[4])
		if st := w.hubs[0].Stats(); st.Connections != 3 || st.TooMany != 2 {
			t.Errorf("%+v", st)
		}
	})
}

func TestEndedSessionsCloseSockets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, nil, nil)
		defer w.stop()
		attach := func(h int, session string) *screen {
			return w.attach(h, newScreen(acme, 1, -1), hub.Identity{Stream: true, Session: session})
		}
		here, there, kept := attach(0, "a"), attach(1, "a"), attach(0, "b")
		synctest.Wait()
		w.commit(0, sending{Sessions: []string{"a", "c"}})
		synctest.Wait()
		late := attach(1, "c") // it signed in before and arrives after
		synctest.Wait()
		for _, s := range []*screen{here, there, late} {
			if s.closed() != hub.CloseSignedIn {
				t.Errorf("close %d, not %d", s.closed(), hub.CloseSignedIn)
			}
		}
		if kept.closed() != 0 {
			t.Error("a session that goes on was closed")
		}
	})
}

// A node that hears of an organisation for the first time must not keep a login that ended
// between being let in and that moment.
func TestSessionEndedBeforeFollowing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, nil, nil)
		defer w.stop()
		w.commit(0, sending{Sessions: []string{"gone"}})
		synctest.Wait()
		gone := w.attach(1, newScreen(acme, 1, -1), hub.Identity{Stream: true, Session: "gone"})
		kept := w.attach(1, newScreen(acme, 2, -1), hub.Identity{Stream: true, Session: "kept"})
		synctest.Wait()
		if gone.closed() != hub.CloseSignedIn {
			t.Errorf("close %d, not %d", gone.closed(), hub.CloseSignedIn)
		}
		if kept.closed() != 0 {
			t.Error("a session that goes on was closed")
		}
	})
}

// TestLoginThatEndedBeforeFollowing: the first connection of an organisation on a node may be
// of a login that ended after it signed in and before the node began to follow.
func TestLoginThatEndedBeforeFollowing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, nil, nil)
		defer w.stop()
		for range 200 {
			w.send(0, 1)
		}
		w.commit(0, sending{Sessions: []string{"a"}})
		w.send(0, 1)
		for _, stream := range []bool{true, false} {
			s := w.attach(1, newScreen(acme, 1, -1), hub.Identity{Stream: stream, Session: "a"})
			kept := w.attach(1, newScreen(acme, 1, -1), hub.Identity{Stream: stream, Session: "b"})
			synctest.Wait()
			if s.closed() != hub.CloseSignedIn || kept.closed() != 0 {
				t.Errorf("close %d and %d, not %d and 0", s.closed(), kept.closed(), hub.CloseSignedIn)
			}
		}
	})
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, nil)
		defer w.stop()
		var screens []*screen
		for p := range int64(200) {
			if p%2 == 0 {
				screens = append(screens, w.candidate(0, p))
			} else {
				screens = append(screens, w.staff(0, p))
			}
		}
		synctest.Wait()
		w.hubs[0].Drain(10 * time.Second)
		screens = append(screens, w.candidate(0, 300)) // it was already on its way in
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		w.hubs[0].Empty(ctx)
		if ctx.Err() != nil {
			t.Fatal("connections are left")
		}
		tenths := map[int]int{}
		for _, s := range screens {
			if s.closed() != hub.CloseDrain {
				t.Errorf("close %d, not %d", s.closed(), hub.CloseDrain)
			}
			all := s.others()
			var bye struct {
				Type, Reason string
				Ms           int `json:"come_back_ms"`
			}
			if len(all) == 0 || json.Unmarshal([]byte(all[len(all)-1]), &bye) != nil || bye.Type != "bye" || bye.Reason != "drain" {
				t.Fatalf("the last frames are %q", all)
			}
			if bye.Ms < 200 || bye.Ms > 10_200 {
				t.Errorf("come back in %d ms", bye.Ms)
			}
			tenths[bye.Ms/1000]++
		}
		for tenth, n := range tenths {
			if n > 60 { // of 201 over 10 s; 20 are expected
				t.Errorf("%d come back within second %d", n, tenth)
			}
		}
	})
}

func TestEmptyGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, nil)
		defer w.stop()
		w.candidate(0, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		w.hubs[0].Empty(ctx)
		if ctx.Err() == nil {
			t.Error("returned although a connection is left")
		}
	})
}

func TestEveryoneHears(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, nil)
		defer w.stop()
		screens := []*screen{w.candidate(0, 1), w.staff(0, 2), w.attach(0, newScreen(acme+1, 3, -1), hub.Identity{Stream: true})}
		w.hubs[0].Everyone(hub.NewFrame([]byte(`{"type":"status"}`)))
		synctest.Wait()
		for _, s := range screens {
			if count(s, "status") != 1 {
				t.Errorf("person %d heard %q", s.person, s.others())
			}
		}
	})
}

// TestStop stops a hub in the middle of everything: connections that catch up, that wait
// for a socket, that arrive; a store that hangs. The bubble fails if a goroutine is left.
func TestStop(t *testing.T) {
	for _, hangs := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 2, nil, small)
			for range 50 {
				w.send(0, 1, 2, 3)
			}
			live := w.candidate(0, 2)
			synctest.Wait()
			w.journal.set(false, hangs)
			live.take(1)
			stuck := newScreen(acme, 1, 0)
			stuck.take(100)
			w.attach(0, stuck, hub.Identity{Stream: true})
			w.attach(0, newScreen(acme+1, 1, -1), hub.Identity{Stream: true})
			w.send(0, 2)
			if !hangs {
				synctest.Wait()
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				w.hubs[0].Stop()
			}()
			w.candidate(0, 3)
			w.send(0, 1, 2, 3)
			w.hubs[0].Publish(acme, "a", hub.NewFrame([]byte(`{}`)))
			<-done
			late := w.candidate(0, 3)
			late.take(0)
			w.send(0, 3)
			late.conn.Send(hub.NewFrame([]byte(`{}`)))
			synctest.Wait()
			if late.closed() == 0 || live.closed() == 0 || stuck.closed() == 0 {
				t.Errorf("closed with %d, %d and %d", late.closed(), live.closed(), stuck.closed())
			}
			w.stop() // and once more
		})
	}
}

// TestStopWaits for what has been begun and cannot be hurried.
func TestStopWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, nil)
		w.journal.hasty = func(int64) { pass(3 * time.Second) }
		began := time.Now()
		w.candidate(0, 1)
		synctest.Wait()
		w.stop()
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("Stop returned after %v although a reading takes 3 s", took)
		}
	})
}

func TestStopWithoutStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		h := hub.New(hub.Options{Node: "n"}, j, j, plain{}, hub.NewLocal())
		h.Committed(acme, j.append(acme, sending{People: []int64{1}}))
		h.Stop()
		h = hub.New(hub.Options{Node: "n"}, j, j, plain{}, hub.NewLocal())
		h.Start()
		h.Start()
		h.Stop()
		h.Stop()
	})
}
