package hub_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"crier/hub"
)

// sending is the value of a journal entry in these tests.
type sending struct {
	Offset   int64
	People   []int64  // who gets the message
	Body     string   // its text
	Direct   []int64  // who gets a plain frame
	Sessions []string // logins that end

	Prev, Hash []byte // the chain
}

// entry is the sending as the hub knows it.
func (s sending) entry() hub.Entry {
	return hub.Entry{Offset: s.Offset, Prev: s.Prev, Hash: s.Hash, Value: s}
}

// chain sets the sending's hashes.
func (s *sending) chain(prev []byte) {
	s.Prev, s.Hash = prev, nil
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(text)
	s.Hash = sum[:]
}

var errAway = errors.New("the store is away")

// journal is a hub.Journal and hub.Translator in memory, with dense offsets per organisation.
type journal struct {
	mu        sync.Mutex
	entries   map[int64][]sending // by organisation; the entry at offset n stands at n-1
	displayed map[int64]int64     // by person: the offset of the last message they have displayed
	away      bool                // every call fails
	hangs     bool                // every call waits for its context
	calls     int
	slow      time.Duration   // how long Heads takes before it reads
	late      func()          // called after the messages were read and before they are returned, if set
	hasty     func(org int64) // called between the reading of a head and of messages, if set
}

func newJournal() *journal {
	return &journal{entries: map[int64][]sending{}, displayed: map[int64]int64{}}
}

// append stores an entry and returns it as the hub knows it.
func (j *journal) append(org int64, s sending) hub.Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	s.Offset = int64(len(j.entries[org])) + 1
	var prev []byte
	if n := len(j.entries[org]); n > 0 {
		prev = j.entries[org][n-1].Hash
	}
	s.chain(prev)
	j.entries[org] = append(j.entries[org], s)
	return s.entry()
}

// conversation returns the offsets of a person's messages after one.
func (j *journal) conversation(org, person, after int64) []int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []int64
	for _, s := range j.entries[org] {
		if s.Offset > after && slices.Contains(s.People, person) {
			out = append(out, s.Offset)
		}
	}
	return out
}

func (j *journal) set(away, hangs bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.away, j.hangs = away, hangs
}

func (j *journal) called() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.calls
}

// enter fails or hangs when it should.
func (j *journal) enter(ctx context.Context) error {
	j.mu.Lock()
	j.calls++
	away, hangs := j.away, j.hangs
	j.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	if away {
		return errAway
	}
	return nil
}

func (j *journal) Heads(ctx context.Context, orgs []int64) (map[int64]int64, error) {
	if err := j.enter(ctx); err != nil {
		return nil, err
	}
	pass(j.slow)
	j.mu.Lock()
	defer j.mu.Unlock()
	heads := map[int64]int64{}
	for _, org := range orgs {
		heads[org] = int64(len(j.entries[org]))
	}
	return heads, nil
}

func (j *journal) Entries(ctx context.Context, org, after int64, limit int) ([]hub.Entry, error) {
	if err := j.enter(ctx); err != nil {
		return nil, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []hub.Entry
	for _, s := range j.entries[org] {
		if s.Offset > after && len(out) < limit {
			out = append(out, s.entry())
		}
	}
	return out, nil
}

func (j *journal) Missed(ctx context.Context, org, person, after int64, limit int) ([]hub.Missed, int64, error) {
	if err := j.enter(ctx); err != nil {
		return nil, 0, err
	}
	j.mu.Lock()
	head := int64(len(j.entries[org]))
	j.mu.Unlock()
	if j.hasty != nil {
		j.hasty(org)
	}
	if j.late != nil {
		defer j.late()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []hub.Missed
	for _, s := range j.entries[org] {
		if s.Offset > after && len(out) < limit && slices.Contains(s.People, person) {
			out = append(out, hub.Missed{Offset: s.Offset, Frame: s.frame()})
		}
	}
	return out, head, nil
}

func (j *journal) Start(ctx context.Context, org, person int64) (int64, error) {
	if err := j.enter(ctx); err != nil {
		return 0, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	var before int64
	for _, s := range j.entries[org] {
		if !slices.Contains(s.People, person) {
			continue
		}
		if s.Offset > j.displayed[person] {
			break
		}
		before = s.Offset
	}
	return before, nil
}

// frame is the message's frame, with slots.
func (s sending) frame() *hub.Frame {
	blank := strings.Repeat(" ", hub.CursorWidth)
	const a = `{"type":"message","cursor":"`
	b := a + blank + `","prev":"`
	return hub.NewMessage(fmt.Appendf(nil, `%s%s","body":%q}`, b, blank, s.Body), []int{len(a)}, len(b))
}

func (j *journal) Plan(_ int64, e hub.Entry) hub.Plan {
	s := e.Value.(sending)
	plan := hub.Plan{Sessions: s.Sessions}
	if len(s.People) > 0 {
		plan.Messages = []hub.Group{{Frame: s.frame(), People: s.People}}
	}
	for _, p := range s.Direct {
		plan.Direct = append(plan.Direct, hub.Direct{Person: p, Frame: hub.NewFrame(fmt.Appendf(nil, `{"type":"direct","body":%q}`, s.Body))})
	}
	return plan
}

func (j *journal) Encode(_ int64, e hub.Entry) []byte {
	b, err := json.Marshal(e.Value)
	if err != nil {
		panic(err)
	}
	return b
}

func (j *journal) Decode(_ int64, b []byte) (hub.Entry, error) {
	var s sending
	err := json.Unmarshal(b, &s)
	return s.entry(), err
}

// plain is a hub.Stamper that hides nothing: organisation, person and offset in digits.
type plain struct{}

func (plain) Stamp(dst []byte, org, person, offset int64) {
	copy(dst[:hub.CursorWidth], fmt.Sprintf("%04d%06d%012d", org, person, offset))
}

func openPlain(cursor string) (org, person, offset int64, err error) {
	_, err = fmt.Sscanf(cursor, "%04d%06d%012d", &org, &person, &offset)
	return org, person, offset, err
}
