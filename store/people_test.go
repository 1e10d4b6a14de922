package store

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// town is an organisation with a pool, a job, an activity and a test, and five
// candidates in some of them; ids by external id.
type town struct {
	by     domain.Actor
	groups map[string]domain.GroupID
	nos    map[string]domain.PersonNo
	ids    map[string]domain.PersonID
}

func newTown(t testing.TB, s *Store, slug string) *town {
	t.Helper()
	ctx := t.Context()
	w := &town{by: office(t, s, slug), groups: map[string]domain.GroupID{}, nos: map[string]domain.PersonNo{}, ids: map[string]domain.PersonID{}}
	who := func(i int, id, given, family string, change func(*domain.PersonSpec)) domain.PersonSpec {
		p := domain.PersonSpec{Where: itemAt(i), ExternalID: id, Kind: domain.KindCandidate, Role: domain.RoleCandidate, GivenName: given, FamilyName: family}
		change(&p)
		return p
	}
	people(t, s, w.by, []domain.PersonSpec{
		who(0, "ase", "Åse", "Øvrebø", func(p *domain.PersonSpec) {
			p.Tags, p.Skills, p.City, p.Postcode = &[]string{"night shift", "a\"b"}, &[]string{"forklift"}, ptr("Oslo"), ptr("0150")
			p.Fields, p.Phone = &map[string]string{"shoe_size": "44", "shift": "late"}, ptr("+47 900 12 345")
		}),
		who(1, "bo", "Bo", "Amin", func(p *domain.PersonSpec) {
			p.Tags, p.Skills, p.City, p.Postcode = &[]string{"night"}, &[]string{"forklift", "first aid"}, ptr("Bergen"), ptr("5003")
			p.Fields = &map[string]string{"shoe_size": "4"}
		}),
		who(2, "cy", "Cy", "Amin", func(p *domain.PersonSpec) { p.State = ptr(domain.PersonInvited) }),
		who(3, "di", "Di", "Berg-Hansen", func(p *domain.PersonSpec) { p.State, p.City = ptr(domain.PersonLocked), ptr("Oslo") }),
		who(4, "el", "El", "Zhu", func(p *domain.PersonSpec) { p.Postcode = ptr("0151") }),
	})
	day := ptr(s.clock.Now().Add(24 * 3600e9))
	if _, _, err := s.UpsertGroups(ctx, w.by, []domain.GroupSpec{
		{Where: itemAt(0), Kind: domain.KindPool, ExternalID: "pool", Name: ptr("Servers")},
		{Where: itemAt(1), Kind: domain.KindJob, ExternalID: "job", Name: ptr("Cook"), Replies: ptr(domain.Closed)},
		{Where: itemAt(2), Kind: domain.KindActivity, ExternalID: "shift", Name: ptr("Saturday"), StartsAt: day, EndsAt: ptr(day.Add(8 * 3600e9)), Place: ptr("Pier 1")},
		{Where: itemAt(3), Kind: domain.KindTest, ExternalID: "test", Name: ptr("Biology")},
	}); err != nil {
		t.Fatal(err)
	}
	in := func(i int, kind domain.GroupKind, group, person string, state domain.EnrolmentState) domain.EnrolmentSpec {
		e := domain.EnrolmentSpec{Where: itemAt(i), Kind: kind, Exam: group, Person: person}
		if state != "" {
			e.State = &state
		}
		return e
	}
	if _, _, err := s.UpsertEnrolments(ctx, w.by, []domain.EnrolmentSpec{
		in(0, domain.KindPool, "pool", "ase", ""), in(1, domain.KindPool, "pool", "bo", domain.EnrolmentInvited), in(2, domain.KindPool, "pool", "cy", domain.EnrolmentLeft),
		in(3, domain.KindJob, "job", "bo", domain.EnrolmentDeclined), in(4, domain.KindActivity, "shift", "ase", ""), in(5, domain.KindActivity, "shift", "di", domain.EnrolmentWaiting),
		in(6, "", "test", "el", ""),
	}); err != nil {
		t.Fatal(err)
	}
	groups, err := s.Groups(ctx, w.by.Organisation, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		w.groups[g.ExternalID] = g.ID
	}
	found, err := s.PeopleByExternalID(ctx, w.by.Organisation, []string{"ase", "bo", "cy", "di", "el"})
	if err != nil {
		t.Fatal(err)
	}
	for id, p := range found {
		w.nos[id], w.ids[id] = p.No, p.ID
	}
	return w
}

