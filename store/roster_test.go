package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// office is an organisation and who provisions it.
func office(t testing.TB, s *Store, slug string) domain.Actor {
	t.Helper()
	o, _, err := s.EnsureOrganisation(t.Context(), slug, "Organisation "+slug)
	if err != nil {
		t.Fatal(err)
	}
	return domain.System(o.ID)
}

func itemAt(i int) domain.Where {
	return func(f string) string { return fmt.Sprintf("items[%d].%s", i, f) }
}

func ptr[T any](v T) *T { return &v }

// crowd is n candidates, c0000, c0001, …, and one invigilator, "anna".
func crowd(n int) []domain.PersonSpec {
	out := make([]domain.PersonSpec, n, n+1)
	for i := range out {
		out[i] = domain.PersonSpec{Where: itemAt(i), ExternalID: fmt.Sprintf("C%04d", i), Kind: domain.KindCandidate, Role: domain.RoleCandidate, GivenName: "Åse", FamilyName: fmt.Sprintf("Nr %d", i)}
	}
	return append(out, domain.PersonSpec{Where: itemAt(n), ExternalID: "anna", Kind: domain.KindStaff, Role: domain.RoleInvigilator, GivenName: "Anna", Login: ptr("anna"), Tags: &[]string{"night"}})
}

func people(t testing.TB, s *Store, by domain.Actor, specs []domain.PersonSpec) domain.Tally {
	t.Helper()
	c, _, err := s.UpsertPeople(t.Context(), by, specs)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func kinds(entries []*journal.Entry) (out []journal.Kind) {
	for _, e := range entries {
		out = append(out, e.Kind)
	}
	return out
}

func TestEnsureOrganisationOnce(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		var wg sync.WaitGroup
		made := make(chan *journal.Entry, 5)
		for range 5 {
			wg.Go(func() {
				o, e, err := s.EnsureOrganisation(t.Context(), "north", "North")
				if err != nil || o.Slug != "north" || o.ID == 0 {
					t.Errorf("%+v, %v", o, err)
				}
				if e != nil {
					made <- e
				}
			})
		}
		wg.Wait()
		if len(made) != 1 {
			t.Errorf("made %d times, want once", len(made))
		}
		if _, err := s.OrganisationBySlug(t.Context(), "south"); !fault.Is(err, fault.NotFound) {
			t.Errorf("an unknown slug: %v", err)
		}
		o, err := s.OrganisationBySlug(t.Context(), "north")
		if err != nil {
			t.Fatal(err)
		}
		if head, err := s.Head(t.Context(), o.ID); err != nil || head != 1 {
			t.Errorf("head %d, %v; want 1", head, err)
		}
	})
}

func TestPeopleAreIdempotent(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		by := office(t, s, "north")
		const n = 2500 // several entries
		c, entries, err := s.UpsertPeople(t.Context(), by, crowd(n))
		if err != nil {
			t.Fatal(err)
		}
		if c != (domain.Tally{Created: n + 1}) {
			t.Errorf("first: %+v", c)
		}
		if got := kinds(entries); !slices.Equal(got, []journal.Kind{journal.KindPeopleUpserted, journal.KindPeopleUpserted, journal.KindPeopleUpserted}) {
			t.Errorf("entries %v", got)
		}
		seen := map[domain.PersonNo]bool{}
		for _, e := range entries {
			var p journal.PeopleUpserted
			if err := json.Unmarshal(e.Payload, &p); err != nil {
				t.Fatal(err)
			}
			for _, r := range p.People {
				seen[r.No] = true
			}
		}
		if len(seen) != n+1 || !seen[1] || !seen[n+1] {
			t.Errorf("%d numbers, want 1 to %d", len(seen), n+1)
		}
		c, entries, err = s.UpsertPeople(t.Context(), by, crowd(n))
		if err != nil || c != (domain.Tally{Unchanged: n + 1}) || len(entries) != 0 {
			t.Errorf("again: %+v, %d entries, %v", c, len(entries), err)
		}
		again := crowd(n)
		again[3].FamilyName, again[n].Tags = "Nova", &[]string{}
		c, _, err = s.UpsertPeople(t.Context(), by, again)
		if err != nil || c != (domain.Tally{Updated: 2, Unchanged: n - 1}) {
			t.Errorf("changed: %+v, %v", c, err)
		}
		got, err := s.PeopleByExternalID(t.Context(), by.Organisation, []string{"C0003", "anna", "nobody"})
		if err != nil || len(got) != 2 || got["C0003"].FamilyName != "Nova" || got["C0003"].Login != "c0003" || got["anna"].Login != "anna" || got["anna"].Tags != nil {
			t.Errorf("stored: %+v, %v", got, err)
		}
		p, err := s.Person(t.Context(), by.Organisation, got["anna"].ID)
		if err != nil || p.No != got["anna"].No {
			t.Errorf("by id: %+v, %v", p, err)
		}
	})
}

