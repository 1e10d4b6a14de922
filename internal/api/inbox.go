package api

import (
	"context"
	"net/http"

	"crier/internal/domain"
	"crier/internal/service/conversation"
	"crier/internal/service/inbox"
)

// Inbox is a candidate's own side.
type Inbox interface {
	Dashboard(ctx context.Context, actor domain.Actor) (inbox.Dashboard, error)
	Messages(ctx context.Context, actor domain.Actor, q string, exam domain.ExamID, limit int, before string) (inbox.Page, error)
	// Show is a message of the actor's own as the message centre shows it.
	Show(actor domain.Actor, m domain.Message) inbox.Message
	// Receipts returns once they are durable.
	Receipts(ctx context.Context, actor domain.Actor, items []inbox.Receipt) error
}

// Replies is a candidate's own writing.
type Replies interface {
	// Reply stores a message before it returns; fresh is false for a retry.
	Reply(ctx context.Context, actor domain.Actor, r conversation.Reply) (m domain.Message, fresh bool, err error)
	Threads(ctx context.Context, actor domain.Actor) ([]conversation.Thread, error)
}

func (s *Server) inboxRoutes() []route {
	return []route{
		{"GET", "/dashboard", s.signedIn(s.dashboard)},
		{"GET", "/inbox", s.signedIn(s.inbox)},
		{"POST", "/inbox/messages", s.signedIn(s.reply)},
		{"GET", "/inbox/threads", s.signedIn(s.threads)},
		{"POST", "/receipts", s.signedIn(s.receipts)},
	}
}

func (s *Server) dashboard(x *exchange, actor domain.Actor) error {
	d, err := s.Inbox.Dashboard(x.r.Context(), actor)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, d)
}

func (s *Server) inbox(x *exchange, actor domain.Actor) error {
	q := x.query()
	text, test, limit, before := q.text("q"), q.text("test"), q.limit(pageUsual, pageMost), q.text("before")
	if err := q.err(); err != nil {
		return err
	}
	page, err := s.Inbox.Messages(x.r.Context(), actor, text, domain.ExamID(test), limit, before)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, page)
}

func (s *Server) receipts(x *exchange, actor domain.Actor) error {
	var in struct {
		Items []inbox.Receipt `json:"items"`
	}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	if err := s.Inbox.Receipts(x.r.Context(), actor, in.Items); err != nil {
		return err
	}
	return x.empty()
}

func (s *Server) reply(x *exchange, actor domain.Actor) error {
	var in conversation.Reply
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	m, fresh, err := s.Conversation.Reply(x.r.Context(), actor, in)
	if err != nil {
		return err
	}
	return x.added("message", s.Inbox.Show(actor, m), fresh, nil)
}

func (s *Server) threads(x *exchange, actor domain.Actor) error {
	list, err := s.Conversation.Threads(x.r.Context(), actor)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"threads": list})
}
