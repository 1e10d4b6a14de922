package api

import (
	"context"
	"net/http"

	"crier/internal/domain"
	"crier/internal/service/broadcast"
	"crier/internal/service/delivery"
)

// Broadcast sends messages and follows their delivery.
type Broadcast interface {
	Preview(ctx context.Context, actor domain.Actor, exam domain.ExamID, to broadcast.Recipients) (broadcast.Preview, error)
	// Send stores a sending before it returns; fresh is false when the key had been used
	// for the same before.
	Send(ctx context.Context, actor domain.Actor, exam domain.ExamID, in broadcast.Request) (b broadcast.Broadcast, fresh bool, err error)
	List(ctx context.Context, actor domain.Actor, exam domain.ExamID, limit int, before string) (broadcast.Page, error)
	Get(ctx context.Context, actor domain.Actor, id domain.BroadcastID) (broadcast.Broadcast, error)
	Recipients(ctx context.Context, actor domain.Actor, id domain.BroadcastID, missing string, limit int, after string) (broadcast.Board, error)
	Remind(ctx context.Context, actor domain.Actor, id domain.BroadcastID, key, missing string) (b broadcast.Broadcast, fresh bool, err error)
	PreviewMany(ctx context.Context, actor domain.Actor, group domain.GroupID, to broadcast.People) (broadcast.ManyPreview, error)
	SendMany(ctx context.Context, actor domain.Actor, in broadcast.ManyRequest) (b broadcast.Broadcast, fresh bool, err error)
	Replies(ctx context.Context, actor domain.Actor, id domain.BroadcastID, limit int, after string) (broadcast.Replies, error)
	Untold(ctx context.Context, actor domain.Actor, id domain.BroadcastID, people []domain.PersonID) ([]broadcast.Recipient, error)
	Told(ctx context.Context, actor domain.Actor, id domain.BroadcastID, people []domain.PersonID, note string) ([]broadcast.Recipient, error)
}

func (s *Server) broadcastRoutes() []route {
	return []route{
		{"POST", "/tests/{test}/broadcasts/preview", s.signedIn(s.previewBroadcast)},
		{"POST", "/tests/{test}/broadcasts", s.signedIn(s.sendBroadcast)},
		{"GET", "/tests/{test}/broadcasts", s.signedIn(s.listBroadcasts)},
		{"POST", "/broadcasts/preview", s.signedIn(s.previewMany)},
		{"POST", "/broadcasts", s.signedIn(s.sendMany)},
		{"GET", "/broadcasts/{broadcast}/replies", s.signedIn(s.listReplies)},
		{"GET", "/broadcasts/{broadcast}", s.signedIn(s.getBroadcast)},
		{"GET", "/broadcasts/{broadcast}/recipients", s.signedIn(s.listRecipients)},
		{"POST", "/broadcasts/{broadcast}/remind", s.signedIn(s.remind)},
		{"POST", "/broadcasts/{broadcast}/told", s.signedIn(s.told)},
		{"POST", "/broadcasts/{broadcast}/told/undo", s.signedIn(s.untold)},
	}
}

// pageMost and pageUsual are the sizes of lists that come in pages.
const (
	pageMost  = 200
	pageUsual = 50
)

func (s *Server) previewBroadcast(x *exchange, actor domain.Actor) error {
	var in struct {
		planned
		Recipients broadcast.Recipients `json:"recipients"`
	}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	p, err := s.Broadcast.Preview(x.r.Context(), actor, domain.ExamID(x.path("test")), in.Recipients)
	if err != nil {
		return err
	}
	people := make([]domain.PersonID, len(p.Recipients))
	for i, r := range p.Recipients {
		people[i] = r.ID
	}
	plan, err := s.plan(x, actor, domain.ExamID(x.path("test")), in.planned, people)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, struct {
		broadcast.Preview
		Plan *delivery.Plan `json:"plan,omitempty"`
	}{p, plan})
}

