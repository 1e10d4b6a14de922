package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"crier/internal/domain"
	"crier/internal/protocol"
	"crier/internal/service/broadcast"
	"crier/internal/service/conversation"
	"crier/internal/service/roster"
)

// listener is a socket all of whose frames are kept.
type listener struct {
	ws     *websocket.Conn
	frames chan string
}

func (w *world) listen(t *testing.T, who string) *listener {
	t.Helper()
	ws, err := w.dial(t.Context(), who, protocol.Subprotocol, "http://"+w.addr, true)
	if err != nil {
		t.Fatalf("%s: %v", who, err)
	}
	t.Cleanup(func() { _ = ws.CloseNow() })
	ws.SetReadLimit(1 << 20)
	l := &listener{ws, make(chan string, 1024)}
	go func() {
		defer close(l.frames)
		for {
			_, b, err := ws.Read(context.Background())
			if err != nil {
				return
			}
			l.frames <- string(b)
		}
	}()
	l.say(t, `{"type":"hello","id":"hello"}`)
	l.until(t, `"id":"hello"`)
	return l
}

func (l *listener) say(t *testing.T, frame string) {
	t.Helper()
	if err := l.ws.Write(t.Context(), websocket.MessageText, []byte(frame)); err != nil {
		t.Fatal(err)
	}
}

// until returns the frames up to the one that contains mark.
func (l *listener) until(t *testing.T, mark string) (got []string) {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case f, ok := <-l.frames:
			if !ok {
				t.Fatalf("the socket ended before %s", mark)
			}
			got = append(got, f)
			if strings.Contains(f, mark) {
				return got
			}
		case <-late:
			t.Fatalf("nothing with %s came", mark)
		}
	}
}

