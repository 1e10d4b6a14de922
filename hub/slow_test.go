package hub_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crier/hub"
)

// small gives a hub queues and pages so small that a few messages overflow them.
func small(_ int, o *hub.Options) { o.Backlog, o.Page = 500, 4 }

// TestSlowScreenHarmsNobody: one screen stops in the middle of a frame while another reads. The other
// waits for nothing; the slow one gets everything, in order, once it reads.
func TestSlowScreenHarmsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, small)
		defer w.stop()
		slow, quick := w.candidate(0, 2), w.candidate(0, 4) // of one shard
		synctest.Wait()
		slow.take(150)
		for range 50 {
			began := time.Now()
			w.send(0, 2, 4)
			w.expectComplete(quick)
			if took := time.Since(began); took != 0 {
				t.Fatalf("the quick screen waited %v", took)
			}
		}
		if got, _ := slow.seen(); len(got) != 1 {
			t.Errorf("the slow screen took %d messages, not the one it has room for", len(got))
		}
		if n := w.hubs[0].Stats().Overflows; n != 1 {
			t.Errorf("%d overflows, not 1", n)
		}
		for range 100 { // it reads on, now and then a little
			slow.take(90)
			synctest.Wait()
			w.send(0, 2, 4)
		}
		slow.take(-1)
		w.expectComplete(slow, quick)
		w.send(0, 2, 4)
		w.expectComplete(slow, quick)
		if slow.closed() != 0 {
			t.Errorf("the slow screen was closed with %d", slow.closed())
		}
	})
}

// TestAnswersDuringCatchUp: one who reads a long history slowly and answers it meanwhile keeps
// the connection.
func TestAnswersDuringCatchUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, small)
		defer w.stop()
		for range 40 {
			w.send(0, 1)
		}
		s := newScreen(acme, 1, 0)
		s.take(50)
		w.attach(0, s, hub.Identity{Stream: true})
		reply := hub.NewFrame([]byte(`{"type":"reply"}`))
		sent := 0
		for i := 0; s.closed() == 0 && i < 1000; i++ {
			synctest.Wait()
			if got, _ := s.seen(); len(got) > sent {
				sent++
				s.conn.Send(reply)
			}
			s.take(50)
		}
		s.take(-1)
		w.expectComplete(s)
		if s.closed() != 0 || sent != 40 || count(s, "reply") != 40 {
			t.Errorf("close %d, %d answers of %d arrived", s.closed(), count(s, "reply"), sent)
		}
	})
}

// TestAnswerToAFullQueue: the queue that messages have filled still takes an answer.
func TestAnswerToAFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, small)
		defer w.stop()
		s := w.candidate(0, 1)
		synctest.Wait()
		s.take(1)
		for range 50 {
			w.send(0, 1)
			synctest.Wait()
		}
		s.conn.Send(hub.NewFrame(fmt.Appendf(nil, `{"type":"reply","id":"%0200d"}`, 1)))
		w.commit(0, sending{Direct: []int64{1}, Body: strings.Repeat("d", 200)})
		synctest.Wait()
		s.take(-1)
		w.expectComplete(s)
		if s.closed() != 0 || count(s, "reply") != 1 || count(s, "direct") != 1 {
			t.Errorf("close %d, others %q", s.closed(), s.others())
		}
	})
}

func TestAnswersThatPileUpCloseTheSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, small)
		defer w.stop()
		s := w.staff(0, 1)
		s.take(0)
		for range 100 {
			s.conn.Send(hub.NewFrame([]byte(`{"type":"reply","id":"12345678901234567890"}`)))
		}
		synctest.Wait()
		if s.closed() != hub.CloseSlow {
			t.Errorf("close %d, not %d", s.closed(), hub.CloseSlow)
		}
		if n := w.hubs[0].Stats().Connections; n != 0 {
			t.Errorf("%d connections left", n)
		}
	})
}

