// Package outbox keeps mails and SMS instead of sending them: what a node does that has no provider, so that all of
// Crier can be tried without one. What it keeps is exactly what would have gone out.
package outbox

import (
	"context"
	"errors"
	"strings"

	"crier/internal/channel"
	"crier/internal/channel/sms"
)

// Name is the provider's name in deliveries.
const Name = "outbox"

// Kept is one mail or SMS that was not sent.
type Kept struct {
	Organisation, Person int64 // as Outgoing has them
	Delivery             string
	Channel              string // email or sms
	From, To             string
	Subject              string
	Text                 string
	HTML                 string // of a mail
	Raw                  []byte // of a mail: as SMTP would carry it
	Parts                int    // of an SMS
}

// Mail is a mail as it would go out.
type Mail struct {
	From    string // name and address
	Subject string
	Text    string
	HTML    string
	Raw     []byte
}

// Keep stores one. Its errors are those of a sender; any that is no *channel.Error is the store's fault and nobody else's.
type Keep func(context.Context, Kept) error

// Sender is a channel.Sender that keeps.
type Sender struct {
	keep    Keep
	compose func(context.Context, channel.Outgoing) (Mail, error) // nil for SMS
}

// Mails keeps mails, as compose makes them.
func Mails(keep Keep, compose func(context.Context, channel.Outgoing) (Mail, error)) *Sender {
	return &Sender{keep: keep, compose: compose}
}

// Texts keeps SMS, which would come from a sender that has the organisation's name.
func Texts(keep Keep) *Sender { return &Sender{keep: keep} }

// Name implements channel.Sender.
func (s *Sender) Name() string { return Name }

// Send implements channel.Sender.
func (s *Sender) Send(ctx context.Context, o channel.Outgoing) (channel.Accepted, error) {
	if err := ctx.Err(); err != nil {
		return channel.Accepted{}, err
	}
	if o.Address == "" || strings.ContainsAny(o.Address, "\r\n\x00") {
		return channel.Accepted{}, &channel.Error{Kind: channel.Permanent, Code: "address", Detail: "the address is none"}
	}
	k := Kept{Organisation: o.Organisation, Person: o.Person, Delivery: o.ID, To: o.Address}
	if s.compose == nil {
		k.Channel, k.From, k.Text, k.Parts = "sms", o.From, o.Text, sms.Count(o.Text).Parts
	} else {
		m, err := s.compose(ctx, o)
		if err != nil {
			return channel.Accepted{}, err
		}
		k.Channel, k.From, k.Subject, k.Text, k.HTML, k.Raw = "email", m.From, m.Subject, m.Text, m.HTML, m.Raw
	}
	if err := s.keep(ctx, k); err != nil {
		if _, ok := errors.AsType[*channel.Error](err); ok || ctx.Err() != nil {
			return channel.Accepted{}, err
		}
		return channel.Accepted{}, &channel.Error{Kind: channel.Provider, Code: "outbox", Detail: "the outbox cannot be written", Err: err}
	}
	return channel.Accepted{ProviderID: o.ID, Parts: k.Parts}, nil
}