func TestPeopleRefused(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		by := office(t, s, "north")
		people(t, s, by, crowd(3))
		head, _ := s.Head(t.Context(), by.Organisation)
		staff := func(id string, login *string) domain.PersonSpec {
			return domain.PersonSpec{Where: itemAt(0), ExternalID: id, Kind: domain.KindStaff, Role: domain.RolePlanner, GivenName: "X", Login: login}
		}
		second := staff("y", ptr("x"))
		second.Where = itemAt(1)
		for name, c := range map[string]struct {
			specs  []domain.PersonSpec
			fields []string
		}{
			"a login that is taken":          {[]domain.PersonSpec{staff("x", ptr("anna"))}, []string{"items[0].login"}},
			"a login that is an external id": {[]domain.PersonSpec{staff("x", ptr("c0001"))}, []string{"items[0].login"}},
			"one login for two":              {[]domain.PersonSpec{staff("x", ptr("x")), second}, []string{"items[1].login"}},
			"candidate becomes staff":        {[]domain.PersonSpec{staff("C0001", nil)}, []string{"items[0].kind"}},
		} {
			_, _, err := s.UpsertPeople(t.Context(), by, c.specs)
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Code != fault.Conflict {
				t.Errorf("%s: %v, want conflict", name, err)
				continue
			}
			var fields []string
			for _, d := range f.Details {
				fields = append(fields, d.Field)
			}
			if !slices.Equal(fields, c.fields) {
				t.Errorf("%s: %v, want %v", name, fields, c.fields)
			}
		}
		if now, _ := s.Head(t.Context(), by.Organisation); now != head {
			t.Errorf("something was recorded: head %d, was %d", now, head)
		}
	})
}

func TestPeopleSwapLogins(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		by := office(t, s, "north")
		specs := crowd(2)
		people(t, s, by, specs)
		specs[0].Login, specs[1].Login = ptr("c0001"), ptr("c0000")
		if c := people(t, s, by, specs); c.Updated != 2 {
			t.Errorf("%+v", c)
		}
		p, _, err := s.PersonByLogin(t.Context(), by.Organisation, "c0000")
		if err != nil || p.ExternalID != "C0001" {
			t.Errorf("%+v, %v", p, err)
		}
	})
}

func TestPasswordsThatMovedAreStale(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		by := office(t, s, "north")
		specs := crowd(1)
		specs[0].PasswordHash = ptr("first")
		people(t, s, by, specs)
		specs[0].PasswordHash = ptr("second") // made when there was none
		if _, _, err := s.UpsertPeople(t.Context(), by, specs); !errors.Is(err, domain.ErrStale) {
			t.Errorf("got %v, want stale", err)
		}
		specs[0].PasswordWas = "first"
		if c := people(t, s, by, specs); c.Updated != 1 {
			t.Errorf("%+v", c)
		}
		specs[0].PasswordHash = nil // keeps it
		if c := people(t, s, by, specs); c.Unchanged != 2 {
			t.Errorf("%+v", c)
		}
		hashes, err := s.PasswordHashes(t.Context(), by.Organisation, []string{"C0000", "anna"})
		if err != nil || len(hashes) != 1 || hashes["C0000"] != "second" {
			t.Errorf("%v, %v", hashes, err)
		}
	})
}

func exam(id, name string) domain.ExamSpec {
	return domain.ExamSpec{Where: itemAt(0), ExternalID: id, Name: &name}
}

func seat(i int, exam, person, room string) domain.EnrolmentSpec {
	return domain.EnrolmentSpec{Where: itemAt(i), Exam: exam, Person: person, Room: &room, Seat: ptr(fmt.Sprint(i))}
}

