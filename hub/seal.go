package hub

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"
)

// Nodes believe only each other. Every letter begins with an HMAC-SHA256 over the channel and
// the letter's text, under a key that all nodes of one database derive from it and the broker
// does not know. The text names kind, organisation, node, time and sequence number, so that a
// letter cannot be altered, moved to another channel or organisation, or heard twice.

const (
	sealBytes = sha256.Size
	// maxLetter bounds what is hashed: the largest true letter tells of everyone at a node.
	maxLetter = 4 << 20
	// maxAge is how old a letter may be, and how far the clocks of two nodes may differ.
	maxAge = 2 * time.Minute
)

// Why a letter is refused.
var (
	errForged = errors.New("hub: the letter does not come from a node of this database")
	errClock  = errors.New("hub: the letter is old, or the clocks of the nodes differ by more than 2 minutes")
	errTwice  = errors.New("hub: the letter was heard before, or comes after a later one")
)

// signature returns the HMAC of a letter's text on a channel.
func signature(key []byte, channel string, text []byte) []byte {
	mac := hmac.New(sha256.New, key)
	var size [8]byte
	binary.BigEndian.PutUint64(size[:], uint64(len(channel)))
	mac.Write(size[:])
	mac.Write([]byte(channel))
	mac.Write(text)
	return mac.Sum(nil)
}

// seal returns a letter's text with its signature before it.
func seal(key []byte, channel string, text []byte) []byte {
	return append(signature(key, channel, text), text...)
}

// unseal returns the text of a letter that a node of this database made for the channel.
func unseal(key []byte, channel string, b []byte) ([]byte, error) {
	if len(b) < sealBytes || len(b) > maxLetter {
		return nil, errForged
	}
	text := b[sealBytes:]
	if !hmac.Equal(b[:sealBytes], signature(key, channel, text)) {
		return nil, errForged
	}
	return text, nil
}

// ownKey returns a random key: a hub that is given none hears itself alone.
func ownKey() []byte {
	key := make([]byte, sealBytes)
	_, _ = rand.Read(key) // never fails
	return key
}

// peer is what a lane remembers of one node.
type peer struct {
	sequence int64     // of the last letter heard
	heard    time.Time // when that was
}

// admit reports why a letter is not heard; nil: it is new. Each node numbers its letters per
// lane, and a broker keeps their order, so a number that does not grow is a repetition. What
// is forgotten of a node is older than maxAge by then.
func (ln *lane) admit(m letter) error {
	now := ln.link.hub.now()
	if age := now.Sub(time.UnixMilli(m.At)); age > maxAge || age < -maxAge {
		return errClock
	}
	ln.mu.Lock()
	defer ln.mu.Unlock()
	p := ln.peers[m.Node]
	if p == nil {
		p = &peer{}
		ln.peers[m.Node] = p
	}
	if m.Sequence <= p.sequence {
		return errTwice
	}
	p.sequence, p.heard = m.Sequence, now
	return nil
}

// forget drops nodes that have not been heard for so long that no letter of theirs is still
// fresh, clocks that differ included. ln.mu is held.
func (ln *lane) forget(now time.Time) {
	for name, p := range ln.peers {
		if now.Sub(p.heard) > 3*maxAge {
			delete(ln.peers, name)
		}
	}
}

// refuse counts a letter that is not heard, and says so now and then: whoever can publish
// must not be able to fill the log.
func (l *link) refuse(channel string, why error) {
	n := l.hub.stats.refused.Add(1)
	l.refusal.Do(func() {
		l.hub.opt.Log.Warn().Err(why).Str("channel", channel).Int64("refused", n).Msg("letter between nodes refused")
	})
}
