package inbound

import (
	"context"
	"net/url"

	"crier/internal/channel/sms"
	"crier/internal/domain"
	"crier/internal/fault"
)

// The providers' names, as deliveries have them.
const (
	twilio = "twilio"
	kannel = "kannel"
)

// Twilio deals with a request of the provider: an SMS, or a report if status. address is the one that the provider was given, form the
// request's parameters, signature what it says that they are signed with. Errors: NotFound (no such
// organisation, or the provider is not in use), Forbidden (signed by somebody else, or altered), Invalid, Unavailable.
func (s *Service) Twilio(ctx context.Context, slug string, status bool, address string, form url.Values, signature string) error {
	if s.o.Twilio == nil {
		return notInUse()
	}
	if !s.o.Twilio.Signed(address, form, signature) {
		return fault.New(fault.Forbidden, "the signature is not the provider's")
	}
	org, err := s.o.Store.OrganisationBySlug(ctx, slug)
	if err != nil {
		return err
	}
	if status {
		r, ok, err := sms.TwilioStatus(form)
		return s.report(ctx, org, twilio, r, ok, err)
	}
	r, err := sms.TwilioMessage(form)
	return s.receive(ctx, org, twilio, r, err)
}

// Kannel deals with a request of the gateway, which shows token. Errors: as of Twilio.
func (s *Service) Kannel(ctx context.Context, slug string, status bool, form url.Values) error {
	if s.o.Kannel == nil {
		return notInUse()
	}
	if !s.o.Kannel.Known(form.Get("token")) {
		return fault.New(fault.Forbidden, "the token is not the gateway's")
	}
	org, err := s.o.Store.OrganisationBySlug(ctx, slug)
	if err != nil {
		return err
	}
	if status {
		r, ok, err := sms.KannelStatus(form)
		return s.report(ctx, org, kannel, r, ok, err)
	}
	r, err := sms.KannelMessage(form)
	return s.receive(ctx, org, kannel, r, err)
}

func (s *Service) receive(ctx context.Context, org domain.Organisation, provider string, r sms.Received, err error) error {
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "%s", err)
	}
	return s.ReceiveSMS(ctx, org, provider, r)
}

func (s *Service) report(ctx context.Context, org domain.Organisation, provider string, r sms.Report, ok bool, err error) error {
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "%s", err)
	}
	if !ok {
		return nil
	}
	return s.Report(ctx, org.ID, provider, r)
}

func notInUse() error { return fault.New(fault.NotFound, "this provider is not in use here") }
