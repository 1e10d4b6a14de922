package api

import (
	"bytes"
	"context"
	"io"
	"mime"
	"net/http"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/service/roster"
)

// Roster takes what the exam platform knows. All or nothing; faults come together.
type Roster interface {
	PutPeople(ctx context.Context, actor domain.Actor, items []roster.Person) (roster.Counts, error)
	PutExams(ctx context.Context, actor domain.Actor, items []roster.Exam) (roster.Counts, error)
	SetReplyMinutes(ctx context.Context, actor domain.Actor, group domain.GroupID, minutes int) error
	PutGroups(ctx context.Context, actor domain.Actor, items []roster.Group) (roster.Counts, error)
	PutEnrolments(ctx context.Context, actor domain.Actor, items []roster.Enrolment) (roster.Counts, error)
	PutScopes(ctx context.Context, actor domain.Actor, items []roster.Scope) (roster.Scoped, error)
	PostProgress(ctx context.Context, actor domain.Actor, items []roster.Progress) (roster.Counts, error)
	Import(ctx context.Context, actor domain.Actor, csv io.Reader) (roster.Imported, error)
	TryImport(ctx context.Context, actor domain.Actor, csv io.Reader) (roster.Imported, error)
}

func (s *Server) provisioningRoutes() []route {
	return []route{
		{"PUT", "/provisioning/people", s.signedIn(items(s.Roster.PutPeople, domain.ActProvision, domain.ActStaffManage))},
		{"PUT", "/provisioning/tests", s.signedIn(items(s.Roster.PutExams, domain.ActProvision))},
		{"PUT", "/provisioning/groups", s.signedIn(items(s.Roster.PutGroups, domain.ActProvision))},
		{"PUT", "/provisioning/enrolments", s.signedIn(items(s.Roster.PutEnrolments, domain.ActProvision))},
		{"PUT", "/provisioning/staff-scopes", s.signedIn(items(s.Roster.PutScopes, domain.ActStaffManage))},
		{"POST", "/provisioning/progress", s.signedIn(items(s.Roster.PostProgress, domain.ActProvision))},
		{"POST", "/provisioning/import", s.signedIn(s.importRoster)},
		{"POST", "/provisioning/tickets", s.signedIn(s.createTickets)},
	}
}

// items makes a handler of a service's method that takes a list. It needs one of the actions.
func items[T, R any](put func(context.Context, domain.Actor, []T) (R, error), actions ...domain.Action) func(*exchange, domain.Actor) error {
	return func(x *exchange, actor domain.Actor) error {
		if err := actor.MayAny(actions...); err != nil {
			return err // before 16 MiB are read for someone who may not
		}
		var in struct {
			Items []T `json:"items"`
		}
		if err := x.decode(&in, provisionLimit); err != nil {
			return err
		}
		counts, err := put(x.r.Context(), actor, in.Items)
		if err != nil {
			return err
		}
		return x.json(http.StatusOK, counts)
	}
}

func (s *Server) importRoster(x *exchange, actor domain.Actor) error {
	if err := actor.May(domain.ActProvision); err != nil {
		return err
	}
	if kind, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type")); err != nil || kind != "text/csv" {
		return malformed("Content-Type", "the body must be a roster, with Content-Type: text/csv")
	}
	q := x.query()
	dry := q.yesNo("dry_run")
	if err := q.err(); err != nil {
		return err
	}
	body, err := x.body(provisionLimit)
	if err != nil {
		return err
	}
	do := s.Roster.Import
	if dry != nil && *dry {
		do = s.Roster.TryImport
	}
	out, err := do(x.r.Context(), actor, bytes.NewReader(body))
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, out)
}

// ticketLife is how long tickets made in bulk live when the request does not say.
const ticketLife = 60 * time.Second

func (s *Server) createTickets(x *exchange, actor domain.Actor) error {
	if err := actor.May(domain.ActTicketsMake); err != nil {
		return err
	}
	var in struct {
		People []string `json:"people"`
		TTL    *int     `json:"ttl_seconds"`
	}
	if err := x.decode(&in, provisionLimit); err != nil {
		return err
	}
	ttl := ticketLife
	if in.TTL != nil {
		if *in.TTL < 1 || *in.TTL > 3600 {
			e := fault.Field("ttl_seconds", "must be from 1 to 3600 seconds, not %d", *in.TTL)
			e.Limit, e.Actual = 3600, int64(*in.TTL)
			return e
		}
		ttl = time.Duration(*in.TTL) * time.Second
	}
	out, err := s.Access.Tickets(x.r.Context(), actor, in.People, ttl)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, out)
}
