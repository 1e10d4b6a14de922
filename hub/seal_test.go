package hub_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"crier/hub"
	"crier/hub/brokertest"
	"crier/internal/testkit"
)

// ear keeps every letter of a channel, as somebody who can read the broker would.
type ear struct {
	mu      sync.Mutex
	letters [][]byte
}

func (e *ear) Subscribed() {}
func (e *ear) Lost(error)  {}
func (e *ear) Message(p []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.letters = append(e.letters, p)
}

func (e *ear) all() [][]byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([][]byte(nil), e.letters...)
}

// lines counts what a node logs.
type lines struct {
	mu sync.Mutex
	n  int
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n += bytes.Count(p, []byte("\n"))
	return len(p), nil
}

func (l *lines) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

// channel is the one that acme's letters travel on.
const channel = "crier:test:7"

// signed is a letter signed as a node signs it.
func signed(key []byte, channel, text string) []byte {
	mac := hmac.New(sha256.New, key)
	_ = binary.Write(mac, binary.BigEndian, uint64(len(channel)))
	mac.Write([]byte(channel + text))
	return append(mac.Sum(nil), text...)
}

// letter is a letter's text, of a node and number; rest are its other fields.
func letter(node string, number int, rest string) string {
	return fmt.Sprintf(`{"n":%q,"s":%d,"at":%d,"o":7,%s}`, node, number, time.Now().UnixMilli(), rest)
}

// forgeries are letters that would each do harm if they were believed.
func forgeries(j *journal) (letters []string) {
	e := sending{Offset: int64(len(j.conversation(acme, 1, 0))) + 1, People: []int64{1}, Body: "forged"}
	e.chain(j.lastHash(acme))
	entry, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	for _, rest := range []string{
		fmt.Sprintf(`"k":"bell","h":%d,"e":%s`, e.Offset, entry),
		`"k":"signal","t":["a"],"f":{"type":"message","body":"forged"}`,
		`"k":"signal","q":1,"f":{"type":"message","body":"forged"}`,
		`"k":"presence","w":true,"p":[3],"a":[1]`,
	} {
		letters = append(letters, letter("node1", 1<<40, rest), letter("stranger", 1, rest))
	}
	return letters
}

func (j *journal) lastHash(org int64) []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	if n := len(j.entries[org]); n > 0 {
		return j.entries[org][n-1].Hash
	}
	return nil
}

// TestForgedLetters: whoever can publish to Redis, read it and repeat what they read puts
// nothing on any screen, takes nothing away, and fills no log.
func TestForgedLetters(t *testing.T) {
	server := testkit.StartRedis(t)
	log := &lines{}
	j := newJournal()
	var hubs [2]*hub.Hub
	for i := range hubs {
		b := openRedis(server.Addr())
		defer closing(t, b)
		hubs[i] = hub.New(hub.Options{
			Node: fmt.Sprint("node", i), Epoch: "test", Key: nodesKey, Compare: time.Hour, Log: zerolog.New(log), Announce: time.Hour,
		}, j, j, plain{}, b)
		hubs[i].Start()
		defer hubs[i].Stop()
	}
	w := &world{t: t, journal: j, hubs: hubs[:]}
	defer w.readers.Wait()
	candidate, staff := w.candidate(0, 1), w.staff(0, 4, "a")
	w.candidate(1, 2)
	defer candidate.Close(1000, "")
	attacker := openRedis(server.Addr())
	defer closing(t, attacker)
	tape := &ear{}
	defer attacker.Subscribe(channel, tape).Close()
	present := func(want hub.State) {
		t.Helper()
		testkit.Eventually(t, brokertest.Patience, "presence of the other node's person", func() error {
			if s, _ := hubs[0].PresenceOf(acme, 2); s != want {
				return fmt.Errorf("it is %d", s)
			}
			return nil
		})
	}
	shown := func(when string) {
		t.Helper()
		testkit.Eventually(t, brokertest.Patience, "a sending "+when, func() error { return w.complete(candidate, 0) })
	}
	present(hub.Online)
	w.send(1, 1)
	shown("before the attack")
	hubs[1].Signal(acme, []string{"a"}, typing(1))
	testkit.Eventually(t, brokertest.Patience, "a signal", func() error {
		if n := count(staff, `"n":1`); n != 1 {
			return fmt.Errorf("heard %d times", n)
		}
		return nil
	})

	publish := func(b []byte) {
		t.Helper()
		if err := attacker.Publish(t.Context(), channel, b); err != nil {
			t.Fatal(err)
		}
	}
	refused := hubs[0].Stats().Refused
	sent := int64(0)
	for _, text := range forgeries(j) {
		publish([]byte(text))
		publish(signed(nil, channel, text))
		publish(signed([]byte("another key"), channel, text))
		publish(signed(nodesKey, "crier:test:8", text)) // of another channel
		sent += 4
	}
	for _, heard := range tape.all() {
		publish(heard) // again
		spoiled := bytes.Clone(heard)
		spoiled[len(spoiled)-3] ^= 1
		publish(spoiled)
		sent += 2
	}
	for i := range 3000 { // and a flood of rubbish
		publish(fmt.Appendf(nil, "%d %s", i, strings.Repeat("x", i%200)))
		sent++
	}
	testkit.Eventually(t, brokertest.Patience, "all of it is refused", func() error {
		for i, h := range hubs {
			if n := h.Stats().Refused - refused; n < sent {
				return fmt.Errorf("node %d has refused %d of %d", i, n, sent)
			}
		}
		return nil
	})
	w.send(1, 1)
	shown("after the attack")
	if n := count(candidate, "forged") + count(staff, "forged") + strings.Count(strings.Join(candidate.bodies(), " "), "forged"); n != 0 {
		t.Errorf("%d forged frames are on screens", n)
	}
	if n := count(staff, `"n":1`); n != 1 {
		t.Errorf("a signal was heard %d times", n)
	}
	if s, _ := hubs[0].PresenceOf(acme, 3); s != hub.Offline {
		t.Errorf("a forged presence is believed: %d", s)
	}
	present(hub.Online)
	for i, h := range hubs {
		// One: the journal was empty when the first entry came, so nothing said what that is chained to.
		if st := h.Stats(); st.JournalReads > 1 || st.Degraded {
			t.Errorf("node %d: %+v", i, st)
		}
	}
	if n := log.count(); n > 4 {
		t.Errorf("%d letters made %d lines of log", sent, n)
	}
}

