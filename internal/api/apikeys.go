package api

import (
	"net/http"

	"crier/internal/domain"
	"crier/internal/service/access"
)

func (s *Server) apiKeyRoutes() []route {
	return []route{
		{"GET", "/api-keys", s.signedIn(s.listAPIKeys)},
		{"POST", "/api-keys", s.signedIn(s.createAPIKey)},
		{"DELETE", "/api-keys/{key}", s.signedIn(s.revokeAPIKey)},
	}
}

func (s *Server) listAPIKeys(x *exchange, actor domain.Actor) error {
	keys, err := s.Access.APIKeys(x.r.Context(), actor)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"keys": keys})
}

func (s *Server) createAPIKey(x *exchange, actor domain.Actor) error {
	var in access.NewAPIKey
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	key, err := s.Access.CreateAPIKey(x.r.Context(), actor, in)
	if err != nil {
		return err
	}
	return x.json(http.StatusCreated, map[string]access.APIKey{"key": key})
}

func (s *Server) revokeAPIKey(x *exchange, actor domain.Actor) error {
	if err := s.Access.RevokeAPIKey(x.r.Context(), actor, x.path("key")); err != nil {
		return err
	}
	return x.empty()
}
