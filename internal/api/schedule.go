package api

import (
	"context"
	"net/http"
	"time"

	"crier/internal/domain"
	"crier/internal/service/schedule"
)

// Schedule is a candidate's assignments, and what staff do about them.
type Schedule interface {
	Schedule(ctx context.Context, actor domain.Actor) (schedule.Schedule, error)
	// Ask and Report store a message before they return; fresh is false for a retry.
	Ask(ctx context.Context, actor domain.Actor, group domain.GroupID, key, body string) (m domain.Message, fresh bool, err error)
	Report(ctx context.Context, actor domain.Actor, group domain.GroupID, key, body string) (m domain.Message, fresh bool, err error)
	Delete(ctx context.Context, actor domain.Actor, group domain.GroupID, person domain.PersonID, setUnavailable bool, message domain.ItemID) (schedule.Deleted, error)
	Undo(ctx context.Context, actor domain.Actor, deletion domain.ItemID) error
	Unavailable(ctx context.Context, actor domain.Actor, person domain.PersonID, from, to time.Time) (schedule.Unavailability, error)
	Available(ctx context.Context, actor domain.Actor, person domain.PersonID, id string) error
}

func (s *Server) scheduleRoutes() []route {
	return []route{
		{"GET", "/schedule", s.signedIn(s.getSchedule)},
		{"POST", "/schedule/{group}/question", s.signedIn(s.askAboutAssignment)},
		{"POST", "/schedule/{group}/unavailable", s.signedIn(s.reportUnavailable)},
		{"POST", "/groups/{group}/assignments/{person}/delete", s.signedIn(s.deleteAssignment)},
		{"POST", "/deletions/{deletion}/undo", s.signedIn(s.undoDeletion)},
		{"POST", "/people/{person}/unavailable", s.signedIn(s.addUnavailability)},
		{"DELETE", "/people/{person}/unavailable/{id}", s.signedIn(s.removeUnavailability)},
	}
}

func (s *Server) getSchedule(x *exchange, actor domain.Actor) error {
	out, err := s.Schedule.Schedule(x.r.Context(), actor)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, out)
}

func (s *Server) askAboutAssignment(x *exchange, actor domain.Actor) error {
	return s.writeAboutAssignment(x, actor, s.Schedule.Ask)
}

func (s *Server) reportUnavailable(x *exchange, actor domain.Actor) error {
	return s.writeAboutAssignment(x, actor, s.Schedule.Report)
}

func (s *Server) writeAboutAssignment(x *exchange, actor domain.Actor, write func(context.Context, domain.Actor, domain.GroupID, string, string) (domain.Message, bool, error)) error {
	var in struct {
		Key  string `json:"key"`
		Body string `json:"body"`
	}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	m, fresh, err := write(x.r.Context(), actor, domain.GroupID(x.path("group")), in.Key, in.Body)
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if !fresh {
		status = http.StatusOK
	}
	return x.json(status, map[string]any{"message": s.Inbox.Show(actor, m)})
}

func (s *Server) deleteAssignment(x *exchange, actor domain.Actor) error {
	var in struct {
		SetUnavailable bool          `json:"set_unavailable"`
		Message        domain.ItemID `json:"message"`
	}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	d, err := s.Schedule.Delete(x.r.Context(), actor, domain.GroupID(x.path("group")), domain.PersonID(x.path("person")), in.SetUnavailable, in.Message)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"deletion": d})
}

func (s *Server) undoDeletion(x *exchange, actor domain.Actor) error {
	if err := s.Schedule.Undo(x.r.Context(), actor, domain.ItemID(x.path("deletion"))); err != nil {
		return err
	}
	return x.empty()
}

func (s *Server) addUnavailability(x *exchange, actor domain.Actor) error {
	var in struct {
		StartsAt time.Time `json:"starts_at"`
		EndsAt   time.Time `json:"ends_at"`
	}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	u, err := s.Schedule.Unavailable(x.r.Context(), actor, domain.PersonID(x.path("person")), in.StartsAt, in.EndsAt)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"unavailability": u})
}

func (s *Server) removeUnavailability(x *exchange, actor domain.Actor) error {
	if err := s.Schedule.Available(x.r.Context(), actor, domain.PersonID(x.path("person")), x.path("id")); err != nil {
		return err
	}
	return x.empty()
}