func (s *Server) sendBroadcast(x *exchange, actor domain.Actor) error {
	var in broadcast.Request
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	b, fresh, err := s.Broadcast.Send(x.r.Context(), actor, domain.ExamID(x.path("test")), in)
	return x.sent(b, fresh, err)
}

// sent answers a sending: 201, or 200 when it had been made before under its key.
func (x *exchange) sent(b broadcast.Broadcast, fresh bool, err error) error {
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if !fresh {
		status = http.StatusOK
	}
	return x.json(status, map[string]any{"broadcast": b})
}

func (s *Server) listBroadcasts(x *exchange, actor domain.Actor) error {
	q := x.query()
	limit, before := q.limit(pageUsual, pageMost), q.text("before")
	if err := q.err(); err != nil {
		return err
	}
	page, err := s.Broadcast.List(x.r.Context(), actor, domain.ExamID(x.path("test")), limit, before)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, page)
}

func (s *Server) getBroadcast(x *exchange, actor domain.Actor) error {
	b, err := s.Broadcast.Get(x.r.Context(), actor, domain.BroadcastID(x.path("broadcast")))
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"broadcast": b})
}

func (s *Server) listRecipients(x *exchange, actor domain.Actor) error {
	q := x.query()
	missing, limit, after := q.text("missing"), q.limit(0, candidatesMost), q.text("after")
	if err := q.err(); err != nil {
		return err
	}
	page, err := s.Broadcast.Recipients(x.r.Context(), actor, domain.BroadcastID(x.path("broadcast")), missing, limit, after)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, page)
}

func (s *Server) remind(x *exchange, actor domain.Actor) error {
	var in struct {
		Key     string `json:"key"`
		Missing string `json:"missing"`
	}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	b, fresh, err := s.Broadcast.Remind(x.r.Context(), actor, domain.BroadcastID(x.path("broadcast")), in.Key, in.Missing)
	return x.sent(b, fresh, err)
}

func (s *Server) told(x *exchange, actor domain.Actor) error {
	var in struct {
		People []domain.PersonID `json:"people"`
		Note   string            `json:"note"`
	}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	lines, err := s.Broadcast.Told(x.r.Context(), actor, domain.BroadcastID(x.path("broadcast")), in.People, in.Note)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"recipients": lines})
}

func (s *Server) untold(x *exchange, actor domain.Actor) error {
	var in struct {
		People []domain.PersonID `json:"people"`
	}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	lines, err := s.Broadcast.Untold(x.r.Context(), actor, domain.BroadcastID(x.path("broadcast")), in.People)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"recipients": lines})
}

func (s *Server) previewMany(x *exchange, actor domain.Actor) error {
	var in struct {
		planned
		Group      domain.GroupID   `json:"group"`
		Recipients broadcast.People `json:"recipients"`
	}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	p, err := s.Broadcast.PreviewMany(x.r.Context(), actor, in.Group, in.Recipients)
	if err != nil {
		return err
	}
	people := make([]domain.PersonID, len(p.Recipients))
	for i, r := range p.Recipients {
		people[i] = r.ID
	}
	plan, err := s.plan(x, actor, in.Group, in.planned, people)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, struct {
		broadcast.ManyPreview
		Plan *delivery.Plan `json:"plan,omitempty"`
	}{p, plan})
}

func (s *Server) sendMany(x *exchange, actor domain.Actor) error {
	var in broadcast.ManyRequest
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	b, fresh, err := s.Broadcast.SendMany(x.r.Context(), actor, in)
	return x.sent(b, fresh, err)
}

func (s *Server) listReplies(x *exchange, actor domain.Actor) error {
	q := x.query()
	limit, after := q.limit(pageUsual, pageMost), q.text("after")
	if err := q.err(); err != nil {
		return err
	}
	page, err := s.Broadcast.Replies(x.r.Context(), actor, domain.BroadcastID(x.path("broadcast")), limit, after)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, page)
}
