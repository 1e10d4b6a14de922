package store

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crier/internal/clock"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Many readers and writers expand at once: every recipient gets every message once.
func TestExpandConcurrently(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		const people, sendings = 90, 40 // more sendings than one batch
		ctx := t.Context()
		org, exam := hall(t, s, people)
		var all sync.WaitGroup
		for w := range 2 {
			all.Go(func() {
				for i := range sendings / 2 {
					if _, _, err := s.Append(ctx, sending(org, exam, people, fmt.Sprint(w, i), "")); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for p := range 4 {
			all.Go(func() {
				var seen int64
				for range 20 {
					list, head, err := s.MessagesSince(ctx, org, domain.PersonNo(p+1), seen, 1000)
					if err != nil {
						t.Error(err)
						return
					}
					for _, m := range list {
						if m.Offset != seen+1 {
							t.Errorf("message %d follows %d", m.Offset, seen)
							return
						}
						seen = m.Offset
					}
					if seen < head {
						t.Errorf("read up to %d, but the head was %d", seen, head)
						return
					}
				}
			})
		}
		all.Wait()
		if err := s.Expand(ctx, org); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := s.get(ctx, &n, `SELECT count(*) FROM messages WHERE organisation_id = $1`, org); err != nil || n != people*sendings {
			t.Errorf("%d messages, %v; want %d", n, err, people*sendings)
		}
	})
}

func TestConversation(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		org, exam := hall(t, s, 60)
		check := func(no domain.PersonNo, want domain.Conversation, beginning int64) {
			t.Helper()
			got, err := s.Conversation(ctx, org, no)
			if err != nil || got != want {
				t.Errorf("person %d: %+v, %v; want %+v", no, got, err, want)
			}
			if b, err := s.Beginnings(ctx, org, []domain.PersonNo{no}); err != nil || b[no] != beginning {
				t.Errorf("person %d begins after %d, %v; want %d", no, b, err, beginning)
			}
			missing, head, err := s.Missing(ctx, org, []domain.Position{{Person: no, After: beginning}, {Person: no, After: want.Last}, {Person: 9999}})
			if err != nil || head < want.Last || !slices.Equal(missing, []bool{want.Last > beginning, false, false}) {
				t.Errorf("person %d misses %v up to %d, %v", no, missing, head, err)
			}
		}
		check(1, domain.Conversation{}, 0)
		send(t, s, sending(org, exam, 60, "1", ""))
		send(t, s, sending(org, exam, 30, "2", ""))
		send(t, s, sending(org, exam, 60, "3", ""))
		check(1, domain.Conversation{Unread: 3, FirstUndisplayed: 1, Last: 3}, 0)
		check(31, domain.Conversation{Unread: 2, FirstUndisplayed: 1, Last: 3}, 0)
		record(t, s, org, domain.Mark{Offset: 1, Person: 31, Displayed: time.Now()}, domain.Mark{Offset: 1, Person: 1, Displayed: time.Now()},
			domain.Mark{Offset: 2, Person: 1, Displayed: time.Now()}, domain.Mark{Offset: 3, Person: 1, Delivered: time.Now()})
		// 4 is the entry of the receipts
		check(1, domain.Conversation{Unread: 3, FirstUndisplayed: 3, Last: 3}, 2)
		check(31, domain.Conversation{Unread: 2, FirstUndisplayed: 3, Last: 3}, 1)
		record(t, s, org, domain.Mark{Offset: 3, Person: 31, Acknowledged: time.Now()})
		check(31, domain.Conversation{Unread: 1, Last: 3}, 3)

		list, err := s.MessagesBefore(ctx, org, 31, "", 0, 10)
		if err != nil || len(list) != 2 || list[0].Offset != 3 || list[1].Offset != 1 || list[0].Text.Subject != "3" || list[0].Room != "R01" ||
			list[0].State() != domain.Acknowledged || list[1].State() != domain.Displayed {
			t.Errorf("%+v, %v", list, err)
		}
		if list, err = s.MessagesBefore(ctx, org, 31, exam, 3, 10); err != nil || len(list) != 1 {
			t.Errorf("%+v, %v", list, err)
		}
		if list, err = s.MessagesBefore(ctx, org, 31, "another", 0, 10); err != nil || len(list) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func record(t testing.TB, s *Store, org domain.OrganisationID, marks ...domain.Mark) *journal.Entry {
	t.Helper()
	e, err := s.RecordReceipts(t.Context(), org, domain.System(org).Ref(), marks)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Whatever arrives in whatever order and however often: states only rise, first
// times stay, and the journal tells of every rise once.
func TestReceiptsOnlyRise(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		const people, sendings = 3, 3
		org, exam := hall(t, s, people)
		base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		tick := 0
		rapid.Check(t, func(rt *rapid.T) {
			first, err := s.Head(t.Context(), org)
			if err != nil {
				rt.Fatal(err)
			}
			for range sendings {
				send(t, s, sending(org, exam, people, "x", ""))
			}
			type at struct {
				o int64
				p domain.PersonNo
			}
			model := map[at]domain.Mark{}
			journal := map[at]domain.ReceiptState{}
			for range rapid.IntRange(1, 6).Draw(rt, "batches") {
				batch := map[at]*domain.Mark{}
				for range rapid.IntRange(1, 6).Draw(rt, "reports") {
					// offset first+sendings+1 and person 9 do not have a message
					k := at{first + int64(rapid.IntRange(1, sendings+1).Draw(rt, "message")), domain.PersonNo(rapid.SampledFrom([]int{1, 2, 3, 9}).Draw(rt, "person"))}
					state := rapid.SampledFrom([]domain.ReceiptState{domain.Delivered, domain.Displayed, domain.Acknowledged}).Draw(rt, "state")
					tick++
					if batch[k] == nil {
						batch[k] = &domain.Mark{Offset: k.o, Person: k.p}
					}
					batch[k].Raise(state, base.Add(time.Duration(tick)*time.Second))
				}
				var marks []domain.Mark
				for k, m := range batch {
					marks = append(marks, *m)
					if known := k.o <= first+sendings && k.p != 9; !known {
						continue
					}
					was := model[k]
					if m.State().Rank() > was.State().Rank() {
						if was.Delivered.IsZero() {
							was.Delivered = m.Delivered
						}
						if was.Displayed.IsZero() {
							was.Displayed = m.Displayed
						}
						if was.Acknowledged.IsZero() {
							was.Acknowledged = m.Acknowledged
						}
						model[k] = was
					}
				}
				e := record(t, s, org, marks...)
				if e == nil {
					continue
				}
				for _, i := range receiptsOf(rt, e) {
					for _, p := range i.People {
						k := at{i.Broadcast, p}
						if i.State.Rank() <= journal[k].Rank() {
							rt.Fatalf("the journal tells twice that %v is %s", k, i.State)
						}
						journal[k] = i.State
					}
				}
			}
			for p := domain.PersonNo(1); p <= people; p++ {
				list, _, err := s.MessagesSince(t.Context(), org, p, first, 100)
				if err != nil {
					rt.Fatal(err)
				}
				for _, m := range list {
					want := model[at{m.Offset, p}]
					if !m.Delivered.Equal(want.Delivered) || !m.Displayed.Equal(want.Displayed) || !m.Acknowledged.Equal(want.Acknowledged) {
						rt.Fatalf("message %d of %d: %+v, want %+v", m.Offset, p, m, want)
					}
					if state, told := journal[at{m.Offset, p}]; told && state != m.State() || !told && m.State() != domain.Queued {
						rt.Fatalf("message %d of %d is %s, the journal tells %s", m.Offset, p, m.State(), state)
					}
				}
			}
		})
	})
}

func TestBoard(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		org, exam := hall(t, s, 61) // rooms R00 and R01 of 30, R02 of 1
		s.clock = clock.NewFixed(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		send(t, s, sending(org, exam, 61, "all", ""))
		send(t, s, sending(org, exam, 30, "first room", ""))
		record(t, s, org, domain.Mark{Offset: 1, Person: 1, Acknowledged: time.Now()}, domain.Mark{Offset: 1, Person: 61, Delivered: time.Now()})

		entry, err := s.Told(ctx, org, sender, exam, 1, []domain.PersonNo{2, 61, 99}, "at the desk")
		if err != nil || entry == nil {
			t.Fatal(entry, err)
		}
		if again, err := s.Told(ctx, org, sender, exam, 1, []domain.PersonNo{61}, "again"); again != nil || err != nil {
			t.Errorf("told twice: %v, %v", again, err)
		}
		for name, c := range map[string]struct {
			rooms []string
			want  map[int64]domain.ReceiptCounts
			list  []int64
		}{
			"all": {nil, map[int64]domain.ReceiptCounts{1: {Recipients: 61, Delivered: 2, Displayed: 1, Acknowledged: 1, Told: 2}, 2: {Recipients: 30}}, []int64{2, 1}},
			"one": {[]string{"R02"}, map[int64]domain.ReceiptCounts{1: {Recipients: 1, Delivered: 1, Told: 1}}, []int64{1}},
		} {
			t.Run(name, func(t *testing.T) {
				got, err := s.BroadcastCounts(ctx, org, c.rooms, 1, 2)
				if err != nil || len(got) != len(c.want) || got[1] != c.want[1] || got[2] != c.want[2] {
					t.Errorf("%+v, %v; want %+v", got, err, c.want)
				}
				list, err := s.Broadcasts(ctx, org, exam, c.rooms, 0, 10)
				if err != nil {
					t.Fatal(err)
				}
				var offsets []int64
				for _, e := range list {
					offsets = append(offsets, e.Offset)
				}
				if !slices.Equal(offsets, c.list) {
					t.Errorf("lists %v, want %v", offsets, c.list)
				}
				rows, err := s.Recipients(ctx, org, exam, 1, c.rooms)
				if err != nil || len(rows) != c.want[1].Recipients {
					t.Fatalf("%d rows, %v", len(rows), err)
				}
				if last := rows[len(rows)-1]; last.No != 61 || last.Room != "R02" || last.ToldBy != sender.Name || last.ToldNote != "at the desk" || !last.Enrolled {
					t.Errorf("%+v", last)
				}
			})
		}
		if page, err := s.Broadcasts(ctx, org, exam, nil, 2, 10); err != nil || len(page) != 1 {
			t.Errorf("%d before the second, %v", len(page), err)
		}
		if _, err := s.Broadcast(ctx, org, 3); !fault.Is(err, fault.NotFound) {
			t.Errorf("receipts are shown as a sending: %v", err)
		}
		if rows, err := s.Recipients(ctx, org, "another", 1, nil); err != nil || len(rows) != 0 {
			t.Errorf("%d rows under another test, %v", len(rows), err)
		}
	})
}

func TestAudience(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		org, exam := hall(t, s, 61)
		list, n, err := s.Audience(ctx, org, exam, nil)
		if err != nil || n != 61 {
			t.Fatal(n, err)
		}
		var rooms []journal.AudienceRoom
		decode(t, list, &rooms)
		if len(rooms) != 3 || rooms[1].Room != "R01" || rooms[1].People[0] != 31 || !slices.IsSorted(rooms[1].People) || len(rooms[1].People) != 30 {
			t.Errorf("%+v", rooms)
		}
		if _, n, err = s.Audience(ctx, org, exam, []string{"R02", "R77"}); err != nil || n != 1 {
			t.Errorf("%d in one room, %v", n, err)
		}
		if _, n, err = s.Audience(ctx, org, exam, []string{}); err != nil || n != 0 {
			t.Errorf("%d in no room, %v", n, err)
		}
		all, err := s.Enrolled(ctx, org, exam, []string{"R01"})
		if err != nil || len(all) != 30 || all[0].Person != 31 || all[0].Name() != "Sara C0030" {
			t.Errorf("%d enrolled, %v", len(all), err)
		}
		for _, no := range []int{3, 40} {
			if _, err := s.w.ExecContext(ctx, `UPDATE people SET state = 'locked' WHERE organisation_id = $1 AND no = $2`, org, no); err != nil {
				t.Fatal(err)
			}
		}
		for room, want := range map[string][]domain.PersonNo{"": {3, 40}, "R00": {3}, "R02": nil} {
			rooms := []string{room}
			if room == "" {
				rooms = nil
			}
			if got, err := s.Locked(ctx, org, exam, rooms); err != nil || !slices.Equal(got, want) {
				t.Errorf("locked in room %q: %v, %v", room, got, err)
			}
		}
		if got, err := s.Locked(ctx, org, "another", nil); err != nil || len(got) != 0 {
			t.Errorf("locked in another test: %v, %v", got, err)
		}
		places, err := s.Places(ctx, org, exam, []string{"R00"}, []domain.PersonID{all[0].ID, "nobody", domain.PersonID(fmt.Sprintf("person-%d-%d", org, 2))})
		if err != nil || len(places) != 1 || places[0].No != 3 || places[0].Room != "R00" {
			t.Errorf("%+v, %v", places, err)
		}
		if _, _, err := s.Prepare(ctx, org, "another", "", "", nil); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v for an unknown test", err)
		}
	})
}

