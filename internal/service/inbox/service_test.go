package inbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/clock"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/service/inbox"
	"crier/store"
)

type desk struct {
	*inbox.Service
	t      *testing.T
	store  *store.Store
	sealer *cursor.Sealer
	clock  *clock.Fixed
	org    domain.OrganisationID
	exams  map[string]domain.ExamID
	nos    []domain.PersonNo
}

// newDesk makes an organisation with the tests bio and chem and two candidates in
// both.
func newDesk(t *testing.T) *desk {
	t.Helper()
	ctx := t.Context()
	d := &desk{t: t, clock: clock.NewFixed(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)), exams: map[string]domain.ExamID{}}
	var err error
	d.store, err = store.Open(ctx, store.Options{DSN: "sqlite:" + filepath.Join(t.TempDir(), "crier.db"), Clock: d.clock, Log: zerolog.Nop()})
	d.must(err)
	t.Cleanup(func() { d.must(d.store.Close()) })
	d.must(d.store.Migrate(ctx))
	o, _, err := d.store.EnsureOrganisation(ctx, "org", "Organisation")
	d.must(err)
	d.org, d.sealer = o.ID, cursor.NewSealer(d.store.SealKey())
	where := func(f string) string { return f }
	var people []domain.PersonSpec
	var seats []domain.EnrolmentSpec
	room, seat := "A", "1"
	for i := range 2 {
		id := fmt.Sprintf("C%d", i)
		people = append(people, domain.PersonSpec{Where: where, ExternalID: id, Kind: domain.KindCandidate, Role: domain.RoleCandidate, GivenName: "Sara", FamilyName: id})
		for _, exam := range []string{"bio", "chem"} {
			seats = append(seats, domain.EnrolmentSpec{Where: where, Exam: exam, Person: id, Room: &room, Seat: &seat})
		}
	}
	start := d.clock.Now().Add(time.Hour)
	_, _, err = d.store.Import(ctx, domain.System(d.org), people,
		[]domain.ExamSpec{{Where: where, ExternalID: "bio"}, {Where: where, ExternalID: "chem", StartsAt: &start}}, seats)
	d.must(err)
	exams, err := d.store.Exams(ctx, d.org, nil)
	d.must(err)
	for _, e := range exams {
		d.exams[e.ExternalID] = e.ID
	}
	list, err := d.store.Enrolled(ctx, d.org, d.exams["bio"], nil)
	d.must(err)
	for _, c := range list {
		d.nos = append(d.nos, c.Person)
	}
	r := inbox.NewRecorder(inbox.RecorderOptions{Store: d.store, Clock: d.clock, Log: zerolog.Nop(), Linger: time.Millisecond})
	r.Start(ctx)
	t.Cleanup(func() { d.must(r.Stop(context.Background())) })
	d.Service = inbox.New(d.store, d.sealer, r)
	return d
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) as(i int) domain.Actor {
	return domain.Actor{Organisation: d.org, Kind: domain.ActorPerson, ID: fmt.Sprint("c", i), No: d.nos[i], Role: domain.RoleCandidate}
}

// send stores a sending to candidates by index.
func (d *desk) send(exam, subject string, people ...int) int64 {
	d.t.Helper()
	var nos []domain.PersonNo
	for _, i := range people {
		nos = append(nos, d.nos[i])
	}
	payload, err := json.Marshal(journal.BroadcastSent{ExamName: exam, Subject: subject, Body: "Bring your Ausweis.", Level: domain.LevelPopup, SenderName: "Ines", SenderRole: domain.RolePlanner, Recipients: len(nos)})
	d.must(err)
	audience, err := json.Marshal([]journal.AudienceRoom{{Room: "A", People: nos}})
	d.must(err)
	e, _, err := d.store.Append(d.t.Context(), &journal.Entry{Organisation: d.org, Kind: journal.KindBroadcastSent, Group: d.exams[exam], Payload: payload, Audience: audience})
	d.must(err)
	return e.Offset
}

func (d *desk) messages(i int, q, exam string, limit int, before string) inbox.Page {
	d.t.Helper()
	p, err := d.Messages(d.t.Context(), d.as(i), q, d.exams[exam], limit, before)
	d.must(err)
	return p
}

func subjects(p inbox.Page) (out string) {
	for _, m := range p.Messages {
		out += m.Subject + " "
	}
	return out
}

func TestMessages(t *testing.T) {
	d := newDesk(t)
	if p := d.messages(0, "", "", 0, ""); p.Cursor != "" || p.Unread != 0 || len(p.Messages) != 0 || p.Next != "" {
		t.Errorf("empty: %+v", p)
	}
	d.send("bio", "one", 0, 1)
	d.send("chem", "two", 0)
	last := d.send("bio", "three", 0)
	for name, c := range map[string]struct {
		i       int
		q, exam string
		want    string
	}{
		"all":             {0, "", "", "three two one "},
		"one's own alone": {1, "", "", "one "},
		"of one test":     {0, "", "bio", "three one "},
		"by subject":      {0, "TWO", "", "two "},
		"by body":         {0, "ausw", "", "three two one "},
		"by test":         {0, "chem", "", "two "},
		"nothing":         {0, "four", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := d.messages(c.i, c.q, c.exam, 0, "")
			if subjects(p) != c.want || p.Next != "" {
				t.Errorf("%q, next %q", subjects(p), p.Next)
			}
		})
	}
	p := d.messages(0, "", "", 2, "")
	if subjects(p) != "three two " || p.Next == "" || p.Unread != 3 || p.Cursor != d.sealer.Seal(int64(d.org), int64(d.nos[0]), last) {
		t.Errorf("%+v", p)
	}
	if m := p.Messages[0]; m.Group == nil || *m.Group != (inbox.Group{ID: d.exams["bio"], Kind: domain.KindTest, Name: "bio"}) || m.Room != "A" || m.From != (inbox.From{Name: "Ines", Role: domain.RolePlanner}) ||
		m.State != domain.Queued || m.Reminder || m.ID != p.Cursor {
		t.Errorf("%+v", m)
	}
	if p = d.messages(0, "", "", 2, p.Next); subjects(p) != "one " || p.Next != "" {
		t.Errorf("%+v", p)
	}
}

