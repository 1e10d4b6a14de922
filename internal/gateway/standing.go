package gateway

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"crier/hub"
	"crier/internal/domain"
	"crier/internal/journal"
	"crier/internal/protocol"
)

// standing is the staff connected to this node, so that what stands open on their pages ends with
// their right to it: a candidate who leaves a room, a test whose reach ends or whose times
// change, a colleague whose role changes. Safe for concurrent use.
type standing struct {
	// moves counts the entries that change where candidates are, terms those that change how long
	// staff see a test. Whoever has asked before one and enters after it asks again.
	moves, terms atomic.Int64

	mu sync.Mutex
	of map[*client]bool
}

func (s *standing) enter(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = map[*client]bool{}
	}
	s.of[c] = true
}

func (s *standing) leave(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.of, c)
}

// among returns the clients of an organisation that which chooses.
func (s *standing) among(org domain.OrganisationID, which func(*client) bool) []*client {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*client
	for c := range s.of {
		if c.actor.Organisation == org && which(c) {
			out = append(out, c)
		}
	}
	return out
}

// Entry hears every entry that this node follows. It does not wait.
func (g *Gateway) Entry(e *journal.Entry) {
	switch p := e.Event().(type) {
	case *journal.EnrolmentsUpserted:
		g.moved(e.Organisation, p.People)
	case *journal.AssignmentChanged:
		g.moved(e.Organisation, []domain.PersonNo{p.Person})
	case *journal.ExamsUpserted:
		tests := make(map[domain.ExamID]bool, len(p.Exams))
		for _, r := range p.Exams {
			tests[r.ID] = r.EndMoved
		}
		g.reterm(e.Organisation, func(s domain.Scope) bool { return tests[s.Exam] })
	case *journal.SettingsChanged:
		g.reterm(e.Organisation, func(s domain.Scope) bool { return s.Kind == domain.KindTest })
	case *journal.PeopleUpserted:
		g.rerole(e.Organisation, p)
	}
}

// moved has the windows looked at again in which conversations of these people stand open.
func (g *Gateway) moved(org domain.OrganisationID, people []domain.PersonNo) {
	g.standing.moves.Add(1)
	for _, c := range g.standing.among(org, func(c *client) bool { return len(c.windowsOf(people)) > 0 }) {
		if !g.enter() {
			return
		}
		go func() {
			defer g.conns.Done()
			c.recheck(people)
		}()
	}
}

// reterm has the pages of those come back who work in a scope of this kind: how long they see it has
// changed.
func (g *Gateway) reterm(org domain.OrganisationID, which func(domain.Scope) bool) {
	g.standing.terms.Add(1)
	g.restart(org, func(c *client) bool { return slices.ContainsFunc(c.actor.Scopes, which) })
}

// rerole has the pages of staff come back whose role is another.
func (g *Gateway) rerole(org domain.OrganisationID, p *journal.PeopleUpserted) {
	roles := make(map[domain.PersonNo]domain.Role, len(p.People))
	for _, r := range p.People {
		roles[r.No] = r.Role
	}
	g.restart(org, func(c *client) bool {
		now, named := roles[c.actor.No]
		return named && now != c.actor.Role
	})
}

func (g *Gateway) restart(org domain.OrganisationID, which func(*client) bool) {
	var people []int64
	for _, c := range g.standing.among(org, which) {
		people = append(people, int64(c.actor.No))
	}
	if len(people) > 0 {
		g.hub.Restart(int64(org), people)
	}
}

// stands notes that the connection of a staff member is open. terms is what standing.terms was
// before it was asked who they are.
func (c *client) stands(conn *hub.Conn, terms int64) {
	c.g.standing.enter(c)
	if at := c.actor.Ends(); !at.IsZero() {
		c.ends = time.AfterFunc(at.Sub(c.g.opt.Clock.Now()), func() { conn.Close(hub.CloseRestart, "come back") })
	}
	if len(c.actor.Scopes) > 0 && c.g.standing.terms.Load() != terms {
		conn.Close(hub.CloseRestart, "come back")
	}
}

// falls ends what stands began.
func (c *client) falls() {
	c.g.standing.leave(c)
	if c.ends != nil {
		c.ends.Stop()
	}
}

// windowsOf are the conversations of these people that stand open here.
func (c *client) windowsOf(people []domain.PersonNo) (out []domain.PersonID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, w := range c.opened {
		if slices.Contains(people, w.person) {
			out = append(out, id)
		}
	}
	return out
}

// recheck shuts the conversations of these people that are not the actor's any more. The page is
// asked to read again, and learns why.
func (c *client) recheck(people []domain.PersonNo) {
	conn := c.conn.Load()
	if conn == nil {
		return
	}
	shut := false
	for _, id := range c.windowsOf(people) {
		ctx, cancel := context.WithTimeout(c.g.ctx, 5*time.Second)
		err := c.g.conversations.Sees(ctx, c.actor, id)
		cancel()
		if err != nil { // also if it cannot be said now: the page may open it again
			c.shut(conn, id)
			shut = true
		}
	}
	if shut {
		conn.Send(hub.NewFrame(protocol.Encode(conversationsFrame{Type: "conversations"})))
	}
}

// conversationsFrame asks a page to read its list again; see internal/protocol/README.md.
type conversationsFrame struct {
	Type string `json:"type"`
}
