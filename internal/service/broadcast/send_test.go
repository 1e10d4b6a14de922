package broadcast_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/limit"
	"crier/internal/service/broadcast"
)

func TestSend(t *testing.T) {
	h := newHall(t, 25)
	planner := h.as(domain.RolePlanner)
	b := h.send(planner, request())
	if b.Counts != (broadcast.Counts{Recipients: 25}) || b.Subject != "Time" || b.Body != "Five minutes left." || b.Test.Name != "Biology 1" ||
		b.Sender != (broadcast.Sender{ID: planner.ID, Name: "Ines Vogel", Role: domain.RolePlanner}) || !b.At.Equal(h.clock.Now()) || b.Level != domain.LevelPopup || len(b.ID) != 22 {
		t.Errorf("%+v", b)
	}
	if len(h.committed) != 1 {
		t.Fatalf("%d sendings were told", len(h.committed))
	}
	var rooms []journal.AudienceRoom
	if err := json.Unmarshal(h.committed[0].Audience, &rooms); err != nil || len(rooms) != 3 || len(rooms[2].People) != 5 {
		t.Errorf("audience %s, %v", h.committed[0].Audience, err)
	}
	got, err := h.Get(t.Context(), planner, b.ID)
	if err != nil || !reflect.DeepEqual(got, b) {
		t.Errorf("read again %+v, %v; sent %+v", got, err, b)
	}
}

func TestSendAgain(t *testing.T) {
	h := newHall(t, 12)
	planner := h.as(domain.RolePlanner)
	r := request()
	first := h.send(planner, r)
	h.receipt(first, domain.Displayed, 0)
	again, fresh, err := h.Send(t.Context(), planner, h.bio, r)
	if err != nil || fresh || again.ID != first.ID || again.Counts != (broadcast.Counts{Recipients: 12, Delivered: 1, Displayed: 1}) {
		t.Errorf("%+v %v %v", again, fresh, err)
	}
	if len(h.committed) != 1 {
		t.Errorf("%d sendings were told", len(h.committed))
	}
	for name, change := range map[string]func(*broadcast.Request){
		"body":       func(r *broadcast.Request) { r.Body = "Other." },
		"subject":    func(r *broadcast.Request) { r.Subject = "Other." },
		"recipients": func(r *broadcast.Request) { r.Recipients = broadcast.Recipients{People: h.people[:1]} },
	} {
		other := r
		change(&other)
		_, _, err := h.Send(t.Context(), planner, h.bio, other)
		if want(t, err, fault.Conflict, "key"); t.Failed() {
			t.Fatal(name)
		}
	}
	// Another sender's keys are their own.
	if _, fresh, err := h.Send(t.Context(), h.as(domain.RoleChiefInvigilator), h.bio, r); err != nil || !fresh {
		t.Errorf("%v %v", fresh, err)
	}
}

func TestSendFiveTimesAtOnce(t *testing.T) {
	h := newHall(t, 12)
	r := request()
	var all sync.WaitGroup
	var mu sync.Mutex
	ids, fresh := map[domain.BroadcastID]bool{}, 0
	for range 5 {
		all.Go(func() {
			b, isFresh, err := h.Send(t.Context(), h.as(domain.RolePlanner), h.bio, r)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			ids[b.ID] = true
			if isFresh {
				fresh++
			}
		})
	}
	all.Wait()
	if len(ids) != 1 || fresh != 1 || len(h.committed) != 1 {
		t.Errorf("%d ids, %d fresh, %d told", len(ids), fresh, len(h.committed))
	}
}

