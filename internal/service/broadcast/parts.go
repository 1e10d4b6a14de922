package broadcast

import (
	"context"
	"encoding/json"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// maxParts is how many times the limit of recipients a sending may have, in parts. It also bounds how
// many people may match before those who cannot be written to are left out of them.
const maxParts = 4

// Part is which of several sendings this is, where they are too many for one. The parts are stored
// together, and sent one after another.
type Part struct {
	N     int                  `json:"n"`
	Of    int                  `json:"of"`
	Total int                  `json:"total"` // recipients of all parts
	IDs   []domain.BroadcastID `json:"ids"`   // of all parts, in order
}

// Splitting is how many sendings a preview's recipients take.
type Splitting struct {
	Limit    int `json:"limit"`     // most recipients of one sending
	Parts    int `json:"parts"`     // sendings that it takes
	MaxParts int `json:"max_parts"` // most sendings that one request may ask for
}

func (s *Service) splitting(n int) Splitting {
	return Splitting{Limit: s.o.Limits.Recipients, Parts: s.partsOf(n), MaxParts: maxParts}
}

// partsOf is how many sendings so many recipients take.
func (s *Service) partsOf(n int) int {
	limit := s.o.Limits.Recipients
	return max(1, (n+limit-1)/limit)
}

func checkParts(parts int) error {
	if parts < 0 || parts > maxParts {
		return fault.Field("parts", "parts must be from 1 to %d", maxParts)
	}
	return nil
}

// count refuses no recipients, and more than fit the parts that were asked for.
func (s *Service) count(n, parts int) error {
	limit, need := s.o.Limits.Recipients, s.partsOf(n)
	switch {
	case n == 0:
		return fault.Field("recipients", "nobody matches: there is no one to send to")
	case need <= max(1, parts):
		return nil
	case need > maxParts:
		return fault.Over("recipients", int64(limit), int64(n),
			"%d recipients; at most %d can receive one sending, and at most %d in %d parts", n, limit, maxParts*limit, maxParts)
	}
	return fault.Over("recipients", int64(limit), int64(n),
		"%d recipients; at most %d can receive one sending. As several sendings they take %d: ask for them with parts", n, limit, need)
}

// split parts an audience into lists of at most limit people, in order.
func split(list json.RawMessage, limit int) ([]json.RawMessage, []int, error) {
	var rooms []journal.AudienceRoom
	if err := json.Unmarshal(list, &rooms); err != nil {
		return nil, nil, err
	}
	var parts [][]journal.AudienceRoom
	var sizes []int
	for _, r := range rooms {
		for people := r.People; len(people) > 0; {
			last := len(parts) - 1
			if last < 0 || sizes[last] == limit {
				parts, sizes = append(parts, nil), append(sizes, 0)
				last++
			}
			n := min(len(people), limit-sizes[last])
			parts[last] = append(parts[last], journal.AudienceRoom{Room: r.Room, People: people[:n]})
			sizes[last] += n
			people = people[n:]
		}
	}
	out := make([]json.RawMessage, len(parts))
	for i, p := range parts {
		var err error
		if out[i], err = json.Marshal(p); err != nil {
			return nil, nil, err
		}
	}
	return out, sizes, nil
}

// appendParts stores the sending e as several, in order. It returns the first.
func (s *Service) appendParts(ctx context.Context, e *journal.Entry, text journal.BroadcastSent) (first *journal.Entry, fresh bool, err error) {
	lists, sizes, err := split(e.Audience, s.o.Limits.Recipients)
	if err != nil {
		return nil, false, err
	}
	entries := make([]*journal.Entry, len(lists))
	total := text.Recipients
	for i, list := range lists {
		part := &journal.Entry{Organisation: e.Organisation, Kind: e.Kind, Actor: e.Actor, Group: e.Group, Audience: list}
		if i == 0 { // the first stands for the request, and says who was left out
			part.RequestKey, part.RequestHash = e.RequestKey, e.RequestHash
		} else {
			text.LeftOut = nil
		}
		text.Recipients, text.Part = sizes[i], &journal.SendingPart{N: i + 1, Of: len(lists), Total: total}
		if part.Payload, err = json.Marshal(text); err != nil {
			return nil, false, err
		}
		entries[i] = part
	}
	return s.o.Store.AppendParts(ctx, entries)
}

// part names the parts of a sending.
func (s *Service) part(b *sending) *Part {
	p := b.text.Part
	if p == nil {
		return nil
	}
	out := &Part{N: p.N, Of: p.Of, Total: p.Total}
	for i := range p.Of {
		out.IDs = append(out.IDs, s.seal(b.Organisation, b.Offset-int64(p.N-1)+int64(i)))
	}
	return out
}
