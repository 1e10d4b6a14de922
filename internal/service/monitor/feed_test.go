package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"crier/internal/clock"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hall is a store of one test, "m1" of organisation 1, and everything published.
type hall struct {
	Store // what the feed does not use

	mu     sync.Mutex
	placed []domain.Placed // guarded by mu
	down   bool            // guarded by mu
	reads  int             // guarded by mu
	heard  []heard         // guarded by mu
	lists  int             // how often lists were said to be old; guarded by mu
}

type heard struct {
	org   domain.OrganisationID
	topic string
	text  string
}

func (h *hall) Exam(_ context.Context, org domain.OrganisationID, id domain.ExamID) (domain.Exam, error) {
	if id != "m1" || org > 2 {
		return domain.Exam{}, fault.New(fault.NotFound, "no such test")
	}
	return domain.Exam{Organisation: org, ID: id}, nil
}

func (h *hall) RosterOf(context.Context, domain.OrganisationID, domain.ExamID) ([]domain.Placed, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reads++
	if h.down {
		return nil, errors.New("the database is away")
	}
	return slices.Clone(h.placed), nil
}

func (h *hall) Publish(org domain.OrganisationID, topic string, event any) {
	b, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if topic == domain.StaffTopic {
		if org != 1 || string(b) != `{"type":"groups"}` {
			panic(fmt.Sprintf("told organisation %d of its lists as %s", org, b))
		}
		h.lists++
		return
	}
	h.heard = append(h.heard, heard{org: org, topic: topic, text: string(b)})
}

// take returns what was published since, by topic, sorted.
func (h *hall) take() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for _, x := range h.heard {
		out = append(out, fmt.Sprintf("%d %s %s", x.org, x.topic, x.text))
	}
	h.heard = nil
	slices.Sort(out)
	return out
}

func (h *hall) set(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
}

// inHall runs fn beside a started feed, in a bubble of time. People 1 and 2 sit in
// room A, 3 in B.
func inHall(t *testing.T, fn func(t *testing.T, s *Service, h *hall)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := &hall{placed: []domain.Placed{{No: 1, ID: "p1", Room: "A"}, {No: 2, ID: "p2", Room: "A"}, {No: 3, ID: "p3", Room: "B"}}}
		s := New(Deps{Store: h, Publisher: h, Clock: clock.System{}})
		s.Start(t.Context())
		s.Start(t.Context()) // no effect
		defer s.Stop()
		fn(t, s, h)
	})
}

var planner = domain.Actor{Organisation: 1, Kind: domain.ActorPerson, ID: "x", No: 99, Role: domain.RolePlanner}

func watching(t *testing.T, s *Service, a domain.Actor) (topics []string, end func()) {
	t.Helper()
	topics, end, err := s.Watch(t.Context(), a, "m1")
	if err != nil {
		t.Fatal(err)
	}
	return topics, end
}

// settle lets time pass and everything come to rest.
func settle(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // a bubble's time: it does not wait
	synctest.Wait()
}

