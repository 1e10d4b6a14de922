// Package auth holds what sign-in is made of: argon2id passwords, and random
// tokens of which the store keeps only the SHA-256.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"crier/internal/fault"
)

// The cost of a password (OWASP's second argon2id profile): about 33 ms of one core.
const (
	memory  = 19 * 1024 // KiB
	passes  = 2
	lanes   = 1
	saltLen = 16
	keyLen  = 32
)

// A stored hash that asks for more than this is not computed: it was not made here.
const (
	maxMemory = 256 * 1024 // KiB
	maxPasses = 16
	maxLanes  = 8
)

// The limits of a password. The upper one is in bytes and keeps a request from
// making the server hash megabytes.
const (
	MinPassword = 8    // visible characters
	MaxPassword = 1024 // bytes
)

// Hasher hashes and checks passwords, at most so many at a time: each takes
// 19 MiB and a core, and an exam's start brings hundreds at once. The others wait in
// a fair queue, each in its lane, until their turn or the end of their context. Safe
// for concurrent use.
type Hasher struct {
	turns *queue
	dummy string
	codes codes
}

// NewHasher makes a hasher that works on at most parallel passwords at a time;
// below 1 it means the number of cores.
func NewHasher(parallel int) *Hasher {
	if parallel < 1 {
		parallel = runtime.GOMAXPROCS(0)
	}
	return &Hasher{turns: newQueue(parallel), dummy: hash(rand.Text()), codes: newCodes([]byte(rand.Text()))}
}

// Keyed gives the hasher the database's key for codes and returns it. Without it, codes are known to
// this process alone.
func (h *Hasher) Keyed(key []byte) *Hasher {
	h.codes = newCodes(key)
	return h
}

// Parallel returns how many passwords are worked on at a time.
func (h *Hasher) Parallel() int { return h.turns.parallel }

// Hash returns what the store keeps of a password: of a code its HMAC, of any other its PHC string,
// each with a salt of its own. A code waits for nobody. Errors: Unavailable (the context has ended).
func (h *Hasher) Hash(ctx context.Context, lane Lane, password string) (string, error) {
	if symbols, ok := h.codes.read(password); ok {
		return h.codes.hash(symbols), nil
	}
	if err := h.turns.enter(ctx, lane); err != nil {
		return "", err
	}
	defer h.turns.leave()
	return hash(password), nil
}

// Verify reports whether the password is the one stored. An empty stored string
// (no such login, or one without a password) costs as much as a wrong password
// and is false, so that time does not tell which logins exist. A stored string
// that cannot be read is an error. Errors: RateLimited (too many wait in the lane),
// Unavailable (the context has ended).
func (h *Hasher) Verify(ctx context.Context, lane Lane, stored, password string) (bool, error) {
	if symbols, ok := h.codes.read(password); ok {
		return h.codes.compare(stored, symbols)
	}
	if err := h.turns.enter(ctx, lane); err != nil {
		return false, err
	}
	defer h.turns.leave()
	return h.compare(stored, password)
}

// refusalTime is how long after its beginning a refused sign-in is answered, at the earliest: as long
// as a wrong password of staff takes who need not wait.
const refusalTime = 100 * time.Millisecond

// VerifyIn is Verify for somebody whose account is known only once the password is right. They wait
// in own, the lane of people like them, and in all, which depends on nothing that the sender may not
// know. A right password is answered at whichever turn comes first; a wrong one when the turn in all
// has come, which is when a login that does not exist is answered. So a crowd in all does not hold up
// others who sign in, and time tells nothing about the account. own is nil where there is none.
func (h *Hasher) VerifyIn(ctx context.Context, own *Lane, all Lane, stored, password string) (right bool, err error) {
	if symbols, ok := h.codes.read(password); ok {
		return h.codes.compare(stored, symbols)
	}
	earliest := time.After(refusalTime)
	defer func() {
		if !fault.Is(err, fault.RateLimited) {
			return
		}
		select {
		case <-earliest:
		case <-ctx.Done():
		}
	}()
	if own == nil {
		return h.Verify(ctx, all, stored, password)
	}
	place, err := h.turns.enterEither(ctx, *own, all)
	if err != nil {
		return false, err
	}
	right, err = h.compare(stored, password)
	h.turns.leave()
	if right || err != nil {
		h.turns.forget(place)
		return right, err
	}
	again, err := h.turns.resume(ctx, place)
	if again {
		_, err = h.compare("", password)
		h.turns.leave()
	}
	return false, err
}

// compare is done in a turn.
func (h *Hasher) compare(stored, password string) (bool, error) {
	if len(password) > MaxPassword {
		password = "" // never a stored one: CheckPassword refuses both
	}
	if stored == "" || strings.HasPrefix(stored, codePrefix) { // the password is no code
		_, err := compare(h.dummy, password)
		return false, err
	}
	return compare(stored, password)
}

func hash(password string) string {
	salt := make([]byte, saltLen)
	rand.Read(salt) // never fails (crypto/rand since Go 1.24)
	key := argon2.IDKey([]byte(password), salt, passes, memory, lanes, keyLen)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, passes, lanes, b64(salt), b64(key))
}

// compare takes the same time for every wrong password.
func compare(stored, password string) (bool, error) {
	p, err := parsePHC(stored)
	if err != nil {
		return false, err
	}
	key := argon2.IDKey([]byte(password), p.salt, p.passes, p.memory, p.lanes, uint32(len(p.key)))
	return subtle.ConstantTimeCompare(key, p.key) == 1, nil
}

type phc struct {
	memory, passes uint32
	lanes          uint8
	salt, key      []byte
}

// parsePHC reads $argon2id$v=19$m=…,t=…,p=…$salt$key.
func parsePHC(s string) (phc, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return phc{}, fmt.Errorf("auth: a stored password is not an argon2id string of version %d", argon2.Version)
	}
	var p phc
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.lanes); n != 3 || err != nil ||
		parts[3] != fmt.Sprintf("m=%d,t=%d,p=%d", p.memory, p.passes, p.lanes) {
		return phc{}, fmt.Errorf("auth: a stored password's parameters cannot be read")
	}
	if p.memory == 0 || p.memory > maxMemory || p.passes == 0 || p.passes > maxPasses || p.lanes == 0 || p.lanes > maxLanes {
		return phc{}, fmt.Errorf("auth: a stored password's parameters are out of bounds")
	}
	var err1, err2 error
	p.salt, err1 = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	p.key, err2 = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(p.salt) < 8 || len(p.salt) > 64 || len(p.key) < 16 || len(p.key) > 64 {
		return phc{}, fmt.Errorf("auth: a stored password's salt or key cannot be read")
	}
	return p, nil
}

func b64(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }
