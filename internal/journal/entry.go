// Package journal is what each organisation's journal holds: the entries and their hash, the one
// table of their kinds, their payloads, and the bus that tells listeners of new ones.
package journal

import (
	"crypto/sha256"
	"encoding/json"
	"sync/atomic"
	"time"

	"crier/internal/domain"
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

	// Salts of what the hash commits to, 32 random bytes each; see HashOf. AudienceSalt is empty where
	// there is no audience.
	ActorSalt, PayloadSalt, AudienceSalt []byte

	decoded atomic.Pointer[decoded]        // of Payload; nil until somebody asks
	rooms   atomic.Pointer[[]AudienceRoom] // of Audience; nil until somebody asks
	root    *[sha256.Size]byte             // of the audience, as Seal computed it; nil of an entry that was read
}

// AudienceRoom is the part of a broadcast's frozen recipients who sat in one
// room when it was sent.
type AudienceRoom struct {
	Room   string            `json:"room"`
	People []domain.PersonNo `json:"people"` // ascending
}