func same(t *testing.T, got, want []string) {
	t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestPresenceIsGatheredByRoom(t *testing.T) {
	inHall(t, func(t *testing.T, s *Service, h *hall) {
		watching(t, s, planner)
		at := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
		s.PresenceChanged(1, []Change{{1, domain.Away, at}, {3, domain.Online, at}, {77, domain.Online, at}}) // 77 sits elsewhere
		s.PresenceChanged(2, []Change{{2, domain.Online, at}})                                                // another organisation's
		settle(gather - time.Millisecond)
		same(t, h.take(), nil)
		s.PresenceChanged(1, []Change{{1, domain.Online, at.Add(time.Millisecond)}}) // the last counts
		settle(2 * time.Millisecond)
		got := h.take()
		if len(got) != 3 {
			t.Fatalf("got %v", got)
		}
		const one, three = `{"person":"p1","presence":"online","at":"2026-05-04T09:00:00.001Z"}`, `{"person":"p3","presence":"online","at":"2026-05-04T09:00:00Z"}`
		for i, topic := range []string{"1 test:m1 ", "1 test:m1/room:A ", "1 test:m1/room:B "} {
			if !strings.HasPrefix(got[i], topic) || strings.Contains(got[i], one) != (i != 2) || strings.Contains(got[i], three) != (i != 1) || strings.Count(got[i], "person") > 2 {
				t.Errorf("%s", got[i])
			}
		}
		settle(time.Minute)
		same(t, h.take(), nil)
		if h.reads != 1 {
			t.Errorf("the roster was read %d times, want once", h.reads)
		}
	})
}

func TestFramesStaySmall(t *testing.T) {
	inHall(t, func(t *testing.T, s *Service, h *hall) {
		h.set(func() { h.placed = nil })
		var changes []Change
		for i := range 1500 {
			id := domain.PersonID(fmt.Sprintf("0190a3c1-0000-7000-8000-%012d", i))
			h.set(func() { h.placed = append(h.placed, domain.Placed{No: domain.PersonNo(i), ID: id, Room: "A"}) })
			changes = append(changes, Change{domain.PersonNo(i), domain.Offline, time.Now().Add(time.Microsecond)})
		}
		watching(t, s, planner)
		s.PresenceChanged(1, changes)
		settle(time.Second)
		seen := map[string]int{}
		for _, x := range h.take() {
			if len(x) > 16<<10 {
				t.Errorf("a frame of %d bytes", len(x))
			}
			topic := strings.Fields(x)[1]
			seen[topic] += strings.Count(x, `"person"`)
		}
		if seen["test:m1"] != 1500 || seen["test:m1/room:A"] != 1500 {
			t.Errorf("told %v", seen)
		}
	})
}

func TestSendingsAtMostOnceASecond(t *testing.T) {
	inHall(t, func(t *testing.T, s *Service, h *hall) {
		watching(t, s, planner)
		kinds := []journal.Kind{journal.KindBroadcastSent, journal.KindReceiptsRecorded, journal.KindBroadcastTold}
		for i := range 100 { // for five seconds
			s.Entry(&journal.Entry{Organisation: 1, Kind: kinds[i%3], Group: "m1"})
			settle(50 * time.Millisecond)
		}
		n := 0
		for _, x := range h.take() {
			if strings.HasPrefix(x, "1 test:m1 ") {
				n++
			}
		}
		if n < 4 || n > 6 {
			t.Errorf("told %d times in five seconds", n)
		}
		settle(5 * time.Second)
		h.take()
		s.Entry(&journal.Entry{Organisation: 1, Kind: journal.KindReceiptsRecorded}) // of no one test: of all
		s.Entry(&journal.Entry{Organisation: 2, Kind: journal.KindReceiptsRecorded, Group: "m1"})
		s.Entry(&journal.Entry{Organisation: 1, Kind: journal.KindBroadcastSent, Group: "other"})
		settle(5 * time.Second)
		same(t, h.take(), []string{`1 test:m1 {"test":"m1","type":"broadcasts"}`, `1 test:m1/rooms {"test":"m1","type":"broadcasts"}`})
	})
}

func TestProgressByRoom(t *testing.T) {
	inHall(t, func(t *testing.T, s *Service, h *hall) {
		at := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
		payload, _ := json.Marshal(journal.ProgressChanged{Changes: []journal.ProgressChange{
			{Person: 1, ID: "p1", Room: "A", Progress: domain.InProgress, At: at}, {Person: 3, ID: "p3", Room: "B", Progress: domain.Submitted, At: at}}})
		e := &journal.Entry{Organisation: 1, Kind: journal.KindEnrolmentsProgress, Group: "m1", Payload: payload}
		s.Entry(e) // nobody watches
		settle(time.Second)
		same(t, h.take(), nil)
		watching(t, s, planner)
		s.Entry(e)
		settle(time.Second)
		one, three := `{"person":"p1","progress":"in_progress","at":"2026-05-04T09:00:00Z"}`, `{"person":"p3","progress":"submitted","at":"2026-05-04T09:00:00Z"}`
		same(t, h.take(), []string{
			`1 test:m1 {"changes":[` + one + `,` + three + `],"test":"m1","type":"progress"}`,
			`1 test:m1/room:A {"changes":[` + one + `],"test":"m1","type":"progress"}`,
			`1 test:m1/room:B {"changes":[` + three + `],"test":"m1","type":"progress"}`,
		})
	})
}

func TestEnrolmentsReachAllRoomsOnce(t *testing.T) {
	inHall(t, func(t *testing.T, s *Service, h *hall) {
		watching(t, s, planner)
		h.set(func() { h.placed = []domain.Placed{{No: 1, ID: "p1", Room: "A"}, {No: 3, ID: "p3", Room: "C"}} })
		for range 10 {
			s.Entry(&journal.Entry{Organisation: 1, Kind: journal.KindEnrolmentsUpserted, Group: "m1"})
		}
		settle(time.Second)
		var want []string
		for _, topic := range []string{"", "/rooms"} {
			want = append(want, `1 test:m1`+topic+` {"test":"m1","type":"enrolment"}`)
		}
		same(t, h.take(), want)
		s.PresenceChanged(1, []Change{{3, domain.Online, time.Now()}})
		settle(time.Second)
		if got := h.take(); len(got) != 2 || !strings.HasPrefix(got[1], "1 test:m1/room:C ") {
			t.Errorf("presence after the move: %v", got)
		}
	})
}

func TestNothingIsLostWhileTheStoreIsAway(t *testing.T) {
	inHall(t, func(t *testing.T, s *Service, h *hall) {
		watching(t, s, planner)
		h.set(func() { h.down = true })
		s.Entry(&journal.Entry{Organisation: 1, Kind: journal.KindEnrolmentsUpserted, Group: "m1"})
		s.Entry(&journal.Entry{Organisation: 1, Kind: journal.KindBroadcastSent, Group: "m1"})
		s.PresenceChanged(1, []Change{{1, domain.Online, time.Now()}})
		settle(10 * time.Second)
		same(t, h.take(), nil)
		h.set(func() {
			if h.reads > 12 {
				t.Errorf("%d tries in ten seconds", h.reads)
			}
			h.down = false
		})
		settle(10 * time.Second)
		var types []string
		for _, x := range h.take() {
			if strings.HasPrefix(x, "1 test:m1 ") {
				for _, kind := range []string{"enrolment", "broadcasts", "presence"} {
					if strings.Contains(x, `"type":"`+kind+`"`) {
						types = append(types, kind)
					}
				}
			}
		}
		slices.Sort(types)
		if !slices.Equal(types, []string{"broadcasts", "enrolment", "presence"}) {
			t.Errorf("told %v", types)
		}
	})
}

func TestWatchingEnds(t *testing.T) {
	inHall(t, func(t *testing.T, s *Service, h *hall) {
		_, one := watching(t, s, planner)
		_, two := watching(t, s, planner)
		told := func() bool {
			s.Entry(&journal.Entry{Organisation: 1, Kind: journal.KindBroadcastSent, Group: "m1"})
			settle(5 * time.Second)
			return len(h.take()) > 0
		}
		one()
		if !told() {
			t.Error("silent though somebody watches")
		}
		two()
		if told() {
			t.Error("told though nobody watches")
		}
	})
}

// Which topics of a test each role hears: what is not listed must be refused.
func TestWatchPermissions(t *testing.T) {
	inHall(t, func(t *testing.T, s *Service, h *hall) {
		all, inA := []string{"test:m1"}, []string{"test:m1/rooms", "test:m1/room:A"}
		scopes := map[string][]domain.Scope{
			"nothing": nil, "the test": {{Exam: "m1"}}, "room A": {{Exam: "m1", Room: "A"}}, "another test": {{Exam: "m2"}},
		}
		for role, want := range map[domain.Role]map[string][]string{
			domain.RoleAdmin:            {"nothing": all, "the test": all, "room A": all, "another test": all},
			domain.RolePlanner:          {"nothing": all, "the test": all, "room A": all, "another test": all},
			domain.RoleIntegration:      {"nothing": all, "the test": all, "room A": all, "another test": all},
			domain.RoleSystem:           {"nothing": all, "the test": all, "room A": all, "another test": all},
			domain.RoleChiefInvigilator: {"the test": all, "room A": all},
			domain.RoleInvigilator:      {"the test": all, "room A": inA},
			domain.RoleCoordinator:      {},
			domain.RoleCandidate:        {},
		} {
			for name, scope := range scopes {
				topics, end, err := s.Watch(t.Context(), domain.Actor{Organisation: 1, Role: role, Rights: domain.Rights, Scopes: scope}, "m1")
				if end != nil {
					end()
				}
				if want[name] == nil {
					code := fault.NotFound // not told that it exists
					if role == domain.RoleCoordinator || role == domain.RoleCandidate {
						code = fault.Forbidden
					}
					if !fault.Is(err, code) {
						t.Errorf("%s with %s: %v %v, want %s", role, name, topics, err, code)
					}
				} else if err != nil || !slices.Equal(topics, want[name]) {
					t.Errorf("%s with %s: %v, %v; want %v", role, name, topics, err, want[name])
				}
			}
		}
		if _, _, err := s.Watch(t.Context(), domain.Actor{Organisation: 3, Role: domain.RolePlanner}, "m1"); !fault.Is(err, fault.NotFound) {
			t.Errorf("another organisation's planner: %v", err)
		}
		h.set(func() { h.down = true })
		if _, _, err := s.Watch(t.Context(), planner, "m1"); err == nil {
			t.Error("watching began without a roster")
		}
		if len(s.feed.watches) != 0 {
			t.Errorf("%d watches left", len(s.feed.watches))
		}
	})
}

// The test's own facts, names of those in it, and lists elsewhere are told apart; lists at most
// once in some seconds, and without a word of what changed.
func TestWhatIsProvisionedIsTold(t *testing.T) {
	inHall(t, func(t *testing.T, s *Service, h *hall) {
		_, end := watching(t, s, planner)
		entry := func(kind journal.Kind, exam domain.ExamID, payload any) {
			b, err := json.Marshal(payload)
			if err != nil {
				t.Fatal(err)
			}
			s.Entry(&journal.Entry{Organisation: 1, Kind: kind, Group: exam, Payload: b})
		}
		lists := 0
		listsAre := func(more int) {
			t.Helper()
			lists += more
			h.set(func() {
				if h.lists != lists {
					t.Errorf("lists were said to be old %d times, want %d", h.lists, lists)
				}
			})
		}
		const facts, roster = `test:m1 {"test":"m1","type":"test"}`, `test:m1 {"test":"m1","type":"enrolment"}`
		both := func(event string) []string { // those of all rooms and those of some
			return []string{"1 " + event, "1 " + strings.Replace(event, "test:m1 ", "test:m1/rooms ", 1)}
		}
		entry(journal.KindExamsUpserted, "", journal.ExamsUpserted{Exams: []journal.ExamRecord{{ID: "m1"}, {ID: "other"}}})
		settle(time.Second)
		same(t, h.take(), both(facts))
		listsAre(1)
		entry(journal.KindGroupsUpserted, "", journal.GroupsUpserted{Groups: []journal.GroupRecord{{ID: "m1"}}})
		entry(journal.KindPeopleUpserted, "", journal.PeopleUpserted{People: []journal.PersonRecord{{No: 2}}})
		settle(time.Second)
		same(t, h.take(), append(both(facts), both(roster)...))
		listsAre(0)
		settle(2 * time.Second)
		listsAre(1)
		entry(journal.KindPeopleUpserted, "", journal.PeopleUpserted{People: []journal.PersonRecord{{No: 77}}}) // sits elsewhere
		settle(3 * time.Second)
		same(t, h.take(), nil)
		listsAre(1)
		end()
		entry(journal.KindEnrolmentsUpserted, "m1", journal.EnrolmentsUpserted{People: []domain.PersonNo{1}})
		settle(3 * time.Second)
		same(t, h.take(), nil)
		listsAre(1)
		settle(time.Hour)
		listsAre(0)
	})
}

// Who enters another group is told to those who watch a test that they sit: its list is filtered by groups.
func TestOtherGroupsAreTold(t *testing.T) {
	inHall(t, func(t *testing.T, s *Service, h *hall) {
		_, end, err := s.Watch(t.Context(), planner, "m1")
		if err != nil {
			t.Fatal(err)
		}
		defer end()
		for person, want := range map[string]int{"2": 2, "9": 0} { // to all rooms' topic and to that of some
			s.Entry(&journal.Entry{Organisation: 1, Kind: journal.KindEnrolmentsUpserted, Group: "pool", Payload: json.RawMessage(`{"people":[` + person + `]}`)})
			settle(2 * gather)
			if told := h.take(); len(told) != want {
				t.Errorf("person %s entered a pool: %q", person, told)
			}
		}
	})
}
