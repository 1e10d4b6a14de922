// Package journal is what each organisation's journal holds: the entries and their hash, the one
// table of their kinds, their payloads, and the bus that tells listeners of new ones.
package journal

import (
	"crier/internal/domain"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"hash"
	"sync/atomic"
	"time"
)

// Entry is one record of an organisation's journal. It does not change once it has its place, and
// is safe for concurrent use from then on.
type Entry struct {
	Organisation domain.OrganisationID
	Offset       int64 // dense from 1
	Kind         Kind
	At           time.Time // UTC, microseconds; orders nothing
	Actor        domain.ActorRef
	Group        domain.GroupID // the group that it concerns, "" if none
	Payload      json.RawMessage
	Audience     json.RawMessage // []AudienceRoom of a broadcast, else nil
	RequestKey   string          // the sender's own key of the request, "" if none
	RequestHash  []byte          // SHA-256 of what was asked under that key
	Prev, Hash   []byte          // SHA-256; Prev is 32 zero bytes at offset 1

	decoded atomic.Pointer[decoded]        // of Payload; nil until somebody asks
	rooms   atomic.Pointer[[]AudienceRoom] // of Audience; nil until somebody asks
}

// AudienceRoom is the part of a broadcast's frozen recipients who sat in one
// room when it was sent.
type AudienceRoom struct {
	Room   string            `json:"room"`
	People []domain.PersonNo `json:"people"` // ascending
}

// HashOf returns the SHA-256 that chains an entry to the one before it. Every
// field is written with its length, so no two different entries share an input.
func HashOf(e *Entry) []byte {
	h := sha256.New()
	field(h, []byte("crier entry v1"))
	field(h, e.Prev)
	number(h, int64(e.Organisation))
	number(h, e.Offset)
	field(h, []byte(e.Kind))
	number(h, e.At.UnixMicro())
	field(h, []byte(e.Actor.Kind))
	field(h, []byte(e.Actor.ID))
	field(h, []byte(e.Actor.Name))
	field(h, []byte(e.Actor.Role))
	field(h, []byte(e.Group))
	field(h, e.Payload)
	field(h, e.Audience)
	field(h, []byte(e.RequestKey))
	field(h, e.RequestHash)
	return h.Sum(nil)
}

func field(h hash.Hash, b []byte) {
	number(h, int64(len(b)))
	h.Write(b)
}

func number(h hash.Hash, v int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(v))
	h.Write(b[:])
}
