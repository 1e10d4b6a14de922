package store

import (
	"context"
	"slices"
	"sync"
	"testing"

	"crier/internal/domain"
	"crier/internal/journal"
)

// inSlicesOf has sendings expanded n recipients at a time until the test ends.
func inSlicesOf(t testing.TB, n int) {
	was := sliceMax
	t.Cleanup(func() { sliceMax = was })
	sliceMax = n
}

// expanded is everything that expanding makes, as text.
func expanded(t testing.TB, s *Store, org domain.OrganisationID) []string {
	t.Helper()
	var out []string
	for _, query := range []string{
		`SELECT 'message ' || "offset" || ' ' || person_no || ' ' || group_id || ' ' || room || ' ' || coalesce(seat, '-') || ' ' || stopped FROM messages WHERE organisation_id = $1 ORDER BY "offset", person_no`,
		`SELECT 'conversation ' || person_no || ' ' || last_offset || ' ' || out_offset || ' ' || sort_name FROM conversations WHERE organisation_id = $1 ORDER BY person_no`,
		`SELECT 'thread ' || person_no || ' ' || group_id || ' ' || last_offset || ' ' || out_offset FROM threads WHERE organisation_id = $1 ORDER BY person_no, group_id`,
		`SELECT 'copy ' || "offset" || ' ' || person_no || ' ' || channel || ' ' || state FROM deliveries WHERE organisation_id = $1 ORDER BY "offset", person_no, channel`,
		`SELECT 'cursor ' || expanded || ' ' || part || ' ' || listed || ' ' || list_to || ' ' || list_person FROM expansions WHERE organisation_id = $1`,
	} {
		var rows []string
		if err := s.list(t.Context(), &rows, query, org); err != nil {
			t.Fatal(err)
		}
		out = append(out, rows...)
	}
	return out
}

// TestExpandInSlices: however small the slices, and however many readers make them and stop in between,
// what is made is the same.
func TestExpandInSlices(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		world := func() domain.OrganisationID {
			org, exam := hall(t, s, 60)
			send(t, s, sending(org, exam, 60, "To all", ""))
			send(t, s, sending(org, exam, 3, "To three", ""))
			e := sending(org, exam, 60, "By email too", "")
			e.Payload = payload(journal.BroadcastSent{Subject: "S", Body: "By email too", Channels: []domain.Channel{domain.ChannelEmail}})
			send(t, s, e)
			send(t, s, sending(org, exam, 1, "To one", ""))
			return org
		}
		whole := world()
		if err := s.Expand(ctx, whole); err != nil {
			t.Fatal(err)
		}
		want := expanded(t, s, whole)
		inSlicesOf(t, 7)
		for name, expand := range map[string]func(domain.OrganisationID) error{
			"by one": func(org domain.OrganisationID) error { return s.Expand(ctx, org) },
			"by six at once": func(org domain.OrganisationID) error {
				var all sync.WaitGroup
				for range 6 {
					all.Go(func() {
						if err := s.Expand(ctx, org); err != nil {
							t.Error(err)
						}
					})
				}
				all.Wait()
				return nil
			},
			"slice by slice, by nodes that know nothing": func(org domain.OrganisationID) error {
				for range 40 {
					s.expanding.drop(org, 1<<62)
					if err := s.write(ctx, org, func(tx *Tx) error { return tx.expand(ctx) }); err != nil {
						return err
					}
				}
				return nil
			},
			"some before the others": func(org domain.OrganisationID) error {
				for _, no := range []domain.PersonNo{60, 1, 31} {
					if err := s.ExpandFor(ctx, org, no); err != nil {
						return err
					}
					if err := s.expandThreadsFor(ctx, org, no); err != nil {
						return err
					}
				}
				return s.Expand(ctx, org)
			},
		} {
			org := world()
			if err := expand(org); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got := expanded(t, s, org)
			if len(got) != len(want) {
				t.Errorf("%s: %d rows, want %d", name, len(got), len(want))
			}
			// Groups have other ids in each organisation.
			for i := range min(len(got), len(want)) {
				if kindOf(got[i]) != kindOf(want[i]) || len(got[i]) != len(want[i]) {
					t.Errorf("%s: %q, want %q", name, got[i], want[i])
				}
			}
			found, _, err := s.Search(ctx, org, everything, domain.SearchFilter{Q: "email"}, 10)
			if err != nil || len(found) != 1 {
				t.Errorf("%s: found %d sendings, %v", name, len(found), err)
			}
		}
	})
}

