package gateway

import (
	"container/list"
	"sync"
)

// unknown is the connections whose hello has not come. Whoever means to use a socket says hello at
// once, so a flood of connections that say nothing ends the oldest of them, and holds up nobody.
// The zero value is ready.
type unknown struct {
	mu   sync.Mutex
	list list.List // of *client, the oldest first; guarded by mu
}

// add counts a connection until the func it returns is called. If there are more than most, it
// ends the oldest.
func (u *unknown) add(c *client, most int) (known func()) {
	u.mu.Lock()
	mine := u.list.PushBack(c)
	var oldest *client
	if u.list.Len() > most {
		oldest, _ = u.list.Remove(u.list.Front()).(*client)
	}
	u.mu.Unlock()
	if oldest != nil {
		go oldest.tooLate() // it may wait for a write
	}
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.list.Remove(mine) // does nothing to one that was removed
	}
}
