package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"crier/internal/domain"
)

// reaches are what the staff of a desk world may see.
func (w *deskWorld) reaches() map[string]domain.Seen {
	return map[string]domain.Seen{
		"organisation": {All: true},
		"coordinator":  {Places: []domain.Place{w.place(2, ""), w.place(5, "")}},
		"both sides":   {Places: []domain.Place{w.place(0, ""), w.place(2, "")}},
		"test alone":   {Places: []domain.Place{w.place(0, ""), w.place(1, "B")}},
		"invigilator":  {Places: []domain.Place{w.place(0, "A"), w.place(1, "B")}, ContextOnly: true},
		"in a pool":    {Places: []domain.Place{w.place(0, "A"), w.place(2, "")}, ContextOnly: true},
		"nobody":       {Places: []domain.Place{}},
	}
}

// place is what somebody sees who works in a group.
func (w *deskWorld) place(group int, room string) domain.Place {
	g := w.groups[group]
	return domain.Place{Group: g.ID, Room: room, Kind: g.Kind}
}

var (
	deskFolders = []domain.DeskFolder{"", domain.FolderAll, domain.FolderUnread, domain.FolderReceived, domain.FolderSent, domain.FolderArchived, domain.FolderSnoozed}
	deskSorts   = []domain.DeskSort{"", domain.SortNewest, domain.SortOldest, domain.SortLastReceived, domain.SortLastSent, domain.SortLastName, domain.SortUnprocessed, domain.SortWaiting}
)

// filters are each condition by itself, by name.
func (w *deskWorld) filters() map[string]func(*domain.DeskFilter) {
	yes, no := true, false
	return map[string]func(*domain.DeskFilter){
		"none":        func(*domain.DeskFilter) {},
		"member test": func(f *domain.DeskFilter) { f.People.Group = []domain.GroupID{w.groups[0].ID} },
		"member pool": func(f *domain.DeskFilter) { f.People.Group = []domain.GroupID{w.groups[2].ID, w.groups[4].ID} },
		"member kind": func(f *domain.DeskFilter) { f.Kind = []domain.GroupKind{domain.KindPool} },
		"test":        func(f *domain.DeskFilter) { f.Written = true; f.People.Group = []domain.GroupID{w.groups[0].ID} },
		"two groups": func(f *domain.DeskFilter) {
			f.Written = true
			f.People.Group = []domain.GroupID{w.groups[2].ID, w.groups[4].ID}
		},
		"kind": func(f *domain.DeskFilter) { f.Written = true; f.Kind = []domain.GroupKind{domain.KindPool} },
		"kinds": func(f *domain.DeskFilter) {
			f.Written = true
			f.Kind = []domain.GroupKind{domain.KindTest, domain.KindActivity}
		},
		"q":           func(f *domain.DeskFilter) { f.People.Q = "mull" },
		"q two words": func(f *domain.DeskFilter) { f.People.Q = "ZOË lukasz" },
		"q id":        func(f *domain.DeskFilter) { f.People.Q = "c-01" },
		"q rtl":       func(f *domain.DeskFilter) { f.People.Q = "عل" },
		"q nothing":   func(f *domain.DeskFilter) { f.People.Q = "%%" },
		"tag":         func(f *domain.DeskFilter) { f.People.Tag = []string{"nurse", `quo"te`} },
		"tag percent": func(f *domain.DeskFilter) { f.People.Tag = []string{"a%b"} },
		"skill":       func(f *domain.DeskFilter) { f.People.Skill = []string{"welding"} },
		"city":        func(f *domain.DeskFilter) { f.People.City = []string{"Łódź", "Berlin"} },
		"postcode":    func(f *domain.DeskFilter) { f.People.Postcode = []string{"10", "20095"} },
		"field":       func(f *domain.DeskFilter) { f.People.Fields = map[string][]string{"size": {"S"}} },
		"activity":    func(f *domain.DeskFilter) { f.People.Activity = []domain.GroupID{w.groups[5].ID} },
		"waits":       func(f *domain.DeskFilter) { f.People.State = []string{"waiting_list"} },
		"waits there": func(f *domain.DeskFilter) {
			f.People.Activity, f.People.State = []domain.GroupID{w.groups[6].ID}, []string{"waiting_list"}
		},
		"standing":    func(f *domain.DeskFilter) { f.People.State = []string{"locked"} },
		"state":       func(f *domain.DeskFilter) { f.People.State = []string{"member", "left", "invited"} },
		"processed":   func(f *domain.DeskFilter) { f.Processed = &yes },
		"unprocessed": func(f *domain.DeskFilter) { f.Processed = &no },
		"mine":        func(f *domain.DeskFilter) { f.Mine = true },
		"nobody's":    func(f *domain.DeskFilter) { f.Nobody = true },
		"someone's": func(f *domain.DeskFilter) {
			f.Assigned = []domain.PersonID{w.ids[w.staff[1]], "unknown"}
			f.Nobody = true
		},
	}
}

