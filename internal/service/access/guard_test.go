package access_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/service/access"
)

// from is one place that people sign in from: an address, and a browser that keeps its cookie.
type from struct {
	n               *node
	address, device string
}

func (f *from) try(t *testing.T, slug, login, password string) error {
	t.Helper()
	out, err := f.n.SignIn(t.Context(), access.Credentials{Organisation: slug, Login: login, Password: password, Address: f.address, Device: f.device})
	if err == nil && f.device != "-" {
		f.device = out.Device
	}
	return err
}

func wait(err error) time.Duration {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Code == fault.RateLimited {
		return f.RetryAfter
	}
	return 0
}

// storm tries wrong passwords until it is told to wait, and returns how many were compared.
func storm(t *testing.T, f *from, slug, login string) (compared int) {
	t.Helper()
	for range 100 {
		err := f.try(t, slug, login, "wrong horse")
		if wait(err) > 0 {
			return compared
		}
		if !fault.Is(err, fault.Unauthenticated) {
			t.Fatal(err)
		}
		compared++
	}
	t.Fatal("a hundred wrong passwords were compared")
	return 0
}

// TestAKnownDeviceIsNeverHeldUp: whatever strangers, and others at computers of the organisation, do
// to an account, it signs in at once where it has signed in before, from any address.
func TestAKnownDeviceIsNeverHeldUp(t *testing.T) {
	n := start(t)
	own := &from{n: n, address: "192.0.2.1"}
	if err := own.try(t, "north", "anna", password); err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		f := &from{n: n, address: fmt.Sprint("198.51.100.", i)}
		for range 3 {
			_ = f.try(t, "north", "anna", "wrong horse")
		}
	}
	insider := &from{n: n, address: "192.0.2.1"}
	if err := insider.try(t, "north", "sara", password); err != nil {
		t.Fatal(err)
	}
	storm(t, insider, "north", "anna")
	own.address = "203.0.113.9"
	if err := own.try(t, "north", "anna", password); err != nil {
		t.Errorf("at the known device: %v", err)
	}
	if got := storm(t, own, "north", "anna"); got != 5 {
		t.Errorf("%d wrong passwords were compared at once at a known device, want 5", got)
	}
	n.clock.Advance(30 * time.Second)
	if err := own.try(t, "north", "anna", password); err != nil {
		t.Errorf("half a minute later: %v", err)
	}
	forged := &from{n: n, address: "198.51.100.1", device: strings.Replace(own.device, own.device[:26], strings.Repeat("A", 26), 1)}
	if err := forged.try(t, "north", "anna", password); wait(err) == 0 {
		t.Errorf("a made-up cookie is a known device: %v", err)
	}
}

// TestStrangersWaitBounded: the right password gets in from an unknown device: at once from an address
// that has not failed, within half a minute from one that has.
func TestStrangersWaitBounded(t *testing.T) {
	n := start(t)
	attacker := &from{n: n, address: "198.51.100.1"}
	if got := storm(t, attacker, "north", "anna"); got != 5 {
		t.Errorf("%d wrong passwords were compared at once, want 5", got)
	}
	for range 20 { // it goes on, as fast as it may, for ten minutes
		n.clock.Advance(30 * time.Second)
		if err := attacker.try(t, "north", "anna", "wrong horse"); !fault.Is(err, fault.Unauthenticated) {
			t.Fatal(err)
		}
		if w := wait(attacker.try(t, "north", "anna", "wrong horse")); w <= 0 || w > 30*time.Second {
			t.Fatalf("waits %v", w)
		}
	}
	if err := (&from{n: n, address: "192.0.2.1"}).try(t, "north", "anna", password); err != nil {
		t.Errorf("from another address: %v", err)
	}
	w := wait(attacker.try(t, "north", "anna", password))
	if w <= 0 || w > 30*time.Second {
		t.Fatalf("from the same address: wait %v", w)
	}
	n.clock.Advance(w)
	if err := attacker.try(t, "north", "anna", password); err != nil {
		t.Errorf("from the same address, after %v: %v", w, err)
	}
	for name, c := range map[string][2]string{"another login": {"north", "planner"}, "another organisation's anna": {"south", "anna"}} {
		if err := attacker.try(t, c[0], c[1], password); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAHallBehindOneAddress: 200 accounts with two mistypings each are no reason to make anyone wait.
func TestAHallBehindOneAddress(t *testing.T) {
	n := start(t)
	hall := func() *from { return &from{n: n, address: "192.0.2.1"} }
	for i := range 200 {
		for range 2 {
			if err := hall().try(t, "north", fmt.Sprint("c", i), "wrong horse"); !fault.Is(err, fault.Unauthenticated) {
				t.Fatalf("candidate %d: %v", i, err)
			}
		}
	}
	if err := hall().try(t, "north", "sara", password); err != nil {
		t.Error(err)
	}
}

// TestManyAtOnceAreCounted: tries that are made at the same moment do not pass together.
func TestManyAtOnceAreCounted(t *testing.T) {
	n := start(t)
	var compared atomic.Int64
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			f := &from{n: n, address: "198.51.100.1"}
			if err := f.try(t, "north", "anna", "wrong horse"); fault.Is(err, fault.Unauthenticated) {
				compared.Add(1)
			}
		})
	}
	wg.Wait()
	if got := compared.Load(); got != 5 {
		t.Errorf("%d were compared, want 5", got)
	}
}

