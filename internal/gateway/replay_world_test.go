package gateway_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/rs/zerolog"

	"crier/internal/api"
	"crier/internal/app"
	"crier/internal/auth"
	"crier/internal/clock"
	"crier/internal/config"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/protocol"
	"crier/internal/service/broadcast"
	"crier/internal/service/roster"
	"crier/internal/service/settings"
)

// participant is somebody who is signed in.
type participant struct {
	actor domain.Actor
	token string
}

// world is a real node on the embedded database, and the people who take part in the
// transcripts. Its clock stands still unless a transcript waits.
type world struct {
	node   *app.Node
	clock  *clock.Fixed
	addr   string
	data   string
	stop   context.CancelFunc
	sealer *cursor.Sealer
	org    domain.OrganisationID
	tests  map[string]domain.ExamID // by external id
	people map[string]participant
	sent   []int64 // offsets of the messages, in order
	bound  bindings
	away   *sql.DB // while the database is away

	talkers map[string]*talker
	keys    int // made so far
}

func newWorld(t *testing.T) *world {
	t.Helper()
	cfg := config.Default()
	cfg.Addr, cfg.Data, cfg.DrainTime = "127.0.0.1:0", t.TempDir(), 2*time.Second
	w := &world{clock: clock.NewFixed(time.Date(2026, 5, 4, 9, 0, 0, 123456000, time.UTC)), data: cfg.Data,
		tests: map[string]domain.ExamID{}, people: map[string]participant{}, bound: bindings{}, talkers: map[string]*talker{}}
	node, err := app.Open(t.Context(), cfg, zerolog.Nop(), app.Options{Clock: w.clock, Limiter: broadcast.Unlimited{}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() { ended <- node.Serve(ctx, func(a net.Addr) { listening <- a }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the node ended with %v", err)
		}
	})
	select {
	case a := <-listening:
		w.addr = a.String()
	case err := <-ended:
		ended <- err
		t.Fatal("the node did not start")
	}
	w.node, w.stop, w.sealer = node, cancel, cursor.NewSealer(node.Store.SealKey())
	if err := w.populate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// populate makes the organisation that testdata/README.md describes.
func (w *world) populate(ctx context.Context) error {
	org, err := w.node.Roster.EnsureOrganisation(ctx, "north", "North")
	if err != nil {
		return err
	}
	w.org = org.ID
	candidate := func(id, given, family string) roster.Person {
		return roster.Person{ExternalID: id, Kind: domain.KindCandidate, GivenName: given, FamilyName: family, Login: &id}
	}
	staff := func(id, given, family string, role domain.Role) roster.Person {
		return roster.Person{ExternalID: id, Kind: domain.KindStaff, Role: role, GivenName: given, FamilyName: family, Login: &id}
	}
	text := func(s string) *string { return &s }
	inProgress := domain.InProgress
	as := domain.System(w.org)
	if _, err := w.node.Roster.PutPeople(ctx, as, []roster.Person{
		candidate("sara", "Sara", "Amin"), candidate("omar", "Omar", "Haddad"), candidate("nadia", "Nadia", "Petrova"), candidate("lena", "Lena", "Vos"),
		staff("anna", "Anna", "Lindqvist", domain.RoleInvigilator), staff("bea", "Bea", "Olsen", domain.RolePlanner),
	}); err != nil {
		return err
	}
	if _, err := w.node.Roster.PutExams(ctx, as, []roster.Exam{{ExternalID: "test", Name: text("Mathematics 1")}, {ExternalID: "elsewhere", Name: text("Physics")}}); err != nil {
		return err
	}
	if _, err := w.node.Roster.PutEnrolments(ctx, as, []roster.Enrolment{
		{Exam: "test", Person: "sara", Room: text("A"), Progress: &inProgress}, {Exam: "test", Person: "omar", Room: text("B")},
		{Exam: "test", Person: "nadia", Room: text("C")},
	}); err != nil {
		return err
	}
	if _, err := w.node.Roster.PutScopes(ctx, as, []roster.Scope{{Exam: "test", Person: "anna", Rooms: []string{"A", "B"}}}); err != nil {
		return err
	}
	yes := true
	if _, err := w.node.Settings.Change(ctx, as, settings.Change{TestReplies: &yes}); err != nil {
		return err
	}
	exams, err := w.node.Monitor.Exams(ctx, as)
	if err != nil {
		return err
	}
	for _, e := range exams {
		w.tests[e.ExternalID] = e.ID
		w.bound[e.ExternalID] = string(e.ID)
	}
	for _, who := range []string{"sara", "omar", "nadia", "anna", "bea"} {
		in, err := w.signIn(ctx, who)
		if err != nil {
			return err
		}
		w.people[who] = in
		w.bound[who] = in.actor.ID
	}
	w.bound["person"] = w.bound["sara"]
	w.bound["directbea"] = "direct." + w.people["bea"].actor.ID
	w.bound["grouptest"] = "group." + string(w.tests["test"])
	return nil
}

// signIn starts a session without a password: hashing those would take most of the
// test's time.
func (w *world) signIn(ctx context.Context, who string) (participant, error) {
	p, _, err := w.node.Store.PersonByLogin(ctx, w.org, who)
	if err != nil {
		return participant{}, err
	}
	now, token := w.clock.Now(), auth.NewToken(auth.Session)
	n := domain.Session{Organisation: w.org, ID: "session-" + who, Person: p.No, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(time.Hour)}
	if _, err := w.node.Store.StartSession(ctx, domain.System(w.org), who, n, auth.HashToken(token)); err != nil {
		return participant{}, err
	}
	actor, err := w.node.Access.Authenticate(ctx, token)
	return participant{actor, token}, err
}

// value finds what a placeholder in a client's frame stands for.
func (w *world) value(ctx context.Context, who, name string) (any, error) {
	if v, ok := w.bound[name]; ok {
		return v, nil
	}
	seal := func(who string, offset int64) string {
		return w.sealer.Seal(int64(w.org), int64(w.people[who].actor.No), offset)
	}
	switch {
	case name == "ahead":
		return seal(who, 1_000_000), nil
	case name == "omars":
		return seal("omar", w.sent[0]), nil
	case name == "foreign": // of another database
		return cursor.NewSealer(make([]byte, 32)).Seal(int64(w.org), int64(w.people[who].actor.No), 1), nil
	case strings.HasPrefix(name, "ticket"):
		t, err := w.node.Access.Ticket(ctx, w.people[who].actor)
		w.bound[name] = t.Ticket
		return t.Ticket, err
	}
	return nil, fmt.Errorf("$%s stands for nothing yet", name)
}

// fill puts values in the place of placeholders.
func (w *world) fill(ctx context.Context, who string, v any) (any, error) {
	var err error
	switch v := v.(type) {
	case string:
		if name, ok := strings.CutPrefix(v, "$"); ok {
			return w.value(ctx, who, name)
		}
	case []any:
		for i := range v {
			if v[i], err = w.fill(ctx, who, v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k := range v {
			if v[k], err = w.fill(ctx, who, v[k]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// act does what a line says of the server's side; ok is false if it says nothing of it.
func (w *world) act(ctx context.Context, t *testing.T, verb, text string) (ok bool, err error) {
	words := strings.Fields(text)
	is := func(n int) bool { return len(words) == n }
	switch {
	case verb == "send":
		return true, w.send(ctx, text)
	case verb == "drain" && is(0):
		w.stop()
	case verb == "elsewhere" && is(2):
		at, err := w.message(words[1])
		if err != nil {
			return true, err
		}
		return true, w.connect(ctx, t, "sara", map[string]any{"type": "receipt", "id": "receipt", "state": words[0], "cursors": []any{at}})
	case verb == "connects" && is(1):
		return true, w.connect(ctx, t, words[0], nil)
	case verb == "signs-out" && is(1):
		return true, w.node.Access.SignOut(ctx, w.people[words[0]].actor)
	case verb == "progress" && is(2):
		_, err := w.node.Roster.PostProgress(ctx, domain.System(w.org), []roster.Progress{{Exam: "test", Person: words[0], Progress: domain.Progress(words[1])}})
		return true, err
	case verb == "enrols" && is(2):
		_, err := w.node.Roster.PutEnrolments(ctx, domain.System(w.org), []roster.Enrolment{{Exam: "test", Person: words[0], Room: &words[1]}})
		return true, err
	case verb == "unenrols" && is(1):
		left := domain.EnrolmentLeft
		_, err := w.node.Roster.PutEnrolments(ctx, domain.System(w.org), []roster.Enrolment{{Exam: "test", Person: words[0], State: &left}})
		return true, err
	case verb == "renames" && len(words) > 1:
		name := strings.Join(words[1:], " ")
		_, err := w.node.Roster.PutExams(ctx, domain.System(w.org), []roster.Exam{{ExternalID: words[0], Name: &name}})
		return true, err
	case verb == "names" && is(3):
		_, err := w.node.Roster.PutPeople(ctx, domain.System(w.org), []roster.Person{
			{ExternalID: words[0], Kind: domain.KindCandidate, GivenName: words[1], FamilyName: words[2], Login: &words[0]},
		})
		return true, err
	case verb == "scopes" && is(2):
		_, err := w.node.Roster.PutScopes(ctx, domain.System(w.org), []roster.Scope{{Exam: "test", Person: words[0], Rooms: words[1:]}})
		return true, err
	case len(words) > 1 && talks[verb] != nil:
		rest := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), words[0]))
		return true, talks[verb](w, ctx, t, words[0], rest)
	case verb == "database" && text == "away":
		return true, w.databaseAway(ctx)
	case verb == "database" && text == "back":
		return true, w.databaseBack(ctx)
	default:
		return false, nil
	}
	return true, nil
}

// message finds a cursor of Sara's: by its variable, or #1 for her first message.
func (w *world) message(name string) (any, error) {
	var n int
	if _, err := fmt.Sscanf(name, "#%d", &n); err == nil && n >= 1 && n <= len(w.sent) {
		return w.sealer.Seal(int64(w.org), int64(w.people["sara"].actor.No), w.sent[n-1]), nil
	}
	if v, ok := w.bound[strings.TrimPrefix(name, "$")]; ok {
		return v, nil
	}
	return nil, fmt.Errorf("%s stands for no message", name)
}

// send has Anna send a message to the people named, Sara unless told.
func (w *world) send(ctx context.Context, text string) error {
	var m struct {
		Subject, Body string
		To            []string
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return err
	}
	if m.To == nil {
		m.To = []string{"sara"}
	}
	r := broadcast.Request{Key: fmt.Sprintf("transcript-%d", len(w.sent)), Subject: m.Subject, Body: m.Body}
	for _, who := range m.To {
		r.Recipients.People = append(r.Recipients.People, domain.PersonID(w.people[who].actor.ID))
	}
	b, _, err := w.node.Broadcast.Send(ctx, w.people["anna"].actor, w.tests["test"], r)
	if err != nil {
		return err
	}
	offset, err := w.sealer.Open(int64(w.org), 0, string(b.ID))
	w.sent = append(w.sent, offset)
	return err
}

// connect opens another socket of somebody, says say if it is not nil and waits for
// the answer. The socket stays until the end of the test.
func (w *world) connect(ctx context.Context, t *testing.T, who string, say map[string]any) error {
	k, err := w.talker(ctx, t, who)
	if err != nil || say == nil {
		return err
	}
	return k.say(ctx, say)
}

// say has somebody say something on a socket of theirs that stays, always the same.
func (w *world) say(ctx context.Context, t *testing.T, who string, frame map[string]any) (err error) {
	k := w.talkers[who]
	if k == nil {
		if k, err = w.talker(ctx, t, who); err != nil {
			return err
		}
		w.talkers[who] = k
	}
	frame["id"] = w.key()
	return k.say(ctx, frame)
}

// talker is another socket of somebody, whose frames nobody looks at but the replies.
type talker struct {
	who     string
	ws      *websocket.Conn
	replies chan string
}

func (w *world) talker(ctx context.Context, t *testing.T, who string) (*talker, error) {
	ws, err := w.dial(ctx, who, protocol.Subprotocol, "http://"+w.addr, true)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = ws.CloseNow() })
	k := &talker{who: who, ws: ws, replies: make(chan string, 16)}
	go func() {
		defer close(k.replies)
		for {
			_, b, err := ws.Read(context.Background())
			if err != nil {
				return
			}
			var f struct {
				Type, ID string
				OK       bool
			}
			if json.Unmarshal(b, &f) == nil && f.Type == "reply" {
				if !f.OK {
					f.ID = string(b)
				}
				k.replies <- f.ID
			}
		}
	}()
	return k, k.say(ctx, map[string]any{"type": "hello", "id": "hello"})
}

func (k *talker) say(ctx context.Context, frame map[string]any) error {
	b, err := json.Marshal(frame)
	if err != nil {
		return err
	}
	if err := k.ws.Write(ctx, websocket.MessageText, b); err != nil {
		return err
	}
	select {
	case id := <-k.replies:
		if id != frame["id"] {
			return fmt.Errorf("another socket of %s got %q for %s", k.who, id, b)
		}
	case <-time.After(patience):
		return fmt.Errorf("another socket of %s got no reply", k.who)
	}
	return nil
}

// refused is an upgrade that was answered with a status.
type refused int

func (r refused) Error() string { return fmt.Sprintf("refused with %d", int(r)) }

func (w *world) dial(ctx context.Context, who, subprotocol, origin string, cookie bool) (*websocket.Conn, error) {
	h := http.Header{}
	if origin != "" {
		h.Set("Origin", origin)
	}
	if cookie {
		h.Set("Cookie", api.CookieName+"="+w.people[who].token)
	}
	ws, resp, err := websocket.Dial(ctx, "ws://"+w.addr+"/socket", &websocket.DialOptions{HTTPHeader: h, Subprotocols: []string{subprotocol}})
	if err != nil && resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, refused(resp.StatusCode)
	}
	if err == nil && ws.Subprotocol() != subprotocol {
		// What a browser does: WHATWG WebSockets, "establish a WebSocket connection".
		return nil, fmt.Errorf("the server did not take up %q: a browser would fail without a close code", subprotocol)
	}
	return ws, err
}

// databaseAway takes the journals out of the node's reach.
func (w *world) databaseAway(ctx context.Context) (err error) {
	if w.away, err = sql.Open("sqlite", filepath.Join(w.data, "crier.db")+"?_pragma=busy_timeout(5000)"); err != nil {
		return err
	}
	_, err = w.away.ExecContext(ctx, `ALTER TABLE journals RENAME TO journals_away`)
	return err
}

func (w *world) databaseBack(ctx context.Context) error {
	defer w.away.Close()
	_, err := w.away.ExecContext(ctx, `ALTER TABLE journals_away RENAME TO journals`)
	return err
}
