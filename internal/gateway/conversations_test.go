package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"crier/hub"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/protocol"
	"crier/internal/service/conversation"
)

// office is some nodes that share a broker, and services that count what they are asked: each
// question is one that a database would have to answer.
type office struct {
	quiet
	t     *testing.T
	nodes []*Gateway
	asked atomic.Int64
	ended atomic.Int64
	gone  atomic.Int64 // number of the candidate who is nobody's any more
}

func newOffice(t *testing.T, n int) *office {
	o := &office{t: t}
	b := hub.NewLocal()
	for i := range n {
		h := hub.New(hub.Options{Node: fmt.Sprint("n", i), Epoch: "e", Key: []byte("of the nodes")}, o, o, cursor.NewSealer(make([]byte, 32)), b)
		h.Start()
		o.nodes = append(o.nodes, New(Options{Log: zerolog.Nop()}, h, nil, nil, nil, o, nil, nil))
	}
	synctest.Wait()
	return o
}

func (o *office) stop() {
	for _, g := range o.nodes {
		g.cancel()
		g.hub.Stop()
	}
}

// Missed and Start are the journal's.
func (o *office) Missed(context.Context, int64, int64, int64, int) ([]hub.Missed, int64, error) {
	o.asked.Add(1)
	return nil, 0, nil
}

func (o *office) Start(context.Context, int64, int64) (int64, error) {
	o.asked.Add(1)
	return 0, nil
}

// Open is the service's: anybody may see p1 to p99, which is their number too.
func (o *office) Open(_ context.Context, actor domain.Actor, person domain.PersonID) (conversation.Opened, error) {
	o.asked.Add(1)
	if err := actor.May(domain.ActConversationView); err != nil {
		return conversation.Opened{}, err
	}
	var no int
	if _, err := fmt.Sscanf(string(person), "p%d", &no); err != nil || no > 99 {
		return conversation.Opened{}, fault.New(fault.NotFound, "no such candidate")
	}
	return conversation.Opened{Person: domain.PersonNo(no), Presence: domain.Online, At: time.Now(), End: func() { o.ended.Add(1) }}, nil
}

// Sees is the service's.
func (o *office) Sees(_ context.Context, _ domain.Actor, person domain.PersonID) error {
	if person == domain.PersonID(fmt.Sprint("p", o.gone.Load())) {
		return fault.New(fault.NotFound, "no such candidate")
	}
	return nil
}

// page is one connection with a socket in memory.
type page struct {
	c    *client
	conn *hub.Conn

	mu     sync.Mutex
	frames []string
	closed int // with this code; 0: it is open
}

func (p *page) TryWrite(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for rest := b; len(rest) > 0; { // whole frames only: nothing makes the hub wait
		n, head := int(rest[1]), 2
		if n == 126 {
			n, head = int(rest[2])<<8|int(rest[3]), 4
		}
		if rest[0] == 0x81 {
			p.frames = append(p.frames, string(rest[head:head+n]))
		}
		rest = rest[head+n:]
	}
	return len(b), nil
}
func (p *page) Write(b []byte) error { _, err := p.TryWrite(b); return err }
func (p *page) Close(code int, _ string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = code
}

// heard returns the frames of a type since it was asked last.
func (p *page) heard(kind string) (out []string) {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.frames {
		if strings.HasPrefix(f, `{"type":"`+kind+`"`) {
			out = append(out, f)
		}
	}
	p.frames = nil
	return out
}

func (o *office) page(node int, actor domain.Actor) *page {
	g := o.nodes[node]
	p := &page{c: &client{g: g, actor: actor}}
	p.conn = g.hub.Attach(p, hub.Identity{Org: int64(actor.Organisation), Person: int64(actor.No), Stream: actor.Role == domain.RoleCandidate}, 0, false)
	p.conn.Listen(topics(actor)...)
	p.c.conn.Store(p.conn)
	if actor.Role != domain.RoleCandidate {
		p.c.stands(p.conn, g.standing.terms.Load())
	}
	synctest.Wait()
	return p
}

func (p *page) leave() {
	p.conn.Detach()
	p.c.falls()
	p.c.forget()
}

// say sends a command and returns the error in its reply.
func (p *page) say(c protocol.Command) string {
	c.ID = "x"
	p.c.obey(p.conn, c)
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, f := range p.frames {
		var r struct {
			Type  string
			Error struct{ Code, Field string }
		}
		if json.Unmarshal([]byte(f), &r) == nil && r.Type == "reply" {
			p.frames = append(p.frames[:i:i], p.frames[i+1:]...)
			return strings.TrimSpace(r.Error.Code + " " + r.Error.Field)
		}
	}
	return "no reply"
}

