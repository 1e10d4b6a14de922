package record_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/clock"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/service/record"
	"crier/store"
)

type book struct {
	*record.Service
	t     *testing.T
	store *store.Store
	clock *clock.Fixed
	org   domain.OrganisationID
	exams map[string]domain.ExamID
	nos   map[string]domain.PersonNo
}

// newBook makes an organisation with the tests bio and chem; in bio sit CA in room
// A and CB in room B, in chem sits CC.
func newBook(t *testing.T) *book {
	t.Helper()
	ctx := t.Context()
	b := &book{t: t, clock: clock.NewFixed(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)), exams: map[string]domain.ExamID{}, nos: map[string]domain.PersonNo{}}
	var err error
	b.store, err = store.Open(ctx, store.Options{DSN: "sqlite:" + filepath.Join(t.TempDir(), "crier.db"), Clock: b.clock, Log: zerolog.Nop()})
	b.must(err)
	t.Cleanup(func() { b.must(b.store.Close()) })
	b.must(b.store.Migrate(ctx))
	o, _, err := b.store.EnsureOrganisation(ctx, "org", "Organisation")
	b.must(err)
	b.org = o.ID
	where := func(f string) string { return f }
	var people []domain.PersonSpec
	var seats []domain.EnrolmentSpec
	for _, c := range []struct{ id, exam, room string }{{"CA", "bio", "A"}, {"CB", "bio", "B"}, {"CC", "chem", "A"}} {
		people = append(people, domain.PersonSpec{Where: where, ExternalID: c.id, Kind: domain.KindCandidate, Role: domain.RoleCandidate, GivenName: "Name", FamilyName: c.id})
		seats = append(seats, domain.EnrolmentSpec{Where: where, Exam: c.exam, Person: c.id, Room: &c.room})
	}
	_, _, err = b.store.Import(ctx, domain.System(b.org), people, []domain.ExamSpec{{Where: where, ExternalID: "bio"}, {Where: where, ExternalID: "chem"}}, seats)
	b.must(err)
	exams, err := b.store.Exams(ctx, b.org, nil)
	b.must(err)
	for _, e := range exams {
		b.exams[e.ExternalID] = e.ID
		list, err := b.store.Enrolled(ctx, b.org, e.ID, nil)
		b.must(err)
		for _, c := range list {
			b.nos[c.ExternalID] = c.Person
		}
	}
	b.Service = record.New(b.store, cursor.NewSealer(b.store.SealKey()))
	return b
}

func (b *book) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// send stores a sending; to is "room:candidate …".
func (b *book) send(exam, subject, body, by string, to ...string) {
	b.t.Helper()
	b.clock.Advance(time.Minute)
	var audience []journal.AudienceRoom
	for _, t := range to {
		room, who, _ := strings.Cut(t, ":")
		audience = append(audience, journal.AudienceRoom{Room: room, People: []domain.PersonNo{b.nos[who]}})
	}
	payload, err := json.Marshal(journal.BroadcastSent{ExamName: exam, Subject: subject, Body: body, Level: domain.LevelPopup, SenderName: by, SenderRole: domain.RolePlanner, Recipients: len(to)})
	b.must(err)
	list, err := json.Marshal(audience)
	b.must(err)
	_, _, err = b.store.Append(b.t.Context(), &journal.Entry{Organisation: b.org, Kind: journal.KindBroadcastSent, Group: b.exams[exam], Payload: payload, Audience: list,
		Actor: domain.ActorRef{Kind: domain.ActorPerson, ID: "id-" + by, Name: by, Role: domain.RolePlanner}})
	b.must(err)
}

func (b *book) as(role domain.Role, scopes ...domain.Scope) domain.Actor {
	return domain.Actor{Organisation: b.org, Kind: domain.ActorPerson, ID: "staff", No: 99, Role: role, Scopes: scopes}
}

func (b *book) list(a domain.Actor, f record.Filter) string {
	b.t.Helper()
	p, err := b.List(b.t.Context(), a, f, 0, "")
	b.must(err)
	var out []string
	for _, e := range p.Entries {
		out = append(out, e.Subject)
	}
	return strings.TrimSpace(strings.Join(out, " "))
}

