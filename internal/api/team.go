package api

import (
	"context"
	"net/http"

	"crier/internal/domain"
	"crier/internal/service/team"
)

// Team is staff speaking with each other.
type Team interface {
	Threads(ctx context.Context, actor domain.Actor) ([]team.Thread, error)
	Messages(ctx context.Context, actor domain.Actor, thread, before string, limit int) (team.Page, error)
	// Send stores a message before it returns; fresh is false for a retry.
	Send(ctx context.Context, actor domain.Actor, thread, key, body string) (m team.Message, fresh bool, err error)
	Read(ctx context.Context, actor domain.Actor, thread string) error
	Colleagues(ctx context.Context, actor domain.Actor, q string) ([]team.Colleague, error)
}

func (s *Server) teamRoutes() []route {
	return []route{
		{"GET", "/colleagues", s.signedIn(s.listColleagues)},
		{"GET", "/team", s.signedIn(s.listTeamThreads)},
		{"GET", "/team/{thread}", s.signedIn(s.listTeamMessages)},
		{"POST", "/team/{thread}/messages", s.signedIn(s.sendTeamMessage)},
		{"POST", "/team/{thread}/read", s.signedIn(s.readTeamThread)},
	}
}

func (s *Server) listColleagues(x *exchange, actor domain.Actor) error {
	q := x.query()
	text := q.text("q")
	if err := q.err(); err != nil {
		return err
	}
	list, err := s.Team.Colleagues(x.r.Context(), actor, text)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"colleagues": list})
}

func (s *Server) listTeamThreads(x *exchange, actor domain.Actor) error {
	list, err := s.Team.Threads(x.r.Context(), actor)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"threads": list})
}

func (s *Server) listTeamMessages(x *exchange, actor domain.Actor) error {
	q := x.query()
	limit, before := q.limit(pageUsual, pageMost), q.text("before")
	if err := q.err(); err != nil {
		return err
	}
	page, err := s.Team.Messages(x.r.Context(), actor, x.path("thread"), before, limit)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, page)
}

func (s *Server) sendTeamMessage(x *exchange, actor domain.Actor) error {
	var in struct {
		Key  string `json:"key"`
		Body string `json:"body"`
	}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	m, fresh, err := s.Team.Send(x.r.Context(), actor, x.path("thread"), in.Key, in.Body)
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if !fresh {
		status = http.StatusOK
	}
	return x.json(status, map[string]any{"message": m})
}

func (s *Server) readTeamThread(x *exchange, actor domain.Actor) error {
	if err := s.Team.Read(x.r.Context(), actor, x.path("thread")); err != nil {
		return err
	}
	return x.empty()
}
