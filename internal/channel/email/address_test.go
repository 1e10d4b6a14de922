package email

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

var (
	testKey = bytes.Repeat([]byte{7}, 32)
	ours    = Addresses{Domain: "mail.example.org", ReplyPrefix: ReplyPrefix, BouncePrefix: BouncePrefix, Tokens: NewTokens(testKey)}
)

const testDelivery = "01938f2e-7c1a-7d4e-9f00-0123456789ab"

func TestAddresses(t *testing.T) {
	sent := time.Date(2026, 5, 5, 0, 0, 0, 0, time.UTC)
	for _, c := range []Target{{Reply: Reply{1, 1, 0, sent}}, {Reply: Reply{most48, most48, most48, time.Unix((1<<16-1)*day, 0).UTC()}}, {Reply: Reply{3, 70000, 12, sent}},
		{Reply: Reply{Organisation: 1}, Delivery: testDelivery}, {Reply: Reply{Organisation: most48}, Delivery: testDelivery}} {
		address := ours.Reply(c.Reply)
		if c.Delivery != "" {
			address = ours.Bounce(c.Organisation, c.Delivery)
		}
		local, _, _ := strings.Cut(address, "@")
		if len(local) > 64 {
			t.Errorf("%s: a local part of %d bytes", address, len(local))
		}
		for _, a := range []string{address, strings.ToUpper(address), strings.ToUpper(address[:20]) + address[20:]} {
			if got, err := ours.Open(a); err != nil || got != c {
				t.Errorf("%s: %+v %v, want %+v", a, got, err, c)
			}
		}
	}
	old := ours.ReplyPrefix + ours.Tokens.pair(kindThread, 3, 9) + "@" + ours.Domain
	if got, err := ours.Open(old); err != nil || got != (Target{Reply: Reply{Organisation: 3, Person: 9}}) {
		t.Errorf("an address of an earlier version: %+v %v", got, err)
	}
	if a, b := ours.Reply(Reply{1, 1, 5, sent.Add(23 * time.Hour)}), ours.Reply(Reply{1, 1, 5, sent}); a != b {
		t.Error("two addresses of one message and day")
	}
	one, again := ours.Reply(Reply{Organisation: 1, Person: 2}), ours.Reply(Reply{Organisation: 1, Person: 2})
	if one != again || one == ours.Reply(Reply{Organisation: 2, Person: 1}) || ours.Tokens.Thread(1, 2) == ours.Tokens.Thread(2, 1) {
		t.Error("a mail has one address of its own")
	}
	if strings.Contains(ours.Reply(Reply{Organisation: 1, Person: 2}), ours.Tokens.Thread(1, 2)) {
		t.Error("a thread's name tells of its address")
	}
	for _, id := range []string{"", "delivery-1", strings.ToUpper(testDelivery), "{" + testDelivery + "}"} {
		if got := ours.Bounce(1, id); got != "" {
			t.Errorf("delivery %q: %s", id, got)
		}
	}
}

func TestForeignAddresses(t *testing.T) {
	other := ours
	other.Tokens = NewTokens(bytes.Repeat([]byte{8}, 32))
	reply, bounce := ours.Reply(Reply{Organisation: 3, Person: 9}), ours.Bounce(3, testDelivery)
	for name, a := range map[string]string{
		"another database's": other.Reply(Reply{Organisation: 3, Person: 9}), "another database's bounce": other.Bounce(3, testDelivery),
		"another domain":  strings.ReplaceAll(reply, "example", "sample"),
		"a domain behind": reply + ".evil.test", "two domains": reply + "@evil.test", "no domain": strings.TrimSuffix(reply, "@mail.example.org"),
		"no token": "reply+@mail.example.org", "no prefix": strings.TrimPrefix(reply, ReplyPrefix), "nothing": "", "at": "@",
		"a reply as a bounce": strings.Replace(reply, ReplyPrefix, BouncePrefix, 1), "a bounce as a reply": strings.Replace(bounce, BouncePrefix, ReplyPrefix, 1),
		"another kind": "reply+" + ours.Tokens.Stop(3, 9) + "@mail.example.org", "another kind's letter": "reply+a" + ours.Tokens.Stop(3, 9)[1:] + "@mail.example.org",
	} {
		if got, err := ours.Open(a); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %s opens as %+v", name, a, got)
		}
	}
}

// TestAlteredTokens changes every letter of tokens to every other one.
func TestAlteredTokens(t *testing.T) {
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	reply, bounce := ours.Tokens.Reply(Reply{Organisation: 3, Person: 9}), ours.Tokens.Bounce(3, testDelivery)
	for _, token := range []string{reply, bounce} {
		for i := range token {
			for _, r := range alphabet {
				if byte(r) == token[i] {
					continue
				}
				altered := token[:i] + string(r) + token[i+1:]
				_, e1 := ours.Tokens.OpenReply(altered)
				_, _, e2 := ours.Tokens.OpenBounce(altered)
				_, _, e3 := ours.Tokens.OpenStop(altered)
				if e1 == nil || e2 == nil || e3 == nil {
					t.Fatalf("%s, altered at %d, opens", altered, i)
				}
			}
		}
	}
}

// FuzzAddress: what opens is what was made.
func FuzzAddress(f *testing.F) {
	f.Add(ours.Reply(Reply{Organisation: 1, Person: 2}))
	f.Add(ours.Bounce(1, testDelivery))
	f.Add(strings.ToUpper(ours.Reply(Reply{Organisation: 5, Person: 6, Message: 7})))
	f.Add("reply+a@mail.example.org")
	f.Add("bounce+b" + strings.Repeat("a", 55) + "@mail.example.org")
	f.Fuzz(func(t *testing.T, address string) {
		got, err := ours.Open(address)
		if err != nil {
			return
		}
		made := ours.Reply(got.Reply)
		if got.Sent.IsZero() && got.Delivery == "" { // of a whole conversation, as an earlier version made them
			made = ours.ReplyPrefix + ours.Tokens.pair(kindThread, got.Organisation, got.Person) + "@" + ours.Domain
		}
		if got.Delivery != "" {
			made = ours.Bounce(got.Organisation, got.Delivery)
		}
		if !strings.EqualFold(made, address) {
			t.Fatalf("%q opens as %+v, which is %q", address, got, made)
		}
	})
}
