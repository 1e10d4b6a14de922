package journal

import (
	"encoding/json"
	"fmt"
)

// decoded is what a payload was decoded to.
type decoded struct {
	event any
	err   error
}

// Event returns the decoded payload: a pointer to the type that the table of kinds gives for the
// entry's kind, or nil if the payload cannot be decoded. It is decoded once, when first asked for,
// and shared by all callers: none may change it.
func (e *Entry) Event() any { return e.decode().event }

// As returns the decoded payload of an entry whose kind has payloads of type T, as Event does.
// Any other entry is an error, and so is a payload that cannot be decoded.
func As[T any](e *Entry) (*T, error) {
	d := e.decode()
	if d.err != nil {
		return nil, d.err
	}
	p, ok := d.event.(*T)
	if !ok {
		return nil, fmt.Errorf("entry %d: %s has no payload of type %T", e.Offset, e.Kind, p)
	}
	return p, nil
}

// Rooms returns the decoded audience. Like the event it is decoded once and shared: nobody may
// change it.
func (e *Entry) Rooms() ([]AudienceRoom, error) {
	if rooms := e.rooms.Load(); rooms != nil {
		return *rooms, nil
	}
	var rooms []AudienceRoom
	if err := json.Unmarshal(e.Audience, &rooms); err != nil {
		return nil, fmt.Errorf("entry %d: decode the audience of %s: %w", e.Offset, e.Kind, err)
	}
	e.rooms.CompareAndSwap(nil, &rooms)
	return *e.rooms.Load(), nil
}

func (e *Entry) decode() *decoded {
	if d := e.decoded.Load(); d != nil {
		return d
	}
	d := decodePayload(e)
	if e.decoded.CompareAndSwap(nil, d) {
		return d
	}
	return e.decoded.Load() // another goroutine was first: all share one
}

func decodePayload(e *Entry) *decoded {
	row, ok := rows[e.Kind]
	if !ok {
		return &decoded{err: fmt.Errorf("entry %d: there is no kind %q", e.Offset, e.Kind)}
	}
	p := row.payload()
	if len(e.Payload) == 0 { // not appended yet: it will be stored as {}
		return &decoded{event: p}
	}
	if err := json.Unmarshal(e.Payload, p); err != nil {
		return &decoded{err: fmt.Errorf("entry %d: decode the payload of %s: %w", e.Offset, e.Kind, err)}
	}
	return &decoded{event: p}
}
