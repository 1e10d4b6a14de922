package team

import (
	"context"
	"strings"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/shorten"
)

// found is a thread that the actor may use.
type found struct {
	domain.TeamThread
	other domain.Person    // of a direct chat
	group domain.GroupMark // of a back channel
}

func noThread() error { return fault.New(fault.NotFound, "no such chat among yours") }

// find opens the thread that its public name stands for.
func (s *Service) find(ctx context.Context, actor domain.Actor, name string) (found, error) {
	if err := person(actor); err != nil {
		return found{}, err
	}
	if id, ok := strings.CutPrefix(name, "direct."); ok {
		p, err := s.Store.Person(ctx, actor.Organisation, domain.PersonID(id))
		if fault.Is(err, fault.NotFound) || err == nil && (p.Kind != domain.KindStaff || p.No == actor.No) {
			return found{}, noThread()
		}
		return found{TeamThread: domain.DirectThread(actor.No, p.No), other: p}, err
	}
	id, ok := strings.CutPrefix(name, "group.")
	if !ok {
		return found{}, noThread()
	}
	seen, err := actor.Seen(domain.ActTeamChat)
	if err != nil {
		return found{}, err
	}
	group := domain.GroupID(id)
	if !seen.Holds([]domain.Place{{Group: group}}) {
		return found{}, noThread()
	}
	marks, err := s.Store.GroupMarks(ctx, actor.Organisation, []domain.GroupID{group})
	if err != nil {
		return found{}, err
	}
	mark, ok := marks[group]
	if !ok {
		return found{}, noThread()
	}
	return found{TeamThread: domain.TeamThread{Group: group}, group: mark}, nil
}

// person refuses candidates, by the table, and whoever is no person.
func person(actor domain.Actor) error {
	if err := actor.May(domain.ActTeamChat); err != nil {
		return err
	}
	if actor.Kind != domain.ActorPerson || actor.No == 0 {
		return fault.New(fault.Forbidden, "only staff chat with each other")
	}
	return nil
}

// Thread is a chat as the list shows it.
type Thread struct {
	ID     string            `json:"id"`
	Kind   string            `json:"kind"` // direct, group
	Name   string            `json:"name"`
	Person *Colleague        `json:"person,omitempty"`
	Group  *domain.GroupMark `json:"group,omitempty"`
	Last   *Last             `json:"last,omitempty"` // absent: nobody has written yet
	Unread int               `json:"unread"`         // at most 100, which reads "100 or more"
}

// Last is a thread's newest message in one line.
type Last struct {
	Line string    `json:"line"`
	At   time.Time `json:"at"`
	From From      `json:"from"`
}

// Colleague is a staff member.
type Colleague struct {
	ID       domain.PersonID `json:"id"`
	Name     string          `json:"name"`
	Role     domain.Role     `json:"role"`
	Presence domain.Presence `json:"presence,omitempty"` // of those with whom the actor shares a group or a chat
}

// Threads returns the actor's chats, the newest first, then the back channels of their groups in
// which nobody has written yet. Errors: Forbidden.
func (s *Service) Threads(ctx context.Context, actor domain.Actor) ([]Thread, error) {
	if err := person(actor); err != nil {
		return nil, err
	}
	seen, err := actor.Seen(domain.ActTeamChat)
	if err != nil {
		return nil, err
	}
	var groups []domain.GroupID
	if !seen.All {
		groups = []domain.GroupID{}
		for _, p := range seen.Places {
			groups = append(groups, p.Group)
		}
	}
	list, err := s.Store.TeamThreads(ctx, actor.Organisation, actor.No, domain.PersonID(actor.ID), groups)
	if err != nil {
		return nil, err
	}
	begun := map[domain.GroupID]bool{}
	for _, t := range list {
		begun[t.Thread.Group] = true
	}
	for _, g := range groups {
		if !begun[g] {
			begun[g] = true
			list = append(list, journal.TeamSummary{Thread: domain.TeamThread{Group: g}})
		}
	}
	return s.named(ctx, actor, list)
}

// named gives threads the names of whom they are with.
func (s *Service) named(ctx context.Context, actor domain.Actor, list []journal.TeamSummary) ([]Thread, error) {
	var ids []domain.GroupID
	direct := false
	for _, t := range list {
		if t.Thread.Group != "" {
			ids = append(ids, t.Thread.Group)
		} else {
			direct = true
		}
	}
	marks, err := s.Store.GroupMarks(ctx, actor.Organisation, ids)
	if err != nil {
		return nil, err
	}
	staff := map[domain.PersonNo]domain.Person{}
	if direct {
		all, err := s.Store.Staff(ctx, actor.Organisation)
		if err != nil {
			return nil, err
		}
		for _, p := range all {
			staff[p.No] = p
		}
	}
	out := []Thread{}
	for _, t := range list {
		th := Thread{Unread: t.Unread}
		if t.Last.Offset != 0 {
			th.Last = &Last{Line: line(t.Last.Text.Body), At: t.Last.At, From: From{ID: t.Last.From.ID, Name: t.Last.From.Name, Role: t.Last.From.Role}}
		}
		if g, ok := marks[t.Thread.Group]; ok {
			th.ID, th.Kind, th.Name, th.Group = "group."+string(g.ID), "group", g.Name, &g
		} else if p, ok := staff[t.Thread.Other(actor.No)]; ok && t.Thread.Group == "" {
			c := s.colleague(actor.Organisation, p, true)
			th.ID, th.Kind, th.Name, th.Person = "direct."+string(p.ID), "direct", c.Name, &c
		} else {
			continue
		}
		out = append(out, th)
	}
	return out, nil
}

func (s *Service) colleague(org domain.OrganisationID, p domain.Person, shared bool) Colleague {
	c := Colleague{ID: p.ID, Name: p.Name(), Role: p.Role}
	if shared {
		c.Presence, _ = s.Presence.Presence(org, p.No)
	}
	return c
}

// line is the beginning of a text, in one line.
func line(body string) string {
	const most = 120
	return shorten.Line(body, most)
}

// Colleagues returns the organisation's staff, by name; q, folded, matches beginnings of words of the
// name. All are named, so that they can be mentioned, assigned and written to; whether they are there
// is said of those alone with whom the actor shares a group or a chat. Whoever reaches every group
// shares each. Errors: Forbidden; Invalid (q).
func (s *Service) Colleagues(ctx context.Context, actor domain.Actor, q string) ([]Colleague, error) {
	if err := person(actor); err != nil {
		return nil, err
	}
	if err := domain.CheckText("q", q, 200, true, false); err != nil {
		return nil, err
	}
	seen, err := actor.Seen(domain.ActTeamChat)
	if err != nil {
		return nil, err
	}
	shared := map[domain.PersonNo]bool{}
	if !seen.All {
		groups := make([]domain.GroupID, len(seen.Places))
		for i, p := range seen.Places {
			groups[i] = p.Group
		}
		if shared, err = s.Store.TeamShared(ctx, actor.Organisation, actor.No, groups); err != nil {
			return nil, err
		}
	}
	staff, err := s.Store.Staff(ctx, actor.Organisation)
	out := []Colleague{}
	for _, p := range staff {
		if !domain.MatchWords(q, p.Name()) {
			continue
		}
		everywhere := domain.ReachOf(p.Role, domain.ActTeamChat) == domain.ReachOrganisation && len(seen.Places) > 0
		out = append(out, s.colleague(actor.Organisation, p, seen.All || shared[p.No] || everywhere || p.No == actor.No))
	}
	return out, err
}