func TestSendRefuses(t *testing.T) {
	h := newHall(t, 30)
	planner := h.as(domain.RolePlanner)
	before := h.head()
	for name, c := range map[string]struct {
		change func(*broadcast.Request)
		code   fault.Code
		field  string
		limit  int64
		actual int64
	}{
		"no key":                 {func(r *broadcast.Request) { r.Key = "" }, fault.Invalid, "key", 0, 0},
		"a short key":            {func(r *broadcast.Request) { r.Key = "1234567" }, fault.Invalid, "key", 0, 0},
		"a long key":             {func(r *broadcast.Request) { r.Key = strings.Repeat("k", 101) }, fault.Invalid, "key", 100, 101},
		"no subject":             {func(r *broadcast.Request) { r.Subject = " " }, fault.Invalid, "subject", 0, 0},
		"a long subject":         {func(r *broadcast.Request) { r.Subject = strings.Repeat("ø", 201) }, fault.Invalid, "subject", 200, 201},
		"a subject of two lines": {func(r *broadcast.Request) { r.Subject = "a\nb" }, fault.Invalid, "subject", 0, 0},
		"no body":                {func(r *broadcast.Request) { r.Body = " \n " }, fault.Invalid, "body", 0, 0},
		"a long body":            {func(r *broadcast.Request) { r.Body = strings.Repeat("x", 4001) }, fault.Invalid, "body", 4000, 4001},
		"NUL in the body":        {func(r *broadcast.Request) { r.Body = "a\x00" }, fault.Invalid, "body", 0, 0},
		"invalid UTF-8":          {func(r *broadcast.Request) { r.Body = "a\xff" }, fault.Invalid, "body", 0, 0},
		"no recipients":          {func(r *broadcast.Request) { r.Recipients = broadcast.Recipients{} }, fault.Invalid, "recipients", 0, 0},
		"people and filter":      {func(r *broadcast.Request) { r.Recipients.People = h.people }, fault.Invalid, "recipients", 0, 0},
		"an empty list":          {func(r *broadcast.Request) { r.Recipients = broadcast.Recipients{People: []domain.PersonID{}} }, fault.Invalid, "recipients", 0, 0},
		"nobody matches":         {func(r *broadcast.Request) { r.Recipients.Filter = &domain.CandidateFilter{Room: []string{"Z"}} }, fault.Invalid, "recipients", 0, 0},
		"an unknown progress": {func(r *broadcast.Request) {
			r.Recipients.Filter = &domain.CandidateFilter{Progress: []domain.Progress{"x"}}
		}, fault.Invalid, "recipients.filter.progress", 0, 0},
		"an unknown candidate":    {func(r *broadcast.Request) { r.Recipients = to(h.people[0], "nobody").Recipients }, fault.Invalid, "recipients", 0, 0},
		"one of another test":     {func(r *broadcast.Request) { r.Recipients = to(h.people[0], h.stranger).Recipients }, fault.Invalid, "recipients", 0, 0},
		"a reminder of nothing":   {func(r *broadcast.Request) { r.Reminds = "xxxxxxxxxxxxxxxxxxxxxx" }, fault.Invalid, "reminds", 0, 0},
		"one recipient too many":  {func(r *broadcast.Request) { r.Recipients = to(h.people[:21]...).Recipients }, fault.TooLarge, "recipients", 20, 21},
		"all are too many":        {func(*broadcast.Request) {}, fault.TooLarge, "recipients", 20, 30},
		"too many by some filter": {func(r *broadcast.Request) { r.Recipients.Filter = &domain.CandidateFilter{Q: "sara"} }, fault.TooLarge, "recipients", 20, 30},
	} {
		t.Run(name, func(t *testing.T) {
			h.limits.Recipients = 20
			h.build(limit.Unlimited{})
			r := request()
			c.change(&r)
			_, _, err := h.Send(t.Context(), planner, h.bio, r)
			if f := want(t, err, c.code, c.field); f.Limit != c.limit || f.Actual != c.actual {
				t.Errorf("limit %d, actual %d", f.Limit, f.Actual)
			}
		})
	}
	t.Run("a test that is not there", func(t *testing.T) {
		_, _, err := h.Send(t.Context(), planner, "nothing", request())
		want(t, err, fault.NotFound, "")
	})
	if h.head() != before || len(h.committed) != 0 {
		t.Error("something was stored")
	}
	t.Run("just as many as the limit", func(t *testing.T) {
		if b := h.send(planner, to(h.people[:20]...)); b.Counts.Recipients != 20 {
			t.Errorf("%+v", b.Counts)
		}
	})
	t.Run("just as long as the limits", func(t *testing.T) {
		r := to(h.people[0], h.people[0]) // the same person twice is one recipient
		r.Subject, r.Body, r.Key = strings.Repeat("ø", 200), strings.Repeat("x", 4000), strings.Repeat("k", 100)
		if b := h.send(planner, r); b.Counts.Recipients != 1 {
			t.Errorf("%+v", b.Counts)
		}
	})
}

