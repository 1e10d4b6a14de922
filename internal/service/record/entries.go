package record

import (
	"context"
	"encoding/hex"
	"strings"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// List returns a page of what the actor may read. Errors: Forbidden; Invalid naming
// q, sender, kind, test or before.
func (s *Service) List(ctx context.Context, actor domain.Actor, f Filter, limit int, before string) (Page, error) {
	if limit <= 0 || limit > maxPage {
		limit = maxPage
	}
	offset := int64(0)
	if before != "" {
		var err error
		if offset, err = s.sealer.Open(int64(actor.Organisation), 0, before); err != nil || offset < 1 {
			return Page{}, fault.Field("before", "not an id of an entry")
		}
	}
	page := Page{Entries: []Entry{}}
	last, more, err := s.walk(ctx, actor, f, offset, maxScan, func(e Entry, _ *journal.Entry) (bool, error) {
		page.Entries = append(page.Entries, e)
		return len(page.Entries) < limit, nil
	})
	if err != nil {
		return Page{}, err
	}
	if more {
		page.Next = s.seal(actor.Organisation, last)
	}
	return page, nil
}

// walk calls visit for every entry that the actor may read and the filter chooses,
// newest first, until it returns false or budget entries were read. It returns the
// offset read last and whether older ones may follow.
func (s *Service) walk(ctx context.Context, actor domain.Actor, f Filter, before int64, budget int, visit func(Entry, *journal.Entry) (bool, error)) (last int64, more bool, err error) {
	sc, err := scope(actor)
	if err != nil {
		return 0, false, err
	}
	if err := f.validate(); err != nil {
		return 0, false, err
	}
	query := journal.Filter{Scope: sc, Exam: f.Exam, From: f.From, To: f.To, Before: before}
	kinds := map[journal.Kind]bool{}
	for _, k := range f.Kinds {
		kinds[k] = true
	}
	if len(f.Kinds) == 1 {
		query.Kind = f.Kinds[0]
	}
	for read := 0; read < budget; {
		rows, err := s.store.Record(ctx, actor.Organisation, query, scan)
		if err != nil {
			return 0, false, err
		}
		names, err := s.examNames(ctx, actor.Organisation, rows)
		if err != nil {
			return 0, false, err
		}
		reached, err := s.reached(ctx, sc, actor.Organisation, rows)
		if err != nil {
			return 0, false, err
		}
		for i, e := range rows {
			read++
			query.Before = e.Offset
			if len(kinds) > 0 && !kinds[e.Kind] || !f.bySender(e) {
				continue
			}
			line, err := s.line(e, names, reached)
			if err != nil {
				return 0, false, err
			}
			if !f.matches(line) {
				continue
			}
			on, err := visit(line, e)
			if err != nil {
				return 0, false, err
			}
			if !on {
				return e.Offset, i < len(rows)-1 || len(rows) == scan, nil
			}
		}
		if len(rows) < scan {
			return query.Before, false, nil
		}
	}
	return query.Before, true, nil
}

func (f Filter) validate() error {
	for _, c := range []struct{ field, text string }{{"q", f.Q}, {"sender", f.Sender}, {"test", string(f.Exam)}} {
		if err := domain.CheckText(c.field, c.text, 200, true, false); err != nil {
			return err
		}
	}
	for _, k := range f.Kinds {
		if !journal.Known(k) {
			return fault.Field("kind", "no such kind of entry: %q", k)
		}
	}
	return nil
}

func (f Filter) bySender(e *journal.Entry) bool {
	return f.Sender == "" || f.Sender == e.Actor.ID || domain.MatchWords(f.Sender, e.Actor.Name)
}

func (f Filter) matches(e Entry) bool {
	if strings.TrimSpace(f.Q) == "" {
		return true
	}
	test := ""
	if e.Test != nil {
		test = e.Test.Name
	}
	return domain.MatchWords(f.Q, e.Subject, e.Body, test, e.Actor.Name, e.Summary)
}

// reached counts the recipients of sendings where the scope is limited to rooms: how
// many there are elsewhere is not told.
func (s *Service) reached(ctx context.Context, sc journal.Scope, org domain.OrganisationID, rows []*journal.Entry) (map[int64]int, error) {
	out := map[int64]int{}
	for exam, rooms := range sc.Exams {
		var offsets []int64
		for _, e := range rows {
			if e.Group == exam && e.Kind == journal.KindBroadcastSent {
				offsets = append(offsets, e.Offset)
			}
		}
		if rooms == nil || len(offsets) == 0 {
			continue
		}
		counts, err := s.store.BroadcastCounts(ctx, org, rooms, offsets...)
		if err != nil {
			return nil, err
		}
		for o, c := range counts {
			out[o] = c.Recipients
		}
	}
	return out, nil
}

// line makes one line of the log of an entry; reached overrides how many a sending
// reached.
func (s *Service) line(e *journal.Entry, names map[domain.ExamID]string, reached map[int64]int) (Entry, error) {
	out := Entry{ID: s.seal(e.Organisation, e.Offset), Kind: e.Kind, At: e.At, Actor: Actor{Name: e.Actor.Name, Role: e.Actor.Role, Kind: e.Actor.Kind},
		Hash: hex.EncodeToString(e.Hash)}
	if e.Group != "" {
		out.Test = &Test{ID: e.Group, Name: names[e.Group]}
	}
	if e.Kind == journal.KindBroadcastSent {
		b, err := journal.As[journal.BroadcastSent](e)
		if err != nil {
			return Entry{}, err
		}
		sent := *b
		if n, ok := reached[e.Offset]; ok {
			sent.Recipients = n
		}
		out.Subject, out.Body, out.Recipients = b.Subject, b.Body, sent.Recipients
		if e.Group != "" {
			out.Test = &Test{ID: e.Group, Name: b.ExamName}
		}
		out.Summary = sentWords(sent)
		return out, nil
	}
	if e.Kind == journal.KindMessageSent {
		m, err := journal.As[journal.MessageSent](e)
		if err != nil {
			return Entry{}, err
		}
		out.Subject, out.Body, out.Summary = m.Subject, m.Body, messageWords(*m)
		if out.Test != nil {
			out.Test.Name = m.GroupName
		}
		return out, nil
	}
	var err error
	out.Summary, err = summary(e)
	return out, err
}

// examNames names the tests of entries that do not name them themselves.
func (s *Service) examNames(ctx context.Context, org domain.OrganisationID, rows []*journal.Entry) (map[domain.ExamID]string, error) {
	seen := map[domain.ExamID]bool{}
	var ids []domain.ExamID
	for _, e := range rows {
		if e.Group != "" && e.Kind != journal.KindBroadcastSent && !seen[e.Group] {
			seen[e.Group] = true
			ids = append(ids, e.Group)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return s.store.ExamNames(ctx, org, ids)
}
