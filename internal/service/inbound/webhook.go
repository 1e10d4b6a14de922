package inbound

import (
	"context"
	"mime"
	"net/netip"
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

// Twilio deals with a request of the provider: an SMS, or a report if status. address is the one that the provider
// was given, form the request's parameters, signature what it says that they are signed with. A refusal is
// logged and counted. Errors: NotFound (no such organisation, or the provider is not in use), Forbidden (signed
// by somebody else, or altered), Invalid (a report that names no SMS), Unavailable.
func (s *Service) Twilio(ctx context.Context, slug string, status bool, address string, form url.Values, signature string) error {
	err := s.twilio(ctx, slug, status, address, form, signature)
	s.refusedBy(domain.FromTwilio, slug, err)
	return err
}

func (s *Service) twilio(ctx context.Context, slug string, status bool, address string, form url.Values, signature string) error {
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
	return s.ReceiveSMS(ctx, org, twilio, sms.TwilioMessage(form))
}

// KannelRequest is a request of the gateway. It is read leniently: gateways leave in what they cannot fill in.
type KannelRequest struct {
	Slug   string
	Status bool       // a delivery report; else an SMS
	Remote netip.Addr // who calls
	Query  string     // as it stands in the address
	Type   string     // of Body: a form, or with a post-url the SMS itself
	Body   []byte
}

func (r KannelRequest) parameters() url.Values {
	q := sms.Query(r.Query)
	if len(r.Body) == 0 {
		return q
	}
	if kind, _, err := mime.ParseMediaType(r.Type); err == nil && kind == "application/x-www-form-urlencoded" {
		for name, list := range sms.Query(string(r.Body)) {
			q[name] = append(q[name], list...)
		}
	} else if !q.Has("text") {
		q.Set("text", string(r.Body))
	}
	return q
}

// Kannel deals with a request of the gateway, which shows its token in the parameter token. A refusal is logged
// and counted. Errors: as of Twilio; Forbidden also for an address that may not call.
func (s *Service) Kannel(ctx context.Context, r KannelRequest) error {
	why, err := s.kannel(ctx, r)
	if why != "" {
		s.Refused(domain.FromKannel, r.Slug, 0, why, fault.Public(err).Message)
		return err
	}
	s.refusedBy(domain.FromKannel, r.Slug, err)
	return err
}

func (s *Service) kannel(ctx context.Context, r KannelRequest) (domain.RefusedWhy, error) {
	if s.o.Kannel == nil {
		return "", notInUse()
	}
	if !s.mayCall(r.Remote) {
		return domain.RefusedAddress, fault.New(fault.Forbidden, "the gateway does not call from this address")
	}
	form := r.parameters()
	if !s.o.Kannel.Known(form.Get("token")) {
		return "", fault.New(fault.Forbidden, "the token is not the gateway's")
	}
	org, err := s.o.Store.OrganisationBySlug(ctx, r.Slug)
	if err != nil {
		return "", err
	}
	if r.Status {
		report, ok, err := sms.KannelStatus(form)
		return "", s.report(ctx, org, kannel, report, ok, err)
	}
	return "", s.ReceiveSMS(ctx, org, kannel, sms.KannelMessage(form))
}

// mayCall reports whether the gateway may call from an address: from any, unless some are named.
func (s *Service) mayCall(from netip.Addr) bool {
	if len(s.o.KannelFrom) == 0 {
		return true
	}
	for _, p := range s.o.KannelFrom {
		if p.Contains(from.Unmap()) {
			return true
		}
	}
	return false
}

// refusedBy counts an error of a webhook, unless its caller comes again or knows no organisation.
func (s *Service) refusedBy(source domain.InboundSource, slug string, err error) {
	why := domain.RefusedMalformed
	switch fault.CodeOf(err) {
	case "", fault.Unavailable, fault.RateLimited, fault.Internal:
		return
	case fault.Forbidden:
		why = domain.RefusedProof
	case fault.NotFound:
		why = domain.RefusedAddress
	case fault.Invalid:
		why = domain.RefusedReport
	case fault.TooLarge:
		why = domain.RefusedTooLarge
	}
	s.Refused(source, slug, 0, why, fault.Public(err).Message)
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
