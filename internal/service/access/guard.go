package access

import (
	"sync"
	"time"

	"crier/internal/clock"
	"crier/internal/fault"
)

// The budgets of wrong passwords. A device or an address may try an account freeTries times
// at once; each further try doubles the wait for the next, up to maxDelay. Strangers share a
// budget per account over all addresses, and so do devices where others of the organisation
// have signed in; a device where the account itself has signed in depends on nobody. No account is ever locked, no address limited as
// such: a hall of 1,500 candidates may share one.
const (
	freeTries     = 5
	maxDelay      = 30 * time.Second
	forgetTries   = 15 * time.Minute // after so long without a try the count begins anew
	sharedTries   = 20               // at once, of one account, by strangers at all addresses
	reservedTries = 10               // of these, for addresses that have not failed
	sharedEvery   = 10 * time.Second // another one
	maxCounted    = 50_000           // accounts, and devices or addresses at accounts
)

// guard counts wrong passwords in memory, on this node. Safe for concurrent use.
type guard struct {
	clock clock.Clock

	mu     sync.Mutex
	tries  map[[2]string]*tries // by account, and device or address; guarded by mu
	shared map[string]*budget   // by account; guarded by mu
}

// tries are those of one device or address at one account.
type tries struct {
	count      int
	last, next time.Time // the latest try, and when another may follow
}

// budget is what is left to strangers at one account.
type budget struct {
	left float64
	at   time.Time // when it was
}

// outcome is what came of a try.
type outcome int

const (
	wrong  outcome = iota
	right          // the password was
	undone         // it was never compared
)

func newGuard(c clock.Clock) *guard {
	return &guard{clock: c, tries: map[[2]string]*tries{}, shared: map[string]*budget{}}
}

// try counts a try before it is made, so that many at once do not pass together, and returns
// how to say what came of it. device is "" for a stranger; own: the account has signed in
// there before. Errors: RateLimited.
func (g *guard) try(account, device string, own bool, address string) (func(outcome), error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock.Now()
	key := [2]string{account, "address " + address}
	if device != "" {
		key[1] = "device " + device
	}
	t := g.triesOf(key, now)
	if now.Before(t.next) {
		return nil, tooSoon(t.next.Sub(now))
	}
	var b *budget
	if !own {
		of := account
		if device != "" { // whoever can sign in at all can make devices: they share a budget as well
			of += "\x00devices"
		}
		b = g.budgetOf(of, now)
		need := 1.0
		if t.count > 0 {
			need += reservedTries
		}
		if b.left < need {
			return nil, tooSoon(time.Duration((need - b.left) * float64(sharedEvery)))
		}
		b.left--
	}
	t.count, t.last = t.count+1, now
	t.next = now.Add(delay(t.count))
	return func(o outcome) {
		if o == wrong {
			return
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		if b != nil {
			b.left = min(b.left+1, sharedTries)
		}
		if t.count--; o == right || t.count == 0 {
			t.count = 0
			delete(g.tries, key)
		}
		t.next = t.last.Add(delay(t.count))
	}, nil
}

// delay is how long after the nth wrong password another may follow.
func delay(n int) time.Duration {
	if n < freeTries {
		return 0
	}
	return min(time.Second<<min(n-freeTries, 10), maxDelay)
}

func tooSoon(wait time.Duration) error {
	e := fault.New(fault.RateLimited, "too many wrong passwords for this login; try again in a few seconds")
	e.RetryAfter = max(wait, time.Second)
	return e
}

// triesOf returns the count of a key; g.mu is held.
func (g *guard) triesOf(key [2]string, now time.Time) *tries {
	t := g.tries[key]
	if t != nil && now.Sub(t.last) < forgetTries {
		return t
	}
	if t == nil && len(g.tries) >= maxCounted {
		prune(g.tries, func(t *tries) bool { return now.Sub(t.last) >= forgetTries || t.count < freeTries })
	}
	t = &tries{last: now}
	g.tries[key] = t
	return t
}

// budgetOf returns what strangers have left at an account now; g.mu is held.
func (g *guard) budgetOf(account string, now time.Time) *budget {
	b := g.shared[account]
	if b == nil {
		if len(g.shared) >= maxCounted {
			prune(g.shared, func(b *budget) bool { return b.left+float64(now.Sub(b.at)/sharedEvery) >= sharedTries-1 })
		}
		b = &budget{left: sharedTries, at: now}
		g.shared[account] = b
	}
	b.left = min(b.left+float64(now.Sub(b.at))/float64(sharedEvery), sharedTries)
	b.at = now
	return b
}

// prune makes room in a full map: what matters least goes, in a flood whatever comes first.
func prune[K comparable, V any](m map[K]V, little func(V) bool) {
	for key, v := range m {
		if little(v) {
			delete(m, key)
		}
	}
	for key := range m {
		if len(m) <= maxCounted/2 {
			return
		}
		delete(m, key)
	}
}

// sweep forgets what no longer matters.
func (g *guard) sweep() {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock.Now()
	for key, t := range g.tries {
		if now.Sub(t.last) >= forgetTries {
			delete(g.tries, key)
		}
	}
	for key, b := range g.shared {
		if now.Sub(b.at) >= sharedTries*sharedEvery {
			delete(g.shared, key)
		}
	}
}