// TestSpreadGuessesAreBounded: over many addresses, too, an account is tried seldom.
func TestSpreadGuessesAreBounded(t *testing.T) {
	n := start(t)
	compared, begun := 0, n.clock.Now()
	for i := range 400 {
		f := &from{n: n, address: fmt.Sprint("address ", i)}
		if err := f.try(t, "north", "anna", "wrong horse"); fault.Is(err, fault.Unauthenticated) {
			compared++
		}
		n.clock.Advance(time.Second)
	}
	if most := 20 + int(n.clock.Now().Sub(begun)/(10*time.Second)) + 1; compared > most {
		t.Errorf("%d were compared, want at most %d", compared, most)
	}
}

// TestWhatDoesNotExistIsLimitedAlike: neither an organisation nor a login can be told apart from one
// that exists.
func TestWhatDoesNotExistIsLimitedAlike(t *testing.T) {
	n := start(t)
	answers := map[string][]string{}
	for name, c := range map[string][2]string{"known": {"north", "anna"}, "login": {"north", "nobody"}, "organisation": {"west", "anna"}} {
		f := &from{n: n, address: "198.51.100." + name}
		for range 8 {
			err := f.try(t, c[0], c[1], "wrong horse")
			answers[name] = append(answers[name], fmt.Sprint(fault.Public(err).Message, wait(err)))
		}
	}
	for _, name := range []string{"login", "organisation"} {
		if !slices.Equal(answers[name], answers["known"]) {
			t.Errorf("%s: %v, known: %v", name, answers[name], answers["known"])
		}
	}
}

// TestFailuresAreRecordedInBatches: none is written when it happens, one entry of an organisation at each
// sweep; it names accounts and counts the rest.
func TestFailuresAreRecordedInBatches(t *testing.T) {
	n := start(t)
	head, err := n.store.Head(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	a, b := &from{n: n, address: "198.51.100.1"}, &from{n: n, address: "2001:db8::"}
	for range 8 {
		_ = a.try(t, "north", "anna", "wrong horse")
	}
	_ = b.try(t, "north", "anna", "wrong horse")
	_ = b.try(t, "north", "my secret password", "wrong horse")
	_ = b.try(t, "west", "anna", "wrong horse")
	if now, _ := n.store.Head(t.Context(), 1); now != head {
		t.Errorf("%d entries were written before the sweep", now-head)
	}
	if err := n.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	e := n.last()
	var p journal.SignInsFailed
	if err := json.Unmarshal(e.Payload, &p); err != nil || e.Kind != journal.KindSignInsFailed {
		t.Fatalf("%s %s, %v", e.Kind, e.Payload, err)
	}
	if len(p.Accounts) != 1 || p.Accounts[0].Login != "anna" || p.Accounts[0].Wrong != 6 || p.Accounts[0].Refused != 3 || len(p.Accounts[0].Sources) != 2 || p.Unknown != 1 {
		t.Errorf("%s", e.Payload)
	}
	for _, secret := range []string{"secret", "horse", "198.51", "2001:"} {
		if strings.Contains(string(e.Payload), secret) {
			t.Errorf("%q is in %s", secret, e.Payload)
		}
	}
	before := e.Offset
	if err := n.Sweep(t.Context()); err != nil || n.last().Offset != before {
		t.Errorf("an entry of nothing: %v", err)
	}
}
