package access

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"crier/internal/domain"
	"crier/internal/journal"
)

// A known token is not looked up again for cacheLife. What ends it earlier comes
// through Invalidate: at once where the journal is followed. cacheLife is what a
// node that hears nothing of an organisation may be late by.
const (
	cacheLife = 2 * time.Second
	cacheMost = 20000
)

// cache remembers tokens by their hash. The zero value is ready.
type cache struct {
	// generation counts what was forgotten, so that a look-up that began before is not
	// remembered after it.
	generation atomic.Int64

	mu    sync.Mutex
	known map[[32]byte]cached // guarded by mu
}

type cached struct {
	id    Identity
	until time.Time
}

func (c *cache) get(key [32]byte, now time.Time) (Identity, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.known[key]
	if !ok || !now.Before(k.until) || !k.id.Expires.IsZero() && !now.Before(k.id.Expires) {
		return Identity{}, false
	}
	return k.id, true
}

func (c *cache) put(key [32]byte, id Identity, now time.Time, began int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation.Load() != began {
		return
	}
	if c.known == nil || len(c.known) >= cacheMost {
		c.known = make(map[[32]byte]cached)
	}
	until := now.Add(cacheLife)
	if ends := id.Actor.Ends(); !ends.IsZero() && ends.Before(until) {
		until = ends
	}
	c.known[key] = cached{id, until}
}

func (c *cache) forget(org domain.OrganisationID, which func(Identity) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation.Add(1)
	for key, k := range c.known {
		if k.id.Actor.Organisation == org && which(k.id) {
			delete(c.known, key)
		}
	}
}

// Invalidate forgets what an entry makes untrue: ended sessions, revoked keys,
// changed people, scopes, and times of tests, which end a reach. Call it with every entry that is followed. Cheap, never
// waits for the store.
func (s *Service) Invalidate(e *journal.Entry) {
	var people []domain.PersonNo
	switch p := e.Event().(type) {
	case *journal.SessionChanged:
		s.cache.forget(e.Organisation, func(id Identity) bool { return slices.Contains(p.Sessions, id.Session) })
		return
	case *journal.APIKeyChanged:
		s.cache.forget(e.Organisation, func(id Identity) bool { return id.Actor.Kind == domain.ActorAPIKey && id.Actor.ID == p.ID })
		return
	case *journal.ExamsUpserted:
		tests := make(map[domain.ExamID]bool, len(p.Exams))
		for _, r := range p.Exams {
			tests[r.ID] = true
		}
		s.cache.forget(e.Organisation, func(id Identity) bool {
			return slices.ContainsFunc(id.Actor.Scopes, func(c domain.Scope) bool { return tests[c.Exam] })
		})
		return
	case *journal.SettingsChanged:
		s.cache.forget(e.Organisation, func(id Identity) bool { return len(id.Actor.Scopes) > 0 })
		return
	case *journal.ScopesChanged:
		for _, c := range p.Changes {
			people = append(people, c.Person)
		}
	case *journal.PeopleUpserted:
		for _, r := range p.People {
			people = append(people, r.No)
		}
	default:
		return
	}
	slices.Sort(people)
	s.cache.forget(e.Organisation, func(id Identity) bool {
		_, found := slices.BinarySearch(people, id.Actor.No)
		return found && id.Actor.Kind == domain.ActorPerson
	})
}
