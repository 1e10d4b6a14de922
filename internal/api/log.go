package api

import (
	"context"
	"io"
	"net/http"

	"crier/internal/domain"
	"crier/internal/journal"
	"crier/internal/service/record"
)

// Record reads the journal for people.
type Record interface {
	List(ctx context.Context, actor domain.Actor, f record.Filter, limit int, before string) (record.Page, error)
	Get(ctx context.Context, actor domain.Actor, id string) (record.Detail, error)
	// WriteCSV writes what the filter chooses. An error after the first byte cannot be told
	// to the reader but by breaking off.
	WriteCSV(ctx context.Context, actor domain.Actor, f record.Filter, w io.Writer) error
	Verify(ctx context.Context, actor domain.Actor) (record.Verification, error)
}

func (s *Server) logRoutes() []route {
	return []route{
		{"GET", "/log", s.signedIn(s.listLog)},
		{"GET", "/log.csv", s.signedIn(s.exportLog)},
		{"GET", "/log/verify", s.signedIn(s.verifyLog)},
		{"GET", "/log/{entry}", s.signedIn(s.getLogEntry)},
	}
}

func logFilter(q *query) record.Filter {
	return record.Filter{
		Exam: domain.ExamID(q.text("test")), Kinds: as[journal.Kind](q.list("kind")), Q: q.text("q"),
		From: q.time("from"), To: q.time("to"), Sender: q.text("sender"),
	}
}

func (s *Server) listLog(x *exchange, actor domain.Actor) error {
	q := x.query()
	f, limit, before := logFilter(q), q.limit(pageUsual, pageMost), q.text("before")
	if err := q.err(); err != nil {
		return err
	}
	page, err := s.Record.List(x.r.Context(), actor, f, limit, before)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, page)
}

func (s *Server) getLogEntry(x *exchange, actor domain.Actor) error {
	e, err := s.Record.Get(x.r.Context(), actor, x.path("entry"))
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, e)
}

func (s *Server) exportLog(x *exchange, actor domain.Actor) error {
	q := x.query()
	f := logFilter(q)
	if err := q.err(); err != nil {
		return err
	}
	h := x.w.Header()
	return s.Record.WriteCSV(x.r.Context(), actor, f, onFirstWrite{x.w, func() {
		h.Set("Content-Type", "text/csv; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="crier-log.csv"`)
	}, x})
}

// onFirstWrite sets headers when the first byte comes, so that an error before it is
// still answered as one.
type onFirstWrite struct {
	io.Writer
	headers func()
	x       *exchange
}

// Write implements io.Writer.
func (o onFirstWrite) Write(b []byte) (int, error) {
	if o.x.status == 0 {
		o.headers()
	}
	return o.Writer.Write(b)
}

func (s *Server) verifyLog(x *exchange, actor domain.Actor) error {
	v, err := s.Record.Verify(x.r.Context(), actor)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, v)
}
