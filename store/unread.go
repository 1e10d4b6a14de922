package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"crier/internal/domain"
)

// Who has read nearly everything has few unread conversations among very many, and no index
// leads to them: what is unread follows from two tables. So a node remembers, of each staff
// member who asks, whose conversations were unread at some offset. A place up to which
// someone has read never goes back; so unread now can be only those, those in which
// something has come in since, and those marked as unread, wherever in the cluster they were read
// or marked. These few are looked at again each time, and nothing depends on a message
// from another node.

const (
	// unreadMost is how many unread conversations of one staff member are remembered.
	unreadMost = 2000
	// unreadReaders is for how many staff members they are.
	unreadReaders = 1000
	// unreadPause is how long it is not looked again at one who had more.
	unreadPause = time.Minute
)

// unreadSets is what a node remembers of unread conversations. Safe for concurrent use.
type unreadSets struct {
	mu sync.Mutex
	of map[reader]unreadSet
}

type reader struct {
	org   domain.OrganisationID
	staff domain.PersonNo
}

// unreadSet are those whose conversations were unread at an offset; many: more than unreadMost,
// at that time.
type unreadSet struct {
	upto   int64
	people []domain.PersonNo
	many   bool
	at     time.Time
}

func (u *unreadSets) get(r reader) (unreadSet, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	set, ok := u.of[r]
	return set, ok
}

// put keeps the set unless a later one is there; for it, another reader's may go.
func (u *unreadSets) put(r reader, set unreadSet) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.of == nil {
		u.of = map[reader]unreadSet{}
	}
	was, there := u.of[r]
	if there && was.upto > set.upto {
		return
	}
	if !there && len(u.of) >= unreadReaders {
		for other := range u.of { // any one: who asks again is counted again
			delete(u.of, other)
			break
		}
	}
	u.of[r] = set
}

func (u *unreadSets) drop(r reader) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.of, r)
}

// unread returns whose conversations a staff member has unread, archived and snoozed ones too and
// whatever they may see of them; nil if these are more than unreadMost.
func (s *Store) unread(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo) ([]domain.PersonNo, error) {
	r := reader{org, staff}
	was, there := s.unreads.get(r)
	now := s.clock.Now()
	if there && was.many && now.Sub(was.at) < unreadPause {
		return nil, nil
	}
	set := unreadSet{people: []domain.PersonNo{}, at: now}
	// The head first: what the next statement sees goes at least as far.
	if err := s.get(ctx, &set.upto, `SELECT head FROM journals WHERE organisation_id = $1`, org); err != nil {
		return nil, fmt.Errorf("read the journal's head: %w", err)
	}
	if was.upto > set.upto { // the database has gone back: to a copy, or to one that had not all
		s.unreads.drop(r)
		there = false
	}
	args := []any{org, staff}
	among := ""
	if there && !was.many {
		args = append(args, jsonOf(was.people), was.upto)
		among = ` AND c.person_no IN (SELECT k.value FROM ` + s.d.Ints("$3") + ` AS k
			UNION SELECT n.person_no FROM conversations n WHERE n.organisation_id = $1 AND n.shelf IN (0, 1, 2) AND n.in_offset > $4
			UNION SELECT m.person_no FROM reads m WHERE m.organisation_id = $1 AND m.staff_no = $2 AND m.marked <> 0)`
	}
	err := s.list(ctx, &set.people, `SELECT c.person_no FROM conversations c
		LEFT JOIN reads r ON r.organisation_id = $1 AND r.staff_no = $2 AND r.person_no = c.person_no
		WHERE c.organisation_id = $1 AND (c.in_offset > coalesce(r.read_offset, 0) OR coalesce(r.marked, 0) <> 0)`+among+
		fmt.Sprintf(" LIMIT %d", unreadMost+1), args...)
	if err != nil {
		return nil, fmt.Errorf("read what is unread: %w", err)
	}
	if len(set.people) > unreadMost {
		set.people, set.many = nil, true
	}
	s.unreads.put(r, set)
	return set.people, nil
}
