package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crier/internal/clock"
	"crier/internal/domain"
	"crier/internal/fault"
)

// What staff and the candidate write moves the rows that lists are sorted by.
func TestMessagesMoveConversations(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 3)
		exec(t, s, org, `UPDATE organisations SET settings = '{"test_replies":true}' WHERE id = $1`)
		steps := []struct {
			name  string
			batch []domain.NewMessage
			want  list
		}{
			{"staff write", []domain.NewMessage{toCandidate(org, ines, 1, "key-000001", "Are you free?")}, list{Last: 1, Out: 1, ThreadOut: 1}},
			{"they answer", []domain.NewMessage{ofCandidate(org, 1, "key-000002", "Yes")}, list{Last: 2, In: 2, Out: 1, Waiting: 2, Open: 1, ThreadIn: 2, ThreadOut: 1, ThreadW: 2}},
			{"and once more", []domain.NewMessage{ofCandidate(org, 1, "key-000003", "When?")}, list{Last: 3, In: 3, Out: 1, Waiting: 2, Open: 1, ThreadIn: 3, ThreadOut: 1, ThreadW: 2}},
			{"staff answer", []domain.NewMessage{toCandidate(org, omar, 1, "key-000004", "At nine")}, list{Last: 4, In: 3, Out: 4, Open: 1, ThreadIn: 3, ThreadOut: 4}},
			{"all in one batch", []domain.NewMessage{ofCandidate(org, 1, "key-000005", "Where?"), toCandidate(org, omar, 1, "key-000006", "Here"), ofCandidate(org, 1, "key-000007", "Thanks")},
				list{Last: 7, In: 7, Out: 6, Waiting: 7, Open: 1, ThreadIn: 7, ThreadOut: 6, ThreadW: 7}},
		}
		for _, step := range steps {
			for i := range step.batch {
				if step.batch[i].Inbound {
					step.batch[i].Group = exam
				}
			}
			for _, sent := range write(t, s, org, step.batch...) {
				if sent.Err != nil {
					t.Fatalf("%s: %v", step.name, sent.Err)
				}
			}
			if got := lists(t, s, org, 1, exam); got != step.want {
				t.Errorf("%s: %+v, want %+v", step.name, got, step.want)
			}
		}
		exec(t, s, org, `UPDATE conversations SET shelf = 1, open = 0 WHERE organisation_id = $1`)
		one(t, s, org, toCandidate(org, ines, 1, "key-000008", "Bye"))
		if got := lists(t, s, org, 1, exam); got.Archived != 1 || got.Open != 0 {
			t.Errorf("staff's own message brings it back: %+v", got)
		}
		m := ofCandidate(org, 1, "key-000009", "Bye")
		m.Group = exam
		one(t, s, org, m)
		if got := lists(t, s, org, 1, exam); got.Archived != 0 || got.Open != 1 || got.Waiting != 9 {
			t.Errorf("an answer leaves it in the archive: %+v", got)
		}
		// A sending to many is no answer.
		send(t, s, sending(org, exam, 3, "All", "key-000010"))
		if err := s.Expand(t.Context(), org); err != nil {
			t.Fatal(err)
		}
		if got, want := lists(t, s, org, 1, exam), (list{Last: 10, In: 9, Out: 10, Waiting: 9, Open: 1, ThreadIn: 9, ThreadOut: 10, ThreadW: 9}); got != want {
			t.Errorf("after a sending: %+v, want %+v", got, want)
		}
		if got, want := lists(t, s, org, 3, exam), (list{Last: 10, Out: 10, ThreadOut: 10}); got != want {
			t.Errorf("after a sending, another: %+v, want %+v", got, want)
		}
		verified(t, s, org, 10)
	})
}