func externals(rows []domain.Listed) []string {
	out := []string{}
	for _, r := range rows {
		out = append(out, r.ExternalID)
	}
	return out
}

// all sees everyone.
var all = domain.Seen{All: true}

func TestPeopleFilter(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		w, other := newTown(t, s, "north"), newTown(t, s, "south")
		sees := func(groups ...string) domain.Seen {
			out := domain.Seen{}
			for _, g := range groups {
				out.Places = append(out.Places, domain.Place{Group: w.groups[g]})
			}
			return out
		}
		group := func(names ...string) (out []domain.GroupID) {
			for _, n := range names {
				out = append(out, w.groups[n])
			}
			return out
		}
		for name, c := range map[string]struct {
			f    domain.PeopleFilter
			seen domain.Seen
			want string // by last name
		}{
			"everyone":                         {domain.PeopleFilter{}, all, "bo cy di el ase"},
			"folded words":                     {domain.PeopleFilter{Q: "ovre ase"}, all, "ase"},
			"the second half of a double name": {domain.PeopleFilter{Q: "hans"}, all, "di"},
			"not inside a word":                {domain.PeopleFilter{Q: "vrebo"}, all, ""},
			"an id":                            {domain.PeopleFilter{Q: "EL"}, all, "el"},
			"a phone number":                   {domain.PeopleFilter{Q: "900 12"}, all, "ase"},
			"a phone number without spaces":    {domain.PeopleFilter{Q: "4790012345"}, all, "ase"},
			"a tag by search":                  {domain.PeopleFilter{Q: "night"}, all, "bo ase"},
			"no word at all":                   {domain.PeopleFilter{Q: "--"}, all, ""},
			"percent is no joker":              {domain.PeopleFilter{Q: "%"}, all, ""},
			"a tag exactly":                    {domain.PeopleFilter{Tag: []string{"night"}}, all, "bo"},
			"a tag with a quotation mark":      {domain.PeopleFilter{Tag: []string{`a"b`}}, all, "ase"},
			"no half of it":                    {domain.PeopleFilter{Tag: []string{`b`}}, all, ""},
			"either tag":                       {domain.PeopleFilter{Tag: []string{"night", "night shift"}}, all, "bo ase"},
			"tag and skill":                    {domain.PeopleFilter{Tag: []string{"night"}, Skill: []string{"forklift"}}, all, "bo"},
			"city":                             {domain.PeopleFilter{City: []string{"Oslo"}}, all, "di ase"},
			"postcode by its beginning":        {domain.PeopleFilter{Postcode: []string{"01"}}, all, "el ase"},
			"postcode is no pattern":           {domain.PeopleFilter{Postcode: []string{"0_5"}}, all, ""},
			"a field":                          {domain.PeopleFilter{Fields: map[string][]string{"shoe_size": {"4"}}}, all, "bo"},
			"fields":                           {domain.PeopleFilter{Fields: map[string][]string{"shoe_size": {"4", "44"}, "shift": {"late"}}}, all, "ase"},
			"a pool, those who left too":       {domain.PeopleFilter{Group: group("pool")}, all, "bo cy ase"},
			"activity":                         {domain.PeopleFilter{Activity: group("shift")}, all, "di ase"},
			"locked":                           {domain.PeopleFilter{State: []string{"locked"}}, all, "di"},
			"invited, either way":              {domain.PeopleFilter{State: []string{"invited"}}, all, "bo cy"},
			"left this pool":                   {domain.PeopleFilter{State: []string{"left"}, Group: group("pool")}, all, "cy"},
			"declined elsewhere":               {domain.PeopleFilter{State: []string{"declined"}, Group: group("pool")}, all, ""},
			"declined anywhere":                {domain.PeopleFilter{State: []string{"declined"}}, all, "bo"},
			"mine":                             {domain.PeopleFilter{}, sees("pool"), "bo cy ase"},
			"mine are none":                    {domain.PeopleFilter{}, sees(), ""},
			"declined where I do not see":      {domain.PeopleFilter{State: []string{"declined"}}, sees("pool"), ""},
			"an activity that I do not see":    {domain.PeopleFilter{Activity: group("shift")}, sees("pool"), ""},
			"a group that I do not see":        {domain.PeopleFilter{Group: group("test")}, sees("pool"), ""},
			"another organisation's group":     {domain.PeopleFilter{Group: []domain.GroupID{other.groups["pool"]}}, all, ""},
		} {
			t.Run(name, func(t *testing.T) {
				if err := c.f.Validate(""); err != nil {
					t.Fatal(err)
				}
				rows, err := s.People(t.Context(), w.by.Organisation, domain.PeopleQuery{Filter: c.f, Seen: c.seen, Sort: domain.SortPeopleLastName})
				if err != nil {
					t.Fatal(err)
				}
				got := externals(rows)
				if fmt.Sprint(got) != "["+c.want+"]" {
					t.Errorf("got %v, want %s", got, c.want)
				}
				n, err := s.CountPeople(t.Context(), w.by.Organisation, c.f, c.seen)
				if err != nil || n != len(got) {
					t.Errorf("counted %d, %v", n, err)
				}
			})
		}
	})
}