func (w *deskWorld) check(t *testing.T, s *Store, staff domain.PersonNo, seen domain.Seen, f domain.DeskFilter, limit int) int {
	t.Helper()
	want := w.chosen(staff, seen, f)
	var got []domain.PersonNo
	var after *domain.DeskPlace
	for range 1000 {
		page, err := s.Desk(t.Context(), w.org, staff, seen, f, after, limit)
		if err != nil {
			t.Fatalf("%+v: %v", f, err)
		}
		for _, p := range page {
			got = append(got, p.Person)
		}
		if len(page) < limit {
			break
		}
		after = &page[len(page)-1]
	}
	if !slices.Equal(got, want) {
		t.Errorf("staff %d, seen %+v, %+v, pages of %d:\n got %v\nwant %v", staff, seen, f, limit, got, want)
	}
	return len(want)
}

// TestDesk holds every folder, order and filter, and mixtures of them, against the model:
// for staff of every reach, in pages, beside another organisation with the same numbers.
func TestDesk(t *testing.T) {
	window, picks := deskWindow, deskPicks
	t.Cleanup(func() { deskWindow, deskPicks = window, picks })
	both(t, func(t *testing.T, s *Store) {
		deskWindow, deskPicks = 40, 20 // so that some pages are filled within it and some are not, and some questions chosen by few
		makeDeskWorld(t, s, 9, 70)
		w := makeDeskWorld(t, s, 1, 70)
		for reach, seen := range w.reaches() {
			rnd := rand.New(rand.NewPCG(7, 7))
			chosen := 0
			for _, folder := range deskFolders {
				for _, order := range deskSorts {
					chosen += w.check(t, s, w.staff[0], seen, domain.DeskFilter{Folder: folder, Sort: order}, 7)
				}
			}
			for name, set := range w.filters() {
				hits := 0
				for range 3 {
					f := domain.DeskFilter{Sort: deskSorts[rnd.IntN(len(deskSorts))]}
					set(&f)
					hits += w.check(t, s, w.staff[0], seen, f, 1+rnd.IntN(30))
				}
				if hits == 0 && reach == "organisation" && name != "q nothing" {
					t.Errorf("%s: the world holds nobody for it", name)
				}
				chosen += hits
			}
			filters := w.filters()
			names := make([]string, 0, len(filters))
			for name := range filters {
				names = append(names, name)
			}
			slices.Sort(names)
			for range 60 {
				f := domain.DeskFilter{Folder: deskFolders[rnd.IntN(len(deskFolders))], Sort: deskSorts[rnd.IntN(len(deskSorts))]}
				for range 1 + rnd.IntN(3) {
					filters[names[rnd.IntN(len(names))]](&f)
				}
				chosen += w.check(t, s, w.staff[rnd.IntN(len(w.staff))], seen, f, 1+rnd.IntN(20))
			}
			if (chosen == 0) != (reach == "nobody") {
				t.Errorf("%s: %d rows in all", reach, chosen)
			}
		}
	})
}

// TestDeskWhileMoving pages while conversations move forward: who does not move is seen
// exactly once, who moves at most once.
func TestDeskWhileMoving(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		w := makeDeskWorld(t, s, 3, 60)
		rnd := rand.New(rand.NewPCG(3, 3))
		next := int64(100_000)
		for _, reach := range []string{"organisation", "coordinator"} {
			seen := w.reaches()[reach]
			for _, order := range []domain.DeskSort{domain.SortNewest, domain.SortLastName, domain.SortLastReceived} {
				f := domain.DeskFilter{Sort: order}
				before := w.chosen(w.staff[0], seen, f)
				moved, shown := map[domain.PersonNo]bool{}, map[domain.PersonNo]int{}
				var after *domain.DeskPlace
				for {
					page, err := s.Desk(t.Context(), w.org, w.staff[0], seen, f, after, 4)
					if err != nil {
						t.Fatal(err)
					}
					for _, p := range page {
						shown[p.Person]++
					}
					if len(page) < 4 {
						break
					}
					after = &page[3]
					for range 2 {
						next++
						p := w.people[rnd.IntN(len(w.people))]
						moved[p.No] = true
						w.touch(t, s, p, next)
					}
				}
				for _, no := range before {
					if n := shown[no]; n > 1 || n == 0 && !moved[no] {
						t.Errorf("%s, %s: %d shown %d times (moved: %v)", reach, order, no, n, moved[no])
					}
				}
			}
		}
	})
}

