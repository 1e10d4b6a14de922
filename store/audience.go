package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"crier/internal/domain"
	"crier/internal/journal"
)

// audience is a sending as expanding needs it. Immutable.
type audience struct {
	offset int64
	at     time.Time
	group  domain.GroupID
	text   journal.BroadcastSent
	rooms  []journal.AudienceRoom // people ascending in each
	total  int
}

// recipient is one of an audience.
type recipient struct {
	no   domain.PersonNo
	room string
}

// part returns up to n recipients from the from-th on, in the order of the entry.
func (a *audience) part(from, n int) []recipient {
	var out []recipient
	for _, room := range a.rooms {
		if from >= len(room.People) {
			from -= len(room.People)
			continue
		}
		for _, no := range room.People[from:min(len(room.People), from+n-len(out))] {
			out = append(out, recipient{no, room.Room})
		}
		if from = 0; len(out) == n {
			break
		}
	}
	return out
}

// of returns those of the people who are recipients.
func (a *audience) of(people []domain.PersonNo) []recipient {
	var out []recipient
	for _, no := range people {
		for _, room := range a.rooms {
			if _, found := slices.BinarySearch(room.People, no); found {
				out = append(out, recipient{no, room.Room})
				break
			}
		}
	}
	return out
}

// audiences keeps the sendings that are being expanded. Safe for concurrent use.
type audiences struct {
	mu sync.Mutex
	of map[audienceKey]*audience
}

type audienceKey struct {
	org    domain.OrganisationID
	offset int64
}

// audiencesMax is how many sendings a node keeps. More are read again when they are needed.
const audiencesMax = 4 * expandBatch

func (c *audiences) get(k audienceKey) *audience {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of[k]
}

func (c *audiences) put(k audienceKey, a *audience) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[audienceKey]*audience{}
	}
	for old := range c.of {
		if len(c.of) < audiencesMax {
			break
		}
		delete(c.of, old)
	}
	c.of[k] = a
}

func (c *audiences) drop(org domain.OrganisationID, upTo int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k := range c.of {
		if k.org == org && k.offset <= upTo {
			delete(c.of, k)
		}
	}
}

// sendings returns up to expandBatch sendings in (after, to], oldest first. Entries do not change, so
// those that are known are not read again.
func (s *Store) sendings(ctx context.Context, read selector, org domain.OrganisationID, after, to int64) ([]*audience, error) {
	var offsets []int64
	err := read(ctx, &offsets, `SELECT "offset" FROM entries WHERE organisation_id = $1 AND kind = 'broadcast.sent' AND "offset" > $2 AND "offset" <= $3
		ORDER BY "offset" LIMIT $4`, org, after, to, expandBatch)
	if err != nil {
		return nil, fmt.Errorf("read which sendings to expand: %w", err)
	}
	out := make([]*audience, len(offsets))
	var missing []int64
	for i, o := range offsets {
		if out[i] = s.expanding.get(audienceKey{org, o}); out[i] == nil {
			missing = append(missing, o)
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	var rows []struct {
		Offset   int64
		At       int64
		GroupID  string `db:"group_id"`
		Payload  string
		Audience string
	}
	err = read(ctx, &rows, `SELECT "offset", at, group_id, payload, audience FROM entries WHERE organisation_id = $1 AND "offset" IN `+s.d.Ints("$2"), org, jsonOf(missing))
	if err != nil {
		return nil, fmt.Errorf("read sendings to expand: %w", err)
	}
	for _, r := range rows {
		a := &audience{offset: r.Offset, at: timeOf(r.At), group: domain.GroupID(r.GroupID)}
		if err := json.Unmarshal([]byte(r.Payload), &a.text); err != nil {
			return nil, fmt.Errorf("entry %d: %w", r.Offset, err)
		}
		if err := json.Unmarshal([]byte(r.Audience), &a.rooms); err != nil {
			return nil, fmt.Errorf("entry %d: %w", r.Offset, err)
		}
		for _, room := range a.rooms {
			slices.Sort(room.People)
			a.total += len(room.People)
		}
		s.expanding.put(audienceKey{org, r.Offset}, a)
		out[slices.Index(offsets, r.Offset)] = a
	}
	return out, nil
}