// Each message of a batch has an outcome of its own, and a refused one leaves nothing.
func TestBatchOfEveryKind(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 40)
		s.clock = clock.NewFixed(time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC))
		pool(t, s, org, "pool-1", "pool", 3, "invited")
		exec(t, s, org, `UPDATE people SET state = 'locked' WHERE organisation_id = $1 AND no = 4`)
		first := one(t, s, org, toCandidate(org, ines, 1, "key-000001", "First"))

		again := toCandidate(org, ines, 1, "key-000001", "First")
		other := toCandidate(org, ines, 1, "key-000001", "Something else")
		invited := toCandidate(org, ines, 3, "key-000002", "Hello")
		invited.Group = "pool-1"
		foreign := toCandidate(org, ines, 5, "key-000003", "Hello")
		foreign.Seen = domain.Seen{Places: []domain.Place{{Group: exam, Room: "R01"}}}
		mine := toCandidate(org, ines, 31, "key-000003", "Hello")
		mine.Seen = foreign.Seen
		nobody := toCandidate(org, ines, 1, "key-000004", "Hello")
		nobody.Person = "nobody"
		wrong := toCandidate(org, ines, 1, "key-000005", "Hello")
		wrong.Group = "pool-1"
		file := toCandidate(org, ines, 1, "key-000006", "Hello")
		file.Attachments = []domain.AttachmentID{"no-such-file"}

		sent := write(t, s, org,
			again, other, invited, foreign, mine, nobody, wrong, file,
			toCandidate(org, ines, 4, "key-000007", "Hello"),
			toCandidate(org, ines, 6, "key-000008", "Twice"), toCandidate(org, ines, 6, "key-000008", "Twice"), toCandidate(org, ines, 6, "key-000008", "Not the same"),
			toCandidate(org, omar, 6, "key-000008", "A key of one's own"))
		want := []struct {
			offset int64
			fresh  bool
			code   fault.Code
			field  string
		}{
			{offset: first.Offset}, {code: fault.Conflict, field: "key"}, {code: fault.Conflict, field: "person"}, {code: fault.NotFound}, {offset: 2, fresh: true}, {code: fault.NotFound},
			{code: fault.Invalid, field: "group"}, {code: fault.Invalid, field: "attachments[0]"}, {code: fault.Conflict, field: "person"},
			{offset: 3, fresh: true}, {offset: 3}, {code: fault.Conflict, field: "key"}, {offset: 4, fresh: true},
		}
		for i, w := range want {
			got := sent[i]
			if w.code != "" {
				if f, ok := errors.AsType[*fault.Error](got.Err); !ok || f.Code != w.code || f.Field != w.field || got.Entry != nil {
					t.Errorf("message %d: %+v, want %s of %s", i, got, w.code, w.field)
				}
				continue
			}
			if got.Err != nil || got.Entry == nil || got.Entry.Offset != w.offset || got.Fresh != w.fresh || got.Message.Body == "" {
				t.Errorf("message %d: %+v, want offset %d, fresh %v", i, got, w.offset, w.fresh)
			}
		}
		if e := sent[4]; e.Message.Room != "R01" || e.Message.GroupName != "Biology 1" || e.Message.GroupKind != domain.KindTest || e.Entry.Group != exam ||
			!slices.Equal(e.Message.Reach, []domain.Place{{Group: exam, Room: "R01"}}) || e.Message.PersonName != "Sara C0030" {
			t.Errorf("%+v", e.Message)
		}
		for table, n := range map[string]int{"messages": 4, "search_texts": 4, "conversations": 3, "threads": 3, "facts": 0} {
			var got int
			if err := s.get(t.Context(), &got, `SELECT count(*) FROM `+table+` WHERE organisation_id = $1`, org); err != nil || got != n {
				t.Errorf("%d rows of %s, %v; want %d", got, table, err, n)
			}
		}
		verified(t, s, org, 4)
	})
}

// Candidates get their own messages and staff's between the sendings, in one order, and
// nothing but those.
func TestCandidateReadsBothSides(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		org, exam := hall(t, s, 2)
		exec(t, s, org, `UPDATE organisations SET settings = '{"test_replies":true}' WHERE id = $1`)
		send(t, s, sending(org, exam, 2, "All", ""))
		in := ofCandidate(org, 1, "key-000001", "What now?")
		in.ReplyTo = 1
		one(t, s, org, in)
		out := toCandidate(org, ines, 1, "key-000002", "Wait")
		out.Subject = "To you"
		one(t, s, org, out)
		list, head, err := s.MessagesSince(ctx, org, 1, 0, 10)
		if err != nil || len(list) != 3 || head != 3 {
			t.Fatalf("%d messages, head %d, %v", len(list), head, err)
		}
		if m := list[0]; m.Inbound || m.Kind != domain.KindTest || m.Text.Level != domain.LevelPopup || m.State() != domain.Queued {
			t.Errorf("%+v", m)
		}
		if m := list[1]; !m.Inbound || m.ReplyTo != 1 || m.Exam != exam || m.Kind != domain.KindTest || m.Text.GroupName != "Biology 1" || m.Text.Body != "What now?" ||
			m.Room != "R00" || m.State() != domain.Acknowledged {
			t.Errorf("%+v", m)
		}
		if m := list[2]; m.Inbound || m.Text.Level != domain.LevelChat || m.Text.Subject != "To you" || m.Text.SenderName != "Ines Vogel" || m.State() != domain.Queued {
			t.Errorf("%+v", m)
		}
		if c, err := s.Conversation(ctx, org, 1); err != nil || c != (domain.Conversation{Unread: 2, FirstUndisplayed: 1, Last: 3}) {
			t.Errorf("%+v, %v", c, err)
		}
		record(t, s, org, domain.Mark{Offset: 1, Person: 1, Displayed: time.Now()}, domain.Mark{Offset: 2, Person: 1, Displayed: time.Now()})
		if c, err := s.Conversation(ctx, org, 1); err != nil || c != (domain.Conversation{Unread: 2, FirstUndisplayed: 3, Last: 3}) {
			t.Errorf("%+v, %v", c, err)
		}
		if from, err := s.Beginnings(ctx, org, []domain.PersonNo{1}); err != nil || from[1] != 2 {
			t.Errorf("begins after %d, %v", from, err)
		}
		if list, _, err = s.MessagesSince(ctx, org, 2, 0, 10); err != nil || len(list) != 1 {
			t.Errorf("another gets %d messages, %v", len(list), err)
		}
		if board, err := s.Broadcasts(ctx, org, exam, nil, 0, 10); err != nil || len(board) != 1 {
			t.Errorf("%d sendings on the board, %v", len(board), err)
		}
		if counts, err := s.BroadcastCounts(ctx, org, nil, 1); err != nil || counts[1].Recipients != 2 {
			t.Errorf("%+v, %v", counts, err)
		}
	})
}

