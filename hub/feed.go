package hub

import "context"

// Entry is one record of an organisation's journal. The hub orders entries by
// Offset and never looks into Value.
type Entry struct {
	Offset     int64
	Prev, Hash []byte // Hash is the entry's own, Prev that of the entry before it
	Value      any
}

// Journal is where the hub reads what happened. Implementations are safe for
// concurrent use. Any error means "not now": the hub tries again.
type Journal interface {
	// Heads returns the last committed offset of each organisation (0 if it has none).
	Heads(ctx context.Context, orgs []int64) (map[int64]int64, error)
	// Entries returns up to limit entries after an offset, in order, without gaps.
	Entries(ctx context.Context, org, after int64, limit int) ([]Entry, error)
	// Missed returns up to limit messages of a person after an offset, oldest first, and the
	// head of the journal, read before the messages were: every message up to head is among
	// them unless limit cut them off.
	Missed(ctx context.Context, org, person, after int64, limit int) (missed []Missed, head int64, err error)
	// Start returns the offset after which a connection without a cursor starts: that of the
	// message before the first one the person has not displayed, or of their last.
	Start(ctx context.Context, org, person int64) (after int64, err error)
}

// Missed is one message that a connection has yet to see.
type Missed struct {
	Offset int64
	Frame  *Frame
}

// Translator says what entries mean to connections, and carries them between
// nodes.
type Translator interface {
	// Plan says who gets what for an entry. Called once per node and entry, in order.
	Plan(org int64, e Entry) Plan
	// Encode and Decode carry an entry to other nodes. Encode may return nil: too large, let
	// the others read it from the journal.
	Encode(org int64, e Entry) []byte
	Decode(org int64, b []byte) (Entry, error)
}

// Plan is what one entry means to the connections of a node.
type Plan struct {
	Messages []Group  // stamped frames to people's conversations
	Direct   []Direct // plain frames to one person's connections
	Sessions []string // logins that ended: their connections close
}

// Group is one frame for several people.
type Group struct {
	Frame  *Frame
	People []int64
}

// Direct is one frame for all connections of one person.
type Direct struct {
	Person int64
	Frame  *Frame
}
