package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// TokenKind is the readable start of a token: it tells people, logs' filters and
// secret scanners what they hold.
type TokenKind string

// The kinds of token.
const (
	Session TokenKind = "cs_"
	Ticket  TokenKind = "ct_"
	APIKey  TokenKind = "ck_"
)

const (
	tokenBytes = 32
	tokenWidth = 3 + 43 // prefix and unpadded base64url of 32 bytes
)

// NewToken makes a token of 32 random bytes. Show it once; store HashToken of it.
func NewToken(kind TokenKind) string {
	var b [tokenBytes]byte
	rand.Read(b[:]) // never fails (crypto/rand since Go 1.24)
	return string(kind) + base64.RawURLEncoding.EncodeToString(b[:])
}

// KindOf returns what kind of token s looks like, "" if it cannot be one. It
// says nothing about whether the token is known.
func KindOf(s string) TokenKind {
	if len(s) != tokenWidth {
		return ""
	}
	for _, kind := range []TokenKind{Session, Ticket, APIKey} {
		if rest, ok := strings.CutPrefix(s, string(kind)); ok {
			if _, err := base64.RawURLEncoding.Strict().DecodeString(rest); err == nil {
				return kind
			}
		}
	}
	return ""
}

// HashToken is what the store keeps of a token: its SHA-256. No salt or slow
// hash is needed for 256 random bits, and looking it up by an index leaks
// nothing that helps to find the token.
func HashToken(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}
