// Package hub holds a node's live connections and carries what the journals say to
// them: registry, fan-out, following, resume, presence, and the broker that keeps
// nodes in step. It knows no SQL, no HTTP routes and no domain.
//
// The journal is the truth; everything the broker says is only a hint to read it.
package hub

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Hub is one node's live connections. Make one with New, then Start it.
type Hub struct {
	opt        Options
	journal    Journal
	translator Translator
	stamper    Stamper
	shards     []*shard
	catchUps   chan struct{}
	topics     topics
	presence   *presence
	link       *link
	pings      pings
	stats      counters
	overhear   atomic.Pointer[func(org int64, topics []string, frame []byte)]

	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	doubt    chan struct{} // asks for a comparison of heads now
	draining atomic.Int64  // nanoseconds over which connections come back; 0 = not draining

	stopping sync.RWMutex // held by whoever adds to work
	stopped  bool         // guarded by stopping

	mu        sync.Mutex
	followers map[int64]*follower
	ended     map[login]time.Time // logins that ended within endedFor
	restarted map[key]time.Time   // people whose connections were restarted within endedFor
	started   bool
	storeDown bool
}

// New makes a hub that follows journal and speaks to other nodes through broker.
func New(opt Options, journal Journal, translator Translator, stamper Stamper, broker Broker) *Hub {
	opt.defaults()
	h := &Hub{
		opt: opt, journal: journal, translator: translator, stamper: stamper,
		catchUps: make(chan struct{}, opt.CatchUps), followers: map[int64]*follower{},
		doubt: make(chan struct{}, 1), ended: map[login]time.Time{}, restarted: map[key]time.Time{},
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	h.topics.listeners = map[topicKey]map[*Conn]struct{}{}
	h.presence = newPresence(h)
	h.link = newLink(h, broker)
	for i := range opt.Shards {
		h.shards = append(h.shards, &shard{hub: h, index: int64(i), jobs: make(chan job, 256), people: map[key]*Conn{}})
	}
	return h
}

// Start runs the hub's services until Stop. Calling it again has no effect.
func (h *Hub) Start() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.started {
		return
	}
	h.started = true
	for _, s := range h.shards {
		h.work.Go(s.run)
	}
	h.work.Go(h.compare)
	h.work.Go(h.sweep)
	h.work.Go(h.presence.run)
	h.link.start()
}

// Stop ends the hub's services and closes what connections are left. It waits for
// its goroutines.
func (h *Hub) Stop() {
	h.stopping.Lock()
	h.stopped = true
	h.stopping.Unlock()
	for _, s := range h.shards {
		for _, c := range s.all() {
			c.Close(CloseDrain, "server stops")
		}
	}
	h.cancel()
	h.link.stop()
	h.work.Wait()
}

// spawn runs f in a goroutine that Stop waits for; false, and nothing done, once the hub
// stops.
func (h *Hub) spawn(f func()) bool {
	h.stopping.RLock()
	defer h.stopping.RUnlock()
	if !h.stopped {
		h.work.Go(f)
	}
	return !h.stopped
}

// Committed says that an entry was just committed on this node: it goes to the
// connections here and, through the broker, to the other nodes. Never waits.
func (h *Hub) Committed(org int64, e Entry) {
	h.mu.Lock()
	f := h.followers[org]
	h.mu.Unlock()
	if f != nil {
		f.offer(e)
	}
	h.link.ring(org, e)
}

// sleep waits for d; false when the hub stops first.
func (h *Hub) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-h.ctx.Done():
		return false
	}
}

func (h *Hub) now() time.Time { return h.opt.Clock.Now() }