// filled is an organisation with a test M1 of n candidates, in room A and B by turns.
func filled(t testing.TB, s *Store, slug string, n int) (domain.Actor, domain.ExamID) {
	t.Helper()
	by := office(t, s, slug)
	people(t, s, by, crowd(n))
	if _, _, err := s.UpsertExams(t.Context(), by, []domain.ExamSpec{exam("M1", "Maths")}); err != nil {
		t.Fatal(err)
	}
	var seats []domain.EnrolmentSpec
	for i := range n {
		seats = append(seats, seat(i, "M1", fmt.Sprintf("C%04d", i), string(rune('A'+i%2))))
	}
	if c, _, err := s.UpsertEnrolments(t.Context(), by, seats); err != nil || c.Created != n {
		t.Fatalf("%+v, %v", c, err)
	}
	list, err := s.Exams(t.Context(), by.Organisation, nil)
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	return by, list[0].ID
}

func TestExams(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		by := office(t, s, "north")
		start := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
		spec := exam("M1", "Maths")
		spec.StartsAt, spec.EndsAt = &start, ptr(start.Add(time.Hour))
		for _, want := range []domain.Tally{{Created: 1}, {Unchanged: 1}} {
			if c, _, err := s.UpsertExams(t.Context(), by, []domain.ExamSpec{spec}); err != nil || c != want {
				t.Errorf("%+v, %v; want %+v", c, err, want)
			}
		}
		late := exam("M1", "Maths")
		late.StartsAt = ptr(start.Add(2 * time.Hour)) // after the stored end
		if _, _, err := s.UpsertExams(t.Context(), by, []domain.ExamSpec{late}); !fault.Is(err, fault.Invalid) {
			t.Errorf("an end before its start: %v", err)
		}
		renamed := exam("M1", "Mathematics")
		if c, entries, err := s.UpsertExams(t.Context(), by, []domain.ExamSpec{renamed}); err != nil || c.Updated != 1 || len(entries) != 1 {
			t.Errorf("%+v, %v", c, err)
		}
		list, err := s.Exams(t.Context(), by.Organisation, nil)
		if err != nil || len(list) != 1 || list[0].Name != "Mathematics" || !list[0].StartsAt.Equal(start) || !list[0].EndsAt.Equal(start.Add(time.Hour)) {
			t.Errorf("%+v, %v", list, err)
		}
		other := office(t, s, "south")
		if _, err := s.Exam(t.Context(), other.Organisation, list[0].ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a test of another organisation: %v", err)
		}
	})
}