// TestScreenThatNeverReads is given up after the silence, and its goroutines end.
func TestScreenThatNeverReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, small)
		defer w.stop()
		live, catching := w.candidate(0, 1), newScreen(acme, 2, 0)
		synctest.Wait()
		live.take(0)
		catching.take(0)
		w.attach(0, catching, hub.Identity{Stream: true})
		for range 20 {
			w.send(0, 1, 2)
		}
		pass(62 * time.Second)
		synctest.Wait()
		for _, s := range []*screen{live, catching} {
			if s.closed() != hub.CloseSlow {
				t.Errorf("person %d: close %d, not %d", s.person, s.closed(), hub.CloseSlow)
			}
		}
		if n := w.hubs[0].Stats().Connections; n != 0 {
			t.Errorf("%d connections left", n)
		}
		again := w.attach(0, live.again(), hub.Identity{Stream: true})
		w.expectComplete(again)
	})
}

func TestSocketsThatFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, small)
		defer w.stop()
		straight, waiting, catching, fine := w.candidate(0, 1), w.candidate(0, 1), newScreen(acme, 1, 0), w.candidate(0, 1)
		synctest.Wait()
		straight.breaks()
		waiting.take(3)
		w.send(0, 1)
		synctest.Wait()
		waiting.breaks()
		waiting.take(1)
		catching.breaks()
		w.attach(0, catching, hub.Identity{Stream: true})
		w.send(0, 1)
		w.expectComplete(fine)
		for i, s := range []*screen{straight, waiting, catching} {
			if s.closed() == 0 {
				t.Errorf("socket %d failed and was not closed", i)
			}
		}
		if n := w.hubs[0].Stats().Connections; n != 1 {
			t.Errorf("%d connections left, not 1", n)
		}
	})
}

// TestStaffWhoAreTooSlow get one resync instead of the events they missed, and
// events again from then on.
func TestStaffWhoAreTooSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, small)
		defer w.stop()
		s := w.staff(0, 1, "a")
		for round := range 2 {
			s.take(5)
			for i := range 50 {
				w.hubs[0].Publish(acme, "a", hub.NewFrame(fmt.Appendf(nil, `{"type":"event","n":"%d.%d"}`, round, i)))
			}
			synctest.Wait()
			s.take(-1)
			synctest.Wait()
			w.hubs[0].Publish(acme, "a", hub.NewFrame([]byte(`{"type":"later"}`)))
		}
		got := s.others()
		if n := count(s, "resync"); n != 2 {
			t.Errorf("%d resyncs for 2 times too slow: %q", n, got)
		}
		if count(s, "later") != 2 || !strings.Contains(got[len(got)-2]+got[len(got)-1], `"resync"}{"type":"later"`) {
			t.Errorf("not heard after the resync: %q", got)
		}
		last := -1
		for _, f := range got { // what did arrive is in order
			var r, n int
			if _, err := fmt.Sscanf(f, `{"type":"event","n":"%d.%d"}`, &r, &n); err == nil {
				if r*1000+n <= last {
					t.Errorf("out of order: %q", got)
				}
				last = r*1000 + n
			}
		}
	})
}

// TestBurst: what piled up for a connection while its shard was busy leaves in few writes,
// and what does not fit its queue comes from the journal.
func TestBurst(t *testing.T) {
	for _, backlog := range []int{0, 300} {
		t.Run(fmt.Sprint("backlog ", backlog), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 1, nil, func(_ int, o *hub.Options) { o.Backlog, o.Shards = backlog, 1 })
				defer w.stop()
				var screens []*screen
				for p := range int64(20) {
					screens = append(screens, w.candidate(0, p))
				}
				synctest.Wait()
				people := make([]int64, 20)
				for p := range people {
					people[p] = int64(p)
				}
				for range 300 {
					w.send(0, people...)
				}
				w.expectComplete(screens...)
			})
		})
	}
}

// TestNoRoomIsNotDeath: a socket that takes nothing for a moment, again and again, between
// frames and inside them.
func TestNoRoomIsNotDeath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, small)
		defer w.stop()
		s := w.candidate(0, 1)
		synctest.Wait()
		for room := range 200 {
			s.take(room)
			w.send(0, 1)
			s.conn.Send(hub.NewFrame([]byte(`{"type":"reply"}`)))
			synctest.Wait()
			s.take(-1)
			synctest.Wait()
		}
		w.expectComplete(s)
		if n := count(s, "reply"); n != 200 {
			t.Errorf("%d answers of 200", n)
		}
		if got := s.others(); slices.Contains(got, "") {
			t.Errorf("an empty frame among %q", got)
		}
	})
}
