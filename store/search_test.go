package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/domain"
	"crier/internal/journal"
	"crier/internal/testkit"
)

// searchDoc is a text of the model.
type searchDoc struct {
	offset int64
	person domain.PersonNo // 0: a sending to many
	group  domain.GroupID
	people []domain.PersonNo
	text   string
}

var searchPhrases = []string{
	"Wo ist mein Platz?", "Łódź is far away", "der Schlüssel für die Straße", "schlussel", "Zoë and Søren", "أين مقعدي", "מקום ישיבה", "座位 在哪里", "👍🏽 danke", "C-0001 report.pdf",
	"o'clock half-past", "naïve café", "e\u0301tude", "100% sure_thing", "a* OR (b) NOT c", `"quoted" words`, "AND or NOT", "re:port", "हिन्दी में", "x",
}

// makeSearchWorld stores direct messages, notes and sendings through the store's own ways.
func makeSearchWorld(t *testing.T, s *Store, n int) (*deskWorld, []searchDoc) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(11, 11))
	w := makeDeskWorld(t, s, 4, 24)
	ctx := t.Context()
	var docs []searchDoc
	for i := range n {
		p := w.people[rnd.IntN(len(w.people))]
		text := searchPhrases[rnd.IntN(len(searchPhrases))]
		if rnd.IntN(3) == 0 {
			text += " " + searchPhrases[rnd.IntN(len(searchPhrases))]
		}
		d := searchDoc{person: p.No, text: text}
		if g := w.groups[rnd.IntN(len(w.groups))].ID; rnd.IntN(2) == 0 && p.in[g] != (deskEnrolment{}) {
			d.group = g
		}
		e := &journal.Entry{Organisation: w.org, Kind: journal.KindMessageSent, Actor: sender, Group: d.group}
		switch rnd.IntN(6) {
		case 0:
			d.group = ""
			e.Group, e.Kind, e.RequestKey = "", journal.KindNoteAdded, fmt.Sprintf("note-%08d", i)
			stored, _, err := s.AddNote(ctx, e, journal.NoteAdded{Person: p.No, PersonID: p.ID, Body: text})
			if err != nil {
				t.Fatal(err)
			}
			d.offset = stored.Offset
		case 1:
			d.person = 0
			for _, other := range w.people {
				if rnd.IntN(12) == 0 {
					d.people = append(d.people, other.No)
				}
			}
			audience, _ := json.Marshal([]journal.AudienceRoom{{People: append([]domain.PersonNo{}, d.people...)}})
			e.Kind, e.Audience = journal.KindBroadcastSent, audience
			e.Payload, _ = json.Marshal(journal.BroadcastSent{Subject: text, Body: "…", Recipients: len(d.people)})
			d.offset = send(t, s, e).Offset
		default:
			e.Payload, _ = json.Marshal(journal.MessageSent{Person: p.No, Body: text})
			err := s.write(ctx, w.org, func(tx *Tx) error {
				if err := tx.Append(ctx, e); err != nil {
					return err
				}
				if _, err := tx.Exec(ctx, `INSERT INTO messages (organisation_id, "offset", person_no, group_id, room) VALUES ($1, $2, $3, $4, '')`, w.org, e.Offset, p.No, d.group); err != nil {
					return err
				}
				return tx.index(ctx, []searchRow{{e.Offset, p.No, d.group, searchMessage, searchWords(text)}})
			})
			if err != nil {
				t.Fatal(err)
			}
			d.offset = e.Offset
		}
		docs = append(docs, d)
	}
	return w, docs
}

// sees says whether the model's text is seen.
func (w *deskWorld) sees(d searchDoc, seen domain.Seen) bool {
	of := func(no domain.PersonNo) bool {
		places := w.people[no-1].places(w)
		return seen.Holds(places) && seen.HoldsGroup(d.group, places)
	}
	if d.person != 0 {
		return of(d.person)
	}
	return seen.All || slices.ContainsFunc(d.people, of)
}