func TestEnrolments(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		by, id := filled(t, s, "north", 6)
		list, err := s.Candidates(t.Context(), by.Organisation, id, nil)
		if err != nil || len(list) != 6 || list[0].Room != "A" || list[0].GivenName != "Åse" || list[0].Progress != domain.NotStarted {
			t.Fatalf("%+v, %v", list, err)
		}
		inB, err := s.Candidates(t.Context(), by.Organisation, id, []string{"B"})
		if err != nil || len(inB) != 3 {
			t.Errorf("%d in room B, %v", len(inB), err)
		}
		none, err := s.Candidates(t.Context(), by.Organisation, id, []string{})
		if err != nil || len(none) != 0 {
			t.Errorf("%d in no room, %v", len(none), err)
		}
		again := seat(1, "M1", "C0001", "C")
		started := domain.InProgress
		again.Progress = &started
		c, entries, err := s.UpsertEnrolments(t.Context(), by, []domain.EnrolmentSpec{seat(0, "M1", "C0000", "A"), again})
		if err != nil || c != (domain.Tally{Updated: 1, Unchanged: 1}) {
			t.Errorf("%+v, %v", c, err)
		}
		if got := kinds(entries); !slices.Equal(got, []journal.Kind{journal.KindEnrolmentsUpserted, journal.KindEnrolmentsProgress}) || entries[0].Group != id {
			t.Errorf("entries %v", got)
		}
		only := domain.EnrolmentSpec{Where: itemAt(0), Exam: "M1", Person: "C0001", ExtraMinutes: ptr(15)}
		if _, _, err := s.UpsertEnrolments(t.Context(), by, []domain.EnrolmentSpec{only}); err != nil {
			t.Fatal(err)
		}
		placed, err := s.RosterOf(t.Context(), by.Organisation, id)
		if err != nil || len(placed) != 6 {
			t.Errorf("%v, %v", placed, err)
		}
		for _, e := range must(s.Enrolments(t.Context(), by.Organisation, []domain.ExamID{id})) {
			if e.Person == 2 && (e.Room != "C" || e.Seat != "1" || e.ExtraMinutes != 15 || e.Progress != domain.InProgress) {
				t.Errorf("what is left out was not kept: %+v", e)
			}
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestUnknownNamesAreListed(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		by, _ := filled(t, s, "north", 2)
		filled(t, s, "south", 5) // C0004 and nobody else's is there
		head, _ := s.Head(t.Context(), by.Organisation)
		want := []string{"items[1].test", "items[2].person", "items[3].person"}
		now := time.Now()
		check := func(name string, err error) {
			t.Helper()
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Code != fault.Invalid {
				t.Errorf("%s: %v, want invalid", name, err)
				return
			}
			var got []string
			for _, d := range f.Details {
				got = append(got, d.Field)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", name, got, want)
			}
		}
		pairs := [][2]string{{"M1", "C0000"}, {"M9", "C0000"}, {"M1", "C0004"}, {"M1", "anna"}}
		var seats []domain.EnrolmentSpec
		var progress []domain.ProgressSpec
		for i, p := range pairs {
			seats = append(seats, seat(i, p[0], p[1], "Z"))
			progress = append(progress, domain.ProgressSpec{Where: itemAt(i), Exam: p[0], Person: p[1], Progress: domain.Submitted, At: now})
		}
		_, _, err := s.UpsertEnrolments(t.Context(), by, seats)
		check("enrolments", err)
		_, _, err = s.SetProgress(t.Context(), by, progress)
		check("progress", err)
		_, _, err = s.ReplaceScopes(t.Context(), by, []domain.ScopeSpec{{Where: itemAt(0), Exam: "M1", Person: "anna"}, {Where: itemAt(1), Exam: "M9", Person: "anna"},
			{Where: itemAt(2), Exam: "M1", Person: "C0004"}, {Where: itemAt(3), Exam: "M1", Person: "C0001"}})
		check("scopes", err)
		if now, _ := s.Head(t.Context(), by.Organisation); now != head {
			t.Errorf("something was stored: head %d, was %d", now, head)
		}
	})
}

func TestProgressMovesForward(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		by, id := filled(t, s, "north", 2)
		t0 := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
		for i, c := range []struct {
			progress domain.Progress
			at       time.Time
			want     domain.Tally
			stored   domain.Progress
		}{
			{domain.InProgress, t0, domain.Tally{Updated: 1}, domain.InProgress},
			{domain.InProgress, t0, domain.Tally{Unchanged: 1}, domain.InProgress},                             // the same report again
			{domain.Submitted, t0.Add(-time.Second), domain.Tally{Unchanged: 1}, domain.InProgress},            // older
			{domain.Submitted, t0, domain.Tally{Updated: 1}, domain.Submitted},                                 // same second, further
			{domain.InProgress, t0, domain.Tally{Unchanged: 1}, domain.Submitted},                              // same second, arrives late
			{domain.InProgress, t0.Add(time.Microsecond), domain.Tally{Updated: 1}, domain.InProgress},         // let in again
			{domain.NotStarted, t0.Add(time.Hour), domain.Tally{Updated: 1}, domain.NotStarted},                // reset by the platform
			{domain.Submitted, t0.Add(time.Hour - time.Second), domain.Tally{Unchanged: 1}, domain.NotStarted}, // older
		} {
			got, entries, err := s.SetProgress(t.Context(), by, []domain.ProgressSpec{{Where: itemAt(0), Exam: "M1", Person: "C0000", Progress: c.progress, At: c.at}})
			if err != nil || got != c.want || len(entries) != got.Updated {
				t.Errorf("%d: %+v, %d entries, %v; want %+v", i, got, len(entries), err, c.want)
			}
			list := must(s.Candidates(t.Context(), by.Organisation, id, nil))
			if list[0].Progress != c.stored || list[1].Progress != domain.NotStarted {
				t.Errorf("%d: stored %s, want %s", i, list[0].Progress, c.stored)
			}
		}
		// Two reports of one candidate in one request.
		at := t0.Add(2 * time.Hour)
		got, entries, err := s.SetProgress(t.Context(), by, []domain.ProgressSpec{
			{Where: itemAt(0), Exam: "M1", Person: "C0001", Progress: domain.InProgress, At: at},
			{Where: itemAt(1), Exam: "M1", Person: "C0001", Progress: domain.Submitted, At: at.Add(time.Minute)}})
		if err != nil || got.Updated != 2 || len(entries) != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		var p journal.ProgressChanged
		if err := json.Unmarshal(entries[0].Payload, &p); err != nil || len(p.Changes) != 1 || p.Changes[0].Progress != domain.Submitted || p.Changes[0].Room != "B" || p.Changes[0].ID == "" {
			t.Errorf("%s, %v", entries[0].Payload, err)
		}
	})
}