func TestRecipientLimit(t *testing.T) {
	h := newHall(t, 1501)
	_, _, err := h.Send(t.Context(), h.as(domain.RolePlanner), h.bio, request())
	if f := want(t, err, fault.TooLarge, "recipients"); f.Limit != 1500 || f.Actual != 1501 {
		t.Errorf("%+v", f)
	}
	if b := h.send(h.as(domain.RolePlanner), to(h.people[:1500]...)); b.Counts.Recipients != 1500 {
		t.Errorf("%+v", b.Counts)
	}
}

// Everyone who cannot be reached is named, and where they stand in the request;
// nothing is sent to the others.
func TestNotYoursIsNamed(t *testing.T) {
	h := newHall(t, 30)
	_, _, err := h.Send(t.Context(), h.as(domain.RoleInvigilator, "A"), h.bio, to(h.people[0], h.people[15], "nobody", h.stranger))
	f := want(t, err, fault.Invalid, "recipients")
	if len(f.Details) != 3 || f.Details[0].Field != "recipients.people[1]" || f.Details[2].Field != "recipients.people[3]" {
		t.Fatalf("%+v", f.Details)
	}
	// Who sits in another room of the test is named. Nothing tells apart who does not exist and who sits another test.
	for i, d := range f.Details {
		want := "not a candidate of this test in your rooms"
		if i == 0 {
			want = "Sara Amin 15: sits in a room that is not yours"
		}
		if d.Message != want {
			t.Errorf("%s", d.Message)
		}
	}
}

func TestFilterAndPresence(t *testing.T) {
	h := newHall(t, 30)
	h.presence[h.nos[0]], h.presence[h.nos[11]], h.presence[h.nos[12]] = domain.Online, domain.Online, domain.Away
	for name, c := range map[string]struct {
		filter domain.CandidateFilter
		want   int
	}{
		"online":            {domain.CandidateFilter{Presence: []domain.Presence{domain.Online}}, 2},
		"here in room B":    {domain.CandidateFilter{Presence: []domain.Presence{domain.Online, domain.Away}, Room: []string{"B"}}, 2},
		"offline in room A": {domain.CandidateFilter{Presence: []domain.Presence{domain.Offline}, Room: []string{"A"}}, 9},
		"by name and id":    {domain.CandidateFilter{Q: "sara c0012"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := request()
			r.Recipients.Filter = &c.filter
			if b := h.send(h.as(domain.RolePlanner), r); b.Counts.Recipients != c.want {
				t.Errorf("%d recipients, want %d", b.Counts.Recipients, c.want)
			}
			p, err := h.Preview(t.Context(), h.as(domain.RolePlanner), h.bio, r.Recipients)
			if err != nil || p.Counts.Total != c.want || len(p.Recipients) != c.want {
				t.Errorf("preview %+v, %v", p.Counts, err)
			}
		})
	}
}