// touch moves the threads of a person, and the conversation, to an offset.
func (w *deskWorld) touch(t *testing.T, s *Store, p *deskPerson, offset int64) {
	t.Helper()
	for _, table := range []string{"threads", "conversations"} {
		if _, err := s.w.ExecContext(t.Context(), fmt.Sprintf(`UPDATE %s SET last_offset = $3, in_offset = $3 WHERE organisation_id = $1 AND person_no = $2`, table), w.org, p.No, offset); err != nil {
			t.Fatal(err)
		}
	}
	for _, th := range p.threads {
		th.last, th.in = offset, offset
	}
}

// TestDeskCounts holds the numbers against the model, and stops at the most.
func TestDeskCounts(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		w := makeDeskWorld(t, s, 5, 70)
		no := false
		for reach, seen := range w.reaches() {
			for _, staff := range w.staff {
				want := domain.DeskCounts{
					Unread:      len(w.chosen(staff, seen, domain.DeskFilter{Folder: domain.FolderUnread})),
					Unprocessed: len(w.chosen(staff, seen, domain.DeskFilter{Processed: &no})),
					Mine:        len(w.chosen(staff, seen, domain.DeskFilter{Mine: true})),
				}
				got, err := s.DeskCounts(t.Context(), w.org, staff, seen)
				if err != nil {
					t.Fatal(err)
				}
				if got != want {
					t.Errorf("%s, staff %d: %+v, want %+v", reach, staff, got, want)
				}
			}
		}
		big := makeDeskWorld(t, s, 6, 1800)
		got, err := s.DeskCounts(t.Context(), big.org, big.staff[2], domain.Seen{All: true})
		if err != nil {
			t.Fatal(err)
		}
		if got.Unread != domain.DeskCountMost {
			t.Errorf("%d unread among 1800, want it to stop at %d", got.Unread, domain.DeskCountMost)
		}
	})
}

// TestDeskMentions: a note counts for whom it mentions until they have read further, and
// only while they see the conversation.
func TestDeskMentions(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		w := makeDeskWorld(t, s, 5, 20)
		me, other := w.staff[2], w.staff[0]
		p := w.people[0]
		count := func(staff domain.PersonNo, seen domain.Seen) int {
			t.Helper()
			c, err := s.DeskCounts(t.Context(), w.org, staff, seen)
			if err != nil {
				t.Fatal(err)
			}
			return c.Mentions
		}
		if _, err := s.w.ExecContext(t.Context(), `INSERT INTO facts (organisation_id, person_no, "offset", kind, group_id)
			VALUES ($1, $2, 5000, 'note.added', ''), ($1, $2, 5001, 'note.added', $3)`, w.org, p.No, w.groups[0].ID); err != nil {
			t.Fatal(err)
		}
		all := domain.Seen{All: true}
		for i, q := range []string{
			`INSERT INTO mentions (organisation_id, staff_no, "offset", person_no) VALUES ($1, $2, 5000, $3)`,
			`INSERT INTO mentions (organisation_id, staff_no, "offset", person_no) VALUES ($1, $2, 5001, $3)`,
			`INSERT INTO reads (organisation_id, staff_no, person_no, read_offset) VALUES ($1, $2, $3, 5000)`,
			`UPDATE reads SET read_offset = 5001 WHERE organisation_id = $1 AND staff_no = $2 AND person_no = $3`,
		} {
			if _, err := s.w.ExecContext(t.Context(), q, w.org, me, p.No); err != nil {
				t.Fatal(err)
			}
			if got, want := count(me, all), []int{1, 2, 1, 0}[i]; got != want {
				t.Errorf("step %d: %d mentions, want %d", i, got, want)
			}
			if i == 1 && (count(other, all) != 0 || count(me, domain.Seen{Places: []domain.Place{}}) != 0) {
				t.Error("counts for somebody else, or who does not see the conversation")
			}
		}
	})
}