// TestSearch holds searches of every reach against the model, in pages, with windows so
// small that each way of looking is taken.
func TestSearch(t *testing.T) {
	a, b, c := searchWindow, searchFew, searchWindows
	t.Cleanup(func() { searchWindow, searchFew, searchWindows = a, b, c })
	both(t, func(t *testing.T, s *Store) {
		makeSearchWorld(t, s, 40) // another organisation, with the same offsets and numbers
		w, docs := makeSearchWorld(t, s, 180)
		queries := []string{"wo", "SCHLUSSEL", "schlüs str", "zoe sor", "أين", "מק", "座位", "danke", "c 0001", "REPORT", "o clock", "naive CAFE", "etude", "étude", "100", `"a* OR (`, "a* OR (b", `"quoted`, "and", "NOT", "re port", "हिन्द", "x", "lodz", "nobody-writes-this", "' OR 1=1 --", "a:b", "NEAR(a b)", "-x", "^x", "{words}:x"}
		for _, windows := range [][3]int{{20_000, 5000, 8}, {7, 5, 3}, {11, 3, 1}, {9, 400, 2}} {
			searchWindow, searchFew, searchWindows = windows[0], windows[1], windows[2]
			for reach, seen := range w.reaches() {
				for i, q := range queries {
					f := domain.SearchFilter{Q: q}
					if err := f.Validate(); err != nil {
						t.Fatalf("%s: %v", q, err)
					}
					if i%3 == 0 {
						f.Person = w.people[i%len(w.people)].No
					}
					var want []int64
					for _, d := range slices.Backward(docs) {
						if domain.MatchWords(q, d.text) && w.sees(d, seen) && (f.Person == 0 || d.person == f.Person || slices.Contains(d.people, f.Person)) {
							want = append(want, d.offset)
						}
					}
					var got []int64
					for range 500 {
						hits, next, err := s.Search(t.Context(), w.org, seen, f, 3)
						if err != nil {
							t.Fatalf("%q: %v", q, err)
						}
						for _, h := range hits {
							got = append(got, h.Entry.Offset)
							if d := docs[slices.IndexFunc(docs, func(d searchDoc) bool { return d.offset == h.Entry.Offset })]; d.person != h.Person {
								t.Errorf("%q: %d is of %d, not %d", q, d.offset, d.person, h.Person)
							}
						}
						if f.Before = next; next == 0 {
							break
						}
					}
					// One conversation with a limited reach is asked for only if its person is seen.
					if f.Person != 0 && w.people[f.Person-1].seen(seen, domain.Within{}, w) == nil && !seen.All {
						continue
					}
					if !slices.Equal(got, want) {
						t.Errorf("%s, windows %v, %q of %d:\n got %v\nwant %v", reach, windows, q, f.Person, got, want)
					}
				}
			}
		}
	})
}

// TestPeopleNamed: by the beginnings of words, folded; only who is seen, by name.
func TestPeopleNamed(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		makeDeskWorld(t, s, 9, 30)
		w := makeDeskWorld(t, s, 8, 60)
		for reach, seen := range w.reaches() {
			for _, q := range []string{"lukasz", "ŁUK zoe", "strasse", "c 00", "علي", "李", "o neil", "nurse", "xyz", "%", "_"} {
				var want []domain.PersonNo
				for _, p := range w.people {
					if seen.Holds(p.places(w)) && domain.MatchWords(q, p.Person.SearchWords()) {
						want = append(want, p.No)
					}
				}
				slices.SortFunc(want, func(a, b domain.PersonNo) int {
					x, y := sortName(w.people[a-1].Person), sortName(w.people[b-1].Person)
					if x != y {
						if x < y {
							return -1
						}
						return 1
					}
					return int(a - b)
				})
				want = want[:min(len(want), 10)]
				refs, err := s.PeopleNamed(t.Context(), w.org, seen, q, 10)
				if err != nil {
					t.Fatal(err)
				}
				got := make([]domain.PersonNo, 0, len(refs))
				for _, r := range refs {
					got = append(got, r.No)
				}
				if !slices.Equal(got, want) && len(got)+len(want) > 0 {
					t.Errorf("%s, %q: %v, want %v", reach, q, got, want)
				}
			}
		}
	})
}

// TestSearchOneConnection: a search holds no connection while it waits for another, or as
// many at once as there are connections would wait for each other.
func TestSearchOneConnection(t *testing.T) {
	a := searchWindow
	t.Cleanup(func() { searchWindow = a })
	searchWindow = 2
	dsn := testkit.Postgres(t)
	w, _ := makeSearchWorld(t, open(t, dsn), 60)
	s, err := Open(t.Context(), Options{DSN: dsn, Log: zerolog.Nop(), MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if hits, _, err := s.Search(ctx, w.org, domain.Seen{All: true}, domain.SearchFilter{Q: "schlussel"}, 3); err != nil || len(hits) == 0 {
		t.Errorf("%d found, %v", len(hits), err)
	}
}
