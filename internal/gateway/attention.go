package gateway

import (
	"sync"
	"time"
)

// What a page says of its attention. It is said at most once a second and, while there is any,
// every few seconds again, so that whoever missed it learns of it and whoever hears no
// more may forget it.
const (
	typing  = "typing"
	viewing = "viewing"
	idle    = "idle"

	attentionEvery = time.Second     // at most once in this time
	attentionAgain = 5 * time.Second // true for twice as long
	typingLasts    = 6 * time.Second // without being said again
)

// attention is what one page does with one conversation: looks, types, neither. Nothing of
// it is stored anywhere.
type attention struct {
	tell func(before, now string) // must not wait
	rest string                   // what it falls back to when typing ends: viewing or idle

	mu     sync.Mutex
	want   string // how it is
	said   string // what others were told
	hot    bool   // told within attentionEvery
	over   bool
	tick   *time.Timer
	expire *time.Timer
}

// newAttention begins with rest.
func newAttention(rest string, tell func(before, now string)) *attention {
	a := &attention{tell: tell, rest: rest, want: rest, said: idle}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.step()
	return a
}

// types notes that somebody types, or no longer does.
func (a *attention) types(yes bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over {
		return
	}
	if a.expire != nil {
		a.expire.Stop()
	}
	a.want = a.rest
	if yes {
		a.want = typing
		a.expire = time.AfterFunc(typingLasts, a.expired)
	}
	a.step()
}

func (a *attention) expired() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.over {
		a.want = a.rest
		a.step()
	}
}

// step says what has changed, unless something was said a moment ago: then the tick does. a.mu
// is held.
func (a *attention) step() {
	if !a.hot && a.want != a.said {
		a.say()
	}
}

func (a *attention) say() {
	before := a.said
	a.said, a.hot = a.want, true
	a.tell(before, a.said)
	a.arm(attentionEvery)
}

func (a *attention) arm(d time.Duration) {
	if a.tick != nil {
		a.tick.Stop()
	}
	a.tick = time.AfterFunc(d, a.ticked)
}

func (a *attention) ticked() {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.over:
	case a.hot && a.want == a.said:
		a.hot = false
		if a.said != idle {
			a.arm(attentionAgain - attentionEvery)
		}
	default:
		a.say()
	}
}

// end says that it is over.
func (a *attention) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over {
		return
	}
	a.over = true
	for _, t := range []*time.Timer{a.tick, a.expire} {
		if t != nil {
			t.Stop()
		}
	}
	if a.said != idle {
		a.tell(a.said, idle)
	}
}
