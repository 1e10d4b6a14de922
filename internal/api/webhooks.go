package api

import (
	"context"
	"mime"
	"net/http"
	"net/netip"
	"net/url"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/service/inbound"
)

// Webhooks is what providers of SMS call. Each proves by itself who calls, and counts what it refuses.
type Webhooks interface {
	Twilio(ctx context.Context, slug string, status bool, address string, form url.Values, signature string) error
	Kannel(ctx context.Context, r inbound.KannelRequest) error
	// Refused notes a request that cannot be read.
	Refused(source domain.InboundSource, slug string, org domain.OrganisationID, why domain.RefusedWhy, detail string)
}

// Bounds of a webhook's request.
const (
	webhookLimit      = 64 << 10 // bytes
	webhookParameters = 100
)

func (s *Server) webhookRoutes() []route {
	return []route{
		{"POST", "/webhooks/twilio/{slug}/message", s.twilio(false)},
		{"POST", "/webhooks/twilio/{slug}/status", s.twilio(true)},
		{"GET", "/webhooks/kannel/{slug}/message", s.kannel(false)},
		{"POST", "/webhooks/kannel/{slug}/message", s.kannel(false)},
		{"GET", "/webhooks/kannel/{slug}/status", s.kannel(true)},
		{"POST", "/webhooks/kannel/{slug}/status", s.kannel(true)},
	}
}

// twilio answers 204: no SMS goes back by the answer.
func (s *Server) twilio(status bool) func(*exchange) error {
	return func(x *exchange) error {
		form, err := x.form()
		if err != nil {
			s.unreadable(domain.FromTwilio, x, err)
			return err
		}
		// The provider signs the address that it was given: the public one, whatever a proxy made of it.
		address := x.r.URL.RequestURI()
		if len(s.Origins) > 0 {
			address = s.Origins[0] + address
		}
		if err := s.Webhooks.Twilio(x.r.Context(), x.path("slug"), status, address, form, x.r.Header.Get("X-Twilio-Signature")); err != nil {
			return err
		}
		return x.empty()
	}
}

// kannel answers 202 with nothing in it: the gateway takes any other 2xx for a failure, and would send a text back
// as an SMS.
func (s *Server) kannel(status bool) func(*exchange) error {
	return func(x *exchange) error {
		r := inbound.KannelRequest{Slug: x.path("slug"), Status: status, Query: x.r.URL.RawQuery}
		if from, err := netip.ParseAddrPort(x.r.RemoteAddr); err == nil {
			r.Remote = from.Addr()
		}
		if x.r.Method != http.MethodGet {
			var err error
			if r.Body, err = x.body(webhookLimit); err != nil {
				s.unreadable(domain.FromKannel, x, err)
				return err
			}
			r.Type = x.r.Header.Get("Content-Type")
		}
		if err := s.Webhooks.Kannel(x.r.Context(), r); err != nil {
			return err
		}
		x.w.WriteHeader(http.StatusAccepted)
		return nil
	}
}

// unreadable notes a webhook's request that cannot be read.
func (s *Server) unreadable(source domain.InboundSource, x *exchange, err error) {
	why := domain.RefusedMalformed
	if fault.Is(err, fault.TooLarge) {
		why = domain.RefusedTooLarge
	}
	s.Webhooks.Refused(source, x.path("slug"), 0, why, fault.Public(err).Message)
}

// form reads the parameters of a request's body.
func (x *exchange) form() (url.Values, error) {
	body, err := x.body(webhookLimit)
	if err != nil {
		return nil, err
	}
	if len(body) == 0 {
		return url.Values{}, nil
	}
	if kind, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, malformed("Content-Type", "the body must be a form, with Content-Type: application/x-www-form-urlencoded")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, fault.Wrap(err, fault.Malformed, "the form is not well encoded")
	}
	if len(form) > webhookParameters {
		return nil, fault.New(fault.Malformed, "the form has too many parameters")
	}
	return form, nil
}
