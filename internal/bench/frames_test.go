package bench

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"crier/internal/protocol"
)

const (
	first  = "aaaaaaaaaaaaaaaaaaaaaa"
	second = "bbbbbbbbbbbbbbbbbbbbbb"
	third  = "cccccccccccccccccccccc"
)

// frameOf is a message as the server encodes it.
func frameOf(cursor, prev, body string) []byte {
	return protocol.Encode(protocol.MessageFrame{Type: "message", Cursor: cursor, Prev: prev, Message: protocol.Message{
		ID: cursor, Group: &protocol.Group{ID: "t", Kind: "test", Name: `Maths "1"`}, Room: "A", Subject: "Benchmark", Body: body, At: time.Now(),
	}})
}

func TestReadMessageReadsTheServersFrames(t *testing.T) {
	for _, c := range []struct {
		name, body string
		sequence   int
	}{
		{"of this run", bodyOf(417, 300), 417},
		{"shortest", bodyOf(3, 0), 3},
		{"somebody else's", "Please stop writing.", -1},
		{"a number that is none", "#00x417 stop", -1},
		{"cut off", "#0004", -1},
	} {
		m, ok := readMessage(frameOf(first, second, c.body))
		if !ok || string(m.cursor) != first || string(m.prev) != second || m.sequence != c.sequence {
			t.Errorf("%s: read as %s after %s, number %d, %v; want number %d", c.name, m.cursor, m.prev, m.sequence, ok, c.sequence)
		}
	}
	for _, other := range []any{protocol.Welcome{Type: "welcome"}, protocol.Reset{Type: "reset"}, protocol.Status{Type: "status"}} {
		if _, ok := readMessage(protocol.Encode(other)); ok {
			t.Errorf("%+v read as a message", other)
		}
	}
	if !bytes.HasSuffix(protocol.Reply("r", nil), endOK) || !bytes.HasPrefix(protocol.Reply("r", nil), startReply) {
		t.Errorf("a reply is not what the load client looks for: %s", protocol.Reply("r", nil))
	}
}

func TestCutTakesFramesApart(t *testing.T) {
	short, long := []byte(`{"type":"beat"}`), []byte(strings.Repeat("x", 4000))
	stream := append(plain(short), plain(long)...)
	stream = append(stream, 0x89, 0x00) // an empty ping
	var got []string
	in := []byte(nil)
	for _, b := range stream { // byte by byte: every cut must wait
		in = append(in, b)
		op, payload, rest, ok, err := cut(in)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			got = append(got, string('0'+op)+string(payload))
			in = rest
		}
	}
	want := []string{"1" + string(short), "1" + string(long), "9"}
	if strings.Join(got, "|") != strings.Join(want, "|") || len(in) != 0 {
		t.Errorf("%d frames, %d bytes left", len(got), len(in))
	}
	for _, bad := range [][]byte{{0x01, 0x00}, {0x81, 0x80}, {0xC1, 0x00}, {0x81, 127}} {
		if _, _, _, _, err := cut(bad); err == nil {
			t.Errorf("% x was taken for a server's frame", bad)
		}
	}
}

func TestEveryDisorderCounts(t *testing.T) {
	say := func(cursor, prev string, sequence int) []byte { return frameOf(cursor, prev, bodyOf(sequence, 40)) }
	for _, c := range []struct {
		name                            string
		frames                          [][]byte
		messages, twice, order, foreign int64
		missing                         int
	}{
		{"in order", [][]byte{say(second, first, 1), say(third, second, 2)}, 2, 0, 0, 0, 0},
		{"the same twice", [][]byte{say(second, first, 1), say(second, first, 1), say(third, second, 2)}, 3, 1, 0, 0, 0},
		{"one left out", [][]byte{say(third, second, 2)}, 1, 0, 1, 0, 0},
		{"swapped", [][]byte{say(third, second, 2), say(second, first, 1)}, 2, 0, 2, 0, 0},
		{"numbers right, chain wrong", [][]byte{say(second, third, 1), say(third, second, 2)}, 2, 0, 1, 0, 0},
		{"somebody else's between", [][]byte{frameOf(second, first, "hello"), say(third, second, 2)}, 2, 0, 0, 1, 0},
		{"never", [][]byte{say(second, first, 1)}, 1, 0, 0, 0, 1},
	} {
		var sum tally
		s := &screen{}
		if _, ready, _ := s.hear(opText, []byte(`{"type":"caught_up","cursor":"`+first+`"}`), time.Now(), nil, &sum); !ready {
			t.Fatal("caught_up was not heard")
		}
		r := newRound(1, 2)
		r.start = time.Now().Add(-time.Millisecond)
		for _, f := range c.frames {
			s.hear(opText, f, time.Now(), r, &sum)
		}
		got := [...]int64{sum.messages.Load(), sum.duplicates.Load(), sum.outOfOrder.Load(), sum.foreign.Load(), int64(r.missing)}
		if want := [...]int64{c.messages, c.twice, c.order, c.foreign, int64(c.missing)}; got != want {
			t.Errorf("%s: messages, twice, out of order, foreign, missing = %v, want %v", c.name, got, want)
		}
	}
}

func TestReceiptIsACommand(t *testing.T) {
	fill := receipt()
	for _, cursor := range []string{first, second} {
		f := fill([]byte(cursor))
		c, err := protocol.Decode(f[6:]) // two bytes of header, four of mask
		if err != nil || c.Type != protocol.Receipt || c.ID == "" || len(c.Cursors) != 1 || c.Cursors[0] != cursor || c.State != "delivered" {
			t.Errorf("%q: %+v, %v", f, c, err)
		}
	}
	if c, err := protocol.Decode(frameBeat[6:]); err != nil || c.Type != protocol.Beat {
		t.Errorf("%q: %v", frameBeat, err)
	}
}

func TestSpreadTakesNearestRanks(t *testing.T) {
	var times []time.Duration
	for i := 200; i >= 1; i-- {
		times = append(times, time.Duration(i)*time.Millisecond)
	}
	for _, c := range []struct {
		times []time.Duration
		want  Spread
	}{
		{nil, Spread{}},
		{[]time.Duration{1500 * time.Microsecond}, Spread{1.5, 1.5, 1.5}},
		{[]time.Duration{3 * time.Millisecond, time.Millisecond, 2 * time.Millisecond}, Spread{2, 3, 3}},
		{times, Spread{100, 198, 200}},
	} {
		if got := spread(c.times); got != c.want {
			t.Errorf("%v, want %v", got, c.want)
		}
	}
}
