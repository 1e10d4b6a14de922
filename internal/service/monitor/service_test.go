package monitor_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/clock"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/service/monitor"
	"crier/store"
)

type presence map[domain.PersonNo]domain.Presence

// UnknownNodes is one while somebody is unknown.
func (p presence) UnknownNodes(domain.OrganisationID) int {
	for _, s := range p {
		if s == domain.Unknown {
			return 1
		}
	}
	return 0
}

func (p presence) Presence(_ domain.OrganisationID, no domain.PersonNo) (domain.Presence, time.Time) {
	if s, ok := p[no]; ok {
		return s, time.Date(2026, 5, 4, 8, 59, 0, 0, time.UTC)
	}
	return domain.Offline, time.Time{}
}

// school is the organisations north and south. Each has the test M1 with six
// candidates, c0 to c2 in room A and c3 to c5 in room B, and S2, later, with c0 alone.
type school struct {
	*monitor.Service
	store        *store.Store
	north, south domain.OrganisationID
	m1, s2       domain.ExamID // of north
	theirs       domain.ExamID // M1 of south
	presence     presence
}

func open(t *testing.T) *school {
	t.Helper()
	now := clock.NewFixed(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC))
	st, err := store.Open(t.Context(), store.Options{DSN: "sqlite:" + filepath.Join(t.TempDir(), "crier.db"), Clock: now, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := st.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := &school{store: st, presence: presence{}}
	s.Service = monitor.New(monitor.Deps{Store: st, Presence: s.presence, Clock: now})
	var exams []domain.Exam
	s.north, exams = fill(t, st, "north", now.Now())
	s.m1, s.s2 = exams[0].ID, exams[1].ID
	s.south, exams = fill(t, st, "CANARY", now.Now())
	s.theirs = exams[0].ID
	return s
}

func fill(t *testing.T, st *store.Store, slug string, now time.Time) (domain.OrganisationID, []domain.Exam) {
	t.Helper()
	ctx := t.Context()
	o, _, err := st.EnsureOrganisation(ctx, strings.ToLower(slug), slug)
	if err != nil {
		t.Fatal(err)
	}
	by := domain.System(o.ID)
	at := func(i int) domain.Where { return func(f string) string { return fmt.Sprintf("items[%d].%s", i, f) } }
	var people []domain.PersonSpec
	var seats []domain.EnrolmentSpec
	for i := range 6 {
		id := fmt.Sprintf("c%d", i)
		tags := []string{}
		if i == 4 {
			tags = []string{"reader"}
		}
		people = append(people, domain.PersonSpec{Where: at(i), ExternalID: id, Kind: domain.KindCandidate, Role: domain.RoleCandidate, GivenName: "Åse " + slug, FamilyName: fmt.Sprintf("Nr%d", i), Tags: &tags})
		room, seat, extra, progress := string(rune('A'+i/3)), fmt.Sprintf("%s-%d", slug, i), 15*(i%2), domain.InProgress
		if i == 5 {
			progress = domain.Submitted
		}
		seats = append(seats, domain.EnrolmentSpec{Where: at(i), Exam: "M1", Person: id, Room: &room, Seat: &seat, ExtraMinutes: &extra, Progress: &progress})
	}
	hall := slug + " hall"
	seats = append(seats, domain.EnrolmentSpec{Where: at(6), Exam: "S2", Person: "c0", Room: &hall})
	maths, stats, start, later, end := "Maths "+slug, "Stats "+slug, now.Add(-time.Hour), now.Add(time.Hour), now.Add(2*time.Hour)
	exams := []domain.ExamSpec{{Where: at(0), ExternalID: "M1", Name: &maths, StartsAt: &start, EndsAt: &end}, {Where: at(1), ExternalID: "S2", Name: &stats, StartsAt: &later}}
	if _, _, err := st.Import(ctx, by, people, exams, seats); err != nil {
		t.Fatal(err)
	}
	list, err := st.Exams(ctx, o.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	return o.ID, list
}

func (s *school) actor(role domain.Role, scopes ...domain.Scope) domain.Actor {
	return domain.Actor{Organisation: s.north, Kind: domain.ActorPerson, ID: "x", No: 99, Name: "X", Role: role, Rights: domain.Rights, Scopes: scopes}
}

func ids(p monitor.Page) (out []string) {
	for _, c := range p.Candidates {
		out = append(out, c.ExternalID)
	}
	return out
}

func TestExams(t *testing.T) {
	s := open(t)
	s.presence[1], s.presence[2], s.presence[4] = domain.Online, domain.Away, domain.Online
	s.presence[3], s.presence[5] = domain.Unresponsive, domain.Unknown // neither is online
	for name, c := range map[string]struct {
		actor domain.Actor
		want  []string // name state rooms candidates/not started/in progress/submitted/online
	}{
		"planner":                         {s.actor(domain.RolePlanner), []string{"Maths north running [A B] 6/0/5/1/3", "Stats north upcoming [north hall] 1/1/0/0/1"}},
		"chief of room A, so of the test": {s.actor(domain.RoleChiefInvigilator, domain.Scope{Exam: s.m1, Room: "A"}), []string{"Maths north running [A B] 6/0/5/1/3"}},
		"invigilator of the test":         {s.actor(domain.RoleInvigilator, domain.Scope{Exam: s.m1}), []string{"Maths north running [A B] 6/0/5/1/3"}},
		"invigilator of room A":           {s.actor(domain.RoleInvigilator, domain.Scope{Exam: s.m1, Room: "A"}), []string{"Maths north running [A] 3/0/3/0/2"}},
		"invigilator of nothing":          {s.actor(domain.RoleInvigilator), nil},
		"scope of another organisation":   {s.actor(domain.RoleInvigilator, domain.Scope{Exam: s.theirs}), nil},
	} {
		list, err := s.Exams(t.Context(), c.actor)
		if err != nil || list == nil {
			t.Errorf("%s: %v, %v", name, list, err)
		}
		var got []string
		for _, e := range list {
			got = append(got, fmt.Sprintf("%s %s %v %d/%d/%d/%d/%d", e.Name, e.State, e.Rooms, e.Counts.Candidates, e.Counts.NotStarted, e.Counts.InProgress, e.Counts.Submitted, e.Counts.Online))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestExamOfMine(t *testing.T) {
	s := open(t)
	for name, c := range map[string]struct {
		actor domain.Actor
		rooms []string
		send  bool
	}{
		"planner":               {s.actor(domain.RolePlanner), nil, true},
		"admin":                 {s.actor(domain.RoleAdmin), nil, false},
		"invigilator of room A": {s.actor(domain.RoleInvigilator, domain.Scope{Exam: s.m1, Room: "A"}), []string{"A"}, true},
	} {
		e, err := s.Exam(t.Context(), c.actor, s.m1)
		if err != nil || (e.MyRooms == nil) != (c.rooms == nil) || e.MyRooms != nil && !slices.Equal(*e.MyRooms, c.rooms) || e.MaySend != c.send {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
}

func TestCandidatesAreFiltered(t *testing.T) {
	s := open(t)
	s.presence[1], s.presence[6] = domain.Online, domain.Away
	yes, no := true, false
	for name, c := range map[string]struct {
		f    domain.CandidateFilter
		want []string
	}{
		"all":           {domain.CandidateFilter{}, []string{"c0", "c1", "c2", "c3", "c4", "c5"}},
		"words, folded": {domain.CandidateFilter{Q: "nr3 ase"}, []string{"c3"}},
		"by seat":       {domain.CandidateFilter{Q: "north-2"}, []string{"c2"}},
		"progress":      {domain.CandidateFilter{Progress: []domain.Progress{domain.Submitted}}, []string{"c5"}},
		"presence":      {domain.CandidateFilter{Presence: []domain.Presence{domain.Online, domain.Away}}, []string{"c0", "c5"}},
		"room":          {domain.CandidateFilter{Room: []string{"B"}}, []string{"c3", "c4", "c5"}},
		"extra time":    {domain.CandidateFilter{ExtraTime: &yes, Room: []string{"A"}}, []string{"c1"}},
		"none":          {domain.CandidateFilter{ExtraTime: &no, Tag: []string{"reader"}}, []string{"c4"}},
		"nobody":        {domain.CandidateFilter{Q: "CANARY"}, nil},
	} {
		page, err := s.Candidates(t.Context(), s.actor(domain.RolePlanner), s.m1, c.f, 0, "")
		if err != nil || !slices.Equal(ids(page), c.want) || page.Total != len(c.want) || page.Next != "" || page.Candidates == nil {
			t.Errorf("%s: %v of %d, %v; want %v", name, ids(page), page.Total, err, c.want)
		}
	}
	if _, err := s.Candidates(t.Context(), s.actor(domain.RolePlanner), s.m1, domain.CandidateFilter{Progress: []domain.Progress{"done"}}, 0, ""); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unknown progress: %v", err)
	}
	if _, err := s.Candidates(t.Context(), s.actor(domain.RolePlanner), s.m1, domain.CandidateFilter{}, 0, "nobody"); !fault.Is(err, fault.Invalid) {
		t.Errorf("after nobody: %v", err)
	}
}

// TestUnresponsiveAndUnknown are values of a row and of the filter.
func TestUnresponsiveAndUnknown(t *testing.T) {
	s := open(t)
	s.presence[1], s.presence[2], s.presence[3] = domain.Unresponsive, domain.Unknown, domain.Online
	boss := s.actor(domain.RoleAdmin)
	for presence, want := range map[domain.Presence]int{domain.Unresponsive: 1, domain.Unknown: 1, domain.Online: 1, domain.Away: 0, domain.Offline: 3} {
		page, err := s.Candidates(t.Context(), boss, s.m1, domain.CandidateFilter{Presence: []domain.Presence{presence}}, 0, "")
		if err != nil || page.Total != want || page.UnknownNodes != 1 {
			t.Errorf("%s: %d of %d unknown nodes, %v", presence, page.Total, page.UnknownNodes, err)
		}
		for _, c := range page.Candidates {
			if c.Presence != presence {
				t.Errorf("%s: a row says %s", presence, c.Presence)
			}
		}
	}
	if _, err := s.Candidates(t.Context(), boss, s.m1, domain.CandidateFilter{Presence: []domain.Presence{"asleep"}}, 0, ""); fault.CodeOf(err) != fault.Invalid {
		t.Error(err)
	}
}

func TestCandidatesInPages(t *testing.T) {
	s := open(t)
	for limit := 1; limit <= 7; limit++ {
		var got []string
		after := ""
		for pages := 0; ; pages++ {
			p, err := s.Candidates(t.Context(), s.actor(domain.RolePlanner), s.m1, domain.CandidateFilter{}, limit, after)
			if err != nil || p.Total != 6 || pages > 6 {
				t.Fatalf("limit %d: %+v, %v", limit, p, err)
			}
			got = append(got, ids(p)...)
			if after = p.Next; after == "" {
				break
			}
		}
		if !slices.Equal(got, []string{"c0", "c1", "c2", "c3", "c4", "c5"}) {
			t.Errorf("limit %d: %v", limit, got)
		}
	}
}

func TestWaitingCountsThisTestsMessages(t *testing.T) {
	s := open(t)
	send := func(exam domain.ExamID, people ...domain.PersonNo) {
		t.Helper()
		audience, _ := json.Marshal([]journal.AudienceRoom{{Room: "A", People: people}})
		_, _, err := s.store.Append(t.Context(), &journal.Entry{Organisation: s.north, Kind: journal.KindBroadcastSent, Group: exam, Actor: domain.System(s.north).Ref(),
			Payload: json.RawMessage(`{"subject":"x","body":"y"}`), Audience: audience})
		if err != nil {
			t.Fatal(err)
		}
	}
	send(s.m1, 1, 2)
	send(s.m1, 1)
	send(s.s2, 1)
	page, err := s.Candidates(t.Context(), s.actor(domain.RolePlanner), s.m1, domain.CandidateFilter{}, 3, "")
	if err != nil || page.Candidates[0].Waiting != 2 || page.Candidates[1].Waiting != 1 || page.Candidates[2].Waiting != 0 {
		t.Errorf("%+v, %v", page, err)
	}
}

// Role × scope × what is asked: what is not listed must be refused, and nothing of
// the other organisation is in any answer.
func TestPermissionsAndCanaries(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	const none, roomA, all = 0, 3, 6
	scopes := map[string][]domain.Scope{
		"nothing": nil, "the test": {{Exam: s.m1}}, "room A": {{Exam: s.m1, Room: "A"}}, "another test": {{Exam: s.s2}}, "the other organisation's": {{Exam: s.theirs}},
	}
	var said []any
	for role, want := range map[domain.Role]map[string]int{
		domain.RoleAdmin:            {"nothing": all, "the test": all, "room A": all, "another test": all, "the other organisation's": all},
		domain.RolePlanner:          {"nothing": all, "the test": all, "room A": all, "another test": all, "the other organisation's": all},
		domain.RoleIntegration:      {"nothing": all, "the test": all, "room A": all, "another test": all, "the other organisation's": all},
		domain.RoleChiefInvigilator: {"the test": all, "room A": all},
		domain.RoleInvigilator:      {"the test": all, "room A": roomA},
		domain.RoleCoordinator:      {},
		domain.RoleCandidate:        {},
	} {
		for name, scope := range scopes {
			a := s.actor(role, scope...)
			page, err := s.Candidates(ctx, a, s.m1, domain.CandidateFilter{}, 0, "")
			e, err2 := s.Exam(ctx, a, s.m1)
			list, err3 := s.Exams(ctx, a)
			said = append(said, page, e, list)
			if want[name] == none {
				code := fault.NotFound
				if role == domain.RoleCoordinator || role == domain.RoleCandidate {
					code = fault.Forbidden
					if !fault.Is(err3, code) {
						t.Errorf("%s with %s lists tests: %v", role, name, err3)
					}
				}
				if !fault.Is(err, code) || !fault.Is(err2, code) {
					t.Errorf("%s with %s: %v, %v; want %s", role, name, err, err2, code)
				}
				continue
			}
			if err != nil || err2 != nil || err3 != nil || page.Total != want[name] || e.Counts.Candidates != want[name] {
				t.Errorf("%s with %s: %d, %d, %v %v %v; want %d", role, name, page.Total, e.Counts.Candidates, err, err2, err3, want[name])
			}
			if _, err := s.Candidates(ctx, a, s.theirs, domain.CandidateFilter{}, 0, ""); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s with %s sees the other organisation: %v", role, name, err)
			}
			if _, err := s.Exam(ctx, a, s.theirs); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s with %s sees the other organisation's test: %v", role, name, err)
			}
		}
	}
	text, err := json.Marshal(said)
	if err != nil {
		t.Fatal(err)
	}
	for _, canary := range []string{"CANARY", string(s.theirs)} {
		if strings.Contains(string(text), canary) {
			t.Errorf("%q is in an answer", canary)
		}
	}
	if !strings.Contains(string(text), "Åse north") {
		t.Error("the answers hold nothing at all")
	}
}
