// Package cursor seals positions in the journal, so that outside the server
// they can be compared for equality and handed back, and tell nothing else: a bare
// offset would tell a candidate how much others are written to.
//
// A cursor is one AES-128 block of (offset, person, check), under a key derived
// per organisation from the database's seal key, as 22 characters of unpadded
// base64url. Sealing is deterministic, so the same place has the same cursor on
// every node; forging one means guessing 80 bits of check and person.
package cursor

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"sync"
)

// Width is the length in bytes of every cursor.
const Width = 22

// ErrUnknown is returned by Open for anything this database never sealed for
// that organisation and person: forged, altered, another person's or database's.
var ErrUnknown = errors.New("cursor: unknown")

const (
	maxNumber = 1<<48 - 1 // offsets and person numbers are 48 bits inside the block
	check     = 0x43726965
)

// Sealer seals and opens cursors of one database. Safe for concurrent use.
type Sealer struct {
	key  []byte
	orgs sync.Map // int64 → cipher.Block
}

// NewSealer makes a sealer from the database's seal key (32 bytes).
func NewSealer(key []byte) *Sealer {
	return &Sealer{key: append([]byte(nil), key...)}
}

func (s *Sealer) block(org int64) cipher.Block {
	if b, ok := s.orgs.Load(org); ok {
		return b.(cipher.Block)
	}
	mac := hmac.New(sha256.New, s.key)
	var id [8]byte
	binary.BigEndian.PutUint64(id[:], uint64(org))
	mac.Write([]byte("crier cursor v1"))
	mac.Write(id[:])
	b, err := aes.NewCipher(mac.Sum(nil)[:16])
	if err != nil {
		panic(err) // the key's length is fixed above
	}
	got, _ := s.orgs.LoadOrStore(org, b)
	return got.(cipher.Block)
}

// Stamp writes the cursor of offset in person's conversation into dst[:Width].
// Person 0 stands for the staff's side: broadcast and log ids.
func (s *Sealer) Stamp(dst []byte, org, person, offset int64) {
	var b [16]byte
	put48(b[0:], offset)
	put48(b[6:], person)
	binary.BigEndian.PutUint32(b[12:], check)
	s.block(org).Encrypt(b[:], b[:])
	base64.RawURLEncoding.Encode(dst[:Width], b[:])
}

// Seal returns the cursor of offset in person's conversation.
func (s *Sealer) Seal(org, person, offset int64) string {
	var dst [Width]byte
	s.Stamp(dst[:], org, person, offset)
	return string(dst[:])
}

// Open returns the offset that a cursor of this organisation and person stands
// for, or ErrUnknown.
func (s *Sealer) Open(org, person int64, c string) (int64, error) {
	if len(c) != Width {
		return 0, ErrUnknown
	}
	var b [16]byte
	if n, err := base64.RawURLEncoding.Strict().Decode(b[:], []byte(c)); err != nil || n != len(b) {
		return 0, ErrUnknown
	}
	s.block(org).Decrypt(b[:], b[:])
	if binary.BigEndian.Uint32(b[12:]) != check || get48(b[6:]) != person {
		return 0, ErrUnknown
	}
	return get48(b[0:]), nil
}

func put48(b []byte, v int64) {
	if v < 0 || v > maxNumber {
		panic("cursor: number out of range")
	}
	b[0], b[1], b[2] = byte(v>>40), byte(v>>32), byte(v>>24)
	b[3], b[4], b[5] = byte(v>>16), byte(v>>8), byte(v)
}

func get48(b []byte) int64 {
	return int64(b[0])<<40 | int64(b[1])<<32 | int64(b[2])<<24 | int64(b[3])<<16 | int64(b[4])<<8 | int64(b[5])
}
