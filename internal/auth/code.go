package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
)

// A code is a password that Crier makes: ten random symbols (50 bits) and two that prove, under the
// database's key, that Crier made it, as "K7QM-2XWD-9FHP". Nobody guesses 50 bits, so a code needs no
// slow hash: it is kept as an HMAC-SHA256 with a salt of its own.
//
// Which hash applies depends on the password alone, when it is set and when it is checked. So the
// time of an answer tells what kind of password was sent, and nothing about the account.
const (
	codeRandom = 10
	codeProof  = 2
	codeGroup  = 4
	codePrefix = "$crier-code$v=1$"
	// alphabet is Crockford's base32: without I, L, O and U, which are misread.
	alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)

// codes makes and knows the codes of one database.
type codes struct{ key []byte }

func newCodes(key []byte) codes { return codes{append([]byte(nil), key...)} }

// NewCode makes a code: a password for Crier to give out. Show it once.
func (h *Hasher) NewCode() string {
	b := make([]byte, codeRandom)
	rand.Read(b) // never fails (crypto/rand since Go 1.24)
	for i := range b {
		b[i] = alphabet[b[i]%byte(len(alphabet))]
	}
	s := string(b) + h.codes.proof(string(b))
	return s[:codeGroup] + "-" + s[codeGroup:2*codeGroup] + "-" + s[2*codeGroup:]
}

// proof is the last two symbols of a code.
func (c codes) proof(random string) string {
	sum := c.mac("proof", random)
	return string([]byte{alphabet[sum[0]%32], alphabet[sum[1]%32]})
}

func (c codes) mac(purpose string, parts ...string) []byte {
	m := hmac.New(sha256.New, c.key)
	m.Write([]byte(purpose))
	for _, p := range parts {
		m.Write([]byte{0})
		m.Write([]byte(p))
	}
	return m.Sum(nil)
}

// misread is what people type for symbols that codes do not have.
var misread = strings.NewReplacer("O", "0", "I", "1", "L", "1")

// read returns the twelve symbols of a code as somebody types it: small letters or capitals, with or
// without hyphens or blanks between the groups. ok is false for any other password.
func (c codes) read(s string) (symbols string, ok bool) {
	const width = codeRandom + codeProof
	if len(s) == width+2 && strings.ContainsRune("- ", rune(s[codeGroup])) && strings.ContainsRune("- ", rune(s[2*codeGroup+1])) {
		s = s[:codeGroup] + s[codeGroup+1:2*codeGroup+1] + s[2*codeGroup+2:]
	}
	if len(s) != width {
		return "", false
	}
	s = misread.Replace(strings.ToUpper(s))
	if len(s) != width || strings.Trim(s, alphabet) != "" {
		return "", false
	}
	return s, subtle.ConstantTimeCompare([]byte(s[codeRandom:]), []byte(c.proof(s[:codeRandom]))) == 1
}

// hash makes what the store keeps of a code.
func (c codes) hash(symbols string) string {
	salt := make([]byte, saltLen)
	rand.Read(salt) // never fails
	return codePrefix + b64(salt) + "$" + b64(c.mac("code", string(salt), symbols))
}

// compare reports whether a stored string is the hash of a code. A stored hash of a chosen password
// is that of no code, and costs as much as a wrong one.
func (c codes) compare(stored, symbols string) (bool, error) {
	rest, ok := strings.CutPrefix(stored, codePrefix)
	if !ok {
		rest = c.nobody()
	}
	salt, sum, _ := strings.Cut(rest, "$")
	s, err1 := base64.RawStdEncoding.Strict().DecodeString(salt)
	want, err2 := base64.RawStdEncoding.Strict().DecodeString(sum)
	if err1 != nil || err2 != nil || len(s) != saltLen || len(want) != sha256.Size {
		return false, fmt.Errorf("auth: the stored hash of a code cannot be read")
	}
	return subtle.ConstantTimeCompare(c.mac("code", string(s), symbols), want) == 1 && ok, nil
}

// nobody is the salt and hash of no code.
func (codes) nobody() string {
	return b64(make([]byte, saltLen)) + "$" + b64(make([]byte, sha256.Size))
}
