// Package protocol is version 1 of the socket protocol: the commands a client may
// send, the frames a server sends, and how foreign bytes are read. Its README is the
// description; AsyncAPI says the same for machines.
package protocol

import (
	"encoding/json"
	"maps"
	"slices"
	"unicode/utf8"

	"crier/internal/fault"
	"crier/internal/strictjson"
)

// The protocol's name and sizes.
const (
	Subprotocol = "crier.v1"
	Version     = 1
	FrameLimit  = 16 << 10 // bytes of one frame from a client
	IDLimit     = 64       // characters of a command's id
	CursorsMost = 100      // cursors of one receipt
	WatchesMost = 20       // tests one connection may watch
	OpenMost    = 20       // conversations that may stand open on one connection
)

// Command is one frame from a client, decoded. Which fields count depends on Type.
type Command struct {
	Type    string   `json:"type"`
	ID      string   `json:"id"`
	Ticket  string   `json:"ticket"`
	Since   string   `json:"since"`
	Client  string   `json:"client"`
	State   string   `json:"state"`
	Cursors []string `json:"cursors"`
	Test    string   `json:"test"`

	Conversation string `json:"conversation"` // a person's id
}

// The commands.
const (
	Hello    = "hello"
	Receipt  = "receipt"
	Presence = "presence"
	Watch    = "watch"
	Unwatch  = "unwatch"
	Open     = "open"
	Shut     = "shut"
	Typing   = "typing"
	Beat     = "beat"
)

// fields says which fields each command may have besides type and id.
var fields = map[string][]string{
	Hello:    {"ticket", "since", "client"},
	Receipt:  {"state", "cursors"},
	Presence: {"state"},
	Watch:    {"test"},
	Unwatch:  {"test"},
	Open:     {"conversation"},
	Shut:     {"conversation"},
	Typing:   {"conversation", "state"},
	Beat:     {},
}

// Commands lists the types of frames that a client may send, sorted.
func Commands() []string { return slices.Sorted(maps.Keys(fields)) }

// Decode reads one frame. Errors: too_large, malformed, invalid; each names the
// field. The command is returned even with an error when its id could be read, so that
// the answer can carry it.
func Decode(frame []byte) (Command, error) {
	var c Command
	if len(frame) > FrameLimit {
		return c, fault.Over("", FrameLimit, int64(len(frame)), "a frame may have %d bytes", FrameLimit)
	}
	if err := strictjson.Decode(frame, &c); err != nil {
		return Command{}, err
	}
	if n := utf8.RuneCountInString(c.ID); n > IDLimit {
		e := fault.Over("id", IDLimit, int64(n), "id may have %d characters", IDLimit)
		c.ID = ""
		return c, e
	}
	allowed, known := fields[c.Type]
	if !known {
		return c, fault.Field("type", "no such type of frame")
	}
	// Fields of other commands are as unknown here as any.
	var present map[string]json.RawMessage
	if err := json.Unmarshal(frame, &present); err != nil {
		return c, fault.Wrap(err, fault.Malformed, "the frame is not a JSON object")
	}
	for _, name := range slices.Sorted(maps.Keys(present)) {
		if name != "type" && name != "id" && !slices.Contains(allowed, name) {
			e := fault.New(fault.Malformed, "is not a field of %s", c.Type)
			e.Field = name
			return c, e
		}
	}
	return c, c.check()
}

func (c Command) check() error {
	switch c.Type {
	case Receipt:
		if len(c.Cursors) == 0 {
			return fault.Field("cursors", "cursors names no message")
		}
		if len(c.Cursors) > CursorsMost {
			return fault.Over("cursors", CursorsMost, int64(len(c.Cursors)), "one receipt may name %d messages", CursorsMost)
		}
	case Presence:
		if c.State != "online" && c.State != "away" {
			return fault.Field("state", "state must be online or away")
		}
	case Watch, Unwatch:
		if c.Test == "" {
			return fault.Field("test", "test is missing")
		}
	case Open, Shut:
		if c.Conversation == "" {
			return fault.Field("conversation", "conversation is missing")
		}
	case Typing:
		if c.State != "typing" && c.State != "idle" {
			return fault.Field("state", "state must be typing or idle")
		}
	}
	return nil
}
