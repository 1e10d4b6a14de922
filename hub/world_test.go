package hub_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"crier/hub"
)

// nodesKey is what the nodes of a test sign with.
var nodesKey = []byte("0123456789abcdef0123456789abcdef")

// acme is the organisation of most tests.
const acme = 7

// world is some nodes' hubs over one journal.
type world struct {
	t       testing.TB
	journal *journal
	broker  hub.Broker
	hubs    []*hub.Hub
	readers sync.WaitGroup
}

// newWorld starts n hubs over a broker; nil: a new Local. change may alter the options of each.
func newWorld(t testing.TB, n int, broker hub.Broker, change func(i int, o *hub.Options)) *world {
	w := &world{t: t, journal: newJournal(), broker: broker}
	if broker == nil {
		w.broker = hub.NewLocal()
	}
	for i := range n {
		o := hub.Options{Node: fmt.Sprint("node", i), Epoch: "test", Key: nodesKey, Shards: 2}
		if change != nil {
			change(i, &o)
		}
		h := hub.New(o, w.journal, w.journal, plain{}, w.broker)
		h.Start()
		w.hubs = append(w.hubs, h)
	}
	return w
}

// stop ends everything; a goroutine left over fails a test in a synctest bubble.
func (w *world) stop() {
	for _, h := range w.hubs {
		h.Stop()
	}
	w.readers.Wait()
	if err := w.broker.Close(); err != nil {
		w.t.Error(err)
	}
}

// attach gives a screen to a hub, with what its transport does: Detach once it has ended.
func (w *world) attach(h int, s *screen, id hub.Identity) *screen {
	since := max(s.cursor, 0)
	id.Org, id.Person = s.org, s.person
	s.conn = w.hubs[h].Attach(s, id, since, s.cursor < 0)
	w.readers.Go(func() {
		<-s.gone
		s.conn.Detach()
	})
	return s
}

// candidate attaches a new screen of a candidate who has no cursor.
func (w *world) candidate(h int, person int64) *screen {
	return w.attach(h, newScreen(acme, person, -1), hub.Identity{Stream: true})
}

// staff attaches a new screen of a staff member that listens to topics.
func (w *world) staff(h int, person int64, topics ...string) *screen {
	s := w.attach(h, newScreen(acme, person, -1), hub.Identity{})
	s.conn.Listen(topics...)
	return s
}

// send commits a message on a hub's node.
func (w *world) send(h int, people ...int64) int64 {
	return w.commit(h, sending{People: people, Body: "hello"})
}

func (w *world) commit(h int, s sending) int64 {
	e := w.journal.append(acme, s)
	w.hubs[h].Committed(acme, e)
	return e.Offset
}

// complete returns an error unless the screen has seen all messages of its person after an
// offset, once, in order, with an unbroken chain of cursors.
func (w *world) complete(s *screen, after int64) error {
	got, err := s.seen()
	if err != nil {
		return fmt.Errorf("person %d: %w", s.person, err)
	}
	if want := w.journal.conversation(s.org, s.person, after); !slices.Equal(got, want) {
		return fmt.Errorf("person %d has seen %v, not %v", s.person, got, want)
	}
	return nil
}

func (w *world) expectComplete(screens ...*screen) {
	w.t.Helper()
	synctest.Wait()
	for _, s := range screens {
		if err := w.complete(s, 0); err != nil {
			w.t.Error(err)
		}
	}
}

// count returns how many of a screen's other frames contain text.
func count(s *screen, text string) (n int) {
	for _, f := range s.others() {
		if strings.Contains(f, text) {
			n++
		}
	}
	return n
}
