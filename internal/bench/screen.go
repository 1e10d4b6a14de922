package bench

import (
	"bytes"
	"sync/atomic"
	"time"
)

// screen is one candidate's socket, or one of the raw writer's. All but the fields that say otherwise are owned by the
// reader's thread while a round or an opening runs, and by whoever started those in between.
type screen struct {
	fd    int // -1: closed
	index int // its place in round.at
	node  int // which server it is connected to
	raw   bool
	staff bool   // hears of conversations, in place of messages
	hello []byte // sent once the upgrade is answered; nil then

	partial          []byte // the beginning of a frame, or of the answer to the upgrade, that has not come whole
	cursor           [cursorWidth]byte
	known            bool      // cursor is set
	opened, welcomed time.Time // when it was connected, and welcomed
	last             int       // number of the last sending seen, 0 = none
}

// tally is what all screens saw that no round's times show. Read it between rounds.
type tally struct {
	messages, duplicates, outOfOrder, foreign atomic.Int64
	closed, replies, refused                  atomic.Int64
}

// hear handles one frame. answer is what is to be written back, if anything; ready says that the screen has caught up;
// fresh that it got a message it had not. now is when the frame was read.
func (s *screen) hear(op byte, payload []byte, now time.Time, r *round, t *tally) (answer []byte, ready, fresh bool) {
	switch op {
	case opPing:
		return masked(opPong, payload), false, false
	case opText:
	default:
		return nil, false, false
	}
	if sequence, ok := readConversation(payload); ok && (s.staff || s.raw) {
		return nil, false, s.listen(sequence, payload, now, r, t)
	}
	if m, ok := readMessage(payload); ok {
		return nil, false, s.take(m, payload, now, r, t)
	}
	switch {
	case bytes.HasPrefix(payload, startWelcome):
		s.welcomed = now
	case bytes.HasPrefix(payload, startBeat):
		return frameBeat, false, false
	case bytes.HasPrefix(payload, startReply) && bytes.Contains(payload, helloReply):
		return nil, s.staff, false // staff have nothing to catch up with
	case bytes.HasPrefix(payload, startReply):
		if bytes.HasSuffix(payload, endOK) {
			t.replies.Add(1)
		} else {
			t.refused.Add(1)
		}
	case bytes.HasPrefix(payload, startCaughtUp) && len(payload) > len(startCaughtUp)+cursorWidth:
		if !s.known {
			copy(s.cursor[:], payload[len(startCaughtUp):])
			s.known = true
		}
		return nil, true, false
	}
	return nil, false, false
}

// take checks a message against the chain and notes when it came. A real page renders a message only when prev is its own
// cursor: everything else here counts against the server.
func (s *screen) take(m message, payload []byte, now time.Time, r *round, t *tally) (fresh bool) {
	if s.raw {
		if r != nil && r.raw {
			r.note(s, payload, now)
		}
		return false
	}
	t.messages.Add(1)
	chained := s.known && bytes.Equal(m.prev, s.cursor[:])
	repeated := s.known && bytes.Equal(m.cursor, s.cursor[:])
	copy(s.cursor[:], m.cursor)
	s.known = true
	switch {
	case m.sequence < 0:
		t.foreign.Add(1)
		return true
	case repeated || m.sequence == s.last:
		t.duplicates.Add(1)
		return false
	case !chained || m.sequence < s.last:
		t.outOfOrder.Add(1)
	}
	s.last = max(s.last, m.sequence)
	if r != nil && m.sequence == r.sequence {
		r.note(s, payload, now)
	}
	return true
}

// listen notes what was said in a conversation, of which a page of staff hears in the order of the journal.
func (s *screen) listen(sequence int, payload []byte, now time.Time, r *round, t *tally) (fresh bool) {
	if s.raw {
		if r != nil && r.raw {
			r.note(s, payload, now)
		}
		return false
	}
	t.messages.Add(1)
	switch {
	case sequence < 0:
		t.foreign.Add(1)
		return true
	case sequence == s.last:
		t.duplicates.Add(1)
		return false
	case sequence < s.last:
		t.outOfOrder.Add(1)
	}
	s.last = max(s.last, sequence)
	if r != nil && sequence == r.sequence {
		r.note(s, payload, now)
	}
	return true
}

var frameBeat = masked(opText, []byte(`{"type":"beat"}`))

// receipt makes the frame that says "delivered"; fill puts a message's cursor into it, in place. It has an id, so that it
// is answered once it is durable.
func receipt() (fill func(cursor []byte) []byte) {
	const before, after = `{"type":"receipt","id":"r","state":"delivered","cursors":["`, `"]}`
	blank := string(make([]byte, cursorWidth))
	frame := masked(opText, []byte(before+blank+after))
	slot := frame[len(frame)-len(after)-cursorWidth:][:cursorWidth]
	return func(cursor []byte) []byte {
		copy(slot, cursor)
		return frame
	}
}
