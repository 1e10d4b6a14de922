package api

import (
	"encoding/json"
	"net/http"
	"net/url"

	"crier/internal/domain"
	"crier/internal/service/attachment"
)

func (s *Server) exportRoutes() []route {
	return []route{
		{"POST", "/exports", s.signedIn(s.requestExport)},
		{"GET", "/exports", s.signedIn(s.listExports)},
		{"GET", "/exports/{export}", s.signedIn(s.getExport)},
		{"DELETE", "/exports/{export}", s.signedIn(s.cancelExport)},
		{"GET", "/exports/{export}/file", s.orPage(exportPage, s.downloadExport)},
	}
}

func (s *Server) requestExport(x *exchange, actor domain.Actor) error {
	var in struct {
		People     []domain.PersonID          `json:"people"`
		Filter     map[string]json.RawMessage `json:"filter"`
		Transcript bool                       `json:"transcript"`
	}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	request := attachment.ExportRequest{People: in.People, Transcript: in.Transcript}
	if in.Filter != nil {
		f, err := filterOf(in.Filter)
		if err != nil {
			return err
		}
		request.Filter = &f
	}
	e, err := s.Attachment.RequestExport(x.r.Context(), actor, request)
	if err != nil {
		return err
	}
	return x.json(http.StatusAccepted, map[string]any{"export": e})
}

// filterOf reads the parameters of GET /conversations from JSON: each a text or a list
// of texts.
func filterOf(in map[string]json.RawMessage) (domain.DeskFilter, error) {
	q := &query{values: url.Values{}, known: map[string]bool{}}
	for name, raw := range in {
		var one string
		var several []string
		switch {
		case json.Unmarshal(raw, &one) == nil:
			q.values.Add(name, one)
		case json.Unmarshal(raw, &several) == nil:
			q.values[name] = several
		default:
			return domain.DeskFilter{}, malformed("filter."+name, "must be a text or a list of texts")
		}
	}
	f := deskFilter(q)
	return f, q.err()
}

func (s *Server) listExports(x *exchange, actor domain.Actor) error {
	list, err := s.Attachment.Exports(x.r.Context(), actor)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"exports": list})
}

func (s *Server) getExport(x *exchange, actor domain.Actor) error {
	e, err := s.Attachment.Export(x.r.Context(), actor, x.path("export"))
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"export": e})
}

func (s *Server) cancelExport(x *exchange, actor domain.Actor) error {
	if err := s.Attachment.CancelExport(x.r.Context(), actor, x.path("export")); err != nil {
		return err
	}
	return x.empty()
}

func (s *Server) downloadExport(x *exchange, actor domain.Actor) error {
	f, err := s.Attachment.ExportFile(x.r.Context(), actor, x.path("export"))
	if err != nil {
		return err
	}
	return x.download(f)
}
