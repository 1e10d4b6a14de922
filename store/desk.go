package store

import (
	"context"
	"fmt"
	"slices"

	"crier/internal/domain"
)

// deskWindow is how many conversations, in the order that is asked for, are looked at
// one by one before the whole is gathered and sorted. A condition that many meet fills its page
// long before, one that few meet is cheaper to gather. Tests make it small.
var deskWindow = 1500

// Desk returns where up to limit conversations stand that the filter chooses and staff
// sees, in the filter's order, after a place (nil: from the beginning). A conversation that
// moves forward between two pages is in one of them or was in an earlier one. Errors: Invalid (field
// "after") for a place in a list by name of another language than the organisation's.
func (s *Store) Desk(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, seen domain.Seen, f domain.DeskFilter, after *domain.DeskPlace, limit int) ([]domain.DeskPlace, error) {
	if f.Order() == domain.SortLastName {
		return s.deskByName(ctx, org, staff, seen, f, after, limit)
	}
	return s.desk(ctx, org, staff, seen, f, after, limit)
}

// deskByName is desk in the order of names, all of one language: several statements read a page, and
// the organisation's language may change between two of them.
func (s *Store) deskByName(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, seen domain.Seen, f domain.DeskFilter, after *domain.DeskPlace, limit int) ([]domain.DeskPlace, error) {
	lang, err := s.sortLanguage(ctx, org)
	if err != nil {
		return nil, err
	}
	for {
		if after != nil && after.Language != lang {
			return nil, otherOrder()
		}
		page, err := s.desk(ctx, org, staff, seen, f, after, limit)
		if err != nil {
			return nil, err
		}
		now, err := s.sortLanguage(ctx, org)
		if err != nil {
			return nil, err
		}
		if now == lang {
			for i := range page {
				page[i].Language = lang
			}
			return page, nil
		}
		lang = now
	}
}

func (s *Store) desk(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, seen domain.Seen, f domain.DeskFilter, after *domain.DeskPlace, limit int) ([]domain.DeskPlace, error) {
	if err := s.Expand(ctx, org); err != nil {
		return nil, err
	}
	q := s.deskQuery(org, staff, seen, f)
	if err := q.few(ctx); err != nil {
		return nil, fmt.Errorf("read the desk: %w", err)
	}
	var out []domain.DeskPlace
	for i, seg := range segments(f, q.v, !seen.All) {
		if after != nil && i < after.Segment {
			continue
		}
		from := after
		if after != nil && i > after.Segment {
			from = nil
		}
		page, err := q.segment(ctx, i, seg, from, limit-len(out))
		if err != nil {
			return nil, fmt.Errorf("read the desk: %w", err)
		}
		if out = append(out, page...); len(out) >= limit {
			break
		}
	}
	return out, nil
}

// segment is a part of a sorted list: the conversations that a condition chooses, by one
// key.
type segment struct {
	where string
	key   string
	desc  bool
	text  bool // the key is a text
}

// segments are the parts of the filter's order, one after the other; v is the row of
// what is seen of a conversation, c that of the conversation. What the filter leaves empty
// anyway is left out. With a limited reach only what came in of what is seen is to be processed.
func segments(f domain.DeskFilter, v string, limited bool) []segment {
	by := func(column string, desc bool) segment {
		return segment{where: v + column + " <> 0", key: v + column, desc: desc}
	}
	newest := func(where string) segment { return segment{where: where, key: v + ".last_offset", desc: true} }
	switch f.Order() {
	case domain.SortOldest:
		return []segment{{key: v + ".last_offset"}}
	case domain.SortLastReceived:
		out := []segment{by(".in_offset", true)}
		if f.Folder != domain.FolderReceived {
			out = append(out, newest(v+".in_offset = 0"))
		}
		return out
	case domain.SortLastSent:
		out := []segment{by(".out_offset", true)}
		if f.Folder != domain.FolderSent {
			out = append(out, newest(v+".out_offset = 0"))
		}
		return out
	case domain.SortLastName:
		return []segment{{key: "c.sort_name", text: true}}
	case domain.SortUnprocessed:
		if f.Processed != nil {
			return []segment{newest("")}
		}
		if limited {
			return []segment{newest("c.open = 1 AND " + v + ".in_offset <> 0"), newest("(c.open = 0 OR " + v + ".in_offset = 0)")}
		}
		return []segment{newest("c.open = 1"), newest("c.open = 0")}
	case domain.SortWaiting:
		return []segment{by(".waiting_offset", false), newest(v + ".waiting_offset = 0")}
	default:
		return []segment{newest("")}
	}
}