func staffed(no domain.PersonNo, role domain.Role) domain.Actor {
	return domain.Actor{Organisation: 1, Kind: domain.ActorPerson, ID: fmt.Sprint("s", no), No: no, Name: fmt.Sprint("Staff ", no), Role: role}
}

func candidate(no domain.PersonNo) domain.Actor {
	return domain.Actor{Organisation: 1, Kind: domain.ActorPerson, ID: fmt.Sprint("p", no), No: no, Name: fmt.Sprint("Candidate ", no), Role: domain.RoleCandidate}
}

// Who looks and types crosses nodes and asks no database: the one question is whether the
// conversation may be opened.
func TestTypingAsksNoDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 2)
		defer o.stop()
		anna, bea, kim := o.page(0, staffed(101, domain.RolePlanner)), o.page(1, staffed(102, domain.RoleInvigilator)), o.page(1, staffed(103, domain.RolePlanner))
		sara, omar := o.page(1, candidate(1)), o.page(0, candidate(2))
		for _, p := range []*page{anna, bea} {
			if got := p.say(protocol.Command{Type: protocol.Open, Conversation: "p1"}); got != "" {
				t.Fatal(got)
			}
		}
		kim.say(protocol.Command{Type: protocol.Open, Conversation: "p2"})
		if got := o.asked.Swap(0); got != 3+2*1 { // three opened, and two candidates caught up
			t.Errorf("%d questions before anybody typed", got)
		}
		if got := bea.heard("presence"); len(got) != 1 || !strings.Contains(got[0], `"conversation":"p1","presence":"online"`) {
			t.Errorf("on opening %q", got)
		}
		for _, p := range []*page{anna, bea, kim, sara, omar} {
			p.heard("")
		}
		pass(1500 * time.Millisecond)

		if got := anna.say(protocol.Command{Type: protocol.Typing, Conversation: "p1", State: "typing"}); got != "" {
			t.Error(got)
		}
		const who = `{"type":"typing","conversation":"p1","who":{"id":"s101","name":"Staff 101","kind":"staff"},"state":"typing"}`
		if got := bea.heard("typing"); len(got) != 1 || got[0] != who {
			t.Errorf("a colleague on the other node hears %q", got)
		}
		if got := sara.heard("typing"); len(got) != 1 || got[0] != `{"type":"typing","state":"typing"}` {
			t.Errorf("the candidate hears %q", got)
		}
		sara.say(protocol.Command{Type: protocol.Typing, State: "typing"})
		const hers = `{"type":"typing","conversation":"p1","who":{"id":"p1","name":"Candidate 1","kind":"candidate"},"state":"typing"}`
		if got := anna.heard("typing"); len(got) != 2 || got[0] != who || got[1] != hers { // her own too
			t.Errorf("of the candidate staff hear %q", got)
		}
		if n := len(kim.heard("typing")) + len(omar.heard("typing")); n != 0 {
			t.Errorf("others heard %d", n)
		}

		anna.leave()
		if got := bea.heard("typing"); len(got) != 2 || got[0] != hers || !strings.HasSuffix(got[1], `"name":"Staff 101","kind":"staff"},"state":"idle"}`) {
			t.Errorf("when she leaves %q", got)
		}
		if got := sara.heard("typing"); len(got) != 1 || got[0] != `{"type":"typing","state":"idle"}` {
			t.Errorf("when she leaves the candidate hears %q", got)
		}
		sara.leave()
		if got := bea.heard("typing"); len(got) != 1 || !strings.HasSuffix(got[0], `"kind":"candidate"},"state":"idle"}`) {
			t.Errorf("when the candidate leaves %q", got)
		}
		bea.say(protocol.Command{Type: protocol.Shut, Conversation: "p1"})
		if got := o.asked.Load(); got != 0 {
			t.Errorf("typing and looking asked the database %d times", got)
		}
		if got := o.ended.Load(); got != 2 {
			t.Errorf("%d of 2 were given back", got)
		}
		kim.leave()
	})
}

