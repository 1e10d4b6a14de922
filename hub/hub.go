// Package hub holds a node's live connections and carries what the journals say to
// them: registry, fan-out, following, resume, presence, and the broker that keeps
// nodes in step. It knows no SQL, no HTTP routes and no domain.
//
// The journal is the truth; everything the broker says is only a hint to read it.
package hub

import (
	"context"
	"maps"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/clock"
)

// Options are a hub's settings. The zero value of each field means its default.
type Options struct {
	Node      string        // this node's name among the others; required, unique per process
	Epoch     string        // the database's identity: nodes on another database are not heard
	Shards    int           // workers; default GOMAXPROCS
	Backlog   int           // bytes that may wait for one socket; default 64 KiB
	Page      int           // messages read at a time when catching up; default 50
	CatchUps  int           // connections that may read the journal at once; default 16
	Compare   time.Duration // how often heads are compared with the store; default 1 s
	Beat      time.Duration // how often each connection hears from us; default 20 s
	Silence   time.Duration // after which a connection is given up; default 60 s
	Heartbeat time.Duration // how often a node listens for its own voice; default 1 s
	Deaf      time.Duration // after which a subscription that does not hear it is rebuilt; default 3 s
	Announce  time.Duration // how often presence is told whole; its lease is three times that; default 5 s
	Gather    time.Duration // how long presence changes are gathered; default 250 ms

	Clock    clock.Clock
	Log      zerolog.Logger
	Presence func(org int64, changes []Presence) // hears every change of presence, of all nodes
	Entry    func(org int64, e Entry)            // hears every followed entry, in order
	Status   func(sending bool)                  // hears when the store goes away and comes back
}

func (o *Options) defaults() {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	num := func(n *int, v int) {
		if *n == 0 {
			*n = v
		}
	}
	num(&o.Shards, runtime.GOMAXPROCS(0))
	num(&o.Backlog, 64<<10)
	num(&o.Page, 50)
	num(&o.CatchUps, 16)
	def(&o.Compare, time.Second)
	def(&o.Beat, 20*time.Second)
	def(&o.Silence, 60*time.Second)
	def(&o.Heartbeat, time.Second)
	def(&o.Deaf, 3*time.Second)
	def(&o.Announce, 5*time.Second)
	def(&o.Gather, 250*time.Millisecond)
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
}

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

// login is a session or key of one organisation.
type login struct {
	org int64
	id  string
}

// endedFor is how long the end of a login is remembered: longer than a connection takes from
// signing in to Attach.
const endedFor = time.Minute

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

// Attach registers a connection and starts its life. For a candidate (Stream), since is
// the offset after which messages are wanted; fresh means there is none, and the
// connection starts where Journal.Start says. The messages missed follow, then a
// caught_up frame, then live ones. The caller must call Detach when the socket ends.
func (h *Hub) Attach(sock Socket, id Identity, since int64, fresh bool) *Conn {
	c := &Conn{Identity: id, hub: h, sock: sock, sent: since}
	c.shard = h.shards[id.Person%int64(len(h.shards))]
	c.Heard()
	c.behind, c.catching, c.greeting = id.Stream, id.Stream, id.Stream
	f := h.follow(id.Org)
	if o := c.shard.add(c); o != nil {
		h.stats.tooMany.Add(1)
		o.Close(CloseTooMany, "too many connections")
	}
	h.stats.attached.Add(1)
	h.presence.moved(id.Org, id.Person, +1, false)
	h.mu.Lock()
	_, over := h.ended[login{id.Org, id.Session}]
	restarted, stale := h.restarted[key{id.Org, id.Person}]
	stale = stale && !id.Known.IsZero() && id.Known.Before(restarted)
	h.mu.Unlock()
	switch spread := time.Duration(h.draining.Load()); {
	case over: // while it was on its way in
		c.Close(CloseSignedIn, "signed out")
	case stale:
		c.Close(CloseRestart, "come back")
	case spread > 0:
		c.bye(spread)
	case id.Stream && !h.spawn(func() { c.begin(f, fresh) }):
		c.Close(CloseDrain, "server stops")
	}
	return c
}

// begin finds where the connection starts and catches up. It waits for the
// follower: what is read must include everything from before the follower began.
func (c *Conn) begin(f *follower, fresh bool) {
	h := c.hub
	select {
	case <-f.ready:
	case <-h.ctx.Done():
		return
	}
	for pause := 100 * time.Millisecond; fresh; pause = min(2*pause, 2*time.Second) {
		start, err := h.start(c)
		if err == nil {
			c.mu.Lock()
			c.sent = start
			c.mu.Unlock()
			break
		}
		c.mu.Lock()
		closed := c.closed
		c.mu.Unlock()
		if closed || !h.sleep(pause) {
			return
		}
	}
	c.catchUp()
}

func (h *Hub) start(c *Conn) (int64, error) {
	select {
	case h.catchUps <- struct{}{}:
		defer func() { <-h.catchUps }()
	case <-h.ctx.Done():
		return 0, h.ctx.Err()
	}
	ctx, cancel := context.WithTimeout(h.ctx, readTime)
	defer cancel()
	return h.journal.Start(ctx, c.Org, c.Person)
}

// Detach takes the connection out. Call it once, when its socket has ended.
func (c *Conn) Detach() {
	h := c.hub
	if !c.shard.remove(c) {
		return
	}
	c.mu.Lock()
	c.closed = true
	c.out = nil
	away := c.away
	topics := c.topics
	c.mu.Unlock()
	h.topics.remove(c, topics)
	h.stats.detached.Add(1)
	h.presence.moved(c.Org, c.Person, -1, away)
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

// endSessions closes the connections of ended logins, on this node, and remembers them for
// those on their way in.
func (h *Hub) endSessions(org int64, sessions []string) {
	if len(sessions) == 0 {
		return
	}
	gone := make(map[string]bool, len(sessions))
	now := h.now()
	h.mu.Lock()
	maps.DeleteFunc(h.ended, func(_ login, at time.Time) bool { return now.Sub(at) > endedFor })
	for _, s := range sessions {
		gone[s] = true
		h.ended[login{org, s}] = now
	}
	h.mu.Unlock()
	for _, s := range h.shards {
		for _, c := range s.all() {
			if c.Org == org && gone[c.Session] {
				c.Close(CloseSignedIn, "signed out")
			}
		}
	}
}

// Restart closes the connections that people have on this node, for their pages to come
// back and be asked anew what they may hear; those on their way in too, if it was found out
// before who they are.
func (h *Hub) Restart(org int64, people []int64) {
	now := h.now()
	h.mu.Lock()
	maps.DeleteFunc(h.restarted, func(_ key, at time.Time) bool { return now.Sub(at) > endedFor })
	for _, person := range people {
		h.restarted[key{org, person}] = now
	}
	h.mu.Unlock()
	for _, person := range people {
		s := h.shards[person%int64(len(h.shards))]
		for c := s.connOf(key{org, person}); c != nil; c = s.next(c) {
			c.Close(CloseRestart, "come back")
		}
	}
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
