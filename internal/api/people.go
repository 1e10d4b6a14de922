package api

import (
	"context"
	"net/http"
	"strings"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/service/people"
)

// People shows staff groups and people.
type People interface {
	Groups(ctx context.Context, actor domain.Actor, kinds []domain.GroupKind) ([]people.Group, error)
	Group(ctx context.Context, actor domain.Actor, id domain.GroupID) (people.Group, error)
	List(ctx context.Context, actor domain.Actor, f domain.PeopleFilter, sort domain.PeopleSort, limit int, after string) (people.Page, error)
	Facets(ctx context.Context, actor domain.Actor, group domain.GroupID) (domain.PeopleFacets, error)
	Profile(ctx context.Context, actor domain.Actor, id domain.PersonID) (people.Profile, error)
}

func (s *Server) peopleRoutes() []route {
	return []route{
		{"GET", "/groups", s.signedIn(s.listGroups)},
		{"GET", "/groups/{group}", s.signedIn(s.getGroup)},
		{"PUT", "/groups/{group}/reply-time", s.signedIn(s.setReplyTime)},
		{"GET", "/people", s.signedIn(s.listPeople)},
		{"GET", "/people/facets", s.signedIn(s.peopleFacets)},
		{"GET", "/people/{person}", s.signedIn(s.getPerson)},
	}
}

func (s *Server) listGroups(x *exchange, actor domain.Actor) error {
	q := x.query()
	kinds := as[domain.GroupKind](q.list("kind"))
	if err := q.err(); err != nil {
		return err
	}
	groups, err := s.People.Groups(x.r.Context(), actor, kinds)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"groups": groups})
}

func (s *Server) getGroup(x *exchange, actor domain.Actor) error {
	g, err := s.People.Group(x.r.Context(), actor, domain.GroupID(x.path("group")))
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, map[string]any{"group": g})
}

func (s *Server) setReplyTime(x *exchange, actor domain.Actor) error {
	var in struct {
		ReplyMinutes *int `json:"reply_minutes"`
	}
	if err := x.decode(&in, bodyLimit); err != nil {
		return err
	}
	if in.ReplyMinutes == nil {
		return fault.Field("reply_minutes", "say how many minutes; 0 for no expectation")
	}
	if err := s.Roster.SetReplyMinutes(x.r.Context(), actor, domain.GroupID(x.path("group")), *in.ReplyMinutes); err != nil {
		return err
	}
	return x.empty()
}

// peopleFilter reads the parameters of a filter of people.
func peopleFilter(q *query) domain.PeopleFilter {
	f := domain.PeopleFilter{
		Group: as[domain.GroupID](q.list("group")), Q: q.text("q"), Tag: q.list("tag"), Skill: q.list("skill"), City: q.list("city"), Postcode: q.list("postcode"),
		Activity: as[domain.GroupID](q.list("activity")), State: q.list("state"),
	}
	for name := range q.values {
		if field, ok := strings.CutPrefix(name, "field."); ok {
			if f.Fields == nil {
				f.Fields = map[string][]string{}
			}
			f.Fields[field] = q.list(name)
		}
	}
	return f
}

func (s *Server) listPeople(x *exchange, actor domain.Actor) error {
	q := x.query()
	f := peopleFilter(q)
	f.Presence = as[domain.Presence](q.list("presence"))
	sort, limit, after := domain.PeopleSort(q.text("sort")), q.limit(pageUsual, pageMost), q.text("after")
	if err := q.err(); err != nil {
		return err
	}
	page, err := s.People.List(x.r.Context(), actor, f, sort, limit, after)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, page)
}

func (s *Server) peopleFacets(x *exchange, actor domain.Actor) error {
	q := x.query()
	group := domain.GroupID(q.text("group"))
	if err := q.err(); err != nil {
		return err
	}
	f, err := s.People.Facets(x.r.Context(), actor, group)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, f)
}

func (s *Server) getPerson(x *exchange, actor domain.Actor) error {
	p, err := s.People.Profile(x.r.Context(), actor, domain.PersonID(x.path("person")))
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, p)
}