// employ makes a staff member of a role, in the test's room A unless the role reaches further, and signs
// them in.
func (w *world) employ(t *testing.T, role domain.Role) string {
	t.Helper()
	who := "role-" + string(role)
	login, as := who, domain.System(w.org)
	if _, err := w.node.Roster.PutPeople(t.Context(), as, []roster.Person{
		{ExternalID: who, Kind: domain.KindStaff, Role: role, GivenName: "Role", FamilyName: string(role), Login: &login},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.node.Roster.PutScopes(t.Context(), as, []roster.Scope{{Exam: "test", Person: who, Rooms: []string{"A"}}}); err != nil {
		t.Fatal(err)
	}
	in, err := w.signIn(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	w.people[who], w.bound[who] = in, in.actor.ID
	return who
}

// TestSocketPermissionMatrix: every command × every role is allowed or refused as the permission
// table says, and no command is left out.
func TestSocketPermissionMatrix(t *testing.T) {
	w := newWorld(t)
	sara := w.people["sara"].actor.ID
	seal := w.sealer.Seal(int64(w.org), int64(w.people["sara"].actor.No), 1)
	commands := []struct {
		name   string
		frame  string // without an id
		action domain.Action
		staff  domain.Action // another action, for staff; "": the same
	}{
		{protocol.Receipt, `"type":"receipt","state":"delivered","cursors":["` + seal + `"]`, domain.ActReceiptWrite, ""},
		{protocol.Presence, `"type":"presence","state":"away"`, domain.ActReceiptWrite, ""},
		{protocol.Watch, `"type":"watch","test":"` + string(w.tests["test"]) + `"`, domain.ActExamView, ""},
		{protocol.Open, `"type":"open","conversation":"` + sara + `"`, domain.ActConversationView, ""},
		{protocol.Shut, `"type":"shut","conversation":"x"`, domain.ActConversationView, ""},
		{protocol.Typing, `"type":"typing","state":"typing"`, domain.ActReplySend, domain.ActConversationSend},
		{protocol.Unwatch, `"type":"unwatch","test":"none"`, domain.ActSocketOpen, ""}, // says nothing to anybody
		{protocol.Beat, "", "", ""},
		{protocol.Hello, "", "", ""}, // who may open a socket at all: TestTranscripts and, of roles, below
	}
	named := map[string]bool{}
	for _, c := range commands {
		named[c.name] = true
	}
	for _, name := range protocol.Commands() {
		if !named[name] {
			t.Errorf("%s stands in no matrix", name)
		}
	}
	allowed, refused := 0, 0
	for _, role := range append(append([]domain.Role(nil), domain.StaffRoles...), domain.RoleCandidate) {
		who := "sara"
		if role != domain.RoleCandidate {
			who = w.employ(t, role)
		}
		l := w.listen(t, who)
		for i, c := range commands {
			if c.frame == "" {
				continue
			}
			action, frame := c.action, c.frame
			if role != domain.RoleCandidate && c.staff != "" {
				action, frame = c.staff, frame+`,"conversation":"`+sara+`"`
				l.say(t, `{"type":"open","id":"again","conversation":"`+sara+`"}`)
				l.until(t, `"id":"again"`)
			}
			id := fmt.Sprintf("%s-%d", role, i)
			l.say(t, `{`+frame+`,"id":"`+id+`"}`)
			got := l.until(t, `"id":"`+id+`"`)
			var reply struct {
				OK    bool
				Error struct{ Code string }
			}
			if err := json.Unmarshal([]byte(got[len(got)-1]), &reply); err != nil {
				t.Fatal(err)
			}
			may := domain.ReachOf(role, action) != domain.ReachNone
			if reply.OK != may || !may && reply.Error.Code != "forbidden" {
				t.Errorf("%s as %s: %s; the table says %v", c.name, role, got[len(got)-1], may)
			}
			if may {
				allowed++
			} else {
				refused++
			}
		}
	}
	if allowed < 20 || refused < 10 {
		t.Errorf("%d allowed, %d refused", allowed, refused)
	}
}

// TestNothingOfStaffReachesACandidate: whatever staff do in a conversation and among themselves, its
// candidate's socket gets what was written to them, that somebody types, and no more; another
// candidate's gets nothing at all.
func TestNothingOfStaffReachesACandidate(t *testing.T) {
	const canary = "CANARY"
	w := newWorld(t)
	anna, bea, sara := w.people["anna"].actor, w.people["bea"].actor, w.people["sara"].actor
	candidate, other, colleague := w.listen(t, "sara"), w.listen(t, "omar"), w.listen(t, "anna")
	do := func(_ any, _ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	done := func(_ any, err error) { t.Helper(); do(nil, nil, err) }
	id, ctx := domain.PersonID(sara.ID), t.Context()
	for _, frame := range []string{`{"type":"open","id":"o","conversation":"` + sara.ID + `"}`, `{"type":"typing","id":"t","conversation":"` + sara.ID + `","state":"typing"}`} {
		colleague.say(t, frame)
	}
	frames := candidate.until(t, `{"type":"typing","state":"typing"}`)
	note := conversation.NoteRequest{Key: "note-key-1", Body: canary + " note", Mentions: []domain.PersonID{domain.PersonID(anna.ID)}}
	do(w.node.Conversation.AddNote(ctx, bea, id, note))
	done(w.node.Conversation.Claim(ctx, bea, id, false))
	done(w.node.Conversation.Assign(ctx, bea, id, domain.PersonID(anna.ID)))
	for _, action := range []string{"process", "unprocess", "archive", "unarchive", "read", "unread"} {
		done(w.node.Conversation.Act(ctx, bea, conversation.Action{Action: action, People: []domain.PersonID{id}}))
	}
	do(w.node.Team.Send(ctx, bea, "direct."+anna.ID, "team-key-1", canary+" direct"))
	do(w.node.Team.Send(ctx, bea, "group."+string(w.tests["test"]), "team-key-2", canary+" channel"))
	do(w.node.Conversation.Send(ctx, bea, domain.PersonID(w.people["nadia"].actor.ID), conversation.Request{Key: "send-key-1", Body: canary + " of another"}))
	do(w.node.Broadcast.Send(ctx, bea, w.tests["test"], broadcast.Request{Key: "send-key-2", Subject: "s", Body: canary + " of another",
		Recipients: broadcast.Recipients{People: []domain.PersonID{domain.PersonID(w.people["nadia"].actor.ID)}}}))
	do(w.node.Conversation.Send(ctx, bea, id, conversation.Request{Key: "send-key-3", Body: "the last one", TakeOver: true}))

	colleague.until(t, "the last one")
	seen := strings.Join(append(frames, candidate.until(t, "the last one")...), "\n")
	other.say(t, `{"type":"unwatch","id":"fence","test":"none"}`)
	others := strings.Join(other.until(t, `"id":"fence"`), "\n")
	for name, text := range map[string]string{"the candidate": seen, "another candidate": others} {
		if strings.Contains(text, canary) || strings.Contains(text, "Lindqvist") || strings.Contains(text, anna.ID) || strings.Contains(text, bea.ID) {
			t.Errorf("%s got\n%s", name, text)
		}
	}
	for who, lines := range map[string]struct {
		text string
		may  []string
	}{
		"the candidate":     {seen, []string{"welcome", "reply", "caught_up", "typing", "message", "beat"}},
		"another candidate": {others, []string{"welcome", "reply", "caught_up", "beat"}},
	} {
		for line := range strings.SplitSeq(lines.text, "\n") {
			ok := false
			for _, kind := range lines.may {
				ok = ok || strings.HasPrefix(line, `{"type":"`+kind+`"`)
			}
			if !ok && line != "" {
				t.Errorf("%s got %s", who, line)
			}
		}
	}
}
