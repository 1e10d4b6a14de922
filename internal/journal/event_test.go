package journal_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"crier/internal/journal"
)

// Every kind has a payload, which decodes to the type that the table gives it.
func TestEveryKindHasAPayload(t *testing.T) {
	for _, k := range journal.Kinds() {
		e := &journal.Entry{Kind: k, Payload: json.RawMessage(`{}`)}
		p := e.Event()
		if p == nil {
			t.Errorf("%s has no payload", k)
			continue
		}
		if again := e.Event(); again != p {
			t.Errorf("%s is decoded twice", k)
		}
		if !journal.Known(k) {
			t.Errorf("%s is not known", k)
		}
	}
	if (&journal.Entry{Kind: "unknown", Payload: json.RawMessage(`{}`)}).Event() != nil || journal.Known("unknown") {
		t.Error("a kind that is not in the table has a payload")
	}
}

// All who ask at once get the same event.
func TestAnEntryIsDecodedOnce(t *testing.T) {
	e := &journal.Entry{Kind: journal.KindMessageSent, Payload: json.RawMessage(`{"person":7,"body":"Hello"}`)}
	events := make([]any, 16)
	var all sync.WaitGroup
	for i := range events {
		all.Go(func() { events[i] = e.Event() })
	}
	all.Wait()
	for _, got := range events {
		if got != events[0] {
			t.Fatal("there are two events of one entry")
		}
	}
	if p, err := journal.As[journal.MessageSent](e); err != nil || p.Person != 7 || p.Body != "Hello" {
		t.Errorf("%+v, %v", p, err)
	}
	if n := testing.AllocsPerRun(100, func() { e.Event() }); n != 0 {
		t.Errorf("%v allocations for an event that is there", n)
	}
}

func TestAWrongPayload(t *testing.T) {
	torn := &journal.Entry{Offset: 9, Kind: journal.KindMessageSent, Payload: json.RawMessage(`{"person":`)}
	if torn.Event() != nil {
		t.Error("a torn payload has an event")
	}
	if _, err := journal.As[journal.MessageSent](torn); err == nil || !strings.Contains(err.Error(), "entry 9") {
		t.Errorf("%v", err)
	}
	other := &journal.Entry{Kind: journal.KindNoteAdded, Payload: json.RawMessage(`{}`)}
	if _, err := journal.As[journal.MessageSent](other); err == nil || !strings.Contains(err.Error(), "note.added") {
		t.Errorf("%v", err)
	}
}
