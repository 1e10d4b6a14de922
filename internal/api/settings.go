package api

import (
	"context"
	"encoding/json"
	"net/http"

	"crier/internal/domain"
	"crier/internal/service/settings"
)

// Settings keeps what people choose.
type Settings interface {
	Choices(ctx context.Context, actor domain.Actor) (settings.Choices, error)
	Change(ctx context.Context, actor domain.Actor, c settings.Change) (settings.Choices, error)
	CannedReplies(ctx context.Context, actor domain.Actor) ([]settings.CannedReply, error)
	PutCanned(ctx context.Context, actor domain.Actor, id string, in settings.CannedRequest) (settings.CannedReply, error)
	RemoveCanned(ctx context.Context, actor domain.Actor, id string) error
	Views(ctx context.Context, actor domain.Actor) ([]settings.View, error)
	AddView(ctx context.Context, actor domain.Actor, name, query string) (settings.View, error)
	RemoveView(ctx context.Context, actor domain.Actor, id string) error
	Preferences(ctx context.Context, actor domain.Actor) (map[string]json.RawMessage, error)
	SetPreferences(ctx context.Context, actor domain.Actor, values map[string]json.RawMessage) (map[string]json.RawMessage, error)
}

func (s *Server) settingsRoutes() []route {
	return []route{
		{"GET", "/settings", s.signedIn(s.getSettings)},
		{"PATCH", "/settings", s.signedIn(s.changeSettings)},
		{"GET", "/canned-replies", s.signedIn(s.listCanned)},
		{"POST", "/canned-replies", s.signedIn(s.addCanned)},
		{"PUT", "/canned-replies/{reply}", s.signedIn(s.putCanned)},
		{"DELETE", "/canned-replies/{reply}", s.signedIn(s.removeCanned)},
		{"GET", "/views", s.signedIn(s.listViews)},
		{"POST", "/views", s.signedIn(s.addView)},
		{"DELETE", "/views/{view}", s.signedIn(s.removeView)},
		{"GET", "/me/preferences", s.signedIn(s.getPreferences)},
		{"PUT", "/me/preferences", s.signedIn(s.setPreferences)},
	}
}

func (s *Server) getSettings(x *exchange, actor domain.Actor) error {
	c, err := s.Settings.Choices(x.r.Context(), actor)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"settings": c})
}

func (s *Server) changeSettings(x *exchange, actor domain.Actor) error {
	var in settings.Change
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	c, err := s.Settings.Change(x.r.Context(), actor, in)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"settings": c})
}

func (s *Server) listCanned(x *exchange, actor domain.Actor) error {
	list, err := s.Settings.CannedReplies(x.r.Context(), actor)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"canned_replies": list})
}

func (s *Server) addCanned(x *exchange, actor domain.Actor) error {
	return s.storeCanned(x, actor, "", http.StatusCreated)
}

func (s *Server) putCanned(x *exchange, actor domain.Actor) error {
	return s.storeCanned(x, actor, x.path("reply"), http.StatusOK)
}

func (s *Server) storeCanned(x *exchange, actor domain.Actor, id string, status int) error {
	var in settings.CannedRequest
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	r, err := s.Settings.PutCanned(x.r.Context(), actor, id, in)
	if err != nil {
		return err
	}
	return x.json(status, map[string]any{"canned_reply": r})
}

func (s *Server) removeCanned(x *exchange, actor domain.Actor) error {
	if err := s.Settings.RemoveCanned(x.r.Context(), actor, x.path("reply")); err != nil {
		return err
	}
	return x.empty()
}

func (s *Server) listViews(x *exchange, actor domain.Actor) error {
	list, err := s.Settings.Views(x.r.Context(), actor)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"views": list})
}

func (s *Server) addView(x *exchange, actor domain.Actor) error {
	var in struct {
		Name  string `json:"name"`
		Query string `json:"query"`
	}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	v, err := s.Settings.AddView(x.r.Context(), actor, in.Name, in.Query)
	if err != nil {
		return err
	}
	return x.json(http.StatusCreated, map[string]any{"view": v})
}

func (s *Server) removeView(x *exchange, actor domain.Actor) error {
	if err := s.Settings.RemoveView(x.r.Context(), actor, x.path("view")); err != nil {
		return err
	}
	return x.empty()
}

func (s *Server) getPreferences(x *exchange, actor domain.Actor) error {
	p, err := s.Settings.Preferences(x.r.Context(), actor)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, p)
}

func (s *Server) setPreferences(x *exchange, actor domain.Actor) error {
	in := map[string]json.RawMessage{}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	p, err := s.Settings.SetPreferences(x.r.Context(), actor, in)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, p)
}