func TestPeoplePages(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		w := newTown(t, s, "north")
		for sort, want := range map[domain.PeopleSort][]string{
			domain.SortPeopleLastName: {"bo", "cy", "di", "el", "ase"}, domain.SortPeopleFirstName: {"bo", "cy", "di", "el", "ase"},
			domain.SortPeopleCity: {"cy", "el", "bo", "di", "ase"},
		} {
			got := []string{}
			q := domain.PeopleQuery{Seen: all, Sort: sort, Limit: 2, Language: "nb"}
			for range 10 {
				rows, err := s.People(t.Context(), w.by.Organisation, q)
				if err != nil {
					t.Fatal(err)
				}
				if len(rows) == 0 {
					break
				}
				got = append(got, externals(rows)...)
				q.After = rows[len(rows)-1].ID
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", sort, got, want)
			}
			nos, err := s.PeopleNumbers(t.Context(), w.by.Organisation, domain.PeopleQuery{Seen: all, Sort: sort})
			if err != nil || len(nos) != 5 || nos[0].ID != w.ids[want[0]] {
				t.Errorf("%s: numbers %v, %v", sort, nos, err)
			}
		}
		_, err := s.People(t.Context(), w.by.Organisation, domain.PeopleQuery{Seen: all, Sort: domain.SortPeopleLastName, Language: "nb", After: newTown(t, s, "south").ids["ase"]})
		if f := fault.Public(err); f.Code != fault.Invalid || f.Field != "after" {
			t.Errorf("a page after someone of another organisation: %v", err)
		}
	})
}

func TestListedStanding(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		w := newTown(t, s, "north")
		var nos []domain.PersonNo
		for _, id := range []string{"el", "cy", "bo", "ase", "di"} {
			nos = append(nos, w.nos[id])
		}
		rows, err := s.PeopleNumbered(t.Context(), w.by.Organisation, nos)
		if err != nil || !slices.Equal(externals(rows), []string{"el", "cy", "bo", "ase", "di"}) {
			t.Fatalf("%v, %v", externals(rows), err)
		}
		got := map[string][2]domain.BlockedCode{}
		for _, r := range rows {
			got[r.ExternalID] = [2]domain.BlockedCode{r.Standing("").SendBlocked().Code, r.Standing(w.groups["pool"]).SendBlocked().Code}
		}
		for id, want := range map[string][2]domain.BlockedCode{
			"ase": {"", ""}, "bo": {"", domain.BlockedInvited}, "cy": {domain.BlockedInvited, domain.BlockedInvited},
			"di": {domain.BlockedLocked, domain.BlockedLocked}, "el": {"", domain.BlockedLeft},
		} {
			if got[id] != want {
				t.Errorf("%s: blocked %q, want %q", id, got[id], want)
			}
		}
	})
}

