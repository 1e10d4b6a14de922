package auth

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"crier/internal/fault"
)

var work = Lane{Group: Setting, Key: "north"}

func TestPasswordsVerify(t *testing.T) {
	ctx := t.Context()
	h := NewHasher(2)
	a, err := h.Hash(ctx, work, "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := h.Hash(ctx, work, "correct horse")
	if a == b {
		t.Error("two hashes of one password share their salt")
	}
	if !strings.HasPrefix(a, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("not the documented cost: %s", a)
	}
	for _, c := range []struct {
		stored, password string
		want             bool
	}{
		{a, "correct horse", true},
		{b, "correct horse", true},
		{a, "correct hors", false},
		{a, "", false},
		{"", "correct horse", false},
		{"", "", false},
		{a, strings.Repeat("x", MaxPassword+1), false},
	} {
		got, err := h.Verify(ctx, work, c.stored, c.password)
		if err != nil || got != c.want {
			t.Errorf("Verify(%.20q, %.20q) = %v, %v; want %v", c.stored, c.password, got, err, c.want)
		}
	}
}

func TestVerifyRefusesForeignStrings(t *testing.T) {
	h := NewHasher(1)
	good, _ := h.Hash(t.Context(), work, "correct horse")
	for _, s := range []string{
		"plain", "$2y$10$abcdefghijklmnopqrstuv", strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "m=19456", "m=4194304", 1), strings.Replace(good, "t=2", "t=0", 1), strings.Replace(good, "p=1", "p=0", 1),
		strings.Replace(good, "t=2,", "t=2,,", 1), good + "$", good[:len(good)-1] + "!",
	} {
		if ok, err := h.Verify(t.Context(), work, s, "correct horse"); err == nil || ok {
			t.Errorf("Verify(%q) = %v, %v; want an error", s, ok, err)
		}
	}
}

func TestUnknownLoginCostsAsMuch(t *testing.T) {
	h := NewHasher(1)
	good, _ := h.Hash(t.Context(), work, "correct horse")
	fastest := func(stored string) time.Duration {
		best := time.Hour
		for range 5 {
			start := time.Now()
			_, _ = h.Verify(t.Context(), work, stored, "wrong horse")
			best = min(best, time.Since(start))
		}
		return best
	}
	known, unknown := fastest(good), fastest("")
	if unknown < known/3 {
		t.Errorf("an unknown login is refused in %v, a known one in %v", unknown, known)
	}
}

func TestCheckPassword(t *testing.T) {
	for _, c := range []struct {
		password string
		want     fault.Code
	}{
		{"k7#Qz!p", fault.Invalid},
		{"k7#Qz!p2", ""},
		{"éøåß漢字ñü", ""},
		{"k7#  Qz!p", fault.Invalid},
		{"k7#\u200b\u200bQz!", fault.Invalid},
		{strings.Repeat("correct horse ", MaxPassword/14), ""},
		{strings.Repeat("a", MaxPassword+1), fault.TooLarge},
		{"abcdefg\x00h", fault.Invalid},
		{"abcdefgh\xff", fault.Invalid},
	} {
		if got := fault.CodeOf(CheckPassword("password", c.password, Hard)); got != c.want {
			t.Errorf("CheckPassword(%d bytes) = %q, want %q", len(c.password), got, c.want)
		}
	}
}

// TestWeakPasswords: staff need one that is hard to guess, candidates one that is not among the first tried.
func TestWeakPasswords(t *testing.T) {
	for _, c := range []struct {
		password         string
		staff, candidate bool
	}{
		{"12345678", false, false}, {"        ", false, false}, {"password", false, false}, {"aaaaaaaa", false, false}, {"qwertyui", false, false},
		{"abcdefgh", false, false}, {"11111111", false, false}, {"20260504", false, true}, {"Password1!", false, true},
		{"73920461", true, true}, {"correct horse", true, true}, {"crier-demo", true, true},
	} {
		for least, want := range map[Strength]bool{Hard: c.staff, AnyUncommon: c.candidate} {
			err := CheckPassword("items[0].password", c.password, least)
			if (err == nil) != want {
				t.Errorf("%q for %v: %v", c.password, least, err)
			}
			if f, ok := errors.AsType[*fault.Error](err); err != nil && (!ok || f.Field != "items[0].password" || f.Message == "" || strings.Contains(f.Message, `"`+c.password)) {
				t.Errorf("%q: %v", c.password, err)
			}
		}
	}
	if err := CheckPassword("password", "gunnhild.vik", Hard, "gunnhild.vik", "Gunnhild", "Vik"); !fault.Is(err, fault.Invalid) {
		t.Errorf("the login as password: %v", err)
	}
}

func TestTokens(t *testing.T) {
	seen := map[string]bool{}
	for _, kind := range []TokenKind{Session, Ticket, APIKey} {
		for range 100 {
			s := NewToken(kind)
			if seen[s] || KindOf(s) != kind || len(s) != tokenWidth {
				t.Fatalf("bad token %q", s)
			}
			seen[s] = true
		}
	}
	s := NewToken(Session)
	if !bytes.Equal(HashToken(s), HashToken(s)) || bytes.Equal(HashToken(s), HashToken(NewToken(Session))) || len(HashToken(s)) != 32 {
		t.Error("HashToken is not a function of the token alone")
	}
	for _, bad := range []string{"", "cs_", s + "x", s[:len(s)-1], "xx_" + s[3:], s[:10] + "+" + s[11:]} {
		if KindOf(bad) != "" {
			t.Errorf("KindOf(%q) = %q", bad, KindOf(bad))
		}
	}
}

func FuzzPHC(f *testing.F) {
	f.Add(hash("correct horse"))
	f.Add("$argon2id$v=19$m=1,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePHC(s)
		if err == nil && (p.memory > maxMemory || p.passes > maxPasses || p.lanes > maxLanes || p.lanes == 0 || len(p.key) < 16) {
			t.Errorf("accepted %q", s)
		}
	})
}
