package hub

import (
	"runtime"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/clock"
)

// Options are a hub's settings. The zero value of each field means its default.
type Options struct {
	Node     string        // this node's name among the others; required, unique per process
	Epoch    string        // the database's identity: nodes on another database are not heard
	Key      []byte        // signs what nodes say to each other; the same at all nodes. None: nobody else is heard
	Shards   int           // workers; default GOMAXPROCS
	Backlog  int           // bytes that may wait for one socket; default 64 KiB
	Page     int           // messages read at a time when catching up; default 50
	CatchUps int           // connections that may read the journal at once; default 16
	Compare  time.Duration // how often heads are compared with the store; default 1 s
	Beat     time.Duration // how often each connection hears from us; default 20 s
	Silence  time.Duration // after which a connection is given up; default 60 s
	Unread   time.Duration // after which one that answers no ping is given up, whatever it sends; default 2 min
	// Unanswered is after which a page that answers no beat counts as Unresponsive; default 60 s.
	Unanswered time.Duration
	Heartbeat  time.Duration // how often a node listens for its own voice; default 1 s
	Deaf       time.Duration // after which a subscription that does not hear it is rebuilt; default 3 s
	Announce   time.Duration // how often presence is told whole; its lease is three times that; default 5 s
	Gather     time.Duration // how long presence changes are gathered; default 250 ms

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
	def(&o.Unread, 2*time.Minute)
	def(&o.Unanswered, 60*time.Second)
	def(&o.Heartbeat, time.Second)
	def(&o.Deaf, 3*time.Second)
	def(&o.Announce, 5*time.Second)
	def(&o.Gather, 250*time.Millisecond)
	if len(o.Key) == 0 {
		o.Key = ownKey()
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
}