func TestPeopleFacets(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		w := newTown(t, s, "north")
		f, err := s.PeopleFacets(t.Context(), w.by.Organisation, all, "")
		if err != nil {
			t.Fatal(err)
		}
		want := `{[a"b night night shift] [first aid forklift] [Bergen Oslo] [active assigned declined invited left locked member waiting_list] map[shift:[late] shoe_size:[4 44]]}`
		if got := fmt.Sprint(f); got != want {
			t.Errorf("all: %s", got)
		}
		mine := domain.Seen{Places: []domain.Place{{Group: w.groups["test"]}}}
		if f, err = s.PeopleFacets(t.Context(), w.by.Organisation, mine, ""); err != nil || fmt.Sprint(f) != `{[] [] [] [active] map[]}` {
			t.Errorf("mine: %v, %v", f, err)
		}
		if f, err = s.PeopleFacets(t.Context(), w.by.Organisation, all, w.groups["shift"]); err != nil || fmt.Sprint(f.States) != `[active assigned locked waiting_list]` {
			t.Errorf("the shift's: %v, %v", f, err)
		}
	})
}

func TestGroups(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		w := newTown(t, s, "north")
		g, err := s.Group(ctx, w.by.Organisation, w.groups["shift"])
		if err != nil || g.Kind != domain.KindActivity || g.Name != "Saturday" || g.Place != "Pier 1" || g.StartsAt.IsZero() {
			t.Errorf("%+v, %v", g, err)
		}
		counts, err := s.GroupCounts(ctx, w.by.Organisation, all, []domain.GroupID{w.groups["pool"], w.groups["test"]})
		if err != nil || fmt.Sprint(counts[w.groups["pool"]]) != "{2 map[invited:1 left:1 member:1]}" || fmt.Sprint(counts[w.groups["test"]]) != "{1 map[]}" {
			t.Errorf("%v, %v", counts, err)
		}
		// One external id may name groups of different kinds.
		c, entries, err := s.UpsertGroups(ctx, w.by, []domain.GroupSpec{{Where: itemAt(0), Kind: domain.KindPool, ExternalID: "pool"}, {Where: itemAt(1), Kind: domain.KindJob, ExternalID: "pool"}})
		if err != nil || c != (domain.Tally{Created: 1, Unchanged: 1}) || len(entries) != 1 || entries[0].Kind != journal.KindGroupsUpserted {
			t.Errorf("%+v, %v, %v", c, kinds(entries), err)
		}
		at := s.clock.Now()
		for name, spec := range map[string]domain.GroupSpec{
			"starts_at": {Kind: domain.KindActivity, ExternalID: "x", EndsAt: &at}, "ends_at": {Kind: domain.KindActivity, ExternalID: "x", StartsAt: &at},
			"ends_at ": {Kind: domain.KindActivity, ExternalID: "x", StartsAt: &at, EndsAt: &at}, " ends_at": {Kind: domain.KindPool, ExternalID: "x", StartsAt: ptr(at.Add(1e9)), EndsAt: &at},
		} {
			spec.Where = func(f string) string { return f }
			_, _, err := s.UpsertGroups(ctx, w.by, []domain.GroupSpec{spec})
			if f := fault.Public(err); f.Code != fault.Invalid || f.Field != map[string]string{"starts_at": "starts_at", "ends_at": "ends_at", "ends_at ": "ends_at", " ends_at": "ends_at"}[name] {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestEnrolmentStates(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		w := newTown(t, s, "north")
		for name, c := range map[string]struct {
			kind  domain.GroupKind
			group string
			state domain.EnrolmentState
			want  string // field at fault
		}{
			"a pool's state in a test": {domain.KindTest, "test", domain.EnrolmentMember, "state"}, "a test's in a pool": {domain.KindPool, "pool", "", "state"},
			"a job's in an activity": {domain.KindActivity, "shift", domain.EnrolmentDeclined, "state"}, "another kind": {domain.KindJob, "pool", domain.EnrolmentApplied, "group"},
			"left a test": {domain.KindTest, "test", domain.EnrolmentLeft, ""}, "waiting": {domain.KindActivity, "shift", domain.EnrolmentWaiting, ""},
		} {
			_, _, err := s.UpsertEnrolments(t.Context(), w.by, []domain.EnrolmentSpec{{Where: func(f string) string { return f }, Kind: c.kind, Exam: c.group, Person: "ase", State: &c.state}})
			if f := fault.Public(err); (err == nil) != (c.want == "") || err != nil && f.Field != c.want {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestWhoLeftATest: nothing of a test counts, lists or reaches someone who left it.
func TestWhoLeftATest(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		org, exam := hall(t, s, 3)
		by := domain.System(org)
		if _, err := s.w.ExecContext(ctx, `UPDATE groups SET external_id = 'exam' WHERE organisation_id = $1 AND id = $2`, org, exam); err != nil {
			t.Fatal(err)
		}
		if _, err := s.w.ExecContext(ctx, `UPDATE people SET external_id = 'p' || no WHERE organisation_id = $1`, org); err != nil {
			t.Fatal(err)
		}
		left := domain.EnrolmentLeft
		if _, entries, err := s.UpsertEnrolments(ctx, by, []domain.EnrolmentSpec{{Where: itemAt(0), Exam: "exam", Person: "p2", State: &left}}); err != nil || len(entries) != 1 {
			t.Fatalf("%v, %v", entries, err)
		}
		candidates, err := s.Candidates(ctx, org, exam, nil)
		if err != nil || len(candidates) != 2 {
			t.Errorf("the live list has %d, %v", len(candidates), err)
		}
		_, n, err := s.Audience(ctx, org, exam, nil)
		if err != nil || n != 2 {
			t.Errorf("everyone is %d, %v", n, err)
		}
		if list, err := s.Enrolled(ctx, org, exam, nil); err != nil || len(list) != 2 {
			t.Errorf("enrolled are %d, %v", len(list), err)
		}
		if list, err := s.Enrolments(ctx, org, nil); err != nil || len(list) != 2 {
			t.Errorf("enrolments %d, %v", len(list), err)
		}
		if list, err := s.Sittings(ctx, org, 2); err != nil || len(list) != 0 {
			t.Errorf("the dashboard shows %v, %v", list, err)
		}
		if list, err := s.RosterOf(ctx, org, exam); err != nil || len(list) != 2 {
			t.Errorf("the roster has %d, %v", len(list), err)
		}
	})
}

// send stores a sending to these people.
func (w *town) send(t testing.TB, s *Store, group string, people ...string) *journal.Entry {
	t.Helper()
	nos := []domain.PersonNo{}
	for _, p := range people {
		nos = append(nos, w.nos[p])
	}
	slices.Sort(nos)
	e, _, err := s.Append(context.Background(), &journal.Entry{Organisation: w.by.Organisation, Kind: journal.KindBroadcastSent, Actor: w.by.Ref(), Group: w.groups[group],
		Payload: payload(journal.BroadcastSent{Subject: "s", Body: "b", Level: domain.LevelChat, GroupKind: domain.KindPool, Recipients: len(nos)}), Audience: payload([]journal.AudienceRoom{{People: nos}})})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestLeavingStopsWhatWaits: what was not delivered when someone leaves or is locked is
// delivered no more, whether it was expanded by then or not; what was stays.
func TestLeavingStopsWhatWaits(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		w := newTown(t, s, "north")
		org := w.by.Organisation
		seen := w.send(t, s, "pool", "ase")
		if _, err := s.RecordReceipts(ctx, org, domain.System(org).Ref(), []domain.Mark{{Offset: seen.Offset, Person: w.nos["ase"], Delivered: s.clock.Now()}}); err != nil {
			t.Fatal(err)
		}
		waits := w.send(t, s, "pool", "ase", "bo")
		elsewhere := w.send(t, s, "shift", "ase")
		left := domain.EnrolmentLeft
		if _, _, err := s.UpsertEnrolments(ctx, w.by, []domain.EnrolmentSpec{{Where: itemAt(0), Kind: domain.KindPool, Exam: "pool", Person: "ase", State: &left}}); err != nil {
			t.Fatal(err)
		}
		offsets := func(no domain.PersonNo) (out []int64) {
			list, _, err := s.MessagesSince(ctx, org, no, 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range list {
				out = append(out, m.Offset)
			}
			return out
		}
		if got := offsets(w.nos["ase"]); !slices.Equal(got, []int64{seen.Offset, elsewhere.Offset}) {
			t.Errorf("who left still gets %v; want %d and %d", got, seen.Offset, elsewhere.Offset)
		}
		if got := offsets(w.nos["bo"]); !slices.Equal(got, []int64{waits.Offset}) {
			t.Errorf("who stayed gets %v", got)
		}
		board, err := s.Recipients(ctx, org, w.groups["pool"], waits.Offset, nil)
		if err != nil || len(board) != 2 || board[0].Stopped != domain.BlockedLeft || board[0].Enrolled || board[1].Stopped != "" {
			t.Errorf("the board says %+v, %v", board, err)
		}
		counts, err := s.BroadcastCounts(ctx, org, nil, waits.Offset)
		if err != nil || counts[waits.Offset] != (domain.ReceiptCounts{Recipients: 2, Stopped: 1}) {
			t.Errorf("counts %+v, %v", counts, err)
		}
		people(t, s, w.by, []domain.PersonSpec{{Where: itemAt(0), ExternalID: "ase", Kind: domain.KindCandidate, Role: domain.RoleCandidate, GivenName: "Åse", FamilyName: "Øvrebø", State: ptr(domain.PersonLocked)}})
		if got := offsets(w.nos["ase"]); !slices.Equal(got, []int64{seen.Offset}) {
			t.Errorf("who is locked still gets %v", got)
		}
		if c, err := s.Conversation(ctx, org, w.nos["ase"]); err != nil || c.Unread != 1 || c.Last != seen.Offset {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

func TestLockedIsSignedOut(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		w := newTown(t, s, "north")
		actor := domain.Actor{Organisation: w.by.Organisation, Kind: domain.ActorPerson, ID: string(w.ids["bo"]), No: w.nos["bo"], Name: "Bo Amin", Role: domain.RoleCandidate}
		n := domain.Session{Organisation: w.by.Organisation, ID: "login", Person: w.nos["bo"], ExpiresAt: s.clock.Now().Add(3600e9)}
		if _, err := s.StartSession(ctx, actor, n, []byte("token")); err != nil {
			t.Fatal(err)
		}
		spec := domain.PersonSpec{Where: itemAt(0), ExternalID: "bo", Kind: domain.KindCandidate, Role: domain.RoleCandidate, GivenName: "Bo", FamilyName: "Amin", State: ptr(domain.PersonLocked)}
		_, entries, err := s.UpsertPeople(ctx, w.by, []domain.PersonSpec{spec})
		if err != nil || !slices.Equal(kinds(entries), []journal.Kind{journal.KindPeopleUpserted, journal.KindSessionEnded}) {
			t.Errorf("%v, %v", kinds(entries), err)
		}
		if _, err := s.SessionByToken(ctx, []byte("token")); !fault.Is(err, fault.NotFound) {
			t.Errorf("the login lives on: %v", err)
		}
		if _, _, err := s.PersonByLogin(ctx, w.by.Organisation, "bo"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a locked person can sign in: %v", err)
		}
		spec.State = nil // what is left out keeps what is stored
		if c := people(t, s, w.by, []domain.PersonSpec{spec}); c.Unchanged != 1 {
			t.Errorf("again: %+v", c)
		}
	})
}

// TestRename: conversations are sorted by the names of now.
func TestRename(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		w := newTown(t, s, "north")
		w.send(t, s, "pool", "ase")
		if err := s.Expand(ctx, w.by.Organisation); err != nil {
			t.Fatal(err)
		}
		people(t, s, w.by, []domain.PersonSpec{{Where: itemAt(0), ExternalID: "ase", Kind: domain.KindCandidate, Role: domain.RoleCandidate, GivenName: "Åse", FamilyName: "Ås"}})
		var got string
		if err := s.r.GetContext(ctx, &got, `SELECT sort_name FROM conversations WHERE organisation_id = $1 AND person_no = $2`, w.by.Organisation, w.nos["ase"]); err != nil || got != domain.NewCollation("nb").LastName(domain.Person{GivenName: "Åse", FamilyName: "Ås"}) {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// TestFoldPeople: people of before version 3 are found like those of after.
func TestFoldPeople(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		newTown(t, s, "north")
		read := func() (out []string) {
			if err := s.r.SelectContext(ctx, &out, `SELECT folded FROM people ORDER BY organisation_id, no`); err != nil {
				t.Fatal(err)
			}
			return out
		}
		want := read()
		if _, err := s.w.ExecContext(ctx, `UPDATE people SET folded = 'x'`); err != nil {
			t.Fatal(err)
		}
		tx, err := s.w.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := foldPeople(ctx, s.d, tx); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if got := read(); !slices.Equal(got, want) {
			t.Errorf("folded %q, want %q", got, want)
		}
	})
}
