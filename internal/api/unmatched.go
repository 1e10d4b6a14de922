package api

import (
	"context"
	"net/http"

	"crier/internal/domain"
	"crier/internal/service/inbound"
)

// Unmatched is what came in and belongs to nobody yet.
type Unmatched interface {
	List(ctx context.Context, actor domain.Actor, limit int, after string) (inbound.Page, error)
	Assign(ctx context.Context, actor domain.Actor, id string, person domain.PersonID) (domain.Item, error)
	Discard(ctx context.Context, actor domain.Actor, id, note string) error
	DiscardMany(ctx context.Context, actor domain.Actor, ids []string, note string) (int, error)
	Refusals(ctx context.Context, actor domain.Actor) ([]domain.Refused, error)
}

func (s *Server) unmatchedRoutes() []route {
	return []route{
		{"GET", "/unmatched", s.signedIn(s.listUnmatched)},
		{"GET", "/refusals", s.signedIn(s.listRefusals)},
		{"GET", "/unmatched/{inbound}/original", s.signedIn(s.unmatchedOriginal)},
		{"GET", "/unmatched/{inbound}/original/text", s.signedIn(s.unmatchedOriginalText)},
		{"GET", "/messages/{item}/original", s.signedIn(s.messageOriginal)},
		{"POST", "/unmatched/discard", s.signedIn(s.discardManyUnmatched)},
		{"GET", "/messages/{item}/original/text", s.signedIn(s.messageOriginalText)},
		{"POST", "/unmatched/{inbound}/assign", s.signedIn(s.assignUnmatched)},
		{"POST", "/unmatched/{inbound}/discard", s.signedIn(s.discardUnmatched)},
	}
}

func (s *Server) listUnmatched(x *exchange, actor domain.Actor) error {
	q := x.query()
	limit, after := q.limit(50, 200), q.text("after")
	if err := q.err(); err != nil {
		return err
	}
	page, err := s.Unmatched.List(x.r.Context(), actor, limit, after)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, page)
}

func (s *Server) listRefusals(x *exchange, actor domain.Actor) error {
	list, err := s.Unmatched.Refusals(x.r.Context(), actor)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"refused": list})
}

func (s *Server) assignUnmatched(x *exchange, actor domain.Actor) error {
	var in struct {
		Person domain.PersonID `json:"person"`
	}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	item, err := s.Unmatched.Assign(x.r.Context(), actor, x.path("inbound"), in.Person)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"message": item})
}

func (s *Server) discardUnmatched(x *exchange, actor domain.Actor) error {
	var in struct {
		Note string `json:"note"`
	}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	if err := s.Unmatched.Discard(x.r.Context(), actor, x.path("inbound"), in.Note); err != nil {
		return err
	}
	return x.empty()
}

func (s *Server) discardManyUnmatched(x *exchange, actor domain.Actor) error {
	var in struct {
		IDs  []string `json:"ids"`
		Note string   `json:"note"`
	}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	n, err := s.Unmatched.DiscardMany(x.r.Context(), actor, in.IDs, in.Note)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"discarded": n})
}