func TestScopesAreReplaced(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		by, id := filled(t, s, "north", 2)
		anna := must(s.PeopleByExternalID(t.Context(), by.Organisation, []string{"anna"}))["anna"]
		for i, c := range []struct {
			rooms  []string
			remove bool
			want   domain.Tally
			stored []domain.Scope
		}{
			{[]string{"A", "B"}, false, domain.Tally{Created: 1}, []domain.Scope{{Exam: id, Kind: domain.KindTest, Room: "A"}, {Exam: id, Kind: domain.KindTest, Room: "B"}}},
			{[]string{"A", "B"}, false, domain.Tally{Unchanged: 1}, []domain.Scope{{Exam: id, Kind: domain.KindTest, Room: "A"}, {Exam: id, Kind: domain.KindTest, Room: "B"}}},
			{[]string{"B"}, false, domain.Tally{Updated: 1}, []domain.Scope{{Exam: id, Kind: domain.KindTest, Room: "B"}}},
			{nil, false, domain.Tally{Updated: 1}, []domain.Scope{{Exam: id, Kind: domain.KindTest}}},
			{nil, false, domain.Tally{Unchanged: 1}, []domain.Scope{{Exam: id, Kind: domain.KindTest}}},
			{nil, true, domain.Tally{Updated: 1}, nil},
			{nil, true, domain.Tally{Unchanged: 1}, nil},
		} {
			got, entries, err := s.ReplaceScopes(t.Context(), by, []domain.ScopeSpec{{Where: itemAt(0), Exam: "M1", Person: "anna", Rooms: c.rooms, Remove: c.remove}})
			if err != nil || got != c.want || len(entries) != 1-got.Unchanged {
				t.Errorf("%d: %+v, %v; want %+v", i, got, err, c.want)
			}
			if stored, err := s.ScopesOf(t.Context(), by.Organisation, anna.No); err != nil || !slices.Equal(stored, c.stored) {
				t.Errorf("%d: stored %v, %v; want %v", i, stored, err, c.stored)
			}
		}
	})
}

func TestImportIsAllOrNothing(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		by := office(t, s, "north")
		head, _ := s.Head(t.Context(), by.Organisation)
		who, seats := crowd(3)[:3], []domain.EnrolmentSpec{seat(0, "M1", "C0000", "A"), seat(1, "M1", "C0001", "A"), seat(2, "M9", "C0002", "A")}
		exams := []domain.ExamSpec{exam("M1", "Maths")}
		if _, _, err := s.Import(t.Context(), by, who, exams, seats); !fault.Is(err, fault.Invalid) {
			t.Fatalf("got %v, want invalid", err)
		}
		if now, _ := s.Head(t.Context(), by.Organisation); now != head {
			t.Error("entries were left behind")
		}
		if got := must(s.PeopleByExternalID(t.Context(), by.Organisation, []string{"C0000"})); len(got) != 0 {
			t.Error("people were left behind")
		}
		seats[2].Exam = "M1"
		c, entries, err := s.Import(t.Context(), by, who, exams, seats)
		if err != nil || c.People.Created != 3 || c.Exams.Created != 1 || c.Enrolments.Created != 3 || len(entries) != 3 {
			t.Errorf("%+v, %v, %v", c, kinds(entries), err)
		}
	})
}

