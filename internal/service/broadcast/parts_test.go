package broadcast_test

import (
	"path/filepath"
	"slices"
	"testing"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/limit"
	"crier/internal/service/broadcast"
)

// TestParts: more people than one sending may have are sent to in parts that were asked for, all or
// none, each person once; the same request again finds them.
func TestParts(t *testing.T) {
	bothPools(t, func(t *testing.T, p *pools) {
		p.limits.Recipients = 3
		p.build(limit.Unlimited{})
		planner := p.as(domain.RolePlanner)
		preview, err := p.Preview(t.Context(), planner, p.bio, broadcast.Recipients{Filter: &domain.CandidateFilter{}})
		if want := (broadcast.Splitting{Limit: 3, Parts: 3, MaxParts: 4}); err != nil || preview.Splitting != want {
			t.Errorf("the preview says %+v, %v, want %+v", preview.Splitting, err, want)
		}
		r := request()
		head := p.head()
		for parts, field := range map[int]string{0: "recipients", 2: "recipients", -1: "parts", 5: "parts"} {
			r.Parts = parts
			if _, _, err := p.Send(t.Context(), planner, p.bio, r); !fault.Is(err, fault.TooLarge) && !fault.Is(err, fault.Invalid) {
				t.Errorf("%d parts: %v, want a fault of %s", parts, err, field)
			}
		}
		if p.head() != head {
			t.Error("something was sent")
		}
		r.Parts = 4
		first, fresh, err := p.Send(t.Context(), planner, p.bio, r)
		p.must(err)
		if !fresh || first.Part == nil || first.Part.N != 1 || first.Part.Of != 3 || first.Part.Total != 7 || len(first.LeftOut) != 1 {
			t.Fatalf("sent %+v, part %+v", first, first.Part)
		}
		if p.head() != head+3 || len(p.committed) != 3 {
			t.Errorf("%d entries, %d told", p.head()-head, len(p.committed))
		}
		var got []domain.PersonID
		for i, id := range first.Part.IDs {
			b, err := p.Get(t.Context(), planner, id)
			p.must(err)
			if b.Part.N != i+1 || !slices.Equal(b.Part.IDs, first.Part.IDs) || b.Counts.Recipients != []int{3, 3, 1}[i] {
				t.Errorf("part %d: %+v, %+v", i+1, b.Part, b.Counts)
			}
			board, err := p.Recipients(t.Context(), planner, id, "", 0, "")
			p.must(err)
			for _, one := range board.Recipients {
				got = append(got, one.ID)
			}
		}
		all := slices.Delete(slices.Clone(p.people), 1, 2) // but for who is locked
		slices.Sort(got)
		slices.Sort(all)
		if !slices.Equal(got, all) {
			t.Errorf("it went to %v, want %v", got, all)
		}
		again, fresh, err := p.Send(t.Context(), planner, p.bio, r)
		if err != nil || fresh || again.ID != first.ID || p.head() != head+3 {
			t.Errorf("again: %+v, %t, %v", again, fresh, err)
		}
		r.Parts = 3
		_, _, err = p.Send(t.Context(), planner, p.bio, r)
		want(t, err, fault.Conflict, "key")
	})
}

// TestPartsOfMany: the same outside tests, where files cannot go with parts.
func TestPartsOfMany(t *testing.T) {
	p := newPools(t, "sqlite:"+filepath.Join(t.TempDir(), "crier.db"))
	p.limits.Recipients = 2
	p.build(limit.Unlimited{})
	maria := p.coordinator("maria", p.yard)
	preview, err := p.PreviewMany(t.Context(), maria, p.yard, broadcast.People{Filter: &domain.PeopleFilter{}})
	if err != nil || preview.Parts != 2 || preview.Limit != 2 {
		t.Errorf("preview %+v, %v", preview.Splitting, err)
	}
	r := many(p.yard)
	r.Parts, r.Attachments = 2, []domain.AttachmentID{"file"}
	_, _, err = p.SendMany(t.Context(), maria, r)
	want(t, err, fault.Invalid, "attachments")
	r.Attachments = nil
	b := p.sendMany(maria, r)
	if b.Part == nil || b.Part.Of != 2 || b.Part.Total != 3 || b.Counts.Recipients != 2 || len(b.LeftOut) != 3 {
		t.Errorf("sent %+v, part %+v", b, b.Part)
	}
	// A reminder reminds of one part.
	last, _, err := p.Remind(t.Context(), maria, b.Part.IDs[1], "remind-0001", "displayed")
	if err != nil || last.Counts.Recipients != 1 || last.Part != nil {
		t.Errorf("reminded %+v, %v", last, err)
	}
}
