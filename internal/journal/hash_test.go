package journal

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"crier/internal/domain"
)

func sealedEntry(t testing.TB, recipients int) *Entry {
	t.Helper()
	e := &Entry{Organisation: 1, Offset: 7, Kind: KindBroadcastSent, At: time.UnixMicro(5000), Group: "g",
		Actor:   domain.ActorRef{Kind: domain.ActorPerson, ID: "p", Name: "Ines", Role: domain.RolePlanner},
		Payload: json.RawMessage(`{"body":"Five minutes"}`), RequestKey: "key", RequestHash: []byte{1, 2}, Prev: make([]byte, 32)}
	var rooms []AudienceRoom
	for no := range recipients {
		if no%30 == 0 {
			rooms = append(rooms, AudienceRoom{Room: fmt.Sprint("R", no/30)})
		}
		r := &rooms[len(rooms)-1]
		r.People = append(r.People, domain.PersonNo(no+1))
	}
	if recipients > 0 {
		e.Audience, _ = json.Marshal(rooms)
	}
	if err := e.Seal(); err != nil {
		t.Fatal(err)
	}
	e.Hash = HashOf(e)
	return e
}

// stored is e as it is read again.
func stored(e *Entry) *Entry {
	return &Entry{Organisation: e.Organisation, Offset: e.Offset, Kind: e.Kind, At: e.At, Actor: e.Actor, Group: e.Group, Payload: e.Payload, Audience: e.Audience,
		RequestKey: e.RequestKey, RequestHash: e.RequestHash, Prev: e.Prev, Hash: e.Hash, ActorSalt: e.ActorSalt, PayloadSalt: e.PayloadSalt, AudienceSalt: e.AudienceSalt}
}

// Whatever is changed in an entry, its hash is another one.
func TestTheHashCoversEveryField(t *testing.T) {
	e := sealedEntry(t, 3)
	if got := HashOf(stored(e)); !bytes.Equal(got, e.Hash) {
		t.Fatal("an entry that is read again has another hash")
	}
	for name, change := range map[string]func(*Entry){
		"organisation": func(e *Entry) { e.Organisation++ }, "offset": func(e *Entry) { e.Offset++ }, "kind": func(e *Entry) { e.Kind = KindNoteAdded },
		"time": func(e *Entry) { e.At = e.At.Add(time.Microsecond) }, "actor's kind": func(e *Entry) { e.Actor.Kind = domain.ActorAPIKey },
		"actor's id": func(e *Entry) { e.Actor.ID = "q" }, "actor's name": func(e *Entry) { e.Actor.Name = "Anna" }, "actor's role": func(e *Entry) { e.Actor.Role = domain.RoleAdmin },
		"group": func(e *Entry) { e.Group = "h" }, "payload": func(e *Entry) { e.Payload = json.RawMessage(`{"body":"Nine minutes"}`) },
		"request key": func(e *Entry) { e.RequestKey = "other" }, "request hash": func(e *Entry) { e.RequestHash = []byte{1, 3} },
		"previous hash": func(e *Entry) { e.Prev = bytes.Repeat([]byte{1}, 32) },
		"a recipient":   func(e *Entry) { e.Audience = json.RawMessage(`[{"room":"R0","people":[1,2,9]}]`) },
		"one recipient more": func(e *Entry) {
			e.Audience = json.RawMessage(`[{"room":"R0","people":[1,2,3,4]}]`)
		},
		"one recipient less": func(e *Entry) { e.Audience = json.RawMessage(`[{"room":"R0","people":[1,2]}]`) },
		"a room":             func(e *Entry) { e.Audience = json.RawMessage(`[{"room":"R1","people":[1,2,3]}]`) },
		"no audience":        func(e *Entry) { e.Audience = nil },
		"a torn audience":    func(e *Entry) { e.Audience = json.RawMessage(`[{"room":`) },
		"actor's salt":       func(e *Entry) { e.ActorSalt = newSalt() }, "payload's salt": func(e *Entry) { e.PayloadSalt = newSalt() }, "audience's salt": func(e *Entry) { e.AudienceSalt = newSalt() },
	} {
		changed := stored(e)
		change(changed)
		if bytes.Equal(HashOf(changed), e.Hash) {
			t.Errorf("another %s has the same hash", name)
		}
	}
}

// Two entries with the same words have nothing in common that tells so, and sealing one again
// changes nothing.
func TestCommitmentsAreSalted(t *testing.T) {
	a, b := sealedEntry(t, 3), sealedEntry(t, 3)
	if bytes.Equal(a.ActorSalt, b.ActorSalt) || bytes.Equal(a.PayloadSalt, b.PayloadSalt) || *a.root == *b.root || bytes.Equal(a.Hash, b.Hash) {
		t.Error("two entries share a salt or a commitment")
	}
	for _, salt := range [][]byte{a.ActorSalt, a.PayloadSalt, a.AudienceSalt} {
		if len(salt) != saltSize || bytes.Equal(salt, make([]byte, saltSize)) {
			t.Errorf("salt %x", salt)
		}
	}
	if err := a.Seal(); err != nil || !bytes.Equal(HashOf(a), a.Hash) {
		t.Errorf("sealed again: %v", err)
	}
	if e := sealedEntry(t, 0); len(e.AudienceSalt) != 0 || *e.root != sha256.Sum256(nil) {
		t.Error("an entry without an audience has a salt or a root of one")
	}
	torn := &Entry{Kind: KindBroadcastSent, Audience: json.RawMessage(`[{`)}
	if torn.Seal() == nil {
		t.Error("a torn audience is sealed")
	}
}

// The salts of leaves are HKDF's.
func TestLeafSalts(t *testing.T) {
	salt := newSalt()
	s := newLeafSalts(salt)
	for i := range uint64(3) {
		want, err := hkdf.Expand(sha256.New, salt, string(binary.BigEndian.AppendUint64(nil, i)), 32)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.next(s.next(nil)); !bytes.Equal(got, want) {
			t.Errorf("salts %d and %d are %x, want %x", 2*i, 2*i+1, got, want)
		}
	}
}

// The tree's root is that of RFC 6962, as its definition computes it and as Certificate
// Transparency's own test vectors have it.
func TestTree(t *testing.T) {
	var leaves [][sha256.Size]byte
	for n := range 70 {
		var tr tree
		for _, l := range leaves {
			tr.add(l)
		}
		if got, want := tr.root(), merkle(leaves); got != want {
			t.Errorf("%d leaves: %x, want %x", n, got, want)
		}
		leaves = append(leaves, sha256.Sum256([]byte{0, byte(n)}))
	}
	var tr tree
	for _, in := range []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"} {
		b, err := hex.DecodeString(in)
		if err != nil {
			t.Fatal(err)
		}
		tr.add(sha256.Sum256(append([]byte{0}, b...)))
	}
	if got := fmt.Sprintf("%x", tr.root()); got != "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328" {
		t.Errorf("the test vector's root is %s", got)
	}
}

// merkle is RFC 6962's MTH by its definition, of leaf hashes.
func merkle(d [][sha256.Size]byte) [sha256.Size]byte {
	switch len(d) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return d[0]
	}
	k := 1
	for 2*k < len(d) {
		k *= 2
	}
	left, right := merkle(d[:k]), merkle(d[k:])
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

func BenchmarkSeal1500(b *testing.B) {
	e := sealedEntry(b, 1500)
	b.ReportAllocs()
	for b.Loop() {
		e.root = nil
		if err := e.Seal(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHashMessage(b *testing.B) {
	e := stored(sealedEntry(b, 0))
	b.ReportAllocs()
	for b.Loop() {
		HashOf(e)
	}
}