func TestRecordScope(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		org, exam := hall(t, s, 61)
		send(t, s, sending(org, exam, 61, "1", ""))
		send(t, s, sending(org, exam, 30, "2", ""))
		send(t, s, sending(org, "another", 61, "3", ""))
		record(t, s, org, domain.Mark{Offset: 1, Person: 1, Displayed: time.Now()})
		for name, c := range map[string]struct {
			filter journal.Filter
			want   []int64
		}{
			"everything":      {journal.Filter{Scope: journal.Scope{All: true}}, []int64{4, 3, 2, 1}},
			"before":          {journal.Filter{Scope: journal.Scope{All: true}, Before: 3}, []int64{2, 1}},
			"kind":            {journal.Filter{Scope: journal.Scope{All: true}, Kind: journal.KindReceiptsRecorded}, []int64{4}},
			"test":            {journal.Filter{Scope: journal.Scope{All: true}, Exam: "another"}, []int64{3}},
			"future":          {journal.Filter{Scope: journal.Scope{All: true}, From: time.Now().Add(time.Hour)}, nil},
			"up to now":       {journal.Filter{Scope: journal.Scope{All: true}, To: time.Now().Add(time.Hour)}, []int64{4, 3, 2, 1}},
			"nothing":         {journal.Filter{}, nil},
			"a whole test":    {journal.Filter{Scope: journal.Scope{Exams: map[domain.ExamID][]string{exam: nil}}}, []int64{2, 1}},
			"a room":          {journal.Filter{Scope: journal.Scope{Exams: map[domain.ExamID][]string{exam: {"R02"}}}}, []int64{1}},
			"a room of many":  {journal.Filter{Scope: journal.Scope{Exams: map[domain.ExamID][]string{exam: {"R77"}, "another": {"R00"}}}}, []int64{3}},
			"not my receipts": {journal.Filter{Scope: journal.Scope{Exams: map[domain.ExamID][]string{exam: nil}}, Kind: journal.KindReceiptsRecorded}, nil},
		} {
			t.Run(name, func(t *testing.T) {
				rows, err := s.Record(ctx, org, c.filter, 100)
				if err != nil {
					t.Fatal(err)
				}
				var got []int64
				for _, e := range rows {
					got = append(got, e.Offset)
					if e.Audience != nil {
						t.Error("a list shows who received")
					}
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("%v, want %v", got, c.want)
				}
			})
		}
	})
}

// TestReceiptsDoNotReadEveryMessage: a batch costs what it holds, not that times what the organisation has ever sent.
func TestReceiptsDoNotReadEveryMessage(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		const n, sendings = 400, 40
		org, exam := hall(t, s, n)
		var last *journal.Entry
		for i := range sendings {
			last = send(t, s, sending(org, exam, n, "Subject", fmt.Sprintf("plan-key-%02d", i)))
		}
		marks := make([]domain.Mark, n)
		for i := range marks {
			marks[i] = domain.Mark{Offset: last.Offset, Person: domain.PersonNo(i + 1)}
			marks[i].Raise(domain.Delivered, s.clock.Now())
		}
		if err := s.Expand(t.Context(), org); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // 3 ms when it is right, 5 s when it is not
		defer cancel()
		e, err := s.RecordReceipts(ctx, org, domain.System(org).Ref(), marks)
		if err != nil {
			t.Fatal(err)
		}
		if items := receiptsOf(t, e); len(items) != 1 || len(items[0].People) != n {
			t.Errorf("receipts of %d items", len(items))
		}
	})
}
