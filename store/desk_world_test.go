package store

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"crier/internal/domain"
)

// deskWorld is an organisation's conversations as a model in Go, and the same in a
// database.
type deskWorld struct {
	org    domain.OrganisationID
	groups []domain.Group
	people []*deskPerson
	ids    map[domain.PersonNo]domain.PersonID // staff too
	staff  []domain.PersonNo
}

type deskPerson struct {
	domain.Person
	in       map[domain.GroupID]deskEnrolment
	threads  map[domain.GroupID]*deskThread
	shelf    int
	open     bool
	done     bool
	assigned domain.PersonNo
	reads    map[domain.PersonNo]deskRead
}

type deskEnrolment struct {
	room  string
	kind  domain.GroupKind
	state domain.EnrolmentState
}

type deskThread struct{ last, in, out, waiting int64 }

type deskRead struct {
	offset int64
	marked bool
}

// makeDeskWorld makes n candidates and stores them. Equal seeds make equal worlds.
func makeDeskWorld(t testing.TB, s *Store, seed uint64, n int) *deskWorld {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 1))
	w := &deskWorld{ids: map[domain.PersonNo]domain.PersonID{}}
	w.org, _ = hall(t, s, 0)
	for i, kind := range []domain.GroupKind{domain.KindTest, domain.KindTest, domain.KindPool, domain.KindPool, domain.KindJob, domain.KindActivity, domain.KindActivity} {
		w.groups = append(w.groups, domain.Group{ID: domain.GroupID(fmt.Sprintf("g%d-%d", i, w.org)), Kind: kind, Name: fmt.Sprintf("Group %d", i)})
	}
	pick := func(of ...string) string { return of[rnd.IntN(len(of))] }
	some := func(of ...string) []string {
		var out []string
		for _, v := range of {
			if rnd.IntN(3) == 0 {
				out = append(out, v)
			}
		}
		return out
	}
	offset := int64(0)
	for i := range n {
		no := domain.PersonNo(i + 1)
		p := &deskPerson{in: map[domain.GroupID]deskEnrolment{}, threads: map[domain.GroupID]*deskThread{}, reads: map[domain.PersonNo]deskRead{}}
		p.Person = domain.Person{No: no, ID: domain.PersonID(fmt.Sprintf("p%d-%d", no, w.org)), ExternalID: fmt.Sprintf("C-%03d", i),
			GivenName: pick("Zoë", "Anna-Maria", "Søren", "O'Neil", "علي", "李"), FamilyName: pick("Łukasz", "Müller", "Straße", "Ng", "Ångström", "Zimmer") + pick("", "", " Berg"),
			Tags: some("nurse", "nurse's aid", `quo"te`, "a%b"), Skills: some("welding", "driving"), City: pick("", "Berlin", "Łódź"), Postcode: pick("", "10115", "1099", "20095"),
			State: domain.PersonState(pick("active", "active", "active", "invited", "locked"))}
		if rnd.IntN(2) == 0 {
			p.Fields = map[string]string{"size": pick("S", "M")}
		}
		w.ids[no] = p.ID
		for _, g := range w.groups {
			if rnd.IntN(2) == 0 {
				states := domain.EnrolmentStates(g.Kind)
				e := deskEnrolment{kind: g.Kind, state: states[rnd.IntN(len(states))]}
				if g.Kind == domain.KindTest {
					e.room = pick("A", "B")
				}
				p.in[g.ID] = e
			}
		}
		w.people = append(w.people, p)
	}
	for no := n + 1; no <= n+3; no++ {
		w.staff = append(w.staff, domain.PersonNo(no))
		w.ids[domain.PersonNo(no)] = domain.PersonID(fmt.Sprintf("s%d-%d", no, w.org))
	}
	// Messages, in a random order over all. Several people share a sending's offset.
	for range 6 * n {
		offset++
		many := 1
		if rnd.IntN(8) == 0 {
			many = 1 + rnd.IntN(5)
		}
		for range many {
			p := w.people[rnd.IntN(n)]
			if p.No%7 == 0 {
				continue // somebody has no conversation
			}
			group := domain.GroupID("")
			if g := w.groups[rnd.IntN(len(w.groups))]; p.in[g.ID] != (deskEnrolment{}) || rnd.IntN(4) == 0 {
				group = g.ID
			}
			if p.threads[group] == nil {
				p.threads[group] = &deskThread{}
			}
			th := p.threads[group]
			th.last = offset
			if many == 1 && rnd.IntN(2) == 0 {
				th.in = offset
				if th.waiting == 0 {
					th.waiting = offset
				}
			} else {
				th.out = offset
				if many == 1 {
					th.waiting = 0
				}
			}
		}
	}
	for _, p := range w.people {
		p.shelf, p.open, p.done = max(0, rnd.IntN(7)-4), rnd.IntN(3) == 0, rnd.IntN(2) == 0
		if rnd.IntN(3) == 0 {
			p.assigned = w.staff[rnd.IntN(len(w.staff))]
		}
		for _, st := range w.staff[:2] {
			if rnd.IntN(2) == 0 {
				p.reads[st] = deskRead{offset: rnd.Int64N(offset), marked: rnd.IntN(6) == 0}
			}
		}
	}
	w.store(t, s)
	return w
}

