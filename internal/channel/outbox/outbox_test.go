package outbox

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"crier/internal/channel"
	"crier/internal/channel/channeltest"
)

// shelf is where texts are kept in tests, as well or badly as it is told.
type shelf struct {
	mu        sync.Mutex
	behaviour channeltest.Behaviour
	kept      []Kept
}

func (s *shelf) Behave(b channeltest.Behaviour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behaviour = b
}

func (s *shelf) Taken() map[string][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string][]string{}
	for _, k := range s.kept {
		out[k.To] = append(out[k.To], k.Text)
	}
	return out
}

func (s *shelf) keep(ctx context.Context, k Kept) error {
	s.mu.Lock()
	b := s.behaviour
	s.mu.Unlock()
	switch b {
	case channeltest.BadAddress:
		return &channel.Error{Kind: channel.Permanent, Code: "550"}
	case channeltest.Busy:
		return &channel.Error{Kind: channel.Temporary, Code: "451"}
	case channeltest.Broken, channeltest.Refuses:
		return errors.New("the disk is full")
	case channeltest.Silent:
		<-ctx.Done()
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, k)
	return nil
}

func asIs(_ context.Context, o channel.Outgoing) (Mail, error) {
	return Mail{From: "North <crier@example.org>", Subject: o.Subject, Text: o.Text, HTML: "<p>" + o.Text, Raw: []byte("Subject: " + o.Subject)}, nil
}

func TestConformance(t *testing.T) {
	t.Run("mails", func(t *testing.T) {
		s := &shelf{}
		channeltest.Run(t, Mails(s.keep, asIs), s, "sara@example.org", channel.Temporary)
	})
	t.Run("texts", func(t *testing.T) {
		s := &shelf{}
		channeltest.Run(t, Texts(s.keep), s, "+4740000001", channel.Temporary)
	})
}

// TestKept: what is kept is what would have gone out, whose it is, and by what.
func TestKept(t *testing.T) {
	s := &shelf{behaviour: channeltest.Accepts}
	out := channel.Outgoing{ID: "d1", Organisation: 7, Person: 12, From: "Crier", Address: "sara@example.org", Subject: "Room", Text: "Room B"}
	if _, err := Mails(s.keep, asIs).Send(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	out.Address, out.Text = "+4740000001", strings.Repeat("a", 161)
	accepted, err := Texts(s.keep).Send(t.Context(), out)
	if err != nil || accepted.Parts != 2 {
		t.Fatalf("%+v, %v", accepted, err)
	}
	if k := s.kept[0]; k.Channel != "email" || k.Organisation != 7 || k.Person != 12 || k.Delivery != "d1" || k.Subject != "Room" || k.HTML != "<p>Room B" || string(k.Raw) != "Subject: Room" || !strings.Contains(k.From, "crier@") {
		t.Errorf("%+v", k)
	}
	if k := s.kept[1]; k.Channel != "sms" || k.Parts != 2 || k.From != "Crier" || k.HTML != "" || k.Raw != nil {
		t.Errorf("%+v", k)
	}
}

// TestBadAddresses: what could end a header is no address; a mail that cannot be composed is kept nowhere.
func TestBadAddresses(t *testing.T) {
	s := &shelf{behaviour: channeltest.Accepts}
	for _, address := range []string{"", "sara@example.org\r\nBcc: all@example.org", "+47\x00400"} {
		if _, err := Texts(s.keep).Send(t.Context(), channel.Outgoing{Address: address, Text: "a"}); channel.KindOf(err) != channel.Permanent {
			t.Errorf("%q: %v", address, err)
		}
	}
	broken := func(context.Context, channel.Outgoing) (Mail, error) {
		return Mail{}, &channel.Error{Kind: channel.Permanent, Code: "compose"}
	}
	if _, err := Mails(s.keep, broken).Send(t.Context(), channel.Outgoing{Address: "a@example.org"}); channel.KindOf(err) != channel.Permanent {
		t.Error(err)
	}
	if len(s.kept) != 0 {
		t.Errorf("%+v", s.kept)
	}
}
