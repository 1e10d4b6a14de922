package api

import (
	"context"
	"net/http"

	"crier/internal/domain"
	"crier/internal/service/monitor"
)

// Monitor shows staff their tests.
type Monitor interface {
	Exams(ctx context.Context, actor domain.Actor) ([]monitor.Exam, error)
	Exam(ctx context.Context, actor domain.Actor, exam domain.ExamID) (monitor.ExamOfMine, error)
	Candidates(ctx context.Context, actor domain.Actor, exam domain.ExamID, f domain.CandidateFilter, limit int, after string) (monitor.Page, error)
}

func (s *Server) testRoutes() []route {
	return []route{
		{"GET", "/tests", s.signedIn(s.listTests)},
		{"GET", "/tests/{test}", s.signedIn(s.getTest)},
		{"GET", "/tests/{test}/candidates", s.signedIn(s.listCandidates)},
	}
}

func (s *Server) listTests(x *exchange, actor domain.Actor) error {
	tests, err := s.Monitor.Exams(x.r.Context(), actor)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"tests": tests})
}

func (s *Server) getTest(x *exchange, actor domain.Actor) error {
	test, err := s.Monitor.Exam(x.r.Context(), actor, domain.ExamID(x.path("test")))
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, test)
}

// candidatesMost is how many candidates one answer holds at most.
const candidatesMost = 5000

func (s *Server) listCandidates(x *exchange, actor domain.Actor) error {
	q := x.query()
	f := domain.CandidateFilter{
		Q: q.text("q"), Progress: as[domain.Progress](q.list("progress")), Presence: as[domain.Presence](q.list("presence")),
		Room: q.list("room"), Seat: q.list("seat"), ExtraTime: q.yesNo("extra_time"), Tag: q.list("tag"),
		Group: as[domain.GroupID](q.list("group")),
	}
	limit, after := q.limit(0, candidatesMost), q.text("after")
	if err := q.err(); err != nil {
		return err
	}
	page, err := s.Monitor.Candidates(x.r.Context(), actor, domain.ExamID(x.path("test")), f, limit, after)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, page)
}

// as gives strings another name; the service checks the values.
func as[T ~string](in []string) []T {
	out := make([]T, len(in))
	for i, v := range in {
		out[i] = T(v)
	}
	return out
}
