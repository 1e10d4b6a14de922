package conversation_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"crier/internal/clock"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/limit"
	"crier/internal/service/conversation"
	"crier/internal/testkit"
	"crier/store"
	"crier/store/storetest"
)

func TestMain(m *testing.M) {
	testkit.Template(storetest.Template)
	testkit.Main(m, func() error { return goleak.Find() })
}

// office is an organisation with a pool and a test. Sara and Tom are in the pool, Sara
// and Uma in room A of the test.
type office struct {
	*conversation.Service
	t      testing.TB
	store  *store.Store
	clock  *clock.Fixed
	seal   *cursor.Sealer
	org    domain.OrganisationID
	pool   domain.GroupID
	exam   domain.GroupID
	people map[string]domain.Person

	mu        sync.Mutex
	committed []*journal.Entry // guarded by mu
}

type nobody struct{}

func (nobody) Presence(domain.OrganisationID, domain.PersonNo) (domain.Presence, time.Time) {
	return domain.Offline, time.Time{}
}

// both runs fn on an office on each database.
func both(t *testing.T, fn func(t *testing.T, o *office)) {
	t.Run("sqlite", func(t *testing.T) { fn(t, newOffice(t, "sqlite:"+filepath.Join(t.TempDir(), "crier.db"))) })
	t.Run("postgres", func(t *testing.T) { fn(t, newOffice(t, testkit.Postgres(t))) })
}

func newOffice(t testing.TB, dsn string) *office {
	t.Helper()
	ctx := t.Context()
	o := &office{t: t, clock: clock.NewFixed(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)), people: map[string]domain.Person{}}
	var err error
	o.store, err = store.Open(ctx, store.Options{DSN: dsn, Clock: o.clock, Log: zerolog.Nop()})
	o.must(err)
	t.Cleanup(func() { o.must(o.store.Close()) })
	o.must(o.store.Migrate(ctx))
	org, _, err := o.store.EnsureOrganisation(ctx, "org", "Organisation")
	o.must(err)
	o.org = org.ID
	where := func(f string) string { return f }
	room := "A"
	names := []string{"Sara", "Tom", "Uma"}
	var specs []domain.PersonSpec
	for _, n := range names {
		specs = append(specs, domain.PersonSpec{Where: where, ExternalID: n, Kind: domain.KindCandidate, Role: domain.RoleCandidate, GivenName: n, FamilyName: "Amin"})
	}
	for _, n := range []string{"Ines", "Omar"} {
		specs = append(specs, domain.PersonSpec{Where: where, ExternalID: n, Kind: domain.KindStaff, Role: domain.RoleCoordinator, GivenName: n, FamilyName: "Vogel"})
	}
	_, _, err = o.store.Import(ctx, domain.System(o.org), specs,
		[]domain.GroupSpec{{Where: where, Kind: domain.KindPool, ExternalID: "pool"}, {Where: where, ExternalID: "bio"}},
		[]domain.EnrolmentSpec{{Where: where, Kind: domain.KindPool, Exam: "pool", Person: "Sara"}, {Where: where, Kind: domain.KindPool, Exam: "pool", Person: "Tom"},
			{Where: where, Exam: "bio", Person: "Sara", Room: &room}, {Where: where, Exam: "bio", Person: "Uma", Room: &room}})
	o.must(err)
	found, err := o.store.PeopleByExternalID(ctx, o.org, append(names, "Ines", "Omar"))
	o.must(err)
	o.people = found
	groups, err := o.store.Groups(ctx, o.org, nil, nil)
	o.must(err)
	for _, g := range groups {
		if g.Kind == domain.KindPool {
			o.pool = g.ID
		} else {
			o.exam = g.ID
		}
	}
	o.seal = cursor.NewSealer(o.store.SealKey())
	o.Service = conversation.New(conversation.Options{
		Store: o.store, Presence: nobody{}, Sealer: o.seal, Clock: o.clock, Log: zerolog.Nop(), Limits: domain.DefaultLimits, Limiter: limit.For(limit.NewLocal(o.clock), limit.Messages),
	})
	o.store.Bus().Listen(journal.Committed, journal.Hub, func(e *journal.Entry) {
		// After COMMIT: another reader sees the entry by now.
		if _, err := o.store.Entry(context.Background(), e.Organisation, e.Offset); err != nil {
			o.t.Errorf("a listener heard too early: %v", err)
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		o.committed = append(o.committed, e)
	})
	t.Cleanup(func() { o.must(o.Stop(context.Background())) })
	return o
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// as is someone of the staff, with scopes in groups; "" as a room means all.
func (o *office) as(name string, role domain.Role, scopes ...domain.Scope) domain.Actor {
	p := o.people[name]
	return domain.Actor{Organisation: o.org, Kind: domain.ActorPerson, ID: string(p.ID), No: p.No, Name: p.Name(), Role: role, Scopes: scopes}
}

func (o *office) planner() domain.Actor { return o.as("Ines", domain.RolePlanner) }

func (o *office) candidate(name string) domain.Actor { return o.as(name, domain.RoleCandidate) }

func (o *office) change(change func(*domain.Settings)) {
	o.t.Helper()
	_, err := o.store.ChangeSettings(o.t.Context(), domain.System(o.org), change)
	o.must(err)
}

// rings are the kinds of the entries that were told, and forgets them.
func (o *office) rings() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []string
	for _, e := range o.committed {
		out = append(out, string(e.Kind))
	}
	o.committed = nil
	return strings.Join(out, " ")
}

