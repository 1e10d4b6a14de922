package cursor

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

var (
	keyA = bytes.Repeat([]byte{1}, 32)
	keyB = append(bytes.Repeat([]byte{1}, 31), 2)
)

func TestSealAndOpen(t *testing.T) {
	s, other := NewSealer(keyA), NewSealer(bytes.Clone(keyA))
	for _, offset := range []int64{0, 1, 255, 256, 1 << 32, maxNumber} {
		for _, person := range []int64{0, 1, 1500, maxNumber} {
			for _, org := range []int64{0, 1, 7, 1 << 62} {
				c := s.Seal(org, person, offset)
				if len(c) != Width || strings.Trim(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
					t.Fatalf("cursor %q", c)
				}
				if again := other.Seal(org, person, offset); again != c {
					t.Errorf("another node seals (%d, %d, %d) as %q, not %q", org, person, offset, again, c)
				}
				if got, err := other.Open(org, person, c); err != nil || got != offset {
					t.Errorf("(%d, %d, %d) opens as %d, %v", org, person, offset, got, err)
				}
			}
		}
	}
}

// TestStampStaysInItsSlot: a frame's other bytes are untouched.
func TestStampStaysInItsSlot(t *testing.T) {
	frame := bytes.Repeat([]byte{'x'}, Width+10)
	NewSealer(keyA).Stamp(frame[5:], 1, 2, 3)
	if string(frame[:5]) != "xxxxx" || string(frame[5+Width:]) != "xxxxx" || string(frame[5:5+Width]) != NewSealer(keyA).Seal(1, 2, 3) {
		t.Errorf("frame %q", frame)
	}
}

func TestForeignCursors(t *testing.T) {
	s := NewSealer(keyA)
	mine := s.Seal(1, 2, 300)
	for name, c := range map[string]string{
		"another person's":        s.Seal(1, 3, 300),
		"the staff's":             s.Seal(1, 0, 300),
		"another organisation's":  s.Seal(2, 2, 300),
		"another database's":      NewSealer(keyB).Seal(1, 2, 300),
		"nothing":                 "",
		"too short":               mine[:Width-1],
		"too long":                mine + "A",
		"padded":                  mine + "==",
		"a number":                "300",
		"zeros":                   strings.Repeat("A", Width),
		"standard base64":         strings.Repeat("+", Width-1) + "w",
		"a line break inside":     mine[:10] + "\n" + mine[11:],
		"a line break at the end": mine[:Width-1] + "\n",
		"a blank":                 " " + mine[1:],
		"not ASCII":               "é" + mine[2:],
		"NUL":                     "\x00" + mine[1:],
	} {
		if got, err := s.Open(1, 2, c); !errors.Is(err, ErrUnknown) || got != 0 {
			t.Errorf("%s, %q: opens as %d, %v", name, c, got, err)
		}
	}
	if got, err := s.Open(1, 2, mine); err != nil || got != 300 {
		t.Errorf("my own: %d, %v", got, err)
	}
}

// TestEveryBitCounts alters each bit of each character, in the text and so in the block.
func TestEveryBitCounts(t *testing.T) {
	s := NewSealer(keyA)
	mine := s.Seal(1, 2, 300)
	for i := range mine {
		for bit := range 8 {
			forged := []byte(mine)
			forged[i] ^= 1 << bit
			if got, err := s.Open(1, 2, string(forged)); err == nil {
				t.Errorf("%q opens as %d", forged, got)
			}
		}
		const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		for d := range len(digits) {
			forged := []byte(mine)
			if forged[i] = digits[d]; digits[d] == mine[i] {
				continue
			}
			if got, err := s.Open(1, 2, string(forged)); err == nil {
				t.Errorf("%q opens as %d", forged, got)
			}
		}
	}
}

// TestTellsNothing: neighbours look unrelated, and nothing collides.
func TestTellsNothing(t *testing.T) {
	s := NewSealer(keyA)
	seen := map[string]bool{}
	same := 0
	last := ""
	for offset := range int64(2000) {
		c := s.Seal(1, 2, offset)
		if seen[c] {
			t.Fatalf("two positions share %q", c)
		}
		seen[c] = true
		for i := range last {
			if last[i] == c[i] {
				same++
			}
		}
		last = c
	}
	// By chance one in 64, and one in 4 of the last, which carries two bits.
	if limit := 2000*(Width-1)/64*12/10 + 2000/4*12/10; same > limit {
		t.Errorf("neighbours share %d characters, more than chance's %d", same, limit)
	}
}

func TestNumbersOutOfRange(t *testing.T) {
	for _, n := range []int64{-1, maxNumber + 1} {
		for _, seal := range []func(){
			func() { NewSealer(keyA).Seal(1, 2, n) },
			func() { NewSealer(keyA).Seal(1, n, 2) },
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%d was sealed", n)
					}
				}()
				seal()
			}()
		}
	}
}

func FuzzOpen(f *testing.F) {
	s := NewSealer(keyA)
	f.Add(s.Seal(1, 2, 3), int64(1), int64(2))
	f.Add(s.Seal(9, 0, 1<<40), int64(9), int64(0))
	f.Add("", int64(-1), int64(-1))
	f.Add(strings.Repeat("_", Width), int64(1)<<62, int64(1)<<62)
	f.Fuzz(func(t *testing.T, c string, org, person int64) {
		offset, err := s.Open(org, person, c)
		if err != nil {
			if !errors.Is(err, ErrUnknown) || offset != 0 {
				t.Fatalf("%d, %v", offset, err)
			}
			return
		}
		if again := s.Seal(org, person, offset); again != c {
			t.Fatalf("%q opens as %d, which is %q", c, offset, again)
		}
	})
}

func BenchmarkStamp(b *testing.B) {
	s := NewSealer(keyA)
	var dst [Width]byte
	people := rand.Perm(1500)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.Stamp(dst[:], 1, int64(people[i%1500]), int64(i))
	}
}
