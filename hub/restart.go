package hub

import (
	"maps"
	"time"
)

// login is a session or key of one organisation.
type login struct {
	org int64
	id  string
}

// endedFor is how long the end of a login is remembered: longer than a connection takes from
// signing in to Attach.
const endedFor = time.Minute

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
