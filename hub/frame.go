package hub

import (
	"crypto/rand"
	"encoding/binary"
	"sync/atomic"
	"time"
)

// CursorWidth is the width in bytes of a sealed cursor: what a Stamper writes.
const CursorWidth = 22

// Stamper writes the sealed cursor of a position into dst[:CursorWidth].
type Stamper interface {
	Stamp(dst []byte, org, person, offset int64)
}

// Frame is one finished server-to-client frame, header and all, shared by
// every connection it goes to. A message's frame has fixed-width slots for the
// recipient's cursors, so that sending to 1500 people is 1500 copies, not 1500
// encodings.
type Frame struct {
	b        []byte
	own      []int // slots of the message's own cursor
	previous int   // slot of the one before; 0 = none
}

// NewFrame wraps a JSON text that is the same for everyone.
func NewFrame(json []byte) *Frame {
	b, _ := header(len(json))
	return &Frame{b: append(b, json...)}
}

// NewPong makes the answer to a WebSocket ping (RFC 6455 section 5.5.3); payload has at
// most 125 bytes.
func NewPong(payload []byte) *Frame {
	return &Frame{b: append([]byte{0x8a, byte(len(payload))}, payload...)}
}

// NewMessage wraps a JSON text with slots: own are the positions in json of the
// CursorWidth bytes that take the message's own cursor, previous the position
// of those that take the cursor before it (0: none).
func NewMessage(json []byte, own []int, previous int) *Frame {
	b, n := header(len(json))
	f := &Frame{b: append(b, json...)}
	if previous > 0 {
		f.previous = previous + n
	}
	for _, at := range own {
		f.own = append(f.own, at+n)
	}
	return f
}

// Bytes returns the whole frame, slots unfilled: for a connection that the hub does not
// have yet.
func (f *Frame) Bytes() []byte { return f.b }

// JSON returns the frame's text, slots unfilled. For other transports and tests.
func (f *Frame) JSON() []byte {
	_, n := header(0)
	switch f.b[1] {
	case 126:
		n = 4
	case 127:
		n = 10
	}
	return f.b[n:]
}

// header makes the header of a final, unmasked text frame (RFC 6455 section 5.2)
// and returns it with its length.
func header(size int) ([]byte, int) {
	switch {
	case size < 126:
		return append(make([]byte, 0, 2+size), 0x81, byte(size)), 2
	case size < 1<<16:
		b := append(make([]byte, 0, 4+size), 0x81, 126)
		return binary.BigEndian.AppendUint16(b, uint16(size)), 4
	default:
		b := append(make([]byte, 0, 10+size), 0x81, 127)
		return binary.BigEndian.AppendUint64(b, uint64(size)), 10
	}
}

// pings makes WebSocket pings that nobody can answer without having read them: the pong repeats
// their payload, which is the second of the ping and a random number. Any client library answers
// pings by itself. Answers are looked up, not calculated: a pong is taken in on the stack of its
// connection's reader, which must stay shallow, since each idle connection keeps its own.
type pings struct {
	numbers [256]atomic.Uint64 // by second
	last    uint32             // the second of the last frame
}

const pingBytes = 4 + 8

// frame makes the ping of a second; it is the sweeper's.
func (p *pings) frame(now time.Time) []byte {
	sec := uint32(now.Unix())
	slot := &p.numbers[sec%uint32(len(p.numbers))]
	if sec != p.last { // else the answers to the first of this second would count for nothing
		b := make([]byte, 8)
		_, _ = rand.Read(b) // never fails
		slot.Store(binary.BigEndian.Uint64(b))
		p.last = sec
	}
	out := binary.BigEndian.AppendUint32([]byte{0x89, pingBytes}, sec)
	return binary.BigEndian.AppendUint64(out, slot.Load())
}

// sent reports whether payload is that of a ping sent within life, 4 minutes at most.
func (p *pings) sent(payload []byte, now time.Time, life time.Duration) bool {
	if len(payload) != pingBytes {
		return false
	}
	sec, number := binary.BigEndian.Uint32(payload), binary.BigEndian.Uint64(payload[4:])
	age := uint32(now.Unix()) - sec
	return age < uint32(min(int(life/time.Second), len(p.numbers))) && number != 0 && p.numbers[sec%uint32(len(p.numbers))].Load() == number
}

// stamp appends the frame to dst with its slots filled for one recipient.
func (f *Frame) stamp(dst []byte, s Stamper, org, person, offset, before int64) []byte {
	start := len(dst)
	dst = append(dst, f.b...)
	if len(f.own) == 0 {
		return dst
	}
	first := dst[start+f.own[0]:]
	s.Stamp(first, org, person, offset)
	for _, at := range f.own[1:] {
		copy(dst[start+at:], first[:CursorWidth])
	}
	if f.previous > 0 {
		s.Stamp(dst[start+f.previous:], org, person, before)
	}
	return dst
}