func (b *book) fill() {
	b.send("bio", "both", "Hello there", "Ines Vogel", "A:CA", "B:CB")
	b.send("bio", "first", "=cmd|' /C calc'!A0", "Ole Berg", "A:CA")
	b.send("bio", "second", "Ünïcode, \"quoted\"\nand a new line", "Ole Berg", "B:CB")
	b.send("chem", "other", "Hello", "Ines Vogel", "A:CC")
}

func TestWhoReadsWhat(t *testing.T) {
	b := newBook(t)
	b.fill()
	bio := func(room string) domain.Scope { return domain.Scope{Exam: b.exams["bio"], Room: room} }
	for name, c := range map[string]struct {
		actor domain.Actor
		want  string
	}{
		"an admin":                              {b.as(domain.RoleAdmin), "other second first both"},
		"a planner":                             {b.as(domain.RolePlanner), "other second first both"},
		"a chief invigilator":                   {b.as(domain.RoleChiefInvigilator, bio("A")), "second first both"},
		"an invigilator in A":                   {b.as(domain.RoleInvigilator, bio("A")), "first both"},
		"an invigilator in A and B":             {b.as(domain.RoleInvigilator, bio("A"), bio("B")), "second first both"},
		"an invigilator in room A of both":      {b.as(domain.RoleInvigilator, bio("A"), domain.Scope{Exam: b.exams["chem"], Room: "A"}), "other first both"},
		"a coordinator of one":                  {b.as(domain.RoleCoordinator, bio("")), "second first both"},
		"an invigilator without any scope":      {b.as(domain.RoleInvigilator), ""},
		"an admin of another organisation":      {domain.Actor{Organisation: b.org + 1, Role: domain.RoleAdmin}, ""},
		"an invigilator of all rooms of a test": {b.as(domain.RoleInvigilator, bio("")), "second first both"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.actor.Organisation != b.org {
				_, err := b.Verify(t.Context(), c.actor)
				b.must(err)
			}
			f := record.Filter{Kinds: []journal.Kind{journal.KindBroadcastSent}}
			if got := b.list(c.actor, f); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
	if _, err := b.List(t.Context(), b.as(domain.RoleCandidate), record.Filter{}, 0, ""); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}
	if err := b.WriteCSV(t.Context(), b.as(domain.RoleCandidate), record.Filter{}, &bytes.Buffer{}); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}
	for _, role := range []domain.Role{domain.RoleCandidate, domain.RoleCoordinator} {
		if _, err := b.Verify(t.Context(), b.as(role, bio(""))); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", role, err)
		}
	}
	if _, err := b.Verify(t.Context(), b.as(domain.RoleChiefInvigilator, bio(""))); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a chief invigilator verifies: %v", err)
	}
}

