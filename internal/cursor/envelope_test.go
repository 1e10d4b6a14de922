package cursor

import (
	"bytes"
	"strings"
	"testing"
)

func TestEnvelope(t *testing.T) {
	s := NewSealer(bytes.Repeat([]byte{7}, 32))
	sealed := s.Wrap(1, "desk", []byte("Müller, 12"))
	if got, err := s.Unwrap(1, "desk", sealed); err != nil || string(got) != "Müller, 12" {
		t.Fatalf("%q, %v", got, err)
	}
	if strings.Contains(sealed, "ller") || sealed == s.Wrap(1, "desk", []byte("Müller, 12")) {
		t.Error("the envelope tells something of what is in it")
	}
	other := NewSealer(bytes.Repeat([]byte{8}, 32))
	flipped := []byte(sealed)
	flipped[20] ^= 1
	for name, open := range map[string]func() ([]byte, error){
		"another organisation": func() ([]byte, error) { return s.Unwrap(2, "desk", sealed) },
		"another purpose":      func() ([]byte, error) { return s.Unwrap(1, "desks", sealed) },
		"another database":     func() ([]byte, error) { return other.Unwrap(1, "desk", sealed) },
		"altered":              func() ([]byte, error) { return s.Unwrap(1, "desk", string(flipped)) },
		"cut":                  func() ([]byte, error) { return s.Unwrap(1, "desk", sealed[:len(sealed)-4]) },
		"empty":                func() ([]byte, error) { return s.Unwrap(1, "desk", "") },
		"no base64":            func() ([]byte, error) { return s.Unwrap(1, "desk", "ä!") },
	} {
		if b, err := open(); err != ErrUnknown || b != nil {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
}
