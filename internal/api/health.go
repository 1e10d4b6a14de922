package api

import (
	"net/http"

	"crier/internal/fault"
)

// livez answers as long as the process can answer at all.
func (s *Server) livez(x *exchange) error { return x.text("ok\n") }

// readyz says whether this node should get requests: not while its store cannot be
// reached, nor once it has been told to stop. A node that other nodes do not hear serves all
// the same, from the database, and says that it is degraded.
func (s *Server) readyz(x *exchange) error {
	if err := s.Ready(x.r.Context()); err != nil {
		return fault.Wrap(err, fault.Unavailable, "this node is not ready")
	}
	if s.Degraded != nil && s.Degraded() {
		return x.text("ok\ndegraded: Redis cannot be reached; who is connected to other nodes is unknown\n")
	}
	return x.text("ok\n")
}

func (s *Server) asyncAPI(x *exchange) error {
	if s.AsyncAPI == nil {
		return fault.New(fault.NotFound, "this build carries no description of the socket protocol")
	}
	x.w.Header().Set("Content-Type", "application/yaml")
	x.w.WriteHeader(http.StatusOK)
	_, _ = x.w.Write(s.AsyncAPI)
	return nil
}

func (x *exchange) text(s string) error {
	x.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	x.w.WriteHeader(http.StatusOK)
	_, _ = x.w.Write([]byte(s))
	return nil
}