// A file is sent once, by who uploaded it, in the conversation it is for.
func TestFilesAreBound(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		org, exam := hall(t, s, 3)
		upload := func(id string, no domain.PersonNo, by string) {
			exec(t, s, org, `INSERT INTO attachments (organisation_id, id, person_no, uploader, name, folded, type, size, width, height, sha256, created_at)
				VALUES ($1, $2, $3, $4, $5, $5, 'image/png', 77, 8, 9, '', 1)`, id, no, by, id+".png")
		}
		upload("a", 1, "staff-1")
		upload("b", 1, "staff-1")
		upload("of-another", 2, "staff-1")
		upload("by-another", 1, "staff-2")
		upload("many", 0, "staff-1")
		with := func(key string, ids ...domain.AttachmentID) domain.NewMessage {
			m := toCandidate(org, ines, 1, key, "")
			m.Attachments = ids
			return m
		}
		sent := write(t, s, org, with("key-000001", "b", "a"), with("key-000002", "a"), with("key-000003", "of-another"), with("key-000004", "by-another"), with("key-000005", "many"))
		if sent[0].Err != nil {
			t.Fatal(sent[0].Err)
		}
		want := []domain.Attachment{{ID: "b", Name: "b.png", Type: "image/png", Size: 77, Width: 8, Height: 9}, {ID: "a", Name: "a.png", Type: "image/png", Size: 77, Width: 8, Height: 9}}
		if !slices.Equal(sent[0].Message.Attachments, want) {
			t.Errorf("%+v", sent[0].Message.Attachments)
		}
		for i, got := range sent[1:] {
			if f, ok := errors.AsType[*fault.Error](got.Err); !ok || f.Code != fault.Invalid || f.Field != "attachments[0]" {
				t.Errorf("%d: %+v", i+1, got)
			}
		}
		list, err := s.MessagesBefore(ctx, org, 1, "", 0, 10)
		if err != nil || len(list) != 1 || !slices.Equal(list[0].Attachments, want) {
			t.Errorf("%+v, %v", list, err)
		}
		var bound int
		if err := s.get(ctx, &bound, `SELECT count(*) FROM attachments WHERE organisation_id = $1 AND "offset" = 1 AND group_id = $2 AND id IN ('a', 'b')`, org, exam); err != nil || bound != 2 {
			t.Errorf("%d bound, %v", bound, err)
		}
		if again := write(t, s, org, with("key-000001", "b", "a"))[0]; again.Err != nil || again.Fresh {
			t.Errorf("%+v", again)
		}

		// to many
		e := sending(org, exam, 3, "All", "key-000006")
		text := func(files []domain.Attachment) (json.RawMessage, error) {
			return json.RawMessage(fmt.Sprintf(`{"subject":"All","body":"B","attachments":%s}`, jsonOf(files))), nil
		}
		stored, fresh, err := s.AppendWithFiles(ctx, e, []domain.AttachmentID{"many"}, text)
		if err != nil || !fresh || stored.Offset != 2 {
			t.Fatal(stored, fresh, err)
		}
		e = sending(org, exam, 3, "All", "key-000006")
		if stored, fresh, err = s.AppendWithFiles(ctx, e, []domain.AttachmentID{"many"}, text); err != nil || fresh || stored.Offset != 2 {
			t.Error(stored, fresh, err)
		}
		e = sending(org, exam, 3, "All", "key-000007")
		if _, _, err = s.AppendWithFiles(ctx, e, []domain.AttachmentID{"many"}, text); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
		if list, err = s.MessagesBefore(ctx, org, 3, "", 0, 10); err != nil || len(list) != 1 || len(list[0].Attachments) != 1 || list[0].Attachments[0].ID != "many" {
			t.Errorf("%+v, %v", list, err)
		}
		verified(t, s, org, 2)
	})
}

func BenchmarkSendMessages(b *testing.B) {
	for _, size := range []int{1, 16, 128} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			benchBoth(b, func(b *testing.B, s *Store) {
				org, _ := hall(b, s, 1000)
				i := 0
				for b.Loop() {
					batch := make([]domain.NewMessage, size)
					for j := range batch {
						i++
						batch[j] = toCandidate(org, ines, domain.PersonNo(i%1000+1), fmt.Sprintf("key-%08d", i), strings.Repeat("Are you free on Saturday? ", 8))
					}
					if _, err := s.SendMessages(b.Context(), org, batch); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "messages/s")
			})
		})
	}
}
