package journal

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"hash"
)

// saltSize is the length of a salt in bytes.
const saltSize = 32

// Seal draws the entry's salts and computes the root of its audience, which HashOf uses: an entry is
// sealed before it is appended. Sealing it again changes nothing. Large audiences take time (1500
// recipients about half a millisecond), so it is best done before the journal is locked. It fails if
// the audience cannot be decoded.
func (e *Entry) Seal() error {
	if e.root != nil {
		return nil
	}
	if e.Payload == nil {
		e.Payload = json.RawMessage("{}")
	}
	e.ActorSalt, e.PayloadSalt, e.AudienceSalt = newSalt(), newSalt(), nil
	if len(e.Audience) > 0 {
		e.AudienceSalt = newSalt()
	}
	root, err := e.audienceRoot()
	if err != nil {
		return err
	}
	e.root = &root
	return nil
}

func newSalt() []byte {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails
	return salt
}

// HashOf returns the SHA-256 that chains an entry to the one before it, nil if the entry's audience
// cannot be decoded. Every field is written with its length, so no two different entries share an
// input. The actor's name, the payload and the audience are in it by commitments alone:
//
//	actor    = SHA-256(salt, name)
//	payload  = SHA-256(salt, payload, request hash), since that hash is made of the same words
//	audience = Merkle tree hash of RFC 6962, one leaf for each recipient in the audience's order
//	leaf     = 16 bytes of HKDF-Expand(salt, index / 2, 32), person number, room
//
// So a text can be erased together with its salt and the chain still verifies with the commitment,
// and a recipient can be shown to be one of 1500 without showing anybody else.
func HashOf(e *Entry) []byte {
	root := e.root
	if root == nil {
		computed, err := e.audienceRoot()
		if err != nil {
			return nil
		}
		root = &computed
	}
	actor := commitment(e.ActorSalt, []byte(e.Actor.Name))
	payload := commitment(e.PayloadSalt, e.Payload, e.RequestHash)
	h := sha256.New()
	field(h, []byte("crier entry v2"))
	field(h, e.Prev)
	number(h, int64(e.Organisation))
	number(h, e.Offset)
	field(h, []byte(e.Kind))
	number(h, e.At.UnixMicro())
	field(h, []byte(e.Actor.Kind))
	field(h, []byte(e.Actor.ID))
	field(h, []byte(e.Actor.Role))
	field(h, []byte(e.Group))
	field(h, []byte(e.RequestKey))
	field(h, actor[:])
	field(h, payload[:])
	field(h, root[:])
	return h.Sum(nil)
}

// commitment stands for a part of an entry that may be erased one day, or that one reader of the
// entry may see and another may not. Who has the part and its salt can check it; without the salt
// nobody finds the part by guessing.
func commitment(salt []byte, part ...[]byte) (sum [sha256.Size]byte) {
	h := sha256.New()
	field(h, salt)
	for _, p := range part {
		field(h, p)
	}
	h.Sum(sum[:0])
	return sum
}

// audienceRoot is the Merkle tree hash of the recipients.
func (e *Entry) audienceRoot() (root [sha256.Size]byte, err error) {
	var rooms []AudienceRoom
	if len(e.Audience) > 0 {
		if rooms, err = e.Rooms(); err != nil {
			return root, err
		}
	}
	var t tree
	salts := newLeafSalts(e.AudienceSalt)
	var leaf []byte
	for _, r := range rooms {
		for _, no := range r.People {
			leaf = append(leaf[:0], 0) // RFC 6962: a leaf begins with 0, a node with 1
			leaf = salts.next(leaf)
			leaf = binary.BigEndian.AppendUint64(leaf, uint64(no))
			leaf = append(leaf, r.Room...)
			t.add(sha256.Sum256(leaf))
		}
	}
	return t.root(), nil
}

// leafSalt is the length of a leaf's salt in bytes.
const leafSalt = 16

// leafSalts derives the salts of leaves, in order, by HKDF-Expand (RFC 5869). Its info is a number;
// each output has the salts of two leaves.
type leafSalts struct {
	mac   hash.Hash
	index uint64
	info  [9]byte
	out   [sha256.Size]byte
	used  int // of out
}

func newLeafSalts(salt []byte) *leafSalts {
	return &leafSalts{mac: hmac.New(sha256.New, salt), used: sha256.Size}
}

// next appends the salt of the next leaf.
func (s *leafSalts) next(to []byte) []byte {
	if s.used == len(s.out) {
		s.mac.Reset()
		binary.BigEndian.PutUint64(s.info[:8], s.index)
		s.info[8] = 1 // the number of the output's block
		s.index++
		s.mac.Write(s.info[:])
		s.mac.Sum(s.out[:0])
		s.used = 0
	}
	s.used += leafSalt
	return append(to, s.out[s.used-leafSalt:s.used]...)
}

// tree computes the Merkle tree hash of RFC 6962 from leaf hashes that are added one by one. The
// zero value is an empty tree.
type tree struct {
	size  uint64
	nodes [][sha256.Size]byte // roots of the complete subtrees, largest first
}

func (t *tree) add(leaf [sha256.Size]byte) {
	t.nodes = append(t.nodes, leaf)
	for n := t.size; n&1 == 1; n >>= 1 {
		t.join()
	}
	t.size++
}

// join makes one node of the last two.
func (t *tree) join() {
	last := len(t.nodes) - 1
	var b [1 + 2*sha256.Size]byte
	b[0] = 1
	copy(b[1:], t.nodes[last-1][:])
	copy(b[1+sha256.Size:], t.nodes[last][:])
	t.nodes[last-1] = sha256.Sum256(b[:])
	t.nodes = t.nodes[:last]
}

// root ends the tree: nothing can be added afterwards.
func (t *tree) root() [sha256.Size]byte {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	for len(t.nodes) > 1 {
		t.join()
	}
	return t.nodes[0]
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