// TestEntryOutsideTheChain: a bell's entry is shown only if it is chained to the last one that
// was; else the journal is read, and has the true one.
func TestEntryOutsideTheChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, func(_ int, o *hub.Options) { o.Compare = time.Hour })
		defer w.stop()
		w.journal.append(acme, sending{People: []int64{1}, Body: "before the node follows"})
		s := w.candidate(0, 1)
		synctest.Wait()
		ring := func(number int, e sending) {
			entry, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			text := letter("other", number, fmt.Sprintf(`"k":"bell","h":%d,"e":%s`, e.Offset, entry))
			if err := w.broker.Publish(t.Context(), channel, signed(nodesKey, channel, text)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		reads := w.hubs[0].Stats().JournalReads
		good := w.journal.append(acme, sending{People: []int64{1}, Body: "true"}).Value.(sending)
		ring(1, good)
		w.expectComplete(s)
		if n := w.hubs[0].Stats().JournalReads - reads; n != 0 {
			t.Errorf("the journal was read %d times for an entry that is chained to the last", n)
		}
		forged := sending{Offset: 3, People: []int64{1}, Body: "forged"}
		forged.chain([]byte("another chain"))
		ring(2, forged) // ahead of the journal
		w.expectComplete(s)
		w.journal.append(acme, sending{People: []int64{1}, Body: "also true"})
		ring(3, forged) // in place of the true one
		w.expectComplete(s)
		if got, _ := s.seen(); len(got) != 3 {
			t.Errorf("saw %v", got)
		}
		if n := strings.Count(strings.Join(s.bodies(), " "), "forged"); n != 0 {
			t.Error("the forged entry is on the screen")
		}
	})
}

// TestLetterOfAnotherTime: a letter from long ago is not heard by a node that never heard of its sender.
func TestLetterOfAnotherTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil, nil)
		defer w.stop()
		s := w.staff(0, 4, "a")
		synctest.Wait()
		old := signed(nodesKey, channel, letter("other", 9, `"k":"signal","t":["a"],"f":{"type":"old"}`))
		for range 3 {
			pass(41 * time.Second)
			s.pong()
		}
		for _, b := range [][]byte{old, signed(nodesKey, channel, letter("other", 8, `"k":"signal","t":["a"],"f":{"type":"new"}`))} {
			if err := w.broker.Publish(t.Context(), channel, b); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if count(s, "old") != 0 || count(s, "new") != 1 {
			t.Errorf("heard %v", s.others())
		}
	})
}
