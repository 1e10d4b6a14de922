package roster_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"crier/internal/auth"
	"crier/internal/clock"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/service/roster"
	"crier/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type office struct {
	*roster.Service
	store  *store.Store
	clock  *clock.Fixed
	hasher *auth.Hasher
	by     domain.Actor // of organisation north
	other  domain.Actor // of organisation south

	mu      sync.Mutex
	entries []*journal.Entry // guarded by mu
}

func open(t *testing.T) *office {
	t.Helper()
	o := &office{clock: clock.NewFixed(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)), hasher: auth.NewHasher(0)}
	var err error
	o.store, err = store.Open(t.Context(), store.Options{DSN: "sqlite:" + filepath.Join(t.TempDir(), "crier.db"), Clock: o.clock, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.store.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := o.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.Service = roster.New(roster.Deps{Store: o.store, Hasher: o.hasher, Clock: o.clock, Limits: domain.DefaultLimits})
	o.store.Bus().Listen(journal.Committed, journal.Hub, func(e *journal.Entry) {
		// After COMMIT: another reader sees the entry by now.
		if _, err := o.store.Entry(context.Background(), e.Organisation, e.Offset); err != nil {
			t.Errorf("a listener heard too early: %v", err)
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		o.entries = append(o.entries, e)
	})
	for slug, actor := range map[string]*domain.Actor{"north": &o.by, "south": &o.other} {
		org, err := o.EnsureOrganisation(t.Context(), slug, "Organisation "+slug)
		if err != nil {
			t.Fatal(err)
		}
		*actor = domain.System(org.ID)
	}
	return o
}

func (o *office) head(t *testing.T) int64 {
	t.Helper()
	n, err := o.store.Head(t.Context(), o.by.Organisation)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func ptr[T any](v T) *T { return &v }

func candidate(id, given string) roster.Person {
	return roster.Person{ExternalID: id, Kind: domain.KindCandidate, GivenName: given}
}

func staff(id string, role domain.Role) roster.Person {
	return roster.Person{ExternalID: id, Kind: domain.KindStaff, Role: role, GivenName: id}
}

// details are the fields a fault names.
func details(err error) (out []string) {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return nil
	}
	for _, d := range f.Details {
		out = append(out, d.Field)
	}
	return out
}

func TestEveryFaultIsNamed(t *testing.T) {
	o := open(t)
	ctx := t.Context()
	before := o.head(t)
	long := strings.Repeat("x", 5000)
	check := func(name string, err error, want ...string) {
		t.Helper()
		if got := details(err); !slices.Equal(got, want) || !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v\n got %v\nwant %v", name, err, got, want)
		}
	}
	bad := roster.Person{ExternalID: "c\x00", Kind: "robot", GivenName: "\xff", FamilyName: long, Login: ptr(long), Password: ptr("short"), Email: ptr("at"), Phone: ptr(long),
		Locale: ptr("??"), Tags: &[]string{""}}
	_, err := o.PutPeople(ctx, o.by, []roster.Person{candidate("c1", "Åse"), bad, {ExternalID: "x", Kind: domain.KindStaff, Role: domain.RoleCandidate}, candidate("c1", "Again")})
	check("people", err, "items[1].external_id", "items[1].kind", "items[1].given_name", "items[1].family_name", "items[1].login", "items[1].email", "items[1].phone",
		"items[1].locale", "items[1].password", "items[1].tags", "items[2].role", "items[2].given_name", "items[3].external_id")
	if !strings.Contains(fmt.Sprint(err.(*fault.Error).Details), "items[0].external_id") {
		t.Errorf("the first of two is not named: %+v", err.(*fault.Error).Details)
	}
	_, err = o.PutExams(ctx, o.by, []roster.Exam{{ExternalID: "", Name: ptr("x")}, {ExternalID: "M1", Name: ptr(long)}, {ExternalID: "M1"}})
	check("tests", err, "items[0].external_id", "items[1].name", "items[2].external_id")
	_, err = o.PutEnrolments(ctx, o.by, []roster.Enrolment{{Exam: "M1", Person: "c1", Room: ptr(long), Seat: ptr("\x01"), ExtraMinutes: ptr(-1), Progress: ptr(domain.Progress("done"))}, {Exam: "M1", Person: "c1"}})
	check("enrolments", err, "items[0].room", "items[0].seat", "items[0].extra_minutes", "items[0].progress", "items[1].person")
	_, err = o.PutScopes(ctx, o.by, []roster.Scope{{Person: "", Exam: "M1"}, {Person: "a", Exam: "M1", Rooms: []string{"A"}, Remove: true}, {Person: "a", Exam: "M1", Rooms: []string{""}}})
	check("scopes", err, "items[0].person", "items[1].remove", "items[2].rooms", "items[2].person")
	_, err = o.PostProgress(ctx, o.by, []roster.Progress{{Exam: "M1", Person: "c1", Progress: "done"}, {Exam: "M1", Person: "c2", Progress: domain.Submitted, At: ptr(o.clock.Now().Add(time.Hour))}})
	check("progress", err, "items[0].progress", "items[1].at")
	for name, n := range map[string]int{"none": 0, "too many": 5001} {
		if _, err := o.PutPeople(ctx, o.by, make([]roster.Person, n)); !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.TooLarge) || details(err) != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if o.head(t) != before {
		t.Error("something was stored")
	}
}

func TestLargestRequest(t *testing.T) {
	o := open(t)
	people := make([]roster.Person, 5000)
	for i := range people {
		people[i] = candidate(fmt.Sprintf("c%04d", i), "Åse")
	}
	for _, want := range []roster.Counts{{Created: 5000}, {Unchanged: 5000}} {
		if c, err := o.PutPeople(t.Context(), o.by, people); err != nil || c != want {
			t.Errorf("%+v, %v; want %+v", c, err, want)
		}
	}
}

func TestPasswordsAreHashedWhenTheyChange(t *testing.T) {
	o := open(t)
	hash := func() string {
		t.Helper()
		h, err := o.store.PasswordHashes(t.Context(), o.by.Organisation, []string{"c1"})
		if err != nil {
			t.Fatal(err)
		}
		return h["c1"]
	}
	put := func(password *string, want roster.Counts) {
		t.Helper()
		p := candidate("c1", "Åse")
		p.Password = password
		if c, err := o.PutPeople(t.Context(), o.by, []roster.Person{p}); err != nil || c != want {
			t.Errorf("%+v, %v; want %+v", c, err, want)
		}
	}
	put(ptr("correct horse"), roster.Counts{Created: 1})
	first := hash()
	if ok, err := o.hasher.Verify(t.Context(), auth.Lane{Group: auth.Setting}, first, "correct horse"); err != nil || !ok {
		t.Errorf("stored %q: %v", first, err)
	}
	put(ptr("correct horse"), roster.Counts{Unchanged: 1})
	put(nil, roster.Counts{Unchanged: 1})
	if hash() != first {
		t.Error("the same password was hashed again")
	}
	put(ptr("another horse"), roster.Counts{Updated: 1})
	if ok, err := o.hasher.Verify(t.Context(), auth.Lane{Group: auth.Setting}, hash(), "another horse"); err != nil || !ok {
		t.Errorf("after the change: %v", err)
	}
}

// The same request from five callers at once does its work once, passwords included.
func TestRaces(t *testing.T) {
	o := open(t)
	ctx := t.Context()
	var people []roster.Person
	var seats []roster.Enrolment
	for i := range 8 {
		p := candidate(fmt.Sprintf("c%d", i), "Åse")
		p.Password = ptr("correct horse")
		people, seats = append(people, p), append(seats, roster.Enrolment{Exam: "M1", Person: p.ExternalID, Room: ptr("A")})
	}
	steps := []func() (roster.Counts, error){
		func() (roster.Counts, error) { return o.PutPeople(ctx, o.by, people) },
		func() (roster.Counts, error) {
			return o.PutExams(ctx, o.by, []roster.Exam{{ExternalID: "M1", Name: ptr("Maths")}})
		},
		func() (roster.Counts, error) { return o.PutEnrolments(ctx, o.by, seats) },
		func() (roster.Counts, error) {
			return o.PostProgress(ctx, o.by, []roster.Progress{{Exam: "M1", Person: "c1", Progress: domain.InProgress, At: ptr(o.clock.Now())}})
		},
	}
	for i, step := range steps {
		before := o.head(t)
		var wg sync.WaitGroup
		var mu sync.Mutex
		var sum roster.Counts
		for range 5 {
			wg.Go(func() {
				c, err := step()
				if err != nil {
					t.Errorf("step %d: %v", i, err)
				}
				mu.Lock()
				defer mu.Unlock()
				sum.Created, sum.Updated, sum.Unchanged = sum.Created+c.Created, sum.Updated+c.Updated, sum.Unchanged+c.Unchanged
			})
		}
		wg.Wait()
		want := []roster.Counts{{Created: 8, Unchanged: 32}, {Created: 1, Unchanged: 4}, {Created: 8, Unchanged: 32}, {Updated: 1, Unchanged: 4}}[i]
		if sum != want || o.head(t) != before+1 {
			t.Errorf("step %d: %+v and %d entries, want %+v and 1", i, sum, o.head(t)-before, want)
		}
	}
}

const file = "test_id,test_name,candidate_id,given_name,family_name,login,password,email,phone,room,seat,extra_minutes,tags\r\n" +
	"M1,Maths,c1,Åse,Berg,ase,correct horse,ase@example.org,+47 1,A,A-1,30,quiet|reader\r\n" +
	"M1,Maths,c2,Ola,\"Berg, jr\",,,,,B,B-1,,\r\n" +
	"S2,,c1,Åse,Berg,ase,correct horse,ase@example.org,+47 1,C,1,,quiet|reader\r\n"

// TestLabelsOnce checks that a word which stands twice in one list is stored once.
func TestLabelsOnce(t *testing.T) {
	o := open(t)
	words := []string{"reader", "night", "reader", "night", "Reader"}
	_, err := o.PutPeople(t.Context(), o.by, []roster.Person{{ExternalID: "c9", Kind: domain.KindCandidate, GivenName: "Ann", Tags: &words, Skills: &words}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := o.store.PeopleByExternalID(t.Context(), o.by.Organisation, []string{"c9"})
	want := []string{"reader", "night", "Reader"}
	if err != nil || !slices.Equal(got["c9"].Tags, want) || !slices.Equal(got["c9"].Skills, want) {
		t.Errorf("%+v, %v", got["c9"], err)
	}
}

// TestInvisibleCharacters: what nobody can see is neither stored nor tells two things apart.
func TestInvisibleCharacters(t *testing.T) {
	o := open(t)
	ctx := t.Context()
	ann := roster.Person{
		ExternalID: "c1\u200b", Kind: domain.KindCandidate, GivenName: "\u202eA\u030ase", FamilyName: "Berg\u2060", Email: ptr("ann@example.org\u200b"), Phone: ptr("\u202a40612345\u202c"),
		Login: ptr("\ufeffAnn"), Tags: &[]string{"quiet\u200b", "quiet"}, City: ptr("Oslo\u00ad"), Fields: &map[string]string{"shift": "night\u200b"},
	}
	if _, err := o.PutPeople(ctx, o.by, []roster.Person{ann, candidate("c\u200b1", "Again")}); !slices.Equal(details(err), []string{"items[1].external_id"}) {
		t.Errorf("the same id twice: %v", err)
	}
	if n, err := o.PutPeople(ctx, o.by, []roster.Person{ann}); err != nil || n.Created != 1 {
		t.Fatalf("%+v, %v", n, err)
	}
	if ann.ExternalID != "c1\u200b" {
		t.Error("the caller's item was changed")
	}
	got, err := o.store.PeopleByExternalID(ctx, o.by.Organisation, []string{"c1"})
	p := got["c1"]
	if err != nil || p.Name() != "Åse Berg" || p.Email != "ann@example.org" || p.Phone != "40612345" || p.Login != "ann" || !slices.Equal(p.Tags, []string{"quiet"}) || p.City != "Oslo" || p.Fields["shift"] != "night" {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := o.PutPeople(ctx, o.by, []roster.Person{candidate("c2", "\u200b"), candidate("c3", "\u3164\u2800"), candidate("\u200b", "Ann")}); !slices.Equal(details(err), []string{"items[0].given_name", "items[1].given_name", "items[2].external_id"}) {
		t.Errorf("nothing to be seen: %v", err)
	}
	if _, err := o.PutExams(ctx, o.by, []roster.Exam{{ExternalID: "M1\u200b", Name: ptr("\u202eMaths")}}); err != nil {
		t.Error(err)
	}
	if _, err := o.PutGroups(ctx, o.by, []roster.Group{{ExternalID: "P1\u200b", Kind: domain.KindPool, Name: ptr("\u2800")}}); !slices.Equal(details(err), []string{"items[0].name"}) {
		t.Errorf("a group without a name: %v", err)
	}
	if n, err := o.PutEnrolments(ctx, o.by, []roster.Enrolment{{Exam: "M1", Person: "\u200bc1", Room: ptr("A\u200b"), Seat: ptr("A-1\ufeff")}}); err != nil || n.Created != 1 {
		t.Errorf("%+v, %v", n, err)
	}
	if n, err := o.Import(ctx, o.by, strings.NewReader("test_id,candidate_id,given_name,family_name,room,seat\nM1\u200b,c1,Åse,Berg\u200b,A,A-1\u200b\n")); err != nil || n.People.Unchanged != 1 || n.Enrolments.Unchanged != 1 {
		t.Errorf("%+v, %v", n, err)
	}
	if n, err := o.PostProgress(ctx, o.by, []roster.Progress{{Exam: "M1\u200b", Person: "c1\u200b", Progress: domain.InProgress}}); err != nil || n.Updated != 1 {
		t.Errorf("%+v, %v", n, err)
	}
}

// TestNoPhoneNumbers: what a spreadsheet made of a number, and what is none, names its row and column and says why.
func TestNoPhoneNumbers(t *testing.T) {
	o := open(t)
	_, err := o.Import(t.Context(), o.by, strings.NewReader("test_id;candidate_id;given_name;email;phone\nM1;c1;A;a@example.org;40 61 23 45\n"+
		"M1;c2;B;;4,0612E+7\nM1;c3;C;ann4@example,org;\nM1;c4;D;mailto:d@example.org;none\n"))
	if got := details(err); !slices.Equal(got, []string{"row 3, column phone", "row 4, column email", "row 5, column email", "row 5, column phone"}) {
		t.Fatalf("%v: %v", err, got)
	}
	for i, want := range []string{"spreadsheet", "comma", "mailto:", "no phone number"} {
		if got := err.(*fault.Error).Details[i].Message; !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestTryImport: trying says what would happen, faults of the store included, and changes nothing.
func TestTryImport(t *testing.T) {
	o := open(t)
	before := o.head(t)
	got, err := o.TryImport(t.Context(), o.by, strings.NewReader(file))
	want := domain.ImportTally{People: roster.Counts{Created: 2}, Exams: roster.Counts{Created: 2}, Enrolments: roster.Counts{Created: 3}}
	if err != nil || got.ImportTally != want || !got.Dry || got.Recognised.Rows != 3 || got.Recognised.Separator != "," || got.Recognised.Charset != "utf-8" {
		t.Errorf("%+v, %v", got, err)
	}
	if people, err := o.store.PeopleByExternalID(t.Context(), o.by.Organisation, []string{"c1"}); err != nil || len(people) > 0 || o.head(t) != before {
		t.Errorf("something was stored: %v, %v", people, err)
	}
	if _, err := o.Import(t.Context(), o.by, strings.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	_, err = o.TryImport(t.Context(), o.by, strings.NewReader(file+"M1,Maths,c3,Ida,Dahl,ase,,,,A,A-2,,\r\n"))
	if got := details(err); !slices.Equal(got, []string{"row 5, column login"}) || !fault.Is(err, fault.Conflict) {
		t.Errorf("%v: %v", err, got)
	}
}

func TestImport(t *testing.T) {
	o := open(t)
	for i, want := range []domain.ImportTally{
		{People: roster.Counts{Created: 2}, Exams: roster.Counts{Created: 2}, Enrolments: roster.Counts{Created: 3}},
		{People: roster.Counts{Unchanged: 2}, Exams: roster.Counts{Unchanged: 2}, Enrolments: roster.Counts{Unchanged: 3}},
	} {
		if got, err := o.Import(t.Context(), o.by, strings.NewReader(file)); err != nil || got.ImportTally != want {
			t.Errorf("%d: %+v, %v", i, got, err)
		}
	}
	got, err := o.store.PeopleByExternalID(t.Context(), o.by.Organisation, []string{"c1", "c2"})
	if err != nil || got["c1"].Login != "ase" || got["c2"].Login != "c2" || got["c2"].FamilyName != "Berg, jr" || !slices.Equal(got["c1"].Tags, []string{"quiet", "reader"}) {
		t.Errorf("%+v, %v", got, err)
	}
	before := o.head(t)
	_, err = o.Import(t.Context(), o.by, strings.NewReader(file+"M1,Maths,c3,Ida,Dahl,ase,,,,A,A-2,many,\r\nM1,Maths,c4,,,,,,,A,A-3,,\r\n"))
	if got := details(err); !slices.Equal(got, []string{"row 5, column extra_minutes", "row 6, column given_name"}) {
		t.Errorf("%v: %v", err, got)
	}
	_, err = o.Import(t.Context(), o.by, strings.NewReader(file+"M1,Maths,c3,Ida,Dahl,ase,,,,A,A-2,,\r\n")) // the login is Åse's: the store finds it
	if got := details(err); !slices.Equal(got, []string{"row 5, column login"}) || !fault.Is(err, fault.Conflict) {
		t.Errorf("%v: %v", err, got)
	}
	if o.head(t) != before {
		t.Error("something was imported")
	}
	var big bytes.Buffer
	big.WriteString("test_id,candidate_id,given_name\n")
	for i := range domain.DefaultLimits.Import {
		fmt.Fprintf(&big, "M9,d%d,Åse\n", i)
	}
	if got, err := o.Import(t.Context(), o.by, bytes.NewReader(big.Bytes())); err != nil || got.Enrolments.Created != domain.DefaultLimits.Import {
		t.Errorf("the largest roster: %+v, %v", got, err)
	}
	big.WriteString("M9,one more,Åse\n")
	if _, err := o.Import(t.Context(), o.by, &big); !fault.Is(err, fault.TooLarge) {
		t.Errorf("one row more: %v", err)
	}
}

func TestOrganisationsAreMadeOnce(t *testing.T) {
	o := open(t)
	again, err := o.EnsureOrganisation(t.Context(), "north", "Another name")
	if err != nil || again.ID != o.by.Organisation || again.Name != "Organisation north" {
		t.Errorf("%+v, %v", again, err)
	}
	for _, slug := range []string{"", "North", "-north", "north-", "nor th", "nørth", strings.Repeat("n", 64)} {
		if _, err := o.EnsureOrganisation(t.Context(), slug, "x"); !fault.Is(err, fault.Invalid) {
			t.Errorf("the slug %q: %v", slug, err)
		}
	}
}

// Who may provision: admin, API keys and the server itself; nobody else, whatever
// their scopes.
func TestPermissions(t *testing.T) {
	o := open(t)
	ctx := t.Context()
	if _, err := o.Import(ctx, o.by, strings.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	if _, err := o.PutPeople(ctx, o.by, []roster.Person{staff("anna", domain.RoleInvigilator)}); err != nil {
		t.Fatal(err)
	}
	actions := map[string]func(domain.Actor) error{
		"people": func(a domain.Actor) error {
			_, err := o.PutPeople(ctx, a, []roster.Person{candidate("c1", "X")})
			return err
		},
		"tests": func(a domain.Actor) error {
			_, err := o.PutExams(ctx, a, []roster.Exam{{ExternalID: "M1"}})
			return err
		},
		"enrolments": func(a domain.Actor) error {
			_, err := o.PutEnrolments(ctx, a, []roster.Enrolment{{Exam: "M1", Person: "c1"}})
			return err
		},
		"scopes": func(a domain.Actor) error {
			_, err := o.PutScopes(ctx, a, []roster.Scope{{Exam: "M1", Person: "anna"}})
			return err
		},
		"progress": func(a domain.Actor) error {
			_, err := o.PostProgress(ctx, a, []roster.Progress{{Exam: "M1", Person: "c1", Progress: domain.InProgress}})
			return err
		},
		"try":    func(a domain.Actor) error { _, err := o.TryImport(ctx, a, strings.NewReader(file)); return err },
		"import": func(a domain.Actor) error { _, err := o.Import(ctx, a, strings.NewReader(file)); return err },
	}
	may := []domain.Role{domain.RoleAdmin, domain.RoleIntegration, domain.RoleSystem}
	for _, role := range append([]domain.Role{domain.RoleCandidate, domain.RoleIntegration, domain.RoleSystem, ""}, domain.StaffRoles...) {
		for name, do := range actions {
			err := do(domain.Actor{Organisation: o.by.Organisation, Role: role, Rights: domain.Rights, ID: "x", Name: "X", Scopes: []domain.Scope{{Exam: "M1"}}})
			if slices.Contains(may, role) && err != nil {
				t.Errorf("%s by %s: %v", name, role, err)
			} else if !slices.Contains(may, role) && !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s by %q: %v, want forbidden", name, role, err)
			}
		}
	}
}

// Two organisations use the same external ids; neither touches the other.
func TestOrganisationsAreApart(t *testing.T) {
	o := open(t)
	ctx := t.Context()
	if _, err := o.Import(ctx, o.by, strings.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	before, err := o.store.PeopleByExternalID(ctx, o.by.Organisation, []string{"c1", "c2"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.PutEnrolments(ctx, o.other, []roster.Enrolment{{Exam: "M1", Person: "c1"}}); !slices.Equal(details(err), []string{"items[0].test", "items[0].person"}) {
		t.Errorf("names of the other organisation were found: %v", err)
	}
	canary := strings.NewReplacer("Åse", "CANARY", "Ola", "CANARY", "Maths", "CANARY", "A-1", "CANARY").Replace(file)
	if got, err := o.Import(ctx, o.other, strings.NewReader(canary)); err != nil || got.People.Created != 2 || got.Exams.Created != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	after, err := o.store.PeopleByExternalID(ctx, o.by.Organisation, []string{"c1", "c2"})
	if err != nil || !reflect.DeepEqual(before, after) {
		t.Errorf("%+v became %+v, %v", before, after, err)
	}
	entries, err := o.store.Entries(ctx, o.by.Organisation, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if bytes.Contains(e.Payload, []byte("CANARY")) || e.Organisation != o.by.Organisation {
			t.Errorf("entry %d: %s", e.Offset, e.Payload)
		}
	}
}