func TestFilters(t *testing.T) {
	b := newBook(t)
	start := b.clock.Now()
	b.fill()
	planner := b.as(domain.RolePlanner)
	for name, c := range map[string]struct {
		filter record.Filter
		want   string
	}{
		"test":               {record.Filter{Exam: b.exams["chem"], Kinds: []journal.Kind{"broadcast.sent"}}, "other"},
		"words of the body":  {record.Filter{Q: "hel the"}, "both"},
		"folded":             {record.Filter{Q: "unicode"}, "second"},
		"subject":            {record.Filter{Q: "FIRST"}, "first"},
		"sender":             {record.Filter{Sender: "ole"}, "second first"},
		"sender's id":        {record.Filter{Sender: "id-Ines Vogel"}, "other both"},
		"from":               {record.Filter{From: start.Add(3 * time.Minute), Q: "o"}, "other second"},
		"to":                 {record.Filter{To: start.Add(2 * time.Minute), Kinds: []journal.Kind{"broadcast.sent"}}, "both"},
		"two kinds":          {record.Filter{Kinds: []journal.Kind{"broadcast.sent", "broadcast.told"}}, "other second first both"},
		"a kind without any": {record.Filter{Kinds: []journal.Kind{"broadcast.told"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := b.list(planner, c.filter); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
	for field, f := range map[string]record.Filter{"q": {Q: "\x00"}, "sender": {Sender: "\xff"}, "kind": {Kinds: []journal.Kind{"x"}}, "test": {Exam: "\x00"}} {
		if _, err := b.List(t.Context(), planner, f, 0, ""); !fault.Is(err, fault.Invalid) || fault.Public(err).Field != field {
			t.Errorf("got %v, want %s", err, field)
		}
	}
	if _, err := b.List(t.Context(), planner, record.Filter{}, 0, "forged"); fault.Public(err).Field != "before" {
		t.Errorf("got %v", err)
	}
}

func TestPages(t *testing.T) {
	b := newBook(t)
	for i := range 7 {
		b.send("bio", fmt.Sprint(i), "x", "Ines", "A:CA")
	}
	f := record.Filter{Kinds: []journal.Kind{journal.KindBroadcastSent}}
	var got []string
	for before, pages := "", 0; ; pages++ {
		p, err := b.List(t.Context(), b.as(domain.RolePlanner), f, 3, before)
		b.must(err)
		for _, e := range p.Entries {
			got = append(got, e.Subject)
		}
		if before = p.Next; before == "" {
			if pages != 2 {
				t.Errorf("%d pages", pages+1)
			}
			break
		}
	}
	if strings.Join(got, "") != "6543210" {
		t.Errorf("%v", got)
	}
}

func TestGet(t *testing.T) {
	b := newBook(t)
	b.fill()
	planner := b.as(domain.RolePlanner)
	inA := b.as(domain.RoleInvigilator, domain.Scope{Exam: b.exams["bio"], Room: "A"})
	p, err := b.List(t.Context(), planner, record.Filter{Kinds: []journal.Kind{journal.KindBroadcastSent}}, 0, "")
	b.must(err)
	both, second, chem := p.Entries[3], p.Entries[1], p.Entries[0]
	d, err := b.Get(t.Context(), planner, both.ID)
	b.must(err)
	if len(d.People) != 2 || d.People[0].ExternalID != "CA" || d.People[0].Name != "Name CA" || d.People[0].Room != "A" || d.People[1].Room != "B" ||
		d.Recipients != 2 || d.Body != "Hello there" || d.Test.Name != "bio" || len(d.Hash) != 64 {
		t.Errorf("%+v", d)
	}
	if d, err = b.Get(t.Context(), inA, both.ID); err != nil || len(d.People) != 1 || d.People[0].ExternalID != "CA" || d.Recipients != 1 || d.Summary != "Sent to 1 candidate" {
		t.Errorf("%+v, %v", d, err)
	}
	if mine, err := b.List(t.Context(), inA, record.Filter{Q: "both"}, 0, ""); err != nil || len(mine.Entries) != 1 || mine.Entries[0].Recipients != 1 {
		t.Errorf("%+v, %v", mine, err)
	}
	all, err := b.List(t.Context(), planner, record.Filter{}, 0, "")
	b.must(err)
	first := all.Entries[len(all.Entries)-1] // the organisation's creation
	for name, c := range map[string]struct {
		actor domain.Actor
		id    string
	}{
		"another room":         {inA, second.ID},
		"another test":         {inA, chem.ID},
		"not a sending":        {inA, first.ID},
		"forged":               {planner, "xxxxxxxxxxxxxxxxxxxxxx"},
		"another organisation": {domain.Actor{Organisation: b.org + 1, Role: domain.RoleAdmin}, both.ID},
	} {
		if _, err := b.Get(t.Context(), c.actor, c.id); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d, err = b.Get(t.Context(), planner, first.ID); err != nil || d.Summary != "Organisation Organisation created" {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestCSV(t *testing.T) {
	b := newBook(t)
	b.fill()
	b.send("bio", "@SUM(1)", "\t-1+2", "+Eve", "A:CA")
	read := func(a domain.Actor, f record.Filter) [][]string {
		t.Helper()
		var out bytes.Buffer
		b.must(b.WriteCSV(t.Context(), a, f, &out))
		rows, err := csv.NewReader(&out).ReadAll()
		b.must(err)
		return rows
	}
	rows := read(b.as(domain.RolePlanner), record.Filter{Kinds: []journal.Kind{journal.KindBroadcastSent}})
	if len(rows) != 6 || strings.Join(rows[0], ",") != "time,kind,by,role,test,summary,subject,body,recipients_count,recipients,hash" {
		t.Fatalf("%q", rows)
	}
	if r := rows[1]; r[2] != "'+Eve" || r[6] != "'@SUM(1)" || r[7] != "'\t-1+2" {
		t.Errorf("%q", r)
	}
	if r := rows[4]; r[7] != "'=cmd|' /C calc'!A0" || r[9] != "CA (A)" {
		t.Errorf("%q", r)
	}
	if r := rows[3]; r[7] != "Ünïcode, \"quoted\"\nand a new line" {
		t.Errorf("%q", r)
	}
	if r := rows[5]; r[0] != "2026-05-04T09:01:00Z" || r[4] != "bio" || r[8] != "2" || r[9] != "CA (A); CB (B)" || len(r[10]) != 64 {
		t.Errorf("%q", r)
	}
	// Within one's rooms only the people there.
	rows = read(b.as(domain.RoleInvigilator, domain.Scope{Exam: b.exams["bio"], Room: "B"}), record.Filter{Q: "both"})
	if len(rows) != 2 || rows[1][8] != "1" || rows[1][9] != "CB (B)" {
		t.Errorf("%q", rows)
	}
	var out bytes.Buffer
	if err := b.WriteCSV(t.Context(), b.as(domain.RolePlanner), record.Filter{Q: "\x00"}, &out); !fault.Is(err, fault.Invalid) || out.Len() != 0 {
		t.Errorf("%v after %q", err, out.String())
	}
}

func TestVerify(t *testing.T) {
	b := newBook(t)
	b.fill()
	head, err := b.store.Head(t.Context(), b.org)
	b.must(err)
	v, err := b.Verify(t.Context(), b.as(domain.RoleAdmin))
	if err != nil || !v.OK || v.Entries != head || len(v.HeadHash) != 64 || v.FirstBad != "" {
		t.Errorf("%+v, %v", v, err)
	}
}

// The log tells of a note that it is there, and of nothing that staff wrote to each
// other but that they did; what a candidate can get is not theirs to keep quiet about.
func TestLogKeepsNotesToItself(t *testing.T) {
	b := newBook(t)
	add := func(kind journal.Kind, payload any) {
		text, err := json.Marshal(payload)
		b.must(err)
		_, _, err = b.store.Append(t.Context(), &journal.Entry{Organisation: b.org, Kind: kind, Group: b.exams["bio"], Payload: text,
			Actor: domain.ActorRef{Kind: domain.ActorPerson, ID: "id-ines", Name: "Ines Vogel", Role: domain.RolePlanner}})
		b.must(err)
	}
	add(journal.KindNoteAdded, journal.NoteAdded{PersonName: "Sara Amin", Body: "canary"})
	add(journal.KindTeamMessage, journal.TeamMessage{Thread: "direct:1:2", Body: "canary"})
	add(journal.KindMessageSent, journal.MessageSent{PersonName: "Sara Amin", GroupName: "Biology 1", Subject: "Times", Body: "At nine."})
	page, err := b.List(t.Context(), b.as(domain.RoleAdmin), record.Filter{Kinds: []journal.Kind{journal.KindNoteAdded, journal.KindTeamMessage, journal.KindMessageSent}}, 0, "")
	b.must(err)
	if len(page.Entries) != 3 {
		t.Fatalf("%+v", page.Entries)
	}
	if m := page.Entries[0]; m.Summary != "Wrote to Sara Amin" || m.Subject != "Times" || m.Body != "At nine." || m.Test == nil || m.Test.Name != "Biology 1" {
		t.Errorf("%+v", m)
	}
	if n := page.Entries[2]; n.Summary != "A note about Sara Amin" {
		t.Errorf("%+v", n)
	}
	var all bytes.Buffer
	b.must(b.WriteCSV(t.Context(), b.as(domain.RoleAdmin), record.Filter{}, &all))
	for _, e := range page.Entries {
		d, err := b.Get(t.Context(), b.as(domain.RoleAdmin), e.ID)
		b.must(err)
		b.must(json.NewEncoder(&all).Encode(d))
	}
	if strings.Contains(all.String(), "canary") {
		t.Errorf("the log holds a note: %s", all.String())
	}
	if got, err := b.List(t.Context(), b.as(domain.RoleCoordinator, domain.Scope{Exam: b.exams["bio"]}), record.Filter{}, 0, ""); err != nil || len(got.Entries) != 0 {
		t.Errorf("a coordinator's log: %+v, %v", got, err)
	}
}
