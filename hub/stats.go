package hub

import "sync/atomic"

type counters struct {
	attached, detached, tooMany, overflows, catchUps, journalReads, bellsLost, signalsLost, rebuilt, refused atomic.Int64
}

// Stats is what a hub has seen since it was made. Connections and Followers are as of now.
type Stats struct {
	Connections  int64 // open now
	Followers    int   // organisations followed now
	Overflows    int64 // times a connection's queue was full and it fell back to the journal
	CatchUps     int64 // pages read for connections
	JournalReads int64 // pages read by followers because the broker had not brought the entry
	TooMany      int64 // connections closed because their person had too many
	BellsLost    int64 // bells that could not be published
	SignalsLost  int64 // signals that other nodes did not get
	Rebuilt      int64 // subscriptions rebuilt because they were deaf
	Refused      int64 // letters that no node of this database sent, or that were heard before
	Degraded     bool  // the broker is not heard or not reached
	StoreDown    bool
}

// Stats returns the hub's figures.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	followers, down := len(h.followers), h.storeDown
	h.mu.Unlock()
	return Stats{
		Connections: h.stats.attached.Load() - h.stats.detached.Load(), Followers: followers,
		Overflows: h.stats.overflows.Load(), CatchUps: h.stats.catchUps.Load(), JournalReads: h.stats.journalReads.Load(),
		TooMany: h.stats.tooMany.Load(), BellsLost: h.stats.bellsLost.Load(), SignalsLost: h.stats.signalsLost.Load(), Rebuilt: h.stats.rebuilt.Load(),
		Refused:  h.stats.refused.Load(),
		Degraded: h.link.degraded(), StoreDown: down,
	}
}