func (w *deskWorld) store(t testing.TB, s *Store) {
	t.Helper()
	var people, groups, enrolments, threads, conversations, reads [][]any
	for _, g := range w.groups {
		groups = append(groups, []any{g.ID, g.Kind, g.Name})
	}
	flag := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	for _, no := range w.staff {
		people = append(people, []any{no, w.ids[no], "staff", "planner", "", "", "", "", "", "[]", "[]", "", "", "{}", "active"})
	}
	for _, p := range w.people {
		if p.Tags == nil {
			p.Tags = []string{}
		}
		if p.Skills == nil {
			p.Skills = []string{}
		}
		if p.Fields == nil {
			p.Fields = map[string]string{}
		}
		people = append(people, []any{p.No, p.ID, "candidate", "candidate", p.ExternalID, p.GivenName, p.FamilyName, p.Person.SearchWords(), sortName(p.Person),
			jsonOf(p.Tags), jsonOf(p.Skills), p.City, p.Postcode, jsonOf(p.Fields), string(p.State)})
		for g, e := range p.in {
			enrolments = append(enrolments, []any{g, p.No, e.room, string(e.state)})
		}
		for g, th := range p.threads {
			threads = append(threads, []any{p.No, g, th.last, th.in, th.out, th.waiting})
		}
		for st, r := range p.reads {
			reads = append(reads, []any{st, p.No, r.offset, flag(r.marked)})
		}
		if v := p.seen(domain.Seen{All: true}, domain.Within{}, w); v != nil {
			conversations = append(conversations, []any{p.No, sortName(p.Person), v.last, v.in, v.out, v.waiting, p.shelf, flag(p.open), flag(p.done), int64(p.assigned)})
		}
	}
	err := s.write(t.Context(), w.org, func(tx *Tx) error {
		if _, err := tx.People(t.Context(), len(people)); err != nil {
			return err
		}
		for _, q := range []struct {
			table, columns, choose string
			rows                   [][]any
			as                     []string
		}{
			{"people", "no, id, kind, role, external_id, given_name, family_name, folded, sort_name, tags, skills, city, postcode, fields, state, created_at", "r.a, r.b, r.c, r.d, r.e, r.f, r.g, r.h, r.i, r.j, r.k, r.l, r.m, r.n, r.o, 1", people,
				[]string{"a", "b text", "c text", "d text", "e text", "f text", "g text", "h text", "i text", "j text", "k text", "l text", "m text", "n text", "o text"}},
			{"groups", "id, kind, name, created_at", "r.a, r.b, r.c, 1", groups, []string{"a text", "b text", "c text"}},
			{"enrolments", "group_id, person_no, room, state", "r.a, r.b, r.c, r.d", enrolments, []string{"a text", "b", "c text", "d text"}},
			{"threads", "person_no, group_id, last_offset, in_offset, out_offset, waiting_offset", "r.a, r.b, r.c, r.d, r.e, r.f", threads, []string{"a", "b text", "c", "d", "e", "f"}},
			{"conversations", "person_no, sort_name, last_offset, in_offset, out_offset, waiting_offset, shelf, open, processed_at, assigned_no", "r.a, r.b, r.c, r.d, r.e, r.f, r.g, r.h, r.i, r.j", conversations,
				[]string{"a", "b text", "c", "d", "e", "f", "g", "h", "i", "j"}},
			{"reads", "staff_no, person_no, read_offset, marked", "r.a, r.b, r.c, r.d", reads, []string{"a", "b", "c", "d"}},
		} {
			if len(q.rows) == 0 {
				continue
			}
			if _, err := tx.Exec(t.Context(), `INSERT INTO `+q.table+` (organisation_id, `+q.columns+`) SELECT $1, `+q.choose+` FROM `+s.d.Rows("$2", q.as...)+` AS r WHERE true`, w.org, jsonOf(q.rows)); err != nil {
				return fmt.Errorf("%s: %w", q.table, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// sortName is the key by which the store sorts people.
func sortName(p domain.Person) string { return domain.NewCollation("nb").LastName(p) }

// places are those through which staff see the person.
func (p *deskPerson) places(w *deskWorld) (out []domain.Place) {
	for g, e := range p.in {
		if e.state.Reaches(w.kind(g)) {
			out = append(out, domain.Place{Group: g, Room: e.room})
		}
	}
	return out
}

// seen is what is seen of a conversation; nil: nothing.
func (p *deskPerson) seen(seen domain.Seen, within domain.Within, w *deskWorld) *deskThread {
	places := p.places(w)
	if !seen.Holds(places) {
		return nil
	}
	var v *deskThread
	for g, th := range p.threads {
		if !seen.HoldsGroup(g, places) {
			continue
		}
		if len(within.Group) > 0 && !slices.Contains(within.Group, g) {
			continue
		}
		if len(within.Kind) > 0 && !slices.Contains(within.Kind, w.kind(g)) {
			continue
		}
		if v == nil {
			v = &deskThread{}
		}
		v.last, v.in, v.out = max(v.last, th.last), max(v.in, th.in), max(v.out, th.out)
		if th.waiting != 0 && (v.waiting == 0 || th.waiting < v.waiting) {
			v.waiting = th.waiting
		}
	}
	return v
}

func (w *deskWorld) kind(id domain.GroupID) domain.GroupKind {
	for _, g := range w.groups {
		if g.ID == id {
			return g.Kind
		}
	}
	return ""
}

// chosen is the answer of the model: everybody whom the filter chooses, in its order.
func (w *deskWorld) chosen(staff domain.PersonNo, seen domain.Seen, f domain.DeskFilter) []domain.PersonNo {
	type row struct {
		segment int
		key     int64
		name    string
		no      domain.PersonNo
	}
	var rows []row
	for _, p := range w.people {
		v := p.seen(seen, f.Within(), w)
		shelf := map[domain.DeskFolder]int{domain.FolderArchived: shelfArchive, domain.FolderSnoozed: shelfSnoozed}[f.Folder]
		if v == nil || p.shelf != shelf || !w.matches(p, staff, seen, v, f) {
			continue
		}
		r := row{key: -v.last, no: -p.No}
		first := func(is bool) {
			if !is {
				r.segment = 1
			}
		}
		switch f.Order() {
		case domain.SortOldest:
			r.key, r.no = v.last, p.No
		case domain.SortLastReceived:
			if first(v.in != 0); v.in != 0 {
				r.key = -v.in
			}
		case domain.SortLastSent:
			if first(v.out != 0); v.out != 0 {
				r.key = -v.out
			}
		case domain.SortLastName:
			r.key, r.name, r.no = 0, sortName(p.Person), p.No
		case domain.SortUnprocessed:
			first(p.open && (seen.All || v.in != 0))
		case domain.SortWaiting:
			if first(v.waiting != 0); v.waiting != 0 {
				r.key, r.no = v.waiting, p.No
			}
		case domain.SortNewest:
		}
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.segment, b.segment), cmp.Compare(a.key, b.key), cmp.Compare(a.name, b.name), cmp.Compare(a.no, b.no))
	})
	out := make([]domain.PersonNo, len(rows))
	for i, r := range rows {
		out[i] = max(r.no, -r.no)
	}
	return out
}

// asked reports whether the filter asks about a state in a group: those of an activity in the chosen
// activities, all others in the chosen groups.
func asked(q domain.PeopleFilter, s domain.EnrolmentState, g domain.GroupID) bool {
	if of := s == domain.EnrolmentAssigned || s == domain.EnrolmentWaiting; of && len(q.Activity) > 0 {
		return slices.Contains(q.Activity, g)
	}
	return len(q.Group) == 0 || slices.Contains(q.Group, g)
}

func (w *deskWorld) matches(p *deskPerson, staff domain.PersonNo, seen domain.Seen, v *deskThread, f domain.DeskFilter) bool {
	read := p.reads[staff]
	switch f.Folder {
	case domain.FolderUnread:
		if v.in <= read.offset && !read.marked {
			return false
		}
	case domain.FolderReceived:
		if v.in == 0 {
			return false
		}
	case domain.FolderSent:
		if v.out == 0 {
			return false
		}
	case domain.FolderAll, domain.FolderArchived, domain.FolderSnoozed:
	}
	if f.Processed != nil && (*f.Processed && (p.open || !p.done) || !*f.Processed && !p.open) {
		return false
	}
	if f.Processed != nil && !seen.All && v.in == 0 {
		return false
	}
	if f.Mine || f.Nobody || len(f.Assigned) > 0 {
		if !(f.Mine && p.assigned == staff || f.Nobody && p.assigned == 0 || p.assigned != 0 && slices.Contains(f.Assigned, w.ids[p.assigned])) {
			return false
		}
	}
	q := f.People
	switch {
	case !f.Written && len(f.Kind) > 0:
		in := false
		for g, e := range p.in {
			in = in || seen.HoldsMember(g, e.room, e.kind, e.state) && slices.Contains(f.Kind, w.kind(g))
		}
		if !in {
			return false
		}
	case f.Written && len(q.State) == 0:
		q.Group = nil // what belongs to it is what is seen of them
	}
	return fits(&p.Person, p.in, seen, q)
}

// fits reports whether a filter of people chooses a person with these enrolments.
func fits(p *domain.Person, in map[domain.GroupID]deskEnrolment, seen domain.Seen, q domain.PeopleFilter) bool {
	enrolled := func(is func(domain.GroupID, deskEnrolment) bool) bool {
		for g, e := range in {
			if seen.HoldsMember(g, e.room, e.kind, e.state) && is(g, e) {
				return true
			}
		}
		return false
	}
	if terms, searching := q.Terms(); searching && (len(terms) == 0 || !domain.MatchWords(q.Q, append([]string{p.GivenName, p.FamilyName, p.ExternalID, p.Phone}, p.Tags...)...)) {
		return false
	}
	anyOf := func(asked []string, is func(string) bool) bool {
		return len(asked) == 0 || slices.ContainsFunc(asked, is)
	}
	return anyOf(q.Tag, func(t string) bool { return slices.Contains(p.Tags, t) }) &&
		anyOf(q.Skill, func(t string) bool { return slices.Contains(p.Skills, t) }) &&
		anyOf(q.City, func(c string) bool { return c == p.City }) &&
		anyOf(q.Postcode, func(c string) bool { return len(p.Postcode) >= len(c) && p.Postcode[:len(c)] == c }) &&
		anyOf(q.Fields["size"], func(c string) bool { return c == p.Fields["size"] }) &&
		(len(q.Group) == 0 || enrolled(func(g domain.GroupID, _ deskEnrolment) bool { return slices.Contains(q.Group, g) })) &&
		(len(q.Activity) == 0 || enrolled(func(g domain.GroupID, e deskEnrolment) bool {
			return slices.Contains(q.Activity, g) && (e.state == domain.EnrolmentAssigned || e.state == domain.EnrolmentWaiting)
		})) &&
		anyOf(q.State, func(st string) bool {
			return string(p.State) == st || enrolled(func(g domain.GroupID, e deskEnrolment) bool {
				return string(e.state) == st && asked(q, e.state, g)
			})
		})
}