// deskQuery makes the statements of one question.
type deskQuery struct {
	s     *Store
	org   domain.OrganisationID
	staff domain.PersonNo
	seen  domain.Seen
	f     domain.DeskFilter
	v     string            // alias of what is seen of a conversation
	only  []domain.PersonNo // of these people alone; nil: of all
	met   bool              // they meet what is asked about people
	// what picks returned, for the next segment
	wasPicked bool
	picked    []domain.PersonNo
}

func (s *Store) deskQuery(org domain.OrganisationID, staff domain.PersonNo, seen domain.Seen, f domain.DeskFilter) deskQuery {
	q := deskQuery{s: s, org: org, staff: staff, seen: seen, f: f, v: "c"}
	if q.narrowed() {
		q.v = "v"
	}
	return q
}

// narrowed reports whether only threads count, not whole conversations.
func (q deskQuery) narrowed() bool { return !q.seen.All || !q.f.Within().Empty() }

// segment reads one segment's part of a page.
func (q *deskQuery) segment(ctx context.Context, i int, seg segment, after *domain.DeskPlace, limit int) ([]domain.DeskPlace, error) {
	if q.only != nil {
		return q.read(ctx, i, seg, after, limit, false)
	}
	walk := !q.narrowed() && q.residual() && limit < deskWindow
	if walk {
		out, err := q.read(ctx, i, seg, after, limit, true)
		if err != nil || len(out) == limit {
			return out, err
		}
	}
	if q.narrowed() && limit < deskWindow {
		out, enough, err := q.glance(ctx, i, seg, after, limit)
		if err != nil || enough {
			return out, err
		}
		if !q.wasPicked {
			if q.picked, err = q.picks(ctx); err != nil {
				return nil, err
			}
			q.wasPicked = true
		}
		gathered := *q
		gathered.only = q.picked
		return gathered.read(ctx, i, seg, after, limit, false)
	}
	return q.read(ctx, i, seg, after, limit, false)
}

// residual reports whether there are conditions that no index of conversations follows.
func (q deskQuery) residual() bool {
	_, asked := q.people()
	return len(q.f.Assigned) == 0 && !q.f.Mine && (asked || q.f.Folder == domain.FolderUnread || q.f.Overdue || q.f.Nobody || q.f.Processed != nil)
}

func (q deskQuery) read(ctx context.Context, i int, seg segment, after *domain.DeskPlace, limit int, walk bool) ([]domain.DeskPlace, error) {
	text, args := q.statement(seg, after, limit, walk)
	var rows []struct {
		No   int64 `db:"person_no"`
		Key  int64
		Name string
	}
	if err := q.s.list(ctx, &rows, text, args...); err != nil {
		return nil, err
	}
	out := make([]domain.DeskPlace, len(rows))
	for j, r := range rows {
		out[j] = domain.DeskPlace{Segment: i, Key: r.Key, Name: r.Name, Person: domain.PersonNo(r.No)}
	}
	return out, nil
}

// DeskPeople returns the numbers of up to limit people whose conversations the filter
// chooses, in its order: what an export of a filter is about.
func (s *Store) DeskPeople(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, seen domain.Seen, f domain.DeskFilter, limit int) ([]domain.PersonNo, error) {
	places, err := s.Desk(ctx, org, staff, seen, f, nil, limit)
	out := make([]domain.PersonNo, len(places))
	for i, p := range places {
		out[i] = p.Person
	}
	return slices.Clip(out), err
}
