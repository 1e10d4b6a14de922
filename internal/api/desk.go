package api

import (
	"context"
	"net/http"
	"strings"

	"crier/internal/domain"
	"crier/internal/service/desk"
)

// Desk is the Messages page's list, numbers and search.
type Desk interface {
	List(ctx context.Context, actor domain.Actor, f domain.DeskFilter, limit int, after string) (desk.Page, error)
	Counts(ctx context.Context, actor domain.Actor) (domain.DeskCounts, error)
	Mentions(ctx context.Context, actor domain.Actor, limit int, before string) (desk.Mentions, error)
	Search(ctx context.Context, actor domain.Actor, q string, person domain.PersonID, limit int, before string) (desk.Found, error)
}

func (s *Server) deskRoutes() []route {
	return []route{
		{"GET", "/conversations", s.signedIn(s.listConversations)},
		{"GET", "/conversations/counts", s.signedIn(s.countConversations)},
		{"GET", "/search", s.signedIn(s.search)},
		{"GET", "/mentions", s.signedIn(s.listMentions)},
	}
}

// deskFilter reads the parameters of GET /conversations.
func deskFilter(q *query) domain.DeskFilter {
	f := domain.DeskFilter{
		Folder: domain.DeskFolder(q.text("folder")), Kind: as[domain.GroupKind](q.list("kind")), Processed: q.yesNo("processed"),
		Sort: domain.DeskSort(q.text("sort")),
		People: domain.PeopleFilter{
			Group: as[domain.GroupID](q.list("group")), Q: q.text("q"), Skill: q.list("skill"), Tag: q.list("tag"), City: q.list("city"), Postcode: q.list("postcode"),
			Activity: as[domain.GroupID](q.list("activity")), State: q.list("state"),
		},
	}
	if overdue := q.yesNo("overdue"); overdue != nil {
		if f.Overdue = *overdue; !f.Overdue {
			q.bad("overdue", "overdue must be yes, or left out")
		}
	}
	if written := q.yesNo("written"); written != nil {
		f.Written = *written
	}
	for _, a := range q.list("assigned") {
		switch a {
		case "me":
			f.Mine = true
		case "none":
			f.Nobody = true
		default:
			f.Assigned = append(f.Assigned, domain.PersonID(a))
		}
	}
	for name := range q.values {
		if field, ok := strings.CutPrefix(name, "field."); ok {
			if f.People.Fields == nil {
				f.People.Fields = map[string][]string{}
			}
			f.People.Fields[field] = q.list(name)
		}
	}
	return f
}

func (s *Server) listConversations(x *exchange, actor domain.Actor) error {
	q := x.query()
	f, limit, after := deskFilter(q), q.limit(pageUsual, pageMost), q.text("after")
	if err := q.err(); err != nil {
		return err
	}
	page, err := s.Desk.List(x.r.Context(), actor, f, limit, after)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, page)
}

func (s *Server) countConversations(x *exchange, actor domain.Actor) error {
	q := x.query()
	if err := q.err(); err != nil {
		return err
	}
	c, err := s.Desk.Counts(x.r.Context(), actor)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, c)
}

// hitsUsual is how many hits a search shows unless more are asked for.
const hitsUsual = 20

func (s *Server) search(x *exchange, actor domain.Actor) error {
	q := x.query()
	text, person, limit, before := q.text("q"), domain.PersonID(q.text("person")), q.limit(hitsUsual, pageMost), q.text("before")
	if err := q.err(); err != nil {
		return err
	}
	found, err := s.Desk.Search(x.r.Context(), actor, text, person, limit, before)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, found)
}

func (s *Server) listMentions(x *exchange, actor domain.Actor) error {
	q := x.query()
	limit, before := q.limit(pageUsual, pageMost), q.text("before")
	if err := q.err(); err != nil {
		return err
	}
	page, err := s.Desk.Mentions(x.r.Context(), actor, limit, before)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, page)
}