func TestPreview(t *testing.T) {
	h := newHall(t, 30)
	h.presence[h.nos[0]], h.presence[h.nos[1]] = domain.Online, domain.Away
	h.presence[h.nos[2]], h.presence[h.nos[3]] = domain.Unresponsive, domain.Unknown
	invigilator := h.as(domain.RoleInvigilator, "A")
	p, err := h.Preview(t.Context(), invigilator, h.bio, broadcast.Recipients{Filter: &domain.CandidateFilter{}})
	if err != nil || p.Limit != 1500 || p.Counts != (broadcast.PreviewCounts{Total: 10, PresenceCounts: domain.PresenceCounts{Online: 1, Away: 1, Unresponsive: 1, Unknown: 1, Offline: 6}, NotStarted: 10}) {
		t.Errorf("%+v, %v", p.Counts, err)
	}
	p, err = h.Preview(t.Context(), invigilator, h.bio, broadcast.Recipients{People: []domain.PersonID{h.people[1], h.people[20], h.people[1]}})
	if err != nil || p.Counts.Total != 1 || p.Recipients[0].ID != h.people[1] || len(p.LeftOut) != 1 || p.LeftOut[0].ID != h.people[20] {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err = h.Preview(t.Context(), h.as(domain.RolePlanner), "nothing", broadcast.Recipients{Filter: &domain.CandidateFilter{}}); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
	h.lock("C0001")
	for name, r := range map[string]broadcast.Recipients{"all": {Filter: &domain.CandidateFilter{}}, "named": {People: h.people[:10]}} {
		p, err = h.Preview(t.Context(), invigilator, h.bio, r)
		if err != nil || p.Counts.Total != 9 || len(p.Recipients) != 9 || len(p.LeftOut) != 1 || p.LeftOut[0].ID != h.people[1] || p.LeftOut[0].Name != "Sara Amin" ||
			p.LeftOut[0].Code != domain.BlockedLocked || p.LeftOut[0].Reason != "the account is locked" {
			t.Errorf("%s, one of them locked: %+v, %v", name, p, err)
		}
	}
	if len(h.committed) != 0 {
		t.Error("a preview was stored")
	}
}

// lock locks the account of a candidate, who is called Sara Amin from then on.
func (h *hall) lock(external string) {
	h.t.Helper()
	locked := domain.PersonLocked
	_, _, err := h.store.UpsertPeople(h.t.Context(), domain.System(h.org), []domain.PersonSpec{{Where: func(field string) string { return field }, ExternalID: external,
		Kind: domain.KindCandidate, Role: domain.RoleCandidate, GivenName: "Sara", FamilyName: "Amin", State: &locked}})
	if err != nil {
		h.t.Fatal(err)
	}
}

// TestSendLeavesOutLocked: who is locked is left out and named, however they were meant; the numbers are the preview's.
func TestSendLeavesOutLocked(t *testing.T) {
	h := newHall(t, 18) // ten in room A, eight in B
	h.lock("C0001")
	planner := h.as(domain.RolePlanner)
	all := broadcast.Recipients{Filter: &domain.CandidateFilter{}}
	for name, c := range map[string]struct {
		actor domain.Actor
		to    broadcast.Recipients
		n     int
		left  string
	}{
		"all":                        {planner, all, 17, "Amin locked"},
		"a filter that finds them":   {planner, broadcast.Recipients{Filter: &domain.CandidateFilter{Room: []string{"A"}}}, 9, "Amin locked"},
		"a filter that does not":     {planner, broadcast.Recipients{Filter: &domain.CandidateFilter{Room: []string{"B"}}}, 8, ""},
		"named":                      {planner, broadcast.Recipients{People: h.people[:4]}, 3, "Amin locked"},
		"others named":               {planner, broadcast.Recipients{People: h.people[2:4]}, 2, ""},
		"all, of whoever has a room": {h.as(domain.RoleInvigilator, "B"), all, 8, ""},
	} {
		r := request()
		r.Recipients = c.to
		b, fresh, err := h.Send(t.Context(), c.actor, h.bio, r)
		if err != nil || !fresh || b.Counts.Recipients != c.n || reasons(b.LeftOut) != c.left {
			t.Errorf("%s: %+v, %v", name, b, err)
			continue
		}
		if b, fresh, err = h.Send(t.Context(), c.actor, h.bio, r); err != nil || fresh || b.Counts != (broadcast.Counts{Recipients: c.n}) || reasons(b.LeftOut) != c.left {
			t.Errorf("%s, again: %+v, %v", name, b, err)
		}
		if p, err := h.Preview(t.Context(), c.actor, h.bio, c.to); err != nil || p.Counts.Total != c.n || (len(p.LeftOut) == 1) != (c.left != "") {
			t.Errorf("%s, as previewed: %+v, %v", name, p, err)
		}
		if board, err := h.Recipients(t.Context(), c.actor, b.ID, "", 0, ""); err != nil || board.Total != c.n {
			t.Errorf("%s, its board: %d, %v", name, board.Total, err)
		}
	}
	h.limits.Recipients = 9
	h.build(limit.Unlimited{})
	if b := h.send(planner, to(h.people[:10]...)); b.Counts.Recipients != 9 || len(b.LeftOut) != 1 {
		t.Errorf("the limit counts recipients: %+v", b)
	}
	r := request()
	r.Recipients = broadcast.Recipients{People: h.people[1:2]}
	before := h.head()
	_, _, err := h.Send(t.Context(), planner, h.bio, r)
	if want(t, err, fault.Conflict, "recipients"); h.head() != before {
		t.Error("something was stored")
	}
}

// Who may send at all, and how far (S11).
func TestReach(t *testing.T) {
	h := newHall(t, 30)
	for _, c := range []struct {
		name  string
		actor domain.Actor
		exam  domain.ExamID
		n     int // recipients of "all"
		code  fault.Code
	}{
		{"a planner, any test", h.as(domain.RolePlanner), h.chem, 1, ""},
		{"a chief invigilator, own test, one room in the scope", h.as(domain.RoleChiefInvigilator, "A"), h.bio, 30, ""},
		{"a chief invigilator, not theirs", h.as(domain.RoleChiefInvigilator), h.chem, 0, fault.NotFound},
		{"an invigilator, two rooms", h.as(domain.RoleInvigilator, "A", "C"), h.bio, 20, ""},
		{"an invigilator, all rooms", h.as(domain.RoleInvigilator), h.bio, 30, ""},
		{"an invigilator, not theirs", h.as(domain.RoleInvigilator, "A"), h.chem, 0, fault.NotFound},
		{"an invigilator without any scope", domain.Actor{Organisation: h.org, Role: domain.RoleInvigilator, ID: "x"}, h.bio, 0, fault.NotFound},
		{"an admin", h.as(domain.RoleAdmin), h.bio, 0, fault.Forbidden},
		{"a coordinator", h.as(domain.RoleCoordinator), h.bio, 0, fault.Forbidden},
		{"a candidate", h.as(domain.RoleCandidate), h.bio, 0, fault.Forbidden},
		{"an integration", h.as(domain.RoleIntegration), h.bio, 30, ""},
		{"a planner of another organisation", domain.Actor{Organisation: h.org + 1, Role: domain.RolePlanner, ID: "x"}, h.bio, 0, fault.NotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := h.head()
			b, _, err := h.Send(t.Context(), c.actor, c.exam, request())
			if fault.CodeOf(err) != c.code || b.Counts.Recipients != c.n {
				t.Errorf("%d recipients, %v", b.Counts.Recipients, err)
			}
			if c.code != "" && h.head() != before {
				t.Error("something was stored")
			}
			if _, err := h.Preview(t.Context(), c.actor, c.exam, request().Recipients); fault.CodeOf(err) != c.code {
				t.Errorf("preview: %v", err)
			}
		})
	}
}

