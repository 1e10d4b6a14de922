package gateway

import (
	"encoding/json"
	"testing"
	"time"

	"crier/hub"
	"crier/internal/domain"
)

// An entry arrives at another node as it was hashed, whatever its JSON looks like; a changed one is refused.
func TestFeedCarriesEntries(t *testing.T) {
	for _, c := range []struct {
		name              string
		payload, audience json.RawMessage
	}{
		{"as PostgreSQL writes lists", json.RawMessage(`{"body":"a < b & c"}`), json.RawMessage("[{\"room\" : \"A\", \"people\" : [1, 2]}, \n {\"room\" : \"B\", \"people\" : [3]}]")},
		{"escaped", json.RawMessage(`{"body":"a \u003c b"}`), json.RawMessage(`[]`)},
		{"without an audience", json.RawMessage(`{}`), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &domain.Entry{
				Organisation: 7, Offset: 3, Kind: domain.EntryBroadcastSent, At: time.UnixMicro(1_700_000_000_000_001).UTC(), Exam: "x",
				Actor:   domain.ActorRef{Kind: domain.ActorPerson, ID: "p", Name: "Ingrid <Solberg>", Role: domain.RolePlanner},
				Payload: c.payload, Audience: c.audience, RequestKey: "key", RequestHash: []byte{1}, Prev: make([]byte, 32),
			}
			e.Hash = domain.EntryHash(e)
			var f Feed
			b := f.Encode(7, hub.Entry{Offset: 3, Value: e})
			got, err := f.Decode(7, b)
			if err != nil {
				t.Fatal(err)
			}
			back, ok := got.Value.(*domain.Entry)
			if !ok || got.Offset != 3 || string(back.Audience) != string(c.audience) || string(back.Payload) != string(c.payload) || back.Actor != e.Actor {
				t.Errorf("arrived as %+v", got.Value)
			}
			if _, err := f.Decode(8, b); err == nil {
				t.Error("taken for another organisation's")
			}
			e.Actor.Name = "Somebody Else"
			if _, err := f.Decode(7, f.Encode(7, hub.Entry{Offset: 3, Value: e})); err == nil {
				t.Error("an entry that was changed on its way was taken")
			}
		})
	}
}