func (o *office) refused(err error, code fault.Code, field string) {
	o.t.Helper()
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != code || f.Field != field {
		o.t.Errorf("%v, want %s of %q", err, code, field)
	}
}

func TestSend(t *testing.T) {
	both(t, func(t *testing.T, o *office) {
		ctx, sara := t.Context(), o.people["Sara"].ID
		r := conversation.Request{Key: "key-000001", Body: "Are you free?\r\nOn Saturday.", Subject: " Saturday "}
		item, fresh, err := o.Send(ctx, o.planner(), sara, r)
		o.must(err)
		if !fresh || item.Type != domain.ItemMessage || item.Direction != domain.DirectionOut || item.Subject != "Saturday" || item.Body != "Are you free?\nOn Saturday." ||
			item.Group != nil || item.From != (domain.ItemFrom{ID: o.people["Ines"].ID, Name: "Ines Vogel", Role: domain.RolePlanner}) || item.State != domain.Queued {
			t.Errorf("%+v", item)
		}
		if offset, err := o.seal.Open(int64(o.org), 0, string(item.ID)); err != nil || offset < 1 {
			t.Errorf("id %q", item.ID)
		}
		if got := o.rings(); got != "message.sent" {
			t.Errorf("rang for %q", got)
		}
		again, fresh, err := o.Send(ctx, o.planner(), sara, r)
		if err != nil || fresh || again.ID != item.ID || again.Body != item.Body {
			t.Errorf("again: %+v, %v, %v", again, fresh, err)
		}
		again, fresh, err = o.Send(ctx, o.planner(), sara, conversation.Request{Key: r.Key, Body: r.Body, Subject: r.Subject, Seen: item.ID, TakeOver: true})
		if err != nil || fresh || again.ID != item.ID { // the conditions are not the message
			t.Errorf("again on other conditions: %+v, %v, %v", again, fresh, err)
		}
		_, _, err = o.Send(ctx, o.planner(), o.people["Tom"].ID, r)
		o.refused(err, fault.Conflict, "key")
		if got := o.rings(); got != "" {
			t.Errorf("rang for %q", got)
		}
		// the only group of mine that the candidate is in
		tom, _, err := o.Send(ctx, o.planner(), o.people["Tom"].ID, conversation.Request{Key: "key-000002", Body: "Hello"})
		if err != nil || tom.Group == nil || tom.Group.ID != o.pool || tom.Group.Kind != domain.KindPool || tom.Group.Name != "pool" {
			t.Errorf("%+v, %v", tom.Group, err)
		}
		mine, _, err := o.Send(ctx, o.as("Omar", domain.RoleInvigilator, domain.Scope{Exam: o.exam, Room: "A"}), sara, conversation.Request{Key: "key-000003", Body: "Hello"})
		if err != nil || mine.Group == nil || mine.Group.ID != o.exam {
			t.Errorf("%+v, %v", mine.Group, err)
		}
		if c, err := o.store.VerifyChain(ctx, o.org); err != nil || !c.OK {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

// Who may write to whom, and what a bad request is told.
func TestSendRefused(t *testing.T) {
	both(t, func(t *testing.T, o *office) {
		sara := o.people["Sara"].ID
		ok := conversation.Request{Key: "key-000001", Body: "Hello"}
		with := func(change func(*conversation.Request)) conversation.Request {
			r := ok
			change(&r)
			return r
		}
		planner := o.planner()
		pool := domain.Scope{Exam: o.pool}
		roomA, roomB := domain.Scope{Exam: o.exam, Room: "A"}, domain.Scope{Exam: o.exam, Room: "B"}
		foreign := planner
		foreign.Organisation++
		for name, c := range map[string]struct {
			actor  domain.Actor
			person domain.PersonID
			r      conversation.Request
			code   fault.Code
			field  string
		}{
			"a candidate":                  {o.candidate("Tom"), sara, ok, fault.Forbidden, ""},
			"nobody's coordinator":         {o.as("Ines", domain.RoleCoordinator), sara, ok, fault.NotFound, ""},
			"another room's invigilator":   {o.as("Ines", domain.RoleInvigilator, roomB), sara, ok, fault.NotFound, ""},
			"another pool's coordinator":   {o.as("Ines", domain.RoleCoordinator, pool), o.people["Uma"].ID, ok, fault.NotFound, ""},
			"another organisation":         {foreign, sara, ok, fault.Internal, ""},
			"a person who is not there":    {planner, "nobody", ok, fault.NotFound, ""},
			"a colleague":                  {planner, o.people["Omar"].ID, ok, fault.NotFound, ""},
			"a group they are not in":      {planner, o.people["Uma"].ID, with(func(r *conversation.Request) { r.Group = o.pool }), fault.Invalid, "group"},
			"a group that is not mine":     {o.as("Ines", domain.RoleInvigilator, roomA), sara, with(func(r *conversation.Request) { r.Group = o.pool }), fault.Invalid, "group"},
			"no body":                      {planner, sara, with(func(r *conversation.Request) { r.Body = " \n" }), fault.Invalid, "body"},
			"a long body":                  {planner, sara, with(func(r *conversation.Request) { r.Body = strings.Repeat("å", 4001) }), fault.Invalid, "body"},
			"a long subject":               {planner, sara, with(func(r *conversation.Request) { r.Subject = strings.Repeat("å", 201) }), fault.Invalid, "subject"},
			"a subject of two lines":       {planner, sara, with(func(r *conversation.Request) { r.Subject = "a\nb" }), fault.Invalid, "subject"},
			"a control character":          {planner, sara, with(func(r *conversation.Request) { r.Body = "a\x00b" }), fault.Invalid, "body"},
			"invalid UTF-8":                {planner, sara, with(func(r *conversation.Request) { r.Body = "a\xff" }), fault.Invalid, "body"},
			"a short key":                  {planner, sara, with(func(r *conversation.Request) { r.Key = "short" }), fault.Invalid, "key"},
			"no id of an item":             {planner, sara, with(func(r *conversation.Request) { r.Seen = "rubbish" }), fault.Invalid, "seen"},
			"eleven files":                 {planner, sara, with(func(r *conversation.Request) { r.Attachments = make([]domain.AttachmentID, 11) }), fault.TooLarge, "attachments"},
			"a file that nobody knows":     {planner, sara, with(func(r *conversation.Request) { r.Attachments = []domain.AttachmentID{"x"} }), fault.Invalid, "attachments[0]"},
			"a file that is there twice":   {planner, sara, with(func(r *conversation.Request) { r.Attachments = []domain.AttachmentID{"x", "y", "x"} }), fault.Invalid, "attachments[2]"},
			"a file with no name to speak": {planner, sara, with(func(r *conversation.Request) { r.Attachments = []domain.AttachmentID{""} }), fault.Invalid, "attachments[0]"},
		} {
			t.Run(name, func(t *testing.T) {
				_, _, err := o.Send(t.Context(), c.actor, c.person, c.r)
				if f, isFault := errors.AsType[*fault.Error](err); c.code != fault.Internal && (!isFault || f.Code != c.code || f.Field != c.field) || err == nil {
					t.Errorf("%v, want %s of %q", err, c.code, c.field)
				}
			})
		}
		if got := o.rings(); got != "" {
			t.Errorf("rang for %q", got)
		}
		o.change(func(s *domain.Settings) { s.ChatSubject = true })
		_, _, err := o.Send(t.Context(), planner, sara, with(func(r *conversation.Request) { r.Body = "" }))
		if f, isFault := errors.AsType[*fault.Error](err); !isFault || f.Code != fault.Invalid || len(f.Details) != 2 {
			t.Errorf("%+v", err)
		}
		_, _, err = o.Send(t.Context(), planner, sara, ok)
		o.refused(err, fault.Invalid, "subject")
	})
}

func TestReply(t *testing.T) {
	both(t, func(t *testing.T, o *office) {
		ctx, sara := t.Context(), o.candidate("Sara")
		_, _, err := o.Reply(ctx, sara, conversation.Reply{Key: "key-000001", Body: "Hello?"})
		o.refused(err, fault.Conflict, "group")
		sent, _, err := o.Send(ctx, o.planner(), o.people["Sara"].ID, conversation.Request{Key: "key-000002", Body: "Are you free?", Group: o.pool})
		o.must(err)
		offset, err := o.seal.Open(int64(o.org), 0, string(sent.ID))
		o.must(err)
		theirs := o.seal.Seal(int64(o.org), int64(sara.No), offset)
		o.rings()
		m, fresh, err := o.Reply(ctx, sara, conversation.Reply{Key: "key-000003", Body: "Yes", ReplyTo: theirs})
		if err != nil || !fresh || !m.Inbound || m.Exam != o.pool || m.Kind != domain.KindPool || m.ReplyTo != offset || m.State() != domain.Acknowledged || m.Text.SenderName != "Sara Amin" {
			t.Errorf("%+v, %v, %v", m, fresh, err)
		}
		if got := o.rings(); got != "message.sent" {
			t.Errorf("rang for %q", got)
		}
		again, fresh, err := o.Reply(ctx, sara, conversation.Reply{Key: "key-000003", Body: "Yes", ReplyTo: theirs})
		if err != nil || fresh || again.Offset != m.Offset {
			t.Errorf("%+v, %v, %v", again, fresh, err)
		}
		for name, r := range map[string]struct {
			r     conversation.Reply
			code  fault.Code
			field string
		}{
			"another key's words":       {conversation.Reply{Key: "key-000003", Body: "No"}, fault.Conflict, "key"},
			"where nobody has written":  {conversation.Reply{Key: "key-000004", Body: "Hello", Group: o.exam}, fault.Conflict, "group"},
			"a group of others":         {conversation.Reply{Key: "key-000005", Body: "Hello", Group: "nobody's"}, fault.Invalid, "group"},
			"staff's name of a message": {conversation.Reply{Key: "key-000006", Body: "Hello", ReplyTo: string(sent.ID)}, fault.Invalid, "reply_to"},
			"a message of another":      {conversation.Reply{Key: "key-000007", Body: "Hello", ReplyTo: o.seal.Seal(int64(o.org), int64(o.people["Tom"].No), offset)}, fault.Invalid, "reply_to"},
			"a place that is no message": {conversation.Reply{Key: "key-000008", Body: "Hello", ReplyTo: o.seal.Seal(int64(o.org), int64(sara.No), 1)},
				fault.Invalid, "reply_to"},
			"another group than that message's": {conversation.Reply{Key: "key-000009", Body: "Hello", ReplyTo: theirs, Group: o.exam}, fault.Invalid, "reply_to"},
			"no body":                           {conversation.Reply{Key: "key-000010", ReplyTo: theirs}, fault.Invalid, "body"},
		} {
			o.clock.Advance(time.Minute)
			_, _, err := o.Reply(ctx, sara, r.r)
			if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != r.code || f.Field != r.field {
				t.Errorf("%s: %v, want %s of %s", name, err, r.code, r.field)
			}
		}
		if _, _, err := o.Reply(ctx, o.planner(), conversation.Reply{Key: "key-000011", Body: "Hello"}); !fault.Is(err, fault.Forbidden) {
			t.Error(err)
		}
		threads, err := o.Threads(ctx, sara)
		o.must(err)
		var got []string
		for _, th := range threads {
			name, why := "none", domain.BlockedCode("")
			if th.Group != nil {
				name = th.Group.Name
			}
			if th.Reason != nil {
				why = th.Reason.Code
			}
			got = append(got, fmt.Sprintf("%s %v %s", name, th.MayWrite, why))
		}
		if want := "bio false staff_starts|pool true |none false staff_starts"; strings.Join(got, "|") != want {
			t.Errorf("%s, want %s", strings.Join(got, "|"), want)
		}
		if _, err := o.Threads(ctx, o.planner()); !fault.Is(err, fault.Forbidden) {
			t.Error(err)
		}
	})
}

// A candidate who writes too fast is told when to come again; a retry costs nothing.
func TestReplyBudget(t *testing.T) {
	both(t, func(t *testing.T, o *office) {
		ctx, tom := t.Context(), o.candidate("Tom")
		o.change(func(s *domain.Settings) { s.CandidatesStart = true })
		say := func(i int) error {
			_, _, err := o.Reply(ctx, tom, conversation.Reply{Key: fmt.Sprintf("key-%06d", i), Body: "Hello", Group: o.pool})
			return err
		}
		for i := range 10 {
			o.must(say(i))
		}
		err := say(10)
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != fault.RateLimited || f.RetryAfter <= 0 || f.RetryAfter > 200*time.Millisecond {
			t.Errorf("%v", err)
		}
		o.must(say(9))
		if _, _, err := o.Reply(ctx, o.candidate("Sara"), conversation.Reply{Key: "key-000000", Body: "Hello", Group: o.pool}); err != nil {
			t.Errorf("another pays for it: %v", err)
		}
		o.clock.Advance(200 * time.Millisecond)
		o.must(say(10))
		if err := say(11); !fault.Is(err, fault.RateLimited) {
			t.Error(err)
		}
	})
}

// Two colleagues answer what they both saw at the same moment: one is told that the
// other was faster, however their messages are batched.
func TestTwoAnswerAtOnce(t *testing.T) {
	both(t, func(t *testing.T, o *office) {
		ctx, sara := t.Context(), o.people["Sara"].ID
		for round := range 10 {
			o.change(func(s *domain.Settings) { s.TestReplies, s.CandidatesStart = true, true })
			m, _, err := o.Reply(ctx, o.candidate("Sara"), conversation.Reply{Key: fmt.Sprintf("key-in-%03d", round), Body: "Hello", Group: o.pool})
			o.must(err)
			o.clock.Advance(time.Second)
			seen := domain.ItemID(o.seal.Seal(int64(o.org), 0, m.Offset))
			var all sync.WaitGroup
			errs := make([]error, 2)
			for i, who := range []string{"Ines", "Omar"} {
				all.Go(func() {
					_, _, errs[i] = o.Send(ctx, o.as(who, domain.RolePlanner), sara, conversation.Request{Key: fmt.Sprintf("key-out-%03d", round), Body: "Yes", Group: o.pool, Seen: seen})
				})
			}
			all.Wait()
			loser, winner := 0, "Omar Vogel"
			if errs[0] == nil {
				loser, winner = 1, "Ines Vogel"
			}
			f, ok := errors.AsType[*fault.Error](errs[loser])
			if errs[1-loser] != nil || !ok || f.Code != fault.Conflict || f.Field != "seen" || !strings.Contains(f.Message, winner) {
				t.Fatalf("round %d: %v", round, errs)
			}
		}
	})
}
