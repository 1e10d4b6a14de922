package api

import (
	"context"
	"net/http"

	"crier/internal/domain"
	"crier/internal/service/delivery"
)

// Delivery plans copies by email and SMS, and shows what became of them.
type Delivery interface {
	Plan(ctx context.Context, actor domain.Actor, r delivery.PlanRequest) (delivery.Plan, error)
	PlanOne(ctx context.Context, actor domain.Actor, person domain.PersonID, r delivery.PlanRequest) (delivery.Plan, error)
	Channels(ctx context.Context, actor domain.Actor) (delivery.ChannelsView, error)
	Deliveries(ctx context.Context, actor domain.Actor, q delivery.Query) (delivery.Page, error)
	Of(ctx context.Context, actor domain.Actor, item string, person domain.PersonID) ([]delivery.View, error)
	Retry(ctx context.Context, actor domain.Actor, ids []string) (int, error)
	Consents(ctx context.Context, actor domain.Actor, person domain.PersonID) (delivery.Consents, error)
	SetConsent(ctx context.Context, actor domain.Actor, person domain.PersonID, r delivery.ConsentRequest) (delivery.Consents, error)
	OwnConsents(ctx context.Context, actor domain.Actor) (delivery.Consents, error)
	SetOwnConsent(ctx context.Context, actor domain.Actor, r delivery.ConsentRequest) (delivery.Consents, error)
}

func (s *Server) deliveryRoutes() []route {
	return []route{
		{"GET", "/channels", s.signedIn(s.getChannels)},
		{"POST", "/conversations/{person}/plan", s.signedIn(s.planMessage)},
		{"GET", "/messages/{item}/deliveries", s.signedIn(s.listMessageDeliveries)},
		{"GET", "/deliveries", s.signedIn(s.listDeliveries)},
		{"POST", "/deliveries/retry", s.signedIn(s.retryDeliveries)},
		{"GET", "/people/{person}/consents", s.signedIn(s.getConsents)},
		{"POST", "/people/{person}/consents", s.signedIn(s.setConsent)},
		{"GET", "/me/consents", s.signedIn(s.getOwnConsents)},
		{"POST", "/me/consents", s.signedIn(s.setOwnConsent)},
	}
}

func (s *Server) getChannels(x *exchange, actor domain.Actor) error {
	v, err := s.Delivery.Channels(x.r.Context(), actor)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, v)
}

// planned is what a plan is asked about beside the people.
type planned struct {
	Channels []domain.Channel `json:"channels"`
	Subject  string           `json:"subject"` // with the body: for the number of SMS parts
	Body     string           `json:"body"`
}

func (s *Server) planMessage(x *exchange, actor domain.Actor) error {
	var in struct {
		planned
		Group domain.GroupID `json:"group"`
	}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	p, err := s.Delivery.PlanOne(x.r.Context(), actor, domain.PersonID(x.path("person")), delivery.PlanRequest{Group: in.Group, Channels: in.Channels, Subject: in.Subject, Body: in.Body})
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"plan": p})
}

// plan is the plan of a preview's people, nil if it asks for no channels.
func (s *Server) plan(x *exchange, actor domain.Actor, group domain.GroupID, in planned, people []domain.PersonID) (*delivery.Plan, error) {
	if in.Channels == nil {
		return nil, nil
	}
	p, err := s.Delivery.Plan(x.r.Context(), actor, delivery.PlanRequest{Group: group, People: people, Channels: in.Channels, Subject: in.Subject, Body: in.Body, Each: true})
	if err != nil {
		return nil, err
	}
	return &p, nil
}

func (s *Server) listMessageDeliveries(x *exchange, actor domain.Actor) error {
	q := x.query()
	person := q.text("person")
	if err := q.err(); err != nil {
		return err
	}
	list, err := s.Delivery.Of(x.r.Context(), actor, x.path("item"), domain.PersonID(person))
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"deliveries": list})
}

func (s *Server) listDeliveries(x *exchange, actor domain.Actor) error {
	q := x.query()
	ask := delivery.Query{State: domain.DeliveryState(q.text("state")), Channel: domain.Channel(q.text("channel")), Person: domain.PersonID(q.text("person")),
		Limit: q.limit(pageUsual, pageMost), After: q.text("after")}
	if err := q.err(); err != nil {
		return err
	}
	page, err := s.Delivery.Deliveries(x.r.Context(), actor, ask)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, page)
}

func (s *Server) retryDeliveries(x *exchange, actor domain.Actor) error {
	var in struct {
		IDs []string `json:"ids"`
	}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	n, err := s.Delivery.Retry(x.r.Context(), actor, in.IDs)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"retried": n})
}

func (s *Server) getConsents(x *exchange, actor domain.Actor) error {
	c, err := s.Delivery.Consents(x.r.Context(), actor, domain.PersonID(x.path("person")))
	return x.consents(c, err)
}

func (s *Server) setConsent(x *exchange, actor domain.Actor) error {
	var in delivery.ConsentRequest
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	c, err := s.Delivery.SetConsent(x.r.Context(), actor, domain.PersonID(x.path("person")), in)
	return x.consents(c, err)
}

func (s *Server) getOwnConsents(x *exchange, actor domain.Actor) error {
	c, err := s.Delivery.OwnConsents(x.r.Context(), actor)
	return x.consents(c, err)
}

func (s *Server) setOwnConsent(x *exchange, actor domain.Actor) error {
	var in delivery.ConsentRequest
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	c, err := s.Delivery.SetOwnConsent(x.r.Context(), actor, in)
	return x.consents(c, err)
}

func (x *exchange) consents(c delivery.Consents, err error) error {
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, c)
}
