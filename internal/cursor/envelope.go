package cursor

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
)

// Wrap seals plain, which may be of any length, for one organisation and one purpose: nobody
// outside can read or make it. Unlike a cursor's, two envelopes of the same differ.
func (s *Sealer) Wrap(org int64, purpose string, plain []byte) string {
	aead := s.envelope(org, purpose)
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	_, _ = rand.Read(nonce) // never fails
	return base64.RawURLEncoding.EncodeToString(aead.Seal(nonce, nonce, plain, nil))
}

// Unwrap returns what Wrap sealed for the same organisation and purpose, else ErrUnknown.
func (s *Sealer) Unwrap(org int64, purpose, envelope string) ([]byte, error) {
	aead := s.envelope(org, purpose)
	b, err := base64.RawURLEncoding.Strict().DecodeString(envelope)
	if err != nil || len(b) < aead.NonceSize() {
		return nil, ErrUnknown
	}
	plain, err := aead.Open(nil, b[:aead.NonceSize()], b[aead.NonceSize():], nil)
	if err != nil {
		return nil, ErrUnknown
	}
	return plain, nil
}

func (s *Sealer) envelope(org int64, purpose string) cipher.AEAD {
	mac := hmac.New(sha256.New, s.key)
	var id [8]byte
	binary.BigEndian.PutUint64(id[:], uint64(org))
	mac.Write([]byte("crier envelope v1"))
	mac.Write(id[:])
	mac.Write([]byte(purpose))
	b, err := aes.NewCipher(mac.Sum(nil)[:16])
	if err != nil {
		panic(err) // the key's length is fixed above
	}
	aead, err := cipher.NewGCM(b)
	if err != nil {
		panic(err) // an AES block has the size that it asks for
	}
	return aead
}

// Key derives a key of 32 bytes for one purpose of this database, by HKDF-SHA256: nothing can
// be learnt from it about the seal key, or about the key for another purpose.
func (s *Sealer) Key(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, s.key, nil, "crier key v1 "+purpose, 32)
	if err != nil {
		panic(err) // only for a length that SHA-256 cannot give
	}
	return key
}
