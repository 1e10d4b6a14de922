package api

import (
	"context"
	"net/http"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/service/delivery"
)

// Outbox is what a server without providers shows of what it would have sent.
type Outbox interface {
	List(ctx context.Context, actor domain.Actor, before string, limit int) (delivery.OutboxPage, error)
	HTML(ctx context.Context, actor domain.Actor, id string) (string, error)
	Raw(ctx context.Context, actor domain.Actor, id string) (string, error)
	Reply(ctx context.Context, actor domain.Actor, id, body string) error
}

// Pushes keeps the browsers that take pushes.
type Pushes interface {
	Subscribe(ctx context.Context, actor domain.Actor, r delivery.PushRequest) error
	Unsubscribe(ctx context.Context, actor domain.Actor, r delivery.PushRequest) error
}

func (s *Server) outboxRoutes() []route {
	return []route{
		{"GET", "/outbox", s.signedIn(s.listOutbox)},
		{"GET", "/outbox/{copy}/html", s.signedIn(s.outboxHTML)},
		{"GET", "/outbox/{copy}/raw", s.signedIn(s.outboxRaw)},
		{"POST", "/outbox/{copy}/reply", s.signedIn(s.outboxReply)},
		{"POST", "/me/push", s.signedIn(s.subscribe)},
		{"DELETE", "/me/push", s.signedIn(s.unsubscribe)},
	}
}

// outbox returns the outbox for those who may see one. Errors: Forbidden; NotFound on a server that sends.
func (s *Server) outbox(actor domain.Actor) (Outbox, error) {
	if err := actor.May(domain.ActDeliveryAll); err != nil {
		return nil, err
	}
	if s.Outbox == nil {
		return nil, fault.New(fault.NotFound, "this server has providers and keeps no outbox")
	}
	return s.Outbox, nil
}

func (s *Server) listOutbox(x *exchange, actor domain.Actor) error {
	box, err := s.outbox(actor)
	if err != nil {
		return err
	}
	q := x.query()
	before, limit := q.text("before"), q.limit(50, 200)
	if err := q.err(); err != nil {
		return err
	}
	page, err := box.List(x.r.Context(), actor, before, limit)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, page)
}

// mailPolicy is the Content-Security-Policy of a mail that is shown: it runs nothing, fetches nothing, goes nowhere, and
// stands in a frame of this server's pages alone. Its origin is none of ours.
const mailPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

func (s *Server) outboxHTML(x *exchange, actor domain.Actor) error {
	box, err := s.outbox(actor)
	if err != nil {
		return err
	}
	page, err := box.HTML(x.r.Context(), actor, x.path("copy"))
	if err != nil {
		return err
	}
	h := x.w.Header()
	h.Set("Content-Security-Policy", mailPolicy)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Referrer-Policy", "no-referrer")
	x.w.WriteHeader(http.StatusOK)
	_, _ = x.w.Write([]byte(page))
	return nil
}

func (s *Server) outboxRaw(x *exchange, actor domain.Actor) error {
	box, err := s.outbox(actor)
	if err != nil {
		return err
	}
	raw, err := box.Raw(x.r.Context(), actor, x.path("copy"))
	if err != nil {
		return err
	}
	h := x.w.Header()
	h.Set("Content-Type", "message/rfc822")
	h.Set("Content-Disposition", `attachment; filename="mail.eml"`)
	x.w.WriteHeader(http.StatusOK)
	_, _ = x.w.Write([]byte(raw))
	return nil
}

func (s *Server) outboxReply(x *exchange, actor domain.Actor) error {
	box, err := s.outbox(actor)
	if err != nil {
		return err
	}
	var in struct {
		Body string `json:"body"`
	}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	if err := box.Reply(x.r.Context(), actor, x.path("copy"), in.Body); err != nil {
		return err
	}
	return x.empty()
}

func (s *Server) subscribe(x *exchange, actor domain.Actor) error {
	var in delivery.PushRequest
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	if err := s.Pushes.Subscribe(x.r.Context(), actor, in); err != nil {
		return err
	}
	return x.empty()
}

func (s *Server) unsubscribe(x *exchange, actor domain.Actor) error {
	var in delivery.PushRequest
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	if err := s.Pushes.Unsubscribe(x.r.Context(), actor, in); err != nil {
		return err
	}
	return x.empty()
}