func TestSearchGoesThroughManyPages(t *testing.T) {
	d := newDesk(t)
	d.send("bio", "needle", 0)
	for range 250 {
		d.send("bio", "hay", 0)
	}
	d.send("bio", "needle", 0)
	if p := d.messages(0, "needle", "", 1, ""); len(p.Messages) != 1 || p.Next == "" {
		t.Fatalf("%+v", p)
	} else if p = d.messages(0, "needle", "", 1, p.Next); len(p.Messages) != 1 || p.Next != "" {
		t.Errorf("%+v", p)
	}
}

func TestReceipts(t *testing.T) {
	d := newDesk(t)
	d.send("bio", "one", 0, 1)
	d.send("bio", "two", 0)
	p := d.messages(0, "", "", 0, "")
	at := d.clock.Now()
	d.must(d.Receipts(t.Context(), d.as(0), []inbox.Receipt{{ID: p.Messages[0].ID, State: "delivered"}, {ID: p.Messages[1].ID, State: "acknowledged"}}))
	d.clock.Advance(time.Minute)
	d.must(d.Receipts(t.Context(), d.as(0), []inbox.Receipt{{ID: p.Messages[1].ID, State: "displayed"}}))
	p = d.messages(0, "", "", 0, "")
	if p.Unread != 1 || p.Messages[0].State != domain.Delivered || p.Messages[1].State != domain.Acknowledged || !p.Messages[1].Times.DisplayedAt.Equal(at) {
		t.Errorf("%+v", p)
	}
	if other := d.messages(1, "", "", 0, ""); other.Messages[0].State != domain.Queued {
		t.Errorf("another's message is %s", other.Messages[0].State)
	}
	d.must(d.Receipts(t.Context(), d.as(0), nil))

	foreign := d.sealer.Seal(int64(d.org), int64(d.nos[1]), 1)
	absent := d.sealer.Seal(int64(d.org), int64(d.nos[0]), 4711)
	d.must(d.Receipts(t.Context(), d.as(0), []inbox.Receipt{{ID: absent, State: "displayed"}})) // ignored
	for name, c := range map[string]struct {
		actor domain.Actor
		items []inbox.Receipt
		code  fault.Code
		field string
	}{
		"a forged id":   {d.as(0), []inbox.Receipt{{ID: p.Messages[0].ID, State: "displayed"}, {ID: "x", State: "displayed"}}, fault.Invalid, "items[1].id"},
		"another's id":  {d.as(0), []inbox.Receipt{{ID: foreign, State: "displayed"}}, fault.Invalid, "items[0].id"},
		"a wrong state": {d.as(0), []inbox.Receipt{{ID: p.Messages[0].ID, State: "queued"}}, fault.Invalid, "items[0].state"},
		"too many":      {d.as(0), make([]inbox.Receipt, 101), fault.TooLarge, "items"},
		"staff":         {domain.Actor{Organisation: d.org, Kind: domain.ActorPerson, No: 1, Role: domain.RolePlanner}, nil, fault.Forbidden, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if err := d.Receipts(t.Context(), c.actor, c.items); fault.CodeOf(err) != c.code || fault.Public(err).Field != c.field {
				t.Errorf("got %v", err)
			}
		})
	}
	if after := d.messages(0, "", "", 0, ""); after.Messages[0].State != domain.Delivered {
		t.Error("a refused request was half done")
	}
}

func TestDashboard(t *testing.T) {
	d := newDesk(t)
	d.send("bio", "one", 0)
	got, err := d.Dashboard(t.Context(), d.as(0))
	d.must(err)
	if got.Unread != 1 || len(got.Tests) != 2 || got.Tests[0].ID != d.exams["bio"] || got.Tests[0].StartsAt != nil || got.Tests[1].StartsAt == nil ||
		got.Tests[0].Room != "A" || got.Tests[0].Progress != domain.NotStarted {
		t.Errorf("%+v", got)
	}
	if _, err := d.Dashboard(t.Context(), domain.Actor{Organisation: d.org, Kind: domain.ActorPerson, No: 1, Role: domain.RoleAdmin}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("got %v", err)
	}
}

func TestMessagesRefuses(t *testing.T) {
	d := newDesk(t)
	d.send("bio", "one", 0, 1)
	foreign := d.messages(1, "", "", 0, "").Messages[0].ID
	for _, c := range []struct{ q, exam, before, field string }{{"a\x00", "", "", "q"}, {"", "a\x00", "", "test"}, {"", "", "forged", "before"}, {"", "", foreign, "before"}} {
		_, err := d.Messages(t.Context(), d.as(0), c.q, domain.ExamID(c.exam), 0, c.before)
		if !fault.Is(err, fault.Invalid) || fault.Public(err).Field != c.field {
			t.Errorf("got %v, want %s", err, c.field)
		}
	}
}
