package store

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"crier/internal/domain"
)

// TestUnreadIsRemembered: what a node remembers of who has read what is never wrong, while
// candidates write and staff read, mark and archive through another node.
func TestUnreadIsRemembered(t *testing.T) {
	both(t, func(t *testing.T, here *Store) {
		there := open(t, here.options.DSN)
		w := makeDeskWorld(t, here, 2, 60)
		rnd := rand.New(rand.NewPCG(5, 5))
		var head int64
		if err := here.get(t.Context(), &head, `SELECT max(last_offset) FROM conversations WHERE organisation_id = $1`, w.org); err != nil {
			t.Fatal(err)
		}
		move := func() {
			head++
			if _, err := here.w.ExecContext(t.Context(), `UPDATE journals SET head = $2 WHERE organisation_id = $1`, w.org, head); err != nil {
				t.Fatal(err)
			}
		}
		move()
		me, shown := w.staff[0], 0
		for step := range 120 {
			p := w.people[rnd.IntN(len(w.people))]
			if len(p.threads) == 0 {
				continue
			}
			node := []*Store{here, there}[rnd.IntN(2)]
			switch what := rnd.IntN(4); what {
			case 0:
				move()
				w.touch(t, here, p, head)
			case 1, 2:
				if _, err := node.MarkRead(t.Context(), w.org, me, []domain.PersonNo{p.No}, what == 2); err != nil {
					t.Fatal(err)
				}
				if what == 2 {
					p.reads[me] = deskRead{offset: p.reads[me].offset, marked: true}
				} else {
					p.reads[me] = deskRead{offset: head}
				}
			case 3: // others' reading is none of mine
				if _, err := node.MarkRead(t.Context(), w.org, w.staff[1], []domain.PersonNo{p.No}, false); err != nil {
					t.Fatal(err)
				}
				p.reads[w.staff[1]] = deskRead{offset: head}
			}
			if step%3 == 0 {
				for reach, seen := range w.reaches() {
					n := w.check(t, here, me, seen, domain.DeskFilter{Folder: domain.FolderUnread}, 200)
					if c, err := here.DeskCounts(t.Context(), w.org, me, seen); err != nil || c.Unread != n {
						t.Errorf("step %d, %s: %d unread counted (%v), want %d", step, reach, c.Unread, err, n)
					}
					shown += n
				}
			}
		}
		if set, ok := here.unreads.get(reader{w.org, me}); shown == 0 || !ok || set.many || set.upto == 0 {
			t.Errorf("%d rows in all, remembered %v: %+v", shown, ok, set)
		}
	})
}

// TestUnreadOfMany: more than can be remembered is not, and is looked at again when the pause
// is over.
func TestUnreadOfMany(t *testing.T) {
	s := open(t, sqliteDSN(t))
	w := makeDeskWorld(t, s, 4, unreadMost+800)
	staff := w.staff[2]
	people, err := s.unread(t.Context(), w.org, staff)
	if err != nil || people != nil {
		t.Fatalf("%d remembered, %v: want none of more than %d", len(people), err, unreadMost)
	}
	if _, err := s.w.ExecContext(t.Context(), fmt.Sprintf(`DELETE FROM conversations WHERE organisation_id = $1 AND person_no > %d`, unreadMost), w.org); err != nil {
		t.Fatal(err)
	}
	if people, err := s.unread(t.Context(), w.org, staff); err != nil || people != nil {
		t.Errorf("%d remembered within the pause, %v", len(people), err)
	}
	r := reader{w.org, staff}
	set, _ := s.unreads.get(r)
	set.at = set.at.Add(-unreadPause)
	s.unreads.put(r, set)
	if people, err := s.unread(t.Context(), w.org, staff); err != nil || len(people) == 0 {
		t.Errorf("%d remembered after the pause, %v: want some", len(people), err)
	}
}

// TestUnreadReaders: one reader more than there is room for displaces another, and an older
// answer does not displace a later one.
func TestUnreadReaders(t *testing.T) {
	var u unreadSets
	for i := range unreadReaders + 5 {
		u.put(reader{1, domain.PersonNo(i)}, unreadSet{upto: 5})
	}
	if len(u.of) != unreadReaders {
		t.Errorf("%d readers are remembered, want %d", len(u.of), unreadReaders)
	}
	r := reader{1, unreadReaders + 4}
	u.put(r, unreadSet{upto: 4})
	if set, ok := u.get(r); !ok || set.upto != 5 {
		t.Errorf("got %+v, %v after an older answer", set, ok)
	}
}
