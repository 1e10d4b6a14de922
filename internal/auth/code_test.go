package auth

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
)

func TestCodes(t *testing.T) {
	key := []byte("the database's key for codes")
	h, other, foreign := NewHasher(1).Keyed(key), NewHasher(1).Keyed(key), NewHasher(1).Keyed([]byte("another"))
	seen := map[string]bool{}
	for range 200 {
		code := h.NewCode()
		if !regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$`).MatchString(code) || seen[code] {
			t.Fatalf("code %q", code)
		}
		seen[code] = true
		if err := CheckPassword("password", code, Hard); err != nil {
			t.Errorf("%s: %v", code, err)
		}
	}
	code := h.NewCode()
	a, err := h.Hash(t.Context(), work, code)
	b, _ := h.Hash(t.Context(), work, code)
	if err != nil || a == b || !strings.HasPrefix(a, codePrefix) || strings.Contains(a, code[:4]) {
		t.Fatalf("kept as %q and %q, %v", a, b, err)
	}
	chosen, _ := h.Hash(t.Context(), work, "correct horse")
	last := map[bool]string{true: "2", false: "3"}[code[0] == '3'] + code[1:]
	for name, c := range map[string]struct {
		h                *Hasher
		stored, password string
		want             bool
	}{
		"right":                      {h, a, code, true},
		"on another node":            {other, b, code, true},
		"small letters":              {h, a, strings.ToLower(code), true},
		"without hyphens":            {h, a, strings.ReplaceAll(code, "-", ""), true},
		"with blanks":                {h, a, strings.ReplaceAll(code, "-", " "), true},
		"misread":                    {h, a, strings.NewReplacer("0", "o", "1", "l").Replace(code), true},
		"another code":               {h, a, h.NewCode(), false},
		"one symbol wrong":           {h, a, last, false},
		"a chosen password":          {h, a, "correct horse", false},
		"no such login":              {h, "", code, false},
		"a chosen one is stored":     {h, chosen, code, false},
		"under another database's":   {foreign, a, code, false},
		"a password with a code in":  {h, a, code + "!", false},
		"the hyphens somewhere else": {h, a, code[:3] + "-" + code[3:4] + code[5:], false},
	} {
		if got, err := c.h.Verify(t.Context(), work, c.stored, c.password); err != nil || got != c.want {
			t.Errorf("%s: %v, %v; want %v", name, got, err, c.want)
		}
	}
	for _, s := range []string{codePrefix, codePrefix + "AAAA$AAAA", a + "A", strings.TrimSuffix(a, a[len(a)-4:])} {
		if ok, err := h.Verify(t.Context(), work, s, code); err == nil || ok {
			t.Errorf("Verify(%q) = %v, %v; want an error", s, ok, err)
		}
	}
}

// TestACodeWaitsForNobody: codes are set and checked while every turn is taken; what is no code is
// not, whatever is stored. So the wait tells what was sent, and nothing about the account.
func TestACodeWaitsForNobody(t *testing.T) {
	h := NewHasher(1)
	if err := h.turns.enter(t.Context(), work); err != nil {
		t.Fatal(err)
	}
	code := h.NewCode()
	stored, err := h.Hash(t.Context(), work, code)
	if err != nil {
		t.Fatal(err)
	}
	own, all := &Lane{Candidates, "north"}, Lane{Anyone, "192.0.2.1"}
	for kept, want := range map[string]bool{stored: true, "": false, h.dummy: false} {
		if ok, err := h.VerifyIn(t.Context(), own, all, kept, code); err != nil || ok != want {
			t.Errorf("%.12q: %v, %v", kept, ok, err)
		}
	}
	for _, kept := range []string{stored, "", h.dummy} {
		synctest.Test(t, func(t *testing.T) {
			h := &Hasher{turns: newQueue(1), dummy: h.dummy, codes: h.codes}
			if err := h.turns.enter(t.Context(), work); err != nil {
				t.Fatal(err)
			}
			done := make(chan bool, 1)
			go func() {
				ok, _ := h.VerifyIn(t.Context(), own, all, kept, "correct horse")
				done <- ok
			}()
			synctest.Wait()
			if len(done) != 0 || h.turns.waiting(Anyone) != 1 {
				t.Errorf("%.12q: answered without a turn", kept)
			}
			h.turns.leave()
			if <-done {
				t.Error("it was right")
			}
		})
	}
}

// BenchmarkCode checks a code.
func BenchmarkCode(b *testing.B) {
	h := NewHasher(0)
	code := h.NewCode()
	stored, _ := h.Hash(b.Context(), work, code)
	for b.Loop() {
		if ok, err := h.VerifyIn(b.Context(), &Lane{Candidates, "north"}, Lane{Anyone, "192.0.2.1"}, stored, code); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

// BenchmarkPassword checks passwords that people chose, as fast as all cores can.
func BenchmarkPassword(b *testing.B) {
	h := NewHasher(0)
	stored, _ := h.Hash(b.Context(), work, "correct horse")
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if ok, err := h.VerifyIn(b.Context(), &Lane{Candidates, "north"}, Lane{Anyone, "192.0.2.1"}, stored, "correct horse"); !ok || err != nil {
				b.Error(ok, err)
			}
		}
	})
}
