package bench

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// What of RFC 6455 the load client needs: unmasked server frames in, masked client frames out. A mask of zeros is a valid
// mask and leaves the text as it is.

const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA
	opFinal = 0x80
)

// cursorWidth is the width of every cursor of the protocol.
const cursorWidth = 22

var errFrame = errors.New("bench: a frame that the protocol does not have")

// cut takes one server frame off in. ok is false when in does not hold a whole one.
func cut(in []byte) (op byte, payload, rest []byte, ok bool, err error) {
	if len(in) < 2 {
		return 0, nil, in, false, nil
	}
	if in[0]&0xF0 != opFinal || in[1]&0x80 != 0 {
		return 0, nil, in, false, fmt.Errorf("%w: % x", errFrame, in[:2])
	}
	size, at := int(in[1]), 2
	switch size {
	case 126:
		if len(in) < 4 {
			return 0, nil, in, false, nil
		}
		size, at = int(binary.BigEndian.Uint16(in[2:])), 4
	case 127:
		return 0, nil, in, false, fmt.Errorf("%w: longer than 64 KiB", errFrame)
	}
	if len(in) < at+size {
		return 0, nil, in, false, nil
	}
	return in[0] & 0x0F, in[at : at+size], in[at+size:], true, nil
}

// masked makes a client frame. payload is shorter than 64 KiB.
func masked(op byte, payload []byte) []byte {
	f := []byte{opFinal | op}
	if len(payload) < 126 {
		f = append(f, 0x80|byte(len(payload)))
	} else {
		f = binary.BigEndian.AppendUint16(append(f, 0x80|126), uint16(len(payload)))
	}
	return append(append(f, 0, 0, 0, 0), payload...)
}

// plain makes a server frame: what the raw writer sends.
func plain(payload []byte) []byte {
	f := []byte{opFinal | opText}
	if len(payload) < 126 {
		return append(append(f, byte(len(payload))), payload...)
	}
	return append(binary.BigEndian.AppendUint16(append(f, 126), uint16(len(payload))), payload...)
}

// The beginnings of the frames that the load client knows. The server writes its fields always in this order; were that to
// change, the first sending would say so.
var (
	startMessage  = []byte(`{"type":"message","cursor":"`)
	startCaughtUp = []byte(`{"type":"caught_up","cursor":"`)
	startWelcome  = []byte(`{"type":"welcome"`)
	startBeat     = []byte(`{"type":"beat"`)
	startReply    = []byte(`{"type":"reply"`)
	helloReply    = []byte(`"id":"hello"`)
	startTalk     = []byte(`{"type":"conversation","conversation":"`)
	endOK         = []byte(`"ok":true}`)
	midPrev       = []byte(`","prev":"`)
	// sequenceMark stands before the six digits of a sending's number, at the beginning of its body.
	sequenceMark = []byte(`"body":"#`)
)

const sequenceDigits = 6

// message is what the load client reads of a message frame.
type message struct {
	cursor, prev []byte
	sequence     int // -1: not a message of this run
}

// readMessage reads a message frame in place; ok is false for any other frame.
func readMessage(payload []byte) (m message, ok bool) {
	if !bytes.HasPrefix(payload, startMessage) {
		return m, false
	}
	p := payload[len(startMessage):]
	if len(p) < 2*cursorWidth+len(midPrev) || !bytes.HasPrefix(p[cursorWidth:], midPrev) {
		return m, false
	}
	m.cursor = p[:cursorWidth]
	p = p[cursorWidth+len(midPrev):]
	m.prev, m.sequence = p[:cursorWidth], sequenceOf(p)
	return m, true
}

// readConversation reads a frame of staff that tells what was said in a conversation; ok is false for any other frame.
func readConversation(payload []byte) (sequence int, ok bool) {
	if !bytes.HasPrefix(payload, startTalk) {
		return 0, false
	}
	return sequenceOf(payload), true
}

// sequenceOf finds the number at the beginning of a body; -1: there is none.
func sequenceOf(p []byte) int {
	at := bytes.Index(p, sequenceMark)
	if at < 0 || len(p) < at+len(sequenceMark)+sequenceDigits {
		return -1
	}
	n := 0
	for _, d := range p[at+len(sequenceMark):][:sequenceDigits] {
		if d < '0' || d > '9' {
			return -1
		}
		n = 10*n + int(d-'0')
	}
	return n
}

// bodyOf is the text of the sending with a number, size characters long.
func bodyOf(sequence, size int) string {
	b := fmt.Appendf(nil, "#%0*d ", sequenceDigits, sequence)
	const filler = "Please stop writing and put your pen down. The clock on the wall is right. "
	for len(b) < size {
		b = append(b, filler...)
	}
	return string(b[:max(size, sequenceDigits+2)])
}
