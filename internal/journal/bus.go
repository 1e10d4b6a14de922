package journal

import "sync"

// Moment is when a listener hears of an entry.
type Moment int

// The moments.
const (
	// Committed is after COMMIT, on the node that appended the entry. The entries of one transaction
	// come together and in the order of the journal; those of two transactions that end at the same
	// time may come in either order.
	Committed Moment = iota
	// Followed is when the hub comes to the entry: on every node that follows the organisation's
	// journal, each entry once, in the order of the journal.
	Followed
)

// Bus tells listeners of entries. An entry is told to those that the table of kinds names, in the
// order in which they were added. Safe for concurrent use.
type Bus struct {
	mu        sync.RWMutex
	listeners map[Moment][]listening // guarded by mu
}

type listening struct {
	name Listener
	hear func(*Entry)
}

// Listen adds a listener. hear is called from many goroutines. It must not wait: not for the
// database, not for a connection, not for a lock that is held for long.
func (b *Bus) Listen(when Moment, name Listener, hear func(*Entry)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.listeners == nil {
		b.listeners = map[Moment][]listening{}
	}
	// A new list: Tell reads the old one without the lock.
	b.listeners[when] = append(b.listeners[when][:len(b.listeners[when]):len(b.listeners[when])], listening{name, hear})
}

// Tell tells the listeners of one moment of entries, in order.
func (b *Bus) Tell(when Moment, entries ...*Entry) {
	b.mu.RLock()
	list := b.listeners[when]
	b.mu.RUnlock()
	for _, e := range entries {
		for _, l := range list {
			if l.name.Hears(e.Kind) {
				l.hear(e)
			}
		}
	}
}

// Silent returns the listeners that the table of kinds names and nobody has added, Candidates left
// out: the hub asks for their frames by itself.
func (b *Bus) Silent() []Listener {
	b.mu.RLock()
	defer b.mu.RUnlock()
	heard := map[Listener]bool{Candidates: true}
	for _, list := range b.listeners {
		for _, l := range list {
			heard[l.name] = true
		}
	}
	var out []Listener
	for _, r := range append([]row{{heard: []Listener{Hub}}}, table...) {
		for _, l := range r.heard {
			if !heard[l] {
				heard[l] = true
				out = append(out, l)
			}
		}
	}
	return out
}
