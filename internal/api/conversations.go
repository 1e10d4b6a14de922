package api

import (
	"context"
	"net/http"

	"crier/internal/domain"
	"crier/internal/service/conversation"
)

// Conversation is what staff do inside one candidate's conversation.
type Conversation interface {
	Replies
	Timeline(ctx context.Context, actor domain.Actor, person domain.PersonID, p conversation.Part) (conversation.Timeline, error)
	// Send and AddNote store before they return; fresh is false for a retry.
	Send(ctx context.Context, actor domain.Actor, person domain.PersonID, r conversation.Request) (item domain.Item, fresh bool, err error)
	AddNote(ctx context.Context, actor domain.Actor, person domain.PersonID, r conversation.NoteRequest) (item domain.Item, fresh bool, err error)
	Claim(ctx context.Context, actor domain.Actor, person domain.PersonID, takeOver bool) (domain.ConversationView, error)
	Release(ctx context.Context, actor domain.Actor, person domain.PersonID) (domain.ConversationView, error)
	Assign(ctx context.Context, actor domain.Actor, person, to domain.PersonID) (domain.ConversationView, error)
	Act(ctx context.Context, actor domain.Actor, a conversation.Action) (changed int, err error)
}

// conversationRoutes come after every /conversations/… that is no person's.
func (s *Server) conversationRoutes() []route {
	return []route{
		{"POST", "/conversations/actions", s.signedIn(s.actOnConversations)},
		{"GET", "/conversations/{person}", s.signedIn(s.getConversation)},
		{"POST", "/conversations/{person}/messages", s.signedIn(s.sendMessage)},
		{"POST", "/conversations/{person}/notes", s.signedIn(s.addNote)},
		{"POST", "/conversations/{person}/claim", s.signedIn(s.claimConversation)},
		{"POST", "/conversations/{person}/release", s.signedIn(s.releaseConversation)},
		{"POST", "/conversations/{person}/assign", s.signedIn(s.assignConversation)},
	}
}

func (s *Server) getConversation(x *exchange, actor domain.Actor) error {
	q := x.query()
	part := conversation.Part{Before: q.text("before"), Since: q.text("since"), Limit: q.limit(pageUsual, pageMost)}
	if err := q.err(); err != nil {
		return err
	}
	t, err := s.Conversation.Timeline(x.r.Context(), actor, domain.PersonID(x.path("person")), part)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, t)
}

func (s *Server) sendMessage(x *exchange, actor domain.Actor) error {
	var in conversation.Request
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	m, fresh, err := s.Conversation.Send(x.r.Context(), actor, domain.PersonID(x.path("person")), in)
	return x.added("message", m, fresh, err)
}

func (s *Server) addNote(x *exchange, actor domain.Actor) error {
	var in conversation.NoteRequest
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	n, fresh, err := s.Conversation.AddNote(x.r.Context(), actor, domain.PersonID(x.path("person")), in)
	return x.added("note", n, fresh, err)
}

// added answers what was stored under a client's key: 201, or 200 when it had been
// stored before.
func (x *exchange) added(name string, what any, fresh bool, err error) error {
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if !fresh {
		status = http.StatusOK
	}
	return x.json(status, map[string]any{name: what})
}

func (s *Server) claimConversation(x *exchange, actor domain.Actor) error {
	var in struct {
		TakeOver bool `json:"take_over"`
	}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	v, err := s.Conversation.Claim(x.r.Context(), actor, domain.PersonID(x.path("person")), in.TakeOver)
	return x.stands(v, err)
}

func (s *Server) releaseConversation(x *exchange, actor domain.Actor) error {
	v, err := s.Conversation.Release(x.r.Context(), actor, domain.PersonID(x.path("person")))
	return x.stands(v, err)
}

func (s *Server) assignConversation(x *exchange, actor domain.Actor) error {
	var in struct {
		To domain.PersonID `json:"to"`
	}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	v, err := s.Conversation.Assign(x.r.Context(), actor, domain.PersonID(x.path("person")), in.To)
	return x.stands(v, err)
}

// stands answers how a conversation stands now.
func (x *exchange) stands(v domain.ConversationView, err error) error {
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"conversation": v})
}

func (s *Server) actOnConversations(x *exchange, actor domain.Actor) error {
	var in conversation.Action
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	changed, err := s.Conversation.Act(x.r.Context(), actor, in)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"changed": changed})
}
