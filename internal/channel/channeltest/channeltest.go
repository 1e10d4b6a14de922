// Package channeltest is what every channel.Sender must do, whatever stands behind it.
package channeltest

import (
	"context"
	"testing"
	"time"

	"crier/internal/channel"
)

// Far is the other side of a sender, made to behave for a test.
type Far interface {
	// Behave makes the provider answer the next requests so.
	Behave(b Behaviour)
	// Taken returns the texts it has accepted, by address.
	Taken() map[string][]string
}

// Behaviour is how a provider answers.
type Behaviour string

// The behaviours.
const (
	Accepts    Behaviour = "accepts"
	BadAddress Behaviour = "bad address" // refuses this address for good
	Busy       Behaviour = "busy"        // asks to come again later
	Broken     Behaviour = "broken"      // fails, whoever asks
	Refuses    Behaviour = "refuses us"  // wrong password
	Silent     Behaviour = "silent"      // never answers
)

// Run holds a sender against the seam. address is one that the far side takes; busy is the kind that Busy must be.
func Run(t *testing.T, s channel.Sender, far Far, address string, busy channel.Kind) {
	out := channel.Outgoing{ID: "delivery-1", Address: address, Name: "Sara Amin", Subject: "Room", Text: "Room B instead of A — “bring your card” 😀", From: "North"}
	if s.Name() == "" {
		t.Error("a provider without a name")
	}
	far.Behave(Accepts)
	if _, err := s.Send(t.Context(), out); err != nil {
		t.Fatalf("accepted: %v", err)
	}
	if got := far.Taken()[address]; len(got) != 1 || got[0] != out.Text {
		t.Errorf("the far side has %q", got)
	}
	for _, c := range []struct {
		behaviour Behaviour
		want      channel.Kind
	}{{BadAddress, channel.Permanent}, {Busy, busy}, {Broken, channel.Provider}, {Refuses, channel.Provider}} {
		far.Behave(c.behaviour)
		_, err := s.Send(t.Context(), out)
		if err == nil || channel.KindOf(err) != c.want {
			t.Errorf("%s: %v, want a %s failure", c.behaviour, err, c.want)
		}
	}
	far.Behave(Silent)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.Send(ctx, out); err == nil || channel.KindOf(err) == channel.Permanent {
		t.Errorf("silent: %v, want a failure that is no address's fault", err)
	}
	if got := far.Taken()[address]; len(got) != 1 {
		t.Errorf("failures were taken: %q", got)
	}
}
