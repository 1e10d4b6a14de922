package hub

import (
	"bytes"
	"testing"
)

// BenchmarkSeal is what a letter between nodes costs more than its JSON: once to sign it, and
// once per node to check it. 12 KiB is a sending to 1500 people.
func BenchmarkSeal(b *testing.B) {
	key, text := ownKey(), bytes.Repeat([]byte("x"), 12<<10)
	for b.Loop() {
		if _, err := unseal(key, "crier:bench:1", seal(key, "crier:bench:1", text)); err != nil {
			b.Fatal(err)
		}
	}
}