// TestWhoIsThereAlready: whoever opens a conversation hears at once who looks at it and who types there, on any
// node, and not of who has gone, nor of who was not heard of for too long.
func TestWhoIsThereAlready(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 2)
		defer o.stop()
		anna, bea, kim := o.page(0, staffed(101, domain.RolePlanner)), o.page(1, staffed(102, domain.RolePlanner)), o.page(1, staffed(103, domain.RolePlanner))
		sara := o.page(0, candidate(1))
		open := func(p *page) []string {
			t.Helper()
			if got := p.say(protocol.Command{Type: protocol.Open, Conversation: "p1"}); got != "" {
				t.Fatal(got)
			}
			return p.heard("typing")
		}
		is := func(what string, got []string, want ...string) {
			t.Helper()
			for i, f := range got {
				var of protocol.TypingFrame
				if err := json.Unmarshal([]byte(f), &of); err != nil || of.Conversation != "p1" {
					t.Errorf("%s: %q, %v", what, f, err)
				}
				got[i] = of.Who.ID + " " + of.State
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		is("the first", open(anna), "s101 viewing")
		pass(2 * time.Second)
		sara.say(protocol.Command{Type: protocol.Typing, State: "typing"})
		asked := o.asked.Load()
		is("the second, on another node", open(bea), "p1 typing", "s101 viewing", "s102 viewing")
		if got := o.asked.Load(); got != asked+1 {
			t.Errorf("%d questions, want whether it may be opened alone", got-asked)
		}
		pass(2 * time.Second)
		anna.leave()
		sara.leave()
		synctest.Wait()
		is("who comes after they have gone", open(kim), "s102 viewing", "s103 viewing")
		kim.say(protocol.Command{Type: protocol.Shut, Conversation: "p1"})
		kim.heard("")
		// A node that dies says nothing: what it said last is forgotten.
		o.nodes[1].attending.note(1, domain.ConversationTopic(1), protocol.TypingFrame{Type: "typing", Conversation: "p1", Who: protocol.Who{ID: "dead"}, State: viewing},
			[]byte(`{"type":"typing","conversation":"p1","who":{"id":"dead"},"state":"viewing"}`), time.Now())
		pass(attentionLasts - time.Second)
		is("while it may be there", open(kim), "dead viewing", "s102 viewing", "s103 viewing")
		kim.say(protocol.Command{Type: protocol.Shut, Conversation: "p1"})
		kim.heard("")
		pass(time.Second)
		is("later", open(kim), "s102 viewing", "s103 viewing")
		for _, p := range []*page{bea, kim} {
			p.leave()
		}
		synctest.Wait()
		for i, g := range o.nodes {
			g.attending.mu.Lock()
			g.attending.forget(time.Now().Add(time.Hour))
			g.attending.mu.Unlock()
			if len(g.attending.of) != 0 {
				t.Errorf("node %d remembers %v", i, g.attending.of)
			}
		}
	})
}

func TestOpenHasALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 1)
		defer o.stop()
		p := o.page(0, staffed(101, domain.RolePlanner))
		defer p.leave()
		open := func(no int) string {
			return p.say(protocol.Command{Type: protocol.Open, Conversation: fmt.Sprint("p", no)})
		}
		for no := range protocol.OpenMost {
			if got := open(no + 1); got != "" {
				t.Fatal(got)
			}
		}
		if got := open(1); got != "" {
			t.Errorf("one that is open: %s", got)
		}
		if got := open(50); got != "too_large conversation" {
			t.Errorf("one too many: %q", got)
		}
		p.say(protocol.Command{Type: protocol.Shut, Conversation: "p1"})
		if got := open(50); got != "" {
			t.Errorf("after one was shut: %s", got)
		}
		if got := p.say(protocol.Command{Type: protocol.Typing, Conversation: "p1", State: "typing"}); got != "invalid conversation" {
			t.Errorf("typing in one that was shut: %q", got)
		}
	})
}

// Whom a connection hears of by itself follows from the permission table.
func TestTopicsByRole(t *testing.T) {
	scopes := []domain.Scope{{Exam: "g", Room: "A", Kind: domain.KindTest}, {Exam: "h", Kind: domain.KindPool}}
	for role, want := range map[domain.Role]string{
		domain.RoleAdmin:            "[person:7 staff inbox team delivery]",
		domain.RolePlanner:          "[person:7 staff inbox team delivery]",
		domain.RoleChiefInvigilator: "[person:7 staff inbox:g inbox:h team:g team:h]",
		domain.RoleInvigilator:      "[person:7 staff inbox:g/A inbox:h team:g team:h]",
		domain.RoleCoordinator:      "[person:7 staff inbox:g inbox:h loose:inbox:h team:g team:h delivery]",
		domain.RoleCandidate:        "[]",
	} {
		actor := staffed(7, role)
		actor.Scopes = scopes
		if got := fmt.Sprint(topics(actor)); got != want {
			t.Errorf("%s hears %s, not %s", role, got, want)
		}
	}
}