// The same request from several places at once does its work once.
func TestProvisioningRaces(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		by := office(t, s, "north")
		who := crowd(50)
		var seats []domain.EnrolmentSpec
		for i, p := range who[:50] {
			seats = append(seats, seat(i, "M1", p.ExternalID, "A"))
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		var sum domain.ImportTally
		for range 5 {
			wg.Go(func() {
				c, _, err := s.Import(t.Context(), by, who, []domain.ExamSpec{exam("M1", "Maths")}, seats)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				sum.People.Created += c.People.Created
				sum.Exams.Created += c.Exams.Created
				sum.Enrolments.Created += c.Enrolments.Created
				sum.People.Updated += c.People.Updated + c.Exams.Updated + c.Enrolments.Updated
			})
		}
		wg.Wait()
		if sum.People.Created != 51 || sum.Exams.Created != 1 || sum.Enrolments.Created != 50 || sum.People.Updated != 0 {
			t.Errorf("%+v", sum)
		}
		if head, _ := s.Head(t.Context(), by.Organisation); head != 4 {
			t.Errorf("head %d, want 4: organisation, people, test, enrolments", head)
		}
	})
}

// An entry of a test or group that changed names who is in it then, and nobody who has left: the
// hub tells their pages from the entry alone. A new one has nobody to tell.
func TestGroupsThatChangeNameTheirMembers(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		by := office(t, s, "members")
		people(t, s, by, crowd(3))
		where := itemAt(0)
		left := domain.EnrolmentLeft
		exams := func(name string) (out []journal.ExamRecord) {
			_, entries, err := s.UpsertExams(t.Context(), by, []domain.ExamSpec{
				{Where: where, ExternalID: "m1", Name: &name}, {Where: where, ExternalID: "m2", Name: &name},
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				var p journal.ExamsUpserted
				if err := json.Unmarshal(e.Payload, &p); err != nil {
					t.Fatal(err)
				}
				out = append(out, p.Exams...)
			}
			return out
		}
		for _, r := range exams("first") {
			if r.Members != nil {
				t.Errorf("a new test has members %v", r.Members)
			}
		}
		for _, spec := range [][]domain.EnrolmentSpec{
			{{Where: where, Exam: "m1", Person: "C0000"}, {Where: where, Exam: "m1", Person: "C0001"}, {Where: where, Exam: "m1", Person: "C0002"}},
			{{Where: where, Exam: "m1", Person: "C0001", State: &left}},
		} {
			if _, _, err := s.UpsertEnrolments(t.Context(), by, spec); err != nil {
				t.Fatal(err)
			}
		}
		got := map[string]int{}
		for _, r := range exams("second") {
			got[r.ExternalID] = len(r.Members)
		}
		if got["m1"] != 2 || got["m2"] != 0 || len(got) != 2 {
			t.Errorf("members are %v, want the two who still sit m1", got)
		}
		name, kind := "Crew", domain.KindPool
		spec := []domain.GroupSpec{{Where: where, Kind: kind, ExternalID: "crew", Name: &name}}
		if _, _, err := s.UpsertGroups(t.Context(), by, spec); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.UpsertEnrolments(t.Context(), by, []domain.EnrolmentSpec{{Where: where, Kind: kind, Exam: "crew", Person: "C0002"}}); err != nil {
			t.Fatal(err)
		}
		name = "Night crew"
		_, entries, err := s.UpsertGroups(t.Context(), by, spec)
		var p journal.GroupsUpserted
		if err != nil || len(entries) != 1 || json.Unmarshal(entries[0].Payload, &p) != nil || len(p.Groups) != 1 || len(p.Groups[0].Members) != 1 {
			t.Errorf("the entry is %+v, %v; want one with one member", p, err)
		}
	})
}

// An entry names a bounded number of members, however many groups change at once.
func TestEntriesOfGroupsAreBounded(t *testing.T) {
	list := []int{1, 9, 0, 5, 5, 1, 30, 1}
	got := weighed(list, 3, func(n int) int { return n })
	if fmt.Sprint(got) != "[[1 9 0] [5 5 1] [30] [1]]" {
		t.Errorf("cut as %v", got)
	}
	if weighed([]int(nil), 3, func(n int) int { return n }) != nil {
		t.Error("nothing is one part")
	}
}