// Five at once, then one every two seconds; a retry costs nothing.
func TestRate(t *testing.T) {
	h := newHall(t, 3)
	h.build(limit.For(limit.NewLocal(h.clock), limit.Sendings))
	planner := h.as(domain.RolePlanner)
	var last broadcast.Request
	for range 5 {
		last = request()
		h.send(planner, last)
	}
	_, _, err := h.Send(t.Context(), planner, h.bio, request())
	if f := want(t, err, fault.RateLimited, ""); f.RetryAfter <= 0 || f.RetryAfter > 2*time.Second {
		t.Errorf("come again after %v", f.RetryAfter)
	}
	for range 10 {
		if _, fresh, err := h.Send(t.Context(), planner, h.bio, last); err != nil || fresh {
			t.Fatal("a retry is refused", err)
		}
	}
	h.send(h.as(domain.RoleChiefInvigilator), request()) // another sender's budget
	h.clock.Advance(2 * time.Second)
	h.send(planner, request())
	if _, _, err := h.Send(t.Context(), planner, h.bio, request()); !fault.Is(err, fault.RateLimited) {
		t.Errorf("got %v", err)
	}
}

// What cannot be stored is told to nobody, and its error is returned as it is.
func TestStoreUnavailable(t *testing.T) {
	h := newHall(t, 3)
	broken := &brokenStore{Store: h.store, err: &fault.Error{Code: fault.Unavailable, Unknown: true, RetryAfter: time.Second}}
	s := broadcast.New(broadcast.Options{Store: broken, Presence: h.presence, Clock: h.clock, Limits: domain.DefaultLimits, Limiter: limit.Unlimited{}})
	h.store.Bus().Listen(journal.Committed, journal.Hub, func(*journal.Entry) { t.Error("a listener heard of it") })
	_, fresh, err := s.Send(t.Context(), h.as(domain.RolePlanner), h.bio, request())
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || !f.Unknown || fresh {
		t.Errorf("got %v", err)
	}
}
