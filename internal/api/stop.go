package api

import (
	"context"
	"fmt"
	"html"
	"net/http"

	"crier/internal/service/delivery"
)

// Stops ends mails to staff by the link that they carry.
type Stops interface {
	Words(token, languages string) (delivery.StopWords, error)
	Stop(ctx context.Context, token string) error
}

func (s *Server) stopRoutes() []route {
	return []route{
		{"GET", "/notifications/stop/{token}", s.askStop},
		{"POST", "/notifications/stop/{token}", s.stop},
	}
}

// askStop shows a button: programs that look at links in mails must not end anything by it.
func (s *Server) askStop(x *exchange) error {
	w, err := s.Stops.Words(x.path("token"), firstLanguage(x.r))
	if err != nil {
		return err
	}
	return stopPage(x, w, fmt.Sprintf(`<form method="post"><button>%s</button></form>`, html.EscapeString(w.Button)))
}

// stop is what the button does, and what mail programs do by themselves (RFC 8058, section 3.2): no session, no body that
// counts.
func (s *Server) stop(x *exchange) error {
	w, err := s.Stops.Words(x.path("token"), firstLanguage(x.r))
	if err != nil {
		return err
	}
	if err := s.Stops.Stop(x.r.Context(), x.path("token")); err != nil {
		return err
	}
	return stopPage(x, w, "<p>"+html.EscapeString(w.Done)+"</p>")
}

func stopPage(x *exchange, w delivery.StopWords, body string) error {
	return x.plainPage(http.StatusOK, w.Lang, w.Dir, "Crier", body)
}

// firstLanguage is the first language that a browser asks for.
func firstLanguage(r *http.Request) string {
	text := r.Header.Get("Accept-Language")
	for i := range len(text) {
		if c := text[i]; c == ',' || c == ';' {
			return text[:i]
		}
	}
	return text
}