func kindOf(row string) string { return row[:slices.Index([]byte(row), ' ')] }

// TestOneDoesNotWaitForAll: who reads one person's messages, or says that they were shown, makes that
// person's rows alone, and the others' come later.
func TestOneDoesNotWaitForAll(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		inSlicesOf(t, 7)
		org, exam := hall(t, s, 50)
		send(t, s, sending(org, exam, 50, "To all", ""))
		count := func(want int) {
			t.Helper()
			var n int
			if err := s.get(ctx, &n, `SELECT count(*) FROM messages WHERE organisation_id = $1`, org); err != nil || n != want {
				t.Errorf("%d messages, %v; want %d", n, err, want)
			}
		}
		read := func(no domain.PersonNo, want int) {
			t.Helper()
			list, _, err := s.MessagesSince(ctx, org, no, 0, 10)
			if err != nil || len(list) != want {
				t.Errorf("person %d has %d messages, %v; want %d", no, len(list), err, want)
			}
		}
		read(50, 1)
		read(50, 1)
		count(1)
		read(51, 0) // not a recipient
		count(1)
		if err := s.write(ctx, org, func(tx *Tx) error { return tx.expand(ctx) }); err != nil {
			t.Fatal(err)
		}
		count(8)
		mark := []domain.Mark{{Person: 30, Offset: 1, Displayed: s.clock.Now()}}
		if e, err := s.RecordReceipts(ctx, org, sender, mark); err != nil || e == nil {
			t.Errorf("recorded %v, %v", e, err)
		}
		count(9)
		if err := s.Expand(ctx, org); err != nil {
			t.Fatal(err)
		}
		count(50)
		var shown []int64
		if err := s.list(ctx, &shown, `SELECT person_no FROM messages WHERE organisation_id = $1 AND displayed_at <> 0`, org); err != nil || !slices.Equal(shown, []int64{30}) {
			t.Errorf("shown to %v, %v", shown, err)
		}
	})
}

// TestAudienceParts: the parts of an audience of several rooms are all of it, each once.
func TestAudienceParts(t *testing.T) {
	a := &audience{rooms: []journal.AudienceRoom{{Room: "A", People: []domain.PersonNo{1, 4, 6}}, {Room: "", People: nil}, {Room: "B", People: []domain.PersonNo{2, 3, 9, 10}}}, total: 7}
	for n := 1; n <= 8; n++ {
		var got []domain.PersonNo
		for from := 0; from < a.total; from += n {
			for _, p := range a.part(from, n) {
				got = append(got, p.no)
			}
		}
		if !slices.Equal(got, []domain.PersonNo{1, 4, 6, 2, 3, 9, 10}) {
			t.Errorf("in parts of %d: %v", n, got)
		}
		var moved []domain.PersonNo
		for after := domain.PersonNo(0); ; after = moved[len(moved)-1] {
			part := nextMoving([]*audience{a}, after, n)
			for _, m := range part {
				moved = append(moved, m.no)
			}
			if len(part) < n {
				break
			}
		}
		if !slices.Equal(moved, []domain.PersonNo{1, 2, 3, 4, 6, 9, 10}) {
			t.Errorf("conversations in parts of %d: %v", n, moved)
		}
	}
	if got := a.of([]domain.PersonNo{3, 5, 6}); !slices.Equal(got, []recipient{{3, "B"}, {6, "A"}}) {
		t.Errorf("of some people: %v", got)
	}
}

// BenchmarkOneOfMany: how soon one person's messages can be read after a sending to 100,000 others.
func BenchmarkOneOfMany(b *testing.B) {
	benchBoth(b, func(b *testing.B, s *Store) {
		ctx := context.Background()
		org, exam := hall(b, s, 1)
		people := make([]domain.PersonNo, 100_000)
		for i := range people {
			people[i] = domain.PersonNo(i + 1)
		}
		e := sending(org, exam, 1, "To all", "")
		e.Audience = payload([]journal.AudienceRoom{{Room: "", People: people}})
		send(b, s, e)
		i := domain.PersonNo(1)
		for b.Loop() {
			i++
			if err := s.ExpandFor(ctx, org, i); err != nil {
				b.Fatal(err)
			}
		}
	})
}
