package api

import (
	"context"
	"io"
	"net/http"
	"strconv"

	"crier/internal/domain"
	"crier/internal/service/inbound"
)

// Originals hands out mails as they came, and their text.
type Originals interface {
	Original(ctx context.Context, actor domain.Actor, id string) (*inbound.Original, error)
	MessageOriginal(ctx context.Context, actor domain.Actor, item string) (*inbound.Original, error)
	OriginalText(ctx context.Context, actor domain.Actor, id string) (inbound.OriginalText, error)
	MessageOriginalText(ctx context.Context, actor domain.Actor, item string) (inbound.OriginalText, error)
}

func (s *Server) unmatchedOriginal(x *exchange, actor domain.Actor) error {
	o, err := s.Originals.Original(x.r.Context(), actor, x.path("inbound"))
	return x.original(o, err)
}

func (s *Server) messageOriginal(x *exchange, actor domain.Actor) error {
	o, err := s.Originals.MessageOriginal(x.r.Context(), actor, x.path("item"))
	return x.original(o, err)
}

func (s *Server) unmatchedOriginalText(x *exchange, actor domain.Actor) error {
	text, err := s.Originals.OriginalText(x.r.Context(), actor, x.path("inbound"))
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, text)
}

func (s *Server) messageOriginalText(x *exchange, actor domain.Actor) error {
	text, err := s.Originals.MessageOriginalText(x.r.Context(), actor, x.path("item"))
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, text)
}

// original answers with a mail as bytes to be saved: its own media type would have some browsers show it, and what a stranger
// wrote runs nowhere near this origin.
func (x *exchange) original(o *inbound.Original, err error) error {
	if err != nil {
		return err
	}
	defer o.Content.Close()
	h := x.w.Header()
	h.Set("Content-Type", anyBytes)
	h.Set("Content-Disposition", disposition(o.Name))
	h.Set("Content-Length", strconv.FormatInt(o.Size, 10))
	h.Set("Content-Security-Policy", downloadPolicy)
	h.Set("Cache-Control", "private, no-store")
	x.w.WriteHeader(http.StatusOK)
	_, _ = io.Copy(x.w, o.Content) // a client that is gone, or a store that ends too soon: the length tells
	return nil
}
