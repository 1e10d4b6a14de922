package inbound_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"crier/internal/channel/sms"
	"crier/internal/clock"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/service/inbound"
)

// noted is a store that only notes what it is told. Whatever else is asked of it panics: nothing else may be. One person has the number
// +4740000001, two have +4740000002.
type noted struct {
	inbound.Store
	t     *testing.T
	wrote int
}

func (n *noted) text(what, text string, most int, multiline bool) {
	n.t.Helper()
	if err := domain.CheckText(what, text, most, true, multiline); err != nil {
		n.t.Errorf("%s %q is stored: %v", what, text, err)
	}
}

func (n *noted) OrganisationBySlug(_ context.Context, slug string) (domain.Organisation, error) {
	if slug != "north" {
		return domain.Organisation{}, fault.New(fault.NotFound, "none")
	}
	return domain.Organisation{ID: 1, Slug: "north", Name: "North"}, nil
}

func (n *noted) AddInbound(_ context.Context, in domain.Inbound) (domain.Inbound, bool, error) {
	n.wrote++
	n.text("sender", in.Sender, 40, true)
	n.text("recipient", in.Recipient, 40, true)
	n.text("body", in.Body, 128<<10, true)
	if in.Organisation != 1 || in.Channel != domain.ChannelSMS || in.Sender == "" && in.Recipient == "" && in.Body == "" || len(in.Dedupe) != 64 || uuid.Validate(in.ID) != nil {
		n.t.Errorf("stored as %+v", in)
	}
	return in, true, nil
}

func (n *noted) SettleInbound(context.Context, domain.OrganisationID, string, domain.Settlement) (*journal.Entry, bool, error) {
	n.wrote++
	return nil, true, nil
}

func (n *noted) CandidatesByPhone(_ context.Context, _ domain.OrganisationID, number string) ([]domain.Correspondent, error) {
	one := domain.Correspondent{No: 1, ID: "a", Kind: domain.KindCandidate, Role: domain.RoleCandidate, Name: "Sara", Phone: number, SMS: domain.ConsentNone}
	switch number {
	case "+4740000001":
		return []domain.Correspondent{one}, nil
	case "+4740000002":
		two := one
		two.No, two.ID = 2, "b"
		return []domain.Correspondent{one, two}, nil
	}
	return nil, nil
}

func (n *noted) NewestDelivered(context.Context, domain.OrganisationID, domain.PersonNo, domain.Channel) (int64, error) {
	return 0, nil
}

func (n *noted) AddConsent(_ context.Context, _ domain.OrganisationID, _ domain.ActorRef, _ domain.PersonNo, c domain.ConsentRecord) error {
	n.wrote++
	n.text("words", c.Words, 500, true)
	return nil
}

func (n *noted) QueueAnswer(context.Context, domain.OrganisationID, domain.PersonNo, domain.Channel, string, domain.AnswerPayload, time.Time, time.Time) (bool, error) {
	n.wrote++
	return true, nil
}

func (n *noted) ReportDelivery(_ context.Context, r domain.DeliveryReport) ([]*journal.Entry, error) {
	n.wrote++
	n.text("id", r.ID, 36, false)
	n.text("provider's id", r.ProviderID, 200, false)
	n.text("code", r.Code, 100, false)
	n.text("detail", r.Detail, 500, true)
	if r.Organisation != 1 || r.ProviderID == "" || r.Outcome != domain.OutcomeDelivered && r.Outcome != domain.OutcomePermanent {
		n.t.Errorf("reported as %+v", r)
	}
	return nil, nil
}

// Write implements inbound.Writer.
func (n *noted) Write(_ context.Context, _ domain.OrganisationID, m domain.NewMessage) (journal.Sent, error) {
	n.wrote++
	n.text("body", m.Body, 4000, true)
	return journal.Sent{Entry: &journal.Entry{Offset: 7}}, nil
}

func webhooks(t *testing.T) (*inbound.Service, *noted) {
	n := &noted{t: t}
	return inbound.New(inbound.Options{Store: n, Writer: n, Clock: clock.NewFixed(time.Date(2026, 5, 5, 9, 0, 0, 0, time.UTC)), Log: zerolog.Nop(),
		Answers: map[domain.Channel]bool{domain.ChannelSMS: true}, Limits: domain.Limits{Subject: 200, Body: 4000}, Twilio: far(), Kannel: &sms.Kannel{Token: secret}}), n
}

const (
	hook   = "https://crier.example.org/api/v1/webhooks/twilio/north/message"
	secret = "a token of the gateway"
)

func far() *sms.Twilio { return &sms.Twilio{Token: "the auth token"} }

// judged fails unless a request was refused in words that are its sender's to hear, or stored.
func judged(t *testing.T, n *noted, known bool, err error) {
	t.Helper()
	switch code := fault.CodeOf(err); {
	case !known && (code != fault.Forbidden || n.wrote > 0):
		t.Errorf("what nobody vouches for: %v; %d things are stored", err, n.wrote)
	case known && err != nil && code != fault.Invalid && code != fault.NotFound:
		t.Errorf("refused with %s: %v", code, err)
	case err != nil && n.wrote > 0:
		t.Errorf("%d things are stored of what is refused: %v", n.wrote, err)
	}
}

// FuzzTwilio sends any form to the provider's webhooks: nothing of what it has not signed is stored, and what is stored is well-formed.
func FuzzTwilio(f *testing.F) {
	for _, form := range []string{"MessageSid=SM1&From=%2B4740000001&To=1234&Body=STOP", "MessageSid=SM1&From=%2B4740000002&Body=hei%00%ff&Body=x", "MessageSid=SM1&MessageStatus=delivered",
		"MessageSid=S%00M&MessageStatus=failed&ErrorCode=30003&ErrorMessage=%ffgone", "From=&MessageSid=", "a&b=%zz"} {
		f.Add(form, "north", "", true, false)
		f.Add(form, "north", far().SignatureOf(hook, url.Values{}), false, true)
	}
	f.Fuzz(func(t *testing.T, body, slug, signature string, sign, status bool) {
		form, err := url.ParseQuery(body)
		if err != nil {
			return // the API refuses it
		}
		right := far().SignatureOf(hook, form)
		if sign {
			signature = right
		}
		s, n := webhooks(t)
		judged(t, n, signature == right, s.Twilio(t.Context(), slug, status, hook, form, signature))
	})
}

// FuzzKannel is the same for the gateway's messages and reports, which show its secret.
func FuzzKannel(f *testing.F) {
	for _, q := range []string{"id=1&from=4740000001&to=1234&coding=0&text=START", "id=2&from=4740000009&coding=2&hex=06450631", "id=3&from=%2B4740000002&coding=2&text=%00h%00e", "id=4&from=x&coding=2&hex=zz",
		"id=0199&status=1&answer=x", "id=%00&status=16&answer=%ff%00", "status=2", "id=01998c1e-0f0d-7d8a-9c5e-5b1d2e3f4a5b&status=2", "token=a&token=b&id=1"} {
		f.Add(q, "north", secret, false)
		f.Add(q, "north", "guess", true)
	}
	f.Fuzz(func(t *testing.T, query, slug, token string, status bool) {
		form := sms.Query(query)
		if token != "" {
			form.Set("token", token)
		}
		s, n := webhooks(t)
		judged(t, n, form.Get("token") == secret, s.Kannel(t.Context(), inbound.KannelRequest{Slug: slug, Status: status, Query: form.Encode()}))
	})
}
